"""Rigol oscilloscopes as transcripts: exact lines out, exact bytes in, nothing left over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, repeat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.bench.drivers.rigol_dho import RigolDho
from rig.bench.drivers.rigol_ds1000z import RigolDs1000Z
from rig.errors import CommunicationError, InstrumentError, NoTrigger, SamplesLost, StaleWaveform
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.model.waveform import Waveform
from rig.roles import Oscilloscope
from tests.bench.scripted_peer import LineServer, ManualClock, Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]

NO_ERROR: Step = (":SYSTem:ERRor?", '0,"No error"')
SETUP = ScopeSetup(
    channels={1: ScopeChannel(full_scale=400.0, probe=10.0, offset=3.0, bandwidth_limit=True, coupling=Coupling.AC)},
    window=0.05,
    points=12_000,
    pretrigger=0.1,
    trigger=Trigger(channel=1, level=5.0, slope=0),
)
STOPPED: Step = (":TRIGger:STATus?", "STOP")


def in_turn(*states: str) -> Callable[[], bytes]:
    """Tell one state after the other, the last one for ever."""
    told = chain(states[:-1], repeat(states[-1]))
    return lambda: next(told).encode() + b"\n"


def said(*commands: str) -> list[Step]:
    return [*((command, "") for command in commands), NO_ERROR]


STOPPING = [*said("*CLS", ":STOP"), STOPPED]


LEVEL: Step = (":TRIGger:EDGE:LEVel?", "5.000000e+00")


def configured(*, level: str = "5", slope: str = "RFALl", back: Sequence[Step] = (LEVEL,)) -> list[Step]:
    return [
        ("*IDN?", "RIGOL TECHNOLOGIES,DS1104Z,DS1ZA171812345,00.04.04.SP3"),
        *said(
            "*CLS",
            ":RUN",
            ":CHANnel1:DISPlay ON",
            ":CHANnel1:PROBe 10",
            ":CHANnel1:COUPling AC",
            ":CHANnel1:BWLimit 20M",
            ":CHANnel1:SCALe 50",
            ":CHANnel1:OFFSet -3",
            *(f":CHANnel{number}:DISPlay OFF" for number in (2, 3, 4)),
        ),
        (":TRIGger:STATus?", "STOP"),
        (":TRIGger:STATus?", "AUTO"),
        *said(
            ":TIMebase:MODE MAIN",
            ":TIMebase:MAIN:SCALe 0.005",
            ":ACQuire:TYPE NORMal",
            ":ACQuire:MDEPth 12000",
            # Twelve divisions: the window becomes 60 ms, of which a tenth lies before the trigger.
            ":TIMebase:MAIN:OFFSet 0.024",
            ":TRIGger:MODE EDGE",
            ":TRIGger:EDGE:SOURce CHANnel1",
            f":TRIGger:EDGE:SLOPe {slope}",
            ":TRIGger:COUPling DC",
            f":TRIGger:EDGE:LEVel {level}",
            ":TRIGger:SWEep NORMal",
        ),
        (":CHANnel1:SCALe?", "5.000000e+01"),
        (":CHANnel1:PROBe?", "10"),
        (":CHANnel1:OFFSet?", "-3.000000e+00"),
        (":CHANnel1:BWLimit?", "20M"),
        (":ACQuire:MDEPth?", "12000"),
        (":ACQuire:SRATe?", "2.000000e+05"),
        *back,
        (":TIMebase:MAIN:OFFSet?", "2.400000e-02"),
        *STOPPING,
    ]


def block(data: bytes) -> bytes:
    return b"#9%09d" % len(data) + data + b"\n"


PREAMBLE = "0,2,12000,1,5.000000e-06,-6.000000e-03,0,2.000000e+00,-75,127"


def fetched(data: bytes, *, page: int = 250_000, preamble: str = PREAMBLE) -> list[Step]:
    """Read as many bytes as there are, which a test may let be fewer than the instrument has said."""
    steps = [
        STOPPED,
        *said(
            ":WAVeform:SOURce CHANnel1",
            ":WAVeform:MODE NORMal",
            ":WAVeform:MODE RAW",
            ":WAVeform:FORMat BYTE",
            ":WAVeform:STARt 1",
            f":WAVeform:STOP {min(12000, page)}",
        ),
        (":WAVeform:PREamble?", preamble),
    ]
    for begin in range(0, len(data), page):
        end = min(begin + page, len(data))
        steps += [(f":WAVeform:STARt {begin + 1}", ""), (f":WAVeform:STOP {end}", "")]
        steps += [(":WAVeform:DATA?", block(data[begin:end]))]
    return [*steps, NO_ERROR]


def scope(peer: Peer, clock: ManualClock | None = None, *, timeout: float = 30.0, most: int = 250_000) -> RigolDs1000Z:
    return RigolDs1000Z("scope", peer.visa, clock=clock or ManualClock(), timeout=timeout, most=most)


@pytest.mark.supports("rigol-ds1000z", "driver", "transcript", "deep memory", "race", "clip detection")
def test_capture_from_configuration_to_record() -> None:
    data = bytes(range(256)) * 46 + bytes(224)
    with transcript(
        *configured(),
        *STOPPING,
        *said(":SINGle"),
        # The state of before is told for a while.
        STOPPED,
        STOPPED,
        (":TRIGger:STATus?", "RUN"),
        (":TRIGger:STATus?", "WAIT"),
        (":TRIGger:STATus?", "TD"),
        *fetched(data, page=5000),
    ) as peer:
        driver = scope(peer, most=5000)
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(SETUP)
        assert as_set.channels == SETUP.channels
        assert as_set.window == pytest.approx(0.06)
        assert as_set.pretrigger == pytest.approx(0.1)
        driver.arm()
        assert not driver.done()
        waveform = driver.fetch(1)
        driver.close()
    assert waveform.samples.tobytes() == data
    # The origin is in codes: a code of 52 is zero volts.
    assert waveform.values()[52] == pytest.approx(0.0)
    assert waveform.values()[53] == pytest.approx(2.0)
    assert (waveform.interval, waveform.start, waveform.rails) == (5e-6, -6e-3, (0, 255))


@pytest.mark.supports("rigol-ds1000z", "deep memory")
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), page=st.integers(700, 13_000))
def test_any_bytes_in_pages_of_any_length(seed: int, page: int) -> None:
    data = np.random.default_rng(seed).bytes(12_000)
    with transcript(*configured(), *fetched(data, page=page)) as peer:
        driver = scope(peer, most=page)
        driver.configure(SETUP)
        assert driver.fetch(1).samples.tobytes() == data
        driver.close()


@pytest.mark.parametrize("reply", [[b"#9000012000" + bytes(77), None], block(bytes(11_999)), block(bytes(12_001))])
def test_record_that_is_not_as_long_as_announced_keeps_what_came(reply: bytes | list[bytes | None]) -> None:
    steps = fetched(bytes(12_000))[:-1]
    steps[-1] = (":WAVeform:DATA?", reply)
    with transcript(*configured(), *steps) as peer:
        driver = scope(peer, timeout=2.0)
        driver.configure(SETUP)
        with pytest.raises(SamplesLost) as caught:
            driver.fetch(1)
        driver.close()
    assert isinstance(caught.value.partial, Waveform)
    assert len(caught.value.partial) in {77, 11_999, 12_001}


@pytest.mark.supports("rigol-ds1000z", "race")
def test_stop_that_never_changes_is_not_taken_for_completion() -> None:
    clock = ManualClock()
    table = {str(ask): str(reply) for ask, reply in configured() if reply}
    with Peer(LineServer({**table, ":TRIGger:STATus?": in_turn("AUTO", "STOP")})) as peer:
        driver = scope(peer, clock)
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match="did not arm"):
            driver.arm()
        driver.close()
    assert 5.0 < clock.time < 8.0


def test_instrument_that_does_not_run_takes_no_memory_depth() -> None:
    table = {str(ask): str(reply) for ask, reply in configured() if reply}
    server = LineServer({**table, ":TRIGger:STATus?": "STOP"})
    with Peer(server) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError, match="does not run"):
            driver.configure(SETUP)
        driver.close()
    assert not any("MDEPth" in line for line in server.lines)


def test_instrument_that_does_not_stop_is_not_armed() -> None:
    table = {str(ask): str(reply) for ask, reply in configured() if reply}
    with Peer(LineServer({**table, ":TRIGger:STATus?": "RUN"})) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError, match="did not stop"):
            driver.configure(SETUP)
        driver.close()


@pytest.mark.supports("rigol-ds1000z", "race")
def test_acquisition_that_was_over_before_it_was_seen_to_wait() -> None:
    with transcript(
        *configured(), *STOPPING, *said(":SINGle"), STOPPED, (":TRIGger:STATus?", "RUN"), STOPPED, STOPPED
    ) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        driver.arm()
        assert driver.done()
        driver.close()


def test_without_trigger_the_capture_is_forced() -> None:
    ready: Step = (":TRIGger:STATus?", "WAIT")
    with transcript(
        *configured(level="103", slope="POSitive", back=()),
        *STOPPING,
        *said(":SINGle"),
        ready,
        *said(":TFORce"),
        ready,
        STOPPED,
    ) as peer:
        driver = scope(peer)
        assert driver.configure(replace(SETUP, trigger=None)).trigger is None
        driver.arm()
        driver.close()


def test_forced_capture_that_does_not_complete_is_no_trigger() -> None:
    table = {str(ask): str(reply) for ask, reply in configured(back=()) if reply}
    with Peer(LineServer({**table, ":TRIGger:STATus?": in_turn("AUTO", "STOP", "STOP", "WAIT")})) as peer:
        driver = scope(peer)
        driver.configure(replace(SETUP, trigger=None))
        with pytest.raises(NoTrigger):
            driver.arm()
        driver.close()


def test_record_of_an_earlier_acquisition_is_stale() -> None:
    data = np.random.default_rng(3).bytes(12_000)
    armed = [*STOPPING, *said(":SINGle"), (":TRIGger:STATus?", "WAIT")]
    with transcript(*configured(), *armed, *fetched(data), *fetched(data), *armed, *fetched(data)) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        driver.arm()
        driver.fetch(1)
        driver.fetch(1)
        driver.arm()
        with pytest.raises(StaleWaveform):
            driver.fetch(1)
        driver.close()


@pytest.mark.parametrize(
    ("preamble", "message"),
    [
        (PREAMBLE.replace("0,2,", "0,0,", 1), "another record"),
        (PREAMBLE.replace("0,2,", "1,2,", 1), "another record"),
        (PREAMBLE.replace("5.000000e-06", "0"), "no sample interval"),
        ("STOP", "instead of"),
        (PREAMBLE[:-4], "instead of"),
    ],
)
def test_preamble_that_cannot_be_believed(preamble: str, message: str) -> None:
    with transcript(*configured(), *fetched(b"", preamble=preamble)[:-1]) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match=message):
            driver.fetch(1)
        driver.close()


def test_reply_to_the_question_before_is_found_out() -> None:
    with transcript(*configured(), *said("*CLS", ":STOP")[:-1], (":SYSTem:ERRor?", "STOP")) as peer:
        driver = scope(peer)
        driver.configure(SETUP)
        with pytest.raises(CommunicationError, match=r"answered 'STOP'"):
            driver.arm()
        driver.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": 24_000_001}, "24000000 at most of 1"),
        (
            {"channels": {n: ScopeChannel(full_scale=1.0) for n in (1, 2, 3)}, "points": 6_000_001},
            "6000000 at most of 3",
        ),
        ({"reduction": Reduction.AVERAGE, "averages": 9}, "2, 4, 8"),
        ({"segments": 2}, "no segmented memory"),
    ],
)
def test_what_it_cannot_do_is_refused_with_its_limits(change: dict[str, object], message: str) -> None:
    with transcript(configured()[0]) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError, match=message):
            driver.configure(replace(SETUP, **change))  # type: ignore[arg-type] # one field after the other
        driver.close()


def test_memory_that_stays_smaller_than_asked_is_refused() -> None:
    table = {str(ask): str(reply) for ask, reply in configured() if reply}
    with Peer(LineServer({**table, ":ACQuire:MDEPth?": "6000", ":TRIGger:STATus?": "AUTO"})) as peer:
        driver = scope(peer)
        with pytest.raises(InstrumentError, match="it keeps 6000 points"):
            driver.configure(SETUP)
        driver.close()


@pytest.mark.supports("rigol-ds1000z", "screenshot")
def test_screenshot() -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    with transcript((":DISPlay:DATA? ON,OFF,PNG", block(png))) as peer:
        driver = scope(peer)
        assert driver.screenshot().data == png
        driver.close()


# --- DHO ------------------------------------------------------------------------------------------------------------


@pytest.mark.supports("rigol-dho", "driver", "transcript", "deep memory", "clip detection", "race", "screenshot")
def test_twelve_bits_come_in_sixteen() -> None:
    codes = np.arange(1000, dtype="<u2") * 16
    codes[-2:] = 0, 0xFFF0
    data = codes.tobytes()
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    table: dict[str, bytes | str | Callable[[], bytes]] = {
        **{str(ask): str(reply) for ask, reply in configured() if reply},
        "*IDN?": "RIGOL TECHNOLOGIES,DHO804,DHO8A241200001,00.01.02",
        ":ACQuire:MDEPth?": "1.0000E+3",
        ":ACQuire:SRATe?": "2.0E+4",
        ":ACQuire:AVERages?": "16",
        ":TIMebase:MAIN:OFFSet?": "2.0E-2",
        # What it says of the points is its page's length, not the memory's.
        ":WAVeform:PREamble?": "1,2,600,16,5.0E-5,-5.0E-3,0,6.25E-3,-87,32768",
        ":DISPlay:DATA? PNG": block(png),
    }
    pages = [block(data[:1200]), block(data[1200:])]
    table[":TRIGger:STATus?"] = in_turn("AUTO", "STOP", "STOP", "STOP", "RUN", "WAIT", "STOP")
    table[":WAVeform:DATA?"] = lambda: pages.pop(0)
    server = LineServer(table)
    setup = replace(SETUP, points=1000, reduction=Reduction.AVERAGE, averages=16)
    with Peer(server) as peer:
        driver = RigolDho("scope", peer.visa, clock=ManualClock(), timeout=60.0, most=1200)
        as_set = driver.configure(setup)
        driver.arm()
        waveform = driver.fetch(1)
        assert driver.screenshot().data == png
        with pytest.raises(InstrumentError, match="only do normal, average"):
            driver.configure(replace(setup, reduction=Reduction.HIGH_RESOLUTION))
        driver.close()
    assert as_set.averages == 16
    assert waveform.samples.tolist() == codes.tolist()
    assert (waveform.rails, waveform.interval) == ((0, 0xFFF0), 5e-5)
    assert waveform.offset == pytest.approx(-(32768 - 87) * 6.25e-3)
    assert {":ACQuire:TYPE AVERages", ":ACQuire:AVERages 16", ":ACQuire:MDEPth 1000"} <= set(server.lines)
    assert server.lines.count(":WAVeform:DATA?") == 2
