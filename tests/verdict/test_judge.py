from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rig.errors import AnalysisError
from rig.model.judgement import DecisionRule
from rig.model.limit import Interval, Limit, Statistic
from rig.model.measurement import Measurement, NotMeasured, Window
from rig.model.verdict import Verdict
from rig.units import Unit
from rig.verdict.judge import judge, judge_each
from rig.verdict.rules import risk_statement

WINDOW = Window(start=0.0, stop=1.0, description="the record")
RULES = tuple(DecisionRule)
VALUES = st.floats(-1e6, 1e6)
UNCERTAINTIES = st.one_of(st.just(0.0), st.floats(1e-9, 1e3))


def measured(
    *items: float, u: float = 0.0, mean_u: float | None = None, unit: Unit = Unit.AMPERE, name: str = "phase_top"
) -> Measurement:
    mean = min(max(sum(items) / len(items), min(items)), max(items))
    return Measurement(
        measurand=name,
        value=mean,
        unit=unit,
        standard_uncertainty=u if mean_u is None else mean_u,
        single_uncertainty=u,
        window=WINDOW,
        origin=("capture", "current", "test"),
        n=len(items),
        minimum=min(items),
        maximum=max(items),
    )


def limit(
    lower: float = -math.inf,
    upper: float = math.inf,
    *,
    lower_closed: bool = True,
    upper_closed: bool = True,
    unit: Unit = Unit.AMPERE,
    text: str = "",
    name: str = "phase_top",
    statistic: Statistic = Statistic.EACH,
) -> Limit:
    interval = Interval(lower=lower, upper=upper, lower_closed=lower_closed, upper_closed=upper_closed)
    return Limit(measurand=name, interval=interval, unit=unit, text=text, source="plan:1:1", statistic=statistic)


@pytest.mark.parametrize(
    ("milliamperes", "expected"),
    [
        (48.50, Verdict.PASS),
        (48.51, Verdict.CONDITIONAL_PASS),
        (50.00, Verdict.CONDITIONAL_PASS),
        (50.01, Verdict.CONDITIONAL_FAIL),
        (51.50, Verdict.CONDITIONAL_FAIL),
        (51.51, Verdict.FAIL),
    ],
)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_published_zones_of_the_non_binary_rule(
    milliamperes: float, expected: Verdict, scale: float, sign: int
) -> None:
    value, bound = sign * milliamperes * scale, sign * 50.0 * scale
    edges = limit(upper=bound) if sign > 0 else limit(lower=bound)
    assert judge(measured(value, u=0.75 * scale), edges, DecisionRule.NON_BINARY).verdict is expected
    binary = Verdict.PASS if expected is Verdict.PASS else Verdict.FAIL
    assert judge(measured(value, u=0.75 * scale), edges, DecisionRule.GUARDED).verdict is binary
    simple = Verdict.PASS if milliamperes <= 50 else Verdict.FAIL
    assert judge(measured(value, u=0.75 * scale), edges, DecisionRule.SIMPLE).verdict is simple


def test_the_published_two_sided_acceptance_interval() -> None:
    edges = limit(160e-6, 240e-6, unit=Unit.SECOND)
    for microseconds, expected in [(164, Verdict.PASS), (236, Verdict.PASS), (163.9, Verdict.FAIL), (236.1, "FAIL")]:
        outcome = measured(microseconds * 1e-6, u=2e-6, unit=Unit.SECOND)
        assert judge(outcome, edges, DecisionRule.GUARDED).verdict == expected


def test_the_probability_of_false_acceptance_at_the_guarded_limit_is_the_published_one() -> None:
    judgement = judge(measured(48.5, u=0.75), limit(upper=50.0), DecisionRule.GUARDED)
    assert judgement.probability_conforming == pytest.approx(1 - 0.02275, abs=5e-6)
    assert judge(measured(50.0, u=0.75), limit(upper=50.0), DecisionRule.SIMPLE).probability_conforming == 0.5
    two_sided = judge(measured(0.0, u=1.0), limit(-1.0, 1.0), DecisionRule.SIMPLE).probability_conforming
    assert two_sided == pytest.approx(0.682689, abs=1e-6)


