"""Our drivers feed the virtual device from every virtual supply, each written from the description alone."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.opening import Opening
from rig.errors import InstrumentError, Refused
from rig.roles import SelfTesting, Supply
from rig.sequencer.twin_configuration import _PROTOCOLS
from rig.twin.config import TwinConfig
from rig.twin.server import serve
from rig.twin.world import World
from tests.bench.scripted_peer import ManualClock

DEVICE = {
    "identity": {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"},
    "supply": {"voltage": 12.0, "minimum": 10.0, "idle_current": 0.1},
}
HMP = {"manufacturer": "ROHDE&SCHWARZ", "model": "HMP4040", "serial": "110123", "firmware": "HW50020001/SW2.62"}
SPD = {"manufacturer": "Siglent Technologies", "model": "SPD3303X", "serial": "SPD00001130025"}
SPD |= {"firmware": "1.01.01.01.02,V3.0"}
AC6803 = {"manufacturer": "Keysight Technologies", "model": "AC6803B", "serial": "MY59001234", "firmware": "A.01.02"}
CHROMA = {"manufacturer": "Chroma ATE", "model": "61603", "serial": "616030000123", "firmware": "1.00,1.01,1.02"}
MODULES = {
    "rohde-schwarz-hmp": "rohde_schwarz_hmp",
    "siglent-spd": "siglent_spd",
    "keysight-ac6800": "keysight_ac6800",
    "chroma-61600": "chroma_61600",
}
MAINS = {"voltage": 230.0, "minimum": 195.0, "idle_current": 0.1}


@contextmanager
def table(
    driver: str, identity: dict[str, str], output: int, needs: dict[str, float] | None = None
) -> Iterator[tuple[World, Supply]]:
    """A virtual supply whose output feeds the device, and our driver of it."""
    device = DEVICE if needs is None else {**DEVICE, "supply": needs}
    section = {"protocol": _PROTOCOLS[driver], "powers": output, "identity": identity}
    config = TwinConfig.model_validate({"seed": 3, "device": device, "instruments": {"supply": section}})
    with serve(config) as virtual:
        entry = InstrumentEntry.model_validate({
            "role": "supply",
            "driver": driver,
            "address": "twin",
            "output": output,
            "identity": {key: value for key, value in identity.items() if key != "firmware"},
        })
        at = Opening(
            name="supply", entry=entry, address=virtual.listening[0].address, clock=ManualClock(), timeout=60.0
        )
        supply = pkgutil.resolve_name(f"rig.bench.drivers.{MODULES[driver]}:opened")(at)
        try:
            yield virtual.world, supply
        finally:
            supply.close()


def awake(world: World) -> bool:
    world.advance(0.51)
    return world.awake


def feeds(driver: str, identity: dict[str, str], output: int) -> None:
    with table(driver, identity, output) as (world, supply):
        found = supply.identify()
        assert (found.model, found.serial, found.firmware) == (
            identity["model"],
            identity["serial"],
            identity["firmware"],
        )
        assert isinstance(supply, SelfTesting)
        assert supply.errors() == ()
        supply.switch_off()
        supply.set(12.0, 0.5)
        assert not awake(world)
        supply.switch_on()
        assert awake(world)
        volts, amperes = supply.measure()
        assert volts == pytest.approx(12.0, abs=0.05)
        assert amperes == pytest.approx(0.1, abs=0.02)
        supply.set(10.5, 0.5)
        assert world.supply_voltage == pytest.approx(10.5, abs=0.05)
        supply.set(13.0, 0.5)
        assert world.supply_voltage == pytest.approx(13.0, abs=0.05)
        supply.switch_off()
        supply.switch_off()
        assert not awake(world)
        with pytest.raises((Refused, InstrumentError)):
            supply.set(45.0, 0.5)
        assert world.supply_voltage == 0.0


@pytest.mark.supports("rohde-schwarz-hmp", "twin")
@pytest.mark.parametrize("output", [1, 3])
def test_our_driver_feeds_the_device_from_a_virtual_hmp(output: int) -> None:
    feeds("rohde-schwarz-hmp", HMP, output)


@pytest.mark.supports("siglent-spd", "twin")
@pytest.mark.parametrize("output", [1, 2])
def test_our_driver_feeds_the_device_from_a_virtual_spd(output: int) -> None:
    feeds("siglent-spd", SPD, output)


def stands_in_for_the_mains(driver: str, identity: dict[str, str]) -> None:
    with table(driver, identity, 1, MAINS) as (world, source):
        found = source.identify()
        assert (found.model, found.serial, found.firmware) == (
            identity["model"],
            identity["serial"],
            identity["firmware"],
        )
        source.switch_off()
        source.set(230.0, 1.0, 50.0)
        assert not awake(world)
        source.switch_on()
        assert awake(world)
        volts, amperes = source.measure()
        assert volts == pytest.approx(230.0, rel=0.01)
        assert amperes == pytest.approx(0.1, abs=0.02)
        for changed in (207.0, 253.0, 230.0):
            source.set(changed, 1.0, 50.0)
            assert world.supply_voltage == pytest.approx(changed, rel=0.01)
        with pytest.raises((Refused, InstrumentError)):
            source.set(330.0, 1.0, 50.0)
        assert world.supply_voltage == pytest.approx(230.0, rel=0.01)
        source.switch_off()
        source.switch_off()
        assert not awake(world)
        assert world.supply_voltage == 0.0


@pytest.mark.supports("keysight-ac6800", "twin")
def test_our_driver_feeds_the_device_from_a_virtual_ac6800() -> None:
    stands_in_for_the_mains("keysight-ac6800", AC6803)


@pytest.mark.supports("chroma-61600", "twin")
def test_our_driver_feeds_the_device_from_a_virtual_chroma() -> None:
    stands_in_for_the_mains("chroma-61600", CHROMA)


# The device draws twice as much as these limits allow.


def test_an_ac6800_that_limits_the_current_lowers_its_voltage() -> None:
    with table("keysight-ac6800", AC6803, 1, MAINS) as (_, source):
        source.set(230.0, 0.05, 50.0)
        source.switch_on()
        assert source.measure()[0] < 200.0


def test_a_chroma_that_limits_the_current_switches_off() -> None:
    with table("chroma-61600", CHROMA, 1, MAINS) as (world, source):
        source.set(230.0, 0.05, 50.0)
        with pytest.raises(InstrumentError, match="a protection has tripped"):
            source.switch_on()
        assert world.supply_voltage == 0.0
