"""What a Siglent SDS1000X-E can be set to, and its numbers with units, as it reads them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from rig.twin.devices.scope_panel import Knobs, stepped
from rig.twin.devices.scope_shot import Shot
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from rig.twin.devices.scope_panel import Channel
    from rig.twin.scpi_syntax import Command

__all__ = [
    "CODES_PER_DIVISION",
    "SIZES",
    "Settings",
    "clamped",
    "one_of",
    "only",
    "quantity",
    "scale_of",
    "step_down",
    "way_of",
]

ACROSS = 14
CODES_PER_DIVISION = 25
FASTEST_RATE = 1e9
NARROWEST, WIDEST = 500e-6, 10.0
SHORTEST, LONGEST = 1e-9, 100.0
SIZES = {"7K": 7e3, "70K": 7e4, "700K": 7e5, "7M": 7e6, "14K": 14e3, "140K": 14e4, "1.4M": 14e5, "14M": 14e6}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*([NUMK]?)(V|S)?")
_PREFIXES = {"": 1.0, "N": 1e-9, "U": 1e-6, "M": 1e-3, "K": 1e3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Knobs):
    """All knobs; ``size`` is the memory that may be used, ``levels`` those of every trigger source, V at the tip."""

    size: float = 14e6

    @property
    @override
    def shot(self) -> Shot:
        span = ACROSS * self.time_scale
        rate = min(FASTEST_RATE, step_down(self.size / span))
        return Shot(
            inputs={
                number: one.input(full_scale=256 / CODES_PER_DIVISION * one.scale, offset=-one.offset)
                for number, one in self.channels.items()
            },
            sample_rate=rate,
            depth=max(1, round(rate * span)),
            before=span / 2 - self.delay,
            after=span / 2 + self.delay,
            bits=8,
            source=self.source,
            level=self.level,
            slope=self.slope,
            auto=self.sweep == "AUTO",
            averages=self.averages if self.kind == "AVERAGE" else 1,
        )


def one_of(command: Command, *allowed: str) -> str:
    """Return the word that the first argument is; −224 when it is none of these."""
    word = command.argument().upper()
    if word not in allowed:
        raise ScpiError(-224, "Illegal parameter value")
    return word


def only(command: Command, *allowed: str) -> None:
    """Take a setting that has these values only; −224 for another."""
    one_of(command, *allowed)


def quantity(text: str) -> float:
    """Read a number with or without a unit: ``1MS``, ``2V``, ``5.00E-01V``."""
    match = _QUANTITY.fullmatch(text.upper().strip())
    if match is None:
        raise ScpiError(-104, "Data type error")
    return float(match[1]) * _PREFIXES[match[2]]


def scale_of(command: Command, channel: Channel) -> dict[str, Any]:
    """What lies outside the range takes its nearest end, without a word."""
    asked = quantity(command.argument())
    return {"scale": min(max(asked, NARROWEST * channel.probe), WIDEST * channel.probe)}


def way_of(command: Command) -> dict[str, Any]:
    """Read how samples are reduced, and for a mean of how many records."""
    way = one_of(command, "SAMPLING", "PEAK_DETECT", "AVERAGE", "HIGH_RES")
    return {"kind": way, **({"averages": int(command.number(1))} if len(command.arguments) > 1 else {})}


def step_down(value: float) -> float:
    """Return the greatest of 1, 2, 5 times a power of ten that is not above."""
    power = math.floor(math.log10(max(value, 1e-12)) + 1e-9)
    up = stepped(value, 10.0 ** (power - 1), 10.0 ** (power + 2))
    if math.isclose(up, value, rel_tol=1e-6):
        return up
    return next(float(f"{step}e{power}") for step in (5, 2, 1) if float(f"{step}e{power}") <= value)


def clamped(scale: float) -> float:
    """Return the nearest time per division that there is, s."""
    return min(max(scale, SHORTEST), LONGEST)
