"""Whether a case's events make sense one after the other, and which measurands there is anything to measure for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from rig.model.load import OPEN, SHORT
from rig.plan.case import Communication, DeviceAction, Event, Power

__all__ = ["Occurrence", "ends_train", "event_mistakes", "occurrences"]


class Occurrence(Enum):
    """What happens in a case and is measured in time; the value says, to a plan's author, which events make it."""

    CUT = "an event 'communication: cut'"
    RECONNECTION = "'load: open', and an event that connects another load after it"
    POWER_UP = "an event 'supply: off' and 'supply: on' after it, or 'device: reset'"
    SHORT_CIRCUIT = "an event 'load: short', with a resistor before and an event that connects one after it"
    RESET = "an event 'device: reset'"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """How things stand before an event: which load is connected (one of several in a sweep), line and supply."""

    loads: frozenset[str]
    cut: bool = False
    powered: bool = True

    def after(self, event: Event) -> _Standing:
        """Return how things stand once an event has happened."""
        return _Standing(
            loads=self.loads if event.load is None else frozenset({event.load}),
            cut=self.cut if event.communication is None else event.communication is Communication.CUT,
            powered=event.supply is Power.ON if isinstance(event.supply, Power) else self.powered,
        )


def event_mistakes(events: Sequence[Event], loads: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield what is wrong with the order of events: the event's index, its key, and a sentence.

    Parameters
    ----------
    loads : those that may be connected at first, by canonical name
    """
    standing = _Standing(loads=frozenset(loads))
    for index, event in enumerate(events):
        if index and event.at <= events[index - 1].at:
            yield index, "at", "is not later than the event before it"
        for key, message in _contradictions(event, standing):
            yield index, key, message
        standing = standing.after(event)


def _contradictions(event: Event, standing: _Standing) -> Iterator[tuple[str, str]]:
    """Yield why an event changes nothing or cannot happen, as things stand."""
    if event.load in standing.loads:
        yield "load", f"{event.load!r} is connected already"
    if event.communication is Communication.CUT and standing.cut:
        yield "communication", "the line is cut already"
    if event.communication is Communication.RESTORED and not standing.cut:
        yield "communication", "the line was not cut before"
    if event.supply is Power.ON and standing.powered:
        yield "supply", "the supply was not switched off before"
    if event.supply is not None and event.supply is not Power.ON and not standing.powered:
        yield "supply", "the supply is off already" if event.supply is Power.OFF else "the supply is off: switch it on"
    if event.device is DeviceAction.RESET and standing.cut:
        yield "device", "the line is cut: no reset can be sent"
    if event.device is DeviceAction.RESET and not standing.powered:
        yield "device", "the supply is off: there is nothing to reset"


def occurrences(events: Sequence[Event], loads: Sequence[str]) -> frozenset[Occurrence]:
    """Return what happens in a case that can be measured in time; ``loads`` as in :func:`event_mistakes`."""
    found: set[Occurrence] = set()
    standing, shorted = _Standing(loads=frozenset(loads)), False
    for event in events:
        if event.communication is Communication.CUT:
            found.add(Occurrence.CUT)
        if event.supply is Power.ON and not standing.powered:
            found.add(Occurrence.POWER_UP)
        if event.device is DeviceAction.RESET:
            found |= {Occurrence.POWER_UP, Occurrence.RESET}
        if event.load is not None and event.load != OPEN and standing.loads == {OPEN}:
            found.add(Occurrence.RECONNECTION)
        if event.load is not None:
            if shorted and event.load != OPEN:
                found.add(Occurrence.SHORT_CIRCUIT)
            shorted = event.load == SHORT and not standing.loads & {OPEN, SHORT}
        standing = standing.after(event)
    return frozenset(found)


def ends_train(event: Event) -> bool:
    """Whether a device is meant to end its train because of this event."""
    return event.communication is Communication.CUT or event.supply is Power.OFF or event.device is DeviceAction.RESET
