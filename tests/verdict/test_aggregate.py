from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import AnalysisError
from rig.model.judgement import DecisionRule, Judgement
from rig.model.limit import Interval, Limit
from rig.model.verdict import Verdict, worst
from rig.units import Unit
from rig.verdict.aggregate import case_verdict, exit_code, not_evaluated, run_verdict

VERDICTS = st.sampled_from(Verdict)
ENDS = (
    "completed", "limit_stop", "operator_abort", "estop", "guard_trip", "lease_lost", "comms_error", "crash",
    "failed_to_start",
)  # fmt: skip


def limit(name: str) -> Limit:
    return Limit(measurand=name, interval=Interval(upper=1.0), unit=Unit.AMPERE, text="", source="plan:1:1")


def judged(name: str, verdict: Verdict = Verdict.PASS) -> Judgement:
    return Judgement(limit=limit(name), rule=DecisionRule.SIMPLE, verdict=verdict, reason="")


@given(st.lists(VERDICTS, max_size=6), st.randoms())
def test_the_worst_does_not_depend_on_order_nor_on_grouping(verdicts: list[Verdict], chance: object) -> None:
    chance.shuffle(shuffled := list(verdicts))  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert worst(verdicts) is worst(shuffled)
    for cut in range(1, len(verdicts)):
        assert worst([worst(verdicts[:cut]), worst(verdicts[cut:])]) is worst(verdicts)


def test_a_failure_outranks_an_error_and_both_outrank_a_pass() -> None:
    assert worst([Verdict.ERROR, Verdict.FAIL, Verdict.PASS]) is Verdict.FAIL
    assert worst([Verdict.PASS, Verdict.ERROR, Verdict.INCONCLUSIVE]) is Verdict.ERROR


def test_a_case_passes_only_if_each_declared_check_was_judged() -> None:
    assert case_verdict([judged("a"), judged("b")], declared=[limit("a"), limit("b")]) is Verdict.PASS
    assert case_verdict([judged("a")], declared=[limit("a"), limit("b")]) is Verdict.INCONCLUSIVE
    assert case_verdict([judged("a", Verdict.FAIL)], declared=[limit("b")]) is Verdict.FAIL
    assert not_evaluated([limit("a"), limit("b")], [judged("a")]) == (limit("b"),)
    assert not_evaluated([limit("a"), limit("a")], [judged("a")]) == (limit("a"),)
    assert not_evaluated([], [judged("a")]) == ()


def test_without_a_judgement_nothing_has_passed() -> None:
    assert case_verdict([]) is Verdict.NOT_RUN
    assert case_verdict([], others=[Verdict.PASS]) is Verdict.NOT_RUN
    assert case_verdict([], others=[Verdict.ERROR]) is Verdict.ERROR
    assert run_verdict([]) is Verdict.NOT_RUN
    assert exit_code([]) == 3


@given(st.lists(VERDICTS, max_size=4), st.lists(VERDICTS, max_size=2), st.booleans())
def test_a_case_is_never_better_than_anything_in_it(
    verdicts: list[Verdict], others: list[Verdict], undeclared: bool
) -> None:
    judgements = [judged(str(index), verdict) for index, verdict in enumerate(verdicts)]
    declared = [limit("never judged")] if undeclared else []
    verdict = case_verdict(judgements, declared=declared, others=others)
    assert all(verdict.severity >= part.severity for part in (*verdicts, *others))
    assert not (undeclared and verdict is Verdict.PASS)


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.PASS, 0),
        (Verdict.CONDITIONAL_PASS, 3),
        (Verdict.NOT_RUN, 3),
        (Verdict.INCONCLUSIVE, 3),
        (Verdict.ERROR, 3),
        (Verdict.ABORTED, 4),
        (Verdict.CONDITIONAL_FAIL, 1),
        (Verdict.FAIL, 1),
    ],
)
def test_the_exit_code_of_each_verdict(verdict: Verdict, code: int) -> None:
    assert exit_code([verdict]) == code
    assert exit_code([Verdict.PASS, verdict]) == code


def test_a_run_that_did_not_complete_is_never_all_passed() -> None:
    codes = {end: exit_code([Verdict.PASS], end=end) for end in ENDS}
    assert codes == {
        "completed": 0,
        "limit_stop": 4,
        "operator_abort": 4,
        "estop": 4,
        "guard_trip": 3,
        "lease_lost": 3,
        "comms_error": 3,
        "crash": 3,
        "failed_to_start": 3,
    }
    assert exit_code([Verdict.FAIL, Verdict.NOT_RUN], end="operator_abort") == 1
    assert exit_code([Verdict.ERROR, Verdict.NOT_RUN], end="operator_abort") == 4


def test_the_exit_code_is_zero_only_for_passes_alone() -> None:
    for verdicts in itertools.product(Verdict, repeat=2):
        assert (exit_code(verdicts) == 0) == (set(verdicts) == {Verdict.PASS})


def test_a_way_to_end_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(AnalysisError, match="cannot end by 'finished'"):
        run_verdict([Verdict.PASS], end="finished")
