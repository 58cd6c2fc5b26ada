"""The output modes of a run, and which of a mode's cases counts for a value: the worst of those that can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.report import wording
from rig.report.events import events_of
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rig.evidence.record import CaseRecord, LoadEntry, MeasurementEntry, RunRecord
    from rig.report.case_view import CaseView

__all__ = ["ANY_LOAD", "OPEN", "Found", "Mode", "Placed", "extent", "modes_of", "worst"]

ANY_LOAD, OPEN = -1.0, 0.0
"""Instead of a resistance, ohm: whatever is connected, and nothing."""

_MEASURED = frozenset({Verdict.PASS, Verdict.CONDITIONAL_PASS, Verdict.CONDITIONAL_FAIL, Verdict.FAIL})
_SAME = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A case and where the report shows it."""

    case: CaseRecord
    key: str
    number: str

    def gives(self, measurand: str) -> bool:
        """Whether the case has a value of a measurand that a table of output may show."""
        entry = _entry(self, measurand)
        return not self.unusable and entry is not None and entry.value is not None

    @property
    def unusable(self) -> str:
        """Why no value of the case is shown in a table of output; empty where they can be."""
        case = self.case
        signal = next((one for one in reversed(case.captures) if one.purpose == "signal"), None)
        if case.verdict not in _MEASURED:
            return f"{case.id} is {wording.words(case.verdict.value)}"
        if signal is None:
            return f"{case.id} has no capture of a stimulus"
        if signal.defects:
            return f"the capture of {case.id} has a defect: {signal.defects[0]}"
        if events_of(case):
            return f"something happened during {case.id}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One output mode: its name, the shape of its pulses, and the last attempt at each of its cases."""

    name: str
    shape: str
    cases: tuple[Placed, ...]

    def with_load(self, ohms: float) -> tuple[Placed, ...]:
        """Return the cases into one nominal resistance, ohm."""
        return tuple(one for one in self.cases if _has(one.case.load, ohms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value that counts, with its expanded uncertainty, of one item where it is one of many; ``of`` so many cases."""

    placed: Placed
    entry: MeasurementEntry
    value: float
    uncertainty: float | None
    of: int
    one_of_many: bool = False

    @property
    def unit(self) -> Unit:
        """The value's unit, SI."""
        return self.entry.unit or Unit.ONE


def modes_of(record: RunRecord, views: Iterable[CaseView]) -> tuple[Mode, ...]:
    """Return the output modes of a run in the order of their first case; ``views`` are those of the record's cases."""
    found: dict[tuple[str, str], list[Placed]] = {}
    for case, view in zip(record.cases, views, strict=True):
        if not case.retried and not case.judged_from:
            placed = Placed(case=case, key=view.key, number=view.number)
            found.setdefault((case.mode, case.stimulus.shape), []).append(placed)
    shapes = [name for name, _ in found]
    return tuple(
        Mode(name=_called(name, shape, several=shapes.count(name) > 1), shape=shape, cases=tuple(cases))
        for (name, shape), cases in found.items()
    )


def _called(name: str, shape: str, *, several: bool) -> str:
    if not name:
        return wording.words(shape).capitalize()
    return f"{name}, {wording.words(shape)}" if several else name


def _has(load: LoadEntry | None, ohms: float) -> bool:
    """Whether a load is the resistor that is meant; one with a capacitor is not."""
    if load is None or ohms == ANY_LOAD:
        return load is not None
    if ohms == OPEN:
        return load.nominal is None
    return load.nominal is not None and not load.name.endswith(" RC") and abs(load.nominal / ohms - 1) < _SAME


def worst(mode: Mode, measurand: str, ohms: float, *, of: Callable[[Placed], bool] = lambda _: True) -> Found | str:
    """Return the largest magnitude that the usable cases into a load have of a measurand, or why there is none."""
    cases = tuple(one for one in mode.with_load(ohms) if of(one))
    found = list(_values(cases, measurand))
    if not found:
        return _missing(cases, measurand, ohms)
    chosen = max(found, key=lambda one: abs(one.value))
    return Found(
        placed=chosen.placed,
        entry=chosen.entry,
        value=chosen.value,
        uncertainty=chosen.uncertainty,
        of=len(found),
        one_of_many=chosen.one_of_many,
    )


def extent(mode: Mode, measurand: str) -> tuple[Found, Found] | str:
    """Return the least and the greatest mean that usable cases have of a measurand, or why there is none."""
    found = [
        Found(
            placed=one.placed, entry=one.entry, value=one.entry.value, uncertainty=one.entry.expanded_uncertainty, of=0
        )
        for one in _values(mode.cases, measurand)
        if one.entry.value is not None
    ]
    if not found:
        return _missing(mode.cases, measurand, ANY_LOAD)
    return min(found, key=lambda one: one.value), max(found, key=lambda one: one.value)


def _values(cases: Iterable[Placed], measurand: str) -> Iterator[Found]:
    for placed in cases:
        entry = _entry(placed, measurand)
        if entry is None or entry.value is None or not placed.gives(measurand):
            continue
        ends = [end for end in (entry.minimum, entry.maximum) if end is not None]
        if entry.n > 1 and ends and entry.expanded_single is not None:
            value = max(ends, key=abs)
            yield Found(
                placed=placed, entry=entry, value=value, uncertainty=entry.expanded_single, of=1, one_of_many=True
            )
        else:
            yield Found(placed=placed, entry=entry, value=entry.value, uncertainty=entry.expanded_uncertainty, of=1)


def _entry(placed: Placed, measurand: str) -> MeasurementEntry | None:
    """Return what a case has of a measurand as a whole, not of a stretch of it."""
    entries = placed.case.measurements
    return next((one for one in entries if one.measurand == measurand and not one.during), None)


def _missing(cases: tuple[Placed, ...], measurand: str, ohms: float) -> str:
    """Say what would be needed for a value."""
    into = {ANY_LOAD: "", OPEN: " into an open circuit"}.get(ohms) if ohms <= 0 else f" into {_ohms(ohms)}"
    if not cases:
        return f"no case of this mode{into}"
    usable = [one for one in cases if not one.unusable]
    if not usable:
        return cases[-1].unusable
    reasons = [entry.reason for one in usable if (entry := _entry(one, measurand)) is not None and entry.reason]
    return wording.prose(reasons[0]) if reasons else f"{wording.words(measurand)} is not among what was measured"


def _ohms(value: float) -> str:
    return wording.quantity(value, Unit.OHM)
