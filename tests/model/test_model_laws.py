"""Laws of the nouns: how verdicts add up, what an interval holds, what a measurement refuses."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import AnalysisError
from rig.model.limit import Interval
from rig.model.measurement import Measurement, Window
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.model.verdict import Verdict, worst
from rig.units import Unit

verdicts = st.sampled_from(list(Verdict))
edges = st.floats(allow_nan=False, min_value=-1e6, max_value=1e6)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    lower, upper = sorted((draw(edges), draw(edges)))
    return Interval(lower=lower, upper=upper, lower_closed=draw(st.booleans()), upper_closed=draw(st.booleans()))


class TestVerdict:
    @given(st.lists(verdicts), st.randoms(use_true_random=False))
    def test_order_does_not_matter(self, several: list[Verdict], random: Any) -> None:
        shuffled = list(several)
        random.shuffle(shuffled)
        assert worst(shuffled) is worst(several)

    @given(verdicts, verdicts, verdicts)
    def test_grouping_does_not_matter(self, one: Verdict, two: Verdict, three: Verdict) -> None:
        assert worst([worst([one, two]), three]) is worst([one, worst([two, three])])

    @given(verdicts)
    def test_one_alone_decides_and_repeating_changes_nothing(self, one: Verdict) -> None:
        assert worst([one]) is one
        assert worst([one, one]) is one

    def test_of_nothing_at_all_is_no_pass(self) -> None:
        assert worst([]) is Verdict.NOT_RUN

    @given(st.lists(verdicts, min_size=1))
    def test_a_pass_needs_every_part_to_pass(self, several: list[Verdict]) -> None:
        assert (worst(several) is Verdict.PASS) == all(one is Verdict.PASS for one in several)

    @given(st.lists(verdicts))
    def test_a_fail_outranks_everything(self, several: list[Verdict]) -> None:
        assert worst([*several, Verdict.FAIL]) is Verdict.FAIL

    def test_only_a_measured_violation_has_failed(self) -> None:
        assert {verdict for verdict in Verdict if verdict.failed} == {Verdict.FAIL, Verdict.CONDITIONAL_FAIL}

    @given(verdicts)
    def test_severity_is_the_order_of_the_list(self, one: Verdict) -> None:
        assert list(Verdict)[one.severity] is one


class TestInterval:
    @given(intervals())
    def test_nan_lies_in_none(self, interval: Interval) -> None:
        nan = float("nan")
        assert nan not in interval
        assert nan not in Interval()

    @given(intervals())
    def test_edges_belong_as_written(self, interval: Interval) -> None:
        if interval.width > 0:
            assert (interval.lower in interval) == interval.lower_closed
            assert (interval.upper in interval) == interval.upper_closed

    @given(intervals(), edges, st.floats(0, 1e3), st.floats(0, 1e3))
    def test_widening_loses_no_value(self, interval: Interval, value: float, below: float, above: float) -> None:
        wider = Interval(lower=interval.lower - below, upper=interval.upper + above)
        assert value in wider or value not in interval

    @given(edges)
    def test_open_sides_hold_everything(self, value: float) -> None:
        assert value in Interval()
        assert value in Interval(lower=value)
        assert value in Interval(upper=value)
        assert Interval(lower=value).width == math.inf

    @pytest.mark.parametrize(("lower", "upper"), [(2.0, 1.0), (math.nan, 1.0), (1.0, math.nan)])
    def test_what_is_no_interval(self, lower: float, upper: float) -> None:
        with pytest.raises(AnalysisError, match="not an interval"):
            Interval(lower=lower, upper=upper)


def measurement(**changed: Any) -> Measurement:
    given_values: dict[str, Any] = {
        "measurand": "phase_top",
        "value": 0.02,
        "unit": Unit.AMPERE,
        "standard_uncertainty": 1e-5,
        "window": Window(start=0.0, stop=1.0, description="whole record"),
        "origin": ("capture", "current", "mode of the histogram"),
        "minimum": 0.0199,
        "maximum": 0.0201,
        "single_uncertainty": 2e-5,
    }
    return Measurement(**{**given_values, **changed})


class TestMeasurement:
    def test_expanded_uncertainties_and_window(self) -> None:
        good = measurement()
        assert good.expanded_uncertainty == 2e-5
        assert good.expanded_single == 4e-5
        assert good.window.duration == 1.0

    @pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize(
        "field", ["value", "minimum", "maximum", "std", "standard_uncertainty", "single_uncertainty"]
    )
    def test_no_nan_and_no_infinity_gets_in(self, field: str, wrong: float) -> None:
        with pytest.raises(AnalysisError, match="not a finite number"):
            measurement(**{field: wrong})

    @pytest.mark.parametrize("field", ["standard_uncertainty", "single_uncertainty"])
    def test_no_negative_uncertainty(self, field: str) -> None:
        with pytest.raises(AnalysisError, match="cannot be negative"):
            measurement(**{field: -1e-9})

    def test_of_nothing_is_none(self) -> None:
        with pytest.raises(AnalysisError, match="at least one item"):
            measurement(n=0)


@given(st.sampled_from(list(Shape)), st.floats(1e-5, 4e-3), st.floats(0, 1e-3), st.floats(1, 100))
def test_a_pulse_is_as_wide_as_its_parts(shape: Shape, phase: float, rest: float, rate: float) -> None:
    stimulus = Stimulus(
        channel=1, shape=shape, amplitude=0.02, phase_duration=phase, interphase=rest, rate=rate, train=1.0
    )
    parts = shape.phases * phase + (rest if shape.phases > 1 else 0.0)
    assert stimulus.pulse_width == pytest.approx(parts)
    assert stimulus.period * rate == pytest.approx(1.0)
    assert stimulus.polarity.sign == -Polarity.NEGATIVE.sign == 1
