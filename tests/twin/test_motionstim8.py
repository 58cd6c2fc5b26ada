"""The virtual MotionStim 8: bytes in, the acknowledgement out, and what is delivered into the load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.motionstim8 import MotionStim8
from rig.twin.devices.motionstim8_data import CommandReader, ListMode, read_single, read_update
from rig.twin.world import World

DRIVER = "hasomed-motionstim8"
DEVICE = {
    "identity": {"manufacturer": "KRAUTH+TIMMERMANN", "model": "MotionStim 8", "serial": "1", "firmware": "1"},
    "gain_error": 0.0,
    "phase_mismatch": 0.0,
    "timebase_error": 0.0,
}
# Channel 1 alone, every 20 ms (code 38), groups of 1.5 ms: 38 + 1 is 7 more than a multiple of 8.
INIT = bytes([0x80 | 7 << 2, 0x00, 0x20, 0x00, 0x00, 38])
# 300 us (2 · 128 + 44) and 20 mA add up to 320, a multiple of 32.
UPDATE = bytes([0xA0, 0x02, 44, 20])
STOP = b"\xc0"


@contextmanager
def device(*faults: dict[str, Any], channel: int = 1, **defects: Any) -> Iterator[tuple[World, MotionStim8]]:
    config = TwinConfig.model_validate({
        "seed": 3,
        "device": {**DEVICE, "wired_channel": channel, **defects},
        "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
    })
    world = World(config)
    world.switch(frozenset({101}))
    made = MotionStim8(
        name="stimulator",
        config=InstrumentConfig.model_validate({"protocol": "motionstim8", "faults": faults}),
        world=world,
        seed=3,
    )
    yield world, made
    world.close()


@contextmanager
def line(made: MotionStim8) -> Iterator[serial.SerialBase]:
    (address,) = made.start()
    port = serial.serial_for_url(address, timeout=20.0)
    try:
        yield port
    finally:
        port.close()
        made.stop()


@pytest.mark.supports(DRIVER, "twin")
def test_a_list_is_initialised_updated_and_stopped() -> None:
    with device() as (world, made), line(made) as port:
        for command, acknowledged in ((INIT, 0x01), (UPDATE, 0x41)):
            port.write(command)
            assert port.read(1) == bytes([acknowledged])
        world.advance(1.0)
        port.write(STOP)
        assert port.read(1) == b"\x81"
        world.advance(1.0)
        pulses = world.pulses(0.0, world.now)
        assert len(pulses) == 50
        assert pulses[1].start - pulses[0].start == pytest.approx(20e-3)
        begins = [(round(a * 1e6), round(b * 1e6), sign) for a, b, sign in pulses[0].phases]
        assert begins == [(0, 300, 1), (400, 700, -1)]
        current = world.signal("current", 0.0, world.now)
        assert current.extremes(0.0, world.now) == pytest.approx((-20e-3, 20e-3))


def test_what_is_not_carried_out_is_answered_so() -> None:
    with device() as (world, made):
        assert made.answer(UPDATE[:1]) == b"\x40", "no list yet"
        assert made.answer(bytes([INIT[0] ^ 0x04, *INIT[1:]])) == b"\x00", "wrong sum"
        assert made.answer(bytes([0x80 | 6 << 2, 0, 0, 0, 0, 38])) == b"\x00", "no channel"
        assert made.answer(bytes([0x80 | 7 << 2, 0, 0x20, 4 | 3, 0x70, 0x00])) == b"\x00", "groups do not fit"
        assert made.answer(INIT) == b"\x01"
        assert made.answer(bytes([0xA1, *UPDATE[1:]])) == b"\x40", "wrong sum"
        assert made.answer(bytes([0xA0 | 1, 0x20 | 0x02, 44, 20])) == b"\x40", "doublets do not fit the list"
        assert made.answer(bytes([0xA0 | 31, 0x03, 0x7F, 0])) == b"\x40", "511 us"
        assert not world.stimulating


def test_an_update_keeps_the_rhythm() -> None:
    with device() as (world, made):
        made.answer(INIT)
        made.answer(UPDATE)
        world.advance(0.107)
        made.answer(UPDATE)
        made.answer(bytes([0xA0 | 10, 0x02, 44, 30]))
        world.advance(0.1)
        starts = [pulse.start for pulse in world.pulses(0.0, world.now)]
        assert all(b - a == pytest.approx(20e-3) for a, b in pairwise(starts))
        assert world.signal("current", 0.11, world.now).extremes(0.11, world.now)[1] == pytest.approx(30e-3)


def test_doublets_other_channels_and_nothing() -> None:
    # Channels 1 and 3, doublets, groups of 4 ms (code 5), every 50 ms (code 98): 5 + 1 + 5 + 98 is 5 more.
    init = bytes([0x80 | 5 << 2, 0x01, 0x20, 0x04, 0x50, 98])
    with device(channel=3) as (world, made):
        assert made.answer(init) == b"\x01"
        # Channel 1: 100 us, 5 mA; channel 3: doublets of 200 us, 10 mA: 105 + 211 = 316, 28 more.
        assert made.answer(bytes([0xA0 | 28, 0x00, 100, 5, 0x21, 72, 10])) == b"\x41"
        world.advance(0.2)
        (first, *_) = world.pulses(0.0, world.now)
        assert [round(begin * 1e6) for begin, _, _ in first.phases] == [0, 300, 4000, 4300]
        assert made.answer(bytes([0xA0 | (105 & 31), 0x00, 100, 5, 0, 0, 0])) == b"\x41"
        assert not world.stimulating


def test_without_a_period_every_update_is_one_pulse() -> None:
    with device() as (world, made):
        assert made.answer(bytes([0x80 | 1 << 2, 0x00, 0x20, 0x00, 0x00, 0])) == b"\x01"
        for _ in range(3):
            assert made.answer(UPDATE) == b"\x41"
            world.advance(0.03)
        assert len(world.pulses(0.0, world.now)) == 3


def test_single_pulses() -> None:
    with device(channel=2) as (world, made):
        assert made.answer(bytes([0xE0 | 1, 0x10 | 0x02, 44, 20])) == b"\xc1"
        assert made.answer(bytes([0xE0 | 0, 0x00 | 0x02, 44, 20])) == b"\xc1", "another channel"
        world.advance(0.1)
        assert len(world.pulses(0.0, world.now)) == 1


def test_defects_of_device_and_line() -> None:
    with device(faults=[{"kind": "amplitude_gain", "value": 1.25}, {"kind": "ignores_stop"}]) as (world, made):
        made.answer(INIT)
        made.answer(UPDATE)
        world.advance(0.1)
        assert made.answer(STOP) == b"\x81"
        world.advance(0.1)
        assert world.stimulating
        assert world.signal("current", 0.0, 0.1).extremes(0.0, 0.1)[1] == pytest.approx(25e-3)
    dropping = {"kind": "dropped_connection", "after": 2}
    with device({"kind": "timeout", "times": 1}, dropping) as (_, made), line(made) as port:
        port.write(INIT + b"\x00\x00" + INIT)
        assert port.read(1) == b"\x01", "the first was not answered; stray data bytes belong to nothing"
        port.write(STOP)
        with pytest.raises(serial.SerialException):
            port.read(1)


# --- bytes -----------------------------------------------------------------------------------------------------------


@given(
    st.integers(0, 7), st.integers(0, 255), st.integers(0, 255), st.integers(0, 2), st.integers(0, 31),
    st.integers(0, 2047),
)  # fmt: skip
def test_every_list_is_read_as_it_was_meant(
    factor: int, channels: int, slow: int, mode: int, group: int, period: int
) -> None:
    bits = f"100{(factor + channels + slow + mode + group + period) % 8:03b}"
    body = f"{factor:03b}{channels:08b}{slow:08b}{mode:02b}{group:05b}{period:011b}"
    # The first byte ends with two bits of the body, each of the others has seven.
    pieces = [bits + body[:2], *("0" + body[k : k + 7] for k in range(2, len(body), 7))]
    read = ListMode.read(bytes(int(piece, 2) for piece in pieces))
    assert read is not None
    assert read.channels == tuple(n for n in range(1, 9) if channels >> (n - 1) & 1)
    both = slow & channels if factor else 0
    assert read.slow == tuple(n for n in range(1, 9) if both >> (n - 1) & 1)
    assert (read.mode, round(read.group * 1e4)) == (mode, 15 + 5 * group)
    assert (0 if read.period is None else round(read.period * 1e4)) == (10 + 5 * period if period else 0)


@given(st.integers(0, 500), st.integers(0, 127), st.integers(0, 2), st.integers(0, 7))
def test_updates_and_single_pulses_are_read_as_they_were_meant(
    width: int, current: int, mode: int, channel: int
) -> None:
    head, tail = 0xA0 | (width + current + mode) % 32, [width % 128, current]
    updates = read_update(bytes([head, mode << 5 | width >> 7, *tail]))
    assert updates is not None
    assert [(one.mode, one.width, one.current) for one in updates] == [(mode, width, current)]
    single = read_single(bytes([0xE0 | (width + current + channel) % 32, channel << 4 | width >> 7, *tail]))
    assert single is not None
    assert (single.channel, single.width, single.current) == (channel, width, current)


@given(st.binary(max_size=12), st.integers(0, 3))
def test_a_command_after_anything_that_was_cut_is_heard(noise: bytes, active: int) -> None:
    reader = CommandReader()
    for byte in noise:
        reader.feed(byte, active=active)
    assert [reader.feed(byte, active=active) for byte in STOP] == [STOP]
