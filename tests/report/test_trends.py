"""What a reader sees of trends and gauge studies: tables, pages, pictures and CSV, with hostile names in them."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from rig.history.point import Point
from rig.history.studies.gauge import GaugeAsked, GaugeStudies, studies_of
from rig.history.studies.series import By
from rig.history.studies.trend import Asked, Trends, trends_of
from rig.report.trends.figures import trends_csv, trends_json, values_csv
from rig.report.trends.gauge import gauge_csv, gauge_json, gauge_values_csv, show_gauge
from rig.report.trends.gauge_plot import draw_gauge
from rig.report.trends.page import gauge_page, trends_page
from rig.report.trends.plot import draw_trends
from rig.report.trends.table import show_trends
from rig.units import Unit
from tests.history.test_gauge_studies import measured
from tests.history.values import START, drifting, series, steady

HOSTILE = "<script>alert(1)</script> $\\frac{a}{0}$ & \u202egnp"


@pytest.fixture(scope="module")
def trends() -> Trends:
    points = [
        *series(steady(40)),
        *series(drifting(40, per_value=2e-5), device_serial="P24-000131"),
        *series(steady(7), device_serial=HOSTILE),
        *series(steady(3), complete=False),
    ]
    return trends_of(points, Asked(measurand="phase_top"))


@pytest.fixture(scope="module")
def studies() -> GaugeStudies:
    points = [replace(one, operator=one.operator.replace("operator C", HOSTILE)) for one in measured()]
    return studies_of(points, GaugeAsked(measurand="phase_top"))


def test_the_table_has_a_line_for_each_series_and_says_what_was_found(trends: Trends) -> None:
    text = show_trends(trends)
    assert "control limits from the first 20 values of each series" in text
    assert "left out: 3 of runs that were cut off" in text
    lines = {line[:1]: line for line in text.splitlines() if line[:3] in {"1  ", "2  ", "3  "}}
    assert "in control" in lines["2"] or "in control" in lines["1"]
    assert "OUT OF CONTROL" in text
    assert "drifts towards its limit of 22\u202fmA: meets it on 20" in text
    assert "\u202e" not in text
    assert "capability needs at least 20 values; there are 7" in text


def test_csv_and_json_hold_the_same_numbers_unrounded(trends: Trends) -> None:
    rows = list(csv.DictReader(io.StringIO(trends_csv(trends))))
    told = json.loads(trends_json(trends))["series"]
    assert len(rows) == len(told) == 3
    for row, one, trend in zip(rows, told, trends.trends, strict=True):
        assert float(row["mean"]) == one["mean"] == trend.mean
        assert row["cpk_low"] == ("" if one["cpk_low"] is None else repr(one["cpk_low"]))
    values = list(csv.DictReader(io.StringIO(values_csv(trends))))
    assert len(values) == 87
    drifted = [row for row in values if row["device"] == "P24-000131"]
    assert drifted[-1]["rules_broken"]
    assert [row["baseline"] for row in drifted] == ["true"] * 20 + ["false"] * 20


def test_the_page_carries_every_chart_and_no_text_becomes_markup(trends: Trends) -> None:
    page = trends_page(trends)
    assert page.count("<svg") == 3
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    names = re.findall(r'\bid="([^"]+)"', page)
    assert names
    assert len(names) == len(set(names))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', page)) <= set(names)
    assert not re.search(r'(?:src|href)="(?!#)', page)


def test_pictures_are_the_same_every_time_and_their_text_is_text(trends: Trends) -> None:
    one = draw_trends(trends.trends[1:2], "phase_top", "svg")
    assert one == draw_trends(trends.trends[1:2], "phase_top", "svg")
    text = "".join(ET.fromstring(one).itertext())  # noqa: S314 - our own picture
    assert "UCL" in text
    assert "limit max 22" in text
    assert draw_trends(trends.trends[1:2], "phase_top", "png").startswith(b"\x89PNG")


def test_a_gauge_study_is_shown_whole(studies: GaugeStudies) -> None:
    text = show_gauge(studies)
    assert "may be acceptable: R&R is 18.1\u202f% of the tolerance" in text
    assert "number of distinct categories: 4" in text
    assert "by averages and ranges, to compare" in text
    rows = list(csv.DictReader(io.StringIO(gauge_csv(studies))))
    assert {row["component"]: round(float(row["standard_deviation"]), 9) for row in rows}["gauge"] == 3.0237e-05
    told = json.loads(gauge_json(studies))["studies"][0]
    assert told["components"]["gauge"]["standard_deviation"] == float(rows[4]["standard_deviation"])
    assert len(gauge_values_csv(studies).splitlines()) == 91
    page = gauge_page(studies)
    assert "<script>" not in page
    assert page.count("<svg") == 1
    assert draw_gauge(studies.studies, "phase_top", "png").startswith(b"\x89PNG")
    assert "alert" in "".join(ET.fromstring(draw_gauge(studies.studies, "phase_top", "svg")).itertext())  # noqa: S314 - as above


def test_a_note_of_many_series_is_written_once() -> None:
    points = [one for number in range(5) for one in series(steady(3), device_serial=f"P24-{number}")]
    text = show_trends(trends_of(points, Asked(measurand="phase_top")))
    assert "1 to 5: no drift: drift needs at least 6 values; there are 3" in text
    assert text.count("no drift") == 1


@pytest.mark.parametrize(
    "points",
    [
        series([0.02]),
        series([0.0] * 30, unit=Unit.COUNT, lower=None, upper=0.0, expanded_uncertainty=0.0),
        series([0.02] * 30, expanded_uncertainty=None, lower=None, upper=None),
        series(steady(30), device_serial="\u523a\u6fc0\u5668"),
        series(-steady(30) * 1e6, unit=Unit.OHM, lower=-3e4, upper=None),
    ],
    ids=["one", "counts", "the same", "letters of other fonts", "negative"],
)
def test_there_is_a_picture_of_whatever_there_is(points: list[Point]) -> None:
    found = trends_of(points, Asked(measurand="phase_top"))
    assert show_trends(found)
    assert draw_trends(found.trends, "phase_top", "png").startswith(b"\x89PNG")


def test_days_are_drawn_as_their_means_and_devices_each_for_themselves() -> None:
    daily = [
        replace(one, started=START + timedelta(days=number // 3, hours=number % 3))
        for number, one in enumerate(series(steady(72)))
    ]
    by_day = trends_of(daily, Asked(measurand="phase_top", by_day=True))
    text = drawn(by_day)
    assert "mean of a day" in text
    assert "U (95 %)" not in text
    two = [*series(steady(9)), *series(steady(9), device_serial="P24-000131")]
    text = drawn(trends_of(two, Asked(measurand="phase_top", by=By.INSTRUMENT)))
    assert "P24-000123" in text
    assert "P24-000131" in text
    assert "UCL" not in text


def drawn(found: Trends) -> str:
    picture = draw_trends(found.trends, "phase_top", "svg")
    return "".join(ET.fromstring(picture).itertext())  # noqa: S314 - our own picture


def test_nothing_at_all_is_said_to_be_nothing() -> None:
    nothing = trends_of([], Asked(measurand="phase_top"))
    assert "no value counts" in show_trends(nothing)
    assert "<table" not in trends_page(nothing)
    assert "no value counts" in show_gauge(studies_of([], GaugeAsked(measurand="phase_top")))
