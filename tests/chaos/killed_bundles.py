"""Kill runs outright at random moments, and see what is left of their evidence.

    python -m tests.chaos.killed_bundles --runs 200

Every run leaves a folder that verifies up to the last entry of its journal and says that it is incomplete; nothing is
reported as passed that had not ended. The exit code is 1 where anything of that does not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rig.bench.drivers.system_clock import SystemClock
from rig.errors import RigError
from rig.evidence.cut_off import read_cut_off
from rig.evidence.journal import read_entries
from rig.evidence.verification import examine, verify
from rig.sequencer.recover import recover_run
from tests.system.running import ENVIRONMENT, ROOT, THREE_LOADS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rig.evidence.record import RunRecord

__all__ = ["Left", "killed", "undisturbed"]

_PATIENCE = 120.0
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a killed run left: after how long it was killed, s, how far it had come, and what did not hold."""

    after: float
    entries: int
    stage: str
    wrong: tuple[str, ...]


def undisturbed(folder: Path) -> float:
    """Return how long a run takes from when its evidence exists to its end, s."""
    run, begun = _begun(folder)
    run.communicate(timeout=_PATIENCE)
    return time.monotonic() - begun


def killed(folder: Path, chance: random.Random, longest: float) -> Left:
    """Kill one run at a random moment before it is sealed, and examine what it left."""
    for attempt in range(_ATTEMPTS):
        place = folder / str(attempt)
        run, _ = _begun(place)
        after = chance.uniform(0, longest)
        time.sleep(after)  # noqa: TID251 - another process, in real time
        run.kill()
        run.communicate()
        (evidence,) = (place / "out").iterdir()
        if not (evidence / "manifest.json").exists():
            return _examined(evidence, after)
    raise TimeoutError(f"{_ATTEMPTS} runs had ended before they were killed")


def _begun(folder: Path) -> tuple[subprocess.Popen[bytes], float]:
    """Start a run and return it once its evidence exists."""
    folder.mkdir(parents=True)
    plan = folder / "killed.plan.yaml"
    plan.write_text(THREE_LOADS, encoding="utf-8")
    command = [sys.executable, "-m", "rig", "run", str(plan), "--evidence", str(folder / "out")]
    surroundings = {**ENVIRONMENT, "TMPDIR": str(folder)}
    run = subprocess.Popen(
        command, cwd=ROOT, env=surroundings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + _PATIENCE
    while not any((folder / "out").glob("*")):
        if run.poll() is not None or time.monotonic() > deadline:
            run.kill()
            raise TimeoutError(run.communicate()[0].decode("utf-8", "replace"))
        time.sleep(0.005)  # noqa: TID251 - as above
    return run, time.monotonic()


def _examined(evidence: Path, after: float) -> Left:
    found = examine(evidence)
    wrong = [f"altered: {problem}" for problem in found.problems]
    if "incomplete" not in found.incomplete:
        wrong.append("the evidence does not say that it is incomplete")
    journal = evidence / "journal.jsonl"
    entries = read_entries(journal) if journal.exists() else []
    ended = {entry["facts"]["case"] for entry in entries if entry["event"] == "case ended"}
    stage = str(entries[-1]["event"]) if entries else "nothing"
    if (evidence / "record.json").exists():
        stage = "recorded"
        wrong += _sealed(evidence)
    elif (evidence / "begun.json").exists():
        wrong += _recovered(evidence, ended)
    return Left(after=after, entries=len(entries), stage=stage, wrong=tuple(wrong))


def _sealed(evidence: Path) -> list[str]:
    """Return what is wrong with the seal of a run that had recorded itself before it was killed."""
    try:
        recover_run(evidence, render=_nothing, utc=SystemClock().utc)
    except RigError as error:
        return [f"not sealed: {error}"]
    return [f"sealed: {problem}" for problem in verify(evidence)]


def _recovered(evidence: Path, ended: set[str]) -> list[str]:
    """Return what is wrong with the record that is made of what was left."""
    whole = {case for (_, case), records in read_cut_off(evidence).cases.items() if not records[-1].retried}
    try:
        record = recover_run(evidence, render=_nothing, utc=SystemClock().utc)
    except RigError as error:
        return [f"not recovered: {error}"]
    passed = {case.id for case in record.cases if case.verdict.name == "PASS"}
    wrong = [f"{case} passed without having ended" for case in passed - whole]
    wrong += [f"{case} had ended and did not keep its record" for case in ended - whole]
    wrong += [f"verdict {record.verdict} of a run that was cut off"] if record.verdict.name == "PASS" else []
    return wrong + [f"recovered: {problem}" for problem in verify(evidence)]


def _nothing(_record: RunRecord, _samples: object, _files: object, _sha256: str) -> Mapping[str, bytes]:
    return {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill so many runs and print what they left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    chance = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        longest = undisturbed(Path(temporary) / "undisturbed")
        found: list[Left] = []
        for number in range(chosen.runs):
            found.append(killed(Path(temporary) / str(number), chance, longest))
            for wrong in found[-1].wrong:
                sys.stdout.write(f"#{number}, killed after {found[-1].after:.3f} s: {wrong}\n")
            sys.stdout.flush()
    stages = dict(Counter(one.stage for one in found).most_common())
    held = sum(not one.wrong for one in found)
    sys.stdout.write(f"{held} of {len(found)} bundles intact but incomplete; last entry: {json.dumps(stages)}\n")
    return 0 if held == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
