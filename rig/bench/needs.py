"""What each driver needs besides an address: the keys of an instrument that it must have, and those it may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.bench.files import InstrumentEntry

__all__ = ["what_the_driver_misses"]

_SAYING = {
    "device": "a 'device', its name in the driver",
    "channel": "a 'channel', the relay that is the contact",
    "line": "a 'line', the output that closes the contact",
    "hold_time": "a 'hold_time', after which it opens unless refreshed",
    "output": "an 'output', the number of the one that feeds the device",
}
_NEEDS = {
    "ni-daqmx": ("device",),
    "deadman-relay": ("channel", "hold_time"),
    "devantech-usb-rly16": ("channel",),
    "ni-digital-line": ("device", "line"),
    "scpi-switch": ("channel",),
    "velleman-k8090": ("channel",),
    "keysight-e36300": ("output",),
    "rigol-dp800": ("output",),
}
_MAY = {"ni-digital-line": ("hold_time",)}
_CHANNELS = {"scpi-switch": (101, 340)}
_BOARD = (1, 8)
_LONGEST = 65535


def what_the_driver_misses(entry: InstrumentEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    """Tell what is missing, unknown to the driver or out of its reach, each with the key to blame."""
    needed = _NEEDS.get(entry.driver, ())
    for key, what in _SAYING.items():
        given = getattr(entry, key) is not None
        if key in needed and not given:
            yield (), f"a {entry.driver} needs {what}"
        if given and key not in (*needed, *_MAY.get(entry.driver, ())):
            yield (key,), f"a {entry.driver} has no {key!r}"
    if entry.channel is not None and "channel" in needed:
        least, most = _CHANNELS.get(entry.driver, _BOARD)
        if not least <= entry.channel <= most:
            yield ("channel",), f"a {entry.driver} has the channels {least} to {most}"
    whole = entry.hold_time is None or (entry.hold_time.is_integer() and entry.hold_time <= _LONGEST)
    if entry.driver == "deadman-relay" and not whole:
        yield ("hold_time",), f"the relay's timer counts whole seconds, 1 to {_LONGEST}"