def test_a_value_outside_its_limit_is_told_in_the_field_s_words() -> None:
    edges = limit(0.018, 0.02 * 1.1, text="within 10 % of 20 mA")
    judgement = judge(measured(0.02496, u=0.00002), edges, DecisionRule.GUARDED)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason == "phase_top 24.960 ± 0.040 mA lies above 22 mA (within 10 % of 20 mA) by 2.96 mA"
    assert judgement.margin == pytest.approx(-0.00296)
    assert judgement.value == 0.02496
    assert judgement.expanded_uncertainty == 0.00004


def test_the_sentence_says_which_item_was_judged_and_why_it_is_not_accepted() -> None:
    edges = limit(0.018, 0.022, text="within 10 % of 20 mA")
    low = judge(measured(0.017, 0.020, 0.021, u=0.0002), edges, DecisionRule.NON_BINARY)
    assert low.reason == (
        "phase_top 17.00 ± 0.40 mA, the smallest of 3, lies below 18 mA (within 10 % of 20 mA) by 1 mA"
    )
    near = judge(measured(0.020, 0.0219, u=0.0001), edges, DecisionRule.NON_BINARY)
    assert near.reason.endswith("by only 100 uA, which is less than its uncertainty")
    beyond = judge(measured(0.0221, u=0.0001), edges, DecisionRule.NON_BINARY)
    assert beyond.reason.endswith("by 100 uA, which is not more than its uncertainty")
    inside = judge(measured(0.020, u=0.0001), edges, DecisionRule.NON_BINARY)
    assert inside.reason == "phase_top 20.00 ± 0.20 mA lies below 22 mA (within 10 % of 20 mA) by 2 mA"
    exactly = judge(measured(0.022, u=0.0001), edges, DecisionRule.GUARDED)
    assert exactly.reason.endswith("lies exactly at 22 mA (within 10 % of 20 mA), nearer than its uncertainty")


def test_every_item_is_bound_unless_the_limit_speaks_of_the_mean() -> None:
    outcome = measured(1.0, 5.0, 9.0, u=0.1, mean_u=0.05)
    each = judge(outcome, limit(2.0, 8.0), DecisionRule.SIMPLE)
    assert (each.verdict, each.expanded_uncertainty) == (Verdict.FAIL, 0.2)
    mean = judge(outcome, limit(2.0, 8.0, statistic=Statistic.MEAN), DecisionRule.GUARDED)
    assert (mean.verdict, mean.value, mean.expanded_uncertainty) == (Verdict.PASS, 5.0, 0.1)
    assert "the mean of 3" in mean.reason
    assert judge(outcome, limit(0.5, 8.0), DecisionRule.SIMPLE).value == 9.0
    assert judge(outcome, limit(1.5, 20.0), DecisionRule.SIMPLE).value == 1.0


@pytest.mark.parametrize("rule", RULES)
def test_whole_numbers_are_judged_exactly(rule: DecisionRule) -> None:
    none_missing = limit(upper=0.0, unit=Unit.COUNT, name="missing_pulses", text="at most 0")
    is_positive = limit(1.0, 1.0, unit=Unit.COUNT, name="polarity", text="is 1")

    def verdict(value: float, check: Limit) -> Verdict:
        return judge(measured(value, unit=Unit.COUNT, name=check.measurand), check, rule).verdict

    assert verdict(0.0, none_missing) is Verdict.PASS
    assert verdict(1.0, none_missing) is Verdict.FAIL
    assert verdict(1.0, is_positive) is Verdict.PASS
    assert verdict(-1.0, is_positive) is Verdict.FAIL
    mixed = judge(measured(-1.0, 1.0, unit=Unit.COUNT, name="polarity"), is_positive, rule)
    assert mixed.verdict is Verdict.FAIL
    assert mixed.reason == "polarity -1, the smallest of 2, lies below 1 (is 1) by 2"
    assert mixed.probability_conforming == 0.0
    negative_zero = judge(measured(-0.0, unit=Unit.COUNT, name="missing_pulses"), none_missing, rule)
    assert negative_zero.reason == "missing_pulses 0 lies exactly at 0 (at most 0)"


