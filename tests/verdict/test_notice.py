from __future__ import annotations

from dataclasses import replace

import pytest

from rig.model.limit import Interval, Limit
from rig.model.measurement import Measurement, NotMeasured, Window
from rig.units import Unit
from rig.verdict.notice import stated
from rig.verdict.packs import NotApplicable

LIMIT = Limit(measurand="rms_current", interval=Interval(upper=0.01), unit=Unit.AMPERE, text="10 mA", source="pack")
REPORT = NotApplicable(pack="pack", clause="3", title="t", reason="to be reported", asks="rms_current")
NOTICE = replace(REPORT, reason="a notice", notice=LIMIT, then="an indicator is required")


def measured(lowest: float, highest: float, u: float = 1e-4) -> Measurement:
    return Measurement(
        measurand="rms_current",
        value=(lowest + highest) / 2,
        unit=Unit.AMPERE,
        n=1 if lowest == highest else 2,
        minimum=lowest,
        maximum=highest,
        standard_uncertainty=u,
        single_uncertainty=u,
        window=Window(start=0, stop=1, description=""),
        origin=("c", "current", "rms_current"),
    )


def test_what_is_to_be_reported_is_stated_with_its_uncertainty_and_its_spread() -> None:
    assert stated(REPORT, measured(0.008, 0.008)) == "rms_current 8.00 ± 0.20 mA"
    assert stated(REPORT, measured(0.008, 0.009)) == "rms_current 8.50 ± 0.20 mA (8 mA to 9 mA)"
    assert stated(REPORT, measured(0.008, 0.0080000001)) == "rms_current 8.00 ± 0.20 mA"


@pytest.mark.parametrize(
    ("lowest", "highest", "said"),
    [
        (0.008, 0.0095, "which gives no cause"),
        (0.008, 0.0099, "nearer to it than its uncertainty: an indicator is required"),
        (0.008, 0.0101, "beyond it: an indicator is required"),
        (0.02, 0.02, "beyond it: an indicator is required"),
    ],
)
def test_notice_is_given_unless_every_item_surely_gives_no_cause(lowest: float, highest: float, said: str) -> None:
    assert stated(NOTICE, measured(lowest, highest)).endswith(said)


@pytest.mark.parametrize("entry", [REPORT, NOTICE])
def test_what_was_not_measured_is_said_to_be_not_evaluated(entry: NotApplicable) -> None:
    assert stated(entry, None) == "not evaluated: rms_current was not measured"
    why = NotMeasured(measurand="rms_current", reason="the record is too short")
    assert stated(entry, why) == "not evaluated: rms_current was not measured: the record is too short"


def test_what_asks_for_no_value_stays_as_it_is() -> None:
    plain = replace(REPORT, asks="", reason="applies into 500 ohm, the load is 1 kohm")
    assert not stated(plain, measured(0.008, 0.008))
