"""The virtual HMP and SPD supplies: clients written by others, and the manuals' own dialogues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rig.twin.config import TwinConfig
from rig.twin.devices.rohde_schwarz_hmp import RohdeSchwarzHmp
from rig.twin.devices.siglent_spd import SiglentSpd
from rig.twin.server import VirtualBench, serve
from rig.twin.world import World

DEVICE = {
    "identity": {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"},
    "supply": {"voltage": 12.0, "minimum": 10.0, "idle_current": 0.1},
}
HMP = {"manufacturer": "ROHDE&SCHWARZ", "model": "HMP4040", "serial": "110123", "firmware": "HW50020001/SW2.62"}
SPD = {"manufacturer": "Siglent Technologies", "model": "SPD3303X", "serial": "SPD00001130025"}
SPD |= {"firmware": "1.01.01.01.02,V3.0"}
Supply = RohdeSchwarzHmp | SiglentSpd


def bench(protocol: str, identity: dict[str, str] | None, powers: int = 1, **more: Any) -> TwinConfig:
    instrument = {"protocol": protocol, "powers": powers, "identity": identity, **more}
    return TwinConfig.model_validate({"seed": 3, "device": DEVICE, "instruments": {"supply": instrument}})


def made(config: TwinConfig) -> tuple[World, Supply]:
    world = World(config)
    kinds: dict[str, type[Supply]] = {"rohde-schwarz-hmp": RohdeSchwarzHmp, "siglent-spd": SiglentSpd}
    section = config.instruments["supply"]
    return world, kinds[section.protocol](name="supply", config=section, world=world, seed=config.seed)


def hmp(model: str = "HMP4040", powers: int = 1) -> tuple[World, Supply]:
    return made(bench("rohde-schwarz-hmp", {**HMP, "model": model}, powers))


def spd(model: str = "SPD3303X", powers: int = 1) -> tuple[World, Supply]:
    return made(bench("siglent-spd", {**SPD, "model": model}, powers))


def said(twin: Supply, message: str) -> str:
    return b";".join(twin.execute(message)).decode()


def awake(world: World) -> bool:
    world.advance(0.51)
    return world.awake


@contextmanager
def client_of(kind: Any, config: TwinConfig, **more: Any) -> Iterator[tuple[VirtualBench, Any]]:
    with serve(config) as virtual:
        supply = kind(virtual.listening[0].address, visa_library="@py", **more)
        try:
            yield virtual, supply
        finally:
            supply.adapter.close()
            supply.adapter.manager.close()


# --- Rohde & Schwarz --------------------------------------------------------------------------------------------------


@pytest.mark.supports("rohde-schwarz-hmp", "twin")
@pytest.mark.supports("rohde-schwarz-hmp", "third-party client")
def test_pymeasure_powers_the_device_with_an_hmp() -> None:
    from pymeasure.instruments.rohdeschwarz.hmp import HMP4040  # noqa: PLC0415 - its adapters are slow to load

    ends = {"read_termination": "\n", "write_termination": "\n"}
    with client_of(HMP4040, bench("rohde-schwarz-hmp", HMP, powers=2), **ends) as (virtual, supply):
        assert supply.id == "ROHDE&SCHWARZ,HMP4040,110123,HW50020001/SW2.62"
        assert float(supply.version) == 1999.0
        supply.control_method = "REM"
        supply.selected_channel = 2
        assert supply.selected_channel == 2
        supply.voltage_and_current = (12.0, 0.5)
        assert supply.voltage_and_current == [12.0, 0.5]
        assert (supply.min_voltage, supply.max_voltage, supply.max_current) == (0.0, 32.05, 10.01)
        supply.voltage_step = 0.5
        supply.step_voltage_up()
        assert supply.voltage == 12.5
        supply.step_voltage_down()
        supply.selected_channel_active = True
        assert supply.selected_channel_active
        assert not awake(virtual.world)  # the main switch is off
        supply.output_enabled = True
        assert supply.output_enabled
        assert awake(virtual.world)
        assert supply.measured_voltage == pytest.approx(12.0, abs=0.03)
        assert supply.measured_current == pytest.approx(0.1, abs=0.002)
        supply.set_channel_state(2, state=False)
        assert not supply.selected_channel_active
        assert not awake(virtual.world)
        assert supply.output_enabled  # that of the others


def test_an_hmp_means_the_output_selected_last() -> None:
    world, twin = hmp(powers=3)
    assert said(twin, "INST?;:INST:NSEL?") == "OUTP1;1"
    assert said(twin, "INST OUT3;:VOLT 12;:CURR 1;:INST?;:APPL?") == "OUTP3;12.000, 1.0000"
    assert said(twin, "INST OUTP1;:VOLT?;:CURR?") == "0.000;0.1000"
    assert said(twin, "INST:NSEL 3;:OUTP ON;:OUTP?;:OUTP:GEN?;:OUTP:SEL?") == "1;1;1"
    assert awake(world)
    assert said(twin, "INST:NSEL 1;:OUTP?;:OUTP:SEL?") == "0;0"
    assert said(twin, "OUTP:GEN OFF;:INST:NSEL 3;:OUTP?;:OUTP:SEL?;:MEAS:CURR?") == "0;1;0.0000"
    assert not awake(world)
    assert said(twin, "SYST:ERR?") == '0, "No error"'


def test_an_hmps_protection_trips_and_keeps_the_output_off_until_it_is_cleared() -> None:
    world, twin = hmp()
    assert said(twin, "VOLT:PROT?;PROT? MAX") == "33.000;33.000"
    assert said(twin, "VOLT:PROT 13;:APPL 12,1;:OUTP 1;:VOLT:PROT:TRIP?") == "0"
    assert awake(world)
    assert said(twin, "VOLT 13.5;VOLT:PROT:TRIP?;:OUTP?;:OUTP:SEL?") == "1;0;0"
    assert not awake(world)
    assert said(twin, "VOLT 12;:OUTP ON;:OUTP?") == "0"
    assert said(twin, "VOLT:PROT:CLE;:OUTP ON;:OUTP?;:VOLT:PROT:TRIP?") == "1;0"
    assert awake(world)


def test_an_hmps_fuse_trips_at_its_current_limit_and_without_it_the_voltage_falls() -> None:
    world, twin = hmp()
    assert said(twin, "APPL 12,0.05;:OUTP 1;:OUTP?") == "1"
    assert world.supply_voltage < 10
    assert said(twin, "FUSE ON;:FUSE:TRIP?;:OUTP?") == "1;0"
    assert world.supply_voltage == 0


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("VOLT 32.06", '-222, "Data out of range"'),
        ("VOLT -0.1", '-222, "Data out of range"'),
        ("VOLT DOWN", '-222, "Data out of range"'),
        ("CURR 10.02", '-222, "Data out of range"'),
        ("VOLT:PROT 34", '-222, "Data out of range"'),
        ("INST:NSEL 5", '-222, "Data out of range"'),
        ("INST OUTP0", '-222, "Data out of range"'),
        ("INST 1", '-222, "Data out of range"'),
        ("VOLT", '-109, "Missing parameter"'),
        ("OUTP MAYBE", '-104, "Data type error"'),
        ("CHAN 1", '-113, "Undefined header"'),
    ],
)
def test_what_an_hmp_does_not_take(message: str, error: str) -> None:
    _, twin = hmp()
    assert said(twin, message) == ""
    assert said(twin, "SYST:ERR?") == error
    assert said(twin, "SYST:ERR?") == '0, "No error"'


@pytest.mark.parametrize(
    ("model", "outputs", "amps"), [("HMP2020", 2, "10.0100"), ("HMP2030", 3, "5.0100"), ("HMP9", 4, "10.0100")]
)
def test_outputs_of_an_hmp_follow_its_model(model: str, outputs: int, amps: str) -> None:
    _, twin = hmp(model)
    assert len(twin.outputs) == outputs
    assert said(twin, "CURR? MAX;CURR? MIN") == f"{amps};0.000"
    said(twin, f"INST:NSEL {outputs};:APPL 5,1;:OUTP 1;*RST")
    assert said(twin, f"INST?;:INST:NSEL {outputs};:OUTP?;:VOLT?") == "OUTP1;0;0.000"


# --- Siglent ----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:It is not known whether this device support SCPI:FutureWarning")
@pytest.mark.supports("siglent-spd", "twin")
@pytest.mark.supports("siglent-spd", "third-party client")
def test_pymeasure_powers_the_device_with_an_spd() -> None:
    from pymeasure.instruments.siglenttechnologies import SPD1168X  # noqa: PLC0415 - its adapters are slow to load
    from pymeasure.instruments.siglenttechnologies.siglent_spdbase import SystemStatusCode  # noqa: PLC0415 - as above

    with client_of(SPD1168X, bench("siglent-spd", {**SPD, "model": "SPD1168X"})) as (virtual, supply):
        assert supply.id == "Siglent Technologies,SPD1168X,SPD00001130025,1.01.01.01.02,V3.0"
        assert supply.fw_version == "1.01.01.01.02"
        assert supply.selected_channel == 1
        supply.ch_1.voltage_setpoint, supply.ch_1.current_limit = 12, 0.5
        assert (supply.ch_1.voltage_setpoint, supply.ch_1.current_limit) == (12.0, 0.5)
        assert supply.system_status_code == SystemStatusCode.CONSTANT_VOLTAGE
        supply.ch_1.enable_output()
        assert supply.system_status_code == SystemStatusCode.OUTPUT_ENABLED
        assert awake(virtual.world)
        assert supply.ch_1.voltage == pytest.approx(12.0, abs=0.05)
        assert supply.ch_1.current == pytest.approx(0.1, abs=0.02)
        assert supply.ch_1.power == pytest.approx(1.2, abs=0.3)
        supply.ch_1.current_limit = 0.05
        assert supply.system_status_code == SystemStatusCode.OUTPUT_ENABLED | SystemStatusCode.CONSTANT_CURRENT
        supply.ch_1.enable_output(enable=False)
        assert supply.system_status_code == SystemStatusCode.CONSTANT_VOLTAGE
        assert not awake(virtual.world)
        assert supply.error == "0  No error"


def test_an_spd_names_channels_in_headers_and_arguments() -> None:
    world, twin = spd(powers=2)
    assert said(twin, "*IDN?") == "Siglent Technologies,SPD3303X,SPD00001130025,1.01.01.01.02,V3.0"
    assert said(twin, "SYST:STAT?") == "0x0004"
    for command in ("CH2:VOLT 12.0004", "CH2:CURR 0.5", "OUTP CH2,ON"):
        assert said(twin, command) == ""
    assert said(twin, "CH2:VOLT?") == "12.000"
    assert said(twin, "CH2:CURR?") == "0.500"
    assert said(twin, "CH1:VOLT?") == "0.000"
    assert said(twin, "SYST:STAT?") == "0x0024"
    assert float(said(twin, "MEAS:VOLT? CH2")) == pytest.approx(12.0, abs=0.05)
    assert awake(world)
    said(twin, "CH2:CURR 0.05")
    assert said(twin, "SYST:STAT?") == "0x0026"
    assert said(twin, "INST?") == "CH1"
    said(twin, "INST CH2")
    assert said(twin, "CURR?") == "0.050"
    said(twin, "VOLT 5")
    said(twin, "CURR 1")
    assert said(twin, "VOLT?") == "5.000"
    assert float(said(twin, "MEAS:CURR?")) == pytest.approx(0.0, abs=0.02)  # too little voltage for the device
    said(twin, "OUTP CH2,OFF")
    assert said(twin, "SYST:STAT?") == "0x0004"
    assert said(twin, "SYST:VERS?;ERR?") == "1.01.01.01.02;0  No error"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("CH1:VOLT 32.1", "-222  Data out of range"),
        ("CH1:CURR 3.3", "-222  Data out of range"),
        ("CH3:VOLT 5", "-222  Data out of range"),
        ("OUTP CH4,ON", "-222  Data out of range"),
        ("OUTP ON", "-222  Data out of range"),
        ("INST", "-109  Missing parameter"),
        ("OUTP CH1", "-109  Missing parameter"),
        ("*RST", "-113  Undefined header"),
        ("VOLT:PROT 5", "-113  Undefined header"),
    ],
)
def test_what_an_spd_does_not_take(message: str, error: str) -> None:
    _, twin = spd()
    assert said(twin, message) == ""
    assert said(twin, "SYST:ERR?") == error
    assert said(twin, "SYST:ERR?") == "0  No error"


@pytest.mark.parametrize(("model", "outputs"), [("SPD3303X-E", 2), ("SPD1305X", 1), ("SPD9", 2)])
def test_outputs_of_an_spd_follow_its_model(model: str, outputs: int) -> None:
    _, twin = spd(model)
    assert len(twin.outputs) == outputs


@pytest.mark.parametrize("protocol", ["rohde-schwarz-hmp", "siglent-spd"])
def test_a_supply_can_do_without_an_identity(protocol: str) -> None:
    _, twin = made(bench(protocol, None))
    assert said(twin, "*IDN?") == f"nmes-rig,{protocol},0,1"
    assert said(twin, "SYST:VERS?")
