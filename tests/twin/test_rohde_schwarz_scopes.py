"""The virtual Rohde & Schwarz oscilloscopes over sockets: the manuals' vectors, and records that show the world."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rig.twin.devices.rohde_schwarz_rtb import RohdeSchwarzRtb
from rig.twin.devices.rohde_schwarz_rto import RohdeSchwarzRto
from tests.twin.scope_bench import ERRORS, Bench, bench

RTB = "Rohde&Schwarz,RTB2004,1333.1005k04/103202,02.202"
MXO = "Rohde&Schwarz,MXO44,1335.5050k04/101234,2.4.2.1"


def rtb(*faults: dict[str, Any], **config: Any) -> AbstractContextManager[Bench]:
    return bench(RohdeSchwarzRtb, RTB, *faults, **config)


def mxo(*faults: dict[str, Any], **config: Any) -> AbstractContextManager[Bench]:
    return bench(RohdeSchwarzRto, MXO, *faults, **config)


def rtb_setup(b: Bench) -> None:
    b.tell("PROB1:SET:ATT:MAN 10;:CHAN1:SCAL 5;:CHAN1:OFFS 2;:CHAN1:POS 1;:CHAN1:COUP DCL", "TIM:SCAL 1E-3;POS 4E-3")
    b.tell("ACQ:POIN 10000", "TRIG:A:SOUR CH1;LEV1 5;EDGE:SLOP POS", "TRIG:A:MODE NORM", "STOP", "FORM:BORD LSBF")


def mxo_setup(b: Bench) -> None:
    b.tell("PROB1:SET:ATT:MAN 10;:CHAN1:SCAL 5;:CHAN1:OFFS 2;:CHAN1:POS 1", "TIM:SCAL 1E-3;HOR:POS 4E-3")
    b.tell("ACQ:POIN 10000", "TRIG:EVEN1:SOUR C1;LEV1 5;EDGE:SLOP POS", "TRIG:MODE NORM", "STOP", "FORM:BORD LSBF")


def single(b: Bench) -> None:
    b.session.write("SING")
    b.world.advance(30e-3)
    b.pulses()
    assert b.ask("*OPC?") == "1"


def codes_of(data: bytes, kind: str) -> npt.NDArray[Any]:
    return np.frombuffer(data, dtype={"8": "u1", "16": "<u2", "32": "<f4"}[kind.split(",")[1]]).astype(np.float64)


@pytest.mark.supports("rohde-schwarz-rtb", "twin", "deep memory")
@pytest.mark.parametrize("kind", ["UINT,8", "UINT,16", "REAL,32"])
def test_rtb_record_shows_the_world(kind: str) -> None:
    with rtb(**ERRORS) as b:
        rtb_setup(b)
        single(b)
        b.tell("CHAN1:DATA:POIN MAX", f"FORM {kind}")
        begin, end, count, one = (float(field) for field in b.ask("CHAN1:DATA:HEAD?").split(","))
        values = codes_of(b.block("CHAN1:DATA?"), kind)
        assert (len(values), count, one) == (10_000, 10_000, 1)
        if kind != "REAL,32":
            values = float(b.ask("CHAN1:DATA:YOR?")) + float(b.ask("CHAN1:DATA:YINC?")) * values
        step = float(b.ask("CHAN1:DATA:XINC?"))
        assert begin == pytest.approx(float(b.ask("CHAN1:DATA:XOR?")))
        assert end == pytest.approx(begin + 9999 * step)
        assert begin == pytest.approx(4e-3 - 6e-3)
        within = 0.2 if kind == "UINT,8" else 0.0251
        assert np.abs(values - b.truth(begin + np.arange(10_000) * step)).max() <= within
        assert b.ask("SYST:ERR?") == '0,"No error"'


@pytest.mark.supports("rohde-schwarz-rtb", "twin")
def test_rtb_worked_vector_of_the_manual() -> None:
    """5 mV a division: 0.2 mV a code of one byte, from −25.5 mV on; code 128 is 0.1 mV, in sixteen bits 32768."""
    with rtb() as b:
        b.tell("PROB1:SET:ATT:MAN 1;:CHAN1:SCAL 5E-3;:CHAN1:OFFS 0;:CHAN1:POS 0", "STOP", "FORM UINT,8")
        origin, step = float(b.ask("CHAN1:DATA:YOR?")), float(b.ask("CHAN1:DATA:YINC?"))
        assert origin == pytest.approx(-2.549999943e-2, rel=1e-7)
        assert step == pytest.approx(1.999999949e-4, rel=1e-7)
        assert origin + 128 * step == pytest.approx(1e-4, rel=1e-5)
        b.tell("FORM UINT,16")
        step = float(b.ask("CHAN1:DATA:YINC?"))
        assert step == pytest.approx(7.812499803e-7, rel=1e-7)
        assert origin + 32768 * step == pytest.approx(1e-4, rel=1e-5)


@pytest.mark.supports("rohde-schwarz-rtb", "twin", "race")
def test_rtb_state_is_stale_after_arming() -> None:
    with rtb() as b:
        b.scope.arming_latency = 50e-3
        rtb_setup(b)
        assert b.ask("ACQ:STAT?") == "STOP"
        b.tell("SING")
        assert b.ask("ACQ:STAT?") == "STOP"
        b.world.advance(60e-3)
        assert b.ask("ACQ:STAT?") == "RUN"
        b.pulses()
        b.world.advance(50e-3)
        assert b.ask("ACQ:STAT?") == "COMP"
        b.tell("SING")
        assert b.ask("ACQ:STAT?") == "COMP"
        b.tell("ACQ:STAT BRE")
        assert b.ask("ACQ:STAT?") == "STOP"


def test_rtb_memory_is_read_while_it_stands_still_alone() -> None:
    with rtb() as b:
        rtb_setup(b)
        single(b)
        b.tell("CHAN1:DATA:POIN DEF", "FORM UINT,8")
        assert len(b.block("CHAN1:DATA?")) == 10_000 // 9
        b.tell("CHAN1:DATA:POIN MAX", "RUN")
        b.session.write("CHAN1:DATA?")
        assert b.ask("SYST:ERR:ALL?") == '-221,"Settings conflict"'


def test_rtb_range_that_it_does_not_have_is_an_error() -> None:
    with rtb() as b:
        b.tell("PROB1:SET:ATT:MAN 1", "CHAN1:SCAL 20")
        assert float(b.ask("CHAN1:SCAL?")) == 1.0
        assert b.ask("SYST:ERR?") == '-222,"Data out of range"'


@pytest.mark.supports("rohde-schwarz-rtb", "twin", "clip detection", "screenshot")
def test_rtb_rails_and_screen() -> None:
    with rtb() as b:
        rtb_setup(b)
        b.tell("CHAN1:SCAL 1;OFFS 0;POS 0", "TRIG:A:LEV1 2")
        single(b)
        b.tell("CHAN1:DATA:POIN MAX", "FORM UINT,16")
        codes = codes_of(b.block("CHAN1:DATA?"), "UINT,16")
        assert (codes.min(), codes.max()) == (0, 65535)
        b.tell("HCOP:LANG PNG")
        assert b.block("HCOP:DATA?").startswith(b"\x89PNG")


@pytest.mark.supports("rohde-schwarz-rto", "twin", "deep memory")
@pytest.mark.parametrize("kind", ["INT,8", "INT,16", "REAL,32"])
def test_mxo_record_in_parts_shows_the_world(kind: str) -> None:
    with mxo(**ERRORS) as b:
        mxo_setup(b)
        single(b)
        b.tell(f"FORM:DATA {kind}", "EXP:WAV:INCX OFF")
        begin, _, count, _ = (float(field) for field in b.ask("CHAN1:DATA:HEAD?").split(","))
        data = b.block("CHAN1:DATA?")
        parts = b"".join(b.block(f"CHAN1:DATA:VAL? {first},4000") for first in range(0, 10_000, 4000))
        assert parts == data
        form = {"INT,8": "i1", "INT,16": "<i2", "REAL,32": "<f4"}[kind]
        values = np.frombuffer(data, dtype=form).astype(np.float64)
        assert len(values) == count == 10_000
        if kind != "REAL,32":
            values = values * (5 * 10 / 253 / (256 if kind == "INT,16" else 1)) + (2 - 1 * 5)
        times = begin + np.arange(10_000) * 1e-6
        assert begin == pytest.approx(4e-3 - 5e-3)
        assert np.abs(values - b.truth(times)).max() <= (0.21 if kind == "INT,8" else 0.0125)


@pytest.mark.supports("rohde-schwarz-rto", "twin", "race")
def test_mxo_count_is_that_of_before_right_after_arming() -> None:
    with mxo() as b:
        b.scope.arming_latency = 50e-3
        mxo_setup(b)
        single(b)
        assert b.ask("ACQ:CURR?") == "1"
        b.tell("SING")
        assert b.ask("ACQ:CURR?") == "1"
        assert b.ask("STAT:OPER:COND?") == "0"
        b.world.advance(60e-3)
        assert b.ask("ACQ:CURR?") == "0"
        assert int(b.ask("STAT:OPER:COND?")) & 8
        b.tell("TRIG:FORC")
        assert not int(b.ask("STAT:OPER:COND?")) & 8
        assert b.ask("*OPC?") == "1"
        assert b.ask("ACQ:CURR?") == "1"


@pytest.mark.supports("rohde-schwarz-rto", "twin", "clip detection")
def test_mxo_overload_and_both_manners_of_its_trigger() -> None:
    with mxo() as b:
        mxo_setup(b)
        b.tell("CHAN1:SCAL 1;OFFS 0;POS 0", "TRIG1:SOUR CHAN1;LEV1 2;EDGE:SLOP EITH", "TRIG1:MODE NORM")
        assert (b.ask("TRIG:EVEN1:EDGE:SLOP?"), float(b.ask("TRIG1:LEV1?"))) == ("EITH", 2.0)
        single(b)
        assert b.ask("CHAN1:OVER?") == "1"
        b.tell("FORM INT,16")
        codes = np.frombuffer(b.block("CHAN1:DATA?"), dtype="<i2")
        assert (codes.min(), codes.max()) == (-32768, 32767)


@pytest.mark.parametrize("make", [rtb, mxo])
def test_waiting_for_a_trigger_that_stays_away_ends_without_an_answer(make: Any) -> None:
    with make({"kind": "no_trigger"}) as b:
        rtb_setup(b) if make is rtb else mxo_setup(b)
        b.tell("SING")
        b.session.timeout = 300
        with pytest.raises(Exception, match="Timeout"):
            b.ask("*OPC?")


def test_worked_vector_of_the_rth() -> None:
    """0.05 V a division, an offset of 0.1 V, a position of one division: code −61 lies a little below 0.05 V."""
    with mxo() as b:
        settings = b.scope.settings
        one = replace(settings.channels[1], scale=0.05, offset=0.1, position=1.0)
        assert settings.with_channel(1, one).middle(1) == pytest.approx(0.05)
