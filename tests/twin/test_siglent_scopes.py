"""The virtual Siglent oscilloscopes over real sockets: both dialects, and clients of others that read known truth."""

from __future__ import annotations

import struct
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from pymeasure.instruments.lecroy import LeCroyT3DSO1204
from pymeasure.instruments.siglenttechnologies.siglent_sds1000xhd import SDS1000XHD

from rig.twin.devices.siglent_descriptor import LENGTH, TIME_SCALES
from rig.twin.devices.siglent_sds1000xe import SiglentSds1000xe
from rig.twin.devices.siglent_sds1000xe_settings import quantity, step_down
from rig.twin.devices.siglent_sdshd import SiglentSdsHd
from tests.twin.scope_bench import ERRORS, Bench, bench

XE = "Siglent Technologies,SDS1104X-E,SDSMMEBX1R1234,7.6.1.25R2"
HD = "Siglent Technologies,SDS824X HD,SDS08A0C7R0001,3.8.12.1.1.3.8"
# Twenty-five codes a division, at 5 V.
LSB = 5 / 25


def older(*faults: dict[str, Any], **config: Any) -> AbstractContextManager[Bench]:
    return bench(SiglentSds1000xe, XE, *faults, **config)


def newer(*faults: dict[str, Any], **config: Any) -> AbstractContextManager[Bench]:
    return bench(SiglentSdsHd, HD, *faults, **config)


def address_of(b: Bench) -> str:
    return f"TCPIP::127.0.0.1::{b.scope._port.port}::SOCKET"


def older_setup(b: Bench) -> None:
    b.tell("CHDR OFF", "C1:ATTN 10;C1:VDIV 5V;C1:OFST -2V", "TDIV 1MS;TRDL 5MS;MSIZ 14K", "BWL C1,OFF")
    b.tell("TRSE EDGE,SR,C1,HT,OFF;C1:TRSL POS;C1:TRLV 5V", "STOP")


def older_capture(b: Bench) -> None:
    older_setup(b)
    b.ask("INR?")
    b.tell("ARM")
    b.world.advance(30e-3)
    b.pulses()
    b.world.advance(50e-3)


def older_bytes(b: Bench, query: str) -> bytes:
    b.session.write(query)
    data = bytes(b.session.read_bytes(16))
    assert data.startswith(b"DAT2,#9")
    return bytes(b.session.read_bytes(int(data[7:]) + 2))


@pytest.mark.supports("siglent-sds1000xe", "twin", "deep memory")
def test_older_record_in_pieces_shows_the_world() -> None:
    with older(**ERRORS) as b:
        older_capture(b)
        assert b.ask("SARA?") == "1.00E+06"
        assert b.ask("SANU? C1") == "1.40E+04"
        whole = older_bytes(b, "C1:WF? DAT2")
        assert whole[-2:] == b"\n\n"
        codes = np.frombuffer(whole[:-2], dtype="i1")
        pieces = b""
        for first in range(0, 14_000, 6000):
            b.tell(f"WFSU SP,1,NP,6000,FP,{first}")
            pieces += older_bytes(b, "C1:WF? DAT2")[:-2]
        assert pieces == whole[:-2]
        times = 5e-3 - 7e-3 + np.arange(14_000) * 1e-6
        assert np.abs(codes * LSB + 2 - b.truth(times)).max() <= 0.501 * LSB
        assert (codes * LSB + 2).max() == pytest.approx(10.0, abs=0.3)


@pytest.mark.supports("siglent-sds1000xe", "twin")
def test_worked_example_of_the_older_guide() -> None:
    """0.5 V a division, an offset of −0.5 V, and the byte 2: that is 0.54 V."""
    with older() as b:
        b.tell("CHDR OFF", "C1:ATTN 1", "C1:VDIV 500MV", "C1:OFST -500MV")
        assert (float(b.ask("C1:VDIV?")), float(b.ask("C1:OFST?"))) == (0.5, -0.5)
        one = b.scope.settings.shot.inputs[1]
        assert one.offset + 2 * one.full_scale / 256 == pytest.approx(0.54)


def test_older_replies_have_as_much_header_as_asked_for() -> None:
    with older() as b:
        assert b.ask("*IDN?") == f"*IDN {XE}"
        b.tell("C1:ATTN 1;C1:VDIV 500MV")
        assert b.ask("C1:VDIV?") == "C1:VDIV 5.00E-01V"
        b.tell("CHDR LONG")
        assert b.ask("C1:VDIV?") == "C1:VOLT_DIV 5.00E-01V"
        b.tell("CHDR OFF")
        assert b.ask("C1:VDIV?") == "5.00E-01"
        assert b.ask("*IDN?") == XE


