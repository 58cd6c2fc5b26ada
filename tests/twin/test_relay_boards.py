"""The virtual relay boards: a third party's client where there is one, and the bytes of their manuals."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rig.twin.clock import Countdown, Monotonic
from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.serial_board import SerialBoard
from rig.twin.devices.switch_34970a import Switch34970A
from rig.twin.devices.usb_rly16 import UsbRly16
from rig.twin.devices.velleman_k8090 import VellemanK8090
from rig.twin.world import World
from tests.twin.hand_time import HandTime

WORLD = {
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
}
K8090 = {"manufacturer": "Velleman", "model": "K8090", "serial": "0", "firmware": "16.3"}
ON, OFF, STATUS, VERSION = (
    bytes.fromhex(text)
    for text in ("04 11 01 00 00 ea 0f", "04 12 01 00 00 e9 0f", "04 18 00 00 00 e4 0f", "04 71 00 00 00 8b 0f")
)
TIMER_1_S = bytes.fromhex("04 41 01 00 01 b9 0f")
PATIENCE = 30.0


class Line:
    """A plain socket, and what came through it."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("socket://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=PATIENCE)

    def ask(self, data: bytes, count: int) -> bytes:
        self._socket.sendall(data)
        return self.read(count)

    def read(self, count: int) -> bytes:
        got = b""
        while len(got) < count and (more := self._socket.recv(count - len(got))):
            got += more
        return got

    def is_silent(self, seconds: float = 0.1) -> bool:
        self._socket.settimeout(seconds)
        try:
            return not self._socket.recv(100)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(PATIENCE)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def board(
    kind: type[SerialBoard], *faults: dict[str, Any], pace: HandTime | None = None, **more: Any
) -> Iterator[tuple[World, SerialBoard, Line]]:
    world = World(TwinConfig.model_validate(WORLD), pace=pace)
    config = InstrumentConfig.model_validate({"protocol": "board", "contact": "1", "faults": faults, **more})
    twin = kind(name="interlock", config=config, world=world, seed=1)
    line = Line(twin.start()[0])
    try:
        yield world, twin, line
    finally:
        line.close()
        twin.stop()


def closed(world: World) -> bool:
    return world.contact_closed


def runs(countdown: Countdown) -> bool:
    return countdown.running


# --- Velleman K8090 ---------------------------------------------------------------------------------------------------


def test_a_board_starts_with_its_contact_open() -> None:
    with board(VellemanK8090) as (world, _, _):
        assert not closed(world)


def test_a_board_that_is_no_interlock_leaves_the_world_alone() -> None:
    with board(VellemanK8090, contact=None) as (world, twin, line):
        assert line.ask(ON, 7) == bytes.fromhex("04 51 00 01 00 aa 0f")
        assert twin.states == 1
        assert closed(world)


def test_packets_of_the_manual() -> None:
    with board(VellemanK8090, identity=K8090) as (world, _, line):
        assert line.ask(VERSION, 7) == bytes.fromhex("04 71 00 10 03 78 0f")
        assert line.ask(STATUS, 7) == bytes.fromhex("04 51 00 00 00 ab 0f")
        assert line.ask(ON, 7) == bytes.fromhex("04 51 00 01 00 aa 0f")
        assert closed(world)
        assert line.ask(bytes.fromhex("04 11 05 00 00 e6 0f"), 7) == bytes.fromhex("04 51 01 05 00 a5 0f")
        assert line.ask(ON + VERSION, 7)[1] == 0x71  # nothing changed, so nothing is told
        assert line.ask(OFF, 7) == bytes.fromhex("04 51 05 04 00 a2 0f")
        assert not closed(world)
        assert line.ask(bytes.fromhex("04 14 ff 00 00 e9 0f"), 7)[2:5] == bytes([0x04, 0xFB, 0])


def test_damaged_packets_and_noise_are_ignored() -> None:
    with board(VellemanK8090) as (world, _, line):
        line.ask(ON[:5] + b"\x00\x0f" + ON[:6] + b"\x00" + bytes.fromhex("04 99 01 00 00 62 0f") + b"noise", 0)
        assert line.ask(STATUS, 7) == bytes.fromhex("04 51 00 00 00 ab 0f")
        assert not closed(world)


def test_a_timed_relay_opens_by_itself_in_its_own_time_and_tells() -> None:
    pace = HandTime()
    with board(VellemanK8090, pace=pace) as (world, _, line):
        assert line.ask(TIMER_1_S, 7) == bytes.fromhex("04 51 00 01 01 a9 0f")
        world.advance(3600.0)  # an hour of the bench's time: it watches whether processes live, and they live in ours
        pace.advance(0.99)
        assert closed(world)
        pace.advance(0.02)
        assert not closed(world)
        assert world.now == 3600.0
        assert line.read(7) == bytes.fromhex("04 51 01 00 00 aa 0f")


