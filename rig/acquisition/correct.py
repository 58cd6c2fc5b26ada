"""From the voltage an instrument reads to the quantity at the load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import AcquisitionError
from rig.units import Unit

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

__all__ = ["correct"]

_NOTE = "corrected to"


def correct(waveform: Waveform, path: SignalPath) -> Waveform:
    """Return the same samples read as current or voltage at the load: only gain and offset change, nothing is copied.

    Raises
    ------
    AcquisitionError
        if the waveform is not in V: it has been corrected before, or is of something else
    """
    if waveform.unit is not Unit.VOLT or any(note.startswith(_NOTE) for note in waveform.history):
        message = f"{waveform.source}: cannot be corrected to {path.signal}, for it is not a reading in V"
        raise AcquisitionError(message)
    unit = path.unit.value
    note = f"{_NOTE} {path.signal}: × {path.scale:.9g} {unit}/V, {path.offset_correction:+.6g} {unit}"
    return waveform.rescaled(gain=path.scale, offset=path.offset_correction, unit=path.unit, note=note)