@pytest.mark.supports("siglent-sds1000xe", "twin", "race")
def test_older_state_is_stale_after_arming_and_what_changed_is_told_once() -> None:
    with older() as b:
        b.scope.arming_latency = 50e-3
        older_setup(b)
        b.ask("INR?")
        b.tell("ARM")
        assert b.ask("SAST?") == "Stop"
        assert b.ask("INR?") == "0"
        b.world.advance(60e-3)
        assert b.ask("SAST?") == "Ready"
        assert b.ask("INR?") == "8192"
        assert b.ask("INR?") == "0"
        assert b.ask("TRMD?") == "SINGLE"
        b.pulses()
        b.world.advance(50e-3)
        assert b.ask("SAST?") == "Stop"
        assert b.ask("INR?") == "1"
        assert b.ask("INR?") == "0"
        assert b.ask("TRMD?") == "STOP"


def test_older_unknown_things_are_passed_over_in_silence() -> None:
    with older() as b:
        b.tell("C1:VDIV 300V;NONSENSE 3;C1:CPL X")
        b.tell("CHDR OFF")
        # There is no error queue to ask; what was out of range has taken the nearest end.
        assert float(b.ask("C1:VDIV?")) == 100.0
        b.session.timeout = 300
        with pytest.raises(Exception, match="Timeout"):
            b.ask("SYSTem:ERRor?")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1MS", 1e-3), ("500US", 5e-4), ("2V", 2.0), ("5.00E-01V", 0.5), ("2E-9", 2e-9), ("1NS", 1e-9), ("-3MV", -3e-3)],
)
def test_quantities_with_units(text: str, value: float) -> None:
    assert quantity(text) == pytest.approx(value)


@pytest.mark.parametrize(("value", "step"), [(1e-3, 1e-3), (4.9e-3, 2e-3), (5e-3, 5e-3), (9.99, 5.0), (1e6, 1e6)])
def test_what_is_between_two_steps_takes_the_lower(value: float, step: float) -> None:
    assert step_down(value) == pytest.approx(step)


@pytest.mark.supports("siglent-sds1000xe", "third-party client")
@pytest.mark.filterwarnings("ignore:It is not known whether this device support:FutureWarning")
def test_lecroys_driver_reads_the_older_dialect() -> None:
    with older() as b:
        older_capture(b)
        b.tell("CHDR SHORT")
        scope = LeCroyT3DSO1204(address_of(b), visa_library="@py", read_termination="\n", write_termination="\n")
        scope.WRITE_INTERVAL_S = 0
        try:
            volts, times, preamble = scope.download_waveform("C1", requested_points=4000, sparsing=1)
            assert preamble["sampling_rate"] == 1e6
            assert preamble["ydiv"] == 5.0
            # The client takes the middle of the screen for the trigger, whatever the delay is.
            truth = b.truth(np.asarray(times, dtype=np.float64) + 5e-3)
            assert len(volts) == 4000
            assert np.abs(volts - truth).max() <= 0.501 * LSB
            assert volts.max() == pytest.approx(10.0, abs=0.3)
        finally:
            scope.adapter.close()
            scope.adapter.manager.close()


# --- the newer dialect ----------------------------------------------------------------------------------------------


def newer_setup(b: Bench) -> None:
    b.tell(":CHANnel1:PROBe VALue,10", ":CHANnel1:SCALe 5", ":CHANnel1:OFFSet -2", ":ACQuire:MDEPth 10k")
    b.tell(":TIMebase:SCALe 1E-3", ":TIMebase:DELay 3E-3", ":TRIGger:EDGE:SOURce C1", ":TRIGger:EDGE:SLOPe RISing")
    b.tell(":TRIGger:EDGE:LEVel 5", ":TRIGger:STOP")


def newer_capture(b: Bench) -> None:
    newer_setup(b)
    b.tell(":TRIGger:MODE SINGle")
    b.world.advance(30e-3)
    b.pulses()
    b.world.advance(50e-3)


def newer_block(b: Bench, query: str) -> bytes:
    b.session.write(query)
    head = bytes(b.session.read_bytes(2))
    size = int(b.session.read_bytes(int(head[1:])))
    data = bytes(b.session.read_bytes(size))
    assert b.session.read_bytes(2) == b"\n\n"
    return data


