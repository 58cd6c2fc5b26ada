"""Plans from file to cases: what is read, how sweeps multiply out, and what each check comes to mean."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.documents import compose_document
from rig.model.judgement import DecisionRule
from rig.model.limit import Statistic
from rig.model.stimulus import Polarity, Shape
from rig.plan import Communication, Event, LoadedPlan, load_plan
from rig.plan.case import Ranging
from rig.plan.load import expand_plan
from rig.plan.terms import Range
from rig.units import Unit, format_quantity

HEAD = """\
plan: P-1
title: A plan
revision: A
ceiling: {exposure: 10 s}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 1 s}
  load: 500 ohm
cases:
"""


def load(text: str) -> LoadedPlan:
    return expand_plan(compose_document(text.encode(), shown_as="p.yaml", defer=True))


def one_case(rest: str) -> LoadedPlan:
    return load(f"{HEAD}  - id: c\n{rest}")


def swept(sweep: str) -> list[str]:
    return [case.id for case in one_case(f"    sweep: {sweep}\n    verify: [{{phase_count: {{equals: 2}}}}]\n").cases]


EXAMPLE = """\
plan: NMES-OUT-001
title: Output limits and accuracy of the muscle stimulator
revision: C
requires:
  load: [500 ohm, 1 kohm, 2 kohm, 10 kohm, open]
  digitizer: {channels: [voltage, current], resolution: 16}
decision_rule: guarded
limits: [iec60601-2-10:2012, fda-pms:1999]
ceiling: {current_peak: 140 mA, charge_per_phase: 80 uC, rms_current: 50 mA, exposure: 60 s}
defaults:
  stimulus: {channel: 1, shape: biphasic_symmetric, phase_duration: 300 us, interphase: 100 us, rate: 50 Hz, train: 2 s}
  capture: {zero: always, voltage: auto, current: auto}
cases:
  - id: amplitude-accuracy
    title: Set amplitude is delivered over the declared load range
    traces: [REQ-OUT-003, "IEC 60601-2-10 201.12.1.102"]
    sweep:
      amplitude: [5 mA, 100 mA]
      load: [500 ohm, 1 kohm]
    verify:
      - phase_top: {within: 10 % of set}
      - limits: all
  - id: leads-fall-off
    title: Output recovers safely when an electrode falls off
    stimulus: {amplitude: 40 mA, train: 6 s}
    events:
      - {at: 2 s, load: open}
      - {at: 4 s, load: 500 ohm}
    verify:
      - peak_output_voltage: {at_most: 500 V, during: open}
      - reconnect_surge: {at_most: 110 % of set}
  - id: cable-cut
    stimulus: {amplitude: 20 mA, train: forever}
    events: [{at: 1 s, communication: cut}]
    verify: [{comms_loss_time: {at_most: 2.2 s}}]
