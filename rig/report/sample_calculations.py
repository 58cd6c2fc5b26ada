"""Derived quantities calculated once more, with their numbers put in, so that a reader can follow each by hand."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.errors import UnitError
from rig.report import wording
from rig.report.output_modes import ANY_LOAD, worst
from rig.units import Unit, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rig.evidence.record import MeasurementEntry
    from rig.report.output_modes import Found, Mode

__all__ = ["Sample", "sample_calculations"]

_STANDARD = 500.0
_FEWEST, _MOST = 4, 15  # significant digits of the numbers that are put in
_AREA, _LOAD = "area", "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One calculation: ``formula``, ``numbers`` put in, ``result``, and what the record holds; or what is ``missing``.

    ``agrees`` is whether result and record are the same in every digit shown.
    """

    name: str
    formula: str
    numbers: str = ""
    result: str = ""
    recorded: str = ""
    agrees: bool = True
    window: str = ""
    key: str = ""
    where: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Formula:
    """How a measurand follows from others; ``written`` has a place for each input."""

    name: str
    measurand: str
    formula: str
    written: str
    inputs: tuple[str, ...]
    value: Callable[..., float]
    ohms: float = _STANDARD
    shapes: str = ""


_FORMULAS = (
    _Formula(
        name="Phase charge, mean",
        measurand="phase_charge",
        formula="Q = ī · t",
        written="{} × {}",
        inputs=("phase_mean", "phase_duration"),
        value=lambda current, time: current * time,
    ),
    _Formula(
        name="Net charge of a pulse's phases, mean",
        measurand="net_charge_active",
        formula="Q_net = Q₊ + Q₋, of the phases alone; field 9 is integrated over the whole period",
        written="{} + ({})",
        inputs=("phase_charge_positive", "phase_charge_negative"),
        value=lambda positive, negative: positive + negative,
        shapes="biphasic",
    ),
    _Formula(
        name="Direct current",
        measurand="dc_component",
        formula="I_dc = Q_net · f",
        written="{} × {}",
        inputs=("net_charge", "pulse_rate"),
        value=lambda charge, rate: charge * rate,
    ),
    _Formula(
        name="Current density, rms",
        measurand="current_density_rms",
        formula="J = I_rms / A",
        written="{} / {}",
        inputs=("rms_current", _AREA),
        value=lambda current, area: current / area,
    ),
    _Formula(
        name="Power density over the worst 1 s",
        measurand="power_density",
        formula="p = I_rms,1s² · R / A",
        written="({})² × {} / {}",
        inputs=("rms_1s", _LOAD, _AREA),
        value=lambda current, load, area: current**2 * load / area,
    ),
    _Formula(
        name="Charge density per phase",
        measurand="phase_charge_density",
        formula="D = Q_max / A",
        written="{} / {}",
        inputs=("max_phase_charge", _AREA),
        value=lambda charge, area: charge / area,
    ),
    _Formula(
        name="Duty cycle of bursts",
        measurand="duty_cycle",
        formula="d = b · c",
        written="{} × {}",
        inputs=("burst_rate", "burst_duration"),
        value=lambda rate, duration: rate * duration,
        ohms=ANY_LOAD,
    ),
)


def sample_calculations(mode: Mode, ratings: Mapping[str, str]) -> Iterator[Sample]:
    """Yield the calculations of one mode, each for the case that the table takes the quantity from."""
    for one in _FORMULAS:
        if not mode.shape.startswith(one.shapes):
            continue
        found = worst(mode, one.measurand, one.ohms)
        if isinstance(found, str):
            yield Sample(name=one.name, formula=one.formula, missing=found)
        else:
            yield _calculated(one, found, ratings)


def _calculated(one: _Formula, found: Found, ratings: Mapping[str, str]) -> Sample:
    entries = {entry.measurand: entry for entry in found.placed.case.measurements if not entry.during}
    inputs = [_input(name, found, entries, ratings) for name in one.inputs]
    lacking = [name for name, number in zip(one.inputs, inputs, strict=True) if number is None]
    if lacking:
        told = f"{wording.words(lacking[0])} is not on record"
        return Sample(name=one.name, formula=one.formula, missing=told)
    numbers = [number for number in inputs if number is not None]
    entry = found.entry
    recorded, spread, unit = entry.value or 0.0, entry.expanded_uncertainty, entry.unit or Unit.ONE
    counts = range(_FEWEST, _MOST + 1)
    digits = next((one_of for one_of in counts if _same(_put_in(one, numbers, one_of), recorded, spread)), _MOST)
    result = _put_in(one, numbers, digits)
    agrees = _same(result, recorded, spread)
    shown = (wording.quantity(value, kind, digits=digits) for value, kind in numbers)
    return Sample(
        name=one.name,
        formula=one.formula,
        numbers=one.written.format(*shown),
        result=wording.rounded(recorded if agrees else result, spread, unit),
        recorded=wording.result(recorded, spread, unit),
        agrees=agrees,
        window=entry.window[2] if entry.window else "",
        key=found.placed.key,
        where=f"{found.placed.number} {found.placed.case.id}",
    )


def _input(
    name: str, found: Found, entries: Mapping[str, MeasurementEntry], ratings: Mapping[str, str]
) -> tuple[float, Unit] | None:
    if name == _AREA:
        try:
            return parse_quantity(ratings.get("smallest electrode", ""), Unit.SQUARE_METRE), Unit.SQUARE_METRE
        except UnitError:
            return None
    if name == _LOAD:
        load = found.placed.case.load
        return None if load is None or load.resistance is None else (load.resistance, Unit.OHM)
    entry = entries.get(name)
    return None if entry is None or entry.value is None else (entry.value, entry.unit or Unit.ONE)


def _put_in(one: _Formula, numbers: list[tuple[float, Unit]], digits: int) -> float:
    """Return what a reader gets who puts in the numbers as they are shown."""
    return one.value(*(float(f"{value:.{digits}g}") for value, _ in numbers))


def _same(result: float, recorded: float, spread: float | None) -> bool:
    """Whether two values are shown alike: to the second digit of the uncertainty, or to the sixth of their own."""
    if not spread:
        return f"{result:.6g}" == f"{recorded:.6g}"
    place = Decimal(1).scaleb(Decimal(repr(spread)).adjusted() - 1)
    return round(Decimal(repr(result)) / place) == round(Decimal(repr(recorded)) / place)
