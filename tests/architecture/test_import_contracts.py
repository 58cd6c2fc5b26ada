from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.project import ROOT

CONTRACTS = tuple(
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
)
ROWS, PURE, VENDORS, YAML, PYTEST, DATABASE, TYPESET, RECORD, TWIN, TRANSPORT, CYCLES = CONTRACTS

OPTIONS = ("--no-cache", "--no-logo")

# Which contract must turn red when which line is planted in which module; a new module may be planted as well.
VIOLATIONS = [
    (ROWS, "verdict/judge.py", "import rig.analysis.catalogue"),
    (ROWS, "plan/load.py", "import rig.bench.definition"),
    (ROWS, "twin/world.py", "import rig.bench.loads"),
    (ROWS, "bench/build.py", "import rig.twin.config"),
    (ROWS, "guard/make_safe.py", "import rig.bench.definition"),
    (ROWS, "errors.py", "import rig.units"),
    (ROWS, "model/limit.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rig.roles"),
    (ROWS, "evidence/store.py", "def late() -> None:\n    import rig.sequencer.run"),
    (ROWS, "utils.py", "SECONDS = 60"),
    (PURE, "analysis/segment.py", "import time"),
    (PURE, "analysis/timing.py", "from datetime import datetime"),
    (PURE, "verdict/rules.py", "import pathlib"),
    (PURE, "model/load.py", "import random"),
    (PURE, "history/statistics/drift.py", "import datetime"),
    (VENDORS, "bench/drivers/ni_daqmx.py", "import nidaqmx"),
    (VENDORS, "sequencer/run.py", "import serial"),
    (YAML, "plan/load.py", "import yaml"),
    (PYTEST, "sequencer/work.py", "import pytest"),
    (PYTEST, "report/junit.py", "import allure"),
    (DATABASE, "sequencer/run.py", "import sqlalchemy"),
    (TYPESET, "harness/rendering.py", "import typst"),
    (RECORD, "report/view.py", "import rig.verdict.judge"),
    (TWIN, "twin/config.py", "import rig.documents"),
    (TRANSPORT, "bench/build.py", "import rig.bench.transport.visa"),
    (CYCLES, "analysis/record.py", "import rig.analysis.measure"),
]


def lint(folder: Path) -> dict[str, bool]:
    """Whether each contract is kept by the package that lies in ``folder``."""
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", *OPTIONS],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    found = re.findall(r"^(.+?) (KEPT|BROKEN)\b", run.stdout, flags=re.MULTILINE)
    assert found, run.stdout + run.stderr
    return {name: state == "KEPT" for name, state in found}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rig", tmp_path / "rig", ignore=shutil.ignore_patterns("__pycache__", "templates"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept_as_drawn(tree: Path) -> None:
    assert lint(tree) == dict.fromkeys(CONTRACTS, True)


@pytest.mark.parametrize(("contract", "module", "line"), VIOLATIONS, ids=lambda value: str(value).splitlines()[-1])
def test_a_planted_violation_turns_its_contract_red(tree: Path, contract: str, module: str, line: str) -> None:
    path = tree / "rig" / module
    before = path.read_text(encoding="utf-8") if path.exists() else '"""Planted."""\n'
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    kept = lint(tree)
    assert kept.get(contract) is False, kept


def test_every_contract_has_been_seen_red() -> None:
    assert {contract for contract, _, _ in VIOLATIONS} == set(CONTRACTS)
