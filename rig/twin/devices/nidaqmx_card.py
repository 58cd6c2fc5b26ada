"""What the virtual card is and has: its name, its connectors, and what its product can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rig.twin.devices.nidaqmx_tasks import RANGES, Sampler

__all__ = ["CALIBRATED", "DIFFERENTIAL", "Card", "Product", "bits", "product_of"]

SINGLE_ENDED, NON_REFERENCED, DIFFERENTIAL, PSEUDO_DIFFERENTIAL = 10083, 10078, 10106, 12529
CALIBRATED = date(2026, 3, 2)
_BITS = {SINGLE_ENDED: 1, NON_REFERENCED: 2, DIFFERENTIAL: 4, PSEUDO_DIFFERENTIAL: 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What all cards of one name have.

    ``wirings`` of its first ``differential`` inputs; the others are the second halves of those, and single-ended.
    """

    inputs: int = 8
    differential: int = 8
    wirings: tuple[int, ...] = (DIFFERENTIAL,)
    ranges: tuple[float, ...] = RANGES
    sampler: Sampler = field(default_factory=Sampler)
    level_triggers: bool = True
    outputs: int = 2
    counters: int = 4
    terminals: int = 16


# After their makers' specifications: the one samples all inputs at once, the other has one converter for all of them.
_SIMULTANEOUS = Product()
_PRODUCTS = {
    "USB-6366": _SIMULTANEOUS,
    "USB-6211": Product(
        inputs=16,
        wirings=(SINGLE_ENDED, NON_REFERENCED, DIFFERENTIAL),
        ranges=(0.2, 1.0, 5.0, 10.0),
        sampler=Sampler(simultaneous=False, largest_rate=250e3, timebase=20e6),
        level_triggers=False,
        counters=2,
        terminals=8,
    ),
}


def product_of(name: str) -> Product:
    """What a card of that name has; one that is not known is like a USB-6366."""
    return _PRODUCTS.get(name, _SIMULTANEOUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the card is: its name in the system, its type, its serial number and its connectors."""

    device: str
    product: str
    serial: int
    lines: int = 8
    calibrated: date = CALIBRATED

    @property
    def can(self) -> Product:
        """What its product has."""
        return product_of(self.product)

    @property
    def has_watchdog(self) -> bool:
        """Whether it has a timer that sets its lines: the industrial digital cards have, multifunction cards do not."""
        return "-65" in self.product

    def wirings(self, place: str) -> tuple[int, ...]:
        """How an analogue input may be wired, as DAQmx numbers it; none where there is no such input."""
        names = [name.casefold() for name in self.input_names()]
        if place.casefold() not in names:
            return ()
        if names.index(place.casefold()) < self.can.differential:
            return self.can.wirings
        return tuple(one for one in self.can.wirings if one in {SINGLE_ENDED, NON_REFERENCED})

    def input_names(self) -> list[str]:
        """Every analogue input, by full name."""
        return [f"{self.device}/ai{number}" for number in range(self.can.inputs)]

    def output_names(self) -> list[str]:
        """Every analogue output, by full name."""
        return [f"{self.device}/ao{number}" for number in range(self.can.outputs)]

    def counter_names(self) -> list[str]:
        """Every counter, by full name."""
        return [f"{self.device}/ctr{number}" for number in range(self.can.counters)]

    def line_names(self) -> list[str]:
        """Every digital line, by full name."""
        return [f"{self.device}/port0/line{number}" for number in range(self.lines)]

    def terminal_names(self) -> list[str]:
        """Every terminal a digital trigger may come in by."""
        return [f"/{self.device}/PFI{number}" for number in range(self.can.terminals)]


def bits(wirings: tuple[int, ...]) -> int:
    """How DAQmx tells several wirings in one number."""
    return sum(_BITS[one] for one in wirings)
