from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import Refused
from rig.model.intent import Intent

NAMES = [field.name for field in fields(Intent)]
MAGNITUDE = st.floats(0, 1e6)
FIGURES = st.none() | MAGNITUDE
INTENTS = st.builds(Intent, **dict.fromkeys(NAMES, FIGURES))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -1e-9])
def test_a_figure_that_no_comparison_would_stop_is_refused(name: str, value: float) -> None:
    with pytest.raises(Refused):
        Intent(**{name: value})


@pytest.mark.parametrize("name", NAMES)
def test_a_ceiling_binds_its_figure_and_no_other(name: str) -> None:
    ceilings = Intent(**{name: 2.0})
    assert Intent(**{name: 2.0}).objections(ceilings) == ()
    (said,) = Intent(**{name: math.nextafter(2.0, 3.0)}).objections(ceilings)
    assert "exceeds the ceiling of 2 " in said
    others: dict[str, float] = dict.fromkeys((other for other in NAMES if other != name), 1e9)
    (unknown,) = Intent(**others).objections(ceilings)
    assert "is not known" in unknown


@given(INTENTS)
def test_without_ceilings_nothing_stands_against_anything(intent: Intent) -> None:
    assert intent.objections(Intent()) == ()


@given(INTENTS, INTENTS, st.sampled_from(NAMES), MAGNITUDE)
def test_less_is_never_refused_where_more_is_not(intent: Intent, ceilings: Intent, name: str, less: float) -> None:
    before = getattr(intent, name)
    smaller = replace(intent, **{name: less if before is None else min(less, before)})
    if not intent.objections(ceilings):
        assert smaller.objections(ceilings) == ()
