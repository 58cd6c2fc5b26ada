"""Events on a bench that does not do what it is told, or is left in the middle: no PASS follows from that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from rig.bench.build import Bench, open_bench
from rig.errors import CommunicationError
from rig.evidence.record import CaseRecord
from rig.evidence.store import Bundle
from rig.model.verdict import Verdict
from rig.plan.load import load_plan
from rig.roles import Stimulator
from rig.sequencer.run import Run
from rig.sequencer.setup import RunOptions, Setup, read_setup
from rig.sequencer.twin_configuration import twin_configuration
from rig.sequencer.virtual import virtual_bench

ROOT = Path(__file__).parents[2]
HEAD = """\
plan: DISTURBED
title: Events on a bench that is not what it seems
revision: A
requires: {load: [500 ohm, 1 kohm, open, short]}
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.6 s}
  load: 500 ohm
  capture: {ranging: expected}
cases:
"""


def utc() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


class Welded:
    """A load switch that reports what it was told, and from a number of selections on does nothing."""

    def __init__(self, real: Any, *, after: int) -> None:
        self._real, self._left = real, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def select(self, channels: tuple[int, ...]) -> None:
        self._left -= 1
        if self._left >= 0:
            self._real.select(channels)


@dataclass(frozen=True, kw_only=True)
class Table:
    """An open virtual bench."""

    bench: Bench
    setup: Setup
    folder: Path

    def records(
        self, cases: str, spoil: Callable[[Bench], Bench] = lambda bench: bench, *, head: str = ""
    ) -> tuple[CaseRecord, ...]:
        """Run the cases of a plan on the bench, spoilt."""
        path = self.folder / "disturbed.plan.yaml"
        path.write_text(f"{head}\n{HEAD}{cases}", encoding="utf-8")
        loaded, resolver = load_plan(path), self.setup.resolver()
        bundle = Bundle.create(self.folder, "run")
        run = Run(
            resolver.resolve(loaded.cases),
            resolver=resolver,
            device=self.setup.device,
            bundle=bundle,
            journal=bundle.begin_journal(utc),
            utc=utc,
            now=time.monotonic,
            block=0.05,
        )
        run.begin(spoil(self.bench))
        try:
            return tuple(run.execute(case) for case in loaded.cases)
        finally:
            bundle.seal()


@contextmanager
def opened(options: RunOptions, folder: Path) -> Iterator[Table]:
    """Open a bench without its interlock, whose timer would run in real time."""
    found = read_setup(options)
    file = found.definition.file
    instruments = {name: one for name, one in file.instruments.items() if one.role != "interlock"}
    bare = replace(found.definition, file=file.model_copy(update={"instruments": instruments}))
    setup = replace(found, definition=bare)
    with ExitStack() as stack:
        served = stack.enter_context(virtual_bench(twin_configuration(setup.definition, setup.device)))
        opening = open_bench(
            setup.definition, setup.device, addresses=served.addresses, today=date(2026, 11, 22), utc=utc
        )
        yield Table(bench=stack.enter_context(opening), setup=setup, folder=folder)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with opened(RunOptions.of(root=ROOT, directory=ROOT), tmp_path) as found:
        yield found


def welded(after: int) -> Callable[[Bench], Bench]:
    return lambda bench: replace(bench, load_switch=Welded(bench.load_switch, after=after))


STEP = """\
  - id: step
    events: [{at: 0.3 s, load: 1 kohm}]
    verify: [phase_top: {within: 5 % of set, during: 1 kohm}]
"""
SHORT = """\
  - id: short
    events: [{at: 0.2 s, load: short}, {at: 0.4 s, load: 500 ohm}]
    verify: [short_circuit_recovery: {at_most: 100 ms}, phase_peak: {at_most: 110 % of set, during: short}]
"""
OPEN = """\
  - id: open
    events: [{at: 0.2 s, load: open}, {at: 0.4 s, load: 500 ohm}]
    verify: [reconnect_surge: {at_most: 110 % of set}, phase_top: {within: 5 % of set, during: 500 ohm}]
