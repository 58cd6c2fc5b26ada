"""Drivers of Rohde & Schwarz oscilloscopes as transcripts: exact lines out, exact bytes in, nothing left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.bench.drivers.rohde_schwarz_rtb import RohdeSchwarzRtb
from rig.bench.drivers.rohde_schwarz_rto import RohdeSchwarzRto, volts_of
from rig.errors import CommunicationError, InstrumentError, NoTrigger, SamplesLost, StaleWaveform
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.roles import Oscilloscope
from tests.bench.scripted_peer import LineServer, ManualClock, Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]

RTB = pytest.mark.supports("rohde-schwarz-rtb", "transcript")
RTO = pytest.mark.supports("rohde-schwarz-rto", "transcript")
NO_ERROR: Step = (":SYSTem:ERRor?", '0,"No error"')
SETUP = ScopeSetup(
    channels={1: ScopeChannel(full_scale=40.0, probe=10.0, offset=2.0)},
    window=12e-3,
    points=12_000,
    pretrigger=0.25,
    trigger=Trigger(channel=1, level=5.0, slope=0),
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def said(*commands: str) -> list[Step]:
    return [*((command, "") for command in commands), NO_ERROR]


def block(data: bytes) -> bytes:
    return b"#%d%d" % (len(str(len(data))), len(data)) + data + b"\n"


def table(steps: Sequence[Step]) -> dict[str, bytes | str]:
    """The replies to the queries of a transcript, in whatever order they are asked."""
    return {str(query): reply for query, reply in steps if isinstance(reply, str) and reply}


# --- RTB, RTM, RTA ------------------------------------------------------------------------------------------

STOPPED: Step = ("ACQuire:STATe?", "STOP")
COMPLETE: Step = ("ACQuire:STATe?", "COMP")
RUNNING: Step = ("ACQuire:STATe?", "RUN")
RTB_BACK: tuple[Step, ...] = (
    ("CHANnel1:SCALe?", "5.00E+00"),
    ("PROBe1:SETup:ATTenuation:MANual?", "1.0000000000E+01"),
    ("CHANnel1:OFFSet?", "2.00E+00"),
    ("CHANnel1:BANDwidth?", "FULL"),
    ("ACQuire:POINts?", "20000"),
    ("ACQuire:SRATe?", "1.666666666667E+06"),
    ("TRIGger:A:LEVel1?", "5.00E+00"),
    ("TIMebase:POSition?", "3.00E-03"),
)


def rtb_configured(
    *, mode: str = "NORMal", level: str = "5", slope: str = "EITHer", back: Sequence[Step] = RTB_BACK
) -> list[Step]:
    return [
        ("*IDN?", "Rohde&Schwarz,RTB2002,1333.1005k02/103202,02.202"),
        *said(
            "*CLS",
            "STOP",
            "CHANnel1:STATe ON",
            "PROBe1:SETup:ATTenuation:MANual 10",
            "CHANnel1:COUPling DCLimit",
            "CHANnel1:BANDwidth FULL",
            "CHANnel1:SCALe 5",
            "CHANnel1:POSition 0",
            "CHANnel1:OFFSet 2",
            "CHANnel2:STATe OFF",
        ),
        *said(
            "ACQuire:TYPE REFResh",
            "ACQuire:HRESolution OFF",
            "TIMebase:SCALe 0.001",
            "TIMebase:REFerence 50",
            "TIMebase:POSition 0.003",
            "ACQuire:POINts 20000",
            "TRIGger:A:TYPE EDGE",
            "TRIGger:A:SOURce CH1",
            f"TRIGger:A:LEVel1 {level}",
            f"TRIGger:A:EDGE:SLOPe {slope}",
            "TRIGger:A:EDGE:COUPling DC",
            f"TRIGger:A:MODE {mode}",
        ),
        *back,
    ]


RTB_ARMED = [*said("*CLS", "STOP"), COMPLETE, *said("SINGle"), COMPLETE, RUNNING, RUNNING]


def rtb_fetched(data: bytes, *, head: str = "-3.0E-03,8.9994E-03,20000,1", bits: int = 10) -> list[Step]:
    return [
        COMPLETE,
        *said("FORMat UINT,16", "FORMat:BORDer LSBFirst", "CHANnel1:DATA:POINts MAXimum"),
        ("CHANnel1:DATA:HEADer?", head),
        ("CHANnel1:DATA:XORigin?", "-3.0E-03"),
        ("CHANnel1:DATA:XINCrement?", "6.0E-07"),
        ("CHANnel1:DATA:YORigin?", "-2.549999943E-02"),
        ("CHANnel1:DATA:YINCrement?", "7.812499803E-07"),
        ("CHANnel1:DATA:YRESolution?", f"{bits}"),
        ("CHANnel1:DATA?", block(data)),
        NO_ERROR,
    ]


def rtb(peer: Peer, clock: ManualClock | None = None, timeout: float = 60.0) -> RohdeSchwarzRtb:
    return RohdeSchwarzRtb("scope", peer.visa, clock=clock or ManualClock(), timeout=timeout)


def words(*codes: int, count: int = 20_000) -> bytes:
    return np.array([*codes, *[0] * (count - len(codes))], dtype="<u2").tobytes()


@RTB
@pytest.mark.supports("rohde-schwarz-rtb", "driver")
@pytest.mark.supports("rohde-schwarz-rtb", "race")
@pytest.mark.supports("rohde-schwarz-rtb", "deep memory")
def test_rtb_from_configuration_to_record() -> None:
    """The completion that is told after arming is the old one; once it runs, what lies before the trigger is filled."""
    clock = ManualClock()
    data = words(32768, 32000, 30720, 0x0A0A, 0xFFC0)
    with transcript(*rtb_configured(), *RTB_ARMED, RUNNING, *rtb_fetched(data)) as peer:
        driver = rtb(peer, clock)
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(SETUP)
        assert as_set.channels == SETUP.channels
        assert (as_set.points, round(as_set.window, 9)) == (20_000, 12e-3)
        assert as_set.pretrigger == pytest.approx(0.25)
        driver.arm()
        assert clock.slept == [0.002, 0.004]
        assert not driver.done()
        waveform = driver.fetch(1)
        driver.close()
    # The manual's worked example: words 32768, 32000, 30720.
    assert waveform.values()[:3] == pytest.approx([1e-4, -5e-4, -1.5e-3], abs=2e-9)
    assert waveform.samples.tobytes() == data
    assert list(waveform.rails or ()) == [0, 0xFFC0]
    assert waveform.start == -3e-3
    assert waveform.interval == 6e-7


@RTB
@given(st.binary(min_size=256, max_size=256), st.integers(1, 9))
@settings(max_examples=10, deadline=None)
def test_rtb_any_data_behind_any_header(part: bytes, digits: int) -> None:
    data = part * 156 + bytes(64)
    steps = rtb_fetched(data)
    number = f"{len(data)}".rjust(max(digits, 5), "0")
    steps[-2] = ("CHANnel1:DATA?", f"#{len(number)}{number}".encode() + data + b"\n")
    with transcript(*rtb_configured(), *RTB_ARMED, *steps) as peer:
        driver = rtb(peer)
        driver.configure(SETUP)
        driver.arm()
        assert driver.fetch(1).samples.tobytes() == data
        driver.close()


@RTB
@pytest.mark.parametrize(
    ("head", "error"),
    [
        ("-3.0E-03,8.9994E-03,0,1", SamplesLost),
        ("-3.0E-03,8.9994E-03,10000,1", InstrumentError),
        ("-3.0E-03,2.0E-03,20000,1", InstrumentError),
        ("-3.0E-03,8.9994E-03,20000,2", InstrumentError),
        ("-3.0E-03,8.9994E-03,20000", InstrumentError),
        ("5.00E+00", InstrumentError),
    ],
)
def test_rtb_header_of_another_record(head: str, error: type[Exception]) -> None:
    with transcript(*rtb_configured(), *RTB_ARMED, *rtb_fetched(b"", head=head)[:6]) as peer:
        driver = rtb(peer)
        driver.configure(SETUP)
        driver.arm()
        with pytest.raises(error):
            driver.fetch(1)
        driver.close()


@RTB
@pytest.mark.parametrize(
    ("reply", "error", "kept"),
    [
        ([b"#540000" + bytes(range(5)), None], SamplesLost, 2),
        ([block(bytes(1000))], SamplesLost, 500),
        ([b"#3998" + bytes(1000) + b"\n"], InstrumentError, 0),
        ([b"COMP\n"], InstrumentError, 0),
    ],
)
def test_rtb_block_that_is_none(reply: list[bytes | None], error: type[Exception], kept: int) -> None:
    with transcript(*rtb_configured(), *RTB_ARMED, *rtb_fetched(b"")[:-2], ("CHANnel1:DATA?", reply)) as peer:
        driver = rtb(peer, timeout=1.0 if reply[-1] is None else 60.0)
        driver.configure(SETUP)
        driver.arm()
        with pytest.raises(error) as caught:
            driver.fetch(1)
        driver.close()
    if isinstance(caught.value, SamplesLost):
        assert len(caught.value.partial.samples) == kept  # type: ignore[attr-defined] # a Waveform here


@RTB
@pytest.mark.supports("rohde-schwarz-rtb", "screenshot")
def test_rtb_screenshot_and_halt() -> None:
    with transcript(("HCOPy:LANGuage PNG", ""), ("HCOPy:DATA?", block(PNG)), *said("*CLS", "STOP")) as peer:
        driver = rtb(peer)
        assert driver.screenshot().data == PNG
        driver.halt()
        driver.close()


@RTB
def test_rtb_without_trigger_it_does_not_wait_for_one() -> None:
    back = [step for step in RTB_BACK if step[0] != "TRIGger:A:LEVel1?"]
    with transcript(
        *rtb_configured(mode="AUTO", level="12", slope="POSitive", back=back), *RTB_ARMED, RUNNING, COMPLETE
    ) as peer:
        driver = rtb(peer)
        assert driver.configure(replace(SETUP, trigger=None)).trigger is None
        driver.arm()
        driver.close()


@RTB
@pytest.mark.parametrize(("state", "error"), [("RUN", NoTrigger), ("COMP", InstrumentError)])
def test_rtb_that_never_begins_or_never_ends(state: str, error: type[Exception]) -> None:
    clock = ManualClock()
    states = iter([b"STOP\n"] + [state.encode() + b"\n"] * 10_000)
    replies = {**table(rtb_configured()), "ACQuire:STATe?": lambda: next(states)}
    with Peer(LineServer(replies)) as peer:
        driver = rtb(peer, clock)
        driver.configure(replace(SETUP, trigger=None))
        with pytest.raises(error):
            driver.arm()
        driver.close()
    assert clock.time < 16.0


@RTB
def test_rtb_what_it_cannot_do_is_refused_before_anything_is_set() -> None:
    with transcript(("*IDN?", "Rohde&Schwarz,RTB2002,1333.1005k02/103202,02.202")) as peer:
        driver = rtb(peer)
        for setup, message in (
            (replace(SETUP, segments=2), "no segmented memory"),
            (replace(SETUP, points=50_000_000), "it keeps 20000000 at most"),
            (replace(SETUP, reduction=Reduction.AVERAGE, averages=5000), "5000 averages"),
            (replace(SETUP, channels={4: ScopeChannel(full_scale=1.0)}), "it has 2 channels"),
        ):
            with pytest.raises(InstrumentError, match=message):
                driver.configure(setup)
        driver.close()


@RTB
def test_rtb_fewer_points_than_asked() -> None:
    replies = {**table(rtb_configured()), "ACQuire:STATe?": "STOP", "ACQuire:POINts?": "10000"}
    with Peer(LineServer(dict(replies))) as peer:
        driver = rtb(peer)
        with pytest.raises(InstrumentError, match=r"12000 points over 0\.012 s"):
            driver.configure(SETUP)
        driver.close()


@RTB
def test_rtb_averages_coupling_limit() -> None:
    channel = ScopeChannel(full_scale=40.0, probe=10.0, coupling=Coupling.AC, bandwidth_limit=True)
    replies = {**table(rtb_configured()), "CHANnel1:BANDwidth?": "B20", "ACQuire:AVERage:COUNt?": "16"}
    server = LineServer(dict(replies))
    with Peer(server) as peer:
        driver = rtb(peer)
        as_set = driver.configure(
            replace(SETUP, channels={1: channel}, reduction=Reduction.AVERAGE, averages=16)
        )  # fmt: skip
        driver.configure(replace(SETUP, reduction=Reduction.HIGH_RESOLUTION))
        driver.close()
    assert (as_set.averages, as_set.channels[1].bandwidth_limit) == (16, True)
    assert {"ACQuire:TYPE AVERage", "ACQuire:AVERage:COUNt 16", "ACQuire:HRESolution AUTO"} <= set(server.lines)
    assert {"CHANnel1:COUPling ACLimit", "CHANnel1:BANDwidth B20"} <= set(server.lines)


@RTB
def test_rtb_reply_to_the_question_before() -> None:
    with transcript(*rtb_configured(), ("*CLS", ""), ("STOP", ""), (":SYSTem:ERRor?", "3.00E-03")) as peer:
        driver = rtb(peer)
        driver.configure(SETUP)
        with pytest.raises(CommunicationError, match=r"answered '3\.00E-03'"):
            driver.arm()
        driver.close()


# --- RTO, RTP, MXO ------------------------------------------------------------------------------------------

IDLE: Step = ("STATus:OPERation:CONDition?", "0")
MEASURING: Step = ("STATus:OPERation:CONDition?", "16")
WAITING: Step = ("STATus:OPERation:CONDition?", "24")
RTO_BACK: tuple[Step, ...] = (
    ("CHANnel1:SCALe?", "5"),
    ("PROBe1:SETup:ATTenuation:MANual?", "10"),
    ("CHANnel1:OFFSet?", "2"),
    ("CHANnel1:BANDwidth?", "FULL"),
    ("ACQuire:POINts?", "1000"),
    ("ACQuire:SRATe?", "100000"),
    ("TRIGger1:LEVel1?", "5"),
    ("TIMebase:HORizontal:POSition?", "0.0025"),
)
RTO_SETUP = replace(SETUP, window=10e-3, points=1000)


RTO_KINDS = ("CHANnel1:TYPE SAMPle", "CHANnel1:ARIThmetics OFF")


def rto_configured(model: str = "RTO2022") -> list[Step]:
    root, source = ("TRIGger:EVENt1", "C1") if model.startswith("MXO") else ("TRIGger1", "CHAN1")
    mxo = model.startswith("MXO")
    kinds = ("ACQuire:TYPE NORMal", "HDEFinition:STATe OFF") if mxo else RTO_KINDS
    mode = "TRIGger:MODE" if model.startswith("MXO") else "TRIGger1:MODE"
    return [
        ("*IDN?", f"Rohde&Schwarz,{model},1329.7002k22/100001,4.70.1.0"),
        *said(
            "*CLS",
            "STOP",
            "CHANnel1:STATe 1",
            "PROBe1:SETup:ATTenuation:MODE MANual",
            "PROBe1:SETup:ATTenuation:MANual 10",
            "CHANnel1:COUPling DCLimit",
            "CHANnel1:BANDwidth FULL",
            "CHANnel1:SCALe 5",
            "CHANnel1:POSition 0",
            "CHANnel1:OFFSet 2",
            *(f"CHANnel{number}:STATe 0" for number in range(2, int(model[-1]) + 1)),
        ),
        *said(
            *kinds,
            "ACQuire:COUNt 1",
            "TIMebase:SCALe 0.001",
            "TIMebase:REFerence 50",
            "TIMebase:HORizontal:POSition 0.0025",
            "ACQuire:POINts 1000",
            f"{root}:TYPE EDGE",
            f"{root}:SOURce {source}",
            f"{root}:LEVel1 5",
            f"{root}:EDGE:SLOPe EITHer",
            f"{mode} NORMal",
        ),
        *((query if query != "TRIGger1:LEVel1?" else f"{root}:LEVel1?", reply) for query, reply in RTO_BACK),
    ]


RTO_ARMED = [*said("*CLS", "STOP"), IDLE, *said("SINGle"), IDLE, MEASURING, WAITING]


def rto_fetched(data: bytes, most: int = 10**6) -> list[Step]:
    reading: list[Step] = []
    for begin in range(0, 1000, most):
        part = data[2 * begin : 2 * (begin + most)]
        reading.append((f"CHANnel1:DATA:VALues? {begin},{len(part) // 2}", block(part)))
    return [
        IDLE,
        *said("FORMat:DATA INT,16", "FORMat:BORDer LSBFirst", "EXPort:WAVeform:INCXvalues OFF"),
        ("CHANnel1:DATA:HEADer?", "-0.0025,0.0075,1000,1"),
        ("CHANnel1:SCALe?", "5"),
        ("CHANnel1:POSition?", "0"),
        ("CHANnel1:OFFSet?", "2"),
        *reading,
        NO_ERROR,
    ]


def rto(peer: Peer, clock: ManualClock | None = None, most: int = 10**6) -> RohdeSchwarzRto:
    return RohdeSchwarzRto("scope", peer.visa, clock=clock or ManualClock(), timeout=60.0, most=most)


@RTO
@pytest.mark.supports("rohde-schwarz-rto", "driver")
@pytest.mark.supports("rohde-schwarz-rto", "race")
@pytest.mark.parametrize("model", ["RTO2022", "MXO44"])
def test_rto_from_configuration_to_record(model: str) -> None:
    data = (bytes(range(256)) * 8)[:2000]
    with transcript(*rto_configured(model), *RTO_ARMED, MEASURING, *rto_fetched(data)) as peer:
        driver = rto(peer)
        assert isinstance(driver, Oscilloscope)
        as_set = driver.configure(RTO_SETUP)
        assert as_set.channels[1].full_scale == 50.0
        assert as_set.pretrigger == pytest.approx(0.25)
        driver.arm()
        assert not driver.done()
        waveform = driver.fetch(1)
        driver.close()
    assert waveform.samples.tobytes() == data
    assert waveform.values()[0] == pytest.approx(0x0100 * 50 / 64768 + 2)
    assert list(waveform.rails or ()) == [-32256, 32256]  # the last of 253 steps
    assert waveform.start == -2.5e-3
    assert waveform.interval == pytest.approx(1e-5)


@RTO
@pytest.mark.supports("rohde-schwarz-rto", "deep memory")
@given(most=st.integers(1, 1200))
@settings(max_examples=10, deadline=None)
def test_rto_pieces_of_any_length(most: int) -> None:
    data = (bytes(range(256)) * 8)[:2000]
    most = max(most, 20)
    with transcript(*rto_configured(), *RTO_ARMED, *rto_fetched(data, most)) as peer:
        driver = rto(peer, most=most)
        driver.configure(RTO_SETUP)
        driver.arm()
        assert driver.fetch(1).samples.tobytes() == data
        driver.close()


@RTO
def test_rto_codes_of_the_manuals_example() -> None:
    gain, zero = volts_of(0.05, 1.0, 0.1, divisions=8, levels=255 * 256)
    assert gain == pytest.approx(0.000006127451, rel=1e-6)
    assert zero == pytest.approx(0.05)
    assert -61 * gain + zero == pytest.approx(0.049626, abs=5e-7)


@RTO
def test_rto_the_record_of_before_is_stale() -> None:
    data = np.random.default_rng(5).integers(-30000, 30000, 1000).astype("<i2").tobytes()
    once = [*RTO_ARMED, *rto_fetched(data)]
    with transcript(*rto_configured(), *once, *once) as peer:
        driver = rto(peer)
        driver.configure(RTO_SETUP)
        driver.arm()
        driver.fetch(1)
        driver.arm()
        with pytest.raises(StaleWaveform):
            driver.fetch(1)
        driver.close()


@RTO
@pytest.mark.supports("rohde-schwarz-rto", "screenshot")
def test_rto_screenshot_and_errors() -> None:
    wrong: Step = (":SYSTem:ERRor?", '-222,"Data out of range;CHANnel1:SCALe 5"')
    with transcript(
        ("HCOPy:LANGuage PNG", ""), ("HCOPy:DATA?", block(PNG)), *rto_configured()[:12], wrong, NO_ERROR
    ) as peer:
        driver = rto(peer)
        assert driver.screenshot().format == "png"
        with pytest.raises(InstrumentError, match="-222 Data out of range"):
            driver.configure(RTO_SETUP)
        driver.close()


@RTO
def test_rto_reading_a_running_acquisition_is_refused() -> None:
    with transcript(*rto_configured(), *RTO_ARMED, WAITING) as peer:
        driver = rto(peer)
        driver.configure(RTO_SETUP)
        driver.arm()
        with pytest.raises(InstrumentError, match="not complete"):
            driver.fetch(1)
        driver.close()
