"""Tektronix oscilloscopes as transcripts: exact lines out, exact bytes in, nothing left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.bench.drivers.tektronix_dpo import TektronixDpo
from rig.bench.drivers.tektronix_mso import TektronixMso
from rig.errors import CommunicationError, InstrumentError, NoTrigger, SamplesLost, StaleWaveform
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.model.waveform import Waveform
from rig.roles import Oscilloscope
from tests.bench.scripted_peer import LineServer, ManualClock, Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]

QUIET: tuple[Step, ...] = (("*ESR?", "0"), ("ALLEV?", '0,"No events to report - queue empty"'))
SETUP = ScopeSetup(
    channels={1: ScopeChannel(full_scale=400.0, probe=10.0, bandwidth_limit=True, coupling=Coupling.AC)},
    window=0.02,
    points=1000,
    pretrigger=0.1,
    trigger=Trigger(channel=1, level=5.0, slope=0),
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IEND" + bytes(4)


def said(*commands: str) -> list[Step]:
    return [*((command, "") for command in commands), *QUIET]


def configured(
    *,
    acquisition: Sequence[str] = ("ACQuire:MODe SAMple", "HORizontal:FASTframe:STATE OFF"),
    level: str = "5",
    back: Sequence[Step] = (("TRIGger:A:LEVel:CH1?", "5.0000"),),
) -> list[Step]:
    return [
        ("*IDN?", "TEKTRONIX,MSO44,C012345,CF:91.1CT FV:1.99.11.1268"),
        *said("*CLS", "HEADer OFF", "ACQuire:STATE OFF"),
        ("CH1:PRObe:GAIN?", "100.0000E-3"),
        *said(
            "DISplay:WAVEView:CH1:STATE ON",
            "CH1:PROBEFunc:EXTAtten 1",
            "CH1:TERmination 1E6",
            "CH1:COUPling AC",
            "CH1:BANdwidth 20E6",
            "CH1:SCAle 40",
            "CH1:POSition 0",
            "CH1:OFFSet 0",
            *(f"DISplay:WAVEView:CH{number}:STATE OFF" for number in (2, 3, 4)),
        ),
        *said(
            *acquisition,
            "TRIGger:A:TYPe EDGE",
            "TRIGger:A:EDGE:SOUrce CH1",
            "TRIGger:A:EDGE:SLOpe EITher",
            "TRIGger:A:EDGE:COUPling DC",
            f"TRIGger:A:LEVel:CH1 {level}",
            "TRIGger:A:MODe NORMal",
        ),
        *said("HORizontal:MODE MANual", "HORizontal:DELay:MODe OFF", "HORizontal:MODE:SAMPLERate 50000"),
        # It can only do 62 500 per second: the record is made longer, so that the window stays.
        ("HORizontal:MODE:SAMPLERate?", "62.5000E+3"),
        *said("HORizontal:MODE:RECOrdlength 1250", "HORizontal:POSition 10"),
        ("HORizontal:MODE:RECOrdlength?", "1250"),
        ("HORizontal:MODE:SAMPLERate?", "62.5000E+3"),
        ("CH1:SCAle?", "40.0000"),
        ("CH1:PROBEFunc:EXTAtten?", "1.0000"),
        ("CH1:OFFSet?", "0.0E+0"),
        ("CH1:BANdwidth?", "20.0000E+6"),
        *back,
        ("HORizontal:POSition?", "10.0000"),
    ]


START = said("*CLS", "ACQuire:STATE OFF", "ACQuire:STOPAfter SEQuence", "ACQuire:STATE ON")
DONE: Step = ("ACQuire:STATE?", "0")


def described(points: int, width: int = 2, root: str = "WFMOutpre") -> list[Step]:
    return [
        (f"{root}:BN_Fmt?", "RI"),
        (f"{root}:BYT_Or?", "LSB"),
        (f"{root}:PT_Fmt?", "Y"),
        (f"{root}:BYT_Nr?", str(width)),
        (f"{root}:NR_Pt?", str(points)),
        (f"{root}:PT_Off?", "0"),
        (f"{root}:XINcr?", "16.0000E-6"),
        (f"{root}:XZEro?", "-2.0E-3"),
        (f"{root}:YMUlt?", "6.25E-3"),
        (f"{root}:YOFf?", "0.0E+0"),
        (f"{root}:YZEro?", "1.0"),
    ]


def block(data: bytes) -> bytes:
    digits = str(len(data))
    return f"#{len(digits)}{digits}".encode() + data + b"\n"


def fetched(codes: Sequence[int], *, page: int = 1_000_000, clipped: str = "0", frame: int = 0) -> list[Step]:
    data = np.array(codes, dtype="<i2").tobytes()
    frames = (f"DATa:FRAMESTARt {frame}", f"DATa:FRAMESTOP {frame}") if frame else ()
    steps = [
        DONE,
        *said("DATa:SOUrce CH1", "DATa:ENCdg SRIbinary", "DATa:WIDth 2", *frames, "DATa:STARt 1", "DATa:STOP 1250"),
        *described(len(codes)),
    ]
    for begin in range(0, len(codes), page):
        end = min(begin + page, len(codes))
        steps += [
            (f"DATa:STARt {begin + 1}", ""),
            (f"DATa:STOP {end}", ""),
            ("CURVe?", block(data[2 * begin : 2 * end])),
        ]
    return [*steps, *QUIET, *([("CH1:CLIPping?", clipped)] if frame == 0 else [])]


def mso(peer: Peer, clock: ManualClock | None = None, timeout: float = 60.0) -> TektronixMso:
    return TektronixMso("scope", peer.visa, clock=clock or ManualClock(), timeout=timeout)


@pytest.mark.supports("tektronix-mso", "driver", "transcript", "deep memory", "race")
def test_capture_from_configuration_to_record() -> None:
    codes = [-32768, -1, 0, 10, 2570, 32752]
    with transcript(
        *configured(),
        *START,
        # The state of before is told for a while; only then it fills what lies before the trigger.
        ("TRIGger:STATE?", "SAVE"),
        ("TRIGger:STATE?", "SAVE"),
        ("TRIGger:STATE?", "ARMED"),
        ("TRIGger:STATE?", "READY"),
        ("ACQuire:STATE?", "1"),
        DONE,
        *fetched(codes, page=4)[:-1],
    ) as peer:
        driver = mso(peer)
        driver.most = 4
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(SETUP)
        assert as_set.window == pytest.approx(0.02)
        assert as_set.points == 1250
        assert as_set.pretrigger == pytest.approx(0.1)
        assert as_set.channels == SETUP.channels
        driver.arm()
        assert not driver.done()
        assert driver.done()
        waveform = driver.fetch(1)
        driver.close()
    assert waveform.samples.tolist() == codes
    assert waveform.values()[3] == pytest.approx(1.0 + 10 * 6.25e-3)
    assert (waveform.interval, waveform.start, waveform.rails) == (16e-6, -2e-3, (-32768, 32752))


@pytest.mark.supports("tektronix-mso", "deep memory")
@settings(max_examples=15, deadline=None)
@given(codes=st.lists(st.integers(-32768, 32767), min_size=1, max_size=40), page=st.integers(1, 41))
def test_any_samples_in_pages_of_any_length(codes: list[int], page: int) -> None:
    clip = max(codes) < 32752 and min(codes) > -32768
    steps = fetched(codes, page=page)
    with transcript(*configured(), *(steps if clip else steps[:-1])) as peer:
        driver = mso(peer)
        driver.most = page
        driver.configure(SETUP)
        assert driver.fetch(1).samples.tolist() == codes
        driver.close()


@pytest.mark.supports("tektronix-mso", "clip detection")
def test_clipping_that_no_kept_sample_shows_makes_the_extremes_the_rails() -> None:
    with transcript(*configured(), *fetched([5, -7, 9], clipped="1")) as peer:
        driver = mso(peer)
        driver.configure(SETUP)
        assert driver.fetch(1).rails == (-7, 9)
        driver.close()


@pytest.mark.parametrize("reply", [[b"#3200" + bytes(7), None], block(bytes(150)), block(bytes(201))])
def test_record_that_is_not_as_long_as_announced_keeps_what_came(reply: bytes | list[bytes | None]) -> None:
    steps = [step for step in fetched([0] * 100) if step[0] != "CH1:CLIPping?"][:-2]
    steps[-1] = ("CURVe?", reply)
    with transcript(*configured(), *steps) as peer:
        driver = mso(peer, timeout=2.0)
        driver.configure(SETUP)
        with pytest.raises(SamplesLost) as caught:
            driver.fetch(1)
        driver.close()
    assert isinstance(caught.value.partial, Waveform)
    assert len(caught.value.partial) in {3, 75, 100}


def test_instrument_that_restarts_between_two_pages_leaves_the_first() -> None:
    steps = [step for step in fetched([7] * 6, page=4) if step[0] != "CH1:CLIPping?"][:-2]
    steps[-1] = ("CURVe?", [None])
    with transcript(*configured(), *steps) as peer:
        driver = mso(peer, timeout=2.0)
        driver.most = 4
        driver.configure(SETUP)
        with pytest.raises(SamplesLost) as caught:
            driver.fetch(1)
        driver.close()
    assert isinstance(caught.value.partial, Waveform)
    assert caught.value.partial.samples.tolist() == [7] * 4


def test_events_are_errors_and_warnings_too() -> None:
    steps = configured()[:4]
    events = '528,"Parameter out of range; ""CH9:SCALE""",113,"Undefined header; X"'
    with transcript(*steps, ("*ESR?", "48"), ("ALLEV?", events)) as peer:
        driver = mso(peer)
        with pytest.raises(InstrumentError, match=r'528 Parameter out of range; "CH9:SCALE", 113 Undefined header'):
            driver.configure(SETUP)
        driver.close()


