"""ATML test results: held against a transcript of the schemas' rules, and against the record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from rig.evidence.about import DeviationEntry, EnvironmentEntry, LaboratoryEntry, ReadingEntry
from rig.evidence.record import CaseRecord, RunRecord
from rig.model.verdict import Verdict
from rig.report.exports.atml import write_atml
from rig.report.exports.exported import ExportedRun

SCHEMA = Path(__file__).parent / "atml/collection.xsd"
SPACES = {
    "trc": "urn:IEEE-1636.1:2011:01:TestResultsCollection",
    "tr": "urn:IEEE-1636.1:2011:01:TestResults",
    "c": "urn:IEEE-1671:2010:Common",
    "rig": "urn:nmes-rig:atml:1",
}
OUTCOMES = {
    Verdict.PASS: ("Passed", None),
    Verdict.CONDITIONAL_PASS: ("Passed", "CONDITIONAL_PASS"),
    Verdict.NOT_RUN: ("Aborted", "NOT_RUN"),
    Verdict.INCONCLUSIVE: ("Aborted", "INCONCLUSIVE"),
    Verdict.ERROR: ("Aborted", "ERROR"),
    Verdict.ABORTED: ("Aborted", None),
    Verdict.CONDITIONAL_FAIL: ("Failed", "CONDITIONAL_FAIL"),
    Verdict.FAIL: ("Failed", None),
}


def written(record: RunRecord, **more: Any) -> Any:
    """Return the only results of a document that keeps to the rules, in which every ID is there once."""
    run = ExportedRun(
        record=record, record_sha256="ab" * 32, of=len(record.cases), **{"manifest_sha256": "cd" * 32, **more}
    )
    document = etree.fromstring(write_atml(run).encode())
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    assert schema.validate(document), schema.error_log
    names = [one.get("ID") for one in found(document, ".//*[@ID]") if "SystemOperator" not in one.tag]
    assert len(set(names)) == len(names)
    (results,) = document
    return results


def found(within: Any, path: str) -> list[Any]:
    nodes: list[Any] = within.xpath(path, namespaces=SPACES)
    return nodes


def outcome(of: Any) -> tuple[str, str | None]:
    (one,) = found(of, "tr:Outcome")
    return one.get("value"), one.get("qualifier")


def test_every_case_and_every_check_is_there_with_its_outcome(record: RunRecord) -> None:
    results = written(record)
    (run,) = found(results, "tr:ResultSet")
    assert outcome(run) == OUTCOMES[record.verdict]
    groups = found(run, "tr:TestGroup/tr:TestGroup")
    assert [outcome(group) for group in groups] == [OUTCOMES[case.verdict] for case in record.cases]
    for case, group in zip(record.cases, groups, strict=True):
        checks = found(group, "tr:Test/tr:TestResult[tr:Outcome]")
        assert [outcome(check) for check in checks] == [OUTCOMES[entry.verdict] for entry in case.judgements]


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_has_an_outcome_that_every_edition_knows(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], verdict: Verdict
) -> None:
    results = written(make_run((make_case(1, 0.02, "500 ohm", verdict=verdict, reason="because"),)))
    assert outcome(found(results, "tr:ResultSet/tr:TestGroup/tr:TestGroup")[0]) == OUTCOMES[verdict]


def test_values_have_units_uncertainties_and_limits(record: RunRecord) -> None:
    results = written(record)
    check = record.cases[0].judgements[0]
    (test, *_) = found(results, "tr:ResultSet/tr:TestGroup/tr:TestGroup[1]/tr:Test[@name='phase_top']")
    (judged, measured) = found(test, "tr:TestResult")
    (datum,) = found(judged, "tr:TestData/c:Datum")
    assert (float(datum.get("value")), datum.get("standardUnit")) == (check.value, "A")
    bounds = found(datum, "c:ErrorLimits/c:LimitPair/c:Limit/c:Datum/@value")
    assert [float(one) for one in bounds] == [-(check.expanded_uncertainty or 0), check.expanded_uncertainty]
    limits = found(judged, "tr:TestLimits/tr:Limits/c:LimitPair[@operator='AND']/c:Limit")
    assert [(one.get("comparator"), float(one[0].get("value"))) for one in limits] == [
        ("GE", check.limit.lower),
        ("LE", check.limit.upper),
    ]
    items = {one.get("name"): float(one[0].get("value")) for one in found(measured, "tr:TestData/c:Collection/c:Item")}
    entry = record.cases[0].measurements[0]
    assert (items["value"], items["coverage factor"], items["n"]) == (entry.value, entry.coverage_factor, entry.n)


def test_one_sided_and_open_limits_say_so(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    case = make_case(1, 0.02, "500 ohm")
    (first, *rest) = case.judgements
    opened = first.limit.model_copy(update={"lower": None, "upper_closed": False})
    changed = case.model_copy(update={"judgements": (first.model_copy(update={"limit": opened}), *rest)})
    results = written(make_run((changed,)))
    (limit,) = found(results, ".//tr:Test[@name='phase_top']//tr:Limits/*[1]")
    assert (etree.QName(limit).localname, limit.get("comparator")) == ("SingleLimit", "LT")


def test_device_station_instruments_and_their_calibrations(record: RunRecord) -> None:
    results = written(record)
    assert found(results, "tr:UUT/c:SerialNumber/text()") == ["P24-000123"]
    assert found(results, "tr:UUT//c:Manufacturer/@name") == ["HASOMED"]
    assert found(results, "tr:TestStation/c:SerialNumber/text()") == ["bench-2"]
    (card,) = found(results, "tr:TestStation/c:Components/c:Component/c:Definition[c:SerialNumber='01D2A3B4']")
    assert found(card, "c:Calibration/@time") == ["2026-03-14T00:00:00+00:00"]
    (told,) = found(card, "c:Definition/c:Extension/rig:Calibration")
    assert (told.get("due"), told.get("expired"), told.get("certificate")) == ("2026-09-30", "true", "C-2026-0002")
    assert found(results, "tr:Personnel/tr:SystemOperator/@name") == ["M. Weber"]


def test_raw_files_are_referenced_by_their_hash(record: RunRecord) -> None:
    references = found(written(record), "tr:References/tr:Reference")
    stated = {(one.get("name"), one.get("controlNumber")) for one in references}
    assert len(stated) == len(references)
    assert ("record.json", f"sha256:{'ab' * 32}") in stated
    for case in record.cases:
        for capture in case.captures:
            assert (capture.source.file, f"sha256:{capture.source.sha256}") in stated


def test_what_a_run_is_not_worth_is_an_event(record: RunRecord) -> None:
    results = written(record, incomplete="never sealed", manifest_sha256="")
    events = found(results, "tr:ResultSet/tr:Events/tr:Event")
    told = {(one.get("name"), one.get("severity"), "".join(one.itertext()).strip()) for one in events}
    assert ("incomplete", "4", "never sealed") in told
    assert ("engineering only", "4", "daq: calibration was due on 2026-09-30") in told
    assert {one.get("name"): one.text for one in found(results, "tr:Extension/rig:Provenance/rig:Entry")}["incomplete"]


def test_surroundings_and_deviations_are_told(record: RunRecord) -> None:
    reading = ReadingEntry(value=22.4, expanded_uncertainty=0.5)
    stated = EnvironmentEntry(temperature=reading, humidity=ReadingEntry(value=0.41))
    deviation = DeviationEntry(text="Another cable", cause="the first broke", impact="none")
    assert record.bench
    bench = record.bench.model_copy(update={"laboratory": LaboratoryEntry(name="Output laboratory")})
    results = written(record.model_copy(update={"environment": stated, "deviations": (deviation,), "bench": bench}))
    assert found(results, "tr:Site/@name") == ["Output laboratory"]
    data = found(results, "tr:ResultSet/tr:EnvironmentalData/tr:Environmental")
    told = [(one.get("name"), float(one[0].get("value")), one[0].get("standardUnit")) for one in data]
    assert told == [("temperature", 22.4, "°C"), ("relative humidity", 0.41, None)]
    messages = found(results, "tr:ResultSet/tr:Events/tr:Event[@name='deviation']/tr:Message/text()")
    assert messages == ["Another cable; why: the first broke; none"]


def test_nothing_of_a_run_is_still_a_document(make_run: Callable[..., RunRecord]) -> None:
    assert not found(written(make_run((), plans=(), packs=(), bench=None, device=None, operator="")), ".//tr:TestGroup")


def test_the_same_run_gives_the_same_document(record: RunRecord) -> None:
    assert etree.tostring(written(record)) == etree.tostring(written(record))
