"""The virtual Rigol oscilloscopes over real sockets: read-out by the guide's formulas, its bounds, the stale STOP."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rig.twin.config import InstrumentConfig
from rig.twin.devices.rigol_scope import RigolDho, RigolDs1000z
from rig.twin.world import World
from tests.twin.scope_bench import ERRORS, WORLD, Bench, bench

DS = ("rigol-ds1000z", RigolDs1000z, "RIGOL TECHNOLOGIES,DS1104Z,DS1ZA171812345,00.04.04.SP3")
DHO = ("rigol-dho", RigolDho, "RIGOL TECHNOLOGIES,DHO804,DHO8A241200001,00.01.02")
BOTH = pytest.mark.parametrize(
    "family",
    [
        pytest.param(one, id=one[0], marks=pytest.mark.supports(one[0], "twin"))
        for one in (DS, DHO)
    ],
)  # fmt: skip
Family = tuple[str, Any, str]
SETUP = (
    ":RUN;:CHANnel1:PROBe 10;:CHANnel1:SCALe 5;:CHANnel1:OFFSet -2;:TIMebase:MAIN:SCALe 1E-3",
    ":TIMebase:MAIN:OFFSet 2E-3;:TRIGger:EDGE:SOURce CHANnel1;:TRIGger:EDGE:SLOPe POSitive;:TRIGger:EDGE:LEVel 5",
    ":TRIGger:SWEep NORMal",
)


def opened(family: Family, *faults: dict[str, Any], **config: Any) -> AbstractContextManager[Bench]:
    return bench(family[1], family[2], *faults, **config)


def capture(b: Bench, depth: int) -> None:
    b.tell(*SETUP, f":ACQuire:MDEPth {depth}", ":STOP", ":SINGle")
    b.world.advance(50e-3)
    b.pulses()
    b.world.advance(50e-3)
    assert b.ask(":TRIGger:STATus?") == "STOP"
    b.tell(":WAVeform:SOURce CHANnel1")


def volts(codes: npt.NDArray[Any], pre: list[float]) -> npt.NDArray[np.float64]:
    return np.asarray((codes.astype(np.float64) - pre[8] - pre[9]) * pre[7])


def preamble(b: Bench) -> list[float]:
    return [float(field) for field in b.ask(":WAVeform:PREamble?").split(",")]


@BOTH
def test_a_record_read_in_pieces_shows_the_world(family: Family) -> None:
    depth, largest = (1_200_000, 250_000) if family is DS else (1_000_000, 300_000)
    with opened(family, **ERRORS) as b:
        capture(b, depth)
        b.tell(":WAVeform:MODE RAW;:WAVeform:FORMat BYTE")
        pre = preamble(b)
        data = b""
        for begin in range(1, depth + 1, largest):
            b.tell(f":WAVeform:STARt {begin};:WAVeform:STOP {min(begin + largest - 1, depth)}")
            data += b.block(":WAVeform:DATA?")
        assert b.ask(":SYSTem:ERRor?") == '0,"No error"'
        times = np.arange(depth) * pre[4] + pre[5]
        seen = volts(np.frombuffer(data, np.uint8), pre)
        truth = b.truth(times)
    assert pre[:4] == [0, 2, depth, 1]
    assert pre[7] == pytest.approx(5 / 25)
    assert pre[8:] == [-10, 127 if family is DS else 128]
    assert len(data) == depth
    # What has 12 bits is rounded once more to 8.
    assert np.abs(seen - truth).max() <= (0.1 if family is DS else 0.1 * 17 / 16) * 1.001
    assert seen.max() == pytest.approx(10, abs=0.3)


@pytest.mark.supports("rigol-dho", "deep memory")
def test_words_of_twelve_bits_are_sixteen_times_finer() -> None:
    with opened(DHO) as b:
        capture(b, 100_000)
        b.tell(":WAVeform:MODE RAW;:WAVeform:FORMat WORD")
        pre = preamble(b)
        seen = volts(np.frombuffer(b.block(":WAVeform:DATA?"), "<u2"), pre)
        truth = b.truth(np.arange(100_000) * pre[4] + pre[5])
    assert pre[7:] == pytest.approx([0.2 / 256, -2560, 32768])
    assert np.abs(seen - truth).max() <= 0.1 / 16 * 1.001


def test_words_of_eight_bits_are_their_lower_half() -> None:
    with opened(DS) as b:
        capture(b, 12_000)
        b.tell(":WAVeform:MODE RAW")
        octets = np.frombuffer(b.block(":WAVeform:DATA?"), np.uint8)
        b.tell(":WAVeform:FORMat WORD")
        assert np.array_equal(np.frombuffer(b.block(":WAVeform:DATA?"), "<u2"), octets)


@pytest.mark.parametrize(("form", "most"), [("BYTE", 250_000), ("WORD", 125_000), ("ASC", 15_625)])
def test_more_points_than_one_query_hands_over_are_not_handed_over(form: str, most: int) -> None:
    with opened(DS) as b:
        capture(b, 1_200_000)
        b.tell(f":WAVeform:MODE RAW;:WAVeform:FORMat {form};:WAVeform:STARt 1;:WAVeform:STOP {most + 1}")
        assert b.block(":WAVeform:DATA?") == b""
        assert b.ask(":SYSTem:ERRor?").startswith("-222")
        b.tell(f":WAVeform:STOP {most}")
        assert len(b.block(":WAVeform:DATA?")) >= most


@BOTH
def test_the_memory_is_read_only_while_stopped(family: Family) -> None:
    with opened(family) as b:
        b.tell(":RUN;:WAVeform:MODE RAW;:WAVeform:FORMat BYTE;:WAVeform:STOP 1000")
        assert b.block(":WAVeform:DATA?") == b""
        assert b.ask(":SYSTem:ERRor?").startswith("-221")


@BOTH
def test_the_old_stop_stands_for_a_while_after_single(family: Family) -> None:
    with opened(family) as b:
        capture(b, 12_000 if family is DS else 10_000)
        b.scope.arming_latency = 0.3
        b.tell(":SINGle")
        said = [b.ask(":TRIGger:STATus?")]
        b.world.advance(0.29)
        said.append(b.ask(":TRIGger:STATus?"))
        b.world.advance(9e-3)
        said.append(b.ask(":TRIGger:STATus?"))
        b.world.advance(20e-3)
        said.append(b.ask(":TRIGger:STATus?"))
    assert said[:2] == ["STOP", "STOP"]
    assert said[2] in {"RUN", "WAIT", "TD"}
    assert said[3] in {"WAIT", "TD", "STOP"}


def test_the_depth_is_taken_only_while_it_runs_and_shared_by_the_channels() -> None:
    with opened(DS) as b:
        b.tell(":RUN;:ACQuire:MDEPth 120000;:STOP;:ACQuire:MDEPth 12000")
        assert b.ask(":ACQuire:MDEPth?") == "120000"
        b.tell(":RUN;:CHANnel2:DISPlay ON;:ACQuire:MDEPth 12000")
        assert b.ask(":SYSTem:ERRor?").startswith("-222")
        b.tell(":ACQuire:MDEPth 6000")
        assert b.ask(":ACQuire:MDEPth?") == "6000"


def test_another_mode_of_reading_begins_anew_at_the_first_point() -> None:
    with opened(DHO) as b:
        capture(b, 10_000)
        b.tell(":WAVeform:MODE RAW;:WAVeform:STARt 501;:WAVeform:STOP 1000")
        assert preamble(b)[2] == 500
        b.tell(":WAVeform:MODE NORM")
        assert preamble(b)[2:5] == pytest.approx([1000, 1, 1e-5])
        b.tell(":WAVeform:MODE RAW")
        assert preamble(b)[2] == 10_000


@BOTH
def test_the_screen_has_a_hundred_points_a_division(family: Family) -> None:
    with opened(family) as b:
        capture(b, 12_000 if family is DS else 10_000)
        b.tell(":WAVeform:MODE NORM;:WAVeform:FORMat BYTE")
        pre = preamble(b)
        codes = np.frombuffer(b.block(":WAVeform:DATA?"), np.uint8)
        truth = b.truth(np.arange(len(codes)) * pre[4] + pre[5])
    assert len(codes) == (1200 if family is DS else 1000)
    assert pre[4] == pytest.approx(1e-5)
    assert np.abs(volts(codes, pre) - truth).max() <= 0.1 * 17 / 16 * 1.001


@BOTH
def test_text_has_a_header_of_the_older_family_alone(family: Family) -> None:
    with opened(family) as b:
        capture(b, 12_000 if family is DS else 10_000)
        b.tell(":WAVeform:MODE RAW;:WAVeform:FORMat ASC;:WAVeform:STARt 1;:WAVeform:STOP 100")
        text = b.ask(":WAVeform:DATA?")
    assert text.startswith("#9") is (family is DS)
    values = [float(value) for value in (text[11:] if family is DS else text).split(",")]
    assert len(values) == 100
    assert max(abs(value) for value in values) <= 0.1


@BOTH
def test_what_lies_beyond_the_converter_takes_the_outermost_codes(family: Family) -> None:
    with opened(family) as b:
        b.tell(":RUN;:CHANnel1:SCALe 1")
        b.tell(*(line.replace("SCALe 5;:CHANnel1:OFFSet -2", "SCALe 1;:CHANnel1:OFFSet 0") for line in SETUP))
        b.tell(":TRIGger:EDGE:LEVel 2;:STOP;:SINGle")
        b.world.advance(50e-3)
        b.pulses()
        b.world.advance(50e-3)
        b.tell(":WAVeform:MODE NORM;:WAVeform:FORMat BYTE")
        codes = b.block(":WAVeform:DATA?")
    assert {min(codes), max(codes)} == {0, 255}


@BOTH
def test_the_screen_as_a_picture(family: Family) -> None:
    with opened(family) as b:
        capture(b, 12_000 if family is DS else 10_000)
        png = b.block(":DISPlay:DATA? ON,0,PNG" if family is DS else ":DISPlay:DATA? PNG")
        bmp = b.block(":DISPlay:DATA?")
    one, other = Image.open(io.BytesIO(png)), Image.open(io.BytesIO(bmp))
    assert (one.format, other.format) == ("PNG", "BMP")
    assert np.array_equal(np.asarray(one), np.asarray(other))
    assert len(np.unique(np.asarray(one).reshape(-1, 3), axis=0)) == 3


@BOTH
def test_averages_take_as_many_triggers(family: Family) -> None:
    with opened(family, noise=0.5) as b:
        b.tell(*SETUP, ":ACQuire:TYPE AVERages;:ACQuire:AVERages 16;:STOP;:SINGle")
        b.world.advance(50e-3)
        b.pulses()
        b.world.advance(0.2)
        assert b.ask(":TRIGger:STATus?") in {"WAIT", "RUN", "TD"}
        b.world.advance(0.2)
        assert b.ask(":TRIGger:STATus?") == "STOP"
        b.tell(":WAVeform:MODE NORM")
        assert preamble(b)[3] == 16
        b.tell(":ACQuire:AVERages 3")
        assert b.ask(":SYSTem:ERRor?").startswith("-222")


WIRED = InstrumentConfig.model_validate({"protocol": "x", "inputs": {"1": "voltage"}, "memory": 1000})
HEADERS = sorted(RigolDho(name="scope", config=WIRED, world=World(WORLD), seed=0).commands())
ARGUMENTS = ["", "1", "-1", "0", "1E400", "NAN", "CHAN1", "CHANnel9", "AUTO", "10M", ".M", "1E-3", "NORM", "RAW", '"']


@given(
    st.lists(
        st.tuples(st.sampled_from(HEADERS), st.sampled_from(["", "2", "9"]), st.sampled_from(ARGUMENTS)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([RigolDs1000z, RigolDho]),
)
@settings(deadline=None, max_examples=60)
def test_no_message_breaks_the_instrument(units: list[tuple[str, str, str]], kind: Any) -> None:
    scope = kind(name="scope", config=WIRED, world=World(WORLD), seed=0)
    for header, suffix, argument in units:
        scope.execute(f"{header.replace('<n>', suffix).replace('[:MAIN]', '').replace('[:NEXT]', '')} {argument}")
    scope.execute("*CLS")
    assert scope.execute("*OPC?;:SYSTem:ERRor?") == [b"1", b'0,"No error"']
