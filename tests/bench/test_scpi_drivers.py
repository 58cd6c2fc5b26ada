"""Drivers of SCPI instruments as transcripts: exact lines out, exact bytes in, nothing left over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from rig.bench.drivers.keysight_34970a import Keysight34970A
from rig.bench.drivers.keysight_infiniivision import KeysightInfiniiVision
from rig.bench.drivers.virtual_clock import VirtualClock
from rig.errors import CommunicationError, InstrumentError, NoTrigger, Refused, SamplesLost, StaleWaveform
from rig.model.setup import ScopeChannel, ScopeSetup, Trigger
from rig.roles import Clock, LoadSwitch, Oscilloscope
from rig.units import Unit
from tests.bench.scripted_peer import ManualClock, Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]

NO_ERROR: Step = (":SYSTem:ERRor?", '+0,"No error"')
IDN: Step = ("*IDN?", "KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY12345678,02.50.2019022736")
SETUP = ScopeSetup(
    channels={1: ScopeChannel(full_scale=400.0, probe=10.0)},
    window=0.02,
    points=4,
    pretrigger=0.1,
    trigger=Trigger(channel=1, level=5.0, slope=1),
)
CHANNEL_1 = (
    ":CHANnel1:DISPlay 1",
    ":CHANnel1:PROBe 10",
    ":CHANnel1:COUPling DC",
    ":CHANnel1:IMPedance ONEMeg",
    ":CHANnel1:BWLimit 0",
    ":CHANnel1:RANGe 400",
    ":CHANnel1:OFFSet 0",
)
TIMEBASE = (
    ":ACQuire:MODE RTIMe",
    ":ACQuire:TYPE NORMal",
    ":TIMebase:MODE MAIN",
    ":TIMebase:REFerence CENTer",
    ":TIMebase:RANGe 0.02",
    ":TIMebase:POSition 0.008",
)
TRIGGER = (
    ":TRIGger:MODE EDGE",
    ":TRIGger:EDGE:SOURce CHANnel1",
    ":TRIGger:EDGE:SLOPe POSitive",
    ":TRIGger:EDGE:COUPling DC",
    ":TRIGger:EDGE:LEVel 5",
    ":TRIGger:SWEep NORMal",
)
READ_BACK: tuple[Step, ...] = (
    (":CHANnel1:RANGe?", "+400E+00"),
    (":CHANnel1:PROBe?", "+10E+00"),
    (":CHANnel1:OFFSet?", "+0.0E+00"),
    (":CHANnel1:BWLimit?", "0"),
    (":TIMebase:RANGe?", "+2.00E-02"),
    (":TIMebase:POSition?", "+8.000000000000E-03"),
)
LEVEL: Step = (":TRIGger:EDGE:LEVel?", "+5.00E+00")
WAVEFORM = (
    ":WAVeform:SOURce CHANnel1",
    ":WAVeform:POINts:MODE RAW",
    ":WAVeform:FORMat WORD",
    ":WAVeform:BYTeorder LSBFirst",
    ":WAVeform:UNSigned 1",
    ":WAVeform:POINts 4",
)
PREAMBLE = "+1,+0,+4,+1,+1.0E-06,-2.0E-03,+0,+7.85E-03,+1.0E+00,+32768"
DONE: Step = (":OPERegister:CONDition?", "+0")
RUNNING: Step = (":OPERegister:CONDition?", "+8")


def block(*commands: str) -> list[Step]:
    return [*((command, "") for command in commands), NO_ERROR]


def configured(trigger: Sequence[str] = TRIGGER, level: Sequence[Step] = (LEVEL,)) -> list[Step]:
    others = tuple(f":CHANnel{number}:DISPlay 0" for number in (2, 3, 4))
    return [
        IDN,
        *block("*CLS", ":STOP", *CHANNEL_1, *others),
        *block(*TIMEBASE, *trigger),
        *READ_BACK,
        *level,
    ]


def fetched(codes: Sequence[int], preamble: str = PREAMBLE) -> list[Step]:
    data = np.array(codes, dtype="<u2").tobytes()
    return [
        DONE,
        *block(*WAVEFORM),
        (":WAVeform:PREamble?", preamble),
        (":WAVeform:DATA?", b"#8%08d" % len(data) + data + b"\n"),
        NO_ERROR,
    ]


def scope(peer: Peer, clock: ManualClock | None = None, timeout: float = 60.0) -> KeysightInfiniiVision:
    return KeysightInfiniiVision("scope", peer.visa, clock=clock or ManualClock(), timeout=timeout)


@pytest.mark.supports("keysight-infiniivision", "driver", "transcript")
def test_capture_from_configuration_to_record() -> None:
    clock = ManualClock()
    with transcript(
        *configured(),
        *block("*CLS", ":SINGle"),
        (":AER?", "+0"),
        (":AER?", "+0"),
        (":AER?", "+1"),
        RUNNING,
        DONE,
        *fetched([0x0000, 0x0001, 32768, 0xFFFF]),
    ) as peer:
        driver = scope(peer, clock)
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(SETUP)
        assert as_set.channels == SETUP.channels
        assert as_set.window == pytest.approx(0.02)
        assert as_set.pretrigger == pytest.approx(0.1)
        driver.arm()
        assert clock.slept == [0.002, 0.004]
        assert not driver.done()
        assert driver.done()
        waveform = driver.fetch(1)
        driver.close()
    assert waveform.unit is Unit.VOLT
    assert waveform.source == "scope:1"
    assert waveform.interval == 1e-6
    assert waveform.start == -2e-3
    assert (waveform.rails, waveform.hole) == ((1, 0xFFFF), 0)
    assert waveform.samples.tolist() == [0, 1, 32768, 65535]
    assert waveform.values()[2] == pytest.approx(1.0)
    assert waveform.values()[3] == pytest.approx(1.0 + 32767 * 7.85e-3)


def test_what_the_instrument_could_not_set_exactly_comes_back_as_set() -> None:
    steps = configured()
    steps[steps.index(READ_BACK[0])] = (":CHANnel1:RANGe?", "+404E+00")
    with transcript(*steps) as peer:
        driver = scope(peer)
        assert driver.configure(SETUP).channels[1].full_scale == 404.0
        driver.close()


def test_without_trigger_the_capture_is_forced_and_complete() -> None:
    zero = ScopeSetup(channels=SETUP.channels, window=0.02, points=4, pretrigger=0.1)
    level_away = [line.replace("LEVel 5", "LEVel 100") for line in TRIGGER]
    with transcript(
        *configured(level_away, ()),
        *block("*CLS", ":SINGle"),
        (":AER?", "1"),
        *block(":TRIGger:FORCe"),
        RUNNING,
        DONE,
    ) as peer:
        driver = scope(peer)
        assert driver.configure(zero).trigger is None
        driver.arm()
        driver.close()


class _Answers:
    """Answers every query from a table, the error queue with none, and counts."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies

    def __call__(self, waiting: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        line, end, _ = waiting.partition(b"\n")
        if not end:
            return None
        query = line.decode()
        known = {":SYSTem:ERRor?": '+0,"No error"', "*IDN?": IDN[1], ":OPERegister:CONDition?": "+8", ":AER?": "+0"}
        reply = {**known, **self.replies}.get(query, "1" if query.endswith("?") else None)
        return len(line) + 1, [] if reply is None else [f"{reply!s}\n".encode()]


def test_scope_that_does_not_arm_is_an_error_after_bounded_time() -> None:
    clock = ManualClock()
    with Peer(_Answers()) as peer:
        driver = scope(peer, clock)
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match="did not arm"):
            driver.arm()
        driver.close()
    assert 5.0 < clock.time < 8.0