@pytest.mark.supports("siglent-sdshd", "twin", "deep memory")
@pytest.mark.parametrize("word", [False, True])
def test_newer_record_in_pieces_by_its_descriptor(*, word: bool) -> None:
    with newer(**ERRORS) as b:
        newer_capture(b)
        b.tell(f":WAVeform:WIDTh {'WORD' if word else 'BYTE'}", ":WAVeform:SOURce C1")
        about = newer_block(b, ":WAVeform:PREamble?")
        assert (len(about), about[:8]) == (LENGTH, b"WAVEDESC")
        gain, offset, per_division = struct.unpack_from("<fff", about, 156)
        (points,), (bits,) = struct.unpack_from("<I", about, 116), struct.unpack_from("<H", about, 172)
        interval, delay = struct.unpack_from("<fd", about, 176)
        (probe,), (index,) = struct.unpack_from("<f", about, 328), struct.unpack_from("<H", about, 324)
        assert (points, bits, TIME_SCALES[index], delay) == (10_000, 12, 1e-3, 3e-3)
        data = b""
        for first in range(0, points, 4000):
            b.tell(f":WAVeform:STARt {first}", ":WAVeform:POINt 4000")
            data += newer_block(b, ":WAVeform:DATA?")
        codes = np.frombuffer(data, dtype="<i2" if word else "i1")
        assert len(codes) == points
        volts = codes / per_division * gain * probe - offset * probe
        times = delay - 5e-3 + np.arange(points) * interval
        lsb = 5 / 30 / (16 if word else 1)
        assert np.abs(volts - b.truth(times)).max() <= lsb


def test_newer_reply_is_never_longer_than_said() -> None:
    with newer() as b:
        newer_capture(b)
        b.scope.most_points = 3000
        assert b.ask(":WAVeform:MAXPoint?") == "3000"
        b.tell(":WAVeform:POINt 0")
        assert len(newer_block(b, ":WAVeform:DATA?")) == 3000


@pytest.mark.supports("siglent-sdshd", "twin", "race")
def test_newer_state_is_stale_after_arming() -> None:
    with newer() as b:
        b.scope.arming_latency = 50e-3
        newer_setup(b)
        b.tell(":TRIGger:MODE SINGle")
        assert b.ask(":TRIGger:STATus?") == "Stop"
        b.world.advance(60e-3)
        assert b.ask(":TRIGger:STATus?") == "Ready"
        b.tell(":TRIGger:MODE FTRIG")
        assert b.ask(":TRIGger:STATus?") == "Trig'd"
        b.world.advance(20e-3)
        assert b.ask(":TRIGger:STATus?") == "Stop"


def test_newer_clipped_samples_and_a_cut_block() -> None:
    with newer({"kind": "truncated_block", "after": 1}) as b:
        newer_setup(b)
        b.tell(":CHANnel1:SCALe 1", ":CHANnel1:OFFSet 0", ":TRIGger:EDGE:LEVel 2", ":TRIGger:MODE SINGle")
        b.world.advance(30e-3)
        b.pulses()
        b.world.advance(50e-3)
        b.tell(":WAVeform:WIDTh WORD")
        codes = np.frombuffer(newer_block(b, ":WAVeform:DATA?"), dtype="<i2")
        assert (codes.min(), codes.max()) == (-32768, 32752)
        b.session.timeout = 300
        with pytest.raises(Exception, match="Timeout"):
            newer_block(b, ":WAVeform:DATA?")


@pytest.mark.supports("siglent-sdshd", "third-party client")
@pytest.mark.filterwarnings("ignore:It is not known whether this device support:FutureWarning")
def test_pymeasure_reads_the_newer_dialect() -> None:
    """With a probe of 1: clients do not agree whether its factor belongs to the numbers that they read."""
    with newer() as b:
        b.session.close()
        scope = SDS1000XHD(address_of(b), visa_library="@py", read_termination="\n", write_termination="\n")
        try:
            scope.write(":CHANnel1:PROBe VALue,1")
            scope.channel_1.scale = 0.5
            scope.channel_1.offset = 0.25
            assert scope.channel_1.scale == 0.5
            preamble = scope.wf_C1.preamble
            assert (preamble["vdiv"], preamble["voffset"], preamble["probe"]) == (0.5, 0.25, 1.0)
            assert preamble["vcode_per"] == 30.0
        finally:
            scope.adapter.close()
            scope.adapter.manager.close()
