"""Clients of others read known pulses from the virtual Rigol oscilloscopes of both families."""

from __future__ import annotations

import numpy as np
import pytest
import pyvisa
from labdevices.oscilloscope import OscilloscopeCouplingMode, OscilloscopeRunMode, OscilloscopeSweepMode
from pydho800.pydho800 import PYDHO800
from Rigol1000z import Rigol1000z
from Rigol1000z.constants import EWaveformMode

from rig.twin.devices.rigol_scope import RigolDho, RigolDs1000z
from tests.twin.scope_bench import ERRORS, bench

DS1104Z = "RIGOL TECHNOLOGIES,DS1104Z,DS1ZA171812345,00.04.04.SP3"
DHO804 = "RIGOL TECHNOLOGIES,DHO804,DHO8A241200001,00.01.02"
# Twenty-five codes of one byte to a division of 5 V.
STEP = 5 / 25


@pytest.mark.supports("rigol-ds1000z", "third-party client")
def test_rigol1000z_reads_the_memory_in_pieces() -> None:
    depth = 1_200_000
    with bench(RigolDs1000z, DS1104Z, hislip=True, **ERRORS) as b:
        manager = pyvisa.ResourceManager("@py")
        # The client asks a session that it is given without a termination, as one over USB or HiSLIP has none.
        with Rigol1000z(manager.open_resource(b.scope._hislip.address, timeout=30000)) as scope:
            scope.run()
            scope[1].probe_ratio = 10
            scope[1].scale_v = 5
            scope.timebase.scale = 1e-3
            scope.trigger.edge.trigger_level_v = 5
            scope.acquire.memory_depth = depth
            assert (scope[1].scale_v, scope.acquire.memory_depth) == (5.0, depth)
            # The client's OFF for OFFSet is no abbreviation that the guide knows, so the offset is set beside it.
            b.tell(
                ":CHANnel1:OFFSet -2;:TIMebase:OFFSet 2E-3;:TRIGger:EDGE:SOURce CHANnel1;:TRIGger:SWEep NORMal", ":STOP"
            )
            scope.set_single_shot()
            assert scope.ieee488.operation_complete
            b.world.advance(50e-3)
            b.pulses()
            b.world.advance(50e-3)
            times, (volts,) = scope.get_data((1,), EWaveformMode.Raw)
            begin, increment = scope.waveform.x_origin, scope.waveform.x_increment
        truth = b.truth(begin + np.arange(depth) * increment)
        assert b.ask(":SYSTem:ERRor?") == '0,"No error"'
    # The client counts its times from the first point on.
    assert times[1] == increment == 1e-8
    assert len(volts) == depth
    assert np.abs(volts - truth).max() <= STEP / 2 * 1.001
    assert volts.max() == pytest.approx(10.0, abs=0.3)


@pytest.mark.supports("rigol-dho", "third-party client")
def test_pydho800_reads_the_memory_as_text() -> None:
    with bench(RigolDho, DHO804, **ERRORS) as b, PYDHO800("127.0.0.1", b.scope._port.port, rawMode=True) as scope:
        assert scope.identify()["product"] == "DHO804"
        scope.set_channel_probe_ratio(0, 10)
        scope.set_channel_coupling(0, OscilloscopeCouplingMode.DC)
        # The client divides by the probe's ratio, and sets the step below that.
        scope.set_channel_scale(0, 60)
        scope.set_timebase_scale(1e-3)
        scope.set_memory_depth(scope.memory_depth_t.M_10K)
        scope.set_sweep_mode(OscilloscopeSweepMode.NORMAL)
        b.tell(":CHANnel1:OFFSet -2;:TRIGger:EDGE:SOURce CHANnel1;:TRIGger:EDGE:LEVel 5", ":STOP")
        scope.set_run_mode(OscilloscopeRunMode.SINGLE)
        assert scope.is_channel_enabled(0)
        b.world.advance(50e-3)
        b.pulses()
        b.world.advance(50e-3)
        assert scope.get_run_mode() is OscilloscopeRunMode.STOP
        read = scope.query_waveform(0)
        truth = b.truth(np.asarray(read["x"]))
        volts = np.asarray(read["y"])
        # Of all that the client says, only the ":WAV:POIN RAW" is no command of the twin's.
        assert b.ask(":SYSTem:ERRor?") == '-113,"Undefined header"'
        assert b.ask(":SYSTem:ERRor?") == '0,"No error"'
    assert len(volts) == 10_000
    # Twelve bits.
    assert np.abs(volts - truth).max() <= STEP / 32 * 1.001
    assert volts.max() == pytest.approx(10.0, abs=0.3)
