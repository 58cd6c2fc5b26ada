from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import get_args

import pytest

import rig.bench.drivers
import rig.bench.stimulators
from rig import roles
from rig.bench import build, catalog, opening
from rig.bench.bench_file import Role
from rig.sequencer.twin_configuration import _PROTOCOLS

ROLES = {
    "oscilloscope": roles.Oscilloscope,
    "digitizer": roles.Digitizer,
    "load-switch": roles.LoadSwitch,
    "stimulator": roles.Stimulator,
    "interlock": roles.Interlock,
    "supply": roles.Supply,
    "multimeter": roles.Multimeter,
    "clock": roles.Clock,
}


def driver_classes() -> Iterator[type]:
    """Every public class of the drivers' modules that has a name and an identity, or tells the time."""
    for package in (rig.bench.drivers, rig.bench.stimulators):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module: ModuleType = pkgutil.resolve_name(found.name)
            # What several drivers are made of is none itself.
            if not hasattr(module, "opened") and not found.name.endswith("_clock"):
                continue
            for name, item in vars(module).items():
                own = inspect.isclass(item) and item.__module__ == found.name and not name.startswith("_")
                if own and ((hasattr(item, "identify") and _holds(item, "name")) or hasattr(item, "now")):
                    yield item


def missing(driver: type, role: type) -> list[str]:
    """What a role asks for and a driver lacks, or takes other arguments for."""
    return [name for name in sorted(members(role)) if not _offers(driver, name, inspect.getattr_static(role, name))]


def members(role: type) -> set[str]:
    return {name for part in role.__mro__ for name in vars(part) if not name.startswith("_") and part is not object}


def _offers(driver: type, name: str, asked: object) -> bool:
    if isinstance(asked, property):
        return _holds(driver, name)
    offered = inspect.getattr_static(driver, name, None)
    if not (inspect.isfunction(offered) and inspect.isfunction(asked)):
        return False
    return list(inspect.signature(offered).parameters) == list(inspect.signature(asked).parameters)


def _holds(driver: type, name: str) -> bool:
    """Whether a class has an attribute, or a constructor of it or of what it is made from speaks of one."""
    constructors = [vars(part)["__init__"] for part in driver.__mro__[:-1] if "__init__" in vars(part)]
    return hasattr(driver, name) or any(
        name in one.__code__.co_names for one in constructors if inspect.isfunction(one)
    )


DRIVERS = sorted(driver_classes(), key=lambda driver: driver.__name__)


def test_all_drivers_are_seen() -> None:
    names = {driver.__name__ for driver in DRIVERS}
    assert names >= {
        "DeadmanRelay",
        "DevantechUsbRly16",
        "DevantechUsbRly16Loads",
        "Keysight34461A",
        "Keysight34970A",
        "Keysight34970AMeter",
        "Keysight34980A",
        "KeysightE36300",
        "KeysightInfiniiVision",
        "LcusLoads",
        "NiDaqmx",
        "NiDigitalLine",
        "NumatoLoads",
        "RigolDho",
        "RigolDp800",
        "RigolDs1000Z",
        "RohdeSchwarzRtb",
        "RohdeSchwarzRto",
        "ScienceMode4",
        "ScpiSwitch",
        "SiglentSds1000Xe",
        "SiglentSdsHd",
        "SystemClock",
        "TektronixDpo",
        "TektronixMso",
        "VellemanK8090",
        "VellemanK8090Loads",
        "VirtualClock",
    }


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.__name__)
def test_every_driver_can_do_all_that_one_role_asks(driver: type) -> None:
    lacking = {name: missing(driver, role) for name, role in ROLES.items()}
    assert [name for name, what in lacking.items() if not what], lacking


def test_a_driver_that_lacks_something_is_noticed() -> None:
    class Half:
        def now(self) -> float:
            return 0.0

        def sleep(self, minutes: float) -> None:
            """Take another argument than the role says."""

    assert missing(Half, roles.Clock) == ["sleep", "utc"]


def test_every_driver_that_a_bench_file_may_name_can_be_simulated_and_has_a_role() -> None:
    assert set(_PROTOCOLS) == set(catalog.driver_names())
    assert set(opening._ROLES) == set(get_args(Role)) == set(ROLES) - {"clock"}
    assert set(build._ORDER) == set(get_args(Role)) - {"interlock"}


@pytest.mark.parametrize("name", catalog.driver_names())
def test_what_a_driver_is_made_by_makes_something_that_has_its_role(name: str) -> None:
    driver = catalog.driver_of(name)
    assert driver is not None
    factory = pkgutil.resolve_name(driver.factory)
    hints = inspect.get_annotations(factory)
    made = pkgutil.resolve_name(driver.factory.partition(":")[0]).__dict__[hints["return"]]
    assert not missing(made, ROLES[driver.role])