@pytest.mark.parametrize("rule", [DecisionRule.GUARDED, DecisionRule.NON_BINARY])
def test_where_uncertainty_leaves_no_acceptance_zone_nothing_is_decided(rule: DecisionRule) -> None:
    judgement = judge(measured(0.0, u=0.5), limit(-1.0, 1.0), rule)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "no acceptance zone is left" in judgement.reason
    assert judge(measured(0.0, u=0.49), limit(-1.0, 1.0), rule).verdict is Verdict.PASS
    assert judge(measured(0.0, u=0.5), limit(-1.0, 1.0), DecisionRule.SIMPLE).verdict is Verdict.PASS


@pytest.mark.parametrize("rule", [DecisionRule.GUARDED, DecisionRule.NON_BINARY])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, Verdict.INCONCLUSIVE),
        (1.0, Verdict.INCONCLUSIVE),
        (2.0, Verdict.INCONCLUSIVE),
        (2.01, Verdict.FAIL),
        (50.0, Verdict.FAIL),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_grossly_faulty_device_does_not_hide_behind_a_limit_too_narrow_for_the_bench(
    rule: DecisionRule, value: float, expected: Verdict, sign: int
) -> None:
    judgement = judge(measured(sign * value, u=0.5), limit(-1.0, 1.0), rule)
    assert judgement.verdict is expected
    assert ("no acceptance zone" in judgement.reason) is (expected is Verdict.INCONCLUSIVE)


def test_one_gross_item_fails_although_the_others_leave_the_question_open() -> None:
    judgement = judge(measured(0.0, 0.1, -9.0, u=0.5), limit(-1.0, 1.0), DecisionRule.GUARDED)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason == "phase_top -9.0 ± 1.0 A, the smallest of 3, lies below -1 A by 8 A"


@given(
    value=VALUES,
    u=st.floats(1e-6, 1e3),
    width=st.floats(0.0, 1.0),
    rule=st.sampled_from([DecisionRule.GUARDED, DecisionRule.NON_BINARY]),
)
def test_without_an_acceptance_zone_nothing_passes_and_what_fails_lies_beyond_its_uncertainty(
    value: float, u: float, width: float, rule: DecisionRule
) -> None:
    judgement = judge(measured(value, u=u), limit(0.0, 4 * u * width), rule)
    assert judgement.verdict in {Verdict.INCONCLUSIVE, Verdict.FAIL}
    beyond = -(judgement.margin or 0.0)
    if judgement.verdict is Verdict.FAIL:
        assert beyond > 2 * u * (1 - 1e-12)
    else:
        assert beyond < 2 * u * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("rule", RULES)
def test_no_value_is_inconclusive_with_its_reason(rule: DecisionRule) -> None:
    judgement = judge(NotMeasured(measurand="phase_top", reason="no zero capture"), limit(upper=1.0), rule)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.reason == "phase_top was not measured: no zero capture"
    assert (judgement.value, judgement.margin, judgement.probability_conforming) == (None, None, None)


def test_what_does_not_belong_together_is_an_error() -> None:
    with pytest.raises(AnalysisError, match=r"phase_top in A cannot be judged against a limit in V"):
        judge(measured(1.0), limit(upper=1.0, unit=Unit.VOLT), DecisionRule.SIMPLE)
    with pytest.raises(AnalysisError, match="against a limit of droop"):
        judge(measured(1.0), limit(upper=1.0, name="droop"), DecisionRule.SIMPLE)
    with pytest.raises(AnalysisError, match="against a limit of droop"):
        judge(NotMeasured(measurand="phase_top", reason=""), limit(upper=1.0, name="droop"), DecisionRule.SIMPLE)
    with pytest.raises(AnalysisError, match="without any bound"):
        judge(measured(1.0), limit(), DecisionRule.SIMPLE)


