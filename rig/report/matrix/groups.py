"""Cases of one sweep in one run as one row, checks of one kind as one line: the nearest to its limit is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict, worst
from rig.report import wording
from rig.report.case_view import VerdictView, view_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rig.evidence.record import JudgementEntry
    from rig.evidence.trace.matrix import Link
    from rig.evidence.trace.results import Result

__all__ = ["CheckLine", "GroupView", "groups_of", "results_grouped"]

_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """All checks of one measurand against limits of one source; the value is the one nearest to its limit."""

    measurand: str
    clause: str
    caution: str
    number: int
    verdict: VerdictView
    value: str
    limit: str
    margin: str
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """The cases of one sweep in one run.

    Attributes
    ----------
    standing : empty where the results count; else why they do not
    reasons : what is not a PASS, case by case
    members : every case with its verdict
    """

    name: str
    plan: str
    run: str
    started: str
    marks: tuple[str, ...]
    standing: str
    stale: bool
    exact: bool
    number: int
    verdict: VerdictView
    failed: bool
    traces: tuple[str, ...]
    reasons: tuple[str, ...]
    members: tuple[tuple[str, VerdictView], ...]
    checks: tuple[CheckLine, ...]


def groups_of(links: Iterable[Link]) -> tuple[GroupView, ...]:
    """Return results that trace to one thing, those that count first."""
    grouped: dict[tuple[object, ...], list[Link]] = {}
    for link in sorted(links, key=lambda one: not one.result.counts):
        grouped.setdefault((*_key(link.result), link.exact), []).append(link)
    return tuple(_group(some) for some in grouped.values())


def results_grouped(results: Iterable[Result]) -> tuple[GroupView, ...]:
    """Return results by themselves."""
    grouped: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        grouped.setdefault(_key(result), []).append(result)
    return tuple(_plain(some) for some in grouped.values())


def _key(result: Result) -> tuple[object, ...]:
    return result.standing, result.run.record.run_id, result.case.plan, _base(result.case.id)


def _base(case: str) -> str:
    """Return a case's name without the values of its sweep; a series stays by itself, for it judges all of them."""
    return case if case.endswith("[series]") else case.partition("[")[0]


def _group(links: Sequence[Link]) -> GroupView:
    results = [link.result for link in links]
    verdicts = [link.verdict for link in links]
    checks = [(link.result, judgement) for link in links for judgement in link.judgements]
    return _view(results, verdicts, checks, stale=any(one.stale for one in links), exact=links[0].exact)


def _plain(results: Sequence[Result]) -> GroupView:
    checks = [(result, judgement) for result in results for judgement in result.case.judgements]
    return _view(results, [one.case.verdict for one in results], checks, stale=False, exact=False)


def _view(
    results: Sequence[Result],
    verdicts: Sequence[Verdict],
    checks: Sequence[tuple[Result, JudgementEntry]],
    *,
    stale: bool,
    exact: bool,
) -> GroupView:
    first = results[0]
    return GroupView(
        name=_base(first.case.id) if len(results) > 1 else first.case.id,
        plan=first.case.plan,
        run=first.run.record.run_id,
        started=wording.moment(first.run.record.started),
        marks=first.run.marks,
        standing="" if first.counts else first.standing.value,
        stale=stale,
        exact=exact,
        number=len(results),
        verdict=view_verdict(worst(verdicts)),
        failed=any(one.failed for one in verdicts),
        traces=tuple(dict.fromkeys(name for one in results for name in one.case.traces)),
        reasons=_reasons(results, verdicts),
        members=tuple((one.case.id, view_verdict(verdict)) for one, verdict in zip(results, verdicts, strict=True)),
        checks=_lines(checks),
    )


def _reasons(results: Sequence[Result], verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    told = [
        ": ".join(filter(None, (one.case.id, wording.words(verdict.value), wording.prose(one.case.reason))))
        for one, verdict in zip(results, verdicts, strict=True)
        if verdict is not Verdict.PASS
    ]
    more = len(told) - _FEW
    return (*told[:_FEW], f"and {more} more") if more > 0 else tuple(told)


def _lines(checks: Sequence[tuple[Result, JudgementEntry]]) -> tuple[CheckLine, ...]:
    alike: dict[tuple[str, ...], list[tuple[Result, JudgementEntry]]] = {}
    for result, judgement in checks:
        limit = judgement.limit
        published = (limit.source, limit.clause, limit.text.partition(":")[0]) if limit.edition else ("", "", "")
        alike.setdefault((limit.called, *published), []).append((result, judgement))
    return tuple(_line(some) for some in alike.values())


def _line(checks: Sequence[tuple[Result, JudgementEntry]]) -> CheckLine:
    result, nearest = min(checks, key=lambda one: _distance(one[1]))
    limit = nearest.limit
    return CheckLine(
        measurand=wording.words(wording.prose(limit.called)),
        clause=wording.clause(limit),
        caution=wording.caution(limit),
        number=len(checks),
        verdict=view_verdict(worst(judgement.verdict for _, judgement in checks)),
        value=wording.result(nearest.value, nearest.expanded_uncertainty, limit.unit),
        limit=wording.limit(limit),
        margin=wording.signed(nearest.margin, limit.unit),
        case=result.case.id,
    )


def _distance(judgement: JudgementEntry) -> tuple[int, float]:
    """Return what sorts the worst verdict first, and then the value nearest to its limit in terms of its own U."""
    spread = judgement.expanded_uncertainty
    margin = math.inf if judgement.margin is None else judgement.margin
    return -judgement.verdict.severity, margin / spread if spread else margin
