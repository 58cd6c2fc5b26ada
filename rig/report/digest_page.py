"""What happened since the last green night, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.history.digest import SOON
from rig.history.results import called
from rig.report import wording
from rig.report.comparison import lone_cases, moved_limits, moved_values, run_called
from rig.report.paper import Cell, Link, Paper, Section
from rig.report.trends.rows import row_of
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from rig.history.digest import Digest, Shrunk

__all__ = ["digest_paper"]

_MOST, _FEW = 15, 5
_FAILING = ("plan", "case", "verdict", "since", "runs", "why")
_MOVED = ("plan", "case", "value", "green night", "now", "difference", "E_n")


def digest_paper(digest: Digest, today: date, reports: Sequence[str] = ()) -> Paper:
    """Return the page.

    Parameters
    ----------
    today : the day from which on calibrations are told to be due
    reports : paths of the run's reports, as they may be opened from where the page will be
    """
    run = digest.run
    facts: list[tuple[str, Cell]] = [
        ("Run", run_called(run)),
        ("Device", f"{run.device_manufacturer} {run.device_model} {run.device_serial}, firmware {run.device_firmware}"),
        ("Bench", run.bench),
        ("Last green night", _green(digest)),
    ]
    facts += [("Report", Link(text=one.replace("\\", "/").rpartition("/")[2], path=one)) for one in reports]
    return Paper(
        kind=f"Digest of {today}",
        title=", ".join(digest.plans) or "no plan",
        verdict=run.verdict,
        sentence=_sentence(digest),
        marks=tuple(_marks(digest)),
        facts=tuple(facts),
        sections=(_failing(digest), _fixed(digest), *_since(digest), _drifts(digest), _due(digest, today)),
    )


def _green(digest: Digest) -> str:
    if digest.green is None:
        return "none so far"
    return f"{run_called(digest.green)}{', for engineering only' if digest.green.engineering_only else ''}"


def _sentence(digest: Digest) -> str:
    counts = ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in digest.counts.items()) or "no case"
    difference = digest.difference
    if difference is None:
        return (
            f"{counts}. No run of these plans on this bench and device has passed before: there is nothing to compare."
        )
    new = sum(one.new for one in digest.failing)
    told = [
        _count(new, "case fails newly", "cases fail newly"),
        _count(len(digest.failing) - new, "case still does not pass", "cases still do not pass"),
        _count(len(digest.fixed), "case is fixed", "cases are fixed"),
    ]
    moved, limits = len(difference.values), len(difference.limits)
    gone, added = len(difference.only_before), len(difference.only_after)
    told += [
        _count(moved, "value moved beyond its uncertainty", "values moved beyond their uncertainty"),
        _count(limits, "limit is another", "limits are others"),
        _count(gone, "case was not in this run", "cases were not in this run"),
        _count(added, "case is new", "cases are new"),
    ]
    return f"{counts}. {'; '.join(filter(None, told)) or 'Nothing moved'} since the last green night."


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"{number} {one if number == 1 else many}"


def _marks(digest: Digest) -> list[str]:
    run = digest.run
    marks = [f"Engineering only: {reason}" for reason in run.engineering_only]
    marks += ["The bench is a virtual one."] if run.virtual else []
    marks += [f"The run ended early: {run.end_reason.replace('_', ' ')}."] if run.end_reason != "completed" else []
    marks += [f"{run.not_selected} cases were not selected."] if run.not_selected else []
    return marks


def _failing(digest: Digest) -> Section:
    rows = tuple(
        (one.case.plan, one.case.id, one.case.verdict, "this run" if one.new else run_called(one.since), str(one.runs),
         wording.prose(one.case.reason))
        for one in digest.failing
    )  # fmt: skip
    empty = "every case passes" if digest.counts else "there was no case"
    return _table("Not passing", _FAILING, rows, empty, most=2 * _MOST)


def _fixed(digest: Digest) -> Section:
    rows = tuple((one.plan, one.id, one.verdict) for one in digest.fixed)
    return _table("Fixed since the run before", ("plan", "case", "verdict"), rows, "none")


def _since(digest: Digest) -> tuple[Section, ...]:
    difference = digest.difference
    if difference is None:
        return ()
    _, moved = moved_values(difference)
    shrunk = tuple(_shrunk(one) for one in digest.shrunk)
    others = tuple((one.what, one.before or "–", one.after or "–") for one in difference.circumstances)
    return (
        _table("Cases of one of the runs only", *_then_and_now(lone_cases(difference)), "none"),
        _table("Limits that are others", *_then_and_now(moved_limits(difference)), "none"),
        _table("Values that moved beyond their uncertainty", _MOVED, tuple(moved), "none"),
        _table(
            "Margins that shrank most",
            ("plan", "case", "check", "margin then", "now", "lost"),
            shrunk,
            "none",
            most=_FEW,
        ),
        _table("Changed around the run", ("what", "green night", "now"), others, "nothing"),
    )


def _then_and_now(
    table: tuple[tuple[str, ...], list[tuple[Cell, ...]]],
) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    head, rows = table
    return (*head[:-2], "green night", "now"), tuple(rows)


def _shrunk(one: Shrunk) -> tuple[Cell, ...]:
    unit = Unit(one.after.unit)
    then, now = (wording.quantity(row.margin, unit, digits=3) for row in (one.before, one.after))
    check = wording.prose(f"{called(one.after.measurand, one.after.during)} {one.after.text}")
    return one.case.plan, one.case.id, check, then, now, f"{100 * one.share:.0f}\u202f%"


def _drifts(digest: Digest) -> Section:
    rows = []
    for number, (measurand, trend) in enumerate(digest.drifting, 1):
        row = row_of(number, trend)
        rows.append((measurand, row.series, row.state, "; ".join(row.found)))
    none = f"no warning in {digest.watched} series" if digest.watched else "too few runs so far to tell"
    return _table("Drift and control charts", ("value", "series", "state", "what was found"), tuple(rows), none)


def _due(digest: Digest, today: date) -> Section:
    rows = tuple(
        (
            ", ".join(one.names),
            one.certificate,
            str(one.due),
            "expired" if one.due < today else f"in {(one.due - today).days} days",
        )
        for one in digest.due
    )
    none = f"none within {SOON} days"
    return _table("Calibrations that are due", ("what", "certificate", "due", ""), rows, none)


def _table(
    title: str, head: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...], empty: str, *, most: int = _MOST
) -> Section:
    return Section(title=title, head=head, rows=rows[:most], empty=empty, left_out=max(0, len(rows) - most))
