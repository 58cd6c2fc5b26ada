"""The record as JUnit XML, for the servers that run and count tests.

FAIL and CONDITIONAL_FAIL are failures: the device did it. ERROR, ABORTED and INCONCLUSIVE are errors: the rig could not
tell. NOT_RUN is skipped. PASS and CONDITIONAL_PASS pass; the verdict itself is always among the properties.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.report.xml_element import element, xml_text
from rig.units import format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree import ElementTree as ET

    from rig.evidence.record import CaseRecord, JudgementEntry, PlanEntry, RunRecord

__all__ = ["write_junit"]

_OUTCOMES = {
    Verdict.PASS: "",
    Verdict.CONDITIONAL_PASS: "",
    Verdict.NOT_RUN: "skipped",
    Verdict.INCONCLUSIVE: "error",
    Verdict.ERROR: "error",
    Verdict.ABORTED: "error",
    Verdict.CONDITIONAL_FAIL: "failure",
    Verdict.FAIL: "failure",
}


def write_junit(record: RunRecord, provenance: Iterable[tuple[str, str]] = ()) -> str:
    """Return JUnit XML: one suite per plan, one test case per attempt at a case; values as properties in SI units.

    ``provenance`` joins the properties of every suite: what is known of the bundle once it is sealed.
    """
    root = element(None, "testsuites", {"name": record.run_id, **_counts(record.cases)})
    plans = {plan.id: plan for plan in record.plans}
    for plan in dict.fromkeys([*plans, *(case.plan for case in record.cases)]):
        cases = [case for case in record.cases if case.plan == plan]
        started = {"timestamp": record.started.isoformat(timespec="seconds")}
        suite = element(root, "testsuite", {"name": plan, **_counts(cases), **started})
        _properties(suite, {**dict(_about(record, plans.get(plan))), **dict(provenance)}.items())
        for case in cases:
            _case(suite, case)
    return xml_text(root)


def _counts(cases: Iterable[CaseRecord]) -> dict[str, str]:
    entries = list(cases)
    outcomes = [_outcome(case) for case in entries]
    return {
        "tests": str(len(entries)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
        "time": f"{sum(case.duration or 0.0 for case in entries):.3f}",
    }


def _properties(parent: ET.Element, pairs: Iterable[tuple[str, str]]) -> None:
    properties = element(parent, "properties", {})
    for name, value in pairs:
        element(properties, "property", {"name": name, "value": value})


def _about(record: RunRecord, plan: PlanEntry | None) -> Iterable[tuple[str, str]]:
    yield "run", record.run_id
    yield "verdict", record.verdict.value
    yield "end", record.end_reason
    yield "engineering_only", "; ".join(record.engineering_only) or "no"
    if record.bench:
        yield "bench", record.bench.id
        yield "virtual", str(record.bench.virtual).lower()
    if record.device:
        yield "device", f"{record.device.manufacturer} {record.device.model} {record.device.serial}"
    yield "software", f"{record.software.version} {record.software.commit}".rstrip()
    if plan:
        yield "plan.revision", plan.revision
        yield "plan.sha256", plan.source.sha256


def _case(suite: ET.Element, case: CaseRecord) -> None:
    name = case.id if case.attempt == 1 else f"{case.id} (attempt {case.attempt})"
    place = re.fullmatch(r"(?P<file>.*?):(?P<line>\d+)(?::\d+)?", case.location, re.DOTALL)
    made = element(
        suite,
        "testcase",
        {
            "classname": case.plan,
            "name": name,
            "time": f"{case.duration or 0.0:.3f}",
            **(place.groupdict() if place else {}),
        },
    )
    _properties(made, _about_case(case))
    if outcome := _outcome(case):
        kind = {} if outcome == "skipped" else {"type": case.verdict.value}
        message = case.reason or case.verdict.value
        element(made, outcome, {"message": message, **kind}, "\n".join(_lines(case)))


def _outcome(case: CaseRecord) -> str:
    """Return what a reader of JUnit knows: an attempt after which another one followed decides nothing."""
    return "skipped" if case.retried else _OUTCOMES[case.verdict]


def _about_case(case: CaseRecord) -> Iterable[tuple[str, str]]:
    yield "verdict", case.verdict.value
    yield "title", case.title
    for trace in case.traces:
        yield "trace", trace
    for capture in case.captures:
        yield f"capture.{capture.id}.sha256", capture.source.sha256
    factors = {entry.called: entry.coverage_factor for entry in case.measurements if entry.value is not None}
    for number, check in enumerate(case.judgements, 1):
        stem = f"check.{number}."
        yield f"{stem}measurand", check.limit.called
        yield f"{stem}verdict", check.verdict.value
        yield f"{stem}unit", check.limit.unit.value
        numbers = {
            "value": check.value,
            "expanded_uncertainty": check.expanded_uncertainty,
            "coverage_factor": factors.get(check.limit.called),
            "lower": check.limit.lower,
            "upper": check.limit.upper,
            "margin": check.margin,
        }
        yield from ((f"{stem}{name}", repr(value)) for name, value in numbers.items() if value is not None)


def _lines(case: CaseRecord) -> Iterable[str]:
    """Yield what a person wants to read: the place, the error, and every check that did not pass."""
    yield f"{case.location}: {case.id}: {case.verdict.value}: {case.reason}"
    if case.error:
        yield f"{case.error.type} while {case.error.stage}: {case.error.message}"
    for check in case.judgements:
        if check.verdict is not Verdict.PASS:
            found = f"{check.limit.called} = {_value(check)}, limit {check.limit.text}"
            yield f"{check.verdict.value}: {found}: {check.reason}"


def _value(check: JudgementEntry) -> str:
    if check.value is None:
        return "not measured"
    if check.expanded_uncertainty is None:
        return format_quantity(check.value, check.limit.unit)
    return format_result(check.value, check.expanded_uncertainty, check.limit.unit)
