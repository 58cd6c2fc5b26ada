"""Laws of a run, wherever its instruments break: it ends de-energised, with one record per case, and no ERROR passes.

Everything is real but the moment of breaking: the drivers, the protocols, the virtual bench behind them.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rig.bench.build import Bench, open_bench
from rig.bench.opening import TWIN
from rig.errors import CommunicationError, InstrumentError, NoTrigger, SamplesLost, StaleWaveform
from rig.evidence.record import CaseRecord
from rig.evidence.store import Bundle
from rig.model.verdict import Verdict
from rig.plan.load import LoadedPlan, load_plan
from rig.sequencer.run import Run
from rig.sequencer.setup import RunOptions, Setup, read_setup
from rig.sequencer.twin_configuration import twin_configuration
from rig.sequencer.virtual import virtual_bench
from rig.sequencer.work import CaseWork

ROOT = Path(__file__).parents[2]
ROLES = ("clock", "stimulator", "load_switch", "oscilloscope", "digitizer")
BREAKAGES: tuple[Callable[[], BaseException], ...] = (
    lambda: CommunicationError("it", "", "does not answer"),
    lambda: InstrumentError("it", "X", "refuses"),
    lambda: SamplesLost("it: samples are missing"),
    lambda: NoTrigger("it: nothing came"),
    lambda: StaleWaveform("it: an old record"),
    lambda: RuntimeError("a defect of a driver"),
    KeyboardInterrupt,
)
# In place of the number of a breakage: nothing breaks, but somebody presses Ctrl-C.
ENDED = -1
PLAN = """\
plan: LAWS
title: Two short cases
revision: A
requires: {load: [500 ohm, 1 kohm]}
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 60 ms}
cases:
  - id: a
    sweep: {load: [500 ohm, 1 kohm]}
    verify: [phase_top: {within: 5 % of set}]
"""


class Breaking:
    """Counts the calls to all instruments, and breaks some: before they are carried out, or after."""

    def __init__(self, points: Mapping[int, int], dead: str = "", dead_from: int = 0, *, late: bool = False) -> None:
        self.calls: list[str] = []
        self.fired = 0
        self._points, self._dead, self._dead_from, self._late = points, dead, dead_from, late

    def around(self, role: str, name: str, call: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(f"{role}.{name}")
        dead = role == self._dead and number >= self._dead_from
        if number not in self._points and not dead:
            return call()
        if not dead and self._points[number] == ENDED:
            signal.raise_signal(signal.SIGINT)  # heard now, or as soon as what has to be finished is
            return call()
        self.fired += 1
        if self._late and not dead:
            call()
        breakage = BREAKAGES[0 if dead else self._points[number]]()
        raise breakage


class Instrument:
    """A real instrument, reached through a line that may break."""

    def __init__(self, role: str, real: Any, breaking: Breaking) -> None:
        self._role, self._real, self._breaking = role, real, breaking

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if not callable(value):
            return value
        return lambda *a, **k: self._breaking.around(self._role, name, lambda: value(*a, **k))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An open virtual bench, and what a run on it needs."""

    bench: Bench
    setup: Setup
    loaded: LoadedPlan
    folder: Path
    numbers: Iterator[int]

    @contextmanager
    def run(self, breaking: Breaking) -> Iterator[Run]:
        """Give a new run whose instruments break as told."""
        bundle = Bundle.create(self.folder, f"run-{next(self.numbers)}")
        resolver = self.setup.resolver()
        run = Run(
            resolver.resolve(self.loaded.cases),
            resolver=resolver,
            device=self.setup.device,
            bundle=bundle,
            journal=bundle.begin_journal(utc),
            utc=utc,
            now=time.monotonic,
        )
        broken: dict[str, Any] = {role: Instrument(role, getattr(self.bench, role), breaking) for role in ROLES}
        run.begin(replace(self.bench, **broken))
        try:
            yield run
        finally:
            bundle.seal()
            self.bench.stimulator.stop()
            self.bench.load_switch.open_all()

    def residual(self, run: Run) -> Verdict:
        """Measure what flows now, with the relays as they were left."""
        case = self.loaded.cases[0]
        work = CaseWork(
            "LAWS",
            f"look-{next(self.numbers)}",
            bench=self.bench,
            bundle=run.bundle,
            rule=case.decision_rule,
            guardian=run.guardian,
            ratings=self.setup.device.file.ratings,
            now=time.monotonic,
        )
        return work.look_idle(run.resolve(case).views).verdict


