"""Quantities as fields: read from text, refused with a reason, drawn in the schema alike."""

from __future__ import annotations

import re
from typing import Annotated, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from rig.units import Unit, format_quantity
from rig.units.fields import QUANTITY_PATTERN, Current, Frequency, Quantity


class Setting(BaseModel):
    current: Current
    rate: Frequency = 50.0
    rest: Annotated[float, Quantity(Unit.SECOND, "not negative")] = 0.0


def test_text_in_si_inside_and_text_out() -> None:
    setting = Setting.model_validate({"current": "20 mA", "rate": "40 Hz"})
    assert setting.current == 0.02
    assert setting.model_dump()["rate"] == 40.0
    assert setting.model_dump(mode="json") == {"current": "20 mA", "rate": "40 Hz", "rest": "0 s"}
    assert Setting.model_validate(setting.model_dump(mode="json")) == setting


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"current": "20"}, "'20' has no unit"),
        ({"current": 20}, "'20' has no unit"),
        ({"current": 0.5}, "'0.5' has no unit"),
        ({"current": None}, "expected a quantity such as '20 mA'"),
        ({"current": True}, "expected a quantity such as '20 mA'"),
        ({"current": ["20 mA"]}, "expected a quantity such as '20 mA'"),
        ({"current": "20 mV"}, "'mV' is not a unit of ampere"),
        ({"current": "1 A", "rate": "0 Hz"}, "0 Hz must be positive"),
        ({"current": "1 A", "rest": "-1 s"}, "-1 s must not be negative"),
    ],
)
def test_what_is_refused_and_why(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Setting.model_validate(values)
    (error,) = caught.value.errors()
    assert message in error["msg"]


def test_zero_may_be_not_negative() -> None:
    assert Setting.model_validate({"current": "-1 A", "rest": "0 s"}).rest == 0.0


@given(st.floats(-1e3, 1e3), st.sampled_from(sorted(set(Unit) - {Unit.COUNT, Unit.NUMBER})))
def test_the_schema_accepts_what_is_formatted(value: float, unit: Unit) -> None:
    assert re.fullmatch(QUANTITY_PATTERN, format_quantity(value, unit))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_schema_refuses_a_bare_number_too(value: float) -> None:
    assert not re.fullmatch(QUANTITY_PATTERN, repr(value))


def test_the_schema_of_a_field() -> None:
    schema = Setting.model_json_schema()
    jsonschema.validate({"current": "20 mA"}, schema)
    for wrong in ("20", 20, "mA"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"current": wrong}, schema)
