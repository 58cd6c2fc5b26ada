"""Measurands of charge: ∫ i dt over phases, over pulses, and over pulses with their recovery.

Notes
-----
u(Q)² = Q²·(u_gain² + u_R² + u_loading² + u_timebase²) + (T·u_v0)² + N·(Δt·σ)² + the edges' trapezoid errors; the
baseline term dominates whatever is a small difference of large charges.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.outcome import derived, items, ratio, single, span
from rig.analysis.pulse import cut_corner
from rig.analysis.uncertainty import Budget, expected_extreme, root_sum_square
from rig.model.measurement import Measurement, NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats

__all__ = [
    "charge_imbalance",
    "max_phase_charge",
    "net_charge",
    "net_charge_active",
    "net_windows",
    "phase_charge",
    "phase_charge_density",
    "phase_charge_negative",
    "phase_charge_positive",
    "phase_mean",
    "shannon_k",
]

# An interval this much longer than the median holds more than one pulse's recovery.
_LONG_PERIOD = 1.5
_SQUARE_CENTIMETRES = 1e4  # in a square metre


def _charge_budget(record: Record, window: float, phases: float, *, absolute: bool) -> Budget:
    """Return the budget of an integral over ``window`` seconds that holds ``phases`` phases, C."""
    samples = max(window / record.interval, 1.0)
    offset = {name: window * part for name, part in record.offset(absolute=absolute).items()}
    return Budget(
        relative=record.relative | {"timebase": record.path.timebase},
        systematic=offset | {"quantisation": record.quantisation * window},
        periodic={"edges between samples": math.sqrt(2 * phases) * record.edge.integral},
        random={"noise": math.sqrt(samples) * record.interval * record.noise},
        averaging=record.averaging,
        degrees_of_freedom=record.degrees_of_freedom,
    )


def _phase_budget(record: Record, *, magnitudes: bool = False) -> Budget:
    """Return the budget of a phase's charge; in a mean of magnitudes the baseline enters with their directions.

    Offsets grow with a phase's length, and noise with its root; what lifts phases of one direction lowers those of the
    other, by as much as either are long.
    """
    lengths = (record.phases.end - record.phases.begin)[record.whole_phases] * record.interval
    mean = float(lengths.mean()) if len(lengths) else 0.0
    budget = _charge_budget(record, mean, 1.0, absolute=False)
    longer = float(lengths.max()) / mean if mean > 0 else 1.0
    budget = replace(
        budget, worst=dict.fromkeys(budget.systematic, longer) | {"noise": math.sqrt(longer)} | _worst_edges(record)
    )
    if cut := cut_corner(record):
        budget = replace(budget, systematic=budget.systematic | {"unresolved transition": cut})
    if not magnitudes:
        return budget
    offset = {name: part for name, part in budget.systematic.items() if name in record.offset(absolute=False)}
    others = {name: part for name, part in budget.systematic.items() if name not in offset}
    signs = record.phases.sign[record.whole_phases]
    direction = abs(float((signs * lengths).mean())) / mean if mean > 0 else 1.0
    return replace(budget, systematic=others, directed=offset, direction=direction)


def _worst_edges(record: Record) -> dict[str, float]:
    """How many times as much the edges of the largest phase cost as typical ones."""
    typical = max(record.edge.size, record.edge.height)
    return {"edges between samples": max(float(record.sizes.max(initial=0.0)) / typical, 1.0)}


def _signed(record: Record) -> Floats:
    return record.phase_integral[record.whole_phases]


def phase_charge(record: Record) -> Outcome:
    """∫ i dt over a phase, tail included, magnitude, C."""
    budget = _phase_budget(record, magnitudes=True)
    return items(record, "phase_charge", Unit.COULOMB, np.abs(_signed(record)), budget)


def _one_direction(record: Record, name: str, sign: int) -> Outcome:
    charges = _signed(record)[record.phases.sign[record.whole_phases] == sign]
    if not record.nothing and not len(charges):
        direction = "positive" if sign > 0 else "negative"
        return NotMeasured(measurand=name, reason=f"no whole {direction} phase in the record")
    return items(record, name, Unit.COULOMB, charges, _phase_budget(record))


def phase_charge_positive(record: Record) -> Outcome:
    """∫ i dt over a positive phase, C, signed."""
    return _one_direction(record, "phase_charge_positive", 1)


def phase_charge_negative(record: Record) -> Outcome:
    """∫ i dt over a negative phase, C, signed."""
    return _one_direction(record, "phase_charge_negative", -1)


def phase_mean(record: Record) -> Outcome:
    """phase_charge / phase_duration, magnitude, A."""
    phases, whole = record.phases, record.whole_phases
    durations = (phases.stop - phases.start)[whole] * record.interval
    typical = float(np.median(durations)) if len(durations) else 1.0
    charge = _phase_budget(record, magnitudes=True)
    edge = record.edge
    # Charge and duration err together where an edge lies between two samples: one sample more of both.
    edges = abs(charge.periodic["edges between samples"] - math.sqrt(2) * edge.crossing * edge.size) / typical
    # Of every phase, noise moves the crossings by as much as it is of its height.
    crossings = math.sqrt(2) * edge.jitter * edge.height / typical
    budget = charge.per(durations)
    budget = replace(
        budget,
        relative=record.relative,
        periodic={"edges between samples": edges},
        random={"noise": math.hypot(budget.random["noise"], crossings)},
    )
    return items(record, "phase_mean", Unit.AMPERE, ratio(np.abs(_signed(record)), durations), budget)


def net_windows(record: Record) -> tuple[Floats, Floats]:
    """Return from where to where each whole pulse's net charge is integrated, in samples; NaN where it does not fit.

    From the pulse's begin to the next pulse's begin, at most one median period; for a pulse without a successor one
    period, and the rest of the record where no period is known.
    """
    begin = record.pulse_begin
    last = float(len(record.trace) - 1)
    period = record.period if record.period is not None else last - float(begin[-1])
    following = np.append(begin[1:], begin[-1] + period)
    stop = np.where(following - begin > _LONG_PERIOD * period, begin + period, following)
    stop = np.where(stop > last + 1e-9, np.nan, stop)
    whole = record.whole_pulses
    return begin[whole], stop[whole]


def _active(record: Record) -> Floats:
    """Net charge of the phases of every whole pulse."""
    return np.asarray(
        np.add.reduceat(record.phase_integral, record.pulses.first)[record.whole_pulses], dtype=np.float64
    )


def _phases_per_pulse(record: Record) -> float:
    return float((record.pulses.stop - record.pulses.first).max())


def net_charge_active(record: Record) -> Outcome:
    """∫ i dt over the phases of a pulse alone, C, signed."""
    if record.nothing:
        return NotMeasured(measurand="net_charge_active", reason=record.nothing)
    lengths = np.add.reduceat(record.phases.end - record.phases.begin, record.pulses.first)
    window = float(lengths[record.whole_pulses].max()) * record.interval
    budget = _charge_budget(record, window, _phases_per_pulse(record), absolute=True)
    return items(record, "net_charge_active", Unit.COULOMB, _active(record), budget, what="phases")


def _net(record: Record) -> tuple[Floats, Floats, Budget] | NotMeasured:
    """Net and leading phase's charge of the whole pulses whose recovery lies in the record, and the net's budget."""
    if record.nothing:
        return NotMeasured(measurand="net_charge", reason=record.nothing)
    begin, stop = net_windows(record)
    fits = np.isfinite(stop)
    if not fits.any():
        return NotMeasured(measurand="net_charge", reason="the record ends before the first whole pulse has recovered")
    net = record.trace.integral(begin[fits], stop[fits])
    leading = record.phase_integral[record.first_phase[record.whole_pulses]][fits]
    window = float((stop - begin)[fits].max()) * record.interval
    return net, leading, _charge_budget(record, window, _phases_per_pulse(record), absolute=True)


def net_charge(record: Record) -> Outcome:
    """∫ i dt from a pulse's begin to the next one's (passive recovery counted), C, signed."""
    found = _net(record)
    if isinstance(found, NotMeasured):
        return found
    net, _leading, budget = found
    return items(record, "net_charge", Unit.COULOMB, net, budget, what="periods")


def charge_imbalance(record: Record) -> Outcome:
    """net_charge / |charge of the pulse's first phase|, signed; gain and resistor cancel in it."""
    found = _net(record)
    if isinstance(found, NotMeasured):
        return NotMeasured(measurand="charge_imbalance", reason=found.reason)
    net, leading, budget = found
    first = float(np.median(np.abs(leading)))
    if first == 0.0:
        return NotMeasured(measurand="charge_imbalance", reason="the first phase has no charge")
    phase = _phase_budget(record)
    # Gain and resistor cancel; what is left of the first phase's own uncertainty scales with the imbalance.
    own = root_sum_square(*phase.systematic.values(), *phase.periodic.values(), *phase.random.values())
    sizes = np.abs(leading)[leading != 0]
    relative = replace(budget.per(sizes), relative={"charge of the first phase": own / first})
    return items(record, "charge_imbalance", Unit.ONE, ratio(net, np.abs(leading)), relative, what="periods")


