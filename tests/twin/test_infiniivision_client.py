"""An oscilloscope driver written by others, PyMeasure's, reads a known pulse from the virtual oscilloscope."""

from __future__ import annotations

import numpy as np
import pytest
from pymeasure.instruments.keysight import KeysightDSOX1102G

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.infiniivision import Infiniivision
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

WORLD = TwinConfig.model_validate({
    "seed": 11,
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
})


@pytest.mark.supports("keysight-infiniivision", "twin", "third-party client")
@pytest.mark.filterwarnings("ignore:It is not known whether this device support:FutureWarning")
def test_pymeasure_sets_up_triggers_and_downloads() -> None:
    world = World(WORLD)
    world.switch(frozenset({101}))
    config = InstrumentConfig.model_validate({"protocol": "infiniivision", "inputs": {"1": "voltage"}})
    twin = Infiniivision(name="scope", config=config, world=world, seed=11)
    (address,) = twin.start()
    scope = KeysightDSOX1102G(address, visa_library="@py", read_termination="\n", write_termination="\n")
    try:
        scope.factory_reset()
        scope.ch1.setup(probe_attenuation=10, vertical_range=40, offset=0, bwlimit=False)
        scope.timebase_setup(mode="main", horizontal_range=1e-3, offset=0)
        scope.write(":TRIGger:EDGE:LEVel 5,CHANnel1")
        assert scope.ch1.current_configuration["RANG"] == 40.0
        assert scope.timebase == {"REF": "CENT", "MAIN:RANG": 1e-3, "POS": 0.0, "MODE": "MAIN"}

        world.begin(Train(points=(Point(current=20e-3, duration=300e-6),), period=0.05, count=4), latency=20e-3)
        scope.digitize("channel1")
        scope.waveform_format = "word"
        volts, preamble = scope.download_data("channel1", points=50000)
        record = twin._acquisition.record
        assert record is not None
        assert (preamble["points"], preamble["xincrement"]) == (50000, 2e-8)
        times = record.trigger + preamble["xorigin"] + np.arange(50000) * preamble["xincrement"]
        truth = world.signal("voltage", times[0] - 1e-3, times[-1] + 1e-3).sample(times)
        assert np.abs(volts - truth).max() <= 40 / 199 / 2 * 1.001
        assert volts.max() == pytest.approx(10.0, abs=0.2)
        assert scope.ask(":SYSTem:ERRor?").strip() == '+0,"No error"'
    finally:
        scope.adapter.close()
        scope.adapter.manager.close()
        twin.stop()