def test_forced_capture_that_does_not_complete_is_no_trigger() -> None:
    with Peer(_Answers(**{":AER?": "1"})) as peer:
        driver = scope(peer)
        driver.configure(ScopeSetup(channels=SETUP.channels, window=0.02, points=4))
        with pytest.raises(NoTrigger):
            driver.arm()
        driver.close()


def test_errors_in_the_queue_raise_and_name_the_commands() -> None:
    with transcript(
        IDN,
        ("*CLS", ""),
        (":STOP", ""),
        *((line, "") for line in CHANNEL_1),
        *((f":CHANnel{number}:DISPlay 0", "") for number in (2, 3, 4)),
        (":SYSTem:ERRor?", '-222,"Data out of range"'),
        (":SYSTem:ERRor?", '-113,"Undefined header"'),
        NO_ERROR,
    ) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError, match=r"RANGe 400.*-222 Data out of range, -113 Undefined header"):
            driver.configure(SETUP)
        driver.close()


def test_channel_that_the_model_does_not_have() -> None:
    with transcript(("*IDN?", "KEYSIGHT TECHNOLOGIES,DSO-X 3032A,MY1,1")) as peer:
        driver = scope(peer)
        wanted = ScopeSetup(channels={3: ScopeChannel(full_scale=1.0)}, window=0.1, points=10)
        with pytest.raises(InstrumentError, match="it has 2 channels"):
            driver.configure(wanted)
        driver.close()


