"""What makes a series, what is left out and said, and that a device that wanders is told from one that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy.engine import URL

from rig.history.point import Point
from rig.history.selection import Selection
from rig.history.statistics.capability import Capability
from rig.history.statistics.chart import Chart
from rig.history.statistics.drift import Drift
from rig.history.statistics.unanswered import Unanswered
from rig.history.store import History
from rig.history.studies.series import By
from rig.history.studies.trend import Asked, Trend, Trends, trends_of
from tests.history.values import CASE, START, drifting, kept, point, recorded, series, steady


def asked(points: list[Point], **more: object) -> Trends:
    return trends_of(points, Asked(measurand="phase_top", **more))  # type: ignore[arg-type] # told by name


def alone(points: list[Point], **more: object) -> Trend:
    (one,) = asked(points, **more).trends
    return one


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> URL:
    healthy, faulty = steady(30, seed=43), drifting(30, seed=44, per_value=4e-5)
    runs = [recorded("HEALTHY", number, value) for number, value in enumerate(healthy.tolist())]
    runs += [recorded("FAULTY", number, value) for number, value in enumerate(faulty.tolist())]
    runs.append(recorded("HEALTHY", 40, 0.03, end_reason="operator_abort"))
    runs.append(recorded("HEALTHY", 41, 0.03, engineering_only=("calibration overdue",)))
    return kept(tmp_path_factory.mktemp("trend"), runs)


def test_a_device_that_drifts_is_caught_and_a_steady_one_is_not(history: URL) -> None:
    with History(history) as database:
        found = asked(list(database.points("phase_top", Selection(retried=True))))
    by_name = {trend.series.who: trend for trend in found.trends}
    healthy, faulty = by_name["HEALTHY"], by_name["FAULTY"]
    assert not healthy.alarming
    assert healthy.patterns == ()
    assert isinstance(healthy.drift, Drift)
    assert not healthy.drift.significant
    assert isinstance(healthy.capability, Capability)
    assert healthy.capability.cpk.lower > 1.33

    assert faulty.out_of_control
    assert isinstance(faulty.drift, Drift)
    assert faulty.drift.lower <= 4e-5 / 7 <= faulty.drift.upper
    assert faulty.meeting is not None
    assert faulty.meeting.at is not None
    # 2 mA above its setting is reached after 50 weeks at 40 µA a week.
    assert abs(faulty.meeting.at - (START + timedelta(weeks=50))) < timedelta(weeks=4)
    assert faulty.meeting.earliest is not None
    assert faulty.meeting.latest is not None
    assert faulty.meeting.earliest < faulty.meeting.at < faulty.meeting.latest
    assert found.exit_code == 1
    assert dict(found.left_out) == {"of runs that were cut off": 1, "of runs for engineering only": 1}


def test_of_the_device_alone_all_is_well(history: URL) -> None:
    with History(history) as database:
        points = list(database.points("phase_top", Selection(device="HEALTHY")))
    assert asked(points).exit_code == 0
    # Counting what is no evidence is a decision, and changes the picture: that value lies far out.
    assert asked(points, engineering=True).exit_code == 1


def test_by_instrument_the_devices_have_levels_of_their_own(history: URL) -> None:
    with History(history) as database:
        points = list(database.points("phase_top"))
    trend = alone(points, by=By.INSTRUMENT)
    assert set(trend.series.devices) == {"HEALTHY", "FAULTY"}
    assert isinstance(trend.chart, Unanswered)
    assert "2 devices" in trend.chart.reason
    assert isinstance(trend.drift, Drift)
    assert trend.drift.freedom == 60 - 3


def test_a_step_between_two_devices_is_no_drift_of_their_instrument() -> None:
    first = series(steady(20, seed=45), device_serial="A")
    second = [
        replace(one, device_serial="B", started=one.started + timedelta(days=100))
        for one in series(steady(20, seed=46) + 1e-3)
    ]
    trend = alone([*first, *second], by=By.INSTRUMENT)
    assert isinstance(trend.drift, Drift)
    assert not trend.drift.significant


@pytest.mark.parametrize(
    "other",
    [
        {"case": "delivery[50mA-200us-500ohm]"},
        {"load": "1 kohm"},
        {"virtual": True},
        {"device_serial": "P24-000999"},
        {"plan": "ANOTHER"},
    ],
)
def test_what_may_not_be_compared_is_never_pooled(other: dict[str, object]) -> None:
    found = asked([*series(steady(25)), *series(steady(25) + 5e-3, **other)])
    assert [len(trend.series.points) for trend in found.trends] == [25, 25]
    assert all(not trend.out_of_control for trend in found.trends)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"device_firmware": "3.3.0"}, "firmware 3.2.1 → 3.3.0"),
        ({"instrument_calibration": "C-2 2027-01-02"}, "calibration C-2026-0002 2026-01-02 → C-2 2027-01-02"),
        ({"instrument_serial": "NEW"}, "instrument 01D2A3B4 → NEW"),
    ],
)
def test_a_change_begins_a_new_series_and_is_said(change: dict[str, object], told: str) -> None:
    values = np.concatenate([steady(25), steady(25, seed=47) + 1e-3])
    points = [replace(one, **change) if number >= 25 else one for number, one in enumerate(series(values))]  # type: ignore[arg-type] # told by name
    first, second = asked(points).trends
    assert (first.series.parts, first.series.change, second.series.change) == (2, "", told)
    assert not first.out_of_control
    assert isinstance(second.chart, Chart)
    assert second.chart.location.centre == pytest.approx(0.021, abs=5e-5)
    assert alone(points, split=False).out_of_control


def test_repeated_attempts_are_left_out_and_counted() -> None:
    points = [*series(steady(25)), point(26, 0.03, retried=True)]
    found = asked(points)
    assert dict(found.left_out) == {"of attempts that were repeated": 1}
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("by", "unknown"),
    [(By.DEVICE, {"device_serial": ""}), (By.INSTRUMENT, {"instrument": "", "instrument_serial": ""})],
)
def test_what_nobody_can_tell_apart_makes_no_series(by: By, unknown: dict[str, object]) -> None:
    found = asked([*series(steady(8)), *series(steady(8), **unknown)], by=by)
    assert len(found.trends) == 1
    assert dict(found.left_out) == {f"of a {by} that is not known": 8}


def test_a_pattern_says_no_while_its_last_point_is_the_latest() -> None:
    values = steady(40)
    out = np.where(np.arange(40) == 30, values + 1e-3, values)
    assert not alone(series(out)).out_of_control
    assert alone(series(out)).patterns != ()
    assert alone(series(out[:31])).out_of_control
    assert asked(series(out[:31])).exit_code == 1


def test_the_baseline_may_be_a_number_or_a_day_and_a_bad_one_is_said() -> None:
    values = drifting(40, per_value=2e-5)
    by_day = alone(series(values), baseline=datetime(2026, 2, 14, tzinfo=UTC))
    assert isinstance(by_day.chart, Chart)
    assert by_day.chart.baseline == 10
    by_number = alone(series(values), baseline=10)
    assert isinstance(by_number.chart, Chart)
    assert by_number.chart.location.upper == by_day.chart.location.upper
    bad = np.where(np.arange(40) == 5, 0.03, steady(40))
    assert any("baseline is itself not in control" in note for note in alone(series(bad)).notes)


def test_days_are_subgroups_where_they_are_equally_large() -> None:
    chance = np.random.Generator(np.random.PCG64(48))
    values = (0.02 + chance.normal(0, 5e-5, (24, 3)) + np.where(np.arange(24) == 23, 1e-3, 0.0)[:, None]).ravel()
    points = [
        replace(one, started=START + timedelta(days=number // 3, hours=number % 3))
        for number, one in enumerate(series(values))
    ]
    trend = alone(points, by_day=True)
    assert isinstance(trend.chart, Chart)
    assert trend.chart.kind == "Xbar-R"
    assert trend.out_of_control
    assert set(trend.flagged) >= {69, 70, 71}
    uneven = alone(points[:-1], by_day=True)
    assert isinstance(uneven.chart, Unanswered)
    assert "2 to 3 values" in uneven.chart.reason


def test_a_drift_that_soon_meets_its_limit_alarms_though_no_chart_can_be_made() -> None:
    steep = series(0.0205 + 1e-4 * np.arange(12) + steady(12) * 1e-3)
    soon = asked(steep)
    assert soon.exit_code == 1
    assert not soon.trends[0].out_of_control
    away = asked([replace(one, upper=None) for one in steep])
    assert away.exit_code == 3  # nothing alarms, and nothing tells that it is in control


def test_rounding_of_equal_values_is_no_spread() -> None:
    # A virtual bench repeats itself exactly; another machine may differ in the last digit.
    equal = [0.3 if number % 3 else 0.1 + 0.2 for number in range(30)]
    trend = alone(series(equal, virtual=True))
    assert isinstance(trend.chart, Unanswered)
    assert isinstance(trend.capability, Unanswered)
    assert asked(series(equal)).exit_code == 0


@pytest.mark.parametrize("points", [[], series(steady(4))])
def test_too_few_values_say_so_and_nothing_else(points: list[Point]) -> None:
    found = asked(points)
    assert found.exit_code == 3
    for trend in found.trends:
        assert {"no control limits", "no capability", "no drift"} == {note.partition(":")[0] for note in trend.notes}


def test_cases_are_chosen_by_pattern_and_by_an_id_with_brackets() -> None:
    points = [*series(steady(8)), *series(steady(8), case="other[1]")]
    assert [one.series.case for one in asked(points, case=CASE).trends] == [CASE]
    assert [one.series.case for one in asked(points, case="deliv*").trends] == [CASE]
    assert len(asked(points, case="*").trends) == 2
    assert asked(points, case="deliver").trends == ()


def test_changed_limits_are_said_and_the_last_ones_count() -> None:
    points = [replace(one, upper=0.021) if number > 12 else one for number, one in enumerate(series(steady(25)))]
    trend = alone(points)
    assert trend.upper == 0.021
    assert any("limits changed" in note for note in trend.notes)
