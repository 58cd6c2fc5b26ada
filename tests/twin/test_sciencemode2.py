"""The virtual RehaStim 2: frames as documented, what it is asked, its watchdog, and a client of somebody else."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.sciencemode2 import ScienceMode2
from rig.twin.devices.sciencemode2_frames import FrameReader, Packet, decode, encode
from rig.twin.server import VirtualBench, serve
from rig.twin.world import World
from tests.twin.hand_time import HandTime

DRIVER = "hasomed-sciencemode2"
pytestmark = pytest.mark.supports(DRIVER, "twin")
VECTORS = {
    "f0 81 7f 81 56 00 02 00 0f": Packet(number=0, command=2, data=b"\0"),
    "f0 81 76 81 57 01 0a 0f": Packet(number=1, command=10),
    "f0 81 17 81 5c 02 1e 00 01 00 00 00 40 01 0f": Packet(number=2, command=30, data=bytes.fromhex("00010000004001")),
    "f0 81 4c 81 5d 03 20 00 00 81 a5 81 5a 0f": Packet(number=3, command=32, data=bytes.fromhex("0000f00f")),
}
LIST_33_MS = bytes.fromhex("00 01 00 00 00 40 01")
PULSE_15_MA = bytes.fromhex("00 00 f0 0f")
DEVICE = {
    "identity": {"manufacturer": "HASOMED", "model": "RehaStim 2", "serial": "0", "firmware": "1"},
    "gain_error": 0,
    "phase_mismatch": 0,
    "timebase_error": 0,
}
LOADS = {"500 ohm": {"resistance": 500.0, "relays": [101]}}


@pytest.mark.parametrize(("frame", "packet"), VECTORS.items())
def test_documented_frames_are_written_and_read(frame: str, packet: Packet) -> None:
    assert encode(packet) == bytes.fromhex(frame)
    assert decode(bytes.fromhex(frame)) == packet


@given(
    number=st.integers(0, 255),
    command=st.integers(0, 255),
    data=st.binary(max_size=28),
    before=st.binary(max_size=5).filter(lambda junk: 0x81 not in junk and 0xF0 not in junk),
    cut=st.integers(1, 10),
)
def test_every_byte_survives_however_a_stream_is_cut(
    number: int, command: int, data: bytes, before: bytes, cut: int
) -> None:
    packet = Packet(number=number, command=command, data=data)
    stream, reader = before + encode(packet), FrameReader()
    found = [one for k in range(0, len(stream), cut) for one in reader.feed(stream[k : k + cut])]
    assert found == [packet]


def test_a_client_may_escape_any_byte_and_a_broken_frame_is_left_out() -> None:
    body = bytes.fromhex("01 81 5f")  # command 10 escaped although it need not be
    crc = 0
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    frame = bytes([0xF0, 0x81, crc ^ 0x55, 0x81, len(body) ^ 0x55]) + body + b"\x0f"
    assert decode(frame) == Packet(number=1, command=10)
    spoilt = bytearray(encode(Packet(number=1, command=10)))
    spoilt[6] ^= 1
    assert FrameReader().feed(bytes(spoilt) + encode(Packet(number=2, command=10))) == [Packet(number=2, command=10)]


def world(*, connected: bool = True, **device: Any) -> World:
    made = World(TwinConfig.model_validate({"device": {**DEVICE, **device}, "loads": LOADS}), pace=HandTime())
    if connected:
        made.switch(frozenset({101}))
    return made


def stimulator(world: World, **options: Any) -> ScienceMode2:
    config = InstrumentConfig(protocol="sciencemode2", options=options)
    device = ScienceMode2(name="stimulator", config=config, world=world, seed=0)
    assert device.answer(Packet(number=0, command=2, data=b"\0")) == []
    return device


def ask(device: ScienceMode2, command: int, data: bytes = b"") -> bytes:
    *_, answer = device.answer(Packet(number=7, command=command, data=data))
    assert (answer.number, answer.command) == (7, command + 1)
    return answer.data


def running(world: World, **options: Any) -> ScienceMode2:
    device = stimulator(world, **options)
    assert ask(device, 30, LIST_33_MS) == b"\0"
    assert ask(device, 32, PULSE_15_MA) == b"\0"
    return device


def test_a_train_is_delivered_as_asked() -> None:
    bench = world()
    device = running(bench)
    assert ask(device, 10) == bytes([0, 2])
    bench.advance(0.5)
    assert ask(device, 34) == b"\0"
    assert ask(device, 10) == bytes([0, 0])
    bench.advance(0.5)
    pulses = bench.pulses(0.0, 1.0)
    assert len(pulses) == 16
    assert [two.start - one.start for one, two in pairwise(pulses)] == pytest.approx([33e-3] * 15)
    current = bench.signal("current", 0.0, 1.0)
    assert current.extremes(0.0, 1.0) == pytest.approx((-0.015, 0.015))
    begin, end, sign = pulses[0].phases[0]
    assert end - begin == pytest.approx(240e-6)
    assert sign == 1
    assert pulses[0].phases[1][0] - end == pytest.approx(100e-6)


def test_nobody_there_for_1200_ms_ends_the_train_and_the_device_begins_anew() -> None:
    bench = world()
    device = running(bench)
    bench.advance(1.1)
    assert device.answer(Packet(number=8, command=4)) == []  # watchdog
    bench.advance(1.19)
    assert ask(device, 10) == bytes([0, 2])
    bench.advance(1.3)
    assert ask(device, 10) == bytes([0, 0])
    assert ask(device, 30, LIST_33_MS) == b"\xfd"
    end = max(pulse.stop for pulse in bench.pulses(0.0, 10.0))
    assert 1.1 + 1.19 + 1.2 - 0.034 < end <= 1.1 + 1.19 + 1.2 + 0.001


def test_the_watchdog_may_be_more_patient() -> None:
    bench = world()
    device = running(bench, watchdog=2.0)
    bench.advance(1.9)
    assert ask(device, 10) == bytes([0, 2])


@pytest.mark.parametrize(
    ("command", "data", "result"),
    [
        (30, "00 00 00 00 00 40 01", -2),  # no channel
        (30, "08 01 00 00 00 40 01", -2),  # skips too many
        (30, "00 01 02 00 00 40 01", -2),  # slows a channel that takes no part
        (30, "00 01 00 00 00 0d 01", -2),  # below 8 ms
        (30, "00 ff 00 00 00 0e 01", -2),  # eight channels do not fit 8 ms
        (30, "00 01 00 00 08 01 01", -2),  # above 1025 ms
        (30, "00 01 00 00 00 40", -2),
        (32, "00 00 f0 0f", -3),  # before the list
        (36, "08 00 f0 0f", -2),
        (36, "00 00 13 0f", -2),  # 19 us
        (36, "00 01 f5 0f", -2),  # 501 us
        (36, "00 00 f0 83", -2),  # 131 mA
    ],
)
def test_what_it_cannot_do_it_says(command: int, data: str, result: int) -> None:
    assert ask(stimulator(world()), command, bytes.fromhex(data)) == result.to_bytes(1, "big", signed=True)


@pytest.mark.parametrize("data", ["00 00 f0", "03 00 f0 0f", "00 00 f0 0f 00 00 f0 0f"])
def test_a_start_that_does_not_fit_the_list_is_refused(data: str) -> None:
    device = stimulator(world())
    ask(device, 30, LIST_33_MS)
    assert ask(device, 32, bytes.fromhex(data)) == b"\xfe"


def test_an_unknown_command_is_said_to_be_one() -> None:
    (answer,) = stimulator(world()).answer(Packet(number=9, command=99))
    assert answer == Packet(number=9, command=3, data=bytes([99]))


def test_lost_electrodes_end_the_train_and_are_reported_once() -> None:
    bench = world()
    device = running(bench)
    bench.advance(0.1)
    bench.switch(frozenset())
    error, mode = device.answer(Packet(number=5, command=10))
    assert (error.command, error.data) == (38, b"\xfe")
    assert mode.data == bytes([0, 1])
    assert len(device.answer(Packet(number=6, command=10))) == 1
    bench.advance(0.1)
    assert bench.pulses(0.12, 0.2) == ()


def test_one_pulse_alone_a_doublet_and_a_slowed_channel() -> None:
    bench = world()
    device = stimulator(bench)
    assert ask(device, 36, bytes.fromhex("00 00 c8 0a")) == b"\0"
    bench.advance(0.5)
    (pulse,) = bench.pulses(0.0, 0.5)
    assert len(pulse.phases) == 2
    assert ask(device, 30, bytes.fromhex("01 01 01 07 00 26 01")) == b"\0"  # every second of 20 ms, 5 ms in a group
    assert ask(device, 32, bytes.fromhex("01 00 c8 0a")) == b"\0"
    bench.advance(0.2)
    doublets = bench.pulses(0.5, 0.7)
    assert [len(one.phases) for one in doublets] == [4] * 5
    assert doublets[1].start - doublets[0].start == pytest.approx(0.04)
    assert doublets[0].phases[2][0] == pytest.approx(5e-3)
    assert ask(device, 32, bytes.fromhex("00 00 00 00")) == b"\0"  # no width, no current
    bench.advance(0.2)
    assert bench.pulses(0.71, 0.9) == ()


def test_it_introduces_itself_twice_a_second_until_it_is_met() -> None:
    bench = world()
    device = ScienceMode2(name="stimulator", config=InstrumentConfig(protocol="sciencemode2"), world=bench, seed=0)
    pace = bench.pace
    assert isinstance(pace, HandTime)
    address = device.start()[0]
    host, port = address.removeprefix("socket://").split(":")
    try:
        with socket.create_connection((host, int(port)), 60) as line:
            line.sendall(encode(Packet(number=1, command=10)))
            assert FrameReader().feed(line.recv(100))[0].data == bytes([0, 0])  # by now it knows of the line
            pace.advance(0.5)
            assert FrameReader().feed(line.recv(100)) == [Packet(number=0, command=1, data=b"\x01")]
            pace.advance(0.5)
            assert FrameReader().feed(line.recv(100)) == [Packet(number=1, command=1, data=b"\x01")]
            line.sendall(encode(Packet(number=1, command=2, data=b"\0")) + encode(Packet(number=2, command=10)))
            assert FrameReader().feed(line.recv(100))[0].number == 2
            pace.advance(0.5)
            bench.advance(5.0)
            pace.advance(0.5)  # nobody has said anything for so long that it introduces itself again
            assert FrameReader().feed(line.recv(100)) == [Packet(number=2, command=1, data=b"\x01")]
    finally:
        device.stop()


@pytest.fixture
def served() -> Iterator[VirtualBench]:
    config = TwinConfig.model_validate({
        "device": DEVICE,
        "loads": LOADS,
        "instruments": {"stimulator": {"protocol": "sciencemode2", "pty": True, "options": {"watchdog": 600.0}}},
    })
    with serve(config) as bench:
        bench.world.switch(frozenset({101}))
        yield bench


CLIENT = """
    import os, sys
    from pysciencemode import Channel, Device, Modes, Rehastim2
    stimulator = Rehastim2(port=sys.argv[1])
    channel = Channel(mode=Modes.SINGLE, no_channel=1, amplitude=20, pulse_width=350, device_type=Device.Rehastim2)
    stimulator.init_channel(stimulation_interval=25, list_channels=[channel])
    stimulator.start_stimulation()
    print("it runs", flush=True)
    sys.stdin.readline()
    stimulator.end_stimulation()
    print("it rests", flush=True)
    os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")
@pytest.mark.supports(DRIVER, "third-party client")
def test_a_third_party_client_runs_a_train(served: VirtualBench) -> None:
    """In a process of its own: its threads do not end, and what it waits for it waits for without end."""
    pytest.importorskip("pysciencemode")
    command = [sys.executable, "-c", textwrap.dedent(CLIENT), served.listening[1].address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        try:
            assert client.stdin is not None
            assert client.stdout is not None
            said = iter(client.stdout)
            assert any(line.strip().endswith("it runs") for line in said)
            begun = served.world.now
            served.world.advance(1.0)
            client.stdin.write("\n")
            client.stdin.flush()
            assert any(line.strip().endswith("it rests") for line in said)
        finally:
            client.kill()
    served.world.advance(1.0)
    pulses = served.world.pulses(begun, begun + 2.0)
    assert len(pulses) == 40
    assert pulses[1].start - pulses[0].start == pytest.approx(25e-3)
    assert pulses[0].phases[0][1] == pytest.approx(350e-6)
    assert served.world.signal("current", begun, begun + 2.0).extremes(begun, begun + 2.0) == pytest.approx((
        -0.02,
        0.02,
    ))
