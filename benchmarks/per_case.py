"""Where a case's time goes on the virtual bench: transfer, rendering, analysis, evidence, and what remains.

Run from the project's root::

    python -m benchmarks.per_case                  # the smoke plan
    python -m benchmarks.per_case PLAN --write     # also into docs/performance.md

Nothing inside ``rig`` is instrumented. The script replaces functions by timed ones from outside, runs the plan as
``rig run`` does, and gives every moment to the innermost timed function that is running (exclusive times), so that the
stages of a case add up to its whole. The virtual bench is started with the same module, but timed in the same way:
its clock readings are the machine's own, so what it spent on rendering samples can be taken out of the time in which
the driver waited for them.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.page import ROOT, machine, milliseconds, spread, table, write_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TWIN = ["-m", "rig.twin"]
_TIMED_TWIN = "--timed-twin"

TRANSFER, RENDERING, ANALYSIS, WRITING = "transfer", "rendering", "analysis", "writing captures"
WATCHING = "live watch"
CASE = "sequencing, judging, recording"
_SAMPLES = (TRANSFER, RENDERING, ANALYSIS)
_HOW = {
    TRANSFER: "`NiDaqmx.read`, `.read_block` and `KeysightInfiniiVision.fetch` until they return, less rendering",
    RENDERING: "in the virtual bench: physics, noise and codes of the samples that are asked for",
    ANALYSIS: "`Corrected.of`, `examine` and `residual_current`: correcting, inspecting and measuring all captures",
    WATCHING: "`LiveWatch.look`: a hundred times a second of the train",
    WRITING: "`Bundle.write_capture`: compressing, hashing and writing one HDF5 file per capture",
    "flushing to the disk": "`os.fsync` of captures, their folder and the journal, eight times a case: the disk's time",
    "setting the digitizer": "`NiDaqmx.configure` and `.start`",
    "setting the oscilloscope": "`KeysightInfiniiVision.configure`, `.arm` and `.done`",
    "switching the load": "`Keysight34970A.open_all` and `.select`, with the relays read back",
    "stimulator": "`ScienceMode4.start`, `.keep_alive` and `.stop`",
    "virtual clock": "`VirtualClock.sleep` and `.now`",
    "journal": "`Journal.write`: two events",
    CASE: "what is left of `Run.execute`",
}


class Stopwatch:
    """Exclusive times by stage: while a timed function runs within another, the other one stands still."""

    def __init__(self) -> None:
        self.cases: list[dict[str, float]] = []
        self.spans: list[tuple[float, float]] = []
        self._running: list[str] = []
        self._since = 0.0
        self._spent: dict[str, float] = defaultdict(float)

    def time(self, owner: Any, names: str, stage: str, *, case: bool = False) -> None:  # noqa: ANN401 - class or module
        """Replace functions of a class or module by timed ones."""
        for name in names.split():
            setattr(owner, name, self._timed(getattr(owner, name), stage, case=case))

    def _timed(self, function: Callable[..., Any], stage: str, *, case: bool) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes and returns
            begin = self._turn_to(stage)
            try:
                return function(*args, **kwargs)
            finally:
                end = self._turn_back()
                if case:
                    self.cases.append(dict(self._spent))
                    self.spans.append((begin, end))
                    self._spent.clear()

        return timed

    def _turn_to(self, stage: str) -> float:
        now = self._account()
        self._running.append(stage)
        return now

    def _turn_back(self) -> float:
        now = self._account()
        self._running.pop()
        return now

    def _account(self) -> float:
        now = perf_counter()
        if self._running:
            self._spent[self._running[-1]] += now - self._since
        self._since = now
        return now


def _time_the_rig(watch: Stopwatch) -> None:
    from rig.bench.drivers.keysight_34970a import Keysight34970A  # noqa: PLC0415 - the timed twin needs none of it
    from rig.bench.drivers.keysight_infiniivision import KeysightInfiniiVision  # noqa: PLC0415
    from rig.bench.drivers.ni_daqmx import NiDaqmx  # noqa: PLC0415
    from rig.bench.drivers.virtual_clock import VirtualClock  # noqa: PLC0415
    from rig.bench.stimulators.sciencemode4 import ScienceMode4  # noqa: PLC0415
    from rig.evidence.journal import Journal  # noqa: PLC0415
    from rig.evidence.store import Bundle  # noqa: PLC0415
    from rig.sequencer import work  # noqa: PLC0415
    from rig.sequencer.examine import Corrected  # noqa: PLC0415
    from rig.sequencer.live import LiveWatch  # noqa: PLC0415
    from rig.sequencer.run import Run  # noqa: PLC0415

    watch.time(Run, "execute", CASE, case=True)
    watch.time(NiDaqmx, "read read_block", TRANSFER)
    watch.time(LiveWatch, "look", WATCHING)
    watch.time(KeysightInfiniiVision, "fetch", TRANSFER)
    watch.time(Corrected, "of", ANALYSIS)
    watch.time(work, "examine residual_current", ANALYSIS)
    watch.time(Bundle, "write_capture", WRITING)
    watch.time(NiDaqmx, "configure start", "setting the digitizer")
    watch.time(KeysightInfiniiVision, "configure arm done", "setting the oscilloscope")
    watch.time(Keysight34970A, "open_all select", "switching the load")
    watch.time(ScienceMode4, "start keep_alive stop", "stimulator")
    watch.time(VirtualClock, "sleep now", "virtual clock")
    watch.time(Journal, "write", "journal")
    watch.time(os, "fsync", "flushing to the disk")


def _serve_timed(log: Path) -> int:
    """Be the virtual bench; write when samples were being rendered, by the machine's clock, on leaving."""
    from rig.twin.__main__ import main as serve  # noqa: PLC0415 - not in the process that runs the plan
    from rig.twin.devices.nidaqmx_reading import Reader  # noqa: PLC0415
    from rig.twin.devices.scope_inputs import Inputs  # noqa: PLC0415

    spans: list[tuple[float, float]] = []

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes and returns
            begin = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spans.append((begin, perf_counter()))

        return call

    owners: tuple[tuple[Any, str], ...] = ((Reader, "_digitize"), (Inputs, "samples"))
    for owner, name in owners:
        setattr(owner, name, timed(getattr(owner, name)))
    code = serve()
    log.write_text(json.dumps(spans), encoding="utf-8")
    return code


