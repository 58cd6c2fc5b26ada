"""What happens to a device during a train: power lost and back, stops, resets, silence, loads that go and come."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.sciencemode import ScienceMode
from rig.twin.devices.sciencemode_frames import FrameReader, Packet, encode
from rig.twin.stimulator import Point, Train
from rig.twin.truth import PulseTruth, delivered, first_pulse, last_current, peak
from rig.twin.world import World

IDENTITY = {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"}
EXACT = {"gain_error": 0, "phase_mismatch": 0, "timebase_error": 0, "rise_time": 1e-6}
SUPPLY = {"voltage": 24.0, "minimum": 20.0}
BIPHASIC = Train(
    points=(
        Point(duration=300e-6, current=20e-3),
        Point(duration=100e-6, current=0.0),
        Point(duration=300e-6, current=-20e-3),
    ),
    period=20e-3,
)
UPDATE_50_HZ = bytes.fromhex("012000500c8550000644b0000c841000")  # 20 mA 200 us, 100 us, −20 mA 200 us
INIT, UPDATE, STOP, ALIVE, RESET = 30, 32, 34, 36, 58
LATENCY, BOOT = 2e-3, 0.5


def bench(*faults: dict[str, Any], fed: bool = False) -> World:
    """Return a world with 500 ohm connected; when it is fed, its device has been on for a second."""
    config = TwinConfig.model_validate({
        "device": {"identity": IDENTITY, **EXACT, "supply": SUPPLY, "faults": faults},
        "loads": {
            "500 ohm": {"resistance": 500.0, "relays": [101]},
            "short": {"resistance": 1.0, "relays": [102]},
            "tissue": {"resistance": 1e3, "series_resistance": 200, "parallel_capacitance": 1e-6, "relays": [103]},
        },
        "instruments": {"supply": {"protocol": "rigol-dp800", "powers": 1}} if fed else {},
    })
    world = World(config)
    world.switch(frozenset({101}))
    if fed:
        world.supply(24.0)
        world.advance(1.0)
    return world


def device(world: World) -> ScienceMode:
    return ScienceMode(name="stimulator", config=InstrumentConfig(protocol="sciencemode4"), world=world, seed=0)


def ask(twin: ScienceMode, command: int, data: bytes = b"") -> bytes:
    return twin.answer(Packet(number=1, command=command, data=data)).data


def running(world: World) -> ScienceMode:
    twin = device(world)
    assert ask(twin, INIT, b"\x00") + ask(twin, UPDATE, UPDATE_50_HZ) == bytes(2)
    return twin


def starts(world: World, begin: float = 0.0, end: float = 20.0) -> list[float]:
    return [pulse.start for pulse in world.pulses(begin, end)]


def awake(world: World) -> bool:
    return world.awake


def stimulating(world: World) -> bool:
    return world.stimulating


def peaks(world: World, begin: float, end: float) -> list[float]:
    return [pulse.phases[0].peak for pulse in delivered(world, begin, end)]


# --- power ------------------------------------------------------------------------------------------------------------


@given(off=st.floats(1.0, 1.1), load=st.sampled_from([101, 103]))
@settings(max_examples=60, deadline=None)
def test_power_lost_at_any_moment_leaves_what_was_and_ends_all_else(off: float, load: int) -> None:
    cut, whole = bench(fed=True), bench(fed=True)
    for world in (cut, whole):
        world.switch(frozenset({load}))
        world.begin(BIPHASIC)
    cut.advance_to(off)
    cut.supply(0.0)
    for node in ("current", "voltage", "output_voltage"):
        expected, got = whole.signal(node, 0.5, 2.0), cut.signal(node, 0.5, 2.0)
        assert got.integral(0.5, off) == pytest.approx(expected.integral(0.5, off), rel=1e-12, abs=1e-15)
        assert got.integral_of_square(0.5, off) == pytest.approx(expected.integral_of_square(0.5, off), rel=1e-12)
    after = cut.signal("current", off, 2.0)
    assert after.extremes(off, 2.0) == (0.0, 0.0)
    end = last_current(cut, 0.0, 2.0)
    assert end is None or end <= off
    assert all(pulse.stop <= off for pulse in cut.pulses(0.0, 2.0))
    assert not stimulating(cut)


def test_a_phase_cut_off_is_known_as_far_as_it_came() -> None:
    world = bench(fed=True)
    world.begin(BIPHASIC)
    world.advance(LATENCY + 200e-6)
    world.supply(19.9)
    (pulse,) = delivered(world, 1.0, 2.0)
    (phase,) = pulse.phases
    assert phase.peak == pytest.approx(20e-3)
    assert phase.duration == pytest.approx(200e-6, abs=1e-6)
    assert pulse.net_charge == pytest.approx(20e-3 * 200e-6, rel=0.01)
    assert last_current(world, 0.0, 2.0) == pytest.approx(1.0 + LATENCY + 200e-6, abs=1e-12)


def test_power_lost_while_the_last_pulse_is_completed_cuts_it_too() -> None:
    world = bench(fed=True)
    world.begin(BIPHASIC)
    world.advance(LATENCY + 100e-6)
    world.end()
    world.advance(100e-6)
    world.supply(0.0)
    assert last_current(world, 0.0, 2.0) == pytest.approx(1.0 + LATENCY + 200e-6, abs=1e-12)


def test_a_device_boots_after_power_came_and_has_forgotten_its_train() -> None:
    world = bench(fed=True)
    twin = running(world)
    world.advance(0.1)
    world.supply(0.0)
    world.advance(0.2)
    world.supply(24.0)
    world.advance(BOOT - 0.01)
    assert not awake(world)
    world.begin(BIPHASIC)
    assert not stimulating(world)
    world.advance(0.02)
    assert awake(world)
    assert ask(twin, 62) == bytes(3)
    assert ask(twin, ALIVE, b"\x04")[0] == 7
    assert ask(twin, UPDATE, UPDATE_50_HZ) == b"\x07"
    assert starts(world, 1.2) == []
    assert world.boots == 2


def test_a_dip_that_leaves_enough_voltage_changes_nothing() -> None:
    world, plain = bench(fed=True), bench(fed=True)
    for one in (world, plain):
        one.begin(BIPHASIC)
        one.advance(0.1)
    world.supply(20.0)
    world.advance(0.1)
    world.supply(24.0)
    assert delivered(world, 1.0, 2.0) == delivered(plain, 1.0, 2.0)
    assert world.boots == 1


def test_without_a_supply_on_the_bench_the_device_is_on_and_draws_what_it_needs_from_elsewhere() -> None:
    world = bench()
    assert awake(world)
    idle = world.supply_current
    world.begin(BIPHASIC)
    power = 20e-3 * 600e-6 / 20e-3 * 150.0
    assert (idle, world.supply_current) == pytest.approx((0.1, 0.1 + power / 24.0))


def test_a_device_that_is_off_draws_nothing() -> None:
    world = bench(fed=True)
    world.begin(BIPHASIC)
    world.supply(10.0)
    assert world.supply_current == 0.0


class Conversation:
    """A line to the device: bytes that arrive, things that happen between them, and what was answered."""

    def __init__(self, *steps: bytes | Callable[[], None]) -> None:
        self._steps = list(steps)
        self.answers = b""

    def read(self) -> bytes:
        while self._steps:
            step = self._steps.pop(0)
            if isinstance(step, bytes):
                return step
            step()
        return b""

    def write(self, data: bytes) -> None:
        self.answers += data

    def drop(self) -> None:
        raise AssertionError


def answered(world: World, *steps: bytes | Callable[[], None]) -> list[int]:
    """Return the numbers of the messages that the device answered."""
    conversation = Conversation(*steps)
    device(world)._converse(conversation)
    return [packet.number for packet in FrameReader().feed(conversation.answers)]


def message(number: int) -> bytes:
    return encode(Packet(number=number, command=52))


def test_a_device_without_power_or_not_yet_booted_swallows_what_it_is_sent() -> None:
    world = bench(fed=True)
    numbers = answered(
        world,
        message(1),
        lambda: world.supply(0.0),
        message(2),
        lambda: world.advance(1.0),
        message(3) + message(4)[:5],
        lambda: world.supply(24.0),
        message(4)[5:],
        lambda: world.advance(BOOT - 0.01),
        message(5),
        lambda: world.advance(0.02),
        message(6),
    )
    assert numbers == [1, 6]


def test_half_a_message_is_forgotten_with_the_power() -> None:
    world = bench(fed=True)

    def cycle() -> None:
        world.supply(0.0)
        world.supply(24.0)
        world.advance(1.0)

    assert answered(world, message(1)[:5], message(1)[5:], message(2)[:5], cycle, message(2)[5:], message(3)) == [1, 3]


def test_the_line_of_a_device_without_power_stays_up() -> None:
    world = bench(fed=True)
    world.supply(0.0)
    twin = device(world)
    host, port = twin.start()[0].removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port)), 30) as line:
        line.sendall(message(1))
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(100)
    twin.stop()


# --- stops, resets and silence ----------------------------------------------------------------------------------------


def test_an_ignored_stop_is_acknowledged_and_only_silence_a_new_train_a_reset_or_power_ends_the_pulses() -> None:
    def stopped() -> tuple[World, ScienceMode]:
        world = bench({"kind": "ignores_stop"}, fed=True)
        twin = running(world)
        world.advance(0.1)
        assert ask(twin, STOP) == b"\x00"
        assert ask(twin, 62)[1] == 0
        world.advance(0.5)
        assert len(starts(world, 1.0, 1.6)) == 30
        return world, twin

    world, _ = stopped()
    assert last_current(world, 1.0, 20.0) == pytest.approx(3.0, abs=20e-3)
    world, twin = stopped()
    for _ in range(4):
        world.advance(1.3)
        assert ask(twin, ALIVE, b"\x04")[0] == 7
    assert len(starts(world, 1.6, world.now)) == 260
    world, twin = stopped()
    ask(twin, RESET)
    assert starts(world, 1.61) == []
    world, _ = stopped()
    world.supply(0.0)
    assert starts(world, 1.61) == []
    world, twin = stopped()
    assert ask(twin, INIT, b"\x00") + ask(twin, UPDATE, bytes.fromhex("012000a0") + UPDATE_50_HZ[4:]) == bytes(2)
    assert starts(world, 1.61, 2.6) == pytest.approx([1.602 + 0.04 * k for k in range(1, 25)])


def test_a_slow_stop_takes_its_time_once_however_often_it_is_told() -> None:
    world = bench({"kind": "slow_stop", "value": 0.3})
    twin = running(world)
    world.advance(0.1)
    for _ in range(3):
        ask(twin, STOP)
        ask(twin, ALIVE, b"\x04")
        world.advance(0.1)
    assert starts(world) == pytest.approx([LATENCY + 0.02 * k for k in range(20)])


def test_a_late_start_is_the_same_train_later() -> None:
    early, late = bench(), bench({"kind": "late_start", "value": 0.07})
    for world in (early, late):
        running(world)
    assert first_pulse(early, 0.0, 1.0) == pytest.approx(LATENCY)
    assert first_pulse(late, 0.0, 1.0) == pytest.approx(LATENCY + 0.07)
    assert first_pulse(late, 0.0, 0.07) is None
    shifted = [start - 0.07 for start in starts(late, 0.0, 1.07)]
    assert shifted == pytest.approx(starts(early, 0.0, 1.0))


@pytest.mark.parametrize(
    ("faults", "ends"),
    [((), 2.0), (({"kind": "slow_timeout", "value": 1.5},), 3.5), (({"kind": "no_timeout"},), math.inf)],
)
def test_silence_ends_a_train_when_the_device_takes_note_of_it(faults: tuple[dict[str, Any], ...], ends: float) -> None:
    world = bench(*faults)
    twin = running(world)
    until = min(ends, 100.0)
    assert len(starts(world, 0.0, 100.0)) == round(until / 0.02)
    world.advance(5.0)
    assert ask(twin, 62)[1] == (3 if ends > 5.0 else 2)
    ask(twin, STOP)
    assert starts(world, 5.03, 100.0) == []


# --- loads that go and come -------------------------------------------------------------------------------------------


def reconnected(*faults: dict[str, Any], by_contact: bool = False, gap: float = 0.1) -> World:
    """Return a world whose train met an open circuit from 0.105 s on, for so long."""
    world = bench(*faults)
    world.begin(BIPHASIC)
    world.advance(0.105)
    if by_contact:
        world.interlock(closed=False)
        world.advance(gap)
        world.interlock(closed=True)
    else:
        world.switch(frozenset())
        world.advance(gap)
        world.switch(frozenset({101}))
    return world


@pytest.mark.parametrize("by_contact", [False, True])
@pytest.mark.parametrize(("every", "count"), [(None, 10), (4, 4)])
def test_a_surge_falls_from_its_factor_to_one(every: int | None, count: int, by_contact: bool) -> None:
    fault = {"kind": "reconnect_surge", "value": 1.5} | ({} if every is None else {"every": every})
    world = reconnected(fault, by_contact=by_contact)
    factors = [1.0 + 0.5 * max(0.0, 1 - k / count) for k in range(20)]
    assert peaks(world, 0.205, 0.61) == pytest.approx([20e-3 * factor for factor in factors])
    assert peaks(world, 0.0, 0.105) == pytest.approx([20e-3] * 6)
    assert peak(world, 0.205, 1.0) == pytest.approx(30e-3)
    assert peak(reconnected(by_contact=by_contact), 0.205, 1.0) == pytest.approx(20e-3)


def test_a_surge_begins_anew_with_every_gap_and_needs_a_pulse_that_met_it() -> None:
    fault = {"kind": "reconnect_surge", "value": 2.0}
    world = reconnected(fault, gap=0.01)  # between two pulses: nobody noticed
    assert peak(world, 0.115, 1.0) == pytest.approx(20e-3)
    world = reconnected(fault)
    world.advance_to(0.305)
    world.switch(frozenset())
    world.advance_to(0.405)
    world.switch(frozenset({101}))
    assert peaks(world, 0.205, 0.225) == pytest.approx([40e-3])
    assert peaks(world, 0.405, 0.445) == pytest.approx([40e-3, 38e-3])


def test_an_open_circuit_before_a_train_makes_no_surge_in_it() -> None:
    world = reconnected({"kind": "reconnect_surge", "value": 2.0})
    world.begin(BIPHASIC)
    assert peak(world, 0.21, 1.0) == pytest.approx(20e-3)


def test_a_short_circuit_silences_a_latching_device_until_the_next_start() -> None:
    for faults, silenced in (((), False), (({"kind": "short_circuit_latch"},), True)):
        world = bench(*faults)
        world.begin(BIPHASIC)
        world.advance(0.105)
        world.switch(frozenset({102}))
        world.advance(0.1)
        world.switch(frozenset({101}))
        world.advance(0.1)
        assert (starts(world, 0.105, 0.305) == []) is silenced
        world.begin(BIPHASIC)
        assert starts(world, 0.305, 0.4) == pytest.approx([0.307 + 0.02 * k for k in range(5)])


def test_a_train_started_into_a_short_circuit_is_silent_when_the_device_latches() -> None:
    world = bench({"kind": "short_circuit_latch"})
    world.switch(frozenset({102}))
    world.begin(BIPHASIC)
    world.advance(0.1)
    world.switch(frozenset({101}))
    assert starts(world) == []


def test_nothing_but_a_new_train_or_the_loss_of_power_ends_a_stuck_output() -> None:
    world = bench({"kind": "stuck_on"}, fed=True)
    twin = running(world)
    ask(twin, STOP)
    ask(twin, RESET)
    world.advance(4.0)
    assert len(starts(world, 1.0, 5.0)) == 200
    world.supply(0.0)
    world.supply(24.0)
    assert starts(world, 5.0, 10.0) == []


# --- pulses that nobody asked for, and the supply's voltage -----------------------------------------------------------


def test_a_pulse_after_power_came_belongs_to_no_train() -> None:
    world = bench({"kind": "power_up_pulse", "value": 8e-3}, fed=True)
    (pulse,) = delivered(world, 0.0, 1.0)
    assert pulse.start == BOOT
    assert pulse.net_charge == pytest.approx(8e-6, rel=2e-3)
    assert peak(world, 0.0, 1.0) == pytest.approx(8e-3)
    world.supply(0.0)
    world.supply(24.0)
    world.advance(BOOT + 0.4e-3)
    world.supply(0.0)
    assert last_current(world, 1.0, 3.0) == pytest.approx(1.0 + BOOT + 0.4e-3, abs=1e-12)
    world.supply(24.0)
    world.supply(0.0)
    assert starts(world, world.now, 10.0) == []


def test_a_healthy_device_gives_no_pulse_when_power_comes_or_it_is_reset() -> None:
    world = bench(fed=True)
    ask(device(world), RESET)
    assert last_current(world, 0.0, 10.0) is None


def test_a_pulse_after_a_reset_comes_when_the_device_has_booted() -> None:
    world = bench({"kind": "reset_pulse", "value": -5e-3})
    twin = running(world)
    world.advance(0.1)
    ask(twin, RESET)
    (pulse,) = delivered(world, 0.11, 2.0)
    assert pulse.start == pytest.approx(0.1 + BOOT)
    assert pulse.phases[0].peak == pytest.approx(-5e-3)
    assert pulse.phases[0].duration == pytest.approx(1e-3, abs=2e-6)


@pytest.mark.parametrize(("sensitivity", "factor"), [(0.0, 1.0), (1.0, 0.9), (-0.5, 1.05)])
def test_current_follows_the_supply_as_far_as_the_device_is_sensitive(sensitivity: float, factor: float) -> None:
    world = bench({"kind": "supply_sensitive", "value": sensitivity}, fed=True)
    world.begin(BIPHASIC)
    world.advance(0.1)
    world.supply(0.9 * 24.0)
    assert peaks(world, 1.0, 1.1) == pytest.approx([20e-3] * 5)
    assert peaks(world, 1.1, 1.2) == pytest.approx([20e-3 * factor] * 5)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "ignores_stop"},
        {"kind": "slow_stop", "value": 1.0},
        {"kind": "no_timeout"},
        {"kind": "slow_timeout", "value": 1.0},
        {"kind": "reconnect_surge", "value": 3.0},
        {"kind": "power_up_pulse", "value": 10e-3},
        {"kind": "reset_pulse", "value": 10e-3},
        {"kind": "supply_sensitive", "value": 2.0},
        {"kind": "short_circuit_latch"},
    ],
)
def test_a_defect_shows_in_nothing_but_its_own_event(fault: dict[str, Any]) -> None:
    def train(*faults: dict[str, Any]) -> tuple[PulseTruth, ...]:
        world = bench(*faults, fed=True)
        running(world)
        world.advance(0.1)
        world.switch(frozenset({103}))
        return delivered(world, 1.0, 2.5)

    assert train(fault) == train()


def test_two_instruments_cannot_both_power_the_device() -> None:
    with pytest.raises(ValueError, match="only one instrument can power the device"):
        TwinConfig.model_validate({
            "device": {"identity": IDENTITY},
            "instruments": {name: {"protocol": "rigol-dp800", "powers": 1} for name in ("one", "other")},
        })
