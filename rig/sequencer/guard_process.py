"""``python -m rig.sequencer.guard_process``: the guard of one run, in a process that nothing done to the run can end.

The first line of its input is its task; it answers with one line, ``ready`` and its address or ``refused`` and why. A
second line, ``bye``, says that the run ended in order; an input that ends without it says that the run was killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from rig.bench.bench_file import InstrumentEntry
from rig.bench.drivers.system_clock import SystemClock
from rig.bench.interlocks import open_interlock, open_supply
from rig.errors import EvidenceError, RigError
from rig.guard.journal import GuardJournal
from rig.guard.latch import Latch
from rig.guard.lease import Lease
from rig.guard.make_safe import SUPPLY_OFF, Step, perform
from rig.guard.server import GuardServer
from rig.guard.supervisor import POWER_OFF, Supervisor
from rig.model.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.roles import Interlock, Supply

__all__ = ["Reached", "Task"]

_REFUSED = 2
_A_DAY = 86400.0
_FAREWELL = 10.0
# A step is given up when its answer has not come, not before.
_OF_A_STEP = 1.25
# A supply answers over a network, and is not what current waits for.
_OF_A_SUPPLY = 2.0


class Reached(BaseModel):
    """An instrument: its name, what the bench file says of it, and where it is reached."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    entry: InstrumentEntry
    address: str


class Task(BaseModel):
    """What one guard is for.

    Attributes
    ----------
    bench : its id, by which it is leased
    state : folder of the states of benches
    owner, reason : on whose behalf, and what for
    journal : the guard's own, a new file, in the folder of the run
    scratch : a folder that goes with the guard if the run is gone; None where there is none
    secret : by which the run proves itself
    interlock : the contact
    supply : what feeds the device; None where it runs on batteries
    heartbeat, answer : for how long it waits for a sign of life of the run, and for the interlock, s
    ceilings : what nothing may exceed, SI
    evidence : the folder of the run, to be recovered if it is killed
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bench: str
    state: Path
    owner: str
    reason: str
    journal: Path
    scratch: Path | None
    secret: str
    interlock: Reached
    supply: Reached | None
    heartbeat: float
    answer: float
    ceilings: dict[str, float | None]
    evidence: Path


class _Input:
    """What the run says, read by a thread: a word of farewell, or that it is gone."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.orderly = False

    def follow(self) -> None:
        for line in sys.stdin:
            self.orderly = self.orderly or line.strip() == "bye"
        self.ended.set()


def main() -> int:
    """Guard one run; return the exit code."""
    task = Task.model_validate_json(sys.stdin.readline())
    try:
        killed = _guard(task, SystemClock())
    except RigError as error:
        _say(f"refused {json.dumps([type(error).__name__, str(error)])}")
        return _REFUSED
    if killed:  # only now is the guard's own journal whole
        _recover(task)
        if task.scratch is not None:
            shutil.rmtree(task.scratch, ignore_errors=True)
    return 0


def _guard(task: Task, clock: SystemClock) -> bool:
    """Guard until the run has gone; return whether it was killed."""
    with ExitStack() as stack:
        server = _prepare(task, clock, stack)
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: server.stop("the guard was told to end"))
        said = _Input()
        threading.Thread(target=said.follow, name="input", daemon=True).start()
        _say(f"ready {server.address[0]} {server.address[1]}")
        server.serve()
        return said.ended.wait(_FAREWELL) and not said.orderly


def _prepare(task: Task, clock: SystemClock, stack: ExitStack) -> GuardServer:
    """Take the lease, open the interlock and begin to listen; what was done is undone by the stack."""
    lease = Lease.take(task.state, task.bench, owner=task.owner, reason=task.reason, seconds=_A_DAY, utc=clock.utc)
    safe: list[Callable[[], bool]] = []
    stack.callback(lambda: lease.release() if all(one() for one in safe) else lease.abandon())
    latch = Latch(task.state, task.bench, utc=clock.utc)
    latch.prepare()
    journal = GuardJournal(task.journal, now=clock.now, utc=clock.utc)
    stack.callback(journal.close)
    contact = _contact(task, clock)
    stack.callback(contact.close)
    supply = None if task.supply is None else _supply(task.supply, task.answer, journal, clock, stack)
    supervisor = Supervisor(
        contact,
        journal,
        now=clock.now,
        heartbeat=task.heartbeat,
        limit=task.answer * _OF_A_STEP,
        ceilings=Intent(**task.ceilings),
        power_off=None if supply is None else supply.switch_off,
        latch=lambda reason: latch.set(reason, owner=task.owner),
    )
    safe.append(lambda: supervisor.safe)
    server = GuardServer(supervisor, secret=task.secret, now=clock.now, lost=lease.lost)
    stack.callback(server.close)
    lease.announce(f"{server.address[0]}:{server.address[1]}")
    return server


def _contact(task: Task, clock: SystemClock) -> Interlock:
    told = task.interlock
    return open_interlock(told.name, told.entry, told.address, clock=clock, answer=task.answer)


def _supply(told: Reached, answer: float, journal: GuardJournal, clock: SystemClock, stack: ExitStack) -> Supply:
    """Open a session of the guard's own; the output is off when it ends, also if the run was killed at rest."""
    supply = open_supply(told.name, told.entry, told.address, timeout=_OF_A_SUPPLY * answer)
    stack.callback(supply.close)

    def off() -> None:
        step = Step(name=SUPPLY_OFF, action=supply.switch_off, limit=POWER_OFF * _OF_A_STEP * answer)
        (done,) = perform([step], now=clock.now)
        journal.write("supply off", seconds=done.seconds, problem=done.problem)

    stack.callback(off)
    return supply


def _recover(task: Task) -> None:
    """Record and seal what a run left that was killed; the output is off by now, or has been reported not to be."""
    from rig.evidence.cut_off import read_cut_off  # noqa: PLC0415 - needed only where a run was killed

    try:
        read_cut_off(task.evidence)
    except EvidenceError:  # it had not begun, or has recorded itself
        return
    import subprocess  # noqa: PLC0415 - as above

    # Rendering a report is the front door's work, and takes its time: in a process of its own.
    # Nobody is there to answer for a signature.
    unsigned = {name: value for name, value in os.environ.items() if name != "RIG_KEY"}
    command = [sys.executable, "-m", "rig", "recover", str(task.evidence)]
    subprocess.run(command, check=False, capture_output=True, env=unsigned)


def _say(line: str) -> None:
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:  # nobody is listening any more; the contact is what counts
        return


if __name__ == "__main__":
    sys.exit(main())
