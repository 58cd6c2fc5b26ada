"""Long recordings measured: every measurand of a whole record, from streaming passes over its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.analysis.prepare import assemble, refuse
from rig.analysis.stream.segmented import segmented
from rig.errors import AnalysisError

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.model.recording import Recording
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["prepare_recording"]


def prepare_recording(
    recording: Recording,
    *,
    path: SignalPath,
    zero: Waveform | None,
    expected: Stimulus | None,
    load_resistance: float | None,
    electrode_area: float | None,
    capture: str,
) -> Record:
    """Segment a recording and find its baseline, as :func:`rig.analysis.prepare.prepare` does for a waveform.

    Raises
    ------
    AnalysisError
        if units do not fit, samples are missing, or are no codes of at most 16 bits
    """
    refuse(recording.scale, path, "signal", samples=len(recording))
    if not recording.is_coded:
        kind = recording.scale.samples.dtype
        message = f"a long recording is measured from integer codes of at most 16 bits, not from {kind}"
        raise AnalysisError(message)
    if zero is not None:
        refuse(zero, path, "zero capture", samples=len(zero))
    values = None if zero is None else zero.values()
    found = segmented(recording, path=path, zero=None if values is None else float(values.mean()), expected=expected)
    return assemble(
        found,
        signal=recording.scale,
        path=path,
        zero=values,
        expected=expected,
        load_resistance=load_resistance,
        electrode_area=electrode_area,
        capture=capture,
    )
