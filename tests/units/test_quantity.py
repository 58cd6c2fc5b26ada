"""Quantities: text to SI and back, and nothing that is not plainly a quantity."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import UnitError
from rig.units import Unit, format_quantity, format_result, parse_quantity
from rig.units.quantity import _COMMON, _looked_up, example_of
from tests.architecture.project import ROOT

units = st.sampled_from(sorted(Unit))
finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


@settings(max_examples=300)
@given(finite, units.filter(lambda unit: unit is not Unit.COUNT))
def test_what_is_formatted_reads_back_exactly(value: float, unit: Unit) -> None:
    assert parse_quantity(format_quantity(value, unit), unit) == value


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_read_back_exactly(value: int) -> None:
    assert parse_quantity(format_quantity(value, Unit.COUNT), Unit.COUNT) == value


@given(finite, units.filter(lambda unit: unit not in {Unit.COUNT, Unit.NUMBER}))
def test_a_number_without_a_unit_never_parses(value: float, unit: Unit) -> None:
    with pytest.raises(UnitError, match="has no unit"):
        parse_quantity(repr(value), unit)


@given(st.text(max_size=20), units)
def test_any_text_is_a_finite_number_or_a_unit_error(text: str, unit: Unit) -> None:
    try:
        value = parse_quantity(text, unit)
    except UnitError:
        return
    assert math.isfinite(value)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("20 mA", Unit.AMPERE, 0.02),
        ("20mA", Unit.AMPERE, 0.02),
        ("  20  mA ", Unit.AMPERE, 0.02),
        ("+1.5e1 mA", Unit.AMPERE, 0.015),
        ("-3 uA", Unit.AMPERE, -3e-6),
        (".5 uC", Unit.COULOMB, 5e-7),
        ("300 us", Unit.SECOND, 3e-4),
        ("300 µs", Unit.SECOND, 3e-4),
        ("300 μs", Unit.SECOND, 3e-4),
        ("2 min", Unit.SECOND, 120.0),
        ("1 kohm", Unit.OHM, 1000.0),
        ("1 kΩ", Unit.OHM, 1000.0),
        ("10 %", Unit.ONE, 0.1),
        ("50 ppm", Unit.ONE, 5e-5),
        ("25 cm2", Unit.SQUARE_METRE, 0.0025),
        ("25 cm²", Unit.SQUARE_METRE, 0.0025),
        ("2 mA/cm2", Unit.AMPERE_PER_SQUARE_METRE, 20.0),
        ("0.25 W/cm^2", Unit.WATT_PER_SQUARE_METRE, 2500.0),
        ("30 uC/cm2", Unit.COULOMB_PER_SQUARE_METRE, 0.3),
        ("100 nF", Unit.FARAD, 1e-7),
        ("300 mJ", Unit.JOULE, 0.3),
        ("1 V·A", Unit.WATT, 1.0),
        ("3", Unit.COUNT, 3.0),
        ("1.75", Unit.NUMBER, 1.75),
        ("-3e-2", Unit.NUMBER, -0.03),
    ],
)
def test_units_of_the_field(text: str, unit: Unit, value: float) -> None:
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("20", Unit.AMPERE, "'20' has no unit; write for example '20 mA'"),
        ("20 mV", Unit.AMPERE, "'mV' is not a unit of ampere; write for example '20 mA'"),
        ("3 furlongs", Unit.SECOND, "'furlongs' is not a unit of second"),
        ("20 ma", Unit.AMPERE, "'ma' is not a unit of ampere"),
        ("mA", Unit.AMPERE, "'mA' is not a quantity"),
        ("", Unit.AMPERE, "'' is not a quantity"),
        ("nan mA", Unit.AMPERE, "is not a quantity"),
        ("inf mA", Unit.AMPERE, "is not a quantity"),
        ("1e400 mA", Unit.AMPERE, "is too large to be meant"),
        ("1,5 mA", Unit.AMPERE, "is not a unit of ampere"),
        ("1.5", Unit.COUNT, "'1.5' is not a whole number"),
        ("3 mA", Unit.COUNT, "'mA' is not a unit of a whole number"),
        ("175 %", Unit.NUMBER, "'%' is not a unit of a plain number; write for example '1.75'"),
        ("1e400", Unit.NUMBER, "is too large to be meant"),
        ("3 A**99", Unit.AMPERE, "is not a unit of ampere"),
        ("3 __import__", Unit.AMPERE, "is not a unit of ampere"),
        ("5 mA", Unit.ONE, "'mA' is not a unit of a ratio; write for example '2 %'"),
        ("٢٠ mA", Unit.AMPERE, "is not a quantity"),
    ],
)
def test_what_is_refused_and_why(text: str, unit: Unit, message: str) -> None:
    with pytest.raises(UnitError, match=re.escape(message)):
        parse_quantity(text, unit)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.02, Unit.AMPERE, "20 mA"),
        (0.0, Unit.AMPERE, "0 A"),
        (3e-4, Unit.SECOND, "300 us"),
        (7200.0, Unit.SECOND, "7200 s"),
        (1000.0, Unit.OHM, "1 kohm"),
        (500.0, Unit.OHM, "500 ohm"),
        (0.1, Unit.ONE, "10 %"),
        (20.0, Unit.AMPERE_PER_SQUARE_METRE, "2 mA/cm2"),
        (3.0, Unit.COUNT, "3"),
        (0.7654, Unit.NUMBER, "0.7654"),
        (1234.5, Unit.NUMBER, "1234.5"),
        (math.nan, Unit.NUMBER, "nan"),
        (-5e-14, Unit.AMPERE, "-0.05 pA"),
        (math.inf, Unit.OHM, "inf ohm"),
        (math.nan, Unit.OHM, "nan ohm"),
    ],
)
def test_how_values_are_shown(value: float, unit: Unit, text: str) -> None:
    assert format_quantity(value, unit) == text


def test_digits_are_significant_digits() -> None:
    assert format_quantity(0.0123456, Unit.AMPERE, digits=3) == "12.3 mA"
    assert format_quantity(0.0, Unit.AMPERE, digits=3) == "0 A"


@pytest.mark.parametrize(
    ("value", "uncertainty", "unit", "text"),
    [
        (0.0200123, 0.00015, Unit.AMPERE, "20.01 ± 0.15 mA"),
        (1.0, 0.0, Unit.VOLT, "1 ± 0 V"),
        (0.0, 1e-6, Unit.AMPERE, "0.0 ± 1.0 uA"),
        (3.0, 0.0, Unit.COUNT, "3 ± 0"),
        (0.76543, 0.0123, Unit.NUMBER, "0.765 ± 0.012"),
        (math.nan, 1.0, Unit.VOLT, "nan ± 1.0 V"),
        (1.0, math.inf, Unit.VOLT, "1.0 ± inf V"),
    ],
)
def test_value_and_uncertainty_end_at_the_same_place(value: float, uncertainty: float, unit: Unit, text: str) -> None:
    assert format_result(value, uncertainty, unit) == text


@given(units)
def test_every_example_is_one(unit: Unit) -> None:
    assert math.isfinite(parse_quantity(example_of(unit), unit))


@pytest.mark.parametrize("symbol", _COMMON)
@pytest.mark.parametrize("unit", [unit for unit in Unit if unit not in {Unit.COUNT, Unit.NUMBER}])
def test_what_is_known_without_pint_is_what_pint_says(symbol: str, unit: Unit) -> None:
    meant, factor = _COMMON[symbol]
    if meant is unit:
        assert factor == _looked_up(symbol, unit, "")
    else:
        with pytest.raises(UnitError):
            _looked_up(symbol, unit, "")


def test_the_shipped_plans_need_no_pint() -> None:
    code = "import sys; from rig.cli import app; app(['check', 'testplans/smoke.plan.yaml'], standalone_mode=False); "
    code += "sys.exit('pint' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=60)