@pytest.mark.parametrize(("status", "events"), [("6.25E-3", None), ("256", None), ("0", "6.25E-3")])
def test_reply_to_the_question_before_is_found_out(status: str, events: str | None) -> None:
    more: list[Step] = [] if events is None else [("ALLEV?", events)]
    with transcript(*configured()[:4], ("*ESR?", status), *more) as peer:
        driver = mso(peer)
        with pytest.raises(CommunicationError, match="answered"):
            driver.configure(SETUP)
        driver.close()


def test_completed_power_on_and_nothing_are_no_errors() -> None:
    with transcript(("*ESR?", "129"), ("ALLEV?", ':ALLEV 401,"Power on; ",402,"Operation complete; "')) as peer:
        driver = mso(peer)
        assert driver.errors() == ()
        driver.close()


@pytest.mark.supports("tektronix-mso", "race")
def test_state_that_never_changes_is_not_taken_for_completion() -> None:
    clock = ManualClock()
    replies: dict[str, str] = {
        "*ESR?": "0",
        "ALLEV?": '0,"No events to report - queue empty"',
        "TRIGger:STATE?": "SAVE",
    }
    table = {str(ask): str(reply) for ask, reply in configured() if reply}
    with Peer(LineServer({**table, **replies})) as peer:
        driver = mso(peer, clock)
        driver.configure(SETUP)
        with pytest.raises(InstrumentError, match="did not arm"):
            driver.arm()
        driver.close()
    assert 5.0 < clock.time < 8.0


