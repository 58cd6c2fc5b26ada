"""What people said of a run: shown where it belongs, and said to be missing where they said nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from rig.evidence.about import AboutEntry, DeviationEntry
from rig.evidence.record import CaseRecord, RunRecord
from rig.model.verdict import Verdict
from rig.report.about import NOT_STATED, view_about
from rig.report.all_data import all_data
from rig.report.quantities import quantities
from rig.report.render import render_html
from rig.report.sections import SECTIONS
from rig.report.standing import Standing
from rig.report.view import view_report
from rig.units import Unit


def test_what_nobody_said_is_said_to_be_missing(make_run: Callable[..., RunRecord]) -> None:
    about = view_about(make_run(()))
    rows = dict((*about.purpose, *about.item, *about.sampling, *about.criteria))
    silent = {name for name, text in rows.items() if text == NOT_STATED}
    assert {"Laboratory", "Customer", "Objective", "Lot", "Final, finished device", "Worst case"} <= silent
    assert dict(about.environment) == {"Temperature": "not recorded", "Relative humidity": "not recorded"}


def test_everything_that_was_said_is_on_the_page(
    make_run: Callable[..., RunRecord], describe: Callable[[RunRecord], RunRecord]
) -> None:
    record = describe(make_run(()))
    page = render_html(record, None).replace("\u202f", " ")
    assert record.plans[0].about
    assert record.device
    assert record.device.sample
    said = [text for text in record.plans[0].about.model_dump(exclude={"standards"}).values() if text]
    sample = record.device.sample
    said += [sample.description, sample.lot, sample.conditioning, str(sample.received), *sample.accessories]
    said += [
        "no. The label is missing.",
        "23.1 ± 0.5 °C (k = 2)",
        "41 ± 3 % (k = 2)",
        "thermohygrometer TH-1, C-2026-0040",
    ]
    said += ["IEC 60601-2-10, 2012; deviations from it: 10 kohm was added", "Room 12", "From the front"]
    said += ["A lead was replaced.", "cause: broken plug", "none: it was not measured"]
    assert [text for text in said if text not in page] == []
    assert page.count("front.jpg") == 3  # where it is shown, and where it is listed with its origin


def test_plans_that_say_different_things_are_told_apart(make_run: Callable[..., RunRecord], record: RunRecord) -> None:
    first, second = (
        record.plans[0].model_copy(update={"id": name, "about": AboutEntry(objective=f"to {name}", customer="C")})
        for name in ("P-1", "P-2")
    )
    rows = dict(view_about(make_run((), plans=(first, second))).purpose)
    assert (rows["Objective (P-1)"], rows["Objective (P-2)"], rows["Customer"]) == ("to P-1", "to P-2", "C")


def test_a_deviation_without_its_impact_is_unresolved(make_run: Callable[..., RunRecord]) -> None:
    told = (DeviationEntry(text="a pause"), DeviationEntry(text="a lead", impact="none"))
    report = view_report(make_run((), deviations=told))
    assert [(one.text, one.unresolved) for one in report.anomalies] == [("a pause", True), ("a lead", False)]
    assert report.unresolved.startswith("1 of 2 entries is unresolved")


def test_what_was_repeated_is_kept_and_resolved_by_what_came_of_it(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    case = make_case(1, 0.02, "500 ohm")
    zero, signal = case.captures
    clipped = signal.model_copy(update={"id": "signal-0", "defects": ("clipped at the upper rail",)})
    record = make_run((case.model_copy(update={"captures": (zero, clipped, signal)}),))
    (anomaly,) = view_report(record).anomalies
    assert (anomaly.impact, anomaly.unresolved) == ("none: this capture was not judged", False)
    data = all_data(record)
    assert [(one.capture, one.why) for one in data.discarded] == [("signal-0", "clipped at the upper rail")]
    assert "judged is signal-1" in data.discarded[0].outcome
    assert sum(int(number) for _, number, _ in data.counts) == 3


def test_cases_of_different_settings_are_summarised_by_their_deviation(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    cases = tuple(make_case(number, amplitude, "500 ohm") for number, amplitude in enumerate((0.01, 0.02, 0.05), 1))
    tops = [
        next(entry.value or 0.0 for entry in case.measurements if entry.measurand == "phase_top")
        / case.stimulus.amplitude
        - 1
        for case in cases
    ]
    rows = {row.measurand: row for row in quantities(make_run(cases))}
    top, rate = rows["phase top"], rows["pulse rate"]
    assert (top.of, top.cases, top.items) == ("deviation from the set value", "3", "150")
    assert top.mean.replace("−", "-").partition("\u202f")[0] == f"{100 * sum(tops) / 3:.4g}"
    assert (rate.of, rate.mean.partition("\u202f")[0]) == ("value", "50")


def test_what_is_summarised_over_different_settings_says_which(
    make_run: Callable[..., RunRecord], record: RunRecord
) -> None:
    def into(name: str) -> CaseRecord:
        assert first.load
        return first.model_copy(update={"id": f"t[{name}]", "load": first.load.model_copy(update={"name": name})})

    first = record.cases[0]
    judged = {one.limit.called for one in first.judgements}
    units = {one.called.replace("_", " "): one.unit for one in first.measurements if one.called in judged}
    assert {row.of for row in quantities(make_run((into("500 ohm"), into("500 ohm"))))} == {"value"}
    loads = {row.measurand: row.of for row in quantities(make_run((into("500 ohm"), into("2 kohm"))))}
    assert loads["phase top"] == loads["net charge"] == "value, over cases that differ in load"
    assert loads["pulse rate"] == "value"
    assert all(of == "value" for name, of in loads.items() if units[name] in {Unit.ONE, Unit.COUNT})
    fast = first.stimulus.model_copy(update={"rate": 99.0})
    cases = (first.model_copy(update={"id": "t[1]"}), first.model_copy(update={"id": "t[2]", "stimulus": fast}))
    rates = {row.measurand: row.of for row in quantities(make_run(cases))}
    assert rates["net charge"] == "value, over cases that differ in rate"
    assert rates["phase top"] == "value"


def test_what_was_done_otherwise_in_the_whole_run_stands_beside_each_test(record: RunRecord) -> None:
    told = DeviationEntry(text="Another cable.", cause="broken", impact="none")
    report = view_report(record.model_copy(update={"deviations": (told,)}))
    assert report.tests
    assert all("whole run: deviation" in row.deviations for row in report.tests)


def test_a_case_that_did_not_pass_is_an_unexpected_result(
    make_run: Callable[..., RunRecord], record: RunRecord
) -> None:
    first = record.cases[0]
    cases = [
        first.model_copy(update={"id": f"t[{verdict.value}]", "verdict": verdict})
        for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.NOT_RUN, Verdict.CONDITIONAL_PASS)
    ]
    (row,) = view_report(make_run(cases)).tests
    assert row.deviations == ("3 of 4 cases did not pass",)
    (row,) = view_report(make_run(cases[:1])).tests
    assert row.deviations == ("none recorded",)


def test_a_report_rendered_again_says_so(make_run: Callable[..., RunRecord]) -> None:
    record = make_run(())
    first = view_report(record)
    again = view_report(record, Standing(rendered=datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC), software="9.9"))
    assert first.issue.id == record.run_id
    assert again.issue.id == f"{record.run_id}-r20270102t030405z"
    assert again.issue.issued == "2027-01-02"
    assert "Nothing in the evidence" in again.issue.rows[-1][1]
    assert f"End of report {again.issue.id}" in render_html(
        record, None, Standing(rendered=datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC))
    )


def test_both_renderings_take_their_sections_from_one_list(record: RunRecord) -> None:
    page = render_html(record, None)
    found = re.findall(r'<h2 id="([a-z]+)">([^<]*)</h2>', page)
    assert found == [(key, one.heading) for key, one in SECTIONS.items()]
    assert [one.number for one in SECTIONS.values()] == list(range(1, len(SECTIONS) + 1))


@pytest.mark.parametrize("hostile", ["<script>x</script>", "</style>", "a\u202eb"])
def test_what_people_say_is_text(make_run: Callable[..., RunRecord], hostile: str) -> None:
    page = render_html(make_run((), deviations=(DeviationEntry(text=hostile, cause=hostile, impact=hostile),)), None)
    assert page.count("<script>") == 1
    assert page.count("</style>") == 1
    assert "\u202e" not in page