@pytest.mark.parametrize("k", [0.0, -2.0, math.nan, math.inf])
def test_a_coverage_factor_that_would_widen_the_limit_is_an_error(k: float) -> None:
    outcome = Measurement(
        measurand="phase_top",
        value=2.0,
        unit=Unit.AMPERE,
        standard_uncertainty=1.0,
        single_uncertainty=1.0,
        window=WINDOW,
        origin=(),
        minimum=2.0,
        maximum=2.0,
        coverage_factor=k,
    )
    with pytest.raises(AnalysisError, match="coverage factor"):
        judge(outcome, limit(upper=1.0), DecisionRule.GUARDED)


@given(value=VALUES, rule=st.sampled_from(RULES), closed=st.booleans(), upper=st.booleans())
def test_an_exact_value_at_the_boundary_passes_only_a_closed_limit(
    value: float, rule: DecisionRule, closed: bool, upper: bool
) -> None:
    edges = limit(upper=value, upper_closed=closed) if upper else limit(lower=value, lower_closed=closed)
    assert judge(measured(value), edges, rule).verdict is (Verdict.PASS if closed else Verdict.FAIL)
    outside = math.nextafter(value, math.inf if upper else -math.inf)
    assert judge(measured(outside), edges, rule).verdict.failed
    inside = math.nextafter(value, -math.inf if upper else math.inf)
    assert judge(measured(inside), edges, rule).verdict is Verdict.PASS


@given(
    edges=st.tuples(VALUES, VALUES),
    wider=st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)),
    outcome=st.builds(lambda items, u: measured(*items, u=u), st.lists(VALUES, min_size=1, max_size=3), UNCERTAINTIES),
    rule=st.sampled_from(RULES),
    statistic=st.sampled_from(Statistic),
)
def test_widening_a_limit_never_turns_a_pass_into_anything_else(
    edges: tuple[float, float],
    wider: tuple[float, float],
    outcome: Measurement,
    rule: DecisionRule,
    statistic: Statistic,
) -> None:
    lower, upper = sorted(edges)
    narrow = judge(outcome, limit(lower, upper, statistic=statistic), rule)
    wide = judge(outcome, limit(lower - wider[0], upper + wider[1], statistic=statistic), rule)
    if narrow.verdict is Verdict.PASS:
        assert wide.verdict is Verdict.PASS
    one_sided = judge(outcome, limit(upper=upper, statistic=statistic), rule)
    if narrow.verdict is Verdict.PASS:
        assert one_sided.verdict is Verdict.PASS


@given(
    gap=st.floats(-3, 3), bound=VALUES, u=st.floats(1e-6, 1.0), widening=st.integers(0, 8), rule=st.sampled_from(RULES)
)
def test_widening_by_a_few_units_in_the_last_place_loses_no_pass(
    gap: float, bound: float, u: float, widening: int, rule: DecisionRule
) -> None:
    value = bound - 2 * u + gap * math.ulp(bound)
    wider = bound
    for _ in range(widening):
        wider = math.nextafter(wider, math.inf)
    if judge(measured(value, u=u), limit(upper=bound), rule).verdict is Verdict.PASS:
        assert judge(measured(value, u=u), limit(upper=wider), rule).verdict is Verdict.PASS


@given(items=st.lists(VALUES, min_size=1, max_size=4), u=UNCERTAINTIES, edges=st.tuples(VALUES, VALUES))
def test_a_pass_keeps_every_item_inside_its_limit_and_all_numbers_finite(
    items: list[float], u: float, edges: tuple[float, float]
) -> None:
    lower, upper = sorted(edges)
    for rule in RULES:
        judgement = judge(measured(*items, u=u), limit(lower, upper), rule)
        numbers = (judgement.value, judgement.margin, judgement.probability_conforming, judgement.expanded_uncertainty)
        assert all(number is not None and math.isfinite(number) for number in numbers)
        assert 0.0 <= (judgement.probability_conforming or 0.0) <= 1.0
        if judgement.verdict is Verdict.PASS:
            assert all(lower <= item <= upper for item in items)


