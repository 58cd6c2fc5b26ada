"""The virtual AC sources, by the dialogues of their manuals: what feeds the device instead of the mains."""

from __future__ import annotations

from typing import Any

import pytest

from rig.twin.config import TwinConfig
from rig.twin.devices.chroma_61600 import Chroma61600
from rig.twin.devices.keysight_ac6800 import KeysightAc6800
from rig.twin.server import serve
from rig.twin.world import World

DEVICE = {
    "identity": {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"},
    "supply": {"voltage": 230.0, "minimum": 200.0, "idle_current": 0.1},
}
KEYSIGHT = {"manufacturer": "Keysight Technologies", "model": "AC6802B", "serial": "JPUB000001", "firmware": "1.00"}
CHROMA = {"manufacturer": "Chroma ATE", "model": "61602", "serial": "123456", "firmware": "1.00"}
Source = KeysightAc6800 | Chroma61600


def bench(protocol: str, identity: dict[str, str] | None = None) -> TwinConfig:
    section: dict[str, Any] = {"protocol": protocol, "powers": 1, "identity": identity}
    return TwinConfig.model_validate({"seed": 3, "device": DEVICE, "instruments": {"supply": section}})


def keysight(model: str = "AC6802B") -> tuple[World, KeysightAc6800]:
    config = bench("keysight-ac6800", {**KEYSIGHT, "model": model})
    world = World(config)
    return world, KeysightAc6800(name="supply", config=config.instruments["supply"], world=world, seed=3)


def chroma(model: str = "61602") -> tuple[World, Chroma61600]:
    config = bench("chroma-61600", {**CHROMA, "model": model})
    world = World(config)
    return world, Chroma61600(name="supply", config=config.instruments["supply"], world=world, seed=3)


def said(twin: Source, message: str) -> str:
    return b";".join(twin.execute(message)).decode()


def number(twin: Source, query: str) -> float:
    return float(said(twin, query))


def awake(world: World) -> bool:
    world.advance(0.51)
    return world.awake


@pytest.mark.supports("keysight-ac6800", "twin")
def test_a_keysight_feeds_the_device_with_mains_and_ten_per_cent_more_and_less() -> None:
    world, twin = keysight()
    said(twin, "VOLT:RANG 310;:VOLT 230;:FREQ 50;:OUTP:COUP AC;:CURR 2")
    assert said(twin, "VOLT?;FREQ?;:OUTP:COUP?;:CURR?;:OUTP?") == "+2.30000E+02;+5.00000E+01;AC;+2.00000E+00;0"
    assert not awake(world)
    assert said(twin, "OUTP ON;:OUTP?;:SYST:ERR?") == '1;+0,"No error"'
    assert awake(world)
    assert number(twin, "MEAS:VOLT:AC?") == pytest.approx(230.0, abs=2.0)
    assert number(twin, "FETC:CURR:AC?") == pytest.approx(0.1, abs=0.02)
    assert number(twin, "MEAS:FREQ?") == 50.0
    assert number(twin, "MEAS:VOLT?") == 0.0
    for volts in (253.0, 207.0):
        said(twin, f"VOLT {volts}")
        assert world.supply_voltage == pytest.approx(volts, abs=1.0)
        assert world.awake
    said(twin, "VOLT 190")
    assert not world.awake
    said(twin, "VOLT 230;:OUTP OFF")
    assert world.supply_voltage == 0.0


def test_a_keysights_ranges_refuse_what_they_do_not_hold_unless_they_follow_by_themselves() -> None:
    _, twin = keysight()
    assert said(twin, "VOLT:RANG?;:VOLT? MAX;:CURR? MAX") == "+1.55000E+02;+1.57500E+02;+1.05000E+01"
    said(twin, "VOLT 230")
    assert said(twin, "VOLT?;:SYST:ERR?") == '+0.00000E+00;-222,"Data out of range"'
    said(twin, "VOLT:RANG 310;:VOLT 230;:VOLT:RANG 155")
    assert said(twin, "VOLT:RANG?;:SYST:ERR?") == '+3.10000E+02;-221,"Settings conflict"'
    assert said(twin, "CURR? MAX") == "+5.25000E+00"
    said(twin, "VOLT 100;:VOLT:RANG:AUTO ON;:VOLT 120")
    assert said(twin, "VOLT:RANG?;RANG:AUTO?") == "+1.55000E+02;1"
    said(twin, "VOLT 240")
    assert said(twin, "VOLT:RANG?;:SYST:ERR?") == '+3.10000E+02;+0,"No error"'
    said(twin, "VOLT:RANG 200")
    assert said(twin, "SYST:ERR?") == '-224,"Illegal parameter value"'
    said(twin, "*RST")
    assert said(twin, "VOLT?;:VOLT:RANG:AUTO?;:VOLT:RANG?") == "+0.00000E+00;0;+1.55000E+02"


def test_the_first_keysights_had_other_ranges() -> None:
    _, twin = keysight("AC6801A")
    said(twin, "VOLT:RANG 270")
    assert said(twin, "VOLT? MAX;:CURR? MAX;:VOLT:OFFS? MAX") == "+2.75000E+02;+2.62500E+00;+3.89000E+02"


def test_a_keysight_lowers_its_voltage_at_its_current_limit_or_trips_if_it_is_told_to() -> None:
    world, twin = keysight()
    said(twin, "VOLT:RANG 310;:VOLT 230;:CURR 0.05;:OUTP 1")
    assert 100 < world.supply_voltage < 130
    assert said(twin, "STAT:QUES:COND?") == "+4096"
    said(twin, "CURR:PROT:STAT ON")
    assert said(twin, "CURR:PROT:STAT?;:OUTP?;:STAT:QUES:COND?") == "1;0;+2"
    said(twin, "OUTP ON")
    assert said(twin, "SYST:ERR?") == '-221,"Settings conflict"'
    said(twin, "CURR 1;:OUTP:PROT:CLE;:OUTP ON")
    assert said(twin, "OUTP?;:STAT:QUES:COND?;:SYST:ERR?") == '1;+0;+0,"No error"'


def test_coupling_says_what_is_given() -> None:
    world, twin = keysight()
    said(twin, "VOLT:RANG 310;:VOLT 230;:VOLT:OFFS 300;:OUTP:COUP DC;:OUTP 1")
    assert world.supply_voltage == pytest.approx(300, abs=1.5)
    assert number(twin, "MEAS:VOLT:DC?") == pytest.approx(300, abs=3)
    assert number(twin, "MEAS:VOLT:AC?") == 0.0
    said(twin, "OUTP:COUP ACDC")
    assert world.supply_voltage == pytest.approx((230**2 + 300**2) ** 0.5, abs=1.5)


@pytest.mark.supports("chroma-61600", "twin")
def test_a_chroma_feeds_the_device_with_mains_and_ten_per_cent_more_and_less() -> None:
    world, twin = chroma()
    assert said(twin, "*IDN?") == "Chroma ATE,61602,123456,1.00"
    said(twin, "VOLT:RANG HIGH")
    said(twin, "VOLT:AC 230")
    said(twin, "FREQ 50")
    said(twin, "CURR:LIM 2")
    assert said(twin, "VOLT:AC?;RANG?;:FREQ?;:CURR:LIM?;:OUTP?") == "230.0;HIGH;50.00;2.00;OFF"
    assert not awake(world)
    said(twin, "OUTP ON")
    assert said(twin, "OUTP?;:SYST:ERR?") == 'ON;0,"No error"'
    assert awake(world)
    assert number(twin, "MEAS:VOLT:AC?") == pytest.approx(230.0, abs=2.0)
    assert number(twin, "MEAS:CURR:AC?") == pytest.approx(0.1, abs=0.02)
    assert number(twin, "FETC:FREQ?") == 50.0
    for volts in (253.0, 207.0):
        said(twin, f"VOLT {volts}")
        assert world.supply_voltage == pytest.approx(volts, abs=1.0)
    said(twin, "OUTP OFF")
    assert not world.awake


def test_a_chroma_holds_level_and_range_against_each_other_when_the_message_has_ended() -> None:
    _, twin = chroma()
    said(twin, "VOLT:AC 220")
    assert said(twin, "VOLT:AC?;:SYST:ERR?") == '0.0;-222,"Data out of range"'
    said(twin, "VOLT:AC 220;:VOLT:RANG HIGH")
    assert said(twin, "VOLT:AC?;:VOLT:RANG?;:SYST:ERR?") == '220.0;HIGH;0,"No error"'
    said(twin, "VOLT:RANG 150")
    assert said(twin, "VOLT:RANG?;:SYST:ERR?") == 'HIGH;-222,"Data out of range"'
    said(twin, "VOLT:AC 110;RANG LOW")
    assert said(twin, "VOLT?;:VOLT:RANG?;:SYST:ERR?") == '110.0;LOW;0,"No error"'


def test_a_chroma_switches_off_at_its_current_limit() -> None:
    world, twin = chroma()
    said(twin, "VOLT:RANG 300;:VOLT 230;:CURR:LIM 0.05;:OUTP ON")
    assert said(twin, "OUTP?;:STAT:QUES:COND?") == "OFF;2"
    assert world.supply_voltage == 0.0
    said(twin, "OUTP ON")
    assert said(twin, "SYST:ERR?") == '-221,"Settings conflict"'
    said(twin, "OUTP:PROT:CLE;:CURR:LIM 1;:OUTP ON")
    assert said(twin, "OUTP?;:STAT:QUES:COND?;:SYST:ERR?") == 'ON;0;0,"No error"'


@pytest.mark.parametrize("message", ["VOLT 301", "VOLT -1", "FREQ 10", "CURR:LIM 9", "CURR:LIM 0", "VOLT:DC 425"])
def test_what_a_chroma_does_not_take(message: str) -> None:
    _, twin = chroma()
    said(twin, message)
    assert said(twin, "SYST:ERR?") == '-222,"Data out of range"'


@pytest.mark.parametrize("message", ["VOLT 158", "VOLT -1", "FREQ 39", "FREQ 501", "CURR 11", "VOLT:OFFS -230"])
def test_what_a_keysight_does_not_take(message: str) -> None:
    _, twin = keysight()
    said(twin, message)
    assert said(twin, "SYST:ERR?") == '-222,"Data out of range"'


@pytest.mark.parametrize("protocol", ["keysight-ac6800", "chroma-61600"])
def test_a_source_can_do_without_an_identity_and_is_served(protocol: str) -> None:
    with serve(bench(protocol)) as virtual:
        assert virtual.world.supply_voltage == 0.0
        assert virtual.listening[0].protocol == protocol
