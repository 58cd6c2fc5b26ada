"""What all tests of the rig share: a warning is an error, and hypothesis says how to repeat what it found."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("rig", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("rig")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)