def utc() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    folder = tmp_path_factory.mktemp("laws")
    (folder / "laws.plan.yaml").write_text(PLAN, encoding="utf-8")
    setup = read_setup(RunOptions.of(root=ROOT, directory=ROOT))
    assert all(entry.address == TWIN for entry in setup.definition.instruments.values())
    with ExitStack() as stack:
        served = stack.enter_context(virtual_bench(twin_configuration(setup.definition, setup.device)))
        opening = open_bench(
            setup.definition, setup.device, addresses=served.addresses, today=date(2026, 11, 22), utc=utc
        )
        yield Table(
            bench=stack.enter_context(opening),
            setup=setup,
            loaded=load_plan(folder / "laws.plan.yaml"),
            folder=folder,
            numbers=itertools.count(),
        )


def holds(table: Table, breaking: Breaking) -> tuple[CaseRecord, ...]:
    """Run both cases, and see that every law holds; return the records."""
    with table.run(breaking) as run:
        struck: dict[str, bool] = {}
        for case in table.loaded.cases:
            before = breaking.fired
            try:
                run.execute(case)
            except KeyboardInterrupt:
                struck[case.id] = True
                break
            finally:
                struck[case.id] = breaking.fired > before
        assert table.residual(run) is Verdict.PASS, breaking.calls
        records = run.records
        assert [record.id for record in records] == [case.id for case in table.loaded.cases]
        for record in records:
            assert record.verdict is not Verdict.PASS or not struck[record.id]
            assert record.error is None or record.verdict is not Verdict.PASS
            off = record.output_off
            assert record.verdict is not Verdict.PASS or (off is not None and off.verdict is Verdict.PASS)
            assert off is not None or record.verdict is Verdict.NOT_RUN
            seen = any(capture.purpose == "idle" for capture in record.captures)
            assert seen or off is None or off.verdict is not Verdict.PASS
        return records


def test_with_nothing_broken_both_cases_pass(table: Table) -> None:
    records = holds(table, Breaking({}))
    assert [record.verdict for record in records] == [Verdict.PASS, Verdict.PASS]
    assert all(record.duration for record in records)  # although the wall clock stands still here


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_wherever_one_call_breaks(table: Table, late: bool) -> None:
    counting = Breaking({})
    holds(table, counting)
    for number in range(len(counting.calls) // 2):
        breaking = Breaking({number: number % len(BREAKAGES)}, late=late)
        record = holds(table, breaking)[0]
        assert record.verdict is not Verdict.PASS
        if record.error is not None:
            assert breaking.calls[number + 1 : number + 3] == ["stimulator.stop", "load_switch.open_all"]


def test_whenever_somebody_ends_the_run_the_output_was_measured_to_be_off(table: Table) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        counting = Breaking({})
        holds(table, counting)
        for number in range(0, len(counting.calls) // 2, 3):
            first, second = holds(table, Breaking({number: ENDED}))
            assert first.output_off is not None
            assert first.output_off.verdict is Verdict.PASS
            assert second.verdict is Verdict.NOT_RUN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("role", ROLES)
def test_whichever_instrument_falls_silent_for_good(table: Table, role: str) -> None:
    counting = Breaking({})
    holds(table, counting)
    calls = [number for number, call in enumerate(counting.calls) if call.startswith(role)]
    for number in calls[: len(calls) // 2 : 2]:
        records = holds(table, Breaking({}, role, number))
        assert records[-1].verdict is not Verdict.PASS


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    points=st.dictionaries(st.integers(0, 70), st.integers(0, len(BREAKAGES) - 1), max_size=5),
    dead=st.sampled_from(("", *ROLES)),
    dead_from=st.integers(0, 60),
    late=st.booleans(),
)
def test_whatever_breaks_together(table: Table, points: dict[int, int], dead: str, dead_from: int, late: bool) -> None:
    holds(table, Breaking(points, dead, dead_from, late=late))
