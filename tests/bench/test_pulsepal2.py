"""The Pulse Pal 2: exact messages out and in, what a volt means, rounding, refusals, and what goes wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.stimulators.sanworks_pulsepal2 import PulsePal2, Ranges, program, realise
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Stimulator
from tests.bench.scripted_peer import Peer, transcript

DRIVER = "sanworks-pulsepal2"
# 10 mA for a volt.
RANGES = Ranges(current_per_volt=0.01)
PULSE = Stimulus(
    channel=2,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=0.2,
)
HELLO, ABORT, LEAVE = b"\xd5\x48", b"\xd5\x50", b"\xd5\x51"
GREETING = b"K" + (21).to_bytes(4, "little")


def ticks(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def codes(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2, "little") for number in numbers)


# 2 V is 6554 steps of the converter from its middle; periods of 400 ticks, ten of them.
PROGRAM = (
    b"\xd5\x49"
    + ticks(2, 6, 2, 2)
    + ticks(0, 2, 0, 0)
    + ticks(2, 6, 2, 2)
    + ticks(2, 386, 2, 2)
    + ticks(*[0] * 8)
    + ticks(2, 4000, 2, 2)
    + ticks(*[0] * 4)
    + codes(32768, 32768 + 6554, 32768, 32768)
    + codes(32768, 32768 - 6554, 32768, 32768)
    + codes(*[32768] * 4)
    + bytes((0, 1, 0, 0))
    + bytes(22)
)
Step = tuple[bytes, bytes | Sequence[bytes | None]]
HANDSHAKE: Step = (HELLO, GREETING)
LEFT: Step = (LEAVE, b"")


def device(peer: Peer, timeout: float = 60.0) -> PulsePal2:
    return PulsePal2("stimulator", peer.url, ranges=RANGES, timeout=timeout)


@pytest.mark.supports(DRIVER, "transcript")
def test_a_whole_train() -> None:
    with transcript((PROGRAM, b"\1"), (b"\xd5\x4d\x02", b""), HANDSHAKE, (ABORT, b""), HANDSHAKE, LEFT) as peer:
        driver = device(peer)
        assert isinstance(driver, Stimulator)
        assert driver.keep_alive_interval is None
        driver.prepare(PULSE)
        assert not peer.received
        driver.start()
        driver.keep_alive()
        driver.stop()
        driver.close()
        driver.close()
    assert len(PROGRAM) == 2 + 178


@pytest.mark.supports(DRIVER, "transcript")
def test_identity() -> None:
    with transcript(HANDSHAKE, (HELLO, b"K\x03\0\0\0"), LEFT) as peer:
        driver = device(peer)
        identity = driver.identify()
        assert (identity.manufacturer, identity.model, identity.firmware) == ("Sanworks", "Pulse Pal 2", "21")
        with pytest.raises(InstrumentError, match="firmware 3 is not that of a Pulse Pal 2"):
            driver.identify()
        driver.close()


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (b"\0", InstrumentError, "confirmed with 00"),
        (b"\1\1", InstrumentError, "more than 1 bytes"),
        (b"", CommunicationError, "no reply in time"),
    ],
)
def test_without_its_confirmation_nothing_is_triggered(reply: bytes, error: type[Exception], message: str) -> None:
    with transcript((PROGRAM, reply), LEFT) as peer:
        driver = device(peer, timeout=0.5)
        driver.prepare(PULSE)
        with pytest.raises(error, match=message):
            driver.start()
        driver.close()
    assert b"\xd5\x4d" not in bytes(peer.received)[2 + 178 :]


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (b"\1" + GREETING[:-1], InstrumentError, "answered 01 4b 15"),
        (b"\1" + GREETING, InstrumentError, "more than 5 bytes"),
        (GREETING[:3], CommunicationError, "no reply in time after 4b 15 00"),
    ],
)
def test_late_and_cut_replies_are_not_taken_for_a_greeting(reply: bytes, error: type[Exception], message: str) -> None:
    with transcript((HELLO, reply), LEFT) as peer:
        driver = device(peer, timeout=0.5)
        with pytest.raises(error, match=message):
            driver.identify()
        driver.close()


def test_stop_is_tried_again_over_a_new_connection() -> None:
    with transcript((ABORT, b""), (HELLO, [None]), (ABORT, b""), HANDSHAKE, LEFT) as peer:
        driver = device(peer)
        driver.stop()
        driver.close()
    assert peer.connections == 2


def test_a_pulled_cable_tells_the_device_nothing() -> None:
    with transcript(HANDSHAKE, LEFT) as peer:
        driver = device(peer)
        driver.disconnect()
        with pytest.raises(CommunicationError, match="closed"):
            driver.identify()
        driver.reconnect()
        driver.identify()
        with pytest.raises(Refused, match="no command"):
            driver.reset()
        with pytest.raises(InstrumentError, match="no stimulus"):
            driver.start()
        driver.close()


# --- rounding and refusals -------------------------------------------------------------------------------------------


@given(
    st.floats(1e-3, 0.0999),
    st.floats(100e-6, 2e-3),
    st.one_of(st.just(0.0), st.floats(100e-6, 1e-3)),
    st.floats(0.1, 150.0),
    st.floats(0.01, 20.0),
    st.sampled_from(Polarity),
    st.sampled_from(Shape),
    st.integers(1, 4),
)
def test_rounding_is_to_the_nearest_step_and_settles(
    amplitude: float,
    phase: float,
    interphase: float,
    rate: float,
    train: float,
    polarity: Polarity,
    shape: Shape,
    channel: int,
) -> None:
    asked = Stimulus(
        channel=channel,
        shape=shape,
        amplitude=amplitude,
        phase_duration=phase,
        interphase=interphase,
        rate=rate,
        train=train,
        polarity=polarity,
    )
    real = realise(asked, RANGES)
    step = 20 / 65535 * 0.01
    assert abs(real.amplitude - asked.amplitude) <= step / 2 * (1 + 1e-9)
    assert abs(real.phase_duration - asked.phase_duration) <= 25e-6 * (1 + 1e-9)
    assert abs(real.period - asked.period) <= 25e-6 * (1 + 1e-9)
    assert realise(real, RANGES) == real
    data = program(real, RANGES)
    assert len(data) == 178
    at = channel - 1
    times = [int.from_bytes(data[k : k + 4], "little") * 50e-6 for k in range(0, 128, 4)]
    volts = [int.from_bytes(data[k : k + 2], "little") * 20 / 65535 - 10 for k in range(128, 152, 2)]
    pulse = times[at] * shape.phases + times[4 + at]
    assert times[at] == pytest.approx(real.phase_duration)
    assert times[4 + at] == pytest.approx(real.interphase)
    assert pulse + times[12 + at] == pytest.approx(real.period)
    periods = times[24 + at] / real.period
    assert periods == pytest.approx(round(periods)), "no pulse is cut"
    assert times[24 + at] >= train - 26e-6
    assert volts[at] * 0.01 == pytest.approx(polarity.sign * real.amplitude, abs=step)
    assert volts[at] + volts[4 + at] == pytest.approx(2 * volts[8 + at])
    assert abs(volts[8 + at]) < 20 / 65535


def test_the_published_formula_gives_the_same_codes() -> None:
    for volts in (0.5, 2.0, 5.0, 9.5, 9.99):
        data = program(realise(replace(PULSE, amplitude=volts * 0.01), RANGES), RANGES)
        assert int.from_bytes(data[130:132], "little") == pytest.approx(math.ceil((volts + 10) / 20 * 65535), abs=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel": 5}, "channels 1 to 4"),
        ({"amplitude": 0.1}, "more than the stimulator's"),
        ({"amplitude": -0.01}, "negative"),
        ({"amplitude": 1e-6}, "less than the stimulator's smallest"),
        ({"phase_duration": 60e-6}, "outside the stimulator's 100 us"),
        ({"interphase": 40e-6}, "interphase interval of 40 us is outside"),
        ({"rate": 1500.0}, "do not fit 1.5 kHz"),
        ({"train": 3601.0}, "longer than the stimulator's 3600 s"),
        ({"rate": float("inf")}, "finite"),
    ],
)
def test_what_the_device_cannot_do_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(Refused, match=message):
        realise(replace(PULSE, **changes), RANGES)  # type: ignore[arg-type] # values of each field's type
