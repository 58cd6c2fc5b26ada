"""How long current flows after something went wrong, over many runs at random moments.

    python -m tests.chaos.campaign --runs 15 --write

Every run is on a bench of its own in real time, at full output. What must hold is counted: no current that goes on, no
case without its one record, no PASS that is none. The exit code is 1 where anything of that does not hold. A run is
repeated alone with ``--only <what was done> --first <its number> --runs 1``.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.page import table as as_table
from rig.evidence.store import verify
from tests.chaos.faults import FAULTS
from tests.chaos.table import NotUnderWay, Run, Table, plan_of, started, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.chaos.faults import Fault

__all__ = ["Found", "tried"]

PAGE = Path(__file__).parents[2] / "docs" / "guard-times.md"
TRAIN = 2.0
_WAIT = 120.0
_ATTEMPTS = 5
_LATER = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one run came to: for how long current flowed that should not have, s, and what did not hold.

    ``before`` counts runs that ended before their train was under way, and were made anew.
    """

    name: str
    number: int
    took: float
    wrong: tuple[str, ...]
    before: int = 0

    def __str__(self) -> str:
        return f"{self.name} #{self.number}: {self.took:.3f} s {'; '.join(self.wrong)}".rstrip()


def tried(name: str, number: int, seed: int) -> Found:
    """Have one thing go wrong once, at the moment that its number and the seed make."""
    said = ""
    for before in range(_ATTEMPTS):
        try:
            return replace(_tried(name, number, seed), before=before)
        except NotUnderWay as ended:
            said = str(ended)
    return Found(name=name, number=number, took=0.0, wrong=(f"never under way: {said}",), before=_ATTEMPTS)


def _tried(name: str, number: int, seed: int) -> Found:
    fault, chance = FAULTS[name], random.Random(f"{seed} {number} {name}")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        table(Path(folder), faults=fault.device, seed=chance.randrange(2**31)) as bench,
    ):
        plan = Path(folder) / "chaos.plan.yaml"
        plan.write_text(plan_of(TRAIN), encoding="utf-8")
        run = started(bench, plan, patience=_WAIT, goes_wrong=fault.goes_wrong)
        try:
            took, wrong = _observed(fault, run, delay=chance.uniform(0.0, 0.6 * TRAIN))
        finally:
            run.process.kill()
            run.process.wait()
    return Found(name=name, number=number, took=took, wrong=tuple(wrong))


def _observed(fault: Fault, run: Run, *, delay: float) -> tuple[float, list[str]]:
    """Let it go wrong, wait until everything is over, and look at what was."""
    bench, guard, end = run.bench, run.guard(), run.bench.first_of_train() + TRAIN
    time.sleep(delay)  # noqa: TID251 - another process, in real time
    since = bench.world.now
    fault.does(run)
    said, _ = run.process.communicate(timeout=_WAIT)
    since = end if fault.after_train else since
    until = since + fault.allowed + _LATER
    bench.world.advance_to(until)
    psutil.wait_procs([guard], timeout=_WAIT)  # of a run that was killed: it records and seals what that left
    wrong = [*_records(bench, fault), *(["a traceback"] if "Traceback" in said or "INTERNAL" in said else [])]
    last = bench.last_current(since, bench.world.now)
    took = 0.0 if last is None else last - since
    if took > fault.allowed:
        wrong.append(f"current flowed for {took:.3f} s")
    if fault.latches and not bench.latched:
        wrong.append("not latched")
    return took, wrong


def _records(bench: Table, fault: Fault) -> list[str]:
    """Say what is wrong with what the run left; what was cut off is recovered first."""
    (folder,) = bench.evidence.iterdir()
    if not (folder / "manifest.json").exists():
        bench.start("recover", folder).communicate(timeout=_WAIT)
    try:
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    except OSError as error:
        return [f"no record: {error}"]
    cases = [case["id"] for case in record["cases"]]
    wrong = [] if cases == ["long"] else [f"records of {cases}"]
    if (record["verdict"] == "PASS") is not fault.passes:
        wrong.append(f"the run is {record['verdict']}")
    lasted = [case["duration"] for case in record["cases"]]
    wrong += [f"a case of {one} s" for one in lasted if one is not None and not 0 <= one < _WAIT]
    return wrong + list(verify(folder))


def _all(options: argparse.Namespace) -> Iterator[Found]:
    names = options.only or list(FAULTS)
    numbers = range(options.first, options.first + options.runs)
    asked = [(name, number, options.seed) for number in numbers for name in names]
    if options.jobs == 1:
        yield from (tried(*one) for one in asked)
        return
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(tried, *zip(*asked, strict=True))


def main() -> int:
    """Print a line per run; with ``--write`` put a table of them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2, help="runs per fault")
    parser.add_argument("--first", type=int, default=1, help="number of the first of them")
    parser.add_argument("--only", action="append", choices=list(FAULTS), metavar="FAULT", help="may be repeated")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--jobs", type=int, default=1, help="runs at once; the times are best with one")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args()
    found: list[Found] = []
    for one in _all(options):
        found.append(one)
        sys.stdout.write(f"{one}\n")
        sys.stdout.flush()
    shown = as_table(("what went wrong", "runs", "median", "longest", "allowed", "amiss"), list(_rows(found)))
    sys.stdout.write(f"{shown}\n")
    if options.write:
        PAGE.write_text(_page(shown, found, options), encoding="utf-8", newline="\n")
    return 1 if any(one.wrong for one in found) else 0


def _rows(found: Sequence[Found]) -> Iterator[list[str]]:
    for name in dict.fromkeys(one.name for one in found):
        fault, took = FAULTS[name], [one.took for one in found if one.name == name]
        amiss = sum(bool(one.wrong) for one in found if one.name == name)
        times = (f"{statistics.median(took):.3f} s", f"{max(took):.3f} s", f"{fault.allowed:.1f} s")
        yield [f"{name} *" if fault.after_train else name, str(len(took)), *times, str(amiss)]


def _page(shown: str, found: Sequence[Found], options: argparse.Namespace) -> str:
    anew = sum(one.before for one in found)
    return f"""# From a fault to zero current

Made by `python -m tests.chaos.campaign --runs {options.runs} --seed {options.seed} --jobs {options.jobs} --write`:
{len(found)} runs, {options.jobs} at once, in real time on the virtual bench with a dead-man relay that holds for 1 s
(`fixtures/benches/virtual-guarded.bench.yaml`), 100 mA into 500 ohm at 50 Hz for {TRAIN:g} s, and something that goes
wrong at a random moment of the train. The time is that of the last current in the virtual bench's own truth, to a
millisecond; between two pulses of a train nothing flows for 20 ms. Where a star stands nothing asks for the train to be
ended before its time, and the time counts from its end. *amiss* counts runs after which current flowed for longer than
is allowed, a started case had not exactly one record, the evidence was not whole, the verdict was a PASS (with a wall
clock that jumps: was none), or a bench was not latched that should have been. Runs that their guard ended before
anything had gone wrong, as the machine had not answered it in time, and that were made anew: {anew}.

{shown}

What each of them does is in `tests/chaos/faults.py`. A full disk is one on which no file of the run and of its guard
can grow. The wall clock jumps for all processes of the run, wherever Python reads it. Of a card that is mute the run
learns when a block of samples is a second late.
"""


if __name__ == "__main__":
    sys.exit(main())
