"""Start and reference triggers of an analogue input task, through nidaqmx."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nidaqmx.constants import Edge, Slope

from rig.model.setup import DigitizerTrigger

__all__ = ["arm"]


def arm(task: Any, device: str, trigger: DigitizerTrigger) -> DigitizerTrigger:  # noqa: ANN401 - nidaqmx is partly typed
    """Have a task wait for an edge; return the trigger as the driver set it.

    A channel is named as on the card, so is its virtual channel; a terminal is of the same card.
    """
    rising = trigger.slope > 0
    start, reference = task.triggers.start_trigger, task.triggers.reference_trigger
    before = trigger.pretrigger
    if trigger.level is None:
        source, edge = f"/{device}/{trigger.source}", Edge.RISING if rising else Edge.FALLING
        if before:
            reference.cfg_dig_edge_ref_trig(source, before, edge)
        else:
            start.cfg_dig_edge_start_trig(source, edge)
        return trigger
    source, slope = f"{device}/{trigger.source}", Slope.RISING if rising else Slope.FALLING
    if before:
        reference.cfg_anlg_edge_ref_trig(source, before, slope, trigger.level)
        return replace(trigger, level=float(reference.anlg_edge_lvl))
    start.cfg_anlg_edge_start_trig(source, slope, trigger.level)
    return replace(trigger, level=float(start.anlg_edge_lvl))
