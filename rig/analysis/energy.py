"""Measurands of whole records: effective values, direct component, extremes, energy and densities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.outcome import derived, items, single, span
from rig.analysis.uncertainty import Budget
from rig.model.measurement import Measurement, NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats
    from rig.model.measurement import Window

__all__ = [
    "ac_rms",
    "average_current",
    "current_density_rms",
    "dc_component",
    "peak_output_voltage",
    "power_density",
    "pulse_energy",
    "rms_1s",
    "rms_5s",
    "rms_current",
    "whole_periods",
]


def whole_periods(record: Record) -> tuple[float, float, Window]:
    """Return the longest stretch of whole periods, in samples; the whole record where it holds none."""
    inside = ~np.isnan(record.phases.start[record.pulses.first]) if len(record.pulses) else np.empty(0, dtype=bool)
    begins = record.pulse_begin[inside] if len(record.pulses) else np.empty(0)
    if len(begins) > 1:
        begin, end = float(begins[0]), float(begins[-1])
        return begin, end, span(record, begin, end, f"{len(begins) - 1} whole periods")
    begin, end = 0.0, float(len(record.trace) - 1)
    return begin, end, span(record, begin, end, "whole record, for it holds no whole period")


def _array(value: float) -> Floats:
    return np.array([value], dtype=np.float64)


def _mean(record: Record, begin: float, end: float) -> float:
    return float(record.trace.integral(_array(begin), _array(end))[0]) / ((end - begin) * record.interval)


def _mean_square(record: Record, begin: float, end: float) -> float:
    mean = float(record.trace.integral_of_square(_array(begin), _array(end))[0]) / ((end - begin) * record.interval)
    return max(mean, 0.0)


def _edge_error(record: Record) -> float:
    """Standard uncertainty of a mean over periods from the edges between samples, A: the same in every period."""
    if record.period is None or not len(record.pulses):
        return 0.0
    edges = 2.0 * float((record.pulses.stop - record.pulses.first).max())
    return math.sqrt(edges) * record.edge.integral / (record.period * record.interval)


def _rms_budget(record: Record, rms: float, dc: float) -> Budget:
    """Return the budget of an effective value, A.

    Errors of the mean square become errors of the root by division by twice the root; the noise's own power adds to it.
    """
    if rms == 0.0:
        return Budget(relative=record.relative, systematic=record.offset(absolute=True))
    u_offset = record.offset_uncertainty(absolute=True)
    edges = _edge_error(record) * 2 * record.edge.height
    return Budget(
        relative=record.relative,
        systematic={
            "offset": math.hypot(abs(dc) * u_offset / rms, min(u_offset**2 / (2 * rms), u_offset)),
            "noise": min(record.noise**2 / (2 * rms), record.noise),
            "quantisation": min(record.quantisation**2 / (2 * rms), record.quantisation),
            "edges between samples": edges / (2 * rms),
        },
    )


def _rms(record: Record) -> float:
    begin, end, _window = whole_periods(record)
    return math.sqrt(_mean_square(record, begin, end))


def rms_current(record: Record) -> Outcome:
    """√(mean i²) over the record's whole periods, A."""
    begin, end, window = whole_periods(record)
    rms = math.sqrt(_mean_square(record, begin, end))
    budget = _rms_budget(record, rms, _mean(record, begin, end))
    return single(record, "rms_current", Unit.AMPERE, rms, budget=budget, window=window)


def _sliding(record: Record, name: str, seconds: float) -> Outcome:
    width = round(seconds / record.interval)
    samples = len(record.trace)
    if samples < width:
        reason = f"the record of {samples * record.interval:.4g} s is shorter than the window of {seconds:g} s"
        return NotMeasured(measurand=name, reason=reason)
    width = min(width, samples - 1)
    trace = record.trace
    # A window of so many intervals between samples; the ends are samples, so plain differences are exact.
    squares = trace.integrals_of_squares[width:] - trace.integrals_of_squares[:-width]
    if trace.pedestal:
        squares += 2 * trace.pedestal * (trace.integrals[width:] - trace.integrals[:-width])
        squares += width * trace.pedestal**2
    worst = int(squares.argmax())
    rms = math.sqrt(max(float(squares[worst]) / width, 0.0))
    window = span(record, worst, worst + width, f"worst sliding {seconds:g} s")
    budget = _rms_budget(record, rms, _mean(record, float(worst), float(worst + width)))
    return single(record, name, Unit.AMPERE, rms, budget=budget, window=window)


def rms_1s(record: Record) -> Outcome:
    """√(mean i²) over the worst sliding second, A."""
    return _sliding(record, "rms_1s", 1.0)


def rms_5s(record: Record) -> Outcome:
    """√(mean i²) over the worst sliding five seconds, A (output indicator rule)."""
    return _sliding(record, "rms_5s", 5.0)


def _mean_budget(record: Record, duration: float, *, absolute: bool) -> Budget:
    samples = max(duration / record.interval, 1.0)
    return Budget(
        relative=record.relative,
        systematic=record.offset(absolute=absolute)
        | {
            "noise": record.noise / math.sqrt(samples),
            "quantisation": record.quantisation,
            "edges between samples": _edge_error(record),
        },
    )


def dc_component(record: Record) -> Outcome:
    """Mean i over the record's whole periods, A, signed."""
    begin, end, window = whole_periods(record)
    budget = _mean_budget(record, window.duration, absolute=True)
    return single(record, "dc_component", Unit.AMPERE, _mean(record, begin, end), budget=budget, window=window)


