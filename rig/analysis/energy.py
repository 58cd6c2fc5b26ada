"""Measurands of whole records: effective values, direct component, extremes, energy and densities."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.outcome import derived, items, single, span
from rig.analysis.periods import whole_periods
from rig.analysis.pulse import cut_corner
from rig.analysis.uncertainty import Budget, dithered, expected_extreme, spread_of_extreme
from rig.model.measurement import Measurement, NotMeasured, Outcome
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.analysis.oscillation import Oscillation
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
]


def _array(value: float) -> Floats:
    return np.array([value], dtype=np.float64)


def _mean(record: Record, begin: float, end: float) -> float:
    return float(record.trace.integral(_array(begin), _array(end))[0]) / ((end - begin) * record.interval)


def _mean_square(record: Record, begin: float, end: float) -> float:
    """Mean i² without the power of the instrument's noise."""
    mean = float(record.trace.integral_of_square(_array(begin), _array(end))[0]) / ((end - begin) * record.interval)
    return max(mean - record.noise_power, 0.0)


def _edge_error(record: Record) -> float:
    """Standard uncertainty of a mean over periods from the edges between samples, A."""
    if record.period is None or not len(record.pulses):
        return 0.0
    edges = 2.0 * float((record.pulses.stop - record.pulses.first).max())
    return record.averaging * math.sqrt(edges) * record.edge.integral / (record.period * record.interval)


def _rms_budget(record: Record, rms: float, dc: float, *, samples: float) -> Budget:
    """Return the budget of an effective value, A.

    Errors of the mean square become errors of the root by division by twice the root. The noise's own power has been
    removed; a tenth of it stays in doubt, and noise and signal beat.
    """
    if rms == 0.0:
        return Budget(relative=record.relative, systematic=record.offset(absolute=True))
    u_offset = record.offset_uncertainty(absolute=True)
    edges = _edge_error(record) * 2 * record.edge.size
    power = min(_POWER_DOUBT * record.noise_power / (2 * rms), math.sqrt(record.noise_power))
    return Budget(
        relative=record.relative,
        systematic={
            "offset": math.hypot(abs(dc) * u_offset / rms, min(u_offset**2 / (2 * rms), u_offset)),
            "noise": math.hypot(record.noise / math.sqrt(samples), power),
            "quantisation": record.quantisation * min(record.edge.size * _duty(record) / rms, 1.0),
            "edges between samples": edges / (2 * rms),
        },
    )


def _duty(record: Record) -> float:
    """Part of the time during which a phase lasts."""
    lengths = float((record.phases.end - record.phases.begin).sum())
    return min(lengths / max(len(record.trace) - 1, 1), 1.0)


# How well the expected extreme of noise is known, of itself.
_EXTREME_DOUBT = 0.1
# How well the power of the noise is known, of itself.
_POWER_DOUBT = 0.1


def _rms(record: Record) -> float:
    begin, end, _window = whole_periods(record)
    return math.sqrt(_mean_square(record, begin, end))


def rms_current(record: Record) -> Outcome:
    """√(mean i²) over the record's whole periods, A."""
    begin, end, window = whole_periods(record)
    rms = math.sqrt(_mean_square(record, begin, end))
    budget = _rms_budget(record, rms, _mean(record, begin, end), samples=end - begin)
    return single(record, "rms_current", Unit.AMPERE, rms, budget=budget, window=window)


def _sliding(record: Record, name: str, seconds: float) -> Outcome:
    width = round(seconds / record.interval)
    samples = len(record.trace)
    if samples < width:
        reason = f"the record of {samples * record.interval:.4g} s is shorter than the window of {seconds:g} s"
        return NotMeasured(measurand=name, reason=reason)
    width = min(width, samples - 1)
    begin, end = record.trace.worst_window(width)
    rms = math.sqrt(_mean_square(record, begin, end))
    window = span(record, begin, end, f"worst sliding {seconds:g} s")
    budget = _rms_budget(record, rms, _mean(record, begin, end), samples=end - begin)
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
        degrees_of_freedom=record.degrees_of_freedom,
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
    return single(
        record, "ac_rms", Unit.AMPERE, rms, budget=_rms_budget(record, rms, 0.0, samples=end - begin), window=window
    )


