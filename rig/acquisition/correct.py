"""From the voltage an instrument reads to the quantity at the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from rig.errors import AcquisitionError
from rig.model.recording import Recording
from rig.units import Unit

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

__all__ = ["correct"]

_NOTE = "corrected to"


@overload
def correct(signal: Waveform, path: SignalPath) -> Waveform: ...


@overload
def correct(signal: Recording, path: SignalPath) -> Recording: ...


def correct(signal: Waveform | Recording, path: SignalPath) -> Waveform | Recording:
    """Return the same samples read as current or voltage at the load: only gain and offset change, nothing is copied.

    Raises
    ------
    AcquisitionError
        if the signal is not in V: it has been corrected before, or is of something else
    """
    waveform = signal.scale if isinstance(signal, Recording) else signal
    if waveform.unit is not Unit.VOLT or any(note.startswith(_NOTE) for note in waveform.history):
        message = f"{waveform.source}: cannot be corrected to {path.signal}, for it is not a reading in V"
        raise AcquisitionError(message)
    unit = path.unit.value
    note = f"{_NOTE} {path.signal}: × {path.scale:.9g} {unit}/V, {path.offset_correction:+.6g} {unit}"
    return signal.rescaled(gain=path.scale, offset=path.offset_correction, unit=path.unit, note=note)
