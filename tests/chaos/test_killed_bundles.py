"""Ten runs killed outright at random moments; the long series is a command, see the module that does it."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from tests.chaos.killed_bundles import killed, undisturbed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(sys.platform == "win32", reason="there, a process cannot be killed by a signal"),
]


@pytest.mark.timeout(900)
def test_what_a_killed_run_leaves_verifies_up_to_its_last_entry(tmp_path: Path) -> None:
    longest, chance = undisturbed(tmp_path / "undisturbed"), random.Random(6)
    left = [killed(tmp_path / str(number), chance, longest) for number in range(10)]
    assert [one.wrong for one in left] == [()] * 10
    assert len({one.entries for one in left}) > 1, "every run was killed at the same entry"
