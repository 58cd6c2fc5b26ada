"""The RehaStim 2: exact frames out and in, its greeting, its watchdog's traces, rounding and refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.stimulators.sciencemode2 import Ranges, ScienceMode2, init_data, realise, start_data
from rig.bench.stimulators.sciencemode2_framing import FrameReader, Packet, encode
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Stimulator
from tests.bench.scripted_peer import ManualClock, Peer, transcript

DRIVER = "hasomed-sciencemode2"
PULSE = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=1.0,
)
# Main interval 20 ms: code 38; 300 us, 20 mA.
INIT_LIST, START = "00 01 00 00 00 26 00", "00 01 2c 14"
VECTORS = [
    (0, 2, "00", "f0 81 7f 81 56 00 02 00 0f"),
    (1, 10, "", "f0 81 76 81 57 01 0a 0f"),
    (2, 30, "00 01 00 00 00 40 01", "f0 81 17 81 5c 02 1e 00 01 00 00 00 40 01 0f"),
    (3, 32, "00 00 f0 0f", "f0 81 4c 81 5d 03 20 00 00 81 a5 81 5a 0f"),
    (3, 32, "00 01 5e 05", "f0 81 e0 81 53 03 20 00 01 5e 05 0f"),
    (4, 4, "", "f0 81 1d 81 57 04 04 0f"),
]
packets = st.builds(Packet, number=st.integers(0, 255), command=st.integers(0, 255), data=st.binary(max_size=28))

Step = tuple[bytes, bytes | Sequence[bytes | None]]


def frame(number: int, command: int, data: str = "") -> bytes:
    return encode(Packet(number=number, command=command, data=bytes.fromhex(data)))


def exchange(number: int, command: int, data: str = "", ack: str = "00") -> Step:
    return frame(number, command, data), frame(number, command + 1, ack)


def mode(number: int, value: int = 0) -> Step:
    return exchange(number, 10, ack=f"00 {value:02x}")


def device(peer: Peer, *, timeout: float = 60.0, clock: ManualClock | None = None) -> ScienceMode2:
    return ScienceMode2("stimulator", peer.url, clock=clock or ManualClock(), timeout=timeout)


# --- frames ----------------------------------------------------------------------------------------------------------


@pytest.mark.supports(DRIVER, "transcript")
@pytest.mark.parametrize(("number", "command", "data", "whole"), VECTORS)
def test_recorded_frames_both_ways(number: int, command: int, data: str, whole: str) -> None:
    packet = Packet(number=number, command=command, data=bytes.fromhex(data))
    assert encode(packet).hex(" ") == whole
    assert FrameReader().feed(bytes.fromhex(whole)) == [packet]


def test_a_published_frame_with_a_wrong_checksum_is_not_heard() -> None:
    reader = FrameReader()
    assert reader.feed(bytes.fromhex("f0 81 d0 81 53 03 20 00 01 5e 05 0f")) == []
    assert reader.rejected == 1


@given(packets, st.integers(0, 70))
def test_any_packet_in_two_pieces(packet: Packet, cut: int) -> None:
    whole, reader = encode(packet), FrameReader()
    assert len(whole) <= 69
    assert reader.feed(whole[:cut]) + reader.feed(whole[cut:]) == [packet]


@given(packets, st.binary(max_size=40).filter(lambda noise: 0x81 not in noise))
def test_noise_before_a_frame_does_not_hide_it(packet: Packet, noise: bytes) -> None:
    assert FrameReader().feed(noise + encode(packet))[-1:] == [packet]


@given(packets, st.data())
def test_any_single_damaged_byte_is_found_out(packet: Packet, data: st.DataObject) -> None:
    damaged = bytearray(encode(packet))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    reader = FrameReader()
    assert reader.feed(bytes(damaged)) in ([], [packet])
    reader.reset()
    assert reader.feed(encode(packet)) == [packet]


def test_every_byte_may_be_escaped() -> None:
    """Clients exist that escape more than the three bytes that need it."""
    body = bytes((0x81, 0x07 ^ 0x55, 0x81, 0x0A ^ 0x55))
    checksum = _checksum(body)
    whole = bytes((0xF0, 0x81, checksum ^ 0x55, 0x81, len(body) ^ 0x55)) + body + b"\x0f"
    assert FrameReader().feed(whole) == [Packet(number=7, command=10)]


def _checksum(body: bytes) -> int:
    """CRC-8, by long division of the message as one number."""
    number = int.from_bytes(body, "big") << 8
    for place in range(number.bit_length() - 9, -1, -1):
        if number >> (place + 8) & 1:
            number ^= 0x107 << place
    return number


# --- dialogues -------------------------------------------------------------------------------------------------------


@pytest.mark.supports(DRIVER, "transcript")
def test_a_whole_train() -> None:
    with transcript(
        exchange(0, 30, INIT_LIST),
        exchange(1, 32, START),
        mode(2, 2),
        exchange(3, 34),
        exchange(4, 34, ack="fd"),
    ) as peer:
        driver = device(peer)
        assert isinstance(driver, Stimulator)
        assert driver.keep_alive_interval is not None
        assert driver.keep_alive_interval < 1.2
        assert driver.prepare(PULSE) == PULSE
        assert not peer.received
        driver.start()
        driver.keep_alive()
        driver.stop()
        driver.stop()
        driver.close()
        driver.close()


@pytest.mark.supports(DRIVER, "transcript")
def test_the_devices_init_is_acknowledged_with_its_number() -> None:
    script = transcript(
        (frame(0, 10), [frame(7, 1, "01") + frame(8, 1, "01")]),
        (frame(8, 2, "00"), b""),
        mode(1),
    )
    with script as peer:
        driver = device(peer)
        identity = driver.identify()
        driver.close()
    assert (identity.manufacturer, identity.model, identity.firmware) == ("HASOMED", "RehaStim2", "ScienceMode2 v1")


def test_the_next_init_is_waited_for_in_the_benchs_time() -> None:
    clock = ManualClock()
    with transcript(
        (frame(0, 10), b""), (frame(1, 10), [frame(0, 1, "01")]), (frame(0, 2, "00"), b""), mode(2)
    ) as peer:
        driver = device(peer, timeout=0.3, clock=clock)
        driver.identify()
        driver.close()
    assert clock.slept == [0.5]


def test_another_version_is_told_so_and_refused() -> None:
    with transcript((frame(0, 10), [frame(9, 1, "02")]), (frame(9, 2, "fb"), b"")) as peer:
        driver = device(peer)
        with pytest.raises(InstrumentError, match="speaks version 2"):
            driver.identify()
        driver.close()


def test_a_device_that_says_nothing_at_all_is_an_error() -> None:
    clock = ManualClock()
    with transcript(*((frame(number, 10), b"") for number in range(5))) as peer:
        driver = device(peer, timeout=0.05, clock=clock)
        with pytest.raises(CommunicationError, match="neither answers nor says Init"):
            driver.identify()
        driver.close()
    assert sum(clock.slept) > 1.2 + 0.5


@pytest.mark.supports(DRIVER, "transcript")
def test_a_device_that_has_begun_anew_since_is_greeted_before_a_train() -> None:
    """At first nothing tells that it has: its Init is said only twice a second."""
    with transcript(
        (frame(0, 30, INIT_LIST), [frame(0, 31, "fd"), frame(5, 1, "01")]),
        (frame(5, 2, "00"), b""),
        (frame(1, 30, INIT_LIST), [frame(6, 1, "01")]),
        (frame(6, 2, "00"), b""),
        exchange(2, 30, INIT_LIST),
        exchange(3, 32, START),
    ) as peer:
        driver = device(peer)
        driver.prepare(PULSE)
        driver.start()
        driver.close()


def test_a_device_that_stays_in_another_mode_is_an_error() -> None:
    clock = ManualClock()
    refusals = [exchange(number, 30, INIT_LIST, "fd") for number in range(6)]
    with transcript(*refusals) as peer:
        driver = device(peer, timeout=0.05, clock=clock)
        driver.prepare(PULSE)
        with pytest.raises(InstrumentError, match="result -3: wrong mode"):
            driver.start()
        driver.close()


def running(*steps: Step) -> tuple[Step, ...]:
    return (exchange(0, 30, INIT_LIST), exchange(1, 32, START), *steps)


def started(peer: Peer, *, timeout: float = 60.0) -> ScienceMode2:
    driver = device(peer, timeout=timeout)
    driver.prepare(PULSE)
    driver.start()
    return driver


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (frame(2, 11, "00 01"), "has stopped, the mode is 1"),
        (frame(2, 11, "00"), "too short"),
        (frame(0, 1, "01"), "begun anew"),
        (frame(0, 38, "ff"), "emergency switch"),
        (frame(0, 38, "fd"), "module error"),
        (frame(0, 38, "fe") + frame(2, 11, "00 00"), "has stopped, the mode is 0: electrode error"),
        (frame(2, 11, "ff"), "result -1: transfer error"),
        (frame(2, 3, "0a"), "does not know"),
        (frame(2, 31, "00"), "as command 31"),
        (frame(2, 11), "holds no result"),
    ],
)
def test_keep_alive_raises_when_stimulation_has_stopped(answer: bytes, message: str) -> None:
    with transcript(*running((frame(2, 10), answer))) as peer:
        driver = started(peer)
        with pytest.raises(InstrumentError, match=message):
            driver.keep_alive()
        driver.close()


def test_an_electrode_error_while_stimulation_goes_on_is_kept() -> None:
    with transcript(*running((frame(2, 10), frame(0, 38, "fe") + frame(2, 11, "00 02")))) as peer:
        driver = started(peer)
        driver.keep_alive()
        assert driver.condition == "electrode error"
        driver.close()


def test_a_device_that_reboots_mid_run_is_found_out_and_has_stopped() -> None:
    init = frame(0, 1, "01")
    with transcript(*running((frame(2, 10), init), (frame(3, 34), init))) as peer:
        driver = started(peer)
        with pytest.raises(InstrumentError, match=r"GetStimulationMode.*begun anew"):
            driver.keep_alive()
        driver.stop()
        with pytest.raises(InstrumentError, match="no stimulus"):
            driver.start()
        driver.close()


def test_late_and_damaged_frames_do_not_answer_for_others() -> None:
    good = frame(2, 11, "00 02")
    damaged = bytearray(good)
    damaged[-2] ^= 1
    late = frame(1, 11, "00 00")
    with transcript(*running((frame(2, 10), [b"\x00\x42\xf0\x01" + late, bytes(damaged), good[:4], good[4:]]))) as peer:
        driver = started(peer)
        driver.keep_alive()
        driver.close()


def test_a_frame_cut_short_is_an_error_in_time() -> None:
    with transcript(*running((frame(2, 10), frame(2, 11, "00 02")[:-3]))) as peer:
        driver = started(peer, timeout=0.3)
        with pytest.raises(CommunicationError, match="no acknowledgement in time"):
            driver.keep_alive()
        driver.close()


def test_many_answers_to_other_questions_are_none() -> None:
    def chatter(waiting: bytes) -> tuple[int, list[bytes]]:
        return len(waiting), [frame(200, 11, "00 02") for _ in range(2000)]

    with Peer(chatter) as peer:
        driver = device(peer, timeout=0.5)
        with pytest.raises(CommunicationError, match=r"GetStimulationMode.*no acknowledgement in time"):
            driver.keep_alive()
        driver.close()


@pytest.mark.parametrize(("ack", "message"), [("fe", "-2: parameter error"), ("f8", "-8: busy"), ("9c", "-100: error")])
def test_results_raise(ack: str, message: str) -> None:
    with transcript(exchange(0, 30, INIT_LIST, ack)) as peer:
        driver = device(peer)
        driver.prepare(PULSE)
        with pytest.raises(InstrumentError, match=f"stimulator: 'InitChannelListMode': result {message}"):
            driver.start()
        driver.close()


def test_stop_is_tried_again_over_a_new_connection() -> None:
    with transcript((frame(0, 34), [None]), exchange(1, 34)) as peer:
        driver = device(peer)
        driver.stop()
        driver.close()
    assert peer.connections == 2


def test_stop_waits_for_a_silent_device_to_say_init() -> None:
    clock = ManualClock()
    with transcript((frame(0, 34), b""), (frame(1, 34), [frame(0, 1, "01")])) as peer:
        driver = device(peer, timeout=0.2, clock=clock)
        driver.stop()
        driver.close()
    assert clock.slept == [0.5]


def test_there_is_no_reset_and_a_cable_can_be_pulled() -> None:
    with transcript(mode(1, 1)) as peer:
        driver = device(peer)
        with pytest.raises(Refused, match="no command"):
            driver.reset()
        driver.disconnect()
        with pytest.raises(CommunicationError, match="closed"):
            driver.identify()
        driver.reconnect()
        driver.identify()
        driver.close()


# --- rounding and refusals -------------------------------------------------------------------------------------------


@given(
    st.floats(0.0011, 0.126),
    st.floats(20e-6, 500e-6),
    st.floats(0.98, 125.0),
    st.integers(1, 8),
)
def test_rounding_is_to_the_nearest_step_and_settles(amplitude: float, phase: float, rate: float, channel: int) -> None:
    asked = replace(PULSE, amplitude=amplitude, phase_duration=phase, rate=rate, channel=channel)
    real = realise(asked)
    assert abs(real.amplitude - asked.amplitude) <= 1e-3 * (1 + 1e-9)
    assert abs(real.phase_duration - asked.phase_duration) <= 0.5e-6 * (1 + 1e-9)
    assert abs(real.period - asked.period) <= 0.25e-3 * (1 + 1e-9)
    assert realise(real) == real
    head, body = init_data(real), start_data(real)
    assert head[1] == 1 << (channel - 1)
    assert 1e-3 + int.from_bytes(head[4:6], "big") * 0.5e-3 == pytest.approx(real.period)
    assert int.from_bytes(body[1:3], "big") * 1e-6 == pytest.approx(real.phase_duration)
    assert body[3] * 1e-3 == pytest.approx(real.amplitude)


def test_what_differs_between_devices_can_be_said() -> None:
    fine = Ranges(current_step=0.001, greatest_current=0.130, interphase=50e-6)
    assert realise(replace(PULSE, amplitude=0.015, interphase=50e-6), fine).amplitude == 0.015
    assert realise(replace(PULSE, amplitude=0.0152)).amplitude == 0.016
    with pytest.raises(Refused, match="whole milliamperes"):
        realise(replace(PULSE, amplitude=0.0155), Ranges(current_step=0.0005))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel": 9}, "channels 1 to 8"),
        ({"amplitude": 0.128}, "more than the stimulator's 126 mA"),
        ({"amplitude": -0.01}, "negative"),
        ({"amplitude": 0.0005}, "less than the stimulator's smallest"),
        ({"phase_duration": 19e-6}, "outside the stimulator's 20 us to 500 us"),
        ({"phase_duration": 501e-6}, "outside"),
        ({"interphase": 0.0}, "always 100 us"),
        ({"interphase": 101e-6}, "always 100 us"),
        ({"shape": Shape.MONOPHASIC}, "biphasic"),
        ({"polarity": Polarity.NEGATIVE}, "positive phase first"),
        ({"rate": 130.0}, "one pulse in 8 ms"),
        ({"rate": 0.9}, "1025 ms"),
        ({"rate": float("nan")}, "finite"),
        ({"train": 0.0}, "above zero"),
    ],
)
def test_what_the_device_cannot_do_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(Refused, match=message):
        realise(replace(PULSE, **changes))  # type: ignore[arg-type] # values of each field's type
