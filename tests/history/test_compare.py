"""What is said to be otherwise is otherwise, and by more than its uncertainty."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest

from rig.evidence.record import CaseRecord, MeasurementEntry
from rig.history.compare import compare, e_n
from rig.history.results import MeasurementRow, Results
from rig.model.verdict import Verdict
from rig.report.comparison import compare_exit_code, comparison_csv, comparison_paper
from rig.report.paper import html_paper, markdown_paper, show_paper
from rig.units import Unit
from tests.history.conftest import Rows
from tests.report.conftest import HOSTILE, bench, case, measured


def two(*cases: CaseRecord) -> tuple[CaseRecord, ...]:
    return cases or (case(1, 0.02, "500 ohm"), case(2, 0.05, "500 ohm"))


def moved(entry: MeasurementEntry, **changes: object) -> MeasurementEntry:
    return entry.model_copy(update=changes)


def with_first(one: CaseRecord, entry: MeasurementEntry) -> CaseRecord:
    return one.model_copy(update={"measurements": (entry, *one.measurements[1:])})


def row(value: float | None, uncertainty: float | None, unit: str | None = "A") -> MeasurementRow:
    return MeasurementRow(
        run_id="r", case_position=0, position=0, measurand="phase_top", during="", instrument="", unit=unit,
        value=value, n=1, minimum=None, maximum=None, std=None, expanded_uncertainty=uncertainty, expanded_single=None,
        coverage_factor=2.0, reason="",
    )  # fmt: skip


def test_e_n_is_the_difference_in_expanded_uncertainties_of_the_difference() -> None:
    assert e_n(row(1.0, 0.3), row(1.5, 0.4)) == pytest.approx(1.0)
    assert e_n(row(1.5, 0.3), row(1.0, 0.4)) == pytest.approx(1.0)
    assert e_n(row(1.0, 0.0), row(1.0, 0.5)) == 0.0
    for one, other in [
        (row(None, None), row(1.0, 0.1)),
        (row(1.0, None), row(1.0, 0.1)),
        (row(1.0, 0.0), row(1.0, 0.0)),
        (row(1.0, 0.1, "V"), row(1.0, 0.1)),
    ]:
        assert e_n(one, other) is None


def test_a_run_is_not_otherwise_than_itself(rows: Rows) -> None:
    found = compare(rows(), rows(run_id="again"))
    assert (found.outcome, compare_exit_code(found)) == ("same", 0)
    assert (found.cases, found.values, found.limits, found.circumstances) == ((), (), (), ())
    assert found.compared > 30


@pytest.mark.parametrize(("factor", "outcome", "code"), [(0.999, "same", 0), (1.001, "values changed", 3)])
def test_a_value_is_told_from_the_uncertainty_of_the_difference_on(
    rows: Rows, factor: float, outcome: str, code: int
) -> None:
    one = case(1, 0.02, "500 ohm")
    top = one.measurements[0]
    assert top.value is not None
    assert top.expanded_uncertainty is not None
    other = with_first(one, moved(top, value=top.value + factor * math.sqrt(2) * top.expanded_uncertainty))
    found = compare(rows(cases=(one,)), rows(cases=(other,)))
    assert (found.outcome, compare_exit_code(found)) == (outcome, code)
    assert [each.one.measurand for each in found.values] == (["phase_top"] if code else [])
    assert all(each.e_n == pytest.approx(factor) for each in found.values)


def test_exact_counts_differ_if_they_differ_at_all(rows: Rows) -> None:
    one = case(1, 0.02, "500 ohm")
    same, more = (with_first(one, measured("missing_pulses", Unit.COUNT, number, 0.0)) for number in (0.0, 1.0))
    assert compare(rows(cases=(same,)), rows(cases=(same,))).values == ()
    (found,) = compare(rows(cases=(same,)), rows(cases=(more,))).values
    assert (found.one.measurand, found.e_n) == ("missing_pulses", None)


def test_a_value_that_is_missing_in_one_run_is_told_and_one_missing_in_both_is_not(rows: Rows) -> None:
    one = case(1, 0.02, "500 ohm")
    missing = with_first(one, measured("phase_top", Unit.AMPERE, None, 0.0))
    (found,) = compare(rows(cases=(one,)), rows(cases=(missing,))).values
    assert found.after is not None
    assert (found.after.value, found.e_n) == (None, None)
    assert compare(rows(cases=(missing,)), rows(cases=(missing,))).values == ()


def test_changed_verdicts_name_case_and_check(rows: Rows) -> None:
    worse = two(case(1, 0.02, "500 ohm", gain=1.25), case(2, 0.05, "500 ohm"))
    found = compare(rows(cases=two()), rows(cases=worse))
    assert (found.outcome, compare_exit_code(found)) == ("verdict changed", 1)
    (changed,) = found.cases
    assert (changed.before.verdict, changed.after.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert [one.one.measurand for one in changed.checks] == ["phase_top"]


def test_the_last_attempt_counts(rows: Rows) -> None:
    failed = case(1, 0.02, "500 ohm", gain=1.25, retried=True)
    again = (failed, case(2, 0.02, "500 ohm", attempt=2))
    assert compare(rows(cases=(case(1, 0.02, "500 ohm"),)), rows(cases=again, verdict=Verdict.PASS)).outcome == "same"


def test_cases_of_one_run_only_and_limits_and_circumstances(rows: Rows) -> None:
    base = case(1, 0.02, "500 ohm")
    judgement = base.judgements[0]
    tighter = judgement.model_copy(update={"limit": judgement.limit.model_copy(update={"upper": 0.0213})})
    other = base.model_copy(update={"judgements": (tighter, *base.judgements[1:])})
    scope, *rest = bench().instruments
    assert scope.identity is not None
    newer = scope.model_copy(update={"identity": scope.identity.model_copy(update={"firmware": "7.50"})})
    found = compare(
        rows(cases=two()),
        rows(
            cases=(other, case(3, 0.1, "500 ohm")),
            bench=bench().model_copy(update={"instruments": (newer, *rest)}),
            operator="N. N.",
        ),
    )
    assert [one.id for one in found.only_before] == ["amplitude-accuracy[50mA-500ohm]"]
    assert [one.id for one in found.only_after] == ["amplitude-accuracy[100mA-500ohm]"]
    assert [(one.before.upper, one.after.upper) for one in found.limits] == [(1.1 * 0.02, 0.0213)]
    assert {one.what for one in found.circumstances} == {"operator", "instrument scope"}
    assert "firmware 7.50" in next(one.after for one in found.circumstances if one.what == "instrument scope")
    assert found.outcome == "values changed"


def test_a_limit_that_moved_within_its_file_is_the_same_limit(rows: Rows) -> None:
    base = case(1, 0.02, "500 ohm")
    lower = [
        one.model_copy(update={"limit": one.limit.model_copy(update={"source": "plans/output.plan.yaml:99:1"})})
        for one in base.judgements
        if not one.limit.clause
    ]
    pack = [one for one in base.judgements if one.limit.clause]
    found = compare(rows(cases=(base,)), rows(cases=(base.model_copy(update={"judgements": (*lower, *pack)}),)))
    assert (found.cases, found.limits) == ((), ())


def difference(rows: Rows) -> tuple[Results, Results]:
    worse = two(case(1, 0.02, "500 ohm", gain=1.25), case(3, 0.05, "500 ohm", title=HOSTILE, reason=HOSTILE))
    after = rows(cases=worse, run_id="after", operator=f"=1+1 {HOSTILE}")
    return rows(cases=two(), run_id="before"), after


def test_no_text_of_a_record_is_markup_or_a_formula(rows: Rows) -> None:
    found = compare(*difference(rows))
    paper = comparison_paper(found)
    page, markdown, text = html_paper(paper), markdown_paper(paper), "\n".join(show_paper(paper))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in markdown
    assert not {"\x00", "\u202e"} & {*page, *markdown, *text}
    assert all(line.count("|") == markdown.splitlines()[number + 1].count("|")
               for number, line in enumerate(markdown.splitlines()[:-1]) if line.startswith("| what"))  # fmt: skip
    read = list(csv.DictReader(io.StringIO(comparison_csv(found))))
    assert {one["what"] for one in read} == {
        "verdict of the run",
        "verdict of a case",
        "verdict of a check",
        "value",
        "circumstance",
    }
    (operator,) = [one for one in read if one["name"] == "operator"]
    assert operator["after"].startswith("'=1+1")


def test_csv_has_the_exact_values(rows: Rows) -> None:
    before, after = difference(rows)
    found = compare(before, after)
    read = [one for one in csv.DictReader(io.StringIO(comparison_csv(found))) if one["what"] == "value"]
    assert len(read) == len(found.values)
    for line, one in zip(read, found.values, strict=True):
        assert one.before is not None
        assert one.after is not None
        assert (float(line["before"]), float(line["after"])) == (one.before.value, one.after.value)


def test_the_farthest_value_comes_first(rows: Rows) -> None:
    found = compare(*difference(rows)).values
    assert [one.e_n for one in found] == sorted((one.e_n or 0.0 for one in found), reverse=True)
    assert found == compare(*(replace(one) for one in difference(rows))).values


def test_where_nothing_was_measured_nothing_is_the_same(rows: Rows) -> None:
    empty = case(1, 0.02, "500 ohm").model_copy(update={"measurements": ()})
    found = compare(rows(cases=(empty,)), rows(cases=(empty,)))
    assert (found.outcome, compare_exit_code(found)) == ("nothing compared", 3)
    assert "nothing could be compared" in comparison_paper(found).sentence


def test_compared_the_other_way_round_it_is_the_same_mirrored(rows: Rows) -> None:
    one, other = case(1, 0.02, "500 ohm"), case(1, 0.02, "500 ohm", gain=1.25)
    alone = case(2, 0.05, "500 ohm")
    there, back = (
        compare(rows(cases=first), rows(cases=second))
        for first, second in [((one, alone), (other,)), ((other,), (one, alone))]
    )
    assert there.outcome == back.outcome == "verdict changed"
    assert (there.only_before, there.only_after) == (back.only_after, back.only_before)
    assert there.compared == back.compared
    assert [(a.before, a.after, a.e_n) for a in there.values] == [(a.after, a.before, a.e_n) for a in back.values]
    for a, b in zip(there.cases, back.cases, strict=True):
        assert (a.before, a.after) == (b.after, b.before)
        assert {(c.before, c.after) for c in a.checks} == {(c.after, c.before) for c in b.checks}
