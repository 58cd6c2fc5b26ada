"""A bench on a table of its own: the virtual instruments in real time, which outlive every process of the rig."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from rig.bench.reading import load_bench, load_device
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.server import serve
from tests.system.running import ENVIRONMENT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rig.twin.faults import FaultPlan
    from rig.twin.server import VirtualBench
    from rig.twin.world import World

GUARDED = ROOT / "fixtures" / "benches" / "virtual-guarded.bench.yaml"
# No stimulation is as small as this, A; a world at rest has a current of exactly zero.
NOTHING = 1e-9
_LONGEST_PAUSE = 0.04  # at 50 Hz, twice over, s
# What makes something go wrong within the processes of a run; see the file there.
INJECTED = Path(__file__).parent / "injected"

_PLAN = """\
plan: CHAOS
title: A long train at full output
revision: A
ceiling: {current_peak: 140 mA, charge_per_phase: 80 uC, rms_current: 50 mA, exposure: 10 s}
cases:
  - id: long
    stimulus: {shape: biphasic_symmetric, amplitude: 100 mA, phase_duration: 300 us, rate: 50 Hz, train: TRAIN}
    load: 500 ohm
    verify: [phase_top: {within: 5 % of set}]
"""


def plan_of(train: float) -> str:
    """Return a plan of one case, a train at full output, ``train`` s long."""
    return _PLAN.replace("TRAIN", f"{train:g} s")


class NotUnderWay(Exception):
    """A run ended before its train: its guard trips also where nothing is wrong but the machine's speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The instruments, their truth, and the bench file by which the rig finds them."""

    virtual: VirtualBench
    bench: Path
    state: Path
    evidence: Path

    @property
    def world(self) -> World:
        """What is true of this table."""
        return self.virtual.world

    @property
    def temporary(self) -> Path:
        """Where processes that are killed leave what they would have removed."""
        folder = self.bench.parent / "temporary"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def latched(self) -> bool:
        """Whether the bench refuses everything until a person resets it."""
        return any(self.state.glob("*.latch.json"))

    @property
    def sign(self) -> Path:
        """The file whose appearance is the moment of what was prepared by ``goes_wrong``."""
        return self.state / "now"

    def break_down(self, instrument: str, kind: str) -> None:
        """Let a defect of an instrument show itself from now on."""
        one: Any = self.virtual.instruments[instrument]
        faults: FaultPlan = one.faults if hasattr(one, "faults") else one._faults
        faults.begin(kind)

    def start(self, *arguments: str | Path, goes_wrong: str = "") -> subprocess.Popen[str]:
        """Start ``rig`` with arguments, in a process of its own; what is to go wrong in it waits for its sign."""
        injected = {}
        if goes_wrong:
            paths = [str(INJECTED), *filter(None, [os.environ.get("PYTHONPATH")])]
            injected = {"CHAOS": goes_wrong, "CHAOS_FROM": str(self.sign), "PYTHONPATH": os.pathsep.join(paths)}
        return subprocess.Popen(
            [sys.executable, "-m", "rig", *map(str, arguments)],
            cwd=ROOT,
            env={**ENVIRONMENT, **injected, "RIG_STATE": str(self.state), "TMPDIR": str(self.temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, plan: Path, *, goes_wrong: str = "") -> subprocess.Popen[str]:
        """Start a run of a plan on this bench."""
        where = ("--bench", self.bench, "--evidence", self.evidence)
        return self.start("run", plan, *where, goes_wrong=goes_wrong)

    def ask(self, *arguments: str, code: int) -> str:
        """Run ``rig`` with arguments on this bench and return what it says."""
        asked = self.start(*arguments, "--bench", self.bench)
        said, _ = asked.communicate(timeout=60)
        assert asked.returncode == code, said
        return said

    def flows(self, since: float, until: float) -> bool:
        """Whether any current flows in the load between two moments of the world."""
        low, high = self.world.signal("current", since, until).extremes(since, until)
        return max(high, -low) > NOTHING

    def first_of_train(self) -> float:
        """The moment at which the train began that is under way, to a pause between two of its pulses."""
        moment = self.world.now
        while self.flows(moment - _LONGEST_PAUSE, moment):
            moment -= _LONGEST_PAUSE
        return moment

    def last_current(self, since: float, until: float) -> float | None:
        """The last moment at which current flowed, to a millisecond; None where none did."""
        for step in (0.1, 1e-3):
            edges = np.linspace(since, until, 1 + max(1, round((until - since) / step)))
            pairs = zip(edges[-2::-1], edges[:0:-1], strict=True)
            found = next(
                ((float(low), float(high)) for low, high in pairs if self.flows(float(low), float(high))), None
            )
            if found is None:
                return None
            since, until = found
        return until


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run under way."""

    process: subprocess.Popen[str]
    bench: Table

    def guard(self) -> psutil.Process:
        """The process of its guard."""
        children = {child: child.cmdline() for child in psutil.Process(self.process.pid).children()}
        (guard,) = [child for child, command in children.items() if "rig.sequencer.guard_process" in command]
        return guard


def started(bench: Table, plan: Path, *, patience: float, goes_wrong: str = "") -> Run:
    """Start a run of one long train, and return once the train is under way; raises NotUnderWay where it never is."""
    run = Run(process=bench.run(plan, goes_wrong=goes_wrong), bench=bench)
    deadline = time.monotonic() + patience
    seen = 0
    while seen < 15:  # the scout is one pulse: what goes on for 0.3 s is the train
        if run.process.poll() is not None:
            raise NotUnderWay(run.process.communicate()[0])
        assert time.monotonic() < deadline
        time.sleep(0.02)  # noqa: TID251 - another process, in real time
        now = bench.world.now
        seen = seen + 1 if bench.flows(now - _LONGEST_PAUSE, now) else 0
    return run


@contextmanager
def table(folder: Path, *, faults: tuple[Mapping[str, Any], ...] = (), seed: int = 1) -> Iterator[Table]:
    """Serve the guarded bench in real time, with faults of the device.

    A full collection of all that pytest holds takes a quarter of a second, and no device stands still for that.
    """
    definition = load_bench(GUARDED)
    device = load_device(definition.device_path)
    document = twin_configuration(definition, device, real_time=True)
    document["seed"] = seed
    document["device"]["faults"] = list(faults)
    with serve(TwinConfig.model_validate(document)) as bench:
        addresses: dict[str, str] = {}
        for one in bench.listening:
            addresses.setdefault(one.name, one.address)
        gc.freeze()
        try:
            yield Table(
                virtual=bench,
                bench=_bench_file(folder, addresses),
                state=folder / "state",
                evidence=folder / "out",
            )
        finally:
            gc.unfreeze()


def _bench_file(folder: Path, addresses: dict[str, str]) -> Path:
    """Write the bench as a real one: every instrument at its address, no twin, and the computer's own clock."""
    text = GUARDED.read_text(encoding="utf-8")
    text = re.sub(r"^(twin|clock):.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("../", f"{GUARDED.parent.parent.as_posix()}/")
    for name, address in addresses.items():
        entry = rf"(^  {name}:.*\n(?:    .*\n)*?    address: )twin\b"
        text = re.sub(entry, rf"\g<1>{address}", text, flags=re.MULTILINE)
    path = folder / "table.bench.yaml"
    path.write_text(text, encoding="utf-8")
    return path