def test_a_timer_that_is_started_again_begins_anew_and_off_ends_it() -> None:
    pace = HandTime()
    with board(VellemanK8090, pace=pace) as (world, _, line):
        line.ask(TIMER_1_S, 7)
        for _ in range(4):
            pace.advance(0.9)
            assert line.ask(TIMER_1_S + VERSION, 7)[1] == 0x71
        assert closed(world)
        assert line.ask(OFF + STATUS, 14)[7:] == bytes.fromhex("04 51 00 00 00 ab 0f")
        line.ask(ON, 7)
        pace.advance(2.0)
        assert closed(world)


def test_a_timer_without_a_time_takes_the_relays_own() -> None:
    pace = HandTime()
    with board(VellemanK8090, pace=pace) as (world, _, line):
        line.ask(bytes.fromhex("04 42 01 00 01 b8 0f") + bytes.fromhex("04 41 01 00 00 ba 0f"), 7)
        pace.advance(0.99)
        assert closed(world)
        pace.advance(0.02)
        assert not closed(world)


def test_a_killed_client_does_not_keep_a_timed_relay_closed() -> None:
    pace = HandTime()
    with board(VellemanK8090, pace=pace) as (world, _, line):
        line.ask(TIMER_1_S, 7)
        line.close()
        pace.advance(1.01)
        assert not closed(world)


@pytest.mark.supports("velleman-k8090", "third-party client")
@pytest.mark.supports("deadman-relay", "third-party client")
@pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")
def test_an_independent_client_switches_a_k8090() -> None:
    from pymeasure.instruments.velleman import VellemanK8090 as Client  # noqa: PLC0415 - its adapters are slow to load
    from pymeasure.instruments.velleman import VellemanK8090Switches as Switches  # noqa: PLC0415 - as above

    world = World(TwinConfig.model_validate(WORLD))
    config = InstrumentConfig.model_validate({"protocol": "k", "contact": "3", "pty": True, "identity": K8090})
    twin = VellemanK8090(name="interlock", config=config, world=world, seed=1)
    try:
        client = Client(f"ASRL{twin.start()[1]}::INSTR", visa_library="@py")
        try:
            assert list(client.version) == [16, 3]
            client.switch_on = Switches.CH1 | Switches.CH3
            assert closed(world)
            assert list(client.status) == [Switches.CH1 | Switches.CH3, Switches.CH1 | Switches.CH3, Switches.NONE]
            client.switch_off = [3]
            assert not closed(world)
            assert client.status[1] == Switches.CH1
        finally:
            client.adapter.close()
            client.adapter.manager.close()
    finally:
        twin.stop()


# --- Devantech USB-RLY16 ----------------------------------------------------------------------------------------------


def test_bytes_of_the_usb_rly16() -> None:
    with board(UsbRly16, contact="3") as (world, twin, line):
        assert line.ask(b"\x5a", 2) == b"\x09\x01"
        assert 100 <= line.ask(b"\x5d", 1)[0] <= 150
        assert line.ask(b"\x67\x5b", 1) == b"\x04"
        assert closed(world)
        assert line.ask(b"\x6c\x6f\x5b", 1) == b"\x84"
        assert line.ask(b"\x71\x5b", 1) == b"\x80"
        assert not closed(world)
        assert line.ask(b"\x64\x5b", 1) == b"\xff"
        assert line.ask(b"\x6e\x5b", 1) == b"\x00"
        assert line.ask(b"\x5c\x5b\x5b", 1) == b"\x5b"  # the states, not a question
        assert twin.states == 0x5B
        assert line.ask(b"\x00\x01\xff\x5b", 1) == b"\x5b"


# --- a channel of a 34970A --------------------------------------------------------------------------------------------


def test_an_interlocks_switch_touches_no_load() -> None:
    world = World(TwinConfig.model_validate(WORLD))
    world.switch(frozenset({101}))
    config = InstrumentConfig.model_validate({"protocol": "34970a", "contact": "101"})
    switch = Switch34970A(name="interlock", config=config, world=world, seed=1)
    assert not closed(world)
    switch.execute("ROUTe:CLOSe (@102)")
    assert not closed(world)
    switch.execute("ROUTe:CLOSe (@101)")
    assert closed(world)
    switch.execute("ROUTe:OPEN (@102)")
    assert world.load(world.now) == world.loads["500 ohm"]
    assert switch.execute("ROUTe:CLOSe? (@101,102)") == [b"1,0"]
    switch.execute("*RST")
    assert not closed(world)
    assert world.relays_closed == {101}