@pytest.mark.supports("tektronix-mso", "race")
def test_acquisition_that_was_over_before_it_was_seen_to_wait() -> None:
    seen: list[Step] = [("TRIGger:STATE?", "SAVE"), ("TRIGger:STATE?", "ARMED"), ("TRIGger:STATE?", "SAVE")]
    with transcript(*configured(), *START, *seen, DONE) as peer:
        driver = mso(peer)
        driver.configure(SETUP)
        driver.arm()
        assert driver.done()
        driver.close()


def test_without_trigger_the_capture_is_forced_and_may_fail() -> None:
    zero = replace(SETUP, trigger=None)
    table = {str(ask): str(reply) for ask, reply in configured(level="100", back=()) if reply}
    server = LineServer({**table, "TRIGger:STATE?": "READY", "ACQuire:STATE?": "1"})
    with Peer(server) as peer:
        driver = mso(peer)
        driver.configure(zero)
        with pytest.raises(NoTrigger):
            driver.arm()
        driver.close()
    assert server.lines.count("TRIGger FORCe") == 1
    assert "TRIGger:A:LEVel:CH1 100" in server.lines


def test_record_of_an_earlier_acquisition_is_stale() -> None:
    codes = np.random.default_rng(1).integers(-3000, 3000, 1250).tolist()
    armed = [*START, ("TRIGger:STATE?", "READY")]
    record = fetched(codes)
    with transcript(*configured(), *armed, *record, *armed, *record[:-1]) as peer:
        driver = mso(peer)
        driver.configure(SETUP)
        driver.arm()
        driver.fetch(1)
        driver.arm()
        with pytest.raises(StaleWaveform):
            driver.fetch(1)
        driver.close()


