from __future__ import annotations

import pytest
from pydantic import ValidationError

from rig.bench.device_file import FAULTS, Fault


@pytest.mark.parametrize(
    "kind", ["amplitude_gain", "second_phase_imbalance", "dc_leak", "pulse_width_error", "rate_error", "droop"]
)
def test_a_fault_of_some_size_says_how_large_it_is(kind: str) -> None:
    with pytest.raises(ValidationError, match=f"{kind} needs a 'value'"):
        Fault.model_validate({"kind": kind})
    text = "200 uA" if kind == "dc_leak" else "10 %"
    assert Fault.model_validate({"kind": kind, "value": text}).si_value() == pytest.approx(
        200e-6 if kind == "dc_leak" else 0.1
    )


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("slow_stop", "300 ms", 0.3),
        ("late_start", "20 ms", 0.02),
        ("slow_timeout", "3 s", 3.0),
        ("reconnect_surge", "150 %", 1.5),
        ("power_up_pulse", "-10 mA", -0.01),
        ("reset_pulse", "10 mA", 0.01),
        ("supply_sensitive", "100 %", 1.0),
    ],
)
def test_a_fault_in_an_event_has_the_unit_of_what_it_changes(kind: str, text: str, value: float) -> None:
    with pytest.raises(ValidationError, match=f"{kind} needs a 'value'"):
        Fault.model_validate({"kind": kind})
    assert Fault.model_validate({"kind": kind, "value": text}).si_value() == pytest.approx(value)


@pytest.mark.parametrize(
    "kind", ["missing_pulse", "polarity_flip", "stuck_on", "ignores_stop", "no_timeout", "short_circuit_latch"]
)
def test_a_fault_that_is_there_or_not_has_no_size(kind: str) -> None:
    assert Fault.model_validate({"kind": kind}).si_value() is None
    with pytest.raises(ValidationError, match="is there or not"):
        Fault.model_validate({"kind": kind, "value": "3"})


@pytest.mark.parametrize(("text", "share"), [(None, None), ("30 %", 0.3)])
def test_an_extra_pulse_comes_after_a_part_of_the_period(text: str | None, share: float | None) -> None:
    assert Fault.model_validate({"kind": "extra_pulse", "value": text, "every": 7}).si_value() == share


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_a_value_in_another_unit_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate({"kind": kind, "value": "3 V"})
