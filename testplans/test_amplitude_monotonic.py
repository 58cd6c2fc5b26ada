"""A test that a plan cannot say: more is asked for step by step, and each step must give more than the one before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest

from rig.model.judgement import Judgement
from rig.model.measurement import Measurement, Outcome

STEPS = (5, 10, 20, 40)  # mA


@pytest.mark.requirement("REQ-OUT-007")
def test_output_rises_with_every_step(
    load: Callable[[str], None],
    capture: Callable[..., Mapping[str, Outcome]],
    judge: Callable[..., Judgement],
) -> None:
    load("1 kohm")
    tops: list[Measurement] = []
    for amplitude in STEPS:
        outcomes = capture(
            amplitude=f"{amplitude} mA",
            phase_duration="200 us",
            shape="biphasic_symmetric",
            interphase="100 us",
            rate="50 Hz",
            train="100 ms",
        )
        top = outcomes["phase_top"]
        assert isinstance(top, Measurement), top
        judge(top, within="5 % of set")  # the device asserts nothing of itself: every step is held against its limit
        tops.append(top)
    for lower, higher in pairwise(tops):
        gap = higher.value - lower.value
        assert gap > higher.expanded_uncertainty + lower.expanded_uncertainty, "a step that cannot be told is no step"