def average_current(record: Record) -> Outcome:
    """Mean |i| over whole periods, A; what flows at rest is integrated before its magnitude is taken.

    So no noise is rectified; an error of the baseline is.
    """
    begin, end, window = whole_periods(record)
    if record.never_rests is not None:
        return _rectified(record, record.never_rests, window, math.ceil(begin), math.floor(end) + 1)
    phases = record.phases
    within = (phases.begin >= begin) & (phases.end <= end)
    bounds = np.column_stack((phases.begin[within], phases.end[within])).ravel()
    bounds = np.concatenate(([begin], bounds, [end]))
    pieces = record.trace.integral(bounds[:-1], bounds[1:])
    length = (end - begin) * record.interval
    rest, after = float(pieces[::2].sum()), 0.0
    if record.rings:
        rung, after = _rung(record, bounds[2::2], bounds[3::2])
        rest -= rung
    value = (float(np.abs(pieces[1::2]).sum()) + after + abs(rest)) / length
    budget = _mean_budget(record, window.duration, absolute=False)
    cut = {"unresolved transition": cut_corner(record) * float(np.count_nonzero(within)) / length}
    if record.rings:
        turn = float(np.nanmedian(record.ring.omega))
        cut["ringing"] = min(turn**2 / 12, 1.0) * after / length
    budget = replace(budget, systematic=budget.systematic | cut)
    return single(record, "average_current", Unit.AMPERE, value, budget=budget, window=window)


def _rung(record: Record, begin: Floats, end: Floats) -> tuple[float, float]:
    """Return what flows after phases that ring, net and in magnitude, A·s.

    The lobes of a ring fade by the same part q, the overshoot, from one to the next and change their sign: their sum
    is the first one's over 1 + q, that of their magnitudes its over 1 − q. Straight lines between samples cut off a
    twelfth of the square of the angle between two.

    Parameters
    ----------
    begin, end : from the end of each phase to the begin of the next one, or to the window's end, in samples
    """
    net = record.trace.integral(begin, np.minimum(begin + record.ring.settling, end))
    q = float(np.nanmedian(record.ring.overshoot))
    return float(net.sum()), float(np.abs(net).sum()) * (1 + q) / (1 - q)


def _rectified(record: Record, oscillation: Oscillation, window: Window, first: int, stop: int) -> Outcome:
    """Mean |i| of an alternating current, without what noise adds where it passes zero.

    Noise of the power σ² adds σ² to the integral of |i| over i, so to the mean its product with how often i is zero.
    """
    size = np.abs(record.sampled.deviation[first:stop] + record.trace.pedestal)
    near = max(3 * oscillation.noise, _NEAR_ZERO * oscillation.peak)
    adds = oscillation.noise**2 * float(np.count_nonzero(size < near)) / (2 * near * len(size))
    budget = _mean_budget(record, window.duration, absolute=False)
    rectified = {"rectified noise": _RECTIFIED_DOUBT * adds}
    return single(
        record,
        "average_current",
        Unit.AMPERE,
        max(float(size.mean()) - adds, 0.0),
        budget=replace(budget, systematic={**budget.systematic, **rectified}),
        window=window,
    )


# A current is about as often near zero, by this part of its peak, as it is zero; what noise adds is known so well.
_NEAR_ZERO = 0.1
_RECTIFIED_DOUBT = 0.3


