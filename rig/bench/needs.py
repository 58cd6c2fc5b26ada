"""What each driver needs besides an address: the keys of an instrument that it must have, and those it may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.bench.bench_file import InstrumentEntry
    from rig.bench.catalog import Driver

__all__ = ["what_the_driver_misses"]

_SAYING = {
    "device": "a 'device', its name in the driver",
    "channel": "a 'channel', the relay that is the contact or the input that is read",
    "line": "a 'line', the output that closes the contact",
    "hold_time": "a 'hold_time', after which it opens unless refreshed",
    "output": "an 'output', the number of the one that feeds the device",
}
_KINDS: dict[type, str] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_DEADMAN = "deadman-relay"
_LONGEST = 65535


def what_the_driver_misses(driver: Driver, entry: InstrumentEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    """Tell what is missing, unknown to the driver or out of its reach, each with the key to blame."""
    for key, what in _SAYING.items():
        given = getattr(entry, key) is not None
        if key in driver.needs and not given:
            yield (), f"a {driver.name} needs {what}"
        if given and key not in (*driver.needs, *driver.may):
            yield (key,), f"a {driver.name} has no {key!r}"
    if entry.channel is not None and "channel" in (*driver.needs, *driver.may):
        least, most = driver.channels
        if not least <= entry.channel <= most:
            yield ("channel",), f"a {driver.name} has the channels {least} to {most}"
    whole = entry.hold_time is None or (entry.hold_time.is_integer() and entry.hold_time <= _LONGEST)
    if driver.name == _DEADMAN and not whole:
        yield ("hold_time",), f"the relay's timer counts whole seconds, 1 to {_LONGEST}"
    yield from _options(driver, entry)


def _options(driver: Driver, entry: InstrumentEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in driver.must:
        if key not in entry.options:
            yield ("options",), f"the driver {driver.name} needs the option {key!r}"
    for key, value in entry.options.items():
        kind = driver.options.get(key)
        at = ("options", key)
        if kind is None:
            known = f"; it has {', '.join(driver.options)}" if driver.options else ""
            yield at, f"a {driver.name} has no option {key!r}{known}"
        elif type(value) is not kind and not (kind is float and type(value) is int):
            yield at, f"the option {key!r} is {_KINDS[kind]}, not {value!r}"
