"""Oscilloscope and digitizer see the same pulse; where they exclude each other, the bench is wrong, not the device."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.sequencer.agreement import Agreement
from rig.units import Unit

positive = st.floats(1e-6, 1e3)


def agreement(one: float, u_one: float, other: float, u_other: float) -> Agreement:
    return Agreement(
        quantity="top",
        unit=Unit.AMPERE,
        oscilloscope=one,
        oscilloscope_uncertainty=u_one,
        digitizer=other,
        digitizer_uncertainty=u_other,
        uncertainty=math.hypot(u_one, u_other),
    )


@pytest.mark.parametrize(
    ("one", "u_one", "other", "u_other", "e_n"),
    [(1.0, 0.3, 1.5, 0.4, 1.0), (1.0, 0.03, 1.0, 0.04, 0.0), (2.0, 0.0, 1.0, 0.5, 2.0), (1.0, 0.0, 1.0, 0.0, 0.0)],
)
def test_the_normalised_error_is_the_difference_over_its_uncertainty(
    one: float, u_one: float, other: float, u_other: float, e_n: float
) -> None:
    assert agreement(one, u_one, other, u_other).e_n == pytest.approx(e_n)


def test_two_exact_and_different_values_never_agree() -> None:
    assert math.isinf(agreement(1.0, 0.0, 1.1, 0.0).e_n)


@given(one=positive, u_one=positive, other=positive, u_other=positive)
def test_it_matters_neither_who_is_who_nor_which_unit_is_used(
    one: float, u_one: float, other: float, u_other: float
) -> None:
    e_n = agreement(one, u_one, other, u_other).e_n
    assert agreement(other, u_other, one, u_one).e_n == pytest.approx(e_n)
    scaled = agreement(1e3 * one, 1e3 * u_one, 1e3 * other, 1e3 * u_other)
    assert scaled.e_n == pytest.approx(e_n)
