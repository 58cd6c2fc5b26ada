"""Allure's own report, made from what the rig wrote and opened in a browser: what its reader sees."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from rig.evidence.reading import read_record
from rig.harness.exporting import Chosen, export_bundles
from rig.harness.present import summarise_check
from tests.browser import missing

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

PATIENCE = 30.0
FIGURE = """
const figure = document.querySelector("[data-testid=test-result-attachment] img");
return figure && figure.complete && figure.naturalWidth ? [figure.naturalWidth, figure.naturalHeight] : null;
"""


@pytest.fixture(scope="module")
def allure() -> str:
    """The program that makes Allure's report (npm: ``allure``), where there is one."""
    program = os.environ.get("RIG_TEST_ALLURE") or shutil.which("allure")
    if program is None:
        missing("there is no allure (npm install allure; RIG_TEST_ALLURE names the program)")
    return str(program)


def named(within: Chrome | WebElement, name: str) -> list[WebElement]:
    return within.find_elements(By.CSS_SELECTOR, f"[data-testid='{name}']")


def wait_for(browser: Chrome, found: Any) -> Any:
    return WebDriverWait(browser, PATIENCE, poll_frequency=0.1).until(found)


def texts(browser: Chrome, name: str) -> list[str]:
    return [" ".join(one.text.split()) for one in named(browser, name)]


def open_case(browser: Chrome, page: Path) -> None:
    """Go to the page of the only case; the folders above one that failed are open from the start."""
    browser.get(page.as_uri())
    wait_for(browser, lambda _: named(browser, "tree-leaf"))[0].click()
    wait_for(browser, lambda _: named(browser, "test-result-step-title"))


@pytest.mark.parametrize("source", ["written by the run", "exported from its bundle"])
def test_the_report_shows_what_failed_by_how_much_and_the_figure(
    browser: Chrome, allure: str, failed_run: Path, failed_bundle: Path, tmp_path: Path, source: str
) -> None:
    results = failed_run / "allure"
    if source != "written by the run":
        results = export_bundles([failed_bundle], "allure", tmp_path / "results", Chosen())
    command = [allure, "awesome", "--single-file", "--output", str(tmp_path / "report"), str(results)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    record = read_record(failed_bundle)
    (case,) = record.cases
    open_case(browser, tmp_path / "report/index.html")
    assert texts(browser, "test-result-info-title") == [f"{case.id} — {case.title}"]
    assert named(browser, "test-result-status-failed")
    assert case.judgements[0].reason in texts(browser, "test-result-error-message")[0]
    steps = texts(browser, "test-result-step-title")
    for check in case.judgements:  # with value, uncertainty and limit
        assert " ".join(summarise_check(check).split()) in steps
    told = dict(zip(texts(browser, "metadata-item-key"), texts(browser, "metadata-item-value"), strict=True))
    assert (told["amplitude"].strip("'"), told["load"].strip("'")) == ("60 mA", "500 ohm")
    assert told["trace"] == "REQ-OUT-011 HAZ-004"
    links = texts(browser, "test-result-meta-link")
    assert all(capture.source.sha256[:12] in link for capture, link in zip(case.captures, links, strict=True))

    (picture,) = named(browser, "test-result-attachment-header")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", picture)
    picture.click()
    size = wait_for(browser, lambda _: browser.execute_script(FIGURE))
    assert size == [640, 280]
