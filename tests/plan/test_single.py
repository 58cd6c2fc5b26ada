"""A stimulus and a limit made in Python mean what the same words mean in a plan."""

from __future__ import annotations

import math

import pytest

from rig.documents import compose_document
from rig.errors import Refused
from rig.model.limit import Interval, Statistic
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.plan.load import expand_plan
from rig.plan.single import single_limit, single_stimulus
from rig.units import Unit

USUAL: dict[str, str | int] = {
    "shape": "biphasic_symmetric",
    "amplitude": "20 mA",
    "phase_duration": "300 us",
    "rate": "50 Hz",
    "train": "1 s",
}
PLAN = """\
plan: P-1
title: A plan
revision: A
cases:
  - id: c
    load: {load}
    stimulus: {{{stimulus}}}
    verify: [{{{measurand}: {{{form}}}}}]
"""


def stimulus(**changes: str | int) -> Stimulus:
    return single_stimulus({**USUAL, **changes})


def planned(measurand: str, form: str, load: str, **changes: str | int) -> tuple[Stimulus, Interval, str]:
    settings = ", ".join(f"{key}: {value}" for key, value in {**USUAL, **changes}.items())
    text = PLAN.format(load=load, stimulus=settings, measurand=measurand, form=form)
    (case,) = expand_plan(compose_document(text.encode(), shown_as="p.yaml", defer=True)).cases
    return case.stimulus, case.checks[0].interval, case.checks[0].text


@pytest.mark.parametrize(
    ("measurand", "form", "load"),
    [
        ("phase_top", {"within": "5 % of set"}, "500 ohm"),
        ("phase_top", {"within": "1 mA of 20 mA"}, "500 ohm"),
        ("net_charge", {"at_most": "0.5 uC"}, "500 ohm"),
        ("droop", {"at_most": "5 %"}, "500 ohm"),
        ("pulse_rate", {"at_least": "49 Hz"}, "500 ohm"),
        ("peak_output_voltage", {"at_most": "110 % of set"}, "1 kohm"),
        ("peak_output_voltage", {"at_most": "180 V"}, "open"),
    ],
)
def test_a_limit_is_the_one_that_a_plan_would_make(measurand: str, form: dict[str, str], load: str) -> None:
    (key, value) = next(iter(form.items()))
    set_to, interval, text = planned(measurand, f"{key}: {value}", load)
    limit = single_limit(measurand, form, stimulus=set_to, load=load, source="test.py:3:1")
    assert (limit.interval, limit.text) == (interval, text)
    assert limit.source == "test.py:3:1"
    assert limit.measurand == measurand


def test_a_stimulus_is_the_one_that_a_plan_would_make() -> None:
    changes: dict[str, str | int] = {"channel": 3, "polarity": "negative", "interphase": "100 us"}
    assert stimulus(**changes) == planned("phase_count", "equals: 2", "500 ohm", **changes)[0]


def test_what_is_left_out_has_the_plan_s_presets() -> None:
    assert stimulus() == Stimulus(
        channel=1,
        shape=Shape.BIPHASIC_SYMMETRIC,
        amplitude=0.02,
        phase_duration=3e-4,
        interphase=0.0,
        rate=50.0,
        train=1.0,
        polarity=Polarity.POSITIVE,
    )


def test_a_limit_may_bind_the_mean() -> None:
    form = {"within": "6 % of set", "of": "mean"}
    limit = single_limit("phase_top", form, stimulus=stimulus(), load="500 ohm", source="")
    assert limit.statistic is Statistic.MEAN
    assert limit.unit is Unit.AMPERE
    assert limit.interval.lower == pytest.approx(0.0188)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amplitude": "20"}, "amplitude"),
        ({"amplitude": "20 V"}, "amplitude"),
        ({"amplitude": 20}, "amplitude"),
        ({"amplitude": "-20 mA"}, "amplitude"),
        ({"amplitud": "20 mA"}, "amplitud"),
        ({"channel": 0}, "channel"),
        ({"train": "forever"}, "train: a test in Python says how long"),
        ({"rate": "2 kHz"}, "rate: a pulse of 600 us does not fit into a period of 500 us"),
        ({"train": "10 ms"}, "train: the train ends before its first period does"),
        ({"shape": "monophasic", "interphase": "100 us"}, "interphase: a monophasic pulse has no interphase interval"),
    ],
)
def test_a_stimulus_is_refused_as_a_plan_s_would_be(changes: dict[str, str | int], message: str) -> None:
    with pytest.raises(Refused, match=message):
        stimulus(**changes)


def test_everything_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(Refused, match="the stimulus lacks shape, phase_duration, rate, train"):
        single_stimulus({"amplitude": "20 mA"})


@pytest.mark.parametrize(
    ("measurand", "form", "load", "message"),
    [
        ("phase_tops", {"at_most": "20 mA"}, "500 ohm", "phase_tops"),
        ("phase_top", {"at_most": "20 V"}, "500 ohm", "phase_top"),
        ("phase_top", {}, "500 ohm", "exactly one of"),
        ("phase_top", {"at_most": "20 mA", "at_least": "10 mA"}, "500 ohm", "exactly one of"),
        ("rise_time", {"within": "5 % of set"}, "500 ohm", "no set value"),
        ("peak_output_voltage", {"at_most": "110 % of set"}, "open", "peak_output_voltage: there is no set value"),
        ("phase_top", {"at_most": "20 mA"}, "500", "phase_top: .*500"),
    ],
)
def test_a_limit_is_refused_as_a_plan_s_would_be(measurand: str, form: dict[str, str], load: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        single_limit(measurand, form, stimulus=stimulus(), load=load, source="")


def test_an_open_load_is_infinite() -> None:
    limit = single_limit("peak_output_voltage", {"at_most": "180 V"}, stimulus=stimulus(), load="open", source="")
    assert limit.interval == Interval(lower=-math.inf, upper=180.0)
