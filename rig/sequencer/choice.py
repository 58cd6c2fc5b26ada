"""Which instrument a value is taken from, where either of them could give it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.analysis.catalogue import CATALOGUE, Needs
from rig.model.measurement import Measurement
from rig.sequencer.agreement import common_pulses, u_of_difference

if TYPE_CHECKING:
    from rig.analysis.measure import Analysis
    from rig.model.load import Load
    from rig.model.measurement import Component, Outcome

__all__ = ["EITHER", "from_oscilloscope"]

EITHER = tuple(name for name, entry in CATALOGUE.items() if entry.signal is Needs.EITHER)
"""The measurands that current and voltage show alike."""


def from_oscilloscope(voltage: Analysis, current: Analysis, load: Load) -> dict[str, Measurement]:
    """Return what is taken from the oscilloscope, of all that either instrument could give; the digitizer has the rest.

    The smaller U of one item decides. A limit binds every item, so the oscilloscope is asked only where it saw every
    pulse; of the form of an edge, which finer steps of time show better, also where it saw the first pulses alone,
    unless a pulse that the digitizer saw excludes them. Levels stay the digitizer's: a voltage is a current only
    through the load that it is to verify.
    """
    if load.is_open or load.reactive:
        return {}
    common = len(tuple(common_pulses(voltage, current)))
    every = common == len(voltage.pulses) == len(current.pulses)
    taken: dict[str, Measurement] = {}
    for name in EITHER if common else ():
        entry, ours, theirs = CATALOGUE[name], voltage.measurement(name), current.outcomes.get(name)
        if ours is None or ours.unit is not entry.unit or not (every or entry.form):
            continue
        if _is_better(ours, theirs, every=every):
            window = replace(ours.window, description=f"the oscilloscope's record, {_pulses(voltage)}")
            taken[name] = replace(ours, window=window)
    return taken


def _is_better(ours: Measurement, theirs: Outcome | None, *, every: bool) -> bool:
    if not isinstance(theirs, Measurement):
        return True
    return ours.expanded_single < theirs.expanded_single and (every or not _differs(ours, theirs))


def _differs(ours: Measurement, theirs: Measurement) -> bool:
    """Whether an item of theirs certainly lies beyond all of ours: then a later pulse is not like the first ones."""
    doubt = u_of_difference((*_of_one(ours), *_of_one(theirs)))
    return theirs.maximum > ours.maximum + doubt or theirs.minimum < ours.minimum - doubt


def _of_one(measurement: Measurement) -> tuple[Component, ...]:
    return measurement.single_components or measurement.components


def _pulses(analysis: Analysis) -> str:
    number = sum(row.whole for row in analysis.pulses)
    return f"{number} pulse{'' if number == 1 else 's'}"
