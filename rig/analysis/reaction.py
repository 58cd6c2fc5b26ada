"""How fast a device reacts: from a command, or from the last word it heard, to the begin or end of its current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.model.happening import Action
from rig.model.load import OPEN
from rig.model.measurement import NotMeasured, Outcome, Window
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.analysis.chronicle import Chronicle
    from rig.analysis.flow import Crossing
    from rig.model.happening import Happening

__all__ = ["comms_loss_time", "latency", "reset_stop_time", "stop_time"]

_NO_CURRENT = "no current flowed at all"
# What may begin or end a current by itself, so that nothing after it speaks of a command before it.
_INTERFERES = frozenset({Action.START, Action.LOAD, Action.SUPPLY, Action.RESET, Action.RESTORED})


def latency(chronicle: Chronicle) -> Outcome:
    """Command to start → begin of the first current, s."""
    name, start = "latency", chronicle.first(Action.START)
    if start is None:
        return NotMeasured(measurand=name, reason="the device was not told to start")
    if chronicle.load_at(start.begun) == OPEN:
        return _nothing_connected(name, "started")
    until = chronicle.until(start, frozenset(Action) - {Action.MESSAGE, Action.RESTORED, Action.READING})
    flow = chronicle.first_flow()
    if flow is not None and flow.time < start.begun - chronicle.signal.scale.interval:
        return NotMeasured(measurand=name, reason="current flowed before the device was told to start")
    if flow is None or flow.time > until:
        waited = _least(chronicle, start, until)
        shown = format_quantity(waited, Unit.SECOND, digits=3)
        return NotMeasured(measurand=name, reason=f"no current flowed within {shown} of the start", at_least=waited)
    return _time(chronicle, name, start, flow)


def stop_time(chronicle: Chronicle) -> Outcome:
    """Command to stop → end of the last current, s; 0 where no other pulse had come since the one before."""
    stop = chronicle.first(Action.STOP)
    if stop is None:
        return NotMeasured(measurand="stop_time", reason="the device was not told to stop")
    return _ending(chronicle, "stop_time", stop, since=stop, what="stopped")


def comms_loss_time(chronicle: Chronicle) -> Outcome:
    """Last word to the device before the line was cut → end of the last current, s."""
    name, lost = "comms_loss_time", chronicle.first(Action.CUT)
    if lost is None:
        return NotMeasured(measurand=name, reason="the line to the device was not cut")
    said = chronicle.last_before(lost, {Action.START, Action.MESSAGE})
    if said is None:
        return NotMeasured(measurand=name, reason="nothing had been said to the device before the line was cut")
    return _ended_before(chronicle, name, lost) or _ending(chronicle, name, lost, since=said, what="cut off")


def reset_stop_time(chronicle: Chronicle) -> Outcome:
    """Reset → end of the last current, s."""
    name, reset = "reset_stop_time", chronicle.first(Action.RESET)
    if reset is None:
        return NotMeasured(measurand=name, reason="the device was not reset")
    return _ended_before(chronicle, name, reset) or _ending(chronicle, name, reset, since=reset, what="reset")


def _ended_before(chronicle: Chronicle, name: str, event: Happening) -> NotMeasured | None:
    """Say so where a device had ended its train by itself: then an event has shown nothing."""
    flow = chronicle.last_flow(event.begun)
    if flow is not None and event.begun - flow.time <= chronicle.silence:
        return None
    return _ended_already(name, event)


def _ended_already(name: str, event: Happening) -> NotMeasured:
    return NotMeasured(measurand=name, reason=f"no current flowed any more at the event ({event.action})")


def _ending(chronicle: Chronicle, name: str, event: Happening, *, since: Happening, what: str) -> Outcome:
    """Return the time from ``since`` to the end of the last current after an event."""
    if chronicle.load_at(event.begun) == OPEN:
        return _nothing_connected(name, what)
    until = chronicle.until(event, _INTERFERES | ({Action.STOP} - {event.action}))
    flow = chronicle.last_flow(until)
    if flow is None:
        return NotMeasured(measurand=name, reason=_NO_CURRENT)
    if chronicle.known.expected is not None and flow.time < event.begun - chronicle.silence:
        return _ended_already(name, event)
    if flow.time >= event.begun - chronicle.silence and until - flow.time < chronicle.silence:
        least = _least(chronicle, since, flow.time - flow.doubt)
        shown = format_quantity(until - since.ended, Unit.SECOND, digits=3)
        reason = f"current may still have flowed {shown} after, when the record of it ended"
        return NotMeasured(measurand=name, reason=reason, at_least=least)
    return _time(chronicle, name, since, flow)


def _nothing_connected(name: str, what: str) -> NotMeasured:
    return NotMeasured(measurand=name, reason=f"nothing was connected when the device was {what}")


def _time(chronicle: Chronicle, name: str, command: Happening, flow: Crossing) -> Outcome:
    """Return the time from the middle of a command's span to a crossing, not below 0."""
    middle = 0.5 * (command.begun + command.ended)
    value = max(flow.time - middle, 0.0)
    window = Window(
        start=min(middle, flow.time), stop=max(middle, flow.time), description=f"{command.action} to current"
    )
    budget = chronicle.time_budget(command, flow.time, flow.doubt)
    return chronicle.outcome(name, Unit.SECOND, value, budget, window)


def _least(chronicle: Chronicle, command: Happening, moment: float) -> float:
    """Return how long it was at least from a command to a moment, s, whatever the timebase's error is."""
    error = 3**0.5 * chronicle.known.path.timebase * abs(moment - chronicle.begin) + chronicle.signal.scale.interval
    return max(moment - command.ended - error, 0.0)
