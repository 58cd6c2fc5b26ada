"""How long it takes until something happens: ``rig --help``, collecting a large plan, and the README's first run.

Run from the project's root::

    python -m benchmarks.startup            # print the table
    python -m benchmarks.startup --write    # also into docs/performance.md

Every figure is the wall time of a process of its own, from its start to its end, as a person waits for it. The
interpreter doing nothing is measured alternately in the same run, so that the ratio to it can be compared between
machines. Beside the wall time stands the processor time of the process and all of its children: on a machine that has
other work, the one grows with that work and the other hardly does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.page import ROOT, machine, spread, table, write_section

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES, FEW_CASES = 1000, 100
_SMOKE = "testplans/smoke.plan.yaml"

# As rich as the shipped plans: limits of its own, two limit packs, a sweep over two quantities.
_PLAN = """\
plan: BENCHMARK-{cases}
title: {cases} cases
revision: A
requires: {{load: [500 ohm], digitizer: {{channels: [current], resolution: 16}}}}
decision_rule: guarded
limits: [iec60601-2-10:2012, fda-pms:1999]
ceiling: {{current_peak: 140 mA, charge_per_phase: 80 uC, rms_current: 50 mA, exposure: 5 s}}
defaults:
  stimulus: {{channel: 1, shape: biphasic_symmetric, interphase: 100 us, rate: 50 Hz, train: 1.1 s}}
  capture: {{zero: always}}
cases:
  - id: accuracy
    title: Amplitude and duration over the whole range
    traces: [REQ-OUT-003, REQ-OUT-004]
    load: 500 ohm
    sweep:
      amplitude: {{from: 20 mA, to: 69 mA, steps: {amplitudes}}}
      phase_duration: {{from: 100 us, to: 290 us, steps: 20}}
    verify:
      - phase_top: {{within: 5 % of set}}
      - phase_duration: {{within: 2 % of set}}
      - pulse_rate: {{within: 1 % of set}}
      - polarity: {{is: set}}
      - missing_pulses: {{equals: 0}}
      - limits: all
"""


def write_plan(folder: Path, cases: int) -> Path:
    """Write a plan of that many cases, a multiple of 20, and return where."""
    path = folder / f"benchmark-{cases}.plan.yaml"
    path.write_text(_PLAN.format(cases=cases, amplitudes=cases // 20), encoding="utf-8")
    return path


class Taken(NamedTuple):
    """Wall time, and processor time of the process and its children (0 where the system does not tell), s."""

    wall: float
    processor: float


def wait_for(command: Sequence[str], expected: str = "") -> Taken:
    """Return how long a command takes; end if it fails or does not say what it should."""
    before, began = os.times(), perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    took, after = perf_counter() - began, os.times()
    if done.returncode != 0 or expected not in done.stdout:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Taken(took, used)


def measure(repeats: int) -> tuple[dict[str, list[Taken]], list[Taken]]:
    """Return the times of each command, and those of the interpreter alone, taken between them."""
    python = sys.executable
    with tempfile.TemporaryDirectory(prefix="rig-benchmark-") as folder:
        plan, smaller = (str(write_plan(Path(folder), cases)) for cases in (CASES, FEW_CASES))
        quiet = ["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", f"-c{ROOT / 'pyproject.toml'}"]
        collect = [python, "-m", "pytest", "--collect-only", "-p", "rig.harness.plugin", *quiet, plan]
        run = [python, "-m", "rig", "run", _SMOKE, "--evidence", f"{folder}/out"]
        jobs: dict[str, tuple[list[str], str, int]] = {
            "`rig --help`": ([python, "-m", "rig", "--help"], "analyze", repeats),
            f"`pytest --collect-only`, a plan of {CASES:,} cases": (collect, f"{CASES} tests collected", repeats),
            f"`rig check`, such a plan of {FEW_CASES} cases, every one rehearsed": (
                [python, "-m", "rig", "check", smaller],
                f"{FEW_CASES} cases can be run",
                3,
            ),
            "`rig run` of the smoke plan, 42 cases": (run, "42 PASS", 3),
        }
        nothing: list[Taken] = []
        times: dict[str, list[Taken]] = {name: [] for name in jobs}
        for name, (command, expected, count) in jobs.items():
            for _ in range(count):
                nothing.append(wait_for([python, "-c", "pass"]))
                times[name].append(wait_for(command, expected))
    return times, nothing


def report(times: dict[str, list[Taken]], nothing: Sequence[Taken]) -> str:
    """Return the table."""
    idle, _ = spread([one.wall for one in nothing])
    targets = ("0.4 s", "3 s", "", "60 s", "")
    rows = []
    for (name, taken), target in zip({**times, "`python -c pass`": nothing}.items(), targets, strict=True):
        middle, high = spread([one.wall for one in taken])
        used, _ = spread([one.processor for one in taken])
        cells = [name, f"{middle:.2f} s", f"{high:.2f} s", f"{used:.2f} s", str(len(taken)), f"{middle / idle:.0f}"]
        rows.append([*cells, target])
    heading = ("command", "median", "90 %", "processor", "repeats", "times `python -c pass`", "to be under")
    return f"`python -m benchmarks.startup`. {machine()}\n\n{table(heading, rows)}"


def main() -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description="How long it takes until something happens.")
    parser.add_argument("--repeats", type=int, default=9, help="how often each short command is run")
    parser.add_argument("--write", action="store_true", help="also write the figures into docs/performance.md")
    options = parser.parse_args()
    text = report(*measure(options.repeats))
    print(text)
    if options.write:
        write_section("start", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
