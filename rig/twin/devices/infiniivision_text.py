"""Numbers, units and names as an InfiniiVision oscilloscope reads and writes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.twin.devices import infiniivision_settings as scope
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.scpi_syntax import Command

__all__ = ["channel_number", "channel_suffix", "engineering", "flag", "points", "real", "seconds", "volts"]


def channel_suffix(command: Command) -> int:
    """The channel that a header names: ``:CHANnel2:…``; −114 when there is none such."""
    number = command.suffixes[0]
    if not 1 <= number <= scope.CHANNELS:
        raise ScpiError(-114, "Header suffix out of range")
    return number


def channel_number(text: str) -> int:
    """The channel that an argument names: ``CHANnel2``, ``CHAN2``; −224 when there is none such."""
    name = text.upper()
    digits = name.removeprefix("CHANNEL") if name.startswith("CHANNEL") else name.removeprefix("CHAN")
    if digits == name or not digits.isdecimal() or not 1 <= int(digits) <= scope.CHANNELS:
        raise ScpiError(-224, "Illegal parameter value")
    return int(digits)


def _quantity(command: Command, units: Mapping[str, float]) -> float:
    """An argument as a number with or without a unit: ``20``, ``20 mV``, ``5.0E-3V``."""
    text = command.argument().upper().replace(" ", "")
    for unit, factor in units.items():
        number = text.removesuffix(unit)
        if number != text or not unit:
            try:
                value = float(number) * factor
            except ValueError:
                continue
            if math.isfinite(value):
                return value
    raise ScpiError(-104, "Data type error")


def volts(command: Command) -> float:
    """The first argument in V; −104 when it is no number."""
    return _quantity(command, {"UV": 1e-6, "MV": 1e-3, "V": 1.0, "": 1.0})


def seconds(command: Command) -> float:
    """The first argument in s; −104 when it is no number."""
    return _quantity(command, {"NS": 1e-9, "US": 1e-6, "MS": 1e-3, "S": 1.0, "": 1.0})


def points(command: Command) -> int | None:
    """How many points are asked for; None for all of them (``MAX``)."""
    if command.argument().upper() in {"MAX", "MAXIMUM"}:
        return None
    points = command.number()
    if not 1 <= points <= scope.MEMORY:
        raise ScpiError(-222, "Data out of range")
    return int(points)


def flag(state: bool) -> str:
    """A state as the instrument writes it."""
    return "1" if state else "0"


def real(value: float) -> str:
    """A number as the instrument writes it."""
    return f"{value:+.5E}"


def engineering(value: float, digits: int = 3) -> str:
    """A number as the front panel groups it: the exponent a multiple of three, ``+40.0E+00``."""
    exponent = 0 if value == 0 else 3 * math.floor(math.log10(abs(value)) / 3 + 1e-12)
    mantissa = value / 10.0**exponent
    places = max(0, digits - len(str(int(abs(mantissa)))))
    return f"{mantissa:+.{places}f}E{exponent:+03d}"