@pytest.mark.supports("tektronix-mso", "deep memory")
def test_segments_lie_on_the_time_axis_of_the_first() -> None:
    frames = ("ACQuire:MODe SAMple", "HORizontal:FASTframe:STATE ON", "HORizontal:FASTframe:COUNt 3")
    back: list[Step] = [("TRIGger:A:LEVel:CH1?", "5.0"), ("HORizontal:FASTframe:COUNt?", "3")]
    with transcript(
        *configured(acquisition=frames, back=back),
        *fetched([1, 2, 3], frame=2),
        *said("HORizontal:FASTframe:REF:FRAMe 1", "HORizontal:FASTframe:SELECTED 2"),
        ("HORizontal:FASTframe:TIMEStamp:DELTa?", '"0.02001"'),
        ("CH1:CLIPping?", "0"),
    ) as peer:
        driver = mso(peer)
        assert driver.configure(replace(SETUP, segments=3)).segments == 3
        waveform = driver.fetch(1, 2)
        with pytest.raises(InstrumentError, match="no segment 4"):
            driver.fetch(1, 4)
        driver.close()
    assert waveform.start == pytest.approx(0.02001 - 2e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reduction": Reduction.AVERAGE, "averages": 1}, "2 to 10240"),
        ({"segments": 0}, "1 to 1000000"),
        ({"segments": 2, "reduction": Reduction.AVERAGE, "averages": 4}, "no mean of segments"),
        ({"segments": 2, "trigger": None}, "forced once"),
        ({"channels": {5: ScopeChannel(full_scale=1.0)}}, "it has 4 channels"),
    ],
)
def test_what_it_cannot_do_is_refused_with_its_limits(change: dict[str, object], message: str) -> None:
    with transcript(configured()[0]) as peer:
        driver = mso(peer)
        with pytest.raises(InstrumentError, match=message):
            driver.configure(replace(SETUP, **change))  # type: ignore[arg-type] # one field after the other
        driver.close()


@pytest.mark.supports("tektronix-mso", "screenshot")
def test_screenshot_is_saved_read_and_deleted() -> None:
    with transcript(
        *said("*CLS", 'SAVe:IMAGe "C:/rig-screen.png"'),
        ("*OPC?", "1"),
        ('FILESystem:READFile "C:/rig-screen.png"', PNG),
        ("*OPC?", "1"),
        *said('FILESystem:DELEte "C:/rig-screen.png"'),
    ) as peer:
        driver = mso(peer)
        assert driver.screenshot().data == PNG
        driver.close()


# --- the older ones -------------------------------------------------------------------------------------------------

DPO = "TEKTRONIX,MSO2024B,C010101,CF:91.1CT FV:v1.30"
TBS = "TEKTRONIX,TBS1102B,C010102,CF:91.1CT FV:v1.01"


def dpo_configured() -> list[Step]:
    return [
        ("*IDN?", DPO),
        *said(
            "*CLS",
            "HEADer OFF",
            "ACQuire:STATE OFF",
            "SELect:CH1 ON",
            "CH1:PRObe:GAIN 0.1",
            "CH1:COUPling AC",
            "CH1:BANdwidth TWEnty",
            "CH1:SCAle 50",
            "CH1:POSition 0",
            "CH1:OFFSet 0",
            *(f"SELect:CH{number} OFF" for number in (2, 3, 4)),
        ),
        *said(
            "ACQuire:MODe SAMple",
            "TRIGger:A:TYPe EDGE",
            "TRIGger:A:EDGE:SOUrce CH1",
            "TRIGger:A:EDGE:SLOpe RISe",
            "TRIGger:A:EDGE:COUPling DC",
            "TRIGger:A:LEVel 5",
            "TRIGger:A:MODe NORMal",
        ),
        *said("HORizontal:RECOrdlength 1000"),
        ("HORizontal:RECOrdlength?", "1000"),
        *said("HORizontal:SCAle 0.002"),
        ("HORizontal:SCAle?", "2.0000E-3"),
        *said("HORizontal:DELay:MODe ON", "HORizontal:DELay:TIMe 0.008"),
        ("CH1:PRObe:GAIN?", "0.1000"),
        ("CH1:SCAle?", "50.0000"),
        ("CH1:OFFSet?", "0.0000"),
        ("CH1:BANdwidth?", "20.0000E+6"),
        ("TRIGger:A:LEVel?", "5.0000"),
        ("HORizontal:DELay:TIMe?", "8.0000E-3"),
    ]


