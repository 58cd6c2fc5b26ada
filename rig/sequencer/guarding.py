"""The guard as a child process: started for a run, gone after it, and still there when the run is killed."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rig.bench.opening import TWIN
from rig.errors import BenchError, InterlockTripped, Refused, Stale
from rig.guard.client import GuardClient
from rig.model.intent import Intent
from rig.sequencer.guard_process import Reached, Task
from rig.sequencer.virtual import OWN_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rig.bench.bench_file import InstrumentEntry
    from rig.evidence.store import Bundle
    from rig.sequencer.guarded import Guardian
    from rig.sequencer.setup import RunOptions, Setup

__all__ = ["guarded", "state_folder"]

JOURNAL = "guard.jsonl"
_STATE = "RIG_STATE"
_GRACE = 5.0
# Making safe takes a few answers of the interlock; a guard that is silent for longer than these has hung.
_SILENCE = 15
_REFUSALS = {kind.__name__: kind for kind in (Refused, Stale, InterlockTripped)}


def state_folder() -> Path:
    """Return where leases and latches of this machine's benches are kept."""
    return Path(os.environ.get(_STATE) or Path.home() / ".rig" / "benches")


@contextmanager
def guarded(
    setup: Setup, options: RunOptions, addresses: Mapping[str, str], bundle: Bundle, reason: str
) -> Iterator[Guardian | None]:
    """Have a guard for this run, where the bench has an interlock; what it has kept becomes part of the evidence.

    A bench that exists for this run alone has nobody to share it with: its lease is nobody else's business.

    Raises
    ------
    Refused
        if somebody else has the bench
    InterlockTripped
        if it is latched
    """
    definition = setup.definition
    if definition.interlock is None:
        yield None
        return
    with _scratch(private=definition.interlock[1].address == TWIN) as scratch:
        evidence = bundle.folder.resolve()
        task = Task(
            bench=definition.id,
            state=scratch or state_folder(),
            owner=options.operator or getpass.getuser(),
            reason=reason,
            journal=evidence / JOURNAL,
            scratch=scratch,
            secret=secrets.token_hex(16),
            interlock=_reached(*definition.interlock, addresses),
            supply=None if definition.supply is None else _reached(*definition.supply, addresses),
            heartbeat=definition.file.guard.heartbeat,
            answer=definition.file.guard.answer,
            ceilings=_ceilings(setup),
            evidence=evidence,
        )
        with _child(task) as address:
            client = GuardClient(address, task.secret, owner=task.owner, silence=_SILENCE * task.answer)
            try:
                yield client
            finally:
                client.close()


def _reached(name: str, entry: InstrumentEntry, addresses: Mapping[str, str]) -> Reached:
    return Reached(name=name, entry=entry, address=addresses.get(name, entry.address))


def _ceilings(setup: Setup) -> dict[str, float | None]:
    """Return what the device is rated for: no plan may ask the guard for more."""
    ratings = setup.device.file.ratings
    return asdict(
        Intent(
            current_peak=ratings.current,
            current_rms=ratings.rms_current,
            charge_per_phase=ratings.charge_per_phase,
            energy_per_pulse=ratings.pulse_energy,
        )
    )


@contextmanager
def _scratch(*, private: bool) -> Iterator[Path | None]:
    """Yield a folder for the state of a bench that exists for this run alone; None for any other."""
    if not private:
        yield None
        return
    own = Path(tempfile.mkdtemp(prefix="rig-guard-"))
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


@contextmanager
def _child(task: Task) -> Iterator[tuple[str, int]]:
    """Start the guard, yield its address, and let it go."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        child = subprocess.Popen(
            [sys.executable, "-m", "rig.sequencer.guard_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
            **OWN_GROUP,
        )
        try:
            yield _address(child, task, complaints)
        finally:
            _let_go(child)


def _address(child: subprocess.Popen[str], task: Task, complaints: IO[str]) -> tuple[str, int]:
    """Hand over the task and read where the guard listens."""
    line = ""
    if child.stdin is not None and child.stdout is not None:
        with contextlib.suppress(BrokenPipeError):  # it ended at once; what it said follows below
            child.stdin.write(f"{task.model_dump_json()}\n")
            child.stdin.flush()
        line = child.stdout.readline()
    word, _, rest = line.strip().partition(" ")
    if word == "ready":
        host, port = rest.split()
        return host, int(port)
    if word == "refused":
        kind, message = json.loads(rest)
        raise _REFUSALS.get(kind, BenchError)(message)
    child.wait(_GRACE)
    complaints.seek(0)
    spoken = complaints.read().strip() or f"exit code {child.returncode}"
    raise BenchError(f"the guard did not start: {spoken.splitlines()[-1]}")


def _let_go(child: subprocess.Popen[str]) -> None:
    """Say that the run has ended in order, and wait a little for the guard to go."""
    with contextlib.suppress(OSError, ValueError):
        if child.stdin is not None:
            child.stdin.write("bye\n")
            child.stdin.close()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(_GRACE)
    if child.stdout is not None:
        child.stdout.close()
