"""Clients of others read known pulses from the virtual Tektronix oscilloscopes of both generations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pyvisa
from pyMSO4.acquisition import MSO4Acquisition
from pyMSO4.channel import MSO4AnalogChannel
from pyMSO4.triggers import MSO4EdgeTrigger
from Tektronix_TBS2000B_control.oscilloscope_control import Oscilloscope

from rig.twin.devices.tektronix_dpo import TektronixDpo
from rig.twin.devices.tektronix_mso import TektronixMso
from tests.twin.scope_bench import ERRORS, TRAIN, bench

MSO44 = "TEKTRONIX,MSO44,C012345,CF:91.1CT FV:1.99.11.1268"
TBS2104B = "TEKTRONIX,TBS2104B,C010101,CF:91.1CT FV:v1.30"
# Twenty-five codes of one byte to a division of 5 V.
STEP = 5 / 25


@pytest.mark.supports("tektronix-mso", "third-party client")
@pytest.mark.parametrize(("octets", "form", "order"), [(2, "ri", "lsb"), (2, "rp", "msb"), (1, "ri", "msb")])
def test_pymso4_sets_up_and_reads(octets: int, form: str, order: str) -> None:
    with bench(TektronixMso, MSO44, hislip=True, **ERRORS) as b:
        manager = pyvisa.ResourceManager("@py")
        session: Any = manager.open_resource(b.scope._hislip.address, timeout=30000)
        try:
            # The client's own way to connect knows VXI-11 alone; its parts take any session.
            session.write("HEADer OFF")
            channel = MSO4AnalogChannel(session, 1)
            channel.enable = True
            channel.scale, channel.position = 5, -1
            acquisition = MSO4Acquisition(session, 4)
            acquisition.horiz_mode = "manual"
            acquisition.horiz_sample_rate = 6.25e6
            acquisition.horiz_record_length = 62_500
            acquisition.horiz_pos = 20
            trigger = MSO4EdgeTrigger(session, 4)
            trigger.source, trigger.level, trigger.edge_slope, trigger.mode = "ch1", 5, "rise", "normal"
            acquisition.stop_after = "sequence"
            assert (channel.enable, channel.scale, channel.position) == (True, 5.0, -1.0)
            assert (trigger.level, acquisition.horiz_record_length) == (5.0, 62_500)

            session.write("ACQuire:STATE ON")
            b.world.advance(50e-3)
            b.pulses()
            assert session.query("*OPC?").strip() == "1"
            acquisition.wfm_src = ["ch1"]
            acquisition.wfm_start, acquisition.wfm_stop = 1, acquisition.horiz_record_length
            acquisition.wfm_encoding = "binary"
            acquisition.wfm_binary_format, acquisition.wfm_byte_nr, acquisition.wfm_byte_order = form, octets, order
            acquisition.clear_caches()
            assert (acquisition.wfm_encoding, acquisition.wfm_byte_nr) == ("bin", octets)
            codes = session.query_binary_values(
                "CURVE?",
                datatype=acquisition.get_datatype(),
                is_big_endian=acquisition.is_big_endian,
                container=np.array,
            )
            assert len(codes) == acquisition.wfm_len == 62_500
            fields = ("XINcr", "XZEro", "PT_Off", "YMUlt", "YOFf", "YZEro")
            increment, start, point, step, middle, zero = (float(session.query(f"WFMOutpre:{one}?")) for one in fields)
            truth = b.truth(start + increment * (np.arange(62_500) - point))
            volts = (codes.astype(np.float64) - middle) * step + zero
            assert session.query("*ESR?;:ALLEv?").strip() == '0;0,"No events to report - queue empty"'
        finally:
            session.close()
            manager.close()
    # What has twelve bits is rounded once more to eight.
    within = STEP / 32 if octets == 2 else STEP / 2 * 17 / 16
    assert np.abs(volts - truth).max() <= within * 1.001
    assert volts.max() == pytest.approx(10.0, abs=0.3)


@pytest.mark.supports("tektronix-dpo", "third-party client")
def test_a_laboratorys_client_of_the_tbs2000b_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYVISA_LIBRARY", "@py")
    with bench(TektronixDpo, TBS2104B, hislip=True, **ERRORS) as b:
        b.tell("HEADer OFF;:SELect:CH1 ON;:CH1:SCAle 5;:CH1:POSition -1;:CH1:OFFSet 1;:CH1:COUPling DC")
        b.tell("HORizontal:RECOrdlength 100000;:HORizontal:SCAle 1E-3;:HORizontal:POSition 20")
        b.tell("TRIGger:A:EDGE:SOUrce CH1;:TRIGger:A:LEVel 5;:TRIGger:A:MODe NORMal")
        client = Oscilloscope(b.scope._hislip.address)
        try:
            client.inst.timeout = 30000
            b.world.begin(TRAIN, latency=50e-3)
            times, volts = client.Sampling("CH1", 100_000)
        finally:
            client.Close()
        truth = b.truth(times["CH1"])
    assert len(volts["CH1"]) == 100_000
    assert np.abs(volts["CH1"] - truth).max() <= STEP / 2 * 1.001
    assert volts["CH1"].max() == pytest.approx(10.0, abs=0.3)