# --- defects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "on", "off", "ask", "reported"),
    [
        (VellemanK8090, ON, OFF, STATUS, bytes.fromhex("04 51 00 00 00 ab 0f")),
        (UsbRly16, b"\x65", b"\x6f", b"\x5b", b"\x00"),
    ],
)
def test_a_stuck_contact_is_reported_as_commanded(
    kind: type[SerialBoard], on: bytes, off: bytes, ask: bytes, reported: bytes
) -> None:
    with board(kind, {"kind": "stuck_closed"}) as (world, _, line):
        line.ask(on, 0)
        line.ask(off, 0)
        events = 14 if kind is VellemanK8090 else 0
        assert line.ask(ask, events + len(reported))[events:] == reported
        assert closed(world)


def test_a_contact_may_stick_only_sometimes() -> None:
    with board(UsbRly16, {"kind": "stuck_closed", "after": 1, "times": 1}) as (world, _, line):
        seen = []
        for _ in range(3):
            line.ask(b"\x65\x6f\x5b", 1)
            seen.append(closed(world))
        assert seen == [False, True, False]


def test_a_stuck_contact_does_not_open_for_its_timer_either() -> None:
    pace = HandTime()
    with board(VellemanK8090, {"kind": "stuck_closed"}, pace=pace) as (world, _, line):
        line.ask(TIMER_1_S, 7)
        pace.advance(1.01)
        assert line.read(7) == bytes.fromhex("04 51 01 00 00 aa 0f")
        assert closed(world)


def test_a_mute_board_neither_does_nor_answers_anything_but_its_timer_runs_on() -> None:
    pace = HandTime()
    with board(VellemanK8090, {"kind": "mute", "after": 1}, pace=pace) as (world, _, line):
        line.ask(TIMER_1_S, 7)
        line.ask(OFF + STATUS + VERSION, 0)
        assert line.is_silent(0.3)
        assert closed(world)
        pace.advance(1.01)
        assert not closed(world)


def test_a_mute_switch_neither_does_nor_answers_anything() -> None:
    world = World(TwinConfig.model_validate(WORLD))
    config = InstrumentConfig.model_validate({
        "protocol": "34970a",
        "contact": "101",
        "faults": [{"kind": "mute", "after": 1}],
    })
    switch = Switch34970A(name="interlock", config=config, world=world, seed=1)
    (address,) = switch.start()
    line = Line(address.removeprefix("TCPIP::").removesuffix("::SOCKET").replace("::", ":"))
    try:
        line.ask(b"ROUT:CLOS (@101)\nROUT:OPEN (@101)\n*IDN?\n", 0)
        assert line.is_silent(0.3)
        assert closed(world)
    finally:
        line.close()
        switch.stop()


def test_a_board_may_lose_an_answer_or_its_line_or_be_another() -> None:
    with board(UsbRly16, {"kind": "timeout", "times": 1}) as (world, _, line):
        line.ask(b"\x65\x5b", 0)
        assert line.is_silent()
        assert closed(world)  # done, though not answered
        assert line.ask(b"\x5b", 1) == b"\x01"
    with board(UsbRly16, {"kind": "dropped_connection"}) as (_, _, line):
        assert line.ask(b"\x5b", 1) == b""
    with board(UsbRly16, {"kind": "wrong_identity"}) as (_, _, line):
        assert line.ask(b"\x5a", 2)[0] != 9
    with board(VellemanK8090, {"kind": "wrong_identity"}, identity=K8090) as (_, _, line):
        assert line.ask(VERSION, 7)[3:5] != bytes([16, 3])


# --- the timer --------------------------------------------------------------------------------------------------------


def test_a_countdown_acts_once_and_only_when_it_was_left_alone() -> None:
    acted, pace = threading.Semaphore(0), HandTime()
    countdown = Countdown(acted.release, threading.RLock(), pace)
    try:
        assert not runs(countdown)
        countdown.restart(30.0)
        pace.advance(29.0)
        assert runs(countdown)
        countdown.restart(0.05)
        pace.advance(0.06)
        assert acted.acquire(blocking=False)
        assert not runs(countdown)
        pace.advance(100.0)
        countdown.restart(0.1)
        countdown.cancel()
        pace.advance(100.0)
        assert not acted.acquire(blocking=False)
    finally:
        countdown.close()
        countdown.close()


def test_a_countdown_keeps_the_computers_time() -> None:
    acted = threading.Event()
    begin = time.monotonic()
    countdown = Countdown(acted.set, threading.RLock(), Monotonic())
    try:
        countdown.restart(0.05)
        assert acted.wait(PATIENCE)
        assert time.monotonic() - begin >= 0.05
    finally:
        countdown.close()
