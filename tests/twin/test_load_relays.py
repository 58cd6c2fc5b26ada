"""The load box's relays behind every switch, with the defects of contacts and wiring, and our drivers reading them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.drivers import devantech_usb_rly16, velleman_k8090
from rig.bench.opening import Opening
from rig.roles import LoadSwitch
from rig.twin.config import InstrumentConfig, InstrumentFault, TwinConfig
from rig.twin.devices.load_relays import LoadRelays
from rig.twin.devices.serial_board import SerialBoard
from rig.twin.devices.usb_rly16 import UsbRly16
from rig.twin.devices.velleman_k8090 import VellemanK8090
from rig.twin.faults import FaultPlan
from rig.twin.world import World
from tests.bench.scripted_peer import ManualClock

WORLD = {
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {
        "500 ohm": {"resistance": 500.0, "relays": [1]},
        "1 kohm": {"resistance": 1000.0, "relays": [2]},
        "network": {"resistance": 900.0, "series_resistance": 100.0, "parallel_capacitance": 1e-7, "relays": [3]},
    },
}


def relays(*faults: dict[str, Any]) -> tuple[World, LoadRelays]:
    world = World(TwinConfig.model_validate(WORLD))
    return world, LoadRelays(world, FaultPlan(InstrumentFault.model_validate(fault) for fault in faults))


def resistance(world: World) -> float | None:
    load = world.load(world.now)
    return None if load is None else load.resistance


def test_what_is_commanded_is_connected() -> None:
    world, switch = relays()
    seen = []
    for commanded in ({1}, {1, 2}, {3}, set()):
        switch.set(frozenset(commanded))
        seen.append(resistance(world))
    assert seen == [500.0, pytest.approx(1000 / 3), 1000.0, None]


def test_a_relay_that_sticks_stays_closed_until_it_is_opened_again() -> None:
    world, switch = relays({"kind": "stuck_closed", "after": 1, "times": 1})
    seen = []
    for commanded in ((1,), (), (1,), (), (2,), (1,), ()):
        switch.set(frozenset(commanded))
        seen.append(world.relays_closed)
    welded = frozenset({1})
    assert seen == [{1}, frozenset(), {1}, welded, {1, 2}, welded, frozenset()]


def test_a_relay_that_does_not_close() -> None:
    world, switch = relays({"kind": "stuck_open", "times": 1})
    switch.set(frozenset({1}))
    assert resistance(world) is None
    switch.set(frozenset())
    switch.set(frozenset({1}))
    assert resistance(world) == 500.0


def test_wires_that_were_exchanged() -> None:
    world, switch = relays({"kind": "wrong_relay"})
    switch.set(frozenset({1}))
    assert resistance(world) == 1000.0
    switch.set(frozenset())
    assert resistance(world) is None
    switch.set(frozenset({3}))
    assert resistance(world) is None  # there is no load behind the fourth


@contextmanager
def switch_of(
    kind: type[SerialBoard], driver: str, uses: Sequence[int], *faults: dict[str, Any]
) -> Iterator[tuple[World, SerialBoard, LoadSwitch]]:
    world = World(TwinConfig.model_validate(WORLD))
    config = InstrumentConfig.model_validate({"protocol": "board", "faults": faults})
    twin = kind(name="switch", config=config, world=world, seed=1)
    at = Opening(
        name="switch",
        entry=InstrumentEntry(role="load-switch", driver=driver, address="twin"),
        address=twin.start()[0],
        clock=ManualClock(),
        timeout=60.0,
        relays=tuple(uses),
    )
    factory = {UsbRly16: devantech_usb_rly16.opened_loads, VellemanK8090: velleman_k8090.opened_loads}
    board = factory[kind](at)
    try:
        yield world, twin, board
    finally:
        board.close()
        twin.stop()


def selections(kind: type[SerialBoard], driver: str) -> None:
    with switch_of(kind, driver, (1, 2, 3)) as (world, twin, board):
        board.identify()
        twin.drive(0x80)  # somebody else's relay
        seen = []
        for wanted in ((1,), (3,), (), (1, 2)):
            board.select(wanted)
            seen.append(resistance(world))
        board.open_all()
        assert seen == [500.0, 1000.0, None, pytest.approx(1000 / 3)]
        assert resistance(world) is None
        assert twin.states == 0x80


@pytest.mark.supports("devantech-usb-rly16-loads", "twin")
def test_our_driver_switches_loads_with_a_virtual_usb_rly16() -> None:
    selections(UsbRly16, "devantech-usb-rly16-loads")


@pytest.mark.supports("velleman-k8090-loads", "twin")
def test_our_driver_switches_loads_with_a_virtual_k8090() -> None:
    selections(VellemanK8090, "velleman-k8090-loads")


@pytest.mark.parametrize(
    ("kind", "driver"), [(UsbRly16, "devantech-usb-rly16-loads"), (VellemanK8090, "velleman-k8090-loads")]
)
def test_a_board_does_not_notice_that_its_contact_is_stuck(kind: type[SerialBoard], driver: str) -> None:
    with switch_of(kind, driver, (1, 2), {"kind": "stuck_closed"}) as (world, _, board):
        board.select((1,))
        board.select((2,))  # no complaint: the command is what is reported
        assert resistance(world) == pytest.approx(1000 / 3)
