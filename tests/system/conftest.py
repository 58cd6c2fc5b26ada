"""The whole rig as a person uses it: its command line in a process of its own, on the virtual bench."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Rig = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def rig(evidence: Path) -> Rig:
    """Run ``rig`` with arguments; for ``run`` the evidence goes to this test's own folder."""

    def call(*arguments: str | Path, timeout: float = 110.0) -> subprocess.CompletedProcess[str]:
        options = ["--evidence", str(evidence)] if arguments[0] == "run" else []
        return subprocess.run(
            [sys.executable, "-m", "rig", *map(str, arguments), *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTEST_ADDOPTS": "-p no:cacheprovider"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    return call
