"""The virtual Tektronix oscilloscopes over real sockets: waveforms by the manual's formula, waiting, events, frames."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvisa
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rig.twin.config import InstrumentConfig
from rig.twin.devices.tektronix_dpo import TektronixDpo
from rig.twin.devices.tektronix_mso import TektronixMso
from rig.twin.world import World
from tests.twin.scope_bench import ERRORS, WORLD, Bench, bench

MSO = ("tektronix-mso", TektronixMso, "TEKTRONIX,MSO56,C012345,CF:91.1CT FV:1.99.11.1268")
DPO = ("tektronix-dpo", TektronixDpo, "TEKTRONIX,MSO2024B,C010101,CF:91.1CT FV:v1.30")
BOTH = pytest.mark.parametrize(
    "family", [pytest.param(one, id=one[0], marks=pytest.mark.supports(one[0], "twin")) for one in (MSO, DPO)]
)
Family = tuple[str, Any, str]
COMMON = (
    "HEADer OFF;:VERBose OFF",
    "CH1:COUPling DC;:CH1:SCAle 5;:CH1:POSition -1;:CH1:OFFSet 1;:HORizontal:POSition 20;:HORizontal:DELay:MODe OFF",
    "TRIGger:A:TYPe EDGE;:TRIGger:A:EDGE:SOUrce CH1;:TRIGger:A:EDGE:SLOpe RISe;:TRIGger:A:MODe NORMal",
    "ACQuire:STATE OFF;:ACQuire:STOPAfter SEQuence",
)
OWN = {
    "tektronix-mso": (
        "HORizontal:MODE MANual;:HORizontal:MODE:SAMPLERate 6.25E6;:HORizontal:MODE:RECOrdlength 60000",
        "DISplay:WAVEView:CH1:STATE ON;:CH1:TERmination 1E6;:TRIGger:A:LEVel:CH1 5",
    ),
    "tektronix-dpo": ("HORizontal:RECOrdlength 100000;:HORizontal:SCAle 1E-3", "SELect:CH1 ON;:TRIGger:A:LEVel 5"),
}


def opened(family: Family, *faults: dict[str, Any], **config: Any) -> AbstractContextManager[Bench]:
    return bench(family[1], family[2], *faults, **config)


def capture(b: Bench, family: Family) -> None:
    b.tell(*COMMON, *OWN[family[0]], "ACQuire:STATE ON")
    b.world.advance(50e-3)
    b.pulses()
    assert b.ask("*OPC?") == "1"
    b.tell(f"DATa:SOUrce CH1;:DATa:STARt 1;:DATa:STOP {b.ask('HORizontal:RECOrdlength?')}")


def number(b: Bench, name: str) -> float:
    return float(b.ask(f"WFMOutpre:{name}?"))


def read(b: Bench, kind: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Times from the trigger (s) and voltages (V), by the manual's formulas."""
    codes = np.asarray(np.frombuffer(b.block("CURVe?"), kind), dtype=np.float64)
    volts = (codes - number(b, "YOFf")) * number(b, "YMUlt") + number(b, "YZEro")
    samples = np.arange(len(codes), dtype=np.float64)
    return number(b, "XZEro") + number(b, "XINcr") * (samples - number(b, "PT_Off")), volts


@BOTH
@pytest.mark.parametrize(
    ("encoding", "width", "kind"),
    [
        ("RIBinary", 1, "i1"),
        ("RIBinary", 2, ">i2"),
        ("SRIbinary", 2, "<i2"),
        ("RPBinary", 1, "u1"),
        ("SRPbinary", 2, "<u2"),
    ],
)
def test_a_record_shows_the_world(family: Family, encoding: str, width: int, kind: str) -> None:
    with opened(family, **ERRORS) as b:
        capture(b, family)
        b.tell(f"DATa:ENCdg {encoding};:DATa:WIDth {width}")
        times, volts = read(b, kind)
        truth = b.truth(times)
        assert b.ask("*ESR?;:ALLEv?") == '0;0,"No events to report - queue empty"'
        points, rate = (60_000, 6.25e6) if family is MSO else (100_000, 1e7)
        assert len(volts) == points
        assert times[0] == pytest.approx(-0.2 * points / rate)
        assert number(b, "YMUlt") == pytest.approx(0.2 if width == 1 else 0.2 / 256)
        if family is MSO:
            assert (number(b, "YOFf"), number(b, "YZEro")) == (128 * ("RP" in encoding) * 256 ** (width - 1), 6.0)
    lsb = 0.2 / 16 if width == 2 and family is MSO else 0.2
    assert np.abs(volts - truth).max() <= lsb / 2 * (17 / 16 if width == 1 else 1.001)
    assert volts.max() == pytest.approx(10, abs=0.4)


