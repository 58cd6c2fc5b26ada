"""What happened around the device in a case, in words and on the axis of its figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.model.happening import Action
from rig.report import wording
from rig.units import Unit

if TYPE_CHECKING:
    from rig.evidence.record import CaptureEntry, CaseRecord, HappeningEntry

__all__ = ["events_of", "told"]

# What belongs to every train is no event.
_ORDINARY = frozenset({Action.START, Action.STOP, Action.MESSAGE, Action.READING})


def events_of(case: CaseRecord) -> tuple[HappeningEntry, ...]:
    """Return the events of the capture that a case is judged by, in order, on the axis of its current."""
    capture = _judged(case)
    return () if capture is None else tuple(one for one in capture.happenings if one.action not in _ORDINARY)


def told(case: CaseRecord) -> str:
    """Say what happened, and how long after the train was started; empty where nothing did.

    What happened before anything was started is counted from the capture's begin.
    """
    capture, events = _judged(case), events_of(case)
    if capture is None or not events:
        return ""
    start = next((one.begun for one in capture.happenings if one.action is Action.START), None)
    since = "capture's begin" if start is None else "start"
    return "; ".join(_told(one, start or 0.0) for one in events) + f" (from the {since} on)"


def _judged(case: CaseRecord) -> CaptureEntry | None:
    return next((one for one in reversed(case.captures) if one.purpose == "signal"), None)


def _told(one: HappeningEntry, start: float) -> str:
    when = wording.quantity(one.begun - start, Unit.SECOND, digits=4)
    return f"at {when} {one.action.value} {wording.prose(one.detail)}".rstrip()
