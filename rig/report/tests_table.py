"""One row per test of a plan: what was tested, how, against what, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict, worst
from rig.report import wording
from rig.report.anomalies import anomalies
from rig.report.case_view import VerdictView, view_verdict
from rig.report.criteria import criteria

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.evidence.record import CaseRecord, RunRecord

__all__ = ["TestRow", "test_rows"]

_OF_THE_RUN = {"run", "plan"}
_NAMED = 4  # cases of a kind of deviation that are named one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRow:
    """A test as the columns of a summary name it; every text but the titles is a list of short ones.

    The columns are those that FDA's guidance on non-clinical bench performance testing (2019) asks for.
    """

    __test__ = False  # no test of pytest's

    test: str
    title: str
    sample: tuple[str, ...]
    method: tuple[str, ...]
    criteria: tuple[str, ...]
    deviations: tuple[str, ...]
    results: tuple[str, ...]
    verdict: VerdictView


def test_rows(record: RunRecord) -> tuple[TestRow, ...]:
    """Return the tests of a record in the order of their first cases; the cases of a test differ only in settings."""
    found: dict[tuple[str, str], list[tuple[str, CaseRecord]]] = {}
    for index, case in enumerate(record.cases, 1):
        found.setdefault((case.plan, _test(case)), []).append((f"case-{index}", case))
    noted: dict[str, list[tuple[str, str]]] = {}
    for anomaly in anomalies(record):
        noted.setdefault(anomaly.key, []).append((anomaly.where, anomaly.kind))
    return tuple(_row(record, name, cases, noted) for (_, name), cases in found.items())


def _test(case: CaseRecord) -> str:
    return case.id.partition("[")[0]


def _row(
    record: RunRecord, name: str, cases: list[tuple[str, CaseRecord]], noted: dict[str, list[tuple[str, str]]]
) -> TestRow:
    decisive = [case for _, case in cases if not case.retried]
    return TestRow(
        test=name,
        title=cases[0][1].title,
        sample=tuple(_sample(record, decisive)),
        method=tuple(_method(record, cases[0][1].plan, decisive)),
        criteria=criteria(check.limit for case in decisive for check in case.judgements),
        deviations=(
            *_unexpected(decisive),
            *_deviations(pair for key in ("", *(key for key, _ in cases)) for pair in noted.get(key, ())),
        )
        or ("none recorded",),
        results=_results(case.verdict for case in decisive),
        verdict=view_verdict(worst([case.verdict for case in decisive] or [Verdict.NOT_RUN])),
    )


def _sample(record: RunRecord, cases: list[CaseRecord]) -> Iterable[str]:
    if record.device:
        yield f"1 device: {record.device.model}, serial {record.device.serial}"
    else:
        yield "no device named"
    yield f"{len(cases)} case{'s' * (len(cases) != 1)}"
    if loads := dict.fromkeys(wording.typeset(case.load.name) for case in cases if case.load):
        yield f"into {', '.join(loads)}"


def _method(record: RunRecord, named: str, cases: list[CaseRecord]) -> Iterable[str]:
    revision = next((plan.revision for plan in record.plans if plan.id == named), "")
    yield f"plan {named}, revision {revision}" if revision else f"plan {named}"
    yield from dict.fromkeys(
        wording.clause(check.limit)
        for case in cases
        for check in case.judgements
        if check.limit.clause or check.limit.edition
    )
    yield from dict.fromkeys(f"decision rule {wording.words(case.decision_rule.value)}" for case in cases)


def _deviations(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return each kind of deviation with the number of times it occurred, and the first cases it concerns."""
    kinds: dict[str, list[str]] = {}
    for where, kind in found:
        kinds.setdefault(kind, []).append(where)
    return tuple(_kind(kind, places) for kind, places in kinds.items())


def _unexpected(cases: list[CaseRecord]) -> Iterable[str]:
    """Yield that cases did not pass: that is an unexpected result by itself, whatever was recorded besides."""
    number = sum(case.verdict is not Verdict.PASS for case in cases)
    if number:
        yield f"{number} of {len(cases)} case{'s' * (len(cases) != 1)} did not pass"


def _kind(kind: str, places: list[str]) -> str:
    if not set(places) - _OF_THE_RUN:
        return f"whole run: {kind}" if len(places) == 1 else f"whole run: {kind} (×{len(places)})"
    named = list(dict.fromkeys(places))
    cases = ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")
    return f"{kind}: {cases}" if len(places) == 1 else f"{kind} (×{len(places)}): {cases}"


def _results(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    counts = Counter(verdicts)
    order = sorted(counts, key=lambda verdict: -verdict.severity)
    return tuple(f"{counts[verdict]} {wording.words(verdict.value)}" for verdict in order)
