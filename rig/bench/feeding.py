"""Who feeds the device under test: whether bench and device agree on it, and how the device is brought to life."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from rig.bench.catalog import driver_of
from rig.bench.ratings import rating_of
from rig.documents import read_document
from rig.errors import BenchError, CommunicationError, DocumentInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.bench.bench_file import InstrumentEntry
    from rig.bench.definition import BenchDefinition, DeviceDefinition
    from rig.bench.device_file import FeedEntry
    from rig.roles import Clock, Instrument, Supply

__all__ = ["agree_on_supply", "feed", "wait_until_awake"]

_WITHIN = 0.02
_SETTLES = 2.0
_LOOK = 0.05
_BOOTS = 5.0
_ASK = 1.0


def agree_on_supply(bench: BenchDefinition, device: DeviceDefinition) -> None:
    """Refuse a supply for a device that needs none, and a device that needs another one than the bench has.

    Raises
    ------
    DocumentInvalid
        at the place that says what the other file lacks
    """
    feed, supply = device.file.supply, bench.supply
    if feed is None and supply is not None:
        message = f"the device {device.id} has no 'supply': it runs on its own batteries, so nothing may feed it"
        problem = read_document(bench.path, defer=True).problem(("instruments", supply[0], "role"), message)
        raise DocumentInvalid([problem])
    if feed is not None and supply is None:
        message = f"the device is fed from outside, and no instrument of the bench {bench.id} has the role supply"
        raise DocumentInvalid([read_document(device.path, defer=True).problem(("supply",), message, at_key=True)])
    if feed is not None and supply is not None:
        _agree_on_feed(bench.id, *supply, feed, device)


def _agree_on_feed(bench: str, name: str, entry: InstrumentEntry, feed: FeedEntry, device: DeviceDefinition) -> None:
    document = read_document(device.path, defer=True)
    driver, rating = driver_of(entry.driver), rating_of(entry)
    if driver is not None and driver.feeds != feed.kind:
        gives = {"dc": "direct current", "ac": "alternating voltage"}[driver.feeds]
        message = f"the {entry.driver} {name!r} of the bench {bench} gives {gives}; the device is fed with {feed.kind}"
        raise DocumentInvalid([document.problem(("supply",), message, at_key=True)])
    if rating is not None and not rating.gives(feed.voltage, feed.current):
        key = "current" if rating.gives(feed.voltage, 0.0) else "voltage"
        message = f"{name!r} of the bench {bench} gives {rating}"
        raise DocumentInvalid([document.problem(("supply", key), message)])


def feed(supply: Supply, entry: FeedEntry, clock: Clock) -> tuple[float, float]:
    """Switch the device's supply on, from off, and see its voltage come; return what is measured then, V and A.

    Raises
    ------
    BenchError
        if the voltage is not within 2 % of what it should be after 2 s, or the supply does not do what it is told
    """
    supply.switch_off()
    supply.set(entry.voltage, entry.current, entry.hertz)
    supply.switch_on()
    begun = clock.now()
    while True:
        voltage, current = supply.measure()
        if abs(voltage - entry.voltage) <= _WITHIN * entry.voltage:
            return voltage, current
        if clock.now() - begun >= _SETTLES:
            told = f"it gives {voltage:.4g} V and {current:.3g} A instead of {entry.voltage:g} V"
            raise BenchError(f"{supply.name}: {told}, {_SETTLES:g} s after it was switched on")
        clock.sleep(_LOOK)


def wait_until_awake(opened: Callable[[], Instrument], clock: Clock) -> None:
    """Open sessions to a device that was just switched on until it answers in one; its port may not be there before.

    Raises
    ------
    CommunicationError
        if it is still silent after 5 s
    """
    begun = clock.now()
    while True:
        try:
            with closing(opened()) as device:
                device.identify()
        except CommunicationError:
            if clock.now() - begun >= _BOOTS:
                raise
            clock.sleep(_ASK)
        else:
            return
