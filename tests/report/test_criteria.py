"""What a test demands, as a summary writes it."""

from __future__ import annotations

import pytest

from rig.evidence.record import LimitEntry
from rig.model.limit import Confidence
from rig.report.criteria import criteria
from rig.report.wording import prose
from rig.units import Unit


def entry(measurand: str, text: str, *, during: str = "", confidence: Confidence = Confidence.SURE) -> LimitEntry:
    return LimitEntry(
        measurand=measurand,
        during=during,
        lower=None,
        upper=1.0,
        unit=Unit.AMPERE,
        text=text,
        source="x.plan.yaml:1:1",
        confidence=confidence,
    )


def within(*values: str, share: str = "5 %") -> list[LimitEntry]:
    return [entry("phase_top", f"within {share} of {value}") for value in values]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (within("10 mA", "20 mA", "10 mA", "40 mA"), ["phase top: within 5 % of 10, 20, 40 mA"]),
        (within("500 us", "1 ms", "2 ms"), ["phase top: within 5 % of 500 us, 1, 2 ms"]),
        (within("-18 uC"), ["phase top: within 5 % of −18 uC"]),
        (within(*(f"{n} mA" for n in range(1, 10))), ["phase top: within 5 % of 1, 2, 3, 4, 5, 6 mA and 3 more"]),
        (
            within("10 mA", "20 mA") + within("10 mA", "30 mA", share="2 %"),
            ["phase top: within 5 % of 10, 20 mA; within 2 % of 10, 30 mA"],
        ),
        (
            [entry("missing_pulses", "exactly 0"), entry("extra_pulses", "exactly 0")],
            ["missing pulses, extra pulses: exactly 0"],
        ),
        (
            [entry("phase_top", f"at most 20 mA during {load}", during=load) for load in ("500 ohm", "1 kohm")],
            ["phase top: at most 20 mA during 500 ohm, 1 kohm"],
        ),
        ([entry("ac_rms", "AC rms into 500 ohm: at most 50 mA")], ["AC rms into 500 ohm: at most 50 mA"]),
        ([entry("power_density", "Power density: below 1 W/cm2")], ["Power density: below 1 W/cm2"]),
        (
            [entry("polarity", f"no number {n}") for n in "abcd"],
            ["polarity: no number a; no number b; no number c; and 1 more, each with its case"],
        ),
        ([entry("polarity", "a\x00 5 mA"), entry("polarity", "a\x00 6 mA")], ["polarity: a\x00 5, 6 mA"]),
    ],
)  # fmt: skip
def test_what_cases_repeat_is_written_once(limits: list[LimitEntry], told: list[str]) -> None:
    assert criteria(limits) == tuple(map(prose, told))


def test_published_limits_that_are_not_sure_are_marked_and_the_mark_explained_once() -> None:
    caution = "verify against the purchased standard"
    unsure = [
        entry(name, f"Agrees: within 20 % of {value}; {caution}", confidence=Confidence.MEMORY)
        for name in ("phase_top", "pulse_rate")
        for value in ("10 mA", "20 mA")
    ]
    assert criteria(unsure) == (
        prose("phase top, pulse rate: Agrees: within 20 % of 10, 20 mA*"),
        f"* {caution}",
    )
