"""How long current flows after something was killed, over many runs at random moments.

    python -m tests.chaos.campaign --runs 60 --write

Every run is on a bench of its own in real time, at full output. What must hold is counted: no current that goes on, no
case without its one record, no PASS of a run that was ended. The exit code is 1 where anything of that does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.page import table as as_table
from tests.chaos.table import PLAN, Run, Table, started, table

PAGE = Path(__file__).parents[2] / "docs" / "guard-times.md"
_WAIT = 60.0
_LATER = 2.0


@dataclass(kw_only=True)
class Fault:
    """What is done to a run, what of it must have ended by when, s, and what was found."""

    does: Callable[[Run], None]
    allowed: float
    took: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def _harness(run: Run) -> None:
    run.process.kill()


def _guard(run: Run) -> None:
    os.kill(run.guard(), signal.SIGKILL)


def _both(run: Run) -> None:
    _guard(run)
    _harness(run)


def _told(run: Run) -> None:
    run.process.send_signal(signal.SIGTERM)


def _interrupted_twice(run: Run) -> None:
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.05)  # noqa: TID251 - another process, in real time
    run.process.send_signal(signal.SIGINT)


def faults(hold_time: float) -> dict[str, Fault]:
    """Return everything that is tried."""
    return {
        "SIGKILL of the run": Fault(does=_harness, allowed=1.0),
        "SIGKILL of the guard": Fault(does=_guard, allowed=hold_time + 0.2),
        "SIGKILL of both": Fault(does=_both, allowed=hold_time + 0.2),
        "SIGTERM of the run": Fault(does=_told, allowed=1.0),
        "SIGINT, twice": Fault(does=_interrupted_twice, allowed=1.0),
    }


def one(fault: Fault, folder: Path, *, seed: int, delay: float) -> None:
    """Do it once, and keep how long current flowed and what did not hold."""
    with table(folder, seed=seed) as bench:
        plan = folder / "chaos.plan.yaml"
        plan.write_text(PLAN, encoding="utf-8")
        run = started(bench, plan, patience=_WAIT)
        time.sleep(delay)  # noqa: TID251 - as above
        since = bench.world.now
        fault.does(run)
        bench.world.advance_to(since + fault.allowed + _LATER)
        last = bench.last_current(since, since + fault.allowed + _LATER)
        fault.took.append(0.0 if last is None else last - since)
        if fault.took[-1] > fault.allowed:
            fault.wrong.append(f"current flowed for {fault.took[-1]:.3f} s")
        run.process.communicate(timeout=_WAIT)
        fault.wrong += _records(bench)


def _records(bench: Table) -> list[str]:
    """Say what is wrong with what the run left; what was cut off is recovered first."""
    (folder,) = bench.evidence.iterdir()
    deadline = time.monotonic() + _LATER * 5
    while not (folder / "manifest.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)  # noqa: TID251 - the guard seals what a run left
    if not (folder / "manifest.json").exists():
        bench.start("recover", folder).communicate(timeout=_WAIT)
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    cases = [case["id"] for case in record["cases"]]
    wrong = [] if cases == ["long"] else [f"records of {cases}"]
    return wrong + (["a PASS"] if record["verdict"] == "PASS" else [])


def main() -> int:
    """Print a line per fault; with ``--write`` put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="runs per fault")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args()
    moments = random.Random(options.seed)
    tried = faults(hold_time=1.0)
    for number in range(options.runs):
        for name, fault in tried.items():
            with tempfile.TemporaryDirectory() as folder:
                one(fault, Path(folder), seed=options.seed + number, delay=moments.uniform(0.0, 2.0))
            sys.stdout.write(f"{number + 1}/{options.runs} {name}: {fault.took[-1]:.3f} s {'; '.join(fault.wrong)}\n")
    rows = [
        [name, str(len(fault.took)), f"{statistics.median(fault.took):.3f} s", f"{max(fault.took):.3f} s",
         f"{fault.allowed:.1f} s", str(len(fault.wrong))]
        for name, fault in tried.items()
    ]  # fmt: skip
    shown = as_table(("what was done", "runs", "median", "longest", "allowed", "amiss"), rows)
    sys.stdout.write(f"{shown}\n")
    if options.write:
        PAGE.write_text(_page(shown, options), encoding="utf-8", newline="\n")
    return 1 if any(fault.wrong for fault in tried.values()) else 0


def _page(shown: str, options: argparse.Namespace) -> str:
    return f"""# From a kill to zero current

Made by `python -m tests.chaos.campaign --runs {options.runs} --seed {options.seed} --write`: runs in real time on the
virtual bench with a dead-man relay that holds for 1 s (`fixtures/benches/virtual-guarded.bench.yaml`), 100 mA into
500 ohm at 50 Hz, and something killed at a random moment of the train. The time is that of the last current in the
virtual bench's own truth, to a millisecond; between two pulses of a train nothing flows for 20 ms. *amiss* counts
currents that went on for longer than is allowed, cases without exactly one record, and runs that were called PASS.

{shown}

Not tried: a full disk, a wall clock that jumps, an overrun of the acquisition card, and the faults of instruments while
the guard is at work (those are tried without it in `tests/system/test_faulty_instruments.py`).
"""


if __name__ == "__main__":
    sys.exit(main())