def test_reply_to_the_question_before_is_found_out() -> None:
    """An instrument that is one answer behind: the error queue's answer is none."""
    with transcript(*configured()[:-1], (":TRIGger:EDGE:LEVel?", "+5"), ("*CLS", ""), (":SINGle", ""),
                    (":SYSTem:ERRor?", "+5.00E+00")) as peer:  # fmt: skip
        driver = scope(peer)
        driver.configure(SETUP)
        with pytest.raises(CommunicationError, match=r"ERRor\?': answered '\+5.00E\+00'"):
            driver.arm()
        driver.close()


@pytest.mark.parametrize(
    ("preamble", "message"),
    [
        ("+0,+0,+4,+1,+1.0E-06,0,0,1,0,128", "answered"),
        ("+1,+0,+4,+1,+1.0E-06,0,0,1,0", "answered"),
        ("+1,+0,+4,+1,+9.9E37x,0,0,1,0,0", "answered"),
        ("+1,+0,+4,+1,nan,0,0,1,0,0", "answered"),
        ("+1,+0,+4,+1,0,0,0,1,0,0", "no sample interval"),
    ],
)
def test_preamble_that_cannot_be_believed(preamble: str, message: str) -> None:
    with transcript(*configured(), *fetched([0] * 4, preamble)[:-2]) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match=message):
            driver.fetch(1)
        driver.close()


def test_preamble_is_asked_again_where_the_first_answer_is_zero() -> None:
    steps = fetched([40000, 2, 3, 4])
    steps.insert(-2, steps[-3])
    steps[-4] = (":WAVeform:PREamble?", "+0")
    with transcript(*configured(), *steps) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        assert len(driver.fetch(1)) == 4
        driver.close()


def test_empty_record_is_lost() -> None:
    with transcript(*configured(), *fetched([], PREAMBLE.replace("+4", "+0"))[:-2]) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        with pytest.raises(SamplesLost, match="no record"):
            driver.fetch(1)
        driver.close()


def test_fewer_samples_than_the_preamble_says() -> None:
    with transcript(*configured(), *fetched([5, 6, 7])[:-1]) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        with pytest.raises(SamplesLost, match="6 bytes instead of 8") as caught:
            driver.fetch(1)
        driver.close()
    assert caught.value.partial.samples.tolist() == [5, 6, 7]  # type: ignore[attr-defined] # a Waveform here


def test_cut_record_keeps_the_samples_that_came() -> None:
    steps = fetched([1, 2, 3, 4])[:-1]
    steps[-1] = (":WAVeform:DATA?", [b"#800000008" + bytes((9, 0, 8, 0, 7)), None])
    with transcript(*configured(), *steps) as peer:
        driver = scope(peer, timeout=3.0)  # PyVISA-py waits it out also for who has hung up
        driver.configure(SETUP)
        with pytest.raises(SamplesLost, match="cut after 5 of 8 bytes") as caught:
            driver.fetch(1)
        driver.close()
    assert caught.value.partial.samples.tolist() == [9, 8]  # type: ignore[attr-defined] # a Waveform here


def test_reading_a_running_acquisition_is_refused() -> None:
    with transcript(*configured(), RUNNING) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match="not complete"):
            driver.fetch(1)
        driver.close()


def test_record_of_an_earlier_acquisition_is_stale_but_reading_twice_is_not() -> None:
    codes = np.random.default_rng(1).integers(2, 60000, 1200).tolist()
    preamble = PREAMBLE.replace("+4", "+1200")
    armed = [*block("*CLS", ":SINGle"), (":AER?", "1")]
    record = fetched(codes, preamble)
    with transcript(*configured(), *armed, *record, *record, *armed, *record) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        driver.arm()
        driver.fetch(1)
        driver.fetch(1)
        driver.arm()
        with pytest.raises(StaleWaveform):
            driver.fetch(1)
        driver.close()


