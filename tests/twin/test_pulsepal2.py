"""The virtual Pulse Pal 2: exact bytes, what its outputs give then, and a client of somebody else."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from rig.twin.config import TwinConfig
from rig.twin.server import VirtualBench, serve

DRIVER = "sanworks-pulsepal2"
pytestmark = pytest.mark.supports(DRIVER, "twin")
ZERO = 32768


@pytest.fixture
def bench() -> Iterator[VirtualBench]:
    with serve(configuration()) as bench:
        bench.world.switch(frozenset({101}))
        yield bench


def configuration(**options: Any) -> TwinConfig:
    return TwinConfig.model_validate({
        "device": {
            "identity": {"manufacturer": "Sanworks", "model": "Pulse Pal 2", "serial": "0", "firmware": "21"},
            "gain_error": 0,
            "phase_mismatch": 0,
            "timebase_error": 0,
        },
        "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
        "instruments": {"stimulator": {"protocol": "pulsepal2", "pty": True, "options": options}},
    })


class Line:
    """A client that says bytes and reads so many."""

    def __init__(self, bench: VirtualBench) -> None:
        host, port = bench.listening[0].address.removeprefix("socket://").split(":")
        self.socket = socket.create_connection((host, int(port)), 60)

    def ask(self, data: bytes, answer: bytes) -> None:
        self.socket.sendall(data)
        got = b""
        while len(got) < len(answer):
            got += self.socket.recv(len(answer) - len(got))
        assert got == answer


@pytest.fixture
def line(bench: VirtualBench) -> Iterator[Line]:
    line = Line(bench)
    yield line
    line.socket.close()


def one(number: int, form: str, value: int, channel: int = 1) -> bytes:
    return bytes([213, 74, number, channel]) + struct.pack(f"<{form}", value)


def steps(volts: float) -> int:
    return round((volts + 10) / 20 * 65535)


def program(line: Line, *, train: int = 20000) -> None:
    """200 us of +2 V, 100 us of rest, 200 us of −2 V, every 20 ms."""
    for message in (
        one(1, "B", 1),
        one(2, "H", steps(2.0)),
        one(3, "H", steps(-2.0)),
        one(4, "I", 4),
        one(5, "I", 2),
        one(6, "I", 4),
        one(7, "I", 390),
        one(10, "I", train),
        one(11, "I", 0),
    ):
        line.ask(message, b"\x01")


HELLO = (bytes([213, 72]), b"K" + struct.pack("<I", 21))


def test_handshake_and_what_is_no_message(line: Line) -> None:
    line.ask(b"\x00junk" + HELLO[0], HELLO[1])
    line.ask(bytes([213, 89]) + b"RIGRIG" + bytes([213, 78, 3]) + b"abc" + bytes(24) + HELLO[0], HELLO[1])


def test_a_train_is_delivered_as_programmed_and_ends_by_itself(bench: VirtualBench, line: Line) -> None:
    program(line)
    line.ask(bytes([213, 77, 1]) + HELLO[0], HELLO[1])
    world = bench.world
    world.advance(2.0)
    pulses = world.pulses(0.0, 2.0)
    assert len(pulses) == 50
    assert pulses[0].start == pytest.approx(50e-6)
    assert pulses[1].start - pulses[0].start == pytest.approx(20e-3)
    assert [sign for _, _, sign in pulses[0].phases] == [1, -1]
    current = world.signal("current", 0.0, 2.0)
    assert current.extremes(0.0, 2.0) == pytest.approx((-0.02, 0.02), rel=1e-3)
    line.ask(bytes([213, 77, 1]) + HELLO[0], HELLO[1])
    world.advance(0.1)
    assert len(world.pulses(2.0, 2.1)) == 5


def test_a_trigger_while_it_plays_changes_nothing_and_an_abort_ends_it(bench: VirtualBench, line: Line) -> None:
    program(line)
    line.ask(bytes([213, 77, 1]) + HELLO[0], HELLO[1])
    bench.world.advance(0.205)
    line.ask(bytes([213, 77, 1]) + HELLO[0], HELLO[1])
    bench.world.advance(0.2)
    line.ask(bytes([213, 80]) + HELLO[0], HELLO[1])
    bench.world.advance(1.0)
    assert len(bench.world.pulses(0.0, 2.0)) == 21


def test_all_parameters_at_once_are_grouped_by_parameter(bench: VirtualBench, line: Line) -> None:
    phases, rest, apart = [4, 20, 20, 20], [2, 20, 20, 20], [190, 200, 200, 200]
    times = [*phases, *rest, *phases, *apart, *[0] * 8, *[2000] * 4, *[0] * 4]
    volts = [steps(1.0), *[ZERO] * 3, steps(-1.0), *[ZERO] * 3, *[ZERO] * 4]
    octets = [1, *[0] * 15, 1, *[0] * 7, 0, 0]
    data = struct.pack("<32I12H26B", *times, *volts, *octets)
    line.ask(bytes([213, 73]) + data, b"\x01")
    line.ask(bytes([213, 85]), data)
    line.ask(bytes([213, 77, 1]) + HELLO[0], HELLO[1])
    bench.world.advance(0.2)
    pulses = bench.world.pulses(0.0, 0.2)
    assert len(pulses) == 10
    assert bench.world.signal("current", 0.0, 0.2).extremes(0.0, 0.2) == pytest.approx((-0.01, 0.01), rel=1e-3)


def test_other_channels_are_not_wired_and_a_loop_goes_on(bench: VirtualBench, line: Line) -> None:
    program(line)
    line.ask(bytes([213, 77, 0b1110]) + bytes([213, 82, 1, 1]), b"\x01")
    bench.world.advance(0.1)
    assert bench.world.pulses(0.0, 0.1) == ()
    line.ask(bytes([213, 82, 1, 0]), b"\x01")
    bench.world.advance(3.0)
    assert len(bench.world.pulses(0.0, 3.1)) == 150
    line.ask(bytes([213, 82, 0, 0]), b"\x01")
    bench.world.advance(1.0)
    assert bench.world.pulses(3.12, 4.1) == ()


def test_a_voltage_may_be_held(bench: VirtualBench, line: Line) -> None:
    line.ask(bytes([213, 79, 1]) + struct.pack("<H", steps(0.5)), b"\x01")
    bench.world.advance(3.0)
    line.ask(bytes([213, 79, 1]) + struct.pack("<H", ZERO), b"\x01")
    bench.world.advance(1.0)
    current = bench.world.signal("current", 0.0, 4.0)
    assert current.extremes(1.2, 1.8) == pytest.approx((0.005, 0.005), rel=1e-3)
    assert current.extremes(3.1, 4.0) == (0.0, 0.0)


def test_how_many_amperes_a_volt_makes_can_be_said() -> None:
    with serve(configuration(current_per_volt=0.005)) as bench:
        bench.world.switch(frozenset({101}))
        line = Line(bench)
        program(line)
        line.ask(bytes([213, 77, 1]) + HELLO[0], HELLO[1])
        bench.world.advance(0.1)
        assert bench.world.signal("current", 0.0, 0.1).extremes(0.0, 0.1)[1] == pytest.approx(0.01, rel=1e-3)
        line.socket.close()


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")
@pytest.mark.supports(DRIVER, "third-party client")
def test_a_third_party_client_runs_a_train(bench: VirtualBench) -> None:
    pulsepal = pytest.importorskip("pypulsepal.pulsepal")
    client = pulsepal.PulsePal(serial_port=bench.listening[1].address)
    try:
        assert client.firmware_version == 21
        for name, value in (
            ("isBiphasic", 1),
            ("phase1Voltage", 3.0),
            ("phase2Voltage", -3.0),
            ("phase1Duration", 250e-6),
            ("interPhaseInterval", 100e-6),
            ("phase2Duration", 250e-6),
            ("interPulseInterval", 24.4e-3),
            ("pulseTrainDuration", 0.5),
        ):
            assert client.program_one_param(channel=0, param_name=name, param_value=value)
        client.trigger_selected_channels(channel_1=True)
        assert client.set_fixed_voltage(channel=1, voltage=0.0)  # answered, so the trigger has been heard
    finally:
        client._arcom.close()
    bench.world.advance(1.0)
    pulses = bench.world.pulses(0.0, 1.0)
    assert len(pulses) == 20
    assert pulses[1].start - pulses[0].start == pytest.approx(25e-3)
    assert bench.world.signal("current", 0.0, 1.0).extremes(0.0, 1.0) == pytest.approx((-0.03, 0.03), rel=1e-3)
