"""Values sorted into series: those of one device or instrument, one case and one load, between two changes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.history.point import Point
    from rig.units import Unit

__all__ = ["By", "Series", "identity", "sort_into_series"]


class By(StrEnum):
    """What a series follows."""

    DEVICE = "device"
    INSTRUMENT = "instrument"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values that may be compared with each other, in the order of time.

    Attributes
    ----------
    who : serial number of the device, or serial number or name of the instrument
    part, parts : the how-maniest piece of how many, where a change split it; counted from 1
    change : what changed before its first value; empty for the first piece
    """

    by: By
    who: str
    virtual: bool
    plan: str
    case: str
    load: str
    unit: Unit
    part: int
    parts: int
    change: str
    points: tuple[Point, ...]

    @property
    def name(self) -> str:
        """What it is of, in one line."""
        piece = f" ({self.part} of {self.parts})" if self.parts > 1 else ""
        bench = ", virtual" if self.virtual else ""
        return f"{self.by} {self.who}{bench}, {self.case}{piece}"

    @property
    def devices(self) -> tuple[str, ...]:
        """The serial numbers of its devices, in the order of their first value."""
        return tuple(dict.fromkeys(point.device_serial for point in self.points))


def sort_into_series(points: Iterable[Point], by: By, *, split: bool = True) -> tuple[Series, ...]:
    """Return the series of ``points``, which are in the order of time; virtual and real ones are never mixed.

    Parameters
    ----------
    split : begin a new series where the device's firmware, the instrument or its calibration changed
    """
    sorted_out: dict[tuple[object, ...], list[Point]] = defaultdict(list)
    for point in points:
        sorted_out[_key(point, by)].append(point)
    return tuple(
        _series(by, pieces, index)
        for _, same in sorted(sorted_out.items(), key=lambda one: [str(part) for part in one[0]])
        for pieces in [_pieces(same, by) if split else [("", same)]]
        for index in range(len(pieces))
    )


def identity(point: Point, by: By) -> str:
    """Return the serial number that a series follows, of an instrument without one its name; empty if unknown."""
    return point.device_serial if by is By.DEVICE else point.instrument_serial or point.instrument


def _key(point: Point, by: By) -> tuple[object, ...]:
    return (point.virtual, identity(point, by), point.plan, point.case, point.load, point.measurand, point.unit)


def _series(by: By, pieces: list[tuple[str, list[Point]]], index: int) -> Series:
    change, points = pieces[index]
    first = points[0]
    return Series(
        by=by, who=identity(first, by), virtual=first.virtual, plan=first.plan, case=first.case, load=first.load,
        unit=first.unit, part=index + 1, parts=len(pieces), change=change, points=tuple(points),
    )  # fmt: skip


def _pieces(points: list[Point], by: By) -> list[tuple[str, list[Point]]]:
    pieces: list[tuple[str, list[Point]]] = []
    known = None
    for point in points:
        now = _circumstances(point, by)
        if known is None or now != known:
            pieces.append((_told(known, now), []))
            known = now
        pieces[-1][1].append(point)
    return pieces


def _circumstances(point: Point, by: By) -> dict[str, str]:
    instrument = {"calibration": point.instrument_calibration}
    if by is By.INSTRUMENT:
        return instrument
    return {"firmware": point.device_firmware, "instrument": point.instrument_serial or point.instrument} | instrument


def _told(before: dict[str, str] | None, now: dict[str, str]) -> str:
    if before is None:
        return ""
    return ", ".join(
        f"{name} {before[name] or 'unknown'} → {value or 'unknown'}"
        for name, value in now.items()
        if value != before[name]
    )
