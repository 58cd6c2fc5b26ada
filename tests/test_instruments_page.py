from __future__ import annotations

import pytest

from rig.bench.catalog import driver_names
from tests.instruments_page import PAGE, WHATS, Shown, collected, page


@pytest.fixture(scope="module")
def found() -> Shown:
    return collected()


def test_the_page_says_what_the_tests_show(found: Shown) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(found), "run: python -m tests.instruments_page --write"


def test_tests_speak_of_drivers_that_there_are_and_of_what_the_page_shows(found: Shown) -> None:
    assert set(found) <= set(driver_names())
    assert {what for shown in found.values() for what in shown} <= set(WHATS)
