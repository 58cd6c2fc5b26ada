"""A load box's positions as loads, by the names that plans use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.errors import UnitError
from rig.model.load import OPEN, SHORT, Load
from rig.units import Unit, format_quantity, parse_quantity

if TYPE_CHECKING:
    from rig.bench.files import LoadBoxFile, Position

__all__ = ["loads_of"]

# A calibrated value further from its position's name than this belongs to another resistor.
_NEAR = 0.1
# The resistance of relay, leads and clamp, ohm: what has more does not short an output.
_SHORT_AT_MOST = 1.0


def loads_of(box: LoadBoxFile) -> tuple[dict[str, Load], dict[str, tuple[int, ...]], list[tuple[str, str]]]:
    """Return the loads and relays by canonical name, ``open`` last, and what is wrong with which position."""
    loads: dict[str, Load] = {}
    relays: dict[str, tuple[int, ...]] = {}
    mistakes: list[tuple[str, str]] = []
    for written, position in box.positions.items():
        try:
            nominal = position.resistance if written == SHORT else parse_quantity(written, Unit.OHM)
        except UnitError as error:
            mistakes.append((written, f"{error}, or 'short'"))
            continue
        name = SHORT if written == SHORT else format_quantity(nominal, Unit.OHM)
        mistakes += [(written, message) for message in _mistakes(name, nominal, position, loads, relays)]
        loads.setdefault(name, _load(name, nominal, position))
        relays.setdefault(name, position.relays)
    loads[OPEN] = Load(name=OPEN, nominal=math.inf, resistance=math.inf, uncertainty=0.0)
    relays[OPEN] = ()
    return loads, relays, mistakes


def _mistakes(
    name: str, nominal: float, position: Position, loads: dict[str, Load], relays: dict[str, tuple[int, ...]]
) -> list[str]:
    mistakes = []
    if not nominal > 0:
        mistakes.append("a load has more than 0 ohm")
    elif name == SHORT and nominal > _SHORT_AT_MOST:
        most = format_quantity(_SHORT_AT_MOST, Unit.OHM)
        mistakes.append(f"{format_quantity(nominal, Unit.OHM)} is no short circuit: that has at most {most}")
    elif abs(position.resistance - nominal) > _NEAR * nominal:
        shown = format_quantity(position.resistance, Unit.OHM)
        mistakes.append(f"the calibrated value, {shown}, is not a resistor of {name}")
    if name in loads:
        mistakes.append(f"the position {name!r} is given twice")
    elif position.relays in relays.values():
        mistakes.append(f"the relays {', '.join(map(str, position.relays))} belong to another position")
    return mistakes


def _load(name: str, nominal: float, position: Position) -> Load:
    return Load(
        name=name,
        nominal=nominal,
        resistance=position.resistance,
        uncertainty=position.uncertainty,
        temperature_coefficient=position.temperature_coefficient,
        thermal_resistance=position.temperature_rise / position.power_rating,
        power_rating=position.power_rating,
        reactive=position.parallel_capacitance is not None,
    )
