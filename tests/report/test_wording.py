"""What a number looks like is part of what it says."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.evidence.record import LimitEntry, LoadEntry
from rig.model.judgement import DecisionRule
from rig.model.limit import Confidence
from rig.report import wording
from rig.units import Unit

THIN = "\u202f"


def limit(**bounds: Any) -> LimitEntry:
    fields: dict[str, Any] = {
        "lower": None,
        "upper": None,
        "unit": Unit.AMPERE,
        "text": "as said",
        "source": "plan:1:1",
    }
    return LimitEntry(measurand="phase_top", **(fields | bounds))


def plain(text: str) -> str:
    return text.replace(THIN, " ")


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"lower": 0.018, "upper": 0.022}, "18 to 22 mA"),
        ({"lower": 0.0009, "upper": 0.0011}, "900 µA to 1.1 mA"),
        ({"upper": 0.05}, "≤ 50 mA"),
        ({"upper": 0.05, "upper_closed": False}, "< 50 mA"),
        ({"lower": 0.05}, "≥ 50 mA"),
        ({"lower": 0.05, "lower_closed": False}, "> 50 mA"),
        ({"lower": 0.018, "upper": 0.022, "upper_closed": False}, "≥ 18 mA and < 22 mA"),
        ({"lower": -5e-7, "upper": 5e-7, "unit": Unit.COULOMB}, "±500 nC"),
        ({"lower": 0.0, "upper": 0.0, "unit": Unit.COUNT}, "= 0"),
        ({"lower": -0.02, "upper": 0.01}, "−20 to 10 mA"),
        ({"upper": 0.02, "unit": Unit.ONE}, "≤ 2 %"),
        ({"upper": 20.0, "unit": Unit.AMPERE_PER_SQUARE_METRE}, "≤ 2 mA/cm²"),
        ({}, "any value"),
    ],
)
def test_a_limit_says_its_ends_and_whether_they_belong(bounds: dict[str, Any], expected: str) -> None:
    assert plain(wording.limit(limit(**bounds))) == expected


def test_a_limit_hides_the_binary_tail() -> None:
    assert plain(wording.limit(limit(upper=0.02 * 1.1))) == "≤ 22 mA"


@pytest.mark.parametrize(
    ("value", "uncertainty", "unit", "expected"),
    [
        (0.0200123, 0.00015, Unit.AMPERE, "20.01 ± 0.15 mA"),
        (-3.2e-7, 1.1e-7, Unit.COULOMB, "−320 ± 110 nC"),
        (3.0, 0.0, Unit.COUNT, "3"),
        (500.12, 0.1, Unit.OHM, "500.12 ± 0.10 Ω"),
        (0.02, None, Unit.AMPERE, "20 mA"),
        (None, None, Unit.AMPERE, "–"),
    ],
)
def test_a_result_is_rounded_to_its_uncertainty(
    value: float | None, uncertainty: float | None, unit: Unit, expected: str
) -> None:
    assert plain(wording.result(value, uncertainty, unit)) == expected


def test_a_single_item_is_rounded_as_its_uncertainty_allows() -> None:
    assert plain(wording.rounded(0.02001234, 0.00015, Unit.AMPERE)) == "20.01 mA"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.quantity(6.7e-32, Unit.AMPERE, digits=2), "6.7×10⁻²⁰ pA"),
        (wording.quantity(-6.5e-3, Unit.WATT_PER_SQUARE_METRE, digits=2), "−6.5×10⁻⁷ W/cm²"),
        (wording.quantity(1.6e-4, Unit.WATT_PER_SQUARE_METRE, digits=2), "1.6×10⁻⁸ W/cm²"),
        (wording.quantity(0.35, Unit.WATT_PER_SQUARE_METRE, digits=2), "0.000035 W/cm²"),
        (wording.result(2.4075, 0.0065, Unit.WATT_PER_SQUARE_METRE), "(2.4075 ± 0.0065)×10⁻⁴ W/cm²"),
        (wording.rounded(2.40751, 0.0065, Unit.WATT_PER_SQUARE_METRE), "2.4075×10⁻⁴ W/cm²"),
        (wording.result(0.0, 6.5e-3, Unit.WATT_PER_SQUARE_METRE), "(0.0 ± 6.5)×10⁻⁷ W/cm²"),
    ],
)
def test_what_would_begin_with_many_zeros_has_a_power_of_ten(text: str, expected: str) -> None:
    assert text.replace(THIN, " ") == expected


def test_rounding_comes_before_the_prefix() -> None:
    assert plain(wording.signed(0.99961, Unit.HERTZ)) == "+1 Hz"


def test_a_margin_has_a_sign() -> None:
    assert plain(wording.signed(0.0015, Unit.AMPERE)) == "+1.5 mA"
    assert plain(wording.signed(-0.0015, Unit.AMPERE)) == "−1.5 mA"
    assert wording.signed(None, Unit.AMPERE) == "–"
    assert plain(wording.signed(0.0, Unit.COUNT)) == "0"


def test_no_probability_is_certain() -> None:
    assert plain(wording.probability(1.0)) == "> 99.9 %"
    assert plain(wording.probability(0.0)) == "< 0.1 %"
    assert plain(wording.probability(0.97725)) == "97.7 %"


def test_a_value_never_leaves_its_unit() -> None:
    assert " " not in wording.quantity(0.02, Unit.AMPERE)


def test_moments_are_told_in_utc() -> None:
    local = datetime(2026, 11, 22, 10, 30, 12, tzinfo=timezone(timedelta(hours=1)))
    assert wording.moment(local) == "2026-11-22 09:30:12 UTC"
    assert wording.moment(datetime(2026, 11, 22, 9, 30, 12, tzinfo=UTC)) == "2026-11-22 09:30:12 UTC"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1.82, "1.8 s"), (75.4, "1 min 15 s"), (7384.0, "2 h 3 min"), (None, "–")]
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert plain(wording.span(seconds)) == expected


def test_a_load_says_what_it_was_measured_to_be_with_k_2() -> None:
    entry = LoadEntry(name="500 ohm", nominal=500.0, resistance=500.12, uncertainty=0.05)
    assert plain(wording.load(entry)) == "500 Ω (500.12 ± 0.10 Ω)"
    assert wording.load(LoadEntry(name="open", nominal=None, resistance=None, uncertainty=0.0)) == "open"


@pytest.mark.parametrize("confidence", list(Confidence))
def test_all_but_sure_limits_are_to_be_verified(confidence: Confidence) -> None:
    text = wording.caution(limit(upper=1.0, confidence=confidence))
    assert (text == "") is (confidence is Confidence.SURE)
    assert text in {"", "verify against the purchased standard"}


def test_every_decision_rule_states_its_risk() -> None:
    assert set(wording.RULES) == set(DecisionRule)
    assert all("%" in text.risk or "probability" in text.risk for text in wording.RULES.values())


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    shown = wording.visible(text)
    assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in shown)
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f\u200b\ufeff\x7f")
    assert wording.visible(shown) == shown


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6), st.sampled_from(list(Unit)))
def test_any_number_can_be_written(value: float, unit: Unit) -> None:
    text = wording.quantity(value, unit)
    assert "-" not in text.partition(THIN)[0]
    assert math.isclose(value, 0.0, abs_tol=1e-300) or any(letter.isdigit() for letter in text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lies above 63 mA by 12.4 uA", "lies above 63 mA by 12.4 µA"),
        ("at most 2 mA/cm2 into 500 ohm", "at most 2 mA/cm² into 500 Ω"),
        ("case 5 A-side of REQ-3 sub 2", "case 5 A-side of REQ-3 sub 2"),
        ("nothing to say", "nothing to say"),
    ],
)
def test_prose_keeps_its_words(text: str, expected: str) -> None:
    assert plain(wording.prose(text)) == expected
