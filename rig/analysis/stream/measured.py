"""Long recordings measured: every measurand of a whole record, from streaming passes over its codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from rig.analysis.analysed import Analysis, analyse
from rig.analysis.joined import SLIDING, joined
from rig.analysis.prepare import Known, assemble, refuse
from rig.analysis.stream.segmented import TooManyPhases, segmented, stretches
from rig.errors import AnalysisError
from rig.model.measurement import NotMeasured, Outcome

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.model.recording import Recording

__all__ = ["measure_recording", "prepare_recording"]

# Twice the longest sliding window lies on either side of a place at which a recording is parted, s.
_ABOUT = 10.0


def measure_recording(recording: Recording, known: Known, names: Collection[str]) -> Analysis:
    """Measure a recording; one of too many phases in stretches, whose outcomes are joined.

    Raises
    ------
    AnalysisError
        if units do not fit, samples are missing, or are no codes of at most 16 bits
    """
    try:
        return analyse(prepare_recording(recording, known), names)
    except TooManyPhases:
        pass
    zero = known.zero_values()
    bounds = stretches(recording, path=known.path, zero=None if zero is None else float(zero.mean()))
    found = [analyse(prepare_recording(recording.stretch(*one), known), names) for one in bounds]
    about = round(_ABOUT / recording.scale.interval)
    sliding = tuple(name for name in names if name in SLIDING)
    between = [
        _sliding(recording.stretch(max(stop - about, 0), min(stop + about, len(recording))), known, sliding)
        for _begin, stop in bounds[:-1]
    ]
    return joined(found, between, samples=len(recording))


def _sliding(recording: Recording, known: Known, names: Collection[str]) -> Mapping[str, Outcome]:
    try:
        return analyse(prepare_recording(recording, known), names).outcomes
    except TooManyPhases as error:
        return {name: NotMeasured(measurand=name, reason=f"within {2 * _ABOUT:g} s {error}") for name in names}


def prepare_recording(recording: Recording, known: Known) -> Record:
    """Segment a recording and find its baseline, as :func:`rig.analysis.prepare.prepare` does for a waveform.

    Raises
    ------
    AnalysisError
        if units do not fit, samples are missing, or are no codes of at most 16 bits
    """
    refuse(recording.scale, known.path, "signal", samples=len(recording))
    if not recording.is_coded:
        kind = recording.scale.samples.dtype
        message = f"a long recording is measured from integer codes of at most 16 bits, not from {kind}"
        raise AnalysisError(message)
    zero = known.zero_values()
    found = segmented(
        recording, path=known.path, zero=None if zero is None else float(zero.mean()), expected=known.expected
    )
    return assemble(found, recording.scale, known, zero)
