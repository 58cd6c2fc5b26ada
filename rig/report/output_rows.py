"""One row of a table of output: a value with its uncertainty and where it comes from, or what is missing for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.report import wording
from rig.report.output_modes import ANY_LOAD, OPEN, Found, extent, worst
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rig.report.output_modes import Mode, Placed

__all__ = ["NOT_MEASURED", "NOT_STATED", "Row", "at_load", "measured", "ranged", "stated"]

NOT_MEASURED = "not measured in this run"
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes
    ----------
    number, name, at : which field of the list it is, its name, and under which condition or in which respect
    value : what there is to say; never empty
    missing : whether it says that there is nothing
    note : why, or what about the value: of how many, in which window
    key, where : anchor and name of the case it comes from, with its verdict where that is no PASS; empty without one
    """

    number: str
    name: str
    at: str = ""
    value: str
    missing: bool = False
    note: str = ""
    key: str = ""
    where: str = ""


def at_load(ohms: float) -> str:
    """Write the load that a row is about."""
    if ohms == ANY_LOAD:
        return ""
    return "open circuit" if ohms == OPEN else wording.quantity(ohms, Unit.OHM)


def stated(number: str, name: str, text: str, *, at: str = "") -> Row:
    """Return a row of what the device file says."""
    return Row(
        number=number,
        name=name,
        at=at,
        value=text or NOT_STATED,
        missing=not text,
        note="stated in the device file, not measured" * bool(text),
    )


def measured(
    mode: Mode,
    number: str,
    name: str,
    measurand: str,
    ohms: float,
    *,
    at: str | None = None,
    relative: bool = False,
    remark: Callable[[Found], str] = lambda _: "",
    of: Callable[[Placed], bool] = lambda _: True,
) -> Row:
    """Return a row with the worst value of a measurand into a load; ``relative`` with its uncertainty in % too."""
    shown = at_load(ohms) if at is None else at
    found = worst(mode, measurand, ohms, of=of)
    if isinstance(found, str):
        return Row(number=number, name=name, at=shown, value=NOT_MEASURED, missing=True, note=found)
    value = wording.result(found.value, found.uncertainty, found.unit)
    if relative and found.uncertainty and found.value:
        share = wording.quantity(abs(found.uncertainty / found.value), Unit.ONE, digits=2)
        value += f" (±{share})"
    notes = (remark(found), _chosen(found), _window(found))
    return _row(found, number, name, shown, value, "; ".join(filter(None, notes)))


def ranged(mode: Mode, number: str, name: str, measurand: str, *, declared: str = "") -> Iterator[Row]:
    """Yield least and greatest mean of a measurand over the cases of a mode; one row where all are set alike."""
    found = extent(mode, measurand)
    limit = f"declared up to {declared}" if declared else ""
    if isinstance(found, str):
        yield Row(number=number, name=name, value=NOT_MEASURED, missing=True, note=found)
        return
    ends = list(zip(("least", "greatest"), found, strict=True))
    alike = _setting(found[0], measurand) == _setting(found[1], measurand)
    same = alike and found[1].value - found[0].value <= (found[1].uncertainty or 0.0)
    for at, one in ends[1:] if same else ends:
        value = wording.result(one.value, one.uncertainty, one.unit)
        notes = ("all cases were set alike" if alike else "", limit if one is found[1] else "", _window(one))
        yield _row(one, number, name, "" if same else at, value, "; ".join(filter(None, notes)))


def _setting(found: Found, measurand: str) -> tuple[float, ...]:
    stimulus = found.placed.case.stimulus
    return (stimulus.rate,) if measurand == "pulse_rate" else (stimulus.phase_duration, stimulus.interphase)


def _row(found: Found, number: str, name: str, at: str, value: str, note: str) -> Row:
    placed = found.placed
    verdict = placed.case.verdict
    failed = "" if verdict is Verdict.PASS else f", {wording.words(verdict.value)}"
    where = f"{placed.number} {placed.case.id}{failed}"
    return Row(number=number, name=name, at=at, value=value, note=note, key=placed.key, where=where)


def _chosen(found: Found) -> str:
    """Say of how many cases, and of how many items in this case, a value is the largest."""
    items = f"largest of {found.entry.n} items" if found.one_of_many else ""
    cases = f"worst of {found.of} cases" if found.of > 1 else ""
    return ", ".join(filter(None, (items, cases)))


def _window(found: Found) -> str:
    if found.entry.window is None:
        return ""
    start, stop, description = found.entry.window
    ends = " to ".join(wording.quantity(end, Unit.SECOND, digits=5) for end in (start, stop))
    return ", ".join(filter(None, (wording.prose(description), ends)))