def peak_output_voltage(record: Record) -> Outcome:
    """Extreme |v| of the record, V, without what noise adds to the largest of many samples."""
    extreme, worst = record.trace.extreme()
    last = float(len(record.trace) - 1)
    when = format_quantity(float(record.trace.time(worst)), Unit.SECOND, digits=6)
    window = span(record, 0.0, last, f"extreme of the whole record, at {when}")
    noise = record.analogue_noise
    # Noise lifts the largest of the samples that lie at the same level.
    reach = noise * expected_extreme(float(record.phases.plateau.sum()) if len(record.phases) else last + 1)
    near = 2.0 * record.trace.samples_beyond(extreme - reach, noise=noise)
    lifted = expected_extreme(near) * noise + _rounded_up(record, extreme)
    budget = Budget(
        relative=record.relative,
        systematic=record.offset(absolute=True)
        | {
            "quantisation": math.hypot(record.path.resolution / math.sqrt(12), record.quantisation),
            "noise of an extreme sample": math.hypot(_EXTREME_DOUBT * lifted, spread_of_extreme(near) * noise),
        },
        degrees_of_freedom=record.degrees_of_freedom,
    )
    value = max(extreme - lifted, 0.0)
    return single(record, "peak_output_voltage", Unit.VOLT, value, budget=budget, window=window)


def _rounded_up(record: Record, extreme: float) -> float:
    """By how much, on average, the larger of two equal extremes of opposite sign is rounded up, V.

    The larger of two errors that are even within half a code is a sixth of a code on average; noise makes them one.
    """
    step, peaks, sign = record.path.resolution, record.true_peak, record.phases.sign
    lower = min(max(peaks[sign == direction], default=0.0) for direction in (1, -1))
    if step <= 0 or lower < extreme - 1.5 * step:
        return 0.0
    return step / 6 * dithered(step, record.analogue_noise)


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
    if record.rings:
        following = np.append(record.pulse_begin[1:], float(len(record.trace) - 1))[whole]
        end = np.minimum(end + record.ring.settling, following)
    load = record.load_resistance
    energies = record.trace.integral_of_square(begin, end) - record.noise_power * (end - begin) * record.interval
    energies = energies + _energy_behind_pole(record)
    energies = load * np.maximum(energies, 0.0)
    longest = float((end - begin).max()) * record.interval
    phases = float((record.pulses.stop - record.pulses.first).max())
    charge = float(np.abs(record.phase_integral).max()) * phases
    # An offset beats with what the pulse leaves: where its phases balance, only the offset's own power is added.
    net = float(np.abs(record.trace.integral(begin, end)).max())
    u_offset = record.offset_uncertainty(absolute=False)
    edge = record.edge
    budget = Budget(
        relative={name: 2 * part for name, part in record.relative.items()}
        | {"timebase": record.path.timebase}
        | _load_terms(record, _rms(record)),
        systematic={
            "offset": 2 * load * math.hypot(net * u_offset, 0.5 * u_offset**2 * longest),
            "quantisation": 2 * load * charge * record.quantisation,
            "noise power": _POWER_DOUBT * load * record.noise_power * longest,
        },
        periodic={"edges between samples": load * math.sqrt(2 * phases) * 2 * edge.size * edge.integral},
        random={"noise": 2 * load * edge.size * record.noise * math.sqrt(longest * record.interval)},
        averaging=record.averaging,
    )
    return items(record, "pulse_energy", Unit.JOULE, energies, budget, what="energies")


def _energy_behind_pole(record: Record) -> Floats:
    """Return what a single pole takes from ∫ i² dt over every whole pulse whose transitions ring, A²·s.

    Behind a pole of the time constant T the signal x is x = z + T·z′, so ∫x² = ∫z² + T²·∫z′², as z is 0 at either end.
    Of a transition of the height h through a resonance ∫z′² is h²·ω/(4ζ).
    """
    taken = np.zeros(len(record.whole_pulses))
    if not record.rings:
        return taken
    ring, pole = record.ring, 1 / (2 * math.pi * record.path.bandwidth)
    slope = float(np.nanmedian(ring.omega / (4 * ring.damping))) / record.interval
    heights = np.add.reduceat(np.square(record.true_top), record.pulses.first)[record.whole_pulses]
    return np.asarray(2 * pole**2 * slope * heights, dtype=np.float64)


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
