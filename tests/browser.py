"""A headless Chromium that looks at a page as a reader does; it asks nobody for anything, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["HEIGHT", "WIDTH", "missing", "open_browser"]

WIDTH, HEIGHT = 1400, 1000

_QUIET = (
    "--headless",
    "--no-sandbox",  # as root, and in a container, it would not start
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",  # a page that asks somebody gets no answer
)


@contextmanager
def open_browser(profile: Path, *, width: int = WIDTH, height: int = HEIGHT) -> Iterator[Chrome]:
    """Start Chromium with a profile of its own; what its console said is kept (``get_log("browser")``)."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and driver):
        missing("there is no chromium, or no chromedriver (Debian: chromium chromium-driver)")
    options = ChromeOptions()
    options.binary_location = program or ""
    for argument in (*_QUIET, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


def missing(what: str) -> None:
    """Skip a test for want of something; where nothing may be missing (``RIG_TEST_COMPLETE``), that is an error."""
    if os.environ.get("RIG_TEST_COMPLETE"):
        pytest.fail(f"{what}, and RIG_TEST_COMPLETE says that nothing is missing", pytrace=False)
    pytest.skip(what)
