"""Rohde & Schwarz's own Python client reads known pulses from the virtual RTB and MXO."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from RsInstrument import BinFloatFormat, BinIntFormat, RsInstrument

from rig.twin.devices.rohde_schwarz_rtb import RohdeSchwarzRtb
from rig.twin.devices.rohde_schwarz_rto import RohdeSchwarzRto
from tests.twin.scope_bench import ERRORS, Bench, bench

RTB = "Rohde&Schwarz,RTB2004,1333.1005k04/103202,02.202"
MXO = "Rohde&Schwarz,MXO44,1335.5050k04/101234,2.4.2.1"
POINTS = 10_000
# Half a step of the converter's, V: of ten and of twelve bits at 5 V a division.
TEN_BITS, TWELVE_BITS = 5 / 25 / 4 / 2, 5 * 10 / 253 / 16 / 2
INTERFACES = pytest.mark.parametrize("hislip", [False, True], ids=["socket", "hislip"])


@contextmanager
def client(kind: Any, model: str, *, hislip: bool) -> Iterator[tuple[Bench, Any]]:
    """Open it as its makers' client does: identified, reset, and every command followed by the error queue."""
    with bench(kind, model, hislip=hislip, **ERRORS) as b:
        address = b.scope._hislip.address if hislip else b.session.resource_name
        scope = RsInstrument(address, reset=True, options="SelectVisa=pyvisa-py,VisaTimeout=30000,OpcTimeout=30000")
        try:
            yield b, scope
        finally:
            scope.close()


def capture(b: Bench, scope: Any) -> None:
    """Arm, let the pulses come, and wait as the client does."""
    scope.write("STOP")
    scope.write("SING")
    b.world.advance(30e-3)
    b.pulses()
    assert scope.query_opc(30000)


def times_of(scope: Any) -> npt.NDArray[np.float64]:
    begin, end, count, values = (float(field) for field in scope.query_str_list("CHAN1:DATA:HEAD?"))
    assert (count, values) == (POINTS, 1)
    return np.linspace(begin, end, POINTS)


@INTERFACES
@pytest.mark.supports("rohde-schwarz-rtb", "third-party client")
def test_rsinstrument_reads_the_rtb(hislip: bool) -> None:
    with client(RohdeSchwarzRtb, RTB, hislip=hislip) as (b, scope):
        assert scope.full_instrument_model_name == "RTB2004"
        scope.write_float("PROB1:SET:ATT:MAN", 10)
        scope.write("CHAN1:SCAL 5;OFFS 2;POS 1;COUP DCL")
        scope.write("TIM:SCAL 1E-3;POS 4E-3")
        scope.write_int("ACQ:POIN", POINTS)
        scope.write("TRIG:A:SOUR CH1;LEV1 5;EDGE:SLOP POS")
        scope.write("TRIG:A:MODE NORM")
        capture(b, scope)
        scope.write("CHAN1:DATA:POIN MAX")
        truth = b.truth(times_of(scope))

        scope.write("FORM REAL,32;:FORM:BORD LSBF")
        scope.bin_float_numbers_format = BinFloatFormat.Single_4bytes
        volts = np.asarray(scope.query_bin_or_ascii_float_list("CHAN1:DATA?"))
        assert np.abs(volts - truth).max() <= TEN_BITS * 1.001
        assert volts.max() == pytest.approx(10.0, abs=0.3)

        scope.write("FORM:BORD MSBF")
        scope.bin_float_numbers_format = BinFloatFormat.Single_4bytes_swapped
        assert np.array_equal(scope.query_bin_or_ascii_float_list("CHAN1:DATA?"), volts)
        scope.write("FORM ASC")
        assert np.allclose(scope.query_bin_or_ascii_float_list("CHAN1:DATA?"), volts, atol=1e-5)

        scope.write("FORM UINT,8")
        codes = np.frombuffer(scope.query_bin_block("CHAN1:DATA?"), np.uint8)
        seen = scope.query_float("CHAN1:DATA:YOR?") + codes * scope.query_float("CHAN1:DATA:YINC?")
        # Eight of the ten bits are handed over.
        assert np.abs(seen - volts).max() <= 4 * TEN_BITS * 1.001
        assert scope.query_all_errors() is None


@INTERFACES
@pytest.mark.supports("rohde-schwarz-rto", "third-party client")
def test_rsinstrument_reads_the_mxo(hislip: bool) -> None:
    with client(RohdeSchwarzRto, MXO, hislip=hislip) as (b, scope):
        assert scope.full_instrument_model_name == "MXO44"
        scope.write_float("PROB1:SET:ATT:MAN", 10)
        scope.write("CHAN1:SCAL 5;OFFS 2;POS 1")
        scope.write("TIM:SCAL 1E-3;HOR:POS 4E-3")
        scope.write_int("ACQ:POIN", POINTS)
        scope.write("TRIG:EVEN1:SOUR C1;LEV1 5;EDGE:SLOP POS")
        scope.write("TRIG:MODE NORM")
        capture(b, scope)
        truth = b.truth(times_of(scope))

        scope.write("FORM REAL,32;:FORM:BORD LSBF")
        scope.bin_float_numbers_format = BinFloatFormat.Single_4bytes
        volts = np.asarray(scope.query_bin_or_ascii_float_list("CHAN1:DATA:VAL?"))
        assert np.abs(volts - truth).max() <= TWELVE_BITS * 1.001
        assert volts.max() == pytest.approx(10.0, abs=0.3)
        parts = [scope.query_bin_or_ascii_float_list(f"CHAN1:DATA? {first},4000") for first in range(0, POINTS, 4000)]
        assert np.array_equal(np.concatenate(parts), volts)

        scope.write("FORM ASC")
        assert np.allclose(scope.query_bin_or_ascii_float_list("CHAN1:DATA?"), volts, atol=1e-5)
        scope.write("FORM INT,16")
        scope.bin_int_numbers_format = BinIntFormat.Integer16_2bytes
        codes = np.asarray(scope.query_bin_or_ascii_int_list("CHAN1:DATA?"))
        # By the manual's formula: 253 codes of one byte are ten divisions; offset and position are its middle.
        assert np.allclose(codes * 5 * 10 / 253 / 256 + 2 - 1 * 5, volts, atol=1e-5)
        assert scope.query_all_errors() is None
