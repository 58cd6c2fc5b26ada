"""The ScienceMode stimulator: exact frames out and in, rounding to the device's steps, refusals."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.stimulators.framing import FrameReader, Packet, encode
from rig.bench.stimulators.sciencemode4 import ScienceMode4, realise, update_data
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Stimulator
from tests.bench.scripted_peer import Peer, transcript

BIPHASIC = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=200e-6,
    interphase=100e-6,
    rate=50.0,
    train=1.0,
)
UPDATE = "01 20 00 50 0c 85 50 00 06 44 b0 00 0c 84 10 00"

Step = tuple[bytes, bytes | Sequence[bytes | None]]


def exchange(number: int, command: int, data: str = "", ack: str = "00") -> Step:
    sent = Packet(number=number, command=command, data=bytes.fromhex(data))
    reply = Packet(number=number, command=command + 1, data=bytes.fromhex(ack))
    return encode(sent), encode(reply)


def device(peer: Peer, timeout: float = 60.0) -> ScienceMode4:
    return ScienceMode4("stimulator", peer.url, timeout=timeout)


@pytest.mark.supports("hasomed-sciencemode4", "driver", "transcript")
def test_a_whole_train() -> None:
    with transcript(
        exchange(0, 30, "00"),
        exchange(1, 32, UPDATE),
        exchange(2, 36, "04", "00 04 01 00 00 00 00"),
        exchange(3, 34),
        exchange(4, 34, ack="07"),
    ) as peer:
        driver = device(peer)
        assert isinstance(driver, Stimulator)
        assert driver.keep_alive_interval == 1.5
        assert driver.prepare(BIPHASIC) == BIPHASIC
        assert not peer.received
        driver.start()
        driver.keep_alive()
        driver.stop()
        driver.stop()
        driver.close()
        driver.close()


def test_identity() -> None:
    with transcript(
        exchange(0, 52, ack="00" + b"P24-000123".hex()),
        exchange(1, 68, ack="00 01 02 03 04 00 01 de ad be ef 01 01"),
    ) as peer:
        driver = device(peer)
        identity = driver.identify()
        driver.close()
    assert (identity.manufacturer, identity.model) == ("HASOMED", "P24")
    assert (identity.serial, identity.firmware) == ("P24-000123", "1.2.3")


def test_identity_with_control_characters_is_refused() -> None:
    with transcript(exchange(0, 52, ack="00" + b"P24\x1b[2J000".hex()), exchange(1, 68, ack="00 01 02 03")) as peer:
        driver = device(peer)
        with pytest.raises(InstrumentError, match="answered"):
            driver.identify()
        driver.close()


@pytest.mark.parametrize(
    ("ack", "message"), [("02", "result 2: parameter error"), ("63", "result 99"), ("", "holds no result")]
)
def test_result_codes_raise(ack: str, message: str) -> None:
    with transcript(exchange(0, 30, "00"), exchange(1, 32, UPDATE, ack)) as peer:
        driver = device(peer)
        driver.prepare(BIPHASIC)
        with pytest.raises(InstrumentError, match=f"stimulator: 'ML_UPDATE': .*{message}"):
            driver.start()
        driver.close()


@pytest.mark.parametrize(
    ("ack", "message"),
    [
        ("00 04 00 00 00 00 00", "channel 3 has stopped"),
        ("00 04 fb 00 02 00 00", "channel 3 has stopped: pulse timed out"),
        ("00 01 04 00 00 00 00", "selection 1"),
        ("00 04 04", "too short"),
    ],
)
def test_keep_alive_raises_when_stimulation_has_stopped(ack: str, message: str) -> None:
    data = UPDATE.replace("01", "04", 1)
    with transcript(exchange(0, 30, "00"), exchange(1, 32, data), exchange(2, 36, "04", ack)) as peer:
        driver = device(peer)
        driver.prepare(replace(BIPHASIC, channel=3))
        driver.start()
        with pytest.raises(InstrumentError, match=message):
            driver.keep_alive()
        driver.close()


@pytest.mark.parametrize(("channel", "nibbles"), [(1, "01 00 00 00"), (2, "10 00 00 00"), (8, "00 00 00 10")])
def test_electrode_error_while_stimulation_goes_on_is_kept(channel: int, nibbles: str) -> None:
    enabled = f"{1 << (channel - 1):02x}"
    with transcript(
        exchange(0, 30, "00"),
        exchange(1, 32, UPDATE.replace("01", enabled, 1)),
        exchange(2, 36, "04", f"00 04 {enabled} {nibbles}"),
    ) as peer:
        driver = device(peer)
        driver.prepare(replace(BIPHASIC, channel=channel))
        driver.start()
        driver.keep_alive()
        assert driver.condition == "electrode error"
        driver.close()


def test_starting_unprepared_is_refused() -> None:
    with transcript(exchange(0, 34)) as peer:
        driver = device(peer)
        with pytest.raises(InstrumentError, match="no stimulus"):
            driver.start()
        driver.prepare(BIPHASIC)
        driver.stop()
        with pytest.raises(InstrumentError, match="no stimulus"):
            driver.start()
        driver.close()


def test_late_and_damaged_frames_do_not_answer_for_others() -> None:
    good = encode(Packet(number=0, command=35, data=b"\0"))
    damaged = bytearray(good)
    damaged[-2] ^= 1
    late = encode(Packet(number=63, command=35, data=b"\x02"))
    sent = encode(Packet(number=0, command=34))
    with transcript((sent, [b"\x00\x42" + late, bytes(damaged), good[:5], good[5:]])) as peer:
        driver = device(peer)
        driver.stop()
        driver.close()


@pytest.mark.parametrize(
    ("command", "message"), [(66, "reports an error: 08"), (67, "does not know"), (39, "as command 39")]
)
def test_answers_that_are_no_acknowledgement(command: int, message: str) -> None:
    sent = encode(Packet(number=0, command=34))
    with transcript((sent, encode(Packet(number=0, command=command, data=b"\x08")))) as peer:
        driver = device(peer)
        with pytest.raises(InstrumentError, match=message):
            driver.stop()
        driver.close()


def test_stop_is_tried_again_over_a_new_connection() -> None:
    with transcript((encode(Packet(number=0, command=34)), [None]), exchange(1, 34)) as peer:
        driver = device(peer)
        driver.stop()
        driver.close()
    assert peer.connections == 2


def test_silence_is_a_communication_error() -> None:
    with transcript((encode(Packet(number=0, command=30, data=b"\0")), b"")) as peer:
        driver = device(peer, timeout=0.3)
        driver.prepare(BIPHASIC)
        with pytest.raises(CommunicationError, match="no acknowledgement in time"):
            driver.start()
        driver.close()


@pytest.mark.parametrize("address", ["socket://127.0.0.1:1", "/dev/nonexistent", "nonsense://x"])
def test_unreachable_is_one_clear_error(address: str) -> None:
    with pytest.raises(CommunicationError, match=r"^stimulator: cannot be reached at "):
        ScienceMode4("stimulator", address)


def test_packet_numbers_wrap_around() -> None:
    with transcript(*(exchange(number % 64, 34) for number in range(66))) as peer:
        driver = device(peer)
        for _ in range(66):
            driver.stop()
        driver.close()


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    pty = pytest.importorskip("pty", reason="pseudo-terminals are a Unix thing")
    master, slave = pty.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_over_a_pseudo_terminal(terminal: tuple[int, str]) -> None:
    """All special bytes survive the line discipline: the port is opened raw."""
    master, path = terminal
    driver = ScienceMode4("stimulator", path, timeout=60.0)
    heard: list[Packet] = []

    def answer() -> None:
        reader = FrameReader()
        while len(heard) < 2:
            for packet in reader.feed(os.read(master, 256)):
                heard.append(packet)
                os.write(master, encode(Packet(number=packet.number, command=packet.command + 1, data=b"\0")))

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    driver.prepare(replace(BIPHASIC, phase_duration=240e-6))
    driver.start()
    thread.join(60)
    driver.close()
    assert [packet.command for packet in heard] == [30, 32]
    assert 0x0F in heard[1].data


PREPARABLE = {
    "amplitude": st.floats(0.0005, 0.130),
    "phase_duration": st.floats(10e-6, 1000e-6),
    "interphase": st.one_of(st.just(0.0), st.floats(10e-6, 500e-6)),
    "rate": st.floats(0.1, 300.0),
    "channel": st.integers(1, 8),
    "polarity": st.sampled_from(Polarity),
    "shape": st.sampled_from(Shape),
}


@given(st.fixed_dictionaries(PREPARABLE))
def test_rounding_is_to_the_nearest_step_and_settles(changes: dict[str, object]) -> None:
    asked = replace(BIPHASIC, **changes)  # type: ignore[arg-type] # hypothesis draws the right types
    real = realise(asked)
    assert abs(real.amplitude - asked.amplitude) <= 0.25e-3 * (1 + 1e-9)
    assert abs(real.phase_duration - asked.phase_duration) <= 0.5e-6 * (1 + 1e-9)
    assert abs(real.period - asked.period) <= (0.125e-3 if asked.period < 8.19 else 0.25e-3) * (1 + 1e-9)
    assert (real.channel, real.shape, real.polarity, real.train) == (
        asked.channel,
        asked.shape,
        asked.polarity,
        asked.train,
    )
    assert realise(real) == real
    assert _decoded(update_data(real)) == (
        real.channel,
        [round(sign * real.amplitude * 2000) for sign in _signs(real)],
        round(real.phase_duration * 1e6),
        Decimal(round(real.period * 4000)) / 4000,
    )


def _signs(stimulus: Stimulus) -> list[int]:
    first = stimulus.polarity.sign
    if stimulus.shape is Shape.MONOPHASIC:
        return [first]
    return [first, 0, -first] if stimulus.interphase else [first, -first]


def _decoded(data: bytes) -> tuple[int, list[int], int, Decimal]:
    """Read the update's data from its description alone: half milliamperes, us, s."""
    period = int.from_bytes(data[2:4], "big")
    step = Decimal("0.25") if period & 1 else Decimal("0.5")
    words = [int.from_bytes(data[at : at + 4], "big") for at in range(4, len(data), 4)]
    assert len(words) == (data[1] >> 4) + 1
    currents = [(word >> 10 & 0x3FF) - 300 for word in words]
    return data[0].bit_length(), currents, words[0] >> 20, (period >> 1) * step / 1000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel": 0}, "channels 1 to 8"),
        ({"channel": 9}, "channels 1 to 8"),
        ({"amplitude": 0.1303}, "more than the stimulator's 130 mA"),
        ({"amplitude": -0.01}, "negative"),
        ({"amplitude": 0.0002}, "less than the stimulator's smallest"),
        ({"phase_duration": 9e-6}, "phase duration of 9 us is outside"),
        ({"phase_duration": 4.0956e-3, "rate": 1.0}, "outside"),
        ({"interphase": 5e-6}, "interphase interval of 5 us is outside"),
        ({"rate": 0.05}, "below the stimulator's lowest"),
        ({"rate": 10000.0}, "above the stimulator's highest"),
        ({"rate": 1800.0}, "do not fit"),
        ({"rate": float("nan")}, "finite"),
        ({"rate": -1.0}, "above zero"),
        ({"amplitude": float("inf")}, "finite"),
        ({"train": 0.0}, "above zero"),
    ],
)
def test_what_the_device_cannot_do_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(Refused, match=message):
        realise(replace(BIPHASIC, **changes))  # type: ignore[arg-type] # values of each field's type


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True))
def test_nothing_but_refusal_ever_comes_of_odd_numbers(amplitude: float, rate: float) -> None:
    try:
        real = realise(replace(BIPHASIC, amplitude=amplitude, rate=rate))
    except Refused:
        return
    assert 0 <= real.amplitude <= 0.130
    assert 1 / 16.383 <= real.rate <= 1000


@pytest.mark.parametrize(
    ("rate", "code"), [(50.0, "00 50"), (40.0, "00 64"), (1 / 0.02025, "00 a3"), (0.1, "9c 40"), (1 / 16.0, "fa 00")]
)
def test_period_codes(rate: float, code: str) -> None:
    """20 ms, 25 ms and 10 s in halves of a millisecond, 20.25 ms in quarters."""
    assert update_data(realise(replace(BIPHASIC, rate=rate)))[2:4].hex(" ") == code


def test_no_interphase_makes_two_points_and_one_phase_one() -> None:
    assert len(update_data(realise(replace(BIPHASIC, interphase=0.0)))) == 4 + 8
    one = realise(replace(BIPHASIC, shape=Shape.MONOPHASIC))
    assert one.interphase == 0.0
    assert len(update_data(one)) == 4 + 4
