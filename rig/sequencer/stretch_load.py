"""Whether an event's load was really there, as both instruments saw it: a relay's word is no proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import BenchError
from rig.model.load import SHORT
from rig.model.measurement import Measurement
from rig.sequencer.examine import refuse_current_through_nothing

if TYPE_CHECKING:
    from rig.model.load import Load
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform
    from rig.sequencer.examine import Findings

__all__ = ["unverified_load"]

# How far a device may be off its setting, and a load off its value, before a clipped voltage is a surprise.
_SLACK = 0.2


def unverified_load(found: Findings, load: Load, stimulus: Stimulus, voltage: Waveform | None) -> str:
    """Say why a load was not verified to be connected during a stretch, or nothing where it was.

    Resistors are seen by both instruments together. Where the oscilloscope clipped, a voltage was there that this load
    can explain; at a short circuit none that it could tell from its noise.

    Parameters
    ----------
    found : what the stretch alone shows
    voltage : of the stretch, V, corrected; None where none was captured

    Raises
    ------
    BenchError
        if what was seen excludes the load
    """
    top = found.outcomes["phase_top"]
    if load.is_open:
        refuse_current_through_nothing(found, stimulus)
        return ""
    wrong = [str(one) for one in found.agreements if one.e_n > 1]
    if wrong:
        raise BenchError(
            f"oscilloscope and digitizer disagree while {load.name} should have been connected; check relays, leads, "
            f"probe and calibrations: {'; '.join(wrong)}"
        )
    if found.agreements:
        return ""
    unverified = f"the load was not verified to be {load.name} after an event"
    if not isinstance(top, Measurement):
        return f"{unverified}: no current flowed through it"
    if (
        "voltage" in found.clipped
        and voltage is not None
        and _room(voltage) <= (1 + _SLACK) * top.value * load.resistance
    ):
        return ""
    if load.name == SHORT and isinstance(found.outcomes["peak_output_voltage"], Measurement):
        return ""
    return f"{unverified}: the two instruments saw no pulse in common"


def _room(voltage: Waveform) -> float:
    """Return the smaller of the two voltages at which a signal clips, V; 0 where its rails are not known."""
    return 0.0 if voltage.rails is None else min(abs(rail * voltage.gain + voltage.offset) for rail in voltage.rails)