"""


class TestExample:
    def test_ids_loads_and_places(self) -> None:
        cases = load(EXAMPLE).cases
        assert [case.id for case in cases] == [
            "amplitude-accuracy[5mA-500ohm]",
            "amplitude-accuracy[5mA-1kohm]",
            "amplitude-accuracy[100mA-500ohm]",
            "amplitude-accuracy[100mA-1kohm]",
            "leads-fall-off",
            "cable-cut",
        ]
        assert [case.load for case in cases] == ["500 ohm", "1 kohm", "500 ohm", "1 kohm", "500 ohm", "500 ohm"]
        assert cases[0].location == ("p.yaml", 14, 5)
        assert cases[0].checks[0].source == "p.yaml:21:9"

    def test_everything_a_case_carries(self) -> None:
        loaded = load(EXAMPLE)
        case = loaded.cases[1]
        assert case.plan == "NMES-OUT-001"
        assert case.title == "Set amplitude is delivered over the declared load range"
        assert case.traces == ("REQ-OUT-003", "IEC 60601-2-10 201.12.1.102")
        assert case.packs == ("iec60601-2-10:2012", "fda-pms:1999")
        assert (case.apply_packs, loaded.cases[4].apply_packs) == (True, False)
        assert case.zero is True
        assert case.decision_rule is DecisionRule.GUARDED
        assert (case.ceiling.current_peak, case.ceiling.charge_per_phase) == (0.14, 8e-5)
        assert (case.ceiling.rms_current, case.ceiling.exposure) == (0.05, 60.0)
        assert case.stimulus.interphase == 1e-4
        assert (case.stimulus.channel, case.stimulus.shape) == (1, Shape.BIPHASIC_SYMMETRIC)

    def test_events_are_parsed(self) -> None:
        cases = load(EXAMPLE).cases
        assert cases[4].events == (Event(at=2.0, load="open"), Event(at=4.0, load="500 ohm"))
        assert cases[5].events == (Event(at=1.0, communication=Communication.CUT),)

    def test_forever_lasts_no_longer_than_the_ceiling(self) -> None:
        assert load(EXAMPLE).cases[5].stimulus.train == 60.0

    def test_an_untitled_case_is_called_by_its_id(self) -> None:
        assert load(EXAMPLE).cases[5].title == "cable-cut"

    def test_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "x.plan.yaml"
        path.write_text(EXAMPLE, encoding="utf-8")
        loaded = load_plan(path, shown_as="plans/x.plan.yaml")
        assert loaded.document.shown_as == "plans/x.plan.yaml"
        assert loaded.plan.requires.load[1] == "1 kohm"
        assert loaded.plan.requires.digitizer is not None
        assert loaded.plan.requires.digitizer.resolution == 16


class TestSweeps:
    def test_product_in_the_order_written_the_last_fastest(self) -> None:
        assert swept("{rate: [20 Hz, 50 Hz], amplitude: [1 mA, 2 mA]}") == [
            "c[20Hz-1mA]", "c[20Hz-2mA]", "c[50Hz-1mA]", "c[50Hz-2mA]",
        ]  # fmt: skip
        assert swept("{amplitude: [1 mA, 2 mA], rate: [20 Hz]}") == ["c[1mA-20Hz]", "c[2mA-20Hz]"]

    def test_range(self) -> None:
        assert swept("{phase_duration: {from: 100 us, to: 500 us, steps: 5}}") == [
            "c[100us]", "c[200us]", "c[300us]", "c[400us]", "c[500us]",
        ]  # fmt: skip
        assert swept("{amplitude: {from: 2 mA, to: 1 mA, steps: 3}}") == ["c[2mA]", "c[1.5mA]", "c[1mA]"]

    def test_zip_is_one_axis_among_others(self) -> None:
        assert swept("{rate: [20 Hz, 50 Hz], zip: {amplitude: [1 mA, 1 mA], load: [500 ohm, 1 kohm]}}") == [
            "c[20Hz-1mA-500ohm]", "c[20Hz-1mA-1kohm]", "c[50Hz-1mA-500ohm]", "c[50Hz-1mA-1kohm]",
        ]  # fmt: skip

    def test_every_key_can_be_swept_and_is_readable(self) -> None:
        sweep = (
            "{channel: [2], shape: [monophasic], phase_duration: [0.5 ms], rate: [40 Hz], train: [2 s],"
            " polarity: [negative], load: [open]}"
        )
        text = f"    sweep: {sweep}\n    verify: [{{phase_count: {{equals: set}}}}]\n"
        (case,) = one_case(text).cases
        assert case.id == "c[ch2-monophasic-500us-40Hz-2s-negative-open]"
        assert (case.stimulus.channel, case.stimulus.phase_duration, case.load) == (2, 5e-4, "open")
        assert case.stimulus.polarity is Polarity.NEGATIVE
        assert swept("{interphase: [0 s, 100 us]}") == ["c[0s]", "c[100us]"]

    def test_a_rest_from_the_defaults_does_not_reach_a_monophasic_pulse(self) -> None:
        text = EXAMPLE.replace("amplitude: [5 mA, 100 mA]", "amplitude: [5 mA]\n      shape: [monophasic]")
        assert load(text).cases[0].stimulus.interphase == 0.0

    @given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3), st.integers(2, 50))
    def test_a_range_holds_both_ends_and_equal_steps(self, first: float, last: float, steps: int) -> None:
        values = Range[float].model_validate({"from": first, "to": last, "steps": steps}).values()
        assert len(values) == steps
        assert values[0] == pytest.approx(first, rel=1e-11)
        assert values[-1] == pytest.approx(last, rel=1e-11)
        for index, value in enumerate(values):
            assert value == pytest.approx(first + (last - first) * index / (steps - 1), rel=1e-10)

    @settings(max_examples=30)
    @given(
        st.lists(st.integers(1, 260), min_size=1, max_size=5, unique=True),
        st.lists(st.integers(1, 100), min_size=1, max_size=4, unique=True),
        st.lists(st.sampled_from(["500 ohm", "1 kohm", "2 kohm", "open"]), min_size=1, max_size=4, unique=True),
    )
    def test_expansion_is_deterministic_and_its_ids_are_unique_and_safe(
        self, halves: list[int], rates: list[int], loads: list[str]
    ) -> None:
        amplitudes = ", ".join(format_quantity(half * 0.5e-3, Unit.AMPERE) for half in halves)
        sweep = f"{{amplitude: [{amplitudes}], load: [{', '.join(loads)}], rate: [{' Hz, '.join(map(str, rates))} Hz]}}"
        ids = swept(sweep)
        assert ids == swept(sweep)
        assert len(set(ids)) == len(ids) == len(halves) * len(rates) * len(loads)
        assert all(re.fullmatch(r"[A-Za-z0-9._\-\[\]]+", case_id) for case_id in ids)

    def test_a_thousand_written_cases_load_quickly(self) -> None:
        one = "  - id: c{n}\n    stimulus: {{amplitude: {a} mA}}\n    verify:\n{checks}"
        checks = "      - phase_top: {within: 5 % of set}\n      - net_charge: {at_most: 0.5 uC}\n" * 3
        text = HEAD + "".join(one.format(n=n, a=n % 100 + 1, checks=checks) for n in range(1000))
        began = time.process_time()
        assert len(load(text).cases) == 1000
        assert time.process_time() - began < 5  # under one second on an idle machine


def limit_of(check: str, *, load_name: str = "500 ohm", stimulus: str = "{}") -> tuple[float, float, str]:
    text = f"    load: {load_name}\n    stimulus: {stimulus}\n    verify: [{{{check}}}]\n"
    (limit,) = one_case(text).cases[0].checks
    return limit.interval.lower, limit.interval.upper, limit.text


class TestChecks:
    @pytest.mark.parametrize(
        ("check", "lower", "upper", "text"),
        [
            ("phase_top: {within: 10 % of set}", 0.018, 0.022, "within 10 % of 20 mA"),
            ("phase_top: {within: 1 mA of set}", 0.019, 0.021, "within 1 mA of 20 mA"),
            ("phase_top: {within: 10 % of 30 mA}", 0.027, 0.033, "within 10 % of 30 mA"),
            ("net_charge: {within: 1 uC of -2 uC}", -3e-6, -1e-6, "within 1 uC of -2 uC"),
            ("phase_charge_negative: {within: 10 % of set}", -6.6e-6, -5.4e-6, "within 10 % of -6 uC"),
            ("phase_charge_positive: {within: 10 % of set}", 5.4e-6, 6.6e-6, "within 10 % of 6 uC"),
            ("phase_top: {at_most: 21 mA}", -math.inf, 0.021, "at most 21 mA"),
            ("phase_top: {at_most: 110 % of set}", -math.inf, 0.022, "at most 22 mA"),
            ("phase_top: {at_least: 90 % of set}", 0.018, math.inf, "at least 18 mA"),
            ("phase_top: {between: [19 mA, 110 % of set]}", 0.019, 0.022, "19 mA to 22 mA"),
            ("net_charge: {at_most: 0.5 uC}", -5e-7, 5e-7, "at most 500 nC in either direction"),
            ("net_charge: {between: [-1 uC, 0 C]}", -1e-6, 0.0, "-1 uC to 0 C"),
            ("charge_imbalance: {at_most: 2 %}", -0.02, 0.02, "at most 2 % in either direction"),
            ("missing_pulses: {equals: 0}", 0.0, 0.0, "exactly 0"),
            ("missing_pulses: {at_most: 1}", -math.inf, 1.0, "at most 1"),
            ("phase_count: {equals: set}", 2.0, 2.0, "exactly 2"),
            ("polarity: {is: positive}", 1.0, 1.0, "positive"),
            ("polarity: {is: negative}", -1.0, -1.0, "negative"),
            ("polarity: {is: set}", 1.0, 1.0, "positive"),
            ("droop: {at_most: 5 %}", -0.05, 0.05, "at most 5 % in either direction"),
            ("shannon_k: {at_most: 1.75}", -math.inf, 1.75, "at most 1.75"),
            ("shannon_k: {within: 0.1 of 1.75}", 1.65, 1.85, "within 0.1 of 1.75"),
            ("shannon_k: {within: 10 % of 1.5}", 1.35, 1.65, "within 10 % of 1.5"),
            ("phase_charge_density: {at_most: 30 uC/cm2}", -math.inf, 0.3, "at most 30 uC/cm2"),
        ],
    )
    def test_what_a_bound_means(self, check: str, lower: float, upper: float, text: str) -> None:
        assert limit_of(check) == (lower, upper, text)

    @pytest.mark.parametrize(
        ("measurand", "reference"),
        [
            ("phase_duration", 3e-4),
            ("phase_peak", 0.02),
            ("phase_charge", 6e-6),
            ("max_phase_charge", 6e-6),
            ("pulse_width", 7e-4),
            ("interphase_interval", 1e-4),
            ("pulse_rate", 50.0),
            ("on_time", 1.0),
            ("rms_current", 0.02 * math.sqrt(0.03)),
            ("rms_1s", 0.02 * math.sqrt(0.03)),
            ("average_current", 0.02 * 0.03),
            ("peak_output_voltage", 10.0),
            ("pulse_energy", 500 * 0.02**2 * 6e-4),
            ("load_resistance", 500.0),
        ],
    )
    def test_set_values(self, measurand: str, reference: float) -> None:
        lower, upper, _ = limit_of(f"{measurand}: {{within: 10 % of set}}", stimulus="{interphase: 100 us}")
        assert (lower + upper) / 2 == pytest.approx(reference)
        assert upper - lower == pytest.approx(0.2 * reference)

    def test_published_rms_of_a_symmetric_train(self) -> None:
        """100 mA, 400 us per phase, 120 Hz: 30.98 mA rms."""
        stimulus = "{amplitude: 100 mA, phase_duration: 400 us, rate: 120 Hz}"
        _, upper, _ = limit_of("rms_current: {at_most: 100 % of set}", stimulus=stimulus)
        assert upper == pytest.approx(30.98e-3, abs=5e-6)

    def test_a_negative_leading_phase(self) -> None:
        assert limit_of("polarity: {is: set}", stimulus="{polarity: negative}")[0] == -1.0

    def test_which_statistic_is_bound(self) -> None:
        (case,) = one_case("    verify: [{phase_top: {within: 5 % of set, of: mean}}, {droop: {at_most: 5 %}}]\n").cases
        assert [limit.statistic for limit in case.checks] == [Statistic.MEAN, Statistic.EACH]
        assert case.checks[0].text == "within 5 % of 20 mA (mean)"

    @settings(max_examples=50)
    @given(st.integers(1, 260), st.integers(1, 50))
    def test_the_set_value_lies_within_its_tolerance(self, half: int, percent: int) -> None:
        amplitude = format_quantity(half * 0.5e-3, Unit.AMPERE)
        lower, upper, _ = limit_of(f"phase_top: {{within: {percent} % of set}}", stimulus=f"{{amplitude: {amplitude}}}")
        assert lower < half * 0.5e-3 < upper


class TestLoads:
    @pytest.mark.parametrize("written", ["1 kohm", "1000 ohm", "1000Ω", "1.0 kΩ", "0.001 Mohm"])
    def test_one_name_per_resistance(self, written: str) -> None:
        (case,) = one_case(f"    load: {written}\n    verify: [{{phase_count: {{equals: 2}}}}]\n").cases
        assert case.load == "1 kohm"

    def test_where_a_load_comes_from(self) -> None:
        verify = "    verify: [{phase_count: {equals: 2}}]\n"
        assert one_case(verify).cases[0].load == "500 ohm"
        required = HEAD.replace("  load: 500 ohm\n", "").replace("cases:", "requires: {load: [2 kohm, 1 kohm]}\ncases:")
        assert load(f"{required}  - id: c\n{verify}").cases[0].load == "2 kohm"


def test_a_case_may_go_without_a_scout() -> None:
    verify = "    verify: [{phase_count: {equals: 2}}]\n"
    assert one_case(verify).cases[0].ranging is Ranging.SCOUT
    assert one_case(f"    capture: {{ranging: expected}}\n{verify}").cases[0].ranging is Ranging.EXPECTED
    text = HEAD.replace("  load: 500 ohm", "  load: 500 ohm\n  capture: {ranging: expected}")
    assert load(f"{text}  - id: c\n{verify}").cases[0].ranging is Ranging.EXPECTED
    assert load(f"{text}  - id: c\n    capture: {{ranging: scout}}\n{verify}").cases[0].ranging is Ranging.SCOUT


def test_a_case_says_which_output_mode_it_tests_or_the_defaults_do() -> None:
    stimulus = "{shape: monophasic, amplitude: 1 mA, phase_duration: 1 ms, rate: 50 Hz, train: 1 s}"
    case = f"load: 500 ohm\n    stimulus: {stimulus}\n    verify: [{{phase_count: {{equals: 1}}}}]\n"
    head = "plan: P\ntitle: t\nrevision: A\ncases:\n"
    cases = f"  - id: own\n    mode: Massage\n    {case}  - id: other\n    {case}"
    assert [one.mode for one in load(head + cases).cases] == ["Massage", ""]
    head = head.replace("cases:", "defaults: {mode: Training}\ncases:")
    assert [one.mode for one in load(head + cases).cases] == ["Massage", "Training"]


def test_a_case_may_go_without_a_zero_capture() -> None:
    verify = "    verify: [{phase_count: {equals: 2}}]\n"
    assert one_case(f"    capture: {{zero: never}}\n{verify}").cases[0].zero is False
    text = HEAD.replace("  load: 500 ohm", "  load: 500 ohm\n  capture: {zero: never}")
    assert load(f"{text}  - id: c\n{verify}").cases[0].zero is False
    assert load(f"{text}  - id: c\n    capture: {{zero: always}}\n{verify}").cases[0].zero is True
