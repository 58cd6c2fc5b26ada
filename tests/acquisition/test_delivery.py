"""A train delivered block by block: everything in time, every sample kept once, and ended when the watcher says so."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.acquisition.capture import Train
from rig.acquisition.delivery import BLOCK, Delivery, Memory, Step
from rig.errors import SamplesLost
from rig.model.happening import Action
from rig.model.setup import DigitizerSetup
from rig.model.waveform import Waveform
from rig.units import Unit

RATE = 10_000.0


class Bench:
    """A digitizer that counts, and a clock that passes only while somebody waits for samples."""

    def __init__(self, *, loses: int | None = None, cost: float = 0.0) -> None:
        self.time, self.position, self.began, self.halted = 5.0, 0, 0.0, False
        self._loses, self._cost = loses, cost

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def utc(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def start(self) -> None:
        self.began = self.time

    def read_block(self, samples: int, timeout: float) -> Mapping[str, Waveform]:
        if self._loses is not None and self.position + samples > self._loses:
            raise SamplesLost("some were lost", partial=self._block(self._loses - self.position))
        self.time = max(self.time, self.began + (self.position + samples) / RATE) + self._cost
        assert timeout > samples / RATE
        return self._block(samples)

    def _block(self, samples: int) -> Mapping[str, Waveform]:
        codes = np.arange(self.position, self.position + samples, dtype=np.int16)
        start = self.position / RATE
        self.position += samples
        waveform = Waveform(samples=codes, interval=1 / RATE, unit=Unit.VOLT, source="daq:ai0", start=start)
        return MappingProxyType({"ai0": waveform})

    def halt(self) -> None:
        self.halted = True


class Free:
    """Lets everything go on, and remembers how long the blocks were."""

    def __init__(self, until: Callable[[Waveform], bool] = lambda _: True) -> None:
        self.blocks: list[int] = []
        self._until = until

    def look(self, block: Waveform) -> bool:
        self.blocks.append(len(block))
        return self._until(block)


def delivery(
    bench: Bench, samples: int, watcher: Free, memory: Memory, *, alive: object = None, interval: float | None = None
) -> Delivery:
    setup = DigitizerSetup(channels={"ai0": 1.0}, rate=RATE, samples=samples)
    say = alive if callable(alive) else None
    return Delivery(
        bench,  # type: ignore[arg-type] # it plays only the part that a delivery uses
        bench,
        setup,
        "ai0",
        watcher=watcher,
        sink=memory,
        alive=say,
        interval=interval,
    )


@given(
    moments=st.lists(st.floats(0.0, 0.99), max_size=12),
    samples=st.integers(1, 10_000),
)
def test_every_sample_comes_once_and_everything_is_done_in_its_order(moments: list[float], samples: int) -> None:
    bench, watcher, memory = Bench(), Free(), Memory(samples)
    done: list[tuple[float, float]] = []
    steps = [
        Step(at=at, action=Action.LOAD, do=lambda at=at: done.append((at, bench.time - bench.began)))  # type: ignore[misc]
        for at in sorted(moments)
    ]
    delivery(bench, samples, watcher, memory).run(steps, aftermath=0.0)
    assert memory.waveform().samples.tolist() == list(range(samples))
    assert sum(watcher.blocks) == samples
    assert max(watcher.blocks) <= BLOCK * RATE
    due = [at for at in sorted(moments) if max(round(at * RATE), 1) <= samples]
    assert [at for at, _ in done] == due
    for at, really in done:
        assert really == pytest.approx(max(at, 1 / RATE), abs=1 / RATE)


def test_happenings_bracket_what_was_done() -> None:
    bench, memory = Bench(), Memory(2000)

    def slow() -> None:
        bench.time += 0.003

    found = delivery(bench, 2000, Free(), memory).run(
        [Step(at=0.05, action=Action.START, do=slow), Step(at=0.1, action=Action.STOP, do=slow)], aftermath=0.0
    )
    start, stop = found.happenings
    assert (start.action, stop.action) == (Action.START, Action.STOP)
    assert start.begun == pytest.approx(0.05)
    assert start.ended == pytest.approx(0.053)
    assert stop.begun == pytest.approx(0.1)


def test_signs_of_life_are_said_from_start_to_stop_and_not_after_the_line_is_cut() -> None:
    for end in (Action.STOP, Action.CUT, Action.RESET, Action.SUPPLY):
        bench, memory = Bench(), Memory(10_000)
        words: list[float] = []
        steps = [
            Step(at=0.1, action=Action.START, do=lambda: None, words=True),
            Step(at=0.3, action=Action.LOAD, do=lambda: None),
            Step(at=0.7, action=end, do=lambda: None, words=False),
        ]
        said = delivery(
            bench,
            10_000,
            Free(),
            memory,
            alive=lambda words=words, bench=bench: words.append(bench.time - bench.began),
            interval=0.07,
        ).run(steps, aftermath=0.0)
        assert 0.1 < words[0] <= 0.1 + 0.07 + 1e-9
        assert all(later - earlier <= 0.07 + 1e-9 for earlier, later in pairwise(words))
        assert 0.63 - 1e-9 <= words[-1] <= 0.7
        noted = [one.begun for one in said.happenings if one.action is Action.MESSAGE]
        assert noted == pytest.approx([max(word for word in words if word < 0.3), words[-1]])


def test_what_the_watcher_ends_is_read_on_for_a_while_and_nothing_more_is_done() -> None:
    bench, memory = Bench(), Memory(10_000)
    watcher = Free(lambda block: block.samples[-1] < 2_500)
    late: list[str] = []
    steps = [
        Step(at=0.0, action=Action.START, do=lambda: None),
        Step(at=0.9, action=Action.STOP, do=lambda: late.append("stop")),
    ]
    found = delivery(bench, 10_000, watcher, memory).run(steps, aftermath=0.1)
    assert found.stopped
    assert bench.halted
    assert not late
    kept = memory.waveform().samples
    assert 2_500 + 1_000 <= len(kept) <= 2_600 + 1_000
    assert kept.tolist() == list(range(len(kept)))


def test_samples_that_came_before_others_were_lost_are_kept() -> None:
    bench, memory = Bench(loses=4_321), Memory(10_000)
    with pytest.raises(SamplesLost):
        delivery(bench, 10_000, Free(), memory).run([], aftermath=0.0)
    assert memory.waveform().samples.tolist() == list(range(4_321))


def test_a_train_that_is_over_is_not_waited_for() -> None:
    bench, memory = Bench(), Memory(100_000)
    stopped: list[int] = []
    steps = [
        Step(at=0.1, action=Action.START, do=lambda: None),
        Step(at=0.2, action=Action.CUT, do=lambda: None),
        Step(at=60.0, action=Action.STOP, do=lambda: stopped.append(bench.position)),
    ]
    delivery(bench, 100_000, Free(), memory).run(steps, aftermath=0.01, done=lambda at: at >= 0.3)
    assert bench.halted
    assert stopped == [3_000]
    assert len(memory.waveform()) == 3_100


def test_a_train_stops_by_itself_at_its_end_with_what_happens_between() -> None:
    class Device:
        keep_alive_interval = None

        def start(self) -> None: ...
        def stop(self) -> None: ...
        def keep_alive(self) -> None: ...

    train = Train.of(Device(), 2.0)  # type: ignore[arg-type] # the parts of a stimulator that a train needs
    steps = train.steps(0.5)
    assert [(step.at, step.action) for step in steps] == [(0.5, Action.START), (2.5, Action.STOP)]


def test_words_come_sooner_than_they_must_unless_each_is_a_pulse() -> None:
    class Device:
        keep_alive_interval = 1.0
        paced = False

        def start(self) -> None: ...
        def stop(self) -> None: ...
        def keep_alive(self) -> None: ...

    class PulseByPulse(Device):
        paced = True

    trains = [Train.of(device(), 2.0) for device in (Device, PulseByPulse)]  # type: ignore[arg-type] # parts of one
    assert [train.between_words for train in trains] == [0.7, 1.0]


def test_a_block_is_looked_at_before_it_is_kept_and_kept_whatever_comes_of_that() -> None:
    order: list[str] = []

    class Slow(Memory):
        def append(self, block: Waveform) -> None:
            order.append("kept")
            super().append(block)

    def look(_: Waveform) -> bool:
        order.append("seen")
        if len(order) > 2:
            raise RuntimeError("cannot be stopped")
        return True

    memory = Slow(1000)
    with pytest.raises(RuntimeError, match="cannot be stopped"):
        delivery(Bench(), 1000, Free(look), memory).run([], aftermath=0.0)
    assert order == ["seen", "kept", "seen", "kept"]
    assert memory.length == 2 * BLOCK * RATE


@pytest.mark.parametrize("loses", [None, 250])
def test_while_current_flows_nothing_from_before_is_gone_through_for_garbage(loses: int | None) -> None:
    """A full collection takes the longer, the more there is: of a run's heap, 80 ms in which nobody looks."""
    before, found = [object()], []

    def look(_block: Waveform) -> bool:
        during = [object()]
        known = gc.get_objects()
        found.append((any(one is before for one in known), any(one is during for one in known)))
        return True

    run = delivery(Bench(loses=loses), 300, Free(look), Memory(300)).run
    if loses is None:
        run([], aftermath=0.0)
    else:
        with pytest.raises(SamplesLost):
            run([], aftermath=0.0)
    assert set(found) == {(False, True)}
    assert any(one is before for one in gc.get_objects()), "afterwards it is collected as ever"