"""


@pytest.mark.parametrize("case", [STEP, SHORT, OPEN], ids=["step", "short", "open"])
def test_loads_that_are_switched_and_do_come_pass(table: Table, case: str) -> None:
    (record,) = table.records(case)
    assert record.verdict is Verdict.PASS, record.reason


@pytest.mark.parametrize("case", [STEP, SHORT, OPEN], ids=["step", "short", "open"])
def test_a_load_that_never_came_makes_no_pass(table: Table, case: str) -> None:
    (record,) = table.records(case, welded(after=1))
    assert record.verdict is Verdict.ERROR, (record.verdict, record.reason)


LATE_RESET = """\
  - id: reset
    stimulus: {train: 0.6 s}
    events: [{at: 0.4 s, device: reset}]
    verify: [power_up_output: {at_most: 1 mA}]
"""


def test_a_pulse_long_after_a_reset_is_seen_however_soon_the_train_ends(tmp_path: Path) -> None:
    faulty = ROOT / "fixtures/duts/faulty/events/reset-pulse.dut.yaml"
    with opened(RunOptions.of(root=ROOT, directory=ROOT, device=faulty), tmp_path) as table:
        (record,) = table.records(LATE_RESET)
    assert record.verdict is Verdict.FAIL, record.reason


class Silent:
    """A stimulator that cannot be reached any more once it has been spoken to so often."""

    def __init__(self, real: Any, *, words: int) -> None:
        self._real, self._left = real, words

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def keep_alive(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise CommunicationError("stimulator", "", "does not answer")
        self._real.keep_alive()


SAG = """\
  - id: sag
    stimulus: {train: 2.5 s}
    events: [{at: 0.2 s, supply: 90 %}]
    verify: [phase_top: {within: 5 % of set}]
  - id: plain
    verify: [phase_top: {within: 5 % of set}]
"""


def test_a_supply_that_an_event_left_changed_serves_no_other_case(tmp_path: Path) -> None:
    powered = ROOT / "fixtures/benches/virtual-powered.bench.yaml"
    with opened(RunOptions.of(root=ROOT, directory=ROOT, bench=powered), tmp_path) as table:
        first, second = table.records(SAG, lambda bench: replace(bench, stimulator=Silent(bench.stimulator, words=1)))
    assert first.verdict is Verdict.ERROR
    assert second.verdict is Verdict.NOT_RUN
    assert "supply" in second.reason


class Dying:
    """A stimulator that never answers again once it was reset; it notes what was connected whenever it is asked."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._real, self._dead = bench, bench.stimulator, False
        self.asked_into: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def reset(self) -> None:
        self._real.reset()
        self._dead = True

    def identify(self) -> object:
        selected = self._bench.selected
        self.asked_into.append("" if selected is None else selected.name)
        if self._dead:
            raise CommunicationError("stimulator", "", "does not answer")
        return self._real.identify()


def test_a_device_that_does_not_come_back_is_not_asked_into_a_load_and_has_no_second_chance(table: Table) -> None:
    dying: list[Dying] = []

    def spoil(bench: Bench) -> Bench:
        spoilt = replace(bench)
        dying.append(Dying(spoilt))
        spoilt.stimulator = cast("Stimulator", dying[0])
        return spoilt

    (record,) = table.records(LATE_RESET, spoil, head="attempts: 2")
    assert (record.verdict, record.attempt, record.retried) == (Verdict.ERROR, 1, False)
    assert "did not come back" in record.reason
    assert set(dying[0].asked_into) == {"open"}


CONNECTED_LATER = """\
  - id: later
    load: open
    stimulus: {amplitude: 40 mA}
    events: [{at: 0.3 s, load: 1 kohm}]
    verify: [peak_output_voltage: {at_most: 60 V, during: 1 kohm}, phase_top: {within: 5 % of set, during: 1 kohm}]
"""


def test_a_voltage_is_given_to_no_load_where_no_current_says_when_it_was_taken(table: Table) -> None:
    (record,) = table.records(CONNECTED_LATER)
    assert record.verdict is Verdict.INCONCLUSIVE, record.reason
    assert {str(one.verdict) for one in record.judgements} == {"PASS", "INCONCLUSIVE"}
