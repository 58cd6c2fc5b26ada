"""What happened since the last green night: a run held against the last one like it that passed, and those between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rig.history.compare import checks_of, compare, decisive
from rig.history.selection import Selection
from rig.history.studies.trend import Asked, trends_of
from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from rig.history.difference import Difference
    from rig.history.overview import Overview
    from rig.history.results import CaseRow, JudgementRow, Results, RunRow
    from rig.history.store import History
    from rig.history.studies.trend import Trend

__all__ = ["SOON", "Digest", "Due", "Failing", "Shrunk", "digest_of"]

SOON = 30
"""Days before a calibration is due from which on it is told."""

_NIGHTS = 100  # how many runs back it is looked for a green one
_YEAR = timedelta(days=365)
_WORTH_TELLING = 0.05  # of a margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A case that does not pass, the first run of those in a row in which it did not, and how many these are."""

    case: CaseRow
    since: RunRow
    runs: int

    @property
    def new(self) -> bool:
        """Whether it passed in the run before, or was not in it."""
        return self.runs == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """A check that is nearer to its limit, by more than the uncertainty of its values and a twentieth of its margin."""

    case: CaseRow
    before: JudgementRow
    after: JudgementRow

    @property
    def share(self) -> float:
        """How much of the margin is lost, as a ratio."""
        before, after = self.before.margin or 0.0, self.after.margin or 0.0
        return (before - after) / before


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A certificate that ends soon or has ended, and what it is for."""

    names: tuple[str, ...]
    certificate: str
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A run, and what changed since the last run of the same plans on the same bench and device that passed.

    Attributes
    ----------
    green, difference : that run, and what is otherwise since; None where there is none
    before : the run before, if there is one
    between : how many runs like it there were since the green one
    failing : cases that do not pass, those that began last first
    fixed : cases that pass now and did not in the run before
    shrunk : the checks that lost most of their margin since the green run
    watched, drifting : how many series say anything by now, and those that drift to a limit or are out of control
    """

    run: RunRow
    plans: tuple[str, ...]
    counts: Mapping[Verdict, int]
    green: RunRow | None
    difference: Difference | None
    before: RunRow | None
    between: int
    failing: tuple[Failing, ...]
    fixed: tuple[CaseRow, ...]
    shrunk: tuple[Shrunk, ...]
    watched: int
    drifting: tuple[tuple[str, Trend], ...]
    due: tuple[Due, ...]


def digest_of(results: Results, history: History, today: date) -> Digest:
    """Return what is to be told of a run, from it and what the database holds of runs before.

    Parameters
    ----------
    today : against which calibrations are due
    """
    run = results.run
    earlier = _alike(results, history)
    number = next((index for index, one in enumerate(earlier) if one.run.verdict is Verdict.PASS), None)
    green = None if number is None else earlier[number]
    then = None if green is None else history.results(green.run.run_id)
    cases = decisive(results)
    verdicts = history.verdicts([one.run.run_id for one in earlier])
    last = verdicts.get(earlier[0].run.run_id, {}) if earlier else {}
    series = [(measurand, trend) for measurand, trend in _continued(results, history) if trend.answered]
    return Digest(
        run=run,
        plans=tuple(one.id for one in results.plans),
        counts={
            verdict: count for verdict in Verdict if (count := sum(one.verdict is verdict for one in cases.values()))
        },
        green=None if green is None else green.run,
        difference=None if then is None else compare(then, results),
        before=earlier[0].run if earlier else None,
        between=len(earlier) if number is None else number,
        failing=tuple(sorted(_failing(run, cases, earlier, verdicts), key=lambda one: (one.runs, one.case.position))),
        fixed=tuple(
            one
            for key, one in cases.items()
            if one.verdict is Verdict.PASS and last.get(key, one.verdict) is not one.verdict
        ),
        shrunk=() if then is None else tuple(sorted(_shrunk(then, results), key=lambda one: -one.share)),
        watched=len(series),
        drifting=tuple((measurand, trend) for measurand, trend in series if trend.alarming),
        due=tuple(_due(results, today)),
    )


def _alike(results: Results, history: History) -> tuple[Overview, ...]:
    """Return earlier runs of the same plans, as a whole, on the same bench and device, the latest first."""
    run, plans = results.run, {one.id for one in results.plans}
    asked = Selection(device=run.device_serial, bench=run.bench, plan=min(plans, default=""), until=run.started)
    return tuple(
        one
        for one in history.runs(asked, limit=_NIGHTS)
        if one.run.run_id != run.run_id
        and set(one.plans) == plans
        and one.run.not_selected == run.not_selected
        and one.run.device_serial == run.device_serial
    )


def _failing(
    run: RunRow,
    cases: Mapping[tuple[str, str], CaseRow],
    earlier: Sequence[Overview],
    verdicts: Mapping[str, Mapping[tuple[str, str], Verdict]],
) -> Iterator[Failing]:
    for key, case in cases.items():
        if case.verdict is Verdict.PASS:
            continue
        since, runs = run, 1
        for one in earlier:
            if verdicts.get(one.run.run_id, {}).get(key, Verdict.PASS) is Verdict.PASS:
                break
            since, runs = one.run, runs + 1
        yield Failing(case=case, since=since, runs=runs)


def _shrunk(before: Results, after: Results) -> Iterator[Shrunk]:
    old, new = decisive(before), decisive(after)
    was, now = checks_of(before), checks_of(after)
    for key in new.keys() & old.keys():
        earlier = was[old[key].position]
        for name, check in now[new[key].position].items():
            if name in earlier and _is_smaller(earlier[name], check):
                yield Shrunk(case=new[key], before=earlier[name], after=check)


def _is_smaller(before: JudgementRow, after: JudgementRow) -> bool:
    if before.margin is None or after.margin is None or before.margin <= 0:
        return False
    uncertainty = math.hypot(before.expanded_uncertainty or 0.0, after.expanded_uncertainty or 0.0)
    lost = before.margin - after.margin
    return lost > max(uncertainty, _WORTH_TELLING * before.margin)


def _continued(results: Results, history: History) -> Iterator[tuple[str, Trend]]:
    """Yield every series of a judged measurand that this run continues."""
    run = results.run
    if not run.device_serial:
        return
    asked = Selection(device=run.device_serial, bench=run.bench, since=run.started - _YEAR, until=run.started)
    for measurand in dict.fromkeys(one.measurand for one in results.judgements):
        points = history.points(measurand, asked)
        for trend in trends_of(points, Asked(measurand=measurand, engineering=True)).trends:
            if trend.series.points[-1].run_id == run.run_id:
                yield measurand, trend


def _due(results: Results, today: date) -> Iterator[Due]:
    last = today + timedelta(days=SOON)
    found: dict[tuple[date, str], list[str]] = {}
    for name, certificate, due in (
        *((one.name, one.certificate, one.due) for one in results.instruments),
        *((f"load {one.name}", one.certificate, one.due) for one in results.loads),
    ):
        if due is not None and due <= last:
            found.setdefault((due, certificate or ""), []).append(name)
    for (due, certificate), names in sorted(found.items()):
        yield Due(names=tuple(names), certificate=certificate, due=due)
