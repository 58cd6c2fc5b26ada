"""What all tests share: a warning is an error, hypothesis says how to repeat what it found, one browser for pages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

# Runs of tests go into no database: that of each is made anew, which takes time, and lies with the evidence.
os.environ["RIG_HISTORY"] = "none"

settings.register_profile("rig", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("rig")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One headless Chromium for all tests of the session; skips where there is none."""
    from tests.browser import open_browser  # noqa: PLC0415 - selenium takes its time, and few tests need it

    with open_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def browser(chromium: Chrome) -> Chrome:
    """That Chromium on an empty page, with nothing of an earlier test in its log."""
    from tests.browser import HEIGHT, WIDTH  # noqa: PLC0415 - the same

    chromium.get("about:blank")
    chromium.set_window_size(WIDTH, HEIGHT)
    chromium.get_log("browser")  # type: ignore[no-untyped-call]
    return chromium