@BOTH
def test_a_window_of_the_record_is_that_part_of_it(family: Family) -> None:
    with opened(family, noise=0.5) as b:
        capture(b, family)
        b.tell("DATa:ENCdg SRIbinary;:DATa:WIDth 2")
        whole = b.block("CURVe?")
        b.tell("DATa:STARt 1001;:DATa:STOP 3000")
        assert b.block("CURVe?") == whole[2000:6000]
        assert number(b, "NR_Pt") == 2000
        b.tell("DATa:STOP 99000000")
        assert len(b.block("CURVe?")) == len(whole) - 2000


@BOTH
def test_the_stop_does_not_follow_the_record_length(family: Family) -> None:
    with opened(family) as b:
        b.tell(*COMMON, *OWN[family[0]])
        assert b.ask("DATa:STOP?") == "10000"


@BOTH
def test_the_state_of_before_stands_for_a_while_but_opc_is_not_fooled(family: Family) -> None:
    with opened(family) as b:
        capture(b, family)
        b.scope.arming_latency = 0.2
        b.tell("ACQuire:STATE ON")
        before = [b.ask(query) for query in ("BUSY?", "TRIGger:STATE?", "ACQuire:NUMACq?", "ACQuire:STATE?")]
        b.world.advance(0.21)
        after = [b.ask(query) for query in ("BUSY?", "ACQuire:NUMACq?", "ACQuire:STATE?")]
        b.tell("TRIGger FORCe")
        assert b.ask("*OPC?") == "1"
        assert [b.ask(query) for query in ("BUSY?", "ACQuire:NUMACq?", "ACQuire:STATE?")] == ["0", "1", "0"]
    assert before == ["0", "SAVE", "1", "1"]
    assert after == ["1", "0", "1"]


def test_a_trigger_that_never_comes_leaves_opc_without_answer() -> None:
    with opened(MSO) as b:
        b.tell(*COMMON, *OWN["tektronix-mso"], "ACQuire:STATE ON")
        b.session.timeout = 300
        with pytest.raises(pyvisa.VisaIOError):
            b.ask("*OPC?")


@BOTH
def test_events_are_told_only_after_the_status_register_was_read(family: Family) -> None:
    with opened(family) as b:
        b.tell("HEADer OFF", "CH1:NONSense 1")
        assert b.ask("ALLEv?") == '1,"No events to report - new events pending *ESR?"'
        assert b.ask("*ESR?") == "32"
        assert b.ask("EVQty?") == "1"
        assert b.ask("ALLEv?") == '113,"Undefined header"'
        assert b.ask("ALLEv?") == '0,"No events to report - queue empty"'


@BOTH
def test_replies_carry_their_header_until_it_is_turned_off(family: Family) -> None:
    with opened(family) as b:
        assert b.ask("CH1:POSITION?") == ":CH1:POSITION 0.00000000E+00"
        b.tell("HEADer OFF")
        assert b.ask("CH1:POSITION?") == "0.00000000E+00"


@BOTH
def test_a_channel_that_is_not_shown_has_no_waveform(family: Family) -> None:
    with opened(family) as b:
        capture(b, family)
        b.tell("DATa:SOUrce CH2", "WFMOutpre?")
        assert b.ask("*ESR?") != "0"
        assert b.ask("ALLEv?").startswith("2244,")


@BOTH
def test_what_lies_beyond_the_converter_takes_the_outermost_codes(family: Family) -> None:
    with opened(family) as b:
        b.tell(*COMMON, *OWN[family[0]], "CH1:SCAle 1;:CH1:POSition 0;:CH1:OFFSet 0", "ACQuire:STATE ON")
        b.world.advance(50e-3)
        b.pulses()
        assert b.ask("*OPC?") == "1"
        b.tell("DATa:WIDth 2;:DATa:ENCdg SRIbinary;:DATa:STOP 99999999")
        codes = np.frombuffer(b.block("CURVe?"), "<i2")
        clipping = b.ask("CH1:CLIPping?") if family is MSO else "1"
    assert (codes.min(), codes.max(), clipping) == (-32768, 32767, "1")


@pytest.mark.supports("tektronix-mso", "deep memory")
def test_a_million_points_in_portions_are_the_whole() -> None:
    with opened(MSO) as b:
        b.tell(*COMMON, *OWN["tektronix-mso"], "HORizontal:MODE:RECOrdlength 2000000", "ACQuire:STATE ON")
        b.world.advance(0.2)
        b.pulses()
        assert b.ask("*OPC?") == "1"
        b.tell("DATa:WIDth 2;:DATa:ENCdg SRIbinary;:DATa:STARt 1;:DATa:STOP 2000000")
        whole = b.block("CURVe?")
        parts = b""
        for begin in range(1, 2_000_001, 700_000):
            b.tell(f"DATa:STARt {begin};:DATa:STOP {min(begin + 699_999, 2_000_000)}")
            parts += b.block("CURVe?")
    assert len(whole) == 4_000_000
    assert parts == whole


