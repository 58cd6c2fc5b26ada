"""What continuous integration is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from lxml import etree

from rig.evidence.record import CaseRecord, RunRecord
from rig.model.verdict import Verdict
from rig.report.junit import write_junit

SUREFIRE = Path(__file__).parent / "junit/surefire.xsd"
OUTCOMES = {
    Verdict.PASS: None,
    Verdict.CONDITIONAL_PASS: None,
    Verdict.NOT_RUN: "skipped",
    Verdict.INCONCLUSIVE: "error",
    Verdict.ERROR: "error",
    Verdict.ABORTED: "error",
    Verdict.CONDITIONAL_FAIL: "failure",
    Verdict.FAIL: "failure",
}


def parse(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - written a moment ago by the code under test


def outcome(element: ET.Element) -> str | None:
    tags = [child.tag for child in element if child.tag != "properties"]
    assert len(tags) <= 1
    return tags[0] if tags else None


def test_every_case_is_one_test_and_the_counts_agree(record: RunRecord) -> None:
    root = parse(write_junit(record))
    cases = list(root.iter("testcase"))
    assert len(cases) == len(record.cases)
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    for element in (root, *root.iter("testsuite")):
        inside = [outcome(case) for case in element.iter("testcase")]
        assert element.get("tests") == str(len(inside))
        assert element.get("failures") == str(inside.count("failure"))
        assert element.get("errors") == str(inside.count("error"))
        assert element.get("skipped") == str(inside.count("skipped"))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_has_its_outcome(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], verdict: Verdict
) -> None:
    text = write_junit(make_run((make_case(1, 0.02, "500 ohm", verdict=verdict, reason="because"),)))
    (case,) = parse(text).iter("testcase")
    expected = OUTCOMES[verdict]
    assert outcome(case) == expected
    if expected:
        (child,) = [child for child in case if child.tag == expected]
        assert child.get("message") == "because"
        assert child.get("type") == (None if expected == "skipped" else verdict.value)


def test_a_failure_shows_place_value_and_limit(record: RunRecord) -> None:
    (failure,) = parse(write_junit(record)).iter("failure")
    assert failure.text
    assert "plans/output.plan.yaml:24:5" in failure.text
    assert "phase_top = 62.50 ± 0.35 mA" in failure.text


def test_numbers_are_properties_in_si_units(record: RunRecord) -> None:
    case = next(iter(parse(write_junit(record)).iter("testcase")))
    found = {entry.get("name"): entry.get("value") for entry in case.iter("property")}
    check = record.cases[0].judgements[0]
    assert float(found["check.1.value"] or "") == check.value
    assert float(found["check.1.expanded_uncertainty"] or "") == check.expanded_uncertainty
    assert float(found["check.1.upper"] or "") == check.limit.upper
    assert found["check.1.unit"] == "A"
    assert (case.get("file"), case.get("line")) == ("plans/output.plan.yaml", "24")


def test_illegal_characters_are_left_out(record: RunRecord) -> None:
    text = write_junit(record)
    assert "\x00" not in text
    (title,) = [
        entry.get("value") for entry in parse(text).iter("property") if "gnp" in (entry.get("value") or "")
        and entry.get("name") == "title"
    ]  # fmt: skip
    assert title
    assert title.startswith("<script>")


def test_an_attempt_that_was_tried_again_counts_as_skipped(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    cases = (
        make_case(1, 0.02, "500 ohm", verdict=Verdict.ERROR, retried=True),
        make_case(1, 0.02, "500 ohm", attempt=2),
    )
    root = parse(write_junit(make_run(cases)))
    assert [root.get(name) for name in ("tests", "errors", "skipped")] == ["2", "0", "1"]


def test_an_empty_run_is_valid(make_run: Callable[..., RunRecord]) -> None:
    root = parse(write_junit(make_run((), plans=(), bench=None, device=None)))
    assert root.get("tests") == "0"


def test_it_keeps_to_the_schema_that_servers_read(record: RunRecord) -> None:
    schema = etree.XMLSchema(etree.parse(SUREFIRE))
    told = (("record_sha256", "ab" * 32), ("incomplete", "\x00<never> sealed"))
    document = etree.fromstring(write_junit(record, told).encode())
    assert schema.validate(document), schema.error_log
    for suite in document:
        assert suite.find("properties/property[@name='incomplete']").get("value") == "<never> sealed"
        case = suite.find("testcase")
        found = {one.get("name"): one.get("value") for one in case.iterfind("properties/property")}
        assert float(found["check.1.coverage_factor"]) == record.cases[0].measurements[0].coverage_factor
        assert found[f"capture.{record.cases[0].captures[0].id}.sha256"] == record.cases[0].captures[0].source.sha256