@pytest.mark.supports("tektronix-dpo", "driver", "transcript", "clip detection", "race")
def test_older_capture() -> None:
    codes = [-128, -1, 10, 127]
    data = np.array(codes, dtype="i1").tobytes()
    with transcript(
        *dpo_configured(),
        *START,
        ("TRIGger:STATE?", "SAVE"),
        ("TRIGger:STATE?", "READY"),
        DONE,
        *said("DATa:SOUrce CH1", "DATa:ENCdg SRIbinary", "DATa:WIDth 1", "DATa:STARt 1", "DATa:STOP 1000"),
        *described(4, 1),
        ("DATa:STARt 1", ""),
        ("DATa:STOP 4", ""),
        ("CURVe?", block(data)),
        *QUIET,
    ) as peer:
        driver = TektronixDpo("scope", peer.visa, clock=ManualClock(), timeout=60.0)
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(SETUP)
        # There is no edge called either: the one that it waits for comes back.
        assert as_set.trigger == Trigger(channel=1, level=5.0, slope=1)
        assert as_set.channels == SETUP.channels
        assert as_set.points == 1000
        assert as_set.pretrigger == pytest.approx(0.1)
        driver.arm()
        waveform = driver.fetch(1)
        driver.close()
    assert waveform.samples.tolist() == codes
    assert waveform.rails == (-128, 127)


def test_oldest_has_one_record_length_and_a_trigger_of_another_name() -> None:
    plain = replace(SETUP, channels={1: ScopeChannel(full_scale=80.0)}, trigger=Trigger(channel=1, level=-5.0, slope=0))
    replies = {
        **{str(ask): str(reply) for ask, reply in QUIET},
        "*IDN?": TBS,
        "HORizontal:RECOrdlength?": "2500",
        "HORizontal:MAIn:SCAle?": "2.5E-3",
        "CH1:PRObe?": "10",
        "CH1:SCAle?": "10",
        "CH1:BANdwidth?": "OFF",
        "TRIGger:MAIn:LEVel?": "-5",
        "HORizontal:MAIn:POSition?": "10E-3",
    }
    server = LineServer({**replies})
    with Peer(server) as peer:
        driver = TektronixDpo("scope", peer.visa, clock=ManualClock(), timeout=60.0)
        as_set = driver.configure(plain)
        with pytest.raises(InstrumentError, match="at most"):
            driver.configure(replace(plain, points=2501))
        with pytest.raises(InstrumentError, match="only do normal, average"):
            driver.configure(replace(plain, reduction=Reduction.HIGH_RESOLUTION))
        with pytest.raises(InstrumentError, match="4, 16, 64, 128"):
            driver.configure(replace(plain, reduction=Reduction.AVERAGE, averages=8))
        with pytest.raises(InstrumentError, match="middle of the screen"):
            driver.configure(replace(plain, channels={1: ScopeChannel(full_scale=80.0, offset=1.0)}))
        with pytest.raises(InstrumentError, match="no segmented memory"):
            driver.configure(replace(plain, segments=2))
        driver.close()
    assert (as_set.window, as_set.points) == (0.025, 2500)
    assert as_set.pretrigger == pytest.approx(0.1)
    assert {"TRIGger:MAIn:EDGE:SLOpe FALL", "CH1:PRObe 10", "CH1:BANdwidth OFF"} <= set(server.lines)
    assert not any(line.startswith(("HORizontal:RECOrdlength ", "CH1:OFFSet")) for line in server.lines)


def test_time_per_division_that_was_rounded_down_is_raised_until_the_window_fits() -> None:
    steps = dpo_configured()
    at = steps.index(("HORizontal:SCAle?", "2.0000E-3"))
    steps[at : at + 1] = [
        ("HORizontal:SCAle?", "1.0000E-3"),
        *said("HORizontal:SCAle 0.0025"),
        ("HORizontal:SCAle?", "4.0000E-3"),
    ]
    steps = [(str(ask).replace("TIMe 0.008", "TIMe 0.016"), reply) for ask, reply in steps]
    with transcript(*steps) as peer:
        driver = TektronixDpo("scope", peer.visa, clock=ManualClock(), timeout=60.0)
        assert driver.configure(SETUP).window == pytest.approx(0.04)
        driver.close()


@pytest.mark.supports("tektronix-dpo", "screenshot")
def test_hardcopy() -> None:
    with transcript(("HARDCopy:FORMat PNG", ""), ("HARDCopy STARt", PNG + b"\n"), ("*OPC?", "1")) as peer:
        driver = TektronixDpo("scope", peer.visa, clock=ManualClock(), timeout=60.0)
        assert driver.screenshot().format == "png"
        driver.close()
