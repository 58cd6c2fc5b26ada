"""Figures that are looked at closer, in a real browser; and what they show then."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.evidence.record import CaptureEntry, CaseRecord, RunRecord
from rig.model.waveform import Waveform
from rig.report.figure import draw
from rig.report.fine import Budget, cells, packed
from rig.report.render import render_html
from rig.report.trace import read_trace
from rig.units import Unit

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

Captures = Callable[[CaptureEntry], Mapping[str, Waveform]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "report.html"


@pytest.fixture
def opened(browser: Chrome, record: RunRecord, captures: Captures, page: Path) -> Chrome:
    if not page.exists():
        page.write_text(render_html(record, captures), encoding="utf-8")
    browser.get(page.as_uri())
    return browser


def labels(panel: WebElement) -> list[str]:
    return [one.text for one in panel.find_elements("css selector", ".axes text")]


def parts(browser: Chrome, number: int = 0) -> tuple[WebElement, WebElement, WebElement]:
    figure = browser.find_elements("css selector", "figure:has(svg .plot)")[0]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
    panel = figure.find_elements("css selector", ".panel")[number]
    return figure, panel, panel.find_element("css selector", ".plot")


def turn(browser: Chrome, plot: WebElement, by: int) -> None:
    from selenium.webdriver import ActionChains  # noqa: PLC0415 - as all of selenium
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin  # noqa: PLC0415

    ActionChains(browser).scroll_from_origin(ScrollOrigin.from_element(plot), 0, by).perform()


@pytest.mark.parametrize("number", [0, 1])
def test_the_wheel_shows_less_of_the_time_with_labels_of_its_own(opened: Chrome, number: int) -> None:
    _, panel, plot = parts(opened, number)
    whole, named, curve = plot.get_dom_attribute("viewBox"), labels(panel), panel.find_element("css selector", ".trace")
    drawn = curve.get_dom_attribute("d")
    for _ in range(8):
        turn(opened, plot, -240)
    left, top, width, height = map(float, str(plot.get_dom_attribute("viewBox")).split())
    assert width < 566 / 50
    assert (top, height) == tuple(map(float, str(whole).split()[1::2]))
    assert 56 < left < 622
    assert labels(panel) != named
    assert len(set(labels(panel))) == len(labels(panel)) >= 4
    assert len(str(curve.get_dom_attribute("d"))) > len(str(drawn))  # more of it than was drawn at first
    for _ in range(12):
        turn(opened, plot, 240)
    assert plot.get_dom_attribute("viewBox") == whole
    assert labels(panel) == named
    assert [one for one in opened.get_log("browser") if one["level"] == "SEVERE"] == []  # type: ignore[no-untyped-call]


def test_it_can_be_dragged_reset_and_used_with_keys_alone(opened: Chrome) -> None:
    from selenium.webdriver import ActionChains, Keys  # noqa: PLC0415

    figure, panel, plot = parts(opened)
    whole, named = plot.get_dom_attribute("viewBox"), labels(panel)
    turn(opened, plot, -240)
    nearer = str(plot.get_dom_attribute("viewBox"))
    ActionChains(opened).click_and_hold(plot).move_by_offset(60, 0).release().perform()
    dragged = str(plot.get_dom_attribute("viewBox"))
    assert float(dragged.split(maxsplit=1)[0]) < float(nearer.split(maxsplit=1)[0])
    assert dragged.split()[2] == nearer.split()[2]
    ActionChains(opened).double_click(plot).perform()
    assert (plot.get_dom_attribute("viewBox"), labels(panel)) == (whole, named)
    opened.execute_script("arguments[0].focus()", plot)
    ActionChains(opened).send_keys("++").send_keys(Keys.ARROW_RIGHT).perform()
    assert float(str(plot.get_dom_attribute("viewBox")).split()[2]) == pytest.approx(566 / 4)
    assert "time × 4" in figure.text
    ActionChains(opened).send_keys("*").perform()
    assert float(str(plot.get_dom_attribute("viewBox")).split()[3]) == pytest.approx(192 / 2)
    ActionChains(opened).send_keys("0").perform()
    assert plot.get_dom_attribute("viewBox") == whole
    figure.find_element("css selector", "button[aria-label='Zoom in']").click()
    assert float(str(plot.get_dom_attribute("viewBox")).split()[2]) == pytest.approx(566 / 2)
    assert [one for one in opened.get_log("browser") if one["level"] == "SEVERE"] == []  # type: ignore[no-untyped-call]


def test_without_a_script_the_page_is_whole(browser: Chrome, record: RunRecord, captures: Captures, page: Path) -> None:
    html = render_html(record, captures)
    still = page.with_name("still.html")
    still.write_text(html[: html.index("<script>")] + html[html.index("</script>") + 9 :], encoding="utf-8")
    browser.get(still.as_uri())
    figures = browser.find_elements("css selector", "figure:has(svg .plot)")
    assert len(figures) == sum(bool(case.captures) for case in record.cases)
    assert all(labels(one) for one in browser.find_elements("css selector", ".panel"))
    assert not browser.find_elements("css selector", "figure button")


def test_cells_are_narrow_where_the_signal_changes() -> None:
    samples = np.zeros(100_000, dtype=np.int16)
    samples[30_000:30_300] = 20_000
    samples[70_000] = -5
    begins = cells(samples, 400)
    assert len(begins) <= 400
    assert {30_000, 30_300} <= set(begins.tolist())
    assert np.all(np.diff(begins) > 0)
    assert begins[0] == 0
    low, high = np.minimum.reduceat(samples, begins), np.maximum.reduceat(samples, begins)
    assert (low.min(), high.max()) == (-5, 20_000)
    assert len(cells(samples, 4)) <= 4


def test_what_is_packed_is_what_was_seen(
    make_case: Callable[..., CaseRecord], make_train: Callable[..., Waveform]
) -> None:
    case = make_case(1, 0.02, "500 ohm")
    waveform = make_train(case.stimulus)
    trace = read_trace(case, {"current": waveform}, None, Budget(pulse=600, record=900))
    assert trace
    assert trace.pulse_closer
    assert trace.record_closer
    assert len(trace.record_closer.times) <= 900
    span = float(trace.record.times[0]), float(trace.record.times[-1])
    seen = trace.record_closer
    text, (least, greatest) = packed(seen.times, seen.low, seen.high, span)
    data, count = b64decode(text), len(trace.record_closer.times)
    assert len(data) == 8 * count
    times = np.frombuffer(data, "<u4", count) / (2**32 - 1) * (span[1] - span[0]) + span[0]
    high = np.frombuffer(data, "<u2", count, 6 * count) / 65535 * (greatest - least) + least
    inside = (trace.record_closer.times >= span[0]) & (trace.record_closer.times <= span[1])
    assert times[inside] == pytest.approx(trace.record_closer.times[inside], abs=1e-9)
    assert high == pytest.approx(trace.record_closer.high, abs=1e-6)
    # Every pulse of the record, at its full height: none is lost in the thinning.
    assert int((np.diff((trace.record_closer.high > 0.01).astype(int)) == 1).sum()) == 25
    assert "data-trace" not in draw(case, read_trace(case, {"current": waveform}, None) or trace)
    assert trace.unit is Unit.AMPERE


@pytest.mark.parametrize("number", [1, 100, 500, 10_000])
def test_a_page_of_many_cases_stays_small(number: int) -> None:
    budget = Budget.of(number)
    assert budget.pulse + budget.record >= 500
    assert number > 600 or number * (budget.pulse + budget.record) * 11 < 4.5e6


def test_a_page_of_five_hundred_cases_leaves_small_contributions_to_the_record(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    """With figures this is 500 cases in less than 20 MB; here the text alone, which does not draw for a minute."""
    case = make_case(1, 0.02, "500 ohm")
    page = render_html(make_run((case,) * 500), None)
    assert len(page.encode()) < 5e6
    assert "Contributions below 1 % of the variance are left out; the record holds them." in page
    assert "left out on paper" in render_html(make_run((case,)), None)


def test_on_paper_nothing_is_wider_than_a_page(
    browser: Chrome, make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], page: Path
) -> None:
    """A browser would print all of it smaller."""
    case = make_case(1, 0.02, "500 ohm")
    long = "output of the device into 500 ohm at every setting that its maker states: " * 3
    judgements = tuple(
        one.model_copy(update={"limit": one.limit.model_copy(update={"text": long})}) for one in case.judgements
    )
    paper = page.with_name("paper.html")
    record = make_run((case.model_copy(update={"judgements": judgements}),))
    paper.write_text(render_html(record, None), encoding="utf-8")
    browser.get(paper.as_uri())
    size = {"width": 669, "height": 1000, "deviceScaleFactor": 1, "mobile": True}  # 177 mm, without a scroll bar
    try:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= 669
