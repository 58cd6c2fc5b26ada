"""Whether the supply that feeds the device can give what a plan's events ask of it, as far as its rating is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.ratings import rating_of
from rig.errors import Problem
from rig.plan.case import SupplyLevel
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rig.bench.definition import BenchDefinition
    from rig.bench.device_file import DeviceFile
    from rig.plan.case import Case, Event

__all__ = ["beyond_supply"]


def beyond_supply(cases: Sequence[Case], bench: BenchDefinition, device: DeviceFile) -> list[Problem]:
    """Return every event that asks the supply for a voltage beyond its rating, once, at its place in the plan."""
    if bench.supply is None or device.supply is None:
        return []
    name, entry = bench.supply
    rating, feed = rating_of(entry), device.supply
    if rating is None:
        return []
    found: dict[tuple[str, int, int], Problem] = {}
    for case, event, level in _levels(cases):
        volts = level.volts(feed.voltage)
        if not rating.gives(volts, feed.current):
            file, line, column = case.location
            line, column = event.place if any(event.place) else (line, column)
            asked = format_quantity(volts, Unit.VOLT)
            message = f"{asked} is beyond {name!r} of the bench {bench.id}, which gives {rating}"
            problem = Problem(file=file, line=line, column=column, key=f"{case.id}.events", message=message)
            found.setdefault((file, line, column), problem)
    return list(found.values())


def _levels(cases: Sequence[Case]) -> Iterator[tuple[Case, Event, SupplyLevel]]:
    for case in cases:
        for one in (case, *case.series):
            for event in one.events:
                if isinstance(event.supply, SupplyLevel):
                    yield one, event, event.supply
