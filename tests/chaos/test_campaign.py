"""The short campaign: everything goes wrong once, at a moment that is drawn; the long one is a command."""

from __future__ import annotations

import sys

import pytest

from tests.chaos.campaign import tried
from tests.chaos.faults import FAULTS

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(sys.platform == "win32", reason="there, no signal reaches one process alone"),
]


@pytest.mark.parametrize("name", FAULTS)
def test_no_current_goes_on_every_case_has_one_record_and_nothing_passes_that_should_not(name: str) -> None:
    assert tried(name, number=0, seed=1).wrong == ()
