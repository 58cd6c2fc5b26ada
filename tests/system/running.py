"""What system tests share: a short plan, where things are, and how a command's end and its evidence are read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rig.evidence.store import verify
from rig.sequencer.replay.bundle import replay_bundle

__all__ = [
    "ENVIRONMENT",
    "FIXTURES",
    "PLAN",
    "ROOT",
    "THREE_LOADS",
    "Command",
    "Done",
    "Record",
    "Write",
    "ended",
    "one_record_per_case",
    "replayed",
    "the_record",
]

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
ENVIRONMENT = {
    **os.environ,
    "PYTHONIOENCODING": "utf-8",
    "COLUMNS": "200",
    "PYTEST_ADDOPTS": "-p no:cacheprovider",
    "RIG_HISTORY": "none",  # the folder of the evidence then holds nothing else
}

Done = subprocess.CompletedProcess[str]
Command = Callable[..., Done]
Record = dict[str, Any]
Write = Callable[..., Path]

PLAN = """\
plan: SYS
title: A short plan
revision: A
requires: {load: [500 ohm, 1 kohm, 2 kohm]}
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.2 s}
cases:
  - id: a
    load: 500 ohm
    verify: [phase_top: {within: 5 % of set}]
"""
THREE_LOADS = PLAN.replace("load: 500 ohm\n", "sweep: {load: [500 ohm, 1 kohm, 2 kohm]}\n")


def ended(done: Done, code: int) -> str:
    """Return what a command said, after it ended with the exit code that was expected and without a traceback."""
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said, said
    assert "INTERNAL" not in said, said
    return said


def the_record(evidence: Path) -> Record:
    """Return the record of the only run, after its evidence was found to be sealed and whole."""
    (folder,) = evidence.iterdir()
    assert (problems := verify(folder)) == (), problems
    record: Record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    return record


def one_record_per_case(record: Record) -> Mapping[str, Record]:
    """Return the cases by id: each has one record."""
    cases = {case["id"]: case for case in record["cases"]}
    assert len(cases) == len(record["cases"])
    return cases


def replayed(evidence: Path) -> Mapping[tuple[str, int], str]:
    """Replay the only run, and return what came of every attempt, by case and attempt."""
    (folder,) = evidence.iterdir()
    return {(case.id, case.attempt): case.outcome for case in replay_bundle(folder).cases}