def max_phase_charge(record: Record) -> Outcome:
    """Largest charge of one phase, magnitude, C."""
    if record.nothing:
        return NotMeasured(measurand="max_phase_charge", reason=record.nothing)
    charges = np.abs(_signed(record))
    number = record.whole_phases[int(charges.argmax())]
    budget = _phase_budget(record)
    # Rounding is the same for equal phases, and makes none of them the largest.
    noise = budget.random["noise"] * record.analogue_noise / record.noise if record.noise > 0 else 0.0
    largest = float(charges.max()) - _added_to_largest(charges, noise)
    window = span(
        record,
        float(record.phases.begin[number]),
        float(record.phases.end[number]),
        f"the largest of {len(charges)} phases",
    )
    return single(record, "max_phase_charge", Unit.COULOMB, largest, budget=budget, window=window)


def _added_to_largest(charges: Floats, noise: float) -> float:
    """What noise of single charges adds to the largest of them, C.

    As of peaks: the largest of n equal ones lies σ·E(n) above their mean, where half of them lie above it.
    """
    near = charges >= charges.max() - noise * expected_extreme(len(charges))
    return noise * expected_extreme(min(2 * int(near.sum()), len(charges)))


def _density(record: Record, name: str) -> Measurement | NotMeasured:
    charge = max_phase_charge(record)
    if isinstance(charge, NotMeasured):
        return NotMeasured(measurand=name, reason=charge.reason)
    if record.electrode_area is None:
        return NotMeasured(measurand=name, reason="the area of the smallest electrode is not known")
    return charge


def phase_charge_density(record: Record) -> Outcome:
    """max_phase_charge / area of the smallest electrode, C/m²."""
    charge = _density(record, "phase_charge_density")
    if isinstance(charge, NotMeasured) or record.electrode_area is None:
        return charge
    return derived(
        charge,
        "phase_charge_density",
        Unit.COULOMB_PER_SQUARE_METRE,
        charge.value / record.electrode_area,
        sensitivity=1 / record.electrode_area,
    )


def shannon_k(record: Record) -> Outcome:
    """log10(Q·D), Q in µC and D in µC/cm²: information alone, for it was found on cortex (Shannon 1992)."""
    charge = _density(record, "shannon_k")
    if isinstance(charge, NotMeasured) or record.electrode_area is None:
        return charge
    microcoulombs = charge.value * 1e6
    value = math.log10(microcoulombs * microcoulombs / (record.electrode_area * _SQUARE_CENTIMETRES))
    return derived(charge, "shannon_k", Unit.NUMBER, value, sensitivity=2 / (math.log(10) * charge.value))
