"""The low level of ScienceMode 3/4: a message for every pulse, what cannot be paced so, and what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rig.bench.stimulators.framing import Packet, encode
from rig.bench.stimulators.sciencemode4_low import ScienceMode4Low, channel_config
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Stimulator
from tests.bench.scripted_peer import Peer, transcript

DRIVER = "hasomed-sciencemode4-low"
PULSE = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=200e-6,
    interphase=100e-6,
    rate=5.0,
    train=1.0,
)
CONFIG = "82 0c 85 50 00 06 44 b0 00 0c 84 10 00"

Step = tuple[bytes, bytes | Sequence[bytes | None]]


def frame(number: int, command: int, data: str = "") -> bytes:
    return encode(Packet(number=number, command=command, data=bytes.fromhex(data)))


def exchange(number: int, command: int, data: str = "", ack: str = "00") -> Step:
    return frame(number, command, data), frame(number, command + 1, ack)


def device(peer: Peer, *, timeout: float = 60.0, greatest_rate: float = 10.0) -> ScienceMode4Low:
    return ScienceMode4Low("stimulator", peer.url, greatest_rate=greatest_rate, timeout=timeout)


def started(peer: Peer) -> ScienceMode4Low:
    driver = device(peer)
    driver.prepare(PULSE)
    driver.start()
    return driver


@pytest.mark.supports(DRIVER, "transcript")
def test_the_published_pulse() -> None:
    assert encode(Packet(number=5, command=2, data=channel_config(PULSE))).hex(" ") == (
        "f0 81 55 81 4c 81 75 81 0b 14 02 82 0c 85 50 00 06 44 b0 00 0c 84 10 00 0f"
    )


@pytest.mark.parametrize(
    ("changes", "data"),
    [
        ({"channel": 4}, "e2 0c 85 50 00 06 44 b0 00 0c 84 10 00"),
        ({"channel": 5}, "92 0c 85 50 00 06 44 b0 00 0c 84 10 00"),
        ({"interphase": 0.0}, "81 0c 85 50 00 0c 84 10 00"),
        ({"shape": Shape.MONOPHASIC, "polarity": Polarity.NEGATIVE}, "80 0c 84 10 00"),
        ({"shape": Shape.MONOPHASIC, "amplitude": 0.0, "phase_duration": 240e-6}, "80 0f 04 b0 00"),
    ],
)
def test_channels_connectors_and_forms(changes: dict[str, object], data: str) -> None:
    assert channel_config(replace(PULSE, **changes)).hex(" ") == data  # type: ignore[arg-type] # each field's type


@pytest.mark.supports(DRIVER, "transcript")
def test_a_train_is_a_pulse_for_the_start_and_one_for_every_word() -> None:
    with transcript(
        exchange(0, 0, "00"),
        exchange(1, 2, CONFIG, "00 00 00"),
        exchange(2, 2, CONFIG, "00 00 00"),
        exchange(3, 2, CONFIG, "00 00 00"),
        exchange(4, 4),
        exchange(5, 4, ack="07"),
    ) as peer:
        driver = device(peer)
        assert isinstance(driver, Stimulator)
        before = driver.keep_alive_interval
        assert driver.prepare(PULSE) == PULSE
        assert (before, driver.keep_alive_interval) == (None, 0.2)
        driver.keep_alive()
        assert not peer.received, "no pulse before the start"
        driver.start()
        driver.keep_alive()
        driver.keep_alive()
        driver.stop()
        driver.keep_alive()
        driver.stop()
        driver.close()


@pytest.mark.supports(DRIVER, "transcript")
def test_identity() -> None:
    with transcript(
        exchange(0, 52, ack="00" + b"P24-000123".hex()), exchange(1, 68, ack="00 01 02 03 04 00 01 de ad be ef 01 01")
    ) as peer:
        driver = device(peer)
        identity = driver.identify()
        driver.close()
    assert (identity.model, identity.serial, identity.firmware) == ("P24", "P24-000123", "1.2.3")


@pytest.mark.parametrize(("result", "condition"), [("0a", "electrode error"), ("1c", "low current")])
def test_what_the_load_did_to_a_pulse_is_kept(result: str, condition: str) -> None:
    with transcript(
        exchange(0, 0, "00"), exchange(1, 2, CONFIG, f"{result} 00 00"), exchange(2, 2, CONFIG, "00 00 00")
    ) as peer:
        driver = started(peer)
        assert driver.condition == condition
        driver.keep_alive()
        assert driver.condition == ""
        driver.close()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (frame(2, 3, "07 00 00"), "result 7: not initialised"),
        (frame(2, 3, "02 00 00"), "result 2: parameter error"),
        (frame(2, 3, "00 11 00"), "for another channel"),
        (frame(2, 3), "holds no result"),
        (frame(2, 66, "08"), "reports an error"),
        (frame(2, 67), "does not know"),
    ],
)
def test_a_pulse_that_is_not_given_is_an_error_and_none_follows(answer: bytes, message: str) -> None:
    """Result 7 is what a device says that was reset in between."""
    with transcript(exchange(0, 0, "00"), exchange(1, 2, CONFIG, "00 00 00"), (frame(2, 2, CONFIG), answer)) as peer:
        driver = started(peer)
        with pytest.raises(InstrumentError, match=f"LL_CHANNEL_CONFIG.*{message}"):
            driver.keep_alive()
        driver.close()


def test_late_and_damaged_frames_do_not_answer_for_others() -> None:
    good = frame(2, 3, "00 00 00")
    damaged = bytearray(good)
    damaged[-2] ^= 1
    pieces = [b"\x00\x42" + frame(1, 3, "07 00 00"), bytes(damaged), good[:5], good[5:]]
    with transcript(exchange(0, 0, "00"), exchange(1, 2, CONFIG, "00 00 00"), (frame(2, 2, CONFIG), pieces)) as peer:
        driver = started(peer)
        driver.keep_alive()
        driver.close()


def test_silence_is_a_communication_error() -> None:
    with transcript((frame(0, 0, "00"), frame(0, 1, "00")[:-2])) as peer:
        driver = device(peer, timeout=0.3)
        driver.prepare(PULSE)
        with pytest.raises(CommunicationError, match=r"LL_INIT.*no acknowledgement in time"):
            driver.start()
        driver.close()


def test_starting_unprepared_is_refused() -> None:
    with transcript() as peer:
        driver = device(peer)
        with pytest.raises(InstrumentError, match="no stimulus"):
            driver.start()
        driver.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": 10.5}, "cannot be paced from here: pulse by pulse, 10 Hz is the highest"),
        ({"rate": 50.0, "train": 0.021}, "cannot be paced"),
        ({"amplitude": 0.1303}, "more than"),
        ({"phase_duration": 9e-6}, "outside"),
        ({"channel": 9}, "channels 1 to 8"),
        ({"train": float("nan")}, "finite"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_held(changes: dict[str, object], message: str) -> None:
    with transcript() as peer:
        driver = device(peer)
        driver.prepare(PULSE)
        with pytest.raises(Refused, match=message):
            driver.prepare(replace(PULSE, **changes))  # type: ignore[arg-type] # values of each field's type
        with pytest.raises(InstrumentError, match="no stimulus"):
            driver.start()
        driver.close()


def test_a_single_pulse_needs_no_pace_and_a_bench_may_allow_more() -> None:
    with transcript() as peer:
        driver = device(peer, greatest_rate=40.0)
        driver.prepare(replace(PULSE, rate=40.0))
        driver.prepare(replace(PULSE, rate=50.0, train=0.02))
        with pytest.raises(Refused, match="do not fit"):
            driver.prepare(replace(PULSE, rate=2000.0, train=0.0005))
        driver.close()
