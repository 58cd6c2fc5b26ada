"""A load box's positions as loads, by the names that plans use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.errors import UnitError
from rig.model.load import NETWORK, OPEN, SHORT, Load, Network
from rig.units import Unit, format_quantity, parse_quantity

if TYPE_CHECKING:
    from rig.bench.load_files import LoadBoxFile, Position

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
            nominal = position.resistance if written == SHORT else parse_quantity(_plain(written), Unit.OHM)
        except UnitError as error:
            mistakes.append((written, f"{error}, or 'short'"))
            continue
        suffix = NETWORK if written.endswith(NETWORK) else ""
        name = SHORT if written == SHORT else format_quantity(nominal, Unit.OHM) + suffix
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
    elif name.endswith(NETWORK) != (position.parallel_capacitance is not None):
        mistakes.append(f"the name of a load ends in {NETWORK.strip()!r} if it holds a capacitor, and only then")
    elif abs(_direct(position) - nominal) > _NEAR * nominal:
        shown = format_quantity(_direct(position), Unit.OHM)
        mistakes.append(f"the calibrated value, {shown}, is not a resistor of {_plain(name)}")
    if name in loads:
        mistakes.append(f"the position {name!r} is given twice")
    elif position.relays in relays.values():
        mistakes.append(f"the relays {', '.join(map(str, position.relays))} belong to another position")
    return mistakes


def _plain(name: str) -> str:
    return name.removesuffix(NETWORK)


def _direct(position: Position) -> float:
    """Return the resistance to direct current, ohm."""
    return position.resistance + (position.series_resistance or 0.0)


def _network(position: Position) -> Network | None:
    if position.parallel_capacitance is None:
        return None
    return Network(
        series=position.series_resistance or 0.0,
        series_uncertainty=position.series_uncertainty or 0.0,
        parallel=position.resistance,
        parallel_uncertainty=position.uncertainty,
        capacitance=position.parallel_capacitance,
        capacitance_uncertainty=position.capacitance_uncertainty or 0.0,
    )


def _load(name: str, nominal: float, position: Position) -> Load:
    return Load(
        name=name,
        nominal=nominal,
        resistance=_direct(position),
        uncertainty=math.hypot(position.uncertainty, position.series_uncertainty or 0.0),
        temperature_coefficient=position.temperature_coefficient,
        thermal_resistance=position.temperature_rise / position.power_rating,
        power_rating=position.power_rating,
        network=_network(position),
    )