def test_nothing_is_read_before_anything_is_configured() -> None:
    with transcript(*block("*CLS", ":STOP")) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError):
            driver.fetch(1)
        driver.halt()
        driver.close()


ALL_OPEN: Step = ("ROUTe:CLOSe? (@101,102,103)", "0,0,0")
OPENING = [*block("*CLS", "ROUTe:OPEN (@101,102,103)"), ALL_OPEN]


def switch(peer: Peer) -> Keysight34970A:
    return Keysight34970A("switch", peer.visa, channels=[103, 101, 102, 101], clock=ManualClock())


@pytest.mark.supports("keysight-34970a", "driver", "transcript")
def test_switch_opens_everything_before_it_closes_exactly_what_is_asked() -> None:
    with transcript(
        ("*IDN?", "HEWLETT-PACKARD,34970A,0,13-2-2"),
        ("SYSTem:CTYPe? 100", "HEWLETT-PACKARD,34903A,0,1.0"),
        *OPENING,
        *block("ROUTe:CLOSe (@102)"),
        ("ROUTe:CLOSe? (@101,102,103)", "0,1,0"),
        *OPENING,
    ) as peer:
        driver = switch(peer)
        assert isinstance(driver, LoadSwitch)
        assert driver.identify().model == "34970A"
        driver.select((102,))
        driver.select(())
        driver.close()


@pytest.mark.parametrize("states", ["0,0,0", "0,1,1", "1,1,0"])
def test_relay_that_is_not_as_commanded(states: str) -> None:
    with transcript(*OPENING, *block("ROUTe:CLOSe (@102)"), ("ROUTe:CLOSe? (@101,102,103)", states)) as peer:
        driver = switch(peer)
        with pytest.raises(InstrumentError, match="against the command"):
            driver.select((102,))
        driver.close()


def test_relay_that_sticks_is_seen_before_another_closes() -> None:
    with transcript(*OPENING[:-1], ("ROUTe:CLOSe? (@101,102,103)", "1,0,0")) as peer:
        driver = switch(peer)
        with pytest.raises(InstrumentError, match="relay 101 is closed"):
            driver.select((102,))
        driver.close()


@pytest.mark.parametrize("reply", ["0,0", "0,0,0,0", "a,b,c", "nan,0,0"])
def test_states_that_are_no_states(reply: str) -> None:
    with transcript(*OPENING[:-1], ("ROUTe:CLOSe? (@101,102,103)", reply)) as peer:
        driver = switch(peer)
        with pytest.raises(InstrumentError, match="answered"):
            driver.open_all()
        driver.close()


def test_slot_without_card() -> None:
    idn = ("*IDN?", "HEWLETT-PACKARD,34970A,0,13-2-2")
    with transcript(idn, ("SYSTem:CTYPe? 100", "HEWLETT-PACKARD,0,0,0")) as peer:
        driver = switch(peer)
        with pytest.raises(InstrumentError, match="no card in slot 100"):
            driver.identify()
        driver.close()


def test_relay_of_no_position_is_refused_before_anything_moves() -> None:
    with transcript() as peer:
        driver = switch(peer)
        with pytest.raises(Refused):
            driver.select((119,))
        driver.close()


@pytest.mark.parametrize("reply", ["ACME", "A,B,C", "A,B,C,\x07"])
def test_identity_that_is_none(reply: str) -> None:
    with transcript(("*IDN?", reply)) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError, match="instead of manufacturer"):
            driver.identify()
        driver.close()


def test_virtual_clock() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with transcript(
        ("*IDN?", "RIG,VIRTUAL CLOCK,1,1"),
        ("SYSTem:TIME?", "12.5"),
        ("SYSTem:TIME:ADVance 0.25;*OPC?", "1"),
        ("SYSTem:TIME:ADVance 0.5;*OPC?", "0"),
    ) as peer:
        clock = VirtualClock("clock", peer.visa, utc=lambda: noon)
        assert isinstance(clock, Clock)
        assert clock.identify().manufacturer == "RIG"
        assert clock.now() == 12.5
        clock.sleep(0.25)
        assert clock.utc() is noon
        with pytest.raises(InstrumentError):
            clock.sleep(0.5)
        clock.close()