def test_each_frame_has_a_trigger_of_its_own() -> None:
    with opened(MSO, noise=0.3) as b:
        b.tell(*COMMON, *OWN["tektronix-mso"], "HORizontal:FASTframe:COUNt 3;:HORizontal:FASTframe:STATE ON")
        b.tell("ACQuire:STATE ON")
        b.world.advance(50e-3)
        b.pulses()
        assert b.ask("*OPC?") == "1"
        assert b.ask("ACQuire:NUMFRAMESACQuired?") == "3"
        b.tell("DATa:STOP 60000;:DATa:FRAMESTARt 2;:DATa:FRAMESTOP 2")
        second = b.block("CURVe?")
        b.tell("DATa:FRAMESTARt 1;:DATa:FRAMESTOP 3")
        assert b.block("CURVe?")[60_000:120_000] == second
        triggers = b.scope._acquisition.record.triggers
    assert np.diff(triggers) == pytest.approx([20e-3, 20e-3], rel=1e-4)


def test_the_sensed_probe_counts_besides_an_attenuator() -> None:
    with opened(MSO) as b:
        b.tell("HEADer OFF")
        assert float(b.ask("CH1:PRObe:GAIN?")) == 0.1
        assert float(b.ask("CH1:PROBEFunc:EXTAtten?")) == 1.0
        b.tell("CH1:SCAle 1;:CH1:PROBEFunc:EXTAtten 2")
        assert float(b.ask("CH1:SCAle?")) == 2.0


def test_a_rate_that_it_does_not_have_becomes_the_next_one() -> None:
    with opened(MSO) as b:
        b.tell("HEADer OFF", "HORizontal:MODE MANual;:HORizontal:MODE:SAMPLERate 5E6")
        assert float(b.ask("HORizontal:MODE:SAMPLERate?")) == 6.25e6


@BOTH
def test_the_screen_as_a_picture(family: Family) -> None:
    with opened(family) as b:
        capture(b, family)
        if family is MSO:
            b.tell('SAVe:IMAGe "C:/screen.png"')
        b.session.read_termination = None
        if family is MSO:
            b.session.write('FILESystem:READFile "C:/screen.png"')
        else:
            b.session.write("SAVe:IMAGe:FILEFormat PNG;:HARDCopy STARt")
        data = b""
        while not data.endswith(b"IEND\xaeB`\x82\n"):
            data += b.session.read_bytes(1)
    assert Image.open(io.BytesIO(data)).size == (320, 240)


WIRED = InstrumentConfig.model_validate({"protocol": "x", "inputs": {"1": "voltage"}, "memory": 1000})
HEADERS = sorted(TektronixMso(name="scope", config=WIRED, world=World(WORLD), seed=0).commands())
ARGUMENTS = ["", "1", "-1", "0", "1E400", "NAN", "CH1", "CH9", "ON", "AUTO", "1E-3", "RIB", "SEQ", '"', "C:/x", "FORCe"]


@given(
    st.lists(
        st.tuples(st.sampled_from(HEADERS), st.sampled_from(["", "2", "9"]), st.sampled_from(ARGUMENTS)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([TektronixMso, TektronixDpo]),
)
@settings(deadline=None, max_examples=60)
def test_no_message_breaks_the_instrument(units: list[tuple[str, str, str]], kind: Any) -> None:
    scope = kind(name="scope", config=WIRED, world=World(WORLD), seed=0)
    for header, suffix, argument in units:
        scope.execute(f"{header.replace('<n>', suffix).replace('[:MAIn]', '').replace('[:NEXT]', '')} {argument}")
    scope.execute("HEADer OFF;:ACQuire:STATE OFF")
    scope.execute("*CLS")
    assert scope.execute("*OPC?;*ESR?;:ALLEv?") == [b"1", b"0", b'0,"No events to report - queue empty"']


@BOTH
def test_a_preamble_can_be_written_in_its_parts_and_a_channel_be_shown(family: Family) -> None:
    """In both generations ENCdg, BN_Fmt, BYT_Or and BYT_Nr are the parts of DATa:ENCdg and WIDth."""
    with opened(family) as b:
        capture(b, family)
        b.tell("DATa:ENCdg ASCIi", "WFMOutpre:ENCdg BINary;BN_Fmt RP;BYT_Or LSB;BYT_Nr 2")
        assert b.ask("DATa:ENCdg?;WIDth?") == "SRPBINARY;2"
        assert b.ask("WFMOutpre:ENCdg?;BN_Fmt?;BYT_Or?;BYT_Nr?") == "BIN;RP;LSB;2"
        b.tell("WFMOutpre:BN_Fmt RI;BYT_Nr 1;ENCdg ASCii")
        assert b.ask("DATa:ENCdg?;WIDth?") == "ASCII;1"
        b.tell("WFMOutpre:ENCdg BINary;:SELect:CH2 ON")
        assert b.ask("DATa:ENCdg?;:SELect:CH2?") == "SRIBINARY;1"
        assert b.ask("*ESR?;:ALLEv?") == '0;0,"No events to report - queue empty"'