def ac_rms(record: Record) -> Outcome:
    """√(rms² − dc²) over the record's whole periods, A."""
    begin, end, window = whole_periods(record)
    dc = _mean(record, begin, end)
    rms = math.sqrt(max(_mean_square(record, begin, end) - dc**2, 0.0))
    return single(record, "ac_rms", Unit.AMPERE, rms, budget=_rms_budget(record, rms, 0.0), window=window)


def average_current(record: Record) -> Outcome:
    """Mean |i| over whole periods, A; a rest is integrated before its magnitude is taken: no noise is rectified."""
    begin, end, window = whole_periods(record)
    phases = record.phases
    within = (phases.begin >= begin) & (phases.end <= end)
    bounds = np.column_stack((phases.begin[within], phases.end[within])).ravel()
    bounds = np.concatenate(([begin], bounds, [end]))
    pieces = record.trace.integral(bounds[:-1], bounds[1:])
    value = float(np.abs(pieces).sum()) / ((end - begin) * record.interval)
    return single(
        record,
        "average_current",
        Unit.AMPERE,
        value,
        budget=_mean_budget(record, window.duration, absolute=False),
        window=window,
    )


def peak_output_voltage(record: Record) -> Outcome:
    """Extreme |v| of the record, V."""
    values = np.abs(record.trace.deviation + record.trace.pedestal)
    worst = int(values.argmax())
    window = span(
        record, 0.0, float(len(values) - 1), f"extreme of the whole record, at {record.trace.time(worst):.6g} s"
    )
    noise = record.noise * math.sqrt(2 * math.log(len(values))) / math.sqrt(3)
    budget = Budget(
        relative=record.relative,
        systematic=record.offset(absolute=True)
        | {"quantisation": record.path.resolution / math.sqrt(12), "noise of an extreme sample": noise},
    )
    return single(record, "peak_output_voltage", Unit.VOLT, float(values[worst]), budget=budget, window=window)


def _load_terms(record: Record, rms: float) -> dict[str, float]:
    """Relative standard uncertainties of the load's resistance: as calibrated, and as the effective current heats it.

    A load that is heated changes by its temperature coefficient, of which a bound is known, times its thermal
    resistance; a record is shorter than the time it takes to heat up, so the change lies anywhere below that.
    """
    power = rms**2 * (record.load_resistance or 0.0)
    return {"load calibration": record.path.load, "load self-heating": record.path.load_heating * power}


def pulse_energy(record: Record) -> Outcome:
    """R ∫ i² dt over a pulse, J."""
    if record.load_resistance is None:
        return NotMeasured(measurand="pulse_energy", reason="the resistance of the load is not known")
    if record.nothing:
        return NotMeasured(measurand="pulse_energy", reason=record.nothing)
    whole = record.whole_pulses
    begin, end = record.pulse_begin[whole], record.pulse_end[whole]
    energies = record.load_resistance * record.trace.integral_of_square(begin, end)
    longest = float((end - begin).max()) * record.interval
    phases = float((record.pulses.stop - record.pulses.first).max())
    charge = float(np.abs(record.phase_integral).max()) * phases
    u_offset = record.offset_uncertainty(absolute=False)
    edge = record.edge
    budget = Budget(
        relative={name: 2 * part for name, part in record.relative.items()}
        | {"timebase": record.path.timebase}
        | _load_terms(record, _rms(record)),
        systematic={
            "offset": 2 * record.load_resistance * charge * u_offset,
            "edges between samples": record.load_resistance * math.sqrt(2 * phases) * 2 * edge.height * edge.integral,
            "noise power": record.load_resistance * record.noise**2 * longest,
        },
        random={
            "noise": 2 * record.load_resistance * edge.height * record.noise * math.sqrt(longest * record.interval)
        },
    )
    return items(record, "pulse_energy", Unit.JOULE, energies, budget, what="energies")


def _per_area(record: Record, name: str, source: Outcome) -> Measurement | NotMeasured:
    if isinstance(source, NotMeasured):
        return NotMeasured(measurand=name, reason=source.reason)
    if record.electrode_area is None:
        return NotMeasured(measurand=name, reason="the area of the smallest electrode is not known")
    return source


def current_density_rms(record: Record) -> Outcome:
    """rms_current / area of the smallest electrode, A/m²."""
    rms = _per_area(record, "current_density_rms", rms_current(record))
    if isinstance(rms, NotMeasured) or record.electrode_area is None:
        return rms
    area = record.electrode_area
    return derived(rms, "current_density_rms", Unit.AMPERE_PER_SQUARE_METRE, rms.value / area, sensitivity=1 / area)


def power_density(record: Record) -> Outcome:
    """rms_1s² · R / area of the smallest electrode, W/m²: over the worst second."""
    rms = _per_area(record, "power_density", rms_1s(record))
    if isinstance(rms, NotMeasured) or record.electrode_area is None:
        return rms
    if record.load_resistance is None:
        return NotMeasured(measurand="power_density", reason="the resistance of the load is not known")
    factor = record.load_resistance / record.electrode_area
    value = rms.value**2 * factor
    # Twice the effective value is the slope; an uncertainty more keeps it honest where the value is small.
    slope = factor * (2 * rms.value + rms.standard_uncertainty)
    budget = Budget(
        relative=_load_terms(record, rms.value),
        systematic={line.name: slope * line.standard_uncertainty for line in rms.components},
    )
    return single(record, "power_density", Unit.WATT_PER_SQUARE_METRE, value, budget=budget, window=rms.window)
