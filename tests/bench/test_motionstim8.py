"""The MotionStim 8: exact bytes out and in, rounding to the device's steps, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rig.bench.stimulators.motionstim8 import MotionStim8, Ranges, init_command, realise, update_command
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Stimulator
from tests.bench.scripted_peer import Peer, Transcript, transcript

DRIVER = "hasomed-motionstim8"
STATED = Identity(manufacturer="HASOMED", model="MotionStim 8", serial="0815", firmware="")
STIMULUS = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=1.0,
)
# 38 half milliseconds and one: 20 ms. (1 + 38) mod 8 = 7; channel 1 is the lowest of eight bits.
INIT = bytes((0x80 | 7 << 2, 0, 1 << 5, 0, 0, 38))
# (300 + 20) mod 32 = 0; 300 us are two and 44 hundred-and-twenty-eights.
UPDATE = bytes((0xA0, 2, 44, 20))
STOP = b"\xc0"

OPENED: list[MotionStim8] = []


def device(peer: Peer, timeout: float = 60.0) -> MotionStim8:
    OPENED.append(MotionStim8("stimulator", peer.url, stated=STATED, timeout=timeout))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def _nothing_is_left_open() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.mark.supports(DRIVER, "driver")
@pytest.mark.supports(DRIVER, "transcript")
def test_a_whole_train() -> None:
    steps = ((STOP, b"\x80"), (INIT, b"\x01"), (UPDATE, b"\x41"), (STOP, b"\x81"), (STOP, b"\x80"))
    with transcript(*steps) as peer:
        driver = device(peer)
        assert isinstance(driver, Stimulator)
        assert driver.keep_alive_interval is None
        assert driver.identify() == STATED
        assert driver.prepare(STIMULUS) == STIMULUS
        driver.start()
        driver.keep_alive()
        driver.stop()
        driver.stop()
        driver.close()
        driver.close()


def test_commands_of_other_channels_and_times() -> None:
    assert init_command(replace(STIMULUS, channel=8, rate=1.0)).hex(" ") == "98 20 00 00 0f 4e"
    assert init_command(replace(STIMULUS, channel=3, rate=100.0)).hex(" ") == "98 01 00 00 00 12"
    assert update_command(replace(STIMULUS, amplitude=0.125, phase_duration=500e-6)).hex(" ") == "b1 03 74 7d"
    assert update_command(replace(STIMULUS, amplitude=0.0, phase_duration=10e-6)).hex(" ") == "aa 00 0a 00"


def test_settings_are_rounded_to_the_steps_of_the_device() -> None:
    asked = replace(STIMULUS, amplitude=0.0204, phase_duration=299.6e-6, rate=30.0)
    realised = realise(asked, Ranges())
    assert realised == replace(asked, amplitude=0.02, phase_duration=300e-6, rate=realised.rate)
    assert realised.rate == pytest.approx(1 / 33.5e-3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"channel": 9}, "channels 1 to 8, not 9"),
        ({"shape": Shape.MONOPHASIC}, "gives biphasic pulses"),
        ({"polarity": Polarity.NEGATIVE}, "begin with the positive phase"),
        ({"interphase": 50e-6}, "is 100 us and cannot be set"),
        ({"amplitude": 0.126}, "more than the stimulator's 125 mA"),
        ({"amplitude": 0.0004}, "less than the stimulator's smallest, 1 mA"),
        ({"phase_duration": 9e-6}, "outside the stimulator's 10 us to 500 us"),
        ({"phase_duration": 501e-6}, "outside the stimulator's 10 us to 500 us"),
        ({"rate": 200.0}, "beyond the stimulator's, one pulse in 8 ms to 1.0245 s"),
        ({"rate": 0.9}, "beyond the stimulator's"),
        ({"train": float("inf")}, "finite"),
    ],
)
def test_what_the_device_cannot_be_set_to_is_refused_before_a_byte_is_sent(change: dict[str, Any], says: str) -> None:
    with transcript() as peer, pytest.raises(Refused) as caught:
        device(peer).prepare(replace(STIMULUS, **change))
    assert says in str(caught.value)


@pytest.mark.parametrize(("answer", "says"), [(b"\x00", "reports an error"), (b"\x11", "acknowledged with 0x11")])
def test_a_command_that_is_not_carried_out(answer: bytes, says: str) -> None:
    with transcript((INIT, answer)) as peer:
        driver = device(peer)
        driver.prepare(STIMULUS)
        with pytest.raises(InstrumentError, match=says):
            driver.start()


def test_a_stop_that_is_not_carried_out_is_an_error_once_something_was_begun() -> None:
    with transcript((INIT, b"\x01"), (UPDATE, b"\x41"), (STOP, b"\x80")) as peer:
        driver = device(peer)
        driver.prepare(STIMULUS)
        driver.start()
        with pytest.raises(InstrumentError, match="'STOP': the device reports an error"):
            driver.stop()


def test_an_acknowledgement_that_comes_late_is_not_taken_for_another() -> None:
    with transcript((INIT, b""), (STOP, b"\x01\x81")) as peer:
        driver = device(peer, timeout=0.2)
        driver.prepare(STIMULUS)
        with pytest.raises(CommunicationError, match="no acknowledgement in time"):
            driver.start()
        driver.stop()


def test_a_line_that_broke_is_opened_again_to_stop() -> None:
    script = Transcript((INIT, [None]), (STOP, b"\x81"))
    with Peer(script) as peer:
        driver = device(peer)
        driver.prepare(STIMULUS)
        with pytest.raises(CommunicationError):
            driver.start()
        driver.stop()
        assert peer.connections == 2
    assert script.finished


def test_a_pulled_cable_and_what_cannot_be_asked() -> None:
    with transcript((STOP, b"\x80")) as peer:
        driver = device(peer)
        driver.disconnect()
        driver.reconnect()
        driver.stop()
        with pytest.raises(Refused, match="cannot be reset"):
            driver.reset()
        with pytest.raises(InstrumentError, match="no stimulus has been prepared"):
            driver.start()
