"""Long recordings measured: every measurand of a whole record, from streaming passes over its codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.analysis.analysed import MOST_ROWS, Analysis, analyse
from rig.analysis.joined import SLIDING, joined
from rig.analysis.prepare import Known, assemble, refuse
from rig.analysis.progress import NOTHING_KEPT, Progress, analysis_of, outcomes_of, plain, plain_outcomes
from rig.analysis.stream.segmented import Parting, TooManyPhases, segmented
from rig.errors import AnalysisError
from rig.model.measurement import NotMeasured, Outcome

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.model.recording import Recording

__all__ = ["measure_recording", "prepare_recording"]

# Twice the longest sliding window lies on either side of a place at which a recording is parted, s.
_ABOUT = 10.0
_WHOLE = "whole"


def measure_recording(
    recording: Recording, known: Known, names: Collection[str], progress: Progress = NOTHING_KEPT
) -> Analysis:
    """Measure a recording; one of too many phases in stretches, whose outcomes are joined.

    What ``progress`` recalls is not measured again; the result is the same to the last bit.

    Raises
    ------
    AnalysisError
        if units do not fit, samples are missing, or are no codes of at most 16 bits
    """
    whole = _whole(recording, known, names, progress)
    if whole is not None:
        return whole
    stretches: list[Analysis] = []
    between: list[Mapping[str, Outcome]] = []
    zero = known.zero_values()
    parting = Parting.of(recording, path=known.path, zero=None if zero is None else float(zero.mean()))
    begin: int | None = 0
    rows = MOST_ROWS
    while begin is not None:
        name = f"stretch-{len(stretches) + 1:04d}"
        step = progress.recall(name)
        if step is None:
            step = _step(parting, begin, known, names, rows)
            progress.keep(name, step)
        stretches.append(analysis_of(step["analysis"]))
        between.append(outcomes_of(step["between"]))
        rows -= len(stretches[-1].pulses)
        begin = step["following"]
    return joined(stretches, between, samples=len(recording))


def _whole(recording: Recording, known: Known, names: Collection[str], progress: Progress) -> Analysis | None:
    """Measure a recording in one piece; None where it holds too many phases for that."""
    step = progress.recall(_WHOLE)
    if step is None:
        try:
            step = {"analysis": plain(analyse(prepare_recording(recording, known), names))}
        except TooManyPhases:
            step = {"analysis": None}
        progress.keep(_WHOLE, step)
    return None if step["analysis"] is None else analysis_of(step["analysis"])


def _step(parting: Parting, begin: int, known: Known, names: Collection[str], rows: int) -> dict[str, Any]:
    """Measure the stretch that begins at a sample, and what sliding windows show about its end; ``rows`` are given."""
    recording = parting.recording
    stop, following = parting.next_stop(begin)
    analysis = analyse(prepare_recording(recording.stretch(begin, stop), known), names)
    about = round(_ABOUT / recording.scale.interval)
    sliding = tuple(name for name in names if name in SLIDING)
    between: Mapping[str, Outcome] = {}
    if following is not None and sliding:
        around = recording.stretch(max(stop - about, 0), min(stop + about, len(recording)))
        between = _sliding(around, known, sliding)
    return {
        "following": following,
        "analysis": plain(replace(analysis, pulses=analysis.pulses[:rows])),
        "between": plain_outcomes(between),
    }


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
