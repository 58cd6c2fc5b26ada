"""The results of a run as ATML's groups: a group for each plan and case, a test for each measurand that was judged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict, worst
from rig.report.exports.atml_data import datum, limits, number, said, text_datum
from rig.report.xml_element import element
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree import ElementTree as ET

    from rig.evidence.record import CaseRecord, JudgementEntry, MeasurementEntry, RunRecord
    from rig.report.exports.exported import ExportedRun

__all__ = ["write_results"]

_OUTCOMES = {
    Verdict.PASS: "Passed",
    Verdict.CONDITIONAL_PASS: "Passed",
    Verdict.CONDITIONAL_FAIL: "Failed",
    Verdict.FAIL: "Failed",
    Verdict.NOT_RUN: "Aborted",
    Verdict.INCONCLUSIVE: "Aborted",
    Verdict.ERROR: "Aborted",
    Verdict.ABORTED: "Aborted",
}
_PLAIN = {Verdict.PASS, Verdict.FAIL, Verdict.ABORTED}
_SEVERE, _DEVIATING, _NOTED = "4", "2", "1"


def write_results(root: ET.Element, run: ExportedRun) -> None:
    """Add the result set of a run."""
    record = run.record
    results = _action(root, "tr:ResultSet", "run", record.run_id, record.started, record.finished, record.run_id)
    if events := tuple(_events(run)):
        made = element(results, "tr:Events", {})
        for index, (severity, name, message) in enumerate(events, 1):
            _event(made, f"run-event-{index}", severity, name, message)
    _surroundings(results, record)
    _outcome(results, record.verdict)
    plans = {plan.id: plan.title for plan in record.plans}
    for index, plan in enumerate(dict.fromkeys([*plans, *(case.plan for case in record.cases)]), 1):
        _plan(results, index, plan, plans.get(plan, plan), record)


def _events(run: ExportedRun) -> Iterator[tuple[str, str, str]]:
    record = run.record
    if run.incomplete:
        yield _SEVERE, "incomplete", run.incomplete
    for reason in record.engineering_only:
        yield _SEVERE, "engineering only", reason
    if record.end_reason != "completed":
        yield _SEVERE, "end", f"the run ended with {record.end_reason}"
    for deviation in record.deviations:
        told = (deviation.text, deviation.cause and f"why: {deviation.cause}", deviation.impact)
        yield _DEVIATING, "deviation", "; ".join(filter(None, told))
    for note in record.notes:
        yield _NOTED, "note", note


def _surroundings(results: ET.Element, record: RunRecord) -> None:
    """Add temperature (°C) and relative humidity (a ratio) as they were stated, with U for 95 %."""
    stated = record.environment
    readings = (("temperature", stated.temperature), ("relative humidity", stated.humidity)) if stated else ()
    known = [(name, reading) for name, reading in readings if reading is not None]
    if not known:
        return
    made = element(results, "tr:EnvironmentalData", {})
    for name, reading in known:
        unit = "°C" if name == "temperature" else None
        datum(element(made, "tr:Environmental", {"name": name}), reading.value, unit, reading.expanded_uncertainty)


def _event(parent: ET.Element, name: str, severity: str, called: str, message: str) -> None:
    made = element(parent, "tr:Event", {"ID": name, "name": said(called), "severity": severity, "source": "nmes-rig"})
    element(made, "tr:Message", {}, said(message))


def _action(
    parent: ET.Element, tag: str, name: str, called: str, began: datetime, ended: datetime | None, of: str
) -> ET.Element:
    told = {"ID": name, "name": said(called), "startDateTime": began.isoformat()}
    if ended is not None:
        told["endDateTime"] = ended.isoformat()
    return element(parent, tag, {**told, "testReferenceID": said(of)})


def _outcome(parent: ET.Element, verdict: Verdict) -> None:
    qualifier = {} if verdict in _PLAIN else {"qualifier": verdict.value}
    element(parent, "tr:Outcome", {"value": _OUTCOMES[verdict], **qualifier})


def _plan(parent: ET.Element, index: int, plan: str, title: str, record: RunRecord) -> None:
    cases = [(number, case) for number, case in enumerate(record.cases, 1) if case.plan == plan]
    group = _action(parent, "tr:TestGroup", f"plan-{index}", title, record.started, record.finished, plan)
    _outcome(group, worst(case.verdict for _, case in cases if not case.retried))
    for number_, case in cases:
        _case(group, f"case-{number_}", case, record)


def _after(began: datetime, seconds: float) -> datetime | None:
    """Return when something ended that lasted so long; None where no calendar knows that day."""
    try:
        return began + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _case(parent: ET.Element, name: str, case: CaseRecord, record: RunRecord) -> None:
    """Add an attempt at a case; what was measured and not judged are results of its own, without an outcome."""
    began = case.started or record.started
    ended = None if case.started is None else _after(began, case.duration or 0.0)
    called = case.id if case.attempt == 1 else f"{case.id} (attempt {case.attempt})"
    group = _action(parent, "tr:TestGroup", name, called, began, ended, case.location)
    element(group, "tr:Description", {}, said(f"{case.title}. {case.reason}"))
    told = tuple(_told(case))
    if told:
        made = element(group, "tr:Events", {})
        for index, (severity, of, message) in enumerate(told, 1):
            _event(made, f"{name}-event-{index}", severity, of, message)
    _parameters(group, name, case)
    _outcome(group, case.verdict)
    judged: dict[str, list[JudgementEntry]] = {}
    for check in case.judgements:
        judged.setdefault(check.limit.called, []).append(check)
    values = {entry.called: entry for entry in case.measurements}
    for index, entry in enumerate(values.values(), 1):
        if entry.called not in judged:
            _value(group, f"{name}-value-{index}", entry)
    for index, (measurand, checks) in enumerate(judged.items(), 1):
        test = _action(group, "tr:Test", f"{name}-test-{index}", measurand, began, ended, checks[0].limit.source)
        _test(test, f"{name}-test-{index}", checks, values.get(measurand))


def _told(case: CaseRecord) -> Iterator[tuple[str, str, str]]:
    if case.error:
        yield _SEVERE, case.error.type, f"while {case.error.stage}: {case.error.message}"
    if case.retried:
        yield _NOTED, "retried", "another attempt at this case followed, which decides"
    for trace in case.traces:
        yield "0", "covers", trace
    for capture in case.captures:
        yield "0", "capture", f"{capture.id}: {capture.source.file}, SHA-256 {capture.source.sha256}"
        for defect in capture.defects:
            yield _NOTED, "defect", f"{capture.id}: {defect}"
    if case.output_off:
        yield "0", "output off after the case", f"{case.output_off.verdict.value}: {case.output_off.reason}"


def _parameters(parent: ET.Element, name: str, case: CaseRecord) -> None:
    """Add what was set, and the load that it was set for."""
    stimulus = case.stimulus
    made = element(parent, "tr:Parameters", {})

    def data(called: str) -> ET.Element:
        parameter = element(made, "tr:Parameter", {"ID": f"{name}-{called.replace(' ', '-')}", "name": called})
        return element(parameter, "tr:Data", {})

    datum(data("channel"), stimulus.channel, None)
    datum(data("amplitude"), stimulus.amplitude, Unit.AMPERE)
    datum(data("phase duration"), stimulus.phase_duration, Unit.SECOND)
    datum(data("interphase"), stimulus.interphase, Unit.SECOND)
    datum(data("rate"), stimulus.rate, Unit.HERTZ)
    datum(data("train"), stimulus.train, Unit.SECOND)
    text_datum(data("shape"), stimulus.shape)
    text_datum(data("polarity"), stimulus.polarity)
    if case.load is not None:
        text_datum(data("load"), case.load.name)
        if case.load.resistance is not None:
            datum(data("load resistance"), case.load.resistance, Unit.OHM)
            datum(data("load standard uncertainty"), case.load.uncertainty, Unit.OHM)


def _test(test: ET.Element, name: str, checks: Sequence[JudgementEntry], measured: MeasurementEntry | None) -> None:
    """Add what was compared with each limit, and the value that it comes from."""
    element(test, "tr:Description", {}, said("; ".join(check.reason for check in checks)))
    _outcome(test, worst(check.verdict for check in checks))
    for index, check in enumerate(checks, 1):
        result = element(test, "tr:TestResult", {"ID": f"{name}-limit-{index}", "name": said(check.limit.called)})
        _outcome(result, check.verdict)
        element(result, "tr:Description", {}, said(f"{check.rule.value}: {check.reason}"))
        if check.value is not None:
            datum(element(result, "tr:TestData", {}), check.value, check.limit.unit, check.expanded_uncertainty)
        limits(result, check.limit)
    if measured is not None:
        _value(test, f"{name}-value", measured)


def _value(parent: ET.Element, name: str, entry: MeasurementEntry) -> None:
    """Add a measured value with all that is known of it, or why there is none."""
    result = element(parent, "tr:TestResult", {"ID": name, "name": said(f"{entry.called}, measured")})
    origin = " > ".join(entry.origin)
    if entry.value is None:
        element(result, "tr:Description", {}, said(entry.reason, "not measured"))
        return
    if origin:
        element(result, "tr:Description", {}, said(origin))
    collection = element(element(result, "tr:TestData", {}), "c:Collection", {})
    datum(element(collection, "c:Item", {"name": "value"}), entry.value, entry.unit, entry.expanded_uncertainty)
    number(collection, "expanded uncertainty", entry.expanded_uncertainty, entry.unit)
    number(collection, "coverage factor", entry.coverage_factor)
    number(collection, "n", entry.n)
    number(collection, "minimum", entry.minimum, entry.unit)
    number(collection, "maximum", entry.maximum, entry.unit)
    number(collection, "standard deviation", entry.std, entry.unit)