@contextlib.contextmanager
def _timed_twin(log: Path) -> Iterator[None]:
    """Let the virtual bench that a run starts be the timed one."""
    start = subprocess.Popen

    def instead(command: Sequence[str], *args: Any, **kwargs: Any) -> subprocess.Popen[Any]:  # noqa: ANN401
        if command[1:] == _TWIN:
            command = [command[0], "-m", "benchmarks.per_case", _TIMED_TWIN, str(log)]
        return start(command, *args, **kwargs)

    # As an attribute of the module alone, and for the time of the run alone.
    subprocess.Popen = instead  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        subprocess.Popen = start  # type: ignore[misc]


def _rendered(log: Path, spans: Sequence[tuple[float, float]]) -> list[float]:
    """Return how long the virtual bench was rendering samples within each case."""
    rendering = [tuple(span) for span in json.loads(log.read_text(encoding="utf-8"))]
    return [sum(stop - start for start, stop in rendering if begin <= start < end) for begin, end in spans]


def measure(plan: Path) -> tuple[list[dict[str, float]], float]:
    """Run a plan; return the time of each case by stage, and the wall time of the whole run, s."""
    from rig.harness.run import run_plans  # noqa: PLC0415 - the timed twin needs none of it

    watch = Stopwatch()
    _time_the_rig(watch)
    with tempfile.TemporaryDirectory(prefix="rig-benchmark-") as folder:
        log = Path(folder) / "rendering.json"
        shown = io.StringIO()
        began = perf_counter()
        with _timed_twin(log), contextlib.redirect_stdout(shown):
            code = run_plans([plan], [f"--rootdir={ROOT}", f"--evidence={folder}/out", "-p", "no:cacheprovider"])
        wall = perf_counter() - began
        if code != 0 or not watch.cases:
            raise SystemExit(f"{shown.getvalue()}\nthe run ended with {code}: nothing can be said about its times")
        for stages, rendering in zip(watch.cases, _rendered(log, watch.spans), strict=True):
            stages[RENDERING] = rendering
            stages[TRANSFER] -= rendering
    return watch.cases, wall


def report(plan: Path, cases: Sequence[dict[str, float]], wall: float) -> str:
    """Return the tables and how each row was measured."""
    whole = [sum(stages.values()) for stages in cases]
    beyond = [sum(time for stage, time in stages.items() if stage not in _SAMPLES) for stages in cases]

    def row(name: str, times: Sequence[float], *, bold: bool = False) -> list[str]:
        middle, high = spread(times)
        share = f"{100 * sum(times) / sum(whole):.0f} %"
        return [f"**{name}**" if bold else name, milliseconds(middle), milliseconds(high), share]

    rows = [row(name, [stages.get(name, 0.0) for stages in cases]) for name in _HOW]
    rest = row("overhead: all but transfer, rendering, analysis", beyond, bold=True)
    rows = [*rows[:3], rest, *([f"· {cells[0]}", *cells[1:]] for cells in rows[3:]), row("a case", whole, bold=True)]
    outside = wall - sum(whole)
    around = (
        f"The whole run took {wall:.1f} s, {outside:.1f} s of it outside the cases (imports, start of the virtual "
        f"bench, report, manifest): {milliseconds(outside / len(cases))} per case."
    )
    return "\n\n".join((
        f"`python -m benchmarks.per_case {plan.as_posix()}`: {len(cases)} cases. {machine()}",
        table(("stage", "median", "90 %", "share"), rows),
        around,
        "How each was measured:",
        "\n".join(f"* {name}: {how}." for name, how in _HOW.items()),
    ))  # fmt: skip


def main() -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description="Where a case's time goes on the virtual bench.")
    parser.add_argument("plan", nargs="?", type=Path, default=Path("testplans/smoke.plan.yaml"))
    parser.add_argument("--write", action="store_true", help="also write the figures into docs/performance.md")
    parser.add_argument(_TIMED_TWIN, type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.timed_twin is not None:
        return _serve_timed(options.timed_twin)
    text = report(options.plan, *measure(options.plan))
    print(text)
    if options.write:
        write_section("per case", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
