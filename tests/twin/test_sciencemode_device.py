"""The virtual stimulator's obligations beyond what an agreeable client shows: refusals, keep-alive, defects."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.sciencemode import ScienceMode
from rig.twin.devices.sciencemode_frames import FrameReader, Packet, encode
from rig.twin.server import serve
from rig.twin.world import World

IDENTITY = {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"}
BIPHASIC = "0c85500006 44b0000c841000".replace(" ", "")  # +20 mA 200 us, 0 mA 100 us, −20 mA 200 us
UPDATE_50_HZ = bytes.fromhex("01200050" + BIPHASIC)


def _world(*faults: dict[str, Any]) -> World:
    config = TwinConfig.model_validate({
        "device": {"identity": IDENTITY, "gain_error": 0, "phase_mismatch": 0, "timebase_error": 0, "faults": faults},
        "loads": {
            "500 ohm": {"resistance": 500.0, "relays": [101]},
            "10 kohm": {"resistance": 1e4, "relays": [102]},
        },
    })
    world = World(config)
    world.switch(frozenset({101}))
    return world


def _device(world: World) -> ScienceMode:
    return ScienceMode(name="stimulator", config=InstrumentConfig(protocol="sciencemode4"), world=world, seed=0)


def _ask(device: ScienceMode, command: int, data: bytes = b"") -> bytes:
    answer = device.answer(Packet(number=1, command=command, data=data))
    assert answer.command == command + 1
    return answer.data


def _running(world: World) -> ScienceMode:
    device = _device(world)
    assert _ask(device, 30, b"\x00") == b"\x00"
    assert _ask(device, 32, UPDATE_50_HZ) == b"\x00"
    return device


def test_without_keep_alive_the_pulses_pause_after_two_seconds_until_a_new_update() -> None:
    world = _world()
    device = _running(world)
    world.advance(3.0)
    assert len(world.pulses(0.0, 3.0)) == 100
    assert _ask(device, 36, b"\x04") == bytes([0, 4, 0, 0, 0, 0, 0])
    world.advance(1.0)
    assert world.pulses(2.5, 4.0) == ()
    _ask(device, 32, UPDATE_50_HZ)
    world.advance(1.0)
    assert len(world.pulses(4.0, 5.0)) == 50


def test_keep_alive_in_time_lets_the_train_go_on() -> None:
    world = _world()
    device = _running(world)
    for _ in range(6):
        world.advance(1.5)
        assert _ask(device, 36, b"\x04")[2] == 1
    assert len(world.pulses(0.0, 9.0)) == 450


def test_stop_completes_the_pulse_under_way_and_no_other() -> None:
    world = _world()
    device = _running(world)
    world.advance_to(0.002 + 0.02 + 100e-6)
    assert _ask(device, 34) == b"\x00"
    pulses = world.pulses(0.0, 1.0)
    assert [pulse.start for pulse in pulses] == pytest.approx([0.002, 0.022])
    assert world.signal("current", 0.0, 1.0).integral(0.022, 0.03) == pytest.approx(0.0, abs=1e-15)


def test_an_update_while_running_replaces_the_train_without_overlap() -> None:
    world = _world()
    device = _running(world)
    world.advance(0.5)
    assert _ask(device, 32, bytes.fromhex("012000a0" + BIPHASIC)) == b"\x00"
    starts = [pulse.start for pulse in world.pulses(0.0, 1.0)]
    assert starts[:25] == pytest.approx([0.002 + 0.02 * k for k in range(25)])
    assert starts[25:] == pytest.approx([0.502 + 0.04 * k for k in range(13)])


def test_lead_in_pulses_grow_to_the_full_current() -> None:
    world = _world()
    device = _device(world)
    _ask(device, 30, b"\x00")
    _ask(device, 32, bytes.fromhex("01230050" + BIPHASIC))
    current = world.signal("current", 0.0, 1.0)
    peaks = [current.extremes(p.start, p.stop)[1] for p in world.pulses(0.0, 0.1)]
    assert peaks == pytest.approx([5e-3, 10e-3, 15e-3, 20e-3, 20e-3])


@pytest.mark.parametrize(
    "data",
    [
        "",
        "01",
        "01200000" + BIPHASIC,  # no period
        "01200050" + BIPHASIC[:-2],  # a byte short
        "01200050" + BIPHASIC + "00",  # a byte over
        "01000050" + "00950000",  # 9 us
        "01000050" + "0c8fff00",  # beyond the greatest current
        "01000002" + "fff50000",  # 4.095 ms every 0.5 ms
    ],
)
def test_a_malformed_update_is_refused_and_starts_nothing(data: str) -> None:
    world = _world()
    device = _device(world)
    _ask(device, 30, b"\x00")
    assert _ask(device, 32, bytes.fromhex(data)) == b"\x02"
    assert not world.stimulating


def test_nothing_starts_before_initialisation() -> None:
    world = _world()
    device = _device(world)
    assert _ask(device, 32, UPDATE_50_HZ) == b"\x07"
    assert _ask(device, 36, b"\x04")[0] == 7
    assert _ask(device, 2, bytes.fromhex("82" + BIPHASIC))[0] == 7
    assert world.pulses(0.0, 1.0) == ()


def test_every_general_command_is_answered_and_an_unknown_one_named() -> None:
    device = _device(_world())
    assert _ask(device, 50) == bytes([0, 4, 5, 6])
    assert _ask(device, 52) == b"\x00P24-000123"
    assert len(_ask(device, 54)) == 4
    assert _ask(device, 62) == bytes([0, 0, 0])
    assert len(_ask(device, 68)) == 13
    assert _ask(device, 58) == b"\x00"
    assert device.answer(Packet(number=9, command=200)) == Packet(number=9, command=67, data=b"\x0b")


def test_an_open_circuit_and_too_great_a_load_are_reported() -> None:
    world = _world()
    device = _running(world)
    world.switch(frozenset())
    assert _ask(device, 36, b"\x04")[3:] == bytes([1, 0, 0, 0])
    world.switch(frozenset({102}))
    assert _ask(device, 36, b"\x04")[3:] == bytes([3, 0, 0, 0])
    _ask(device, 0, b"\x00")
    assert _ask(device, 2, bytes.fromhex("82" + BIPHASIC)) == bytes([28, 0, 0])
    world.switch(frozenset())
    assert _ask(device, 2, bytes.fromhex("82" + BIPHASIC)) == bytes([10, 0, 0])


def test_with_stop_on_errors_an_open_circuit_ends_the_train() -> None:
    world = _world()
    device = _device(world)
    _ask(device, 30, b"\x01")
    _ask(device, 32, UPDATE_50_HZ)
    world.switch(frozenset())
    assert _ask(device, 36, b"\x04")[2:4] == bytes([0, 1])
    assert not world.stimulating


def test_a_stuck_output_obeys_neither_stop_nor_reset_nor_silence() -> None:
    world = _world({"kind": "stuck_on"})
    device = _running(world)
    world.advance(1.0)
    assert _ask(device, 34) == b"\x00"
    assert _ask(device, 58) == b"\x00"
    world.advance(9.0)
    assert len(world.pulses(0.0, 10.0)) == 500


def test_another_channel_than_the_wired_one_reaches_nothing() -> None:
    world = _world()
    device = _device(world)
    _ask(device, 30, b"\x00")
    assert _ask(device, 32, bytes([2]) + UPDATE_50_HZ[1:]) == b"\x00"
    assert _ask(device, 36, b"\x04") == bytes([0, 4, 2, 0x10, 0, 0, 0])
    assert world.pulses(0.0, 1.0) == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*range(70), 200, 1023]), st.binary(max_size=40)), max_size=8))
def test_whatever_arrives_is_answered_and_leaves_a_world_that_can_be_solved(sent: list[tuple[int, bytes]]) -> None:
    world = _world()
    device = _device(world)
    for command, data in sent:
        answer = device.answer(Packet(number=5, command=command, data=data))
        assert (answer.number, bool(answer.data)) == (5, True)
        world.advance(0.01)
    low, high = world.signal("output_voltage", 0.0, 0.2).extremes(0.0, 0.2)
    assert -150.001 <= low <= high <= 150.001


def test_faults_of_the_line_silence_and_drop() -> None:
    config = TwinConfig.model_validate({
        "device": {"identity": IDENTITY},
        "instruments": {
            "stimulator": {
                "protocol": "sciencemode4",
                "faults": [{"kind": "timeout", "times": 1}, {"kind": "dropped_connection", "after": 2}],
            }
        },
    })
    question = encode(Packet(number=1, command=52))
    with serve(config) as bench:
        port = int(bench.listening[0].address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            line.settimeout(0.1)
            line.sendall(question)
            with pytest.raises(TimeoutError):
                line.recv(100)
            line.settimeout(5)
            line.sendall(question)
            assert FrameReader().feed(line.recv(100))[0].command == 53
            line.sendall(question)
            assert line.recv(100) == b""


LOW = "hasomed-sciencemode4-low"
# 20 mA for 200 us, 100 us of rest, −20 mA for 200 us, at once: documented bytes.
PULSE = bytes.fromhex("82 0c 85 50 00 06 44 b0 00 0c 84 10 00")


@pytest.mark.supports(LOW, "twin")
def test_a_single_pulse_byte_by_byte() -> None:
    config = TwinConfig.model_validate({
        "device": {"identity": IDENTITY, "gain_error": 0, "phase_mismatch": 0, "timebase_error": 0},
        "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
        "instruments": {"stimulator": {"protocol": "sciencemode4"}},
    })
    dialogue: dict[str, str | Packet] = {
        "f0 81 55 81 58 81 16 81 36 10 00 00 0f": "f0 81 55 81 58 81 25 81 07 10 01 00 0f",
        "f0 81 55 81 4c 81 75 81 0b 14 02 82 0c 85 50 00 06 44 b0 00 0c 84 10 00 0f": Packet(
            number=5, command=3, data=bytes(3)
        ),
    }
    with serve(config) as bench:
        bench.world.switch(frozenset({101}))
        port = int(bench.listening[0].address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 60) as line:
            for sent, answer in dialogue.items():
                line.sendall(bytes.fromhex(sent))
                expected = encode(answer) if isinstance(answer, Packet) else bytes.fromhex(answer)
                assert line.recv(100) == expected
        (pulse,) = bench.world.pulses(0.0, 1.0)
        assert bench.world.signal("current", 0.0, 0.1).extremes(0.0, 0.1) == pytest.approx((-0.02, 0.02))
        assert [sign for _, _, sign in pulse.phases] == [1, -1]


@pytest.mark.supports(LOW, "twin")
def test_the_low_level_is_begun_and_ended_and_refuses_what_it_does_not_know() -> None:
    world = _world()
    device = _device(world)
    assert _ask(device, 2, PULSE) == bytes([7, 0, 0])
    for init in (b"", b"\x04", b"\x40", b"\x00\x00"):
        assert _ask(device, 0, init) == b"\x02"
    assert _ask(device, 0, b"\x02") == b"\x00"  # without high voltage
    assert _ask(device, 2, PULSE) == bytes([8, 0, 0])
    assert _ask(device, 0, b"\x00") == b"\x00"
    assert _ask(device, 62) == bytes([0, 1, 6])
    assert _ask(device, 2, bytes([0x02]) + PULSE[1:]) == bytes(3), "not to be given yet"
    assert world.pulses(0.0, world.now + 1.0) == ()
    assert _ask(device, 2, bytes([0xB2]) + PULSE[1:]) == bytes([10, 0x11, 0]), "nothing is connected there"
    assert _ask(device, 2, PULSE[:-1]) == bytes([2, 0, 0])
    assert _ask(device, 2, PULSE) == bytes(3)
    assert len(world.pulses(0.0, world.now)) == 1
    assert _ask(device, 4) == b"\x00"
    assert _ask(device, 2, PULSE) == bytes([7, 0, 0])


@pytest.mark.parametrize(("mode", "unit", "expected"), [(1, 1e-5, 0.02), (2, 1e-2, 0.02 * 510.0)])
def test_a_pulse_is_measured_by_the_device_itself(mode: int, unit: float, expected: float) -> None:
    world = _world()
    device = _device(world)
    assert _ask(device, 0, bytes([mode << 4])) == b"\x00"
    answer = _ask(device, 2, PULSE)
    assert answer[:3] == bytes([0, 0, mode])
    interval = int.from_bytes(answer[3:5], "big")
    assert interval == 4, "504 us in 128 steps"
    samples = [int.from_bytes(answer[k : k + 2], "big") * unit for k in range(5, len(answer), 2)]
    assert len(samples) == 128
    assert samples[25] == samples[100] == pytest.approx(expected, rel=1e-3), "magnitudes alone"
    assert samples[60] == 0.0