@given(value=VALUES, u=UNCERTAINTIES, edges=st.tuples(VALUES, VALUES))
def test_guarding_is_never_more_lenient_than_simple_acceptance(
    value: float, u: float, edges: tuple[float, float]
) -> None:
    lower, upper = sorted(edges)
    assume(lower < upper)
    simple, guarded, zones = (judge(measured(value, u=u), limit(lower, upper), rule).verdict for rule in RULES)
    if guarded is Verdict.PASS:
        assert simple is Verdict.PASS
    assert (guarded is Verdict.PASS) == (zones is Verdict.PASS)
    if zones is Verdict.FAIL:
        assert simple is Verdict.FAIL


def test_each_rule_states_its_risk() -> None:
    statements = {rule: risk_statement(rule) for rule in RULES}
    assert "50 %" in statements[DecisionRule.SIMPLE]
    assert "2.3 %" in statements[DecisionRule.GUARDED]
    assert "CONDITIONAL_PASS" in statements[DecisionRule.NON_BINARY]


class TestNoValueButALeastOne:
    """Current that still flows when the record ends: how long it takes is unknown, that it is too long is not."""

    def missing(self, at_least: float | None) -> NotMeasured:
        return NotMeasured(
            measurand="stop_time", reason="current still flowed when the record ended", at_least=at_least
        )

    def within(self, seconds: float, *, upper_closed: bool = True) -> Limit:
        text = f"at most {seconds:g} s"
        return limit(upper=seconds, upper_closed=upper_closed, unit=Unit.SECOND, text=text, name="stop_time")

    @pytest.mark.parametrize("rule", RULES)
    def test_above_its_limit_it_fails_whatever_the_rule(self, rule: DecisionRule) -> None:
        judgement = judge(self.missing(3.2), self.within(2.2), rule)
        assert judgement.verdict is Verdict.FAIL
        assert judgement.value is None
        assert judgement.reason == (
            "stop_time is at least 3.2 s, above 2.2 s (at most 2.2 s): current still flowed when the record ended"
        )

    @pytest.mark.parametrize("rule", RULES)
    @pytest.mark.parametrize("at_least", [None, 0.0, 1.0, 2.2])
    def test_otherwise_nothing_is_decided(self, rule: DecisionRule, at_least: float | None) -> None:
        assert judge(self.missing(at_least), self.within(2.2), rule).verdict is Verdict.INCONCLUSIVE

    def test_it_never_passes_a_lower_limit_either(self) -> None:
        outcome = self.missing(3.2)
        lower = limit(1.0, unit=Unit.SECOND, name="stop_time")
        assert judge(outcome, lower, DecisionRule.GUARDED).verdict is Verdict.INCONCLUSIVE

    @pytest.mark.parametrize("at_least", [math.inf, math.nan])
    def test_it_is_a_number(self, at_least: float) -> None:
        with pytest.raises(AnalysisError, match="says nothing"):
            self.missing(at_least)


class TestSeveralStretches:
    DURING = replace(limit(upper=1.0, text="at most 1 A during open"), during="open")

    def test_the_worst_of_them_holds(self) -> None:
        good, bad = measured(0.5, u=0.01), measured(1.5, u=0.01)
        for outcomes in ([good, bad], [bad, good]):
            assert judge_each(outcomes, self.DURING, DecisionRule.GUARDED).value == 1.5
        assert judge_each([good], self.DURING, DecisionRule.GUARDED).verdict is Verdict.PASS

    def test_one_without_a_value_is_no_pass(self) -> None:
        missing = NotMeasured(measurand="phase_top", reason="no pulse found")
        judgement = judge_each([measured(0.5, u=0.01), missing], self.DURING, DecisionRule.GUARDED)
        assert judgement.verdict is Verdict.INCONCLUSIVE
        assert judgement.reason == "phase_top during open was not measured: no pulse found"

    def test_no_stretch_at_all_is_a_mistake_of_the_caller(self) -> None:
        with pytest.raises(AnalysisError, match="no outcome of phase_top"):
            judge_each([], self.DURING, DecisionRule.GUARDED)
