"""Measurands of phases and pulses that need no integral: durations, tops, edges, droop, overshoot, order."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.edges import added_by_pole, added_by_sampling, goes_beyond, resolved_transition
from rig.analysis.outcome import count, items, ratio
from rig.analysis.uncertainty import Budget, dithered, expected_extreme, root_sum_square, spread_of_extreme
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Flags, Floats
    from rig.model.measurement import Outcome

__all__ = [
    "cut_corner",
    "droop",
    "fall_time",
    "interphase_interval",
    "overshoot",
    "phase_count",
    "phase_duration",
    "phase_peak",
    "phase_top",
    "polarity",
    "pulse_width",
    "rise_time",
    "timing_budget",
    "top_budget",
]


# How well the expected extreme of noise is known, of itself.
_EXTREME_DOUBT = 0.15
# The largest of many samples scatters to one side: of the error, more lies above the mean than below.
_SKEW = 1.25
_FALLING_DOUBT = 0.4
_ONE_CODE = 0.5
# Slopes below this many times what noise alone makes are noise; and a pole has settled after this many of its time
# constants.
_SLOPE_NOISE = 5.0
_SETTLING = 6.0
# How well it is known what sampling does to an edge of any form, of itself.
_FORM_DOUBT = 0.25
_SAMPLING_DOUBT = 0.03
_STRAIGHT_DOUBT = 0.001
# 10 % to 90 % of an instantaneous edge behind a single pole, in its time constants.
_STEEP = 0.02
# Half-width of the window about a mode in bins; in standard deviations, the least and what counts as all of it.
_MODE_REACH = 1.5
_LEAST_REACH = 0.5
_WHOLE_REACH = 5.0
_POLE_EDGE = 2.197


def timing_budget(record: Record, *, shared: float = 0.0) -> Budget:
    """Return the budget of a time between two 50 % crossings, s.

    Parameters
    ----------
    shared : how many of the two crossings lie on a transition straight into the opposite phase

    Notes
    -----
    Where pulses repeat in step with the samples, all have the same error of interpolation: it is not averaged then. A
    transition between opposite phases is passed twice as fast, and its crossings lie off its middle: sampling makes the
    phases seem shorter, which is corrected; and a single pole delays its first crossing less than its second, by
    τ·exp(−t/τ) after t.
    """
    edge = record.edge
    # Base and top are levels of rounded samples; half of the sum of their errors moves both crossings apart.
    level = math.sqrt(2) * record.quantisation * edge.transition / edge.height
    pole = 1 / (2 * math.pi * record.path.bandwidth)
    delay = pole * math.exp(-min(edge.transition / (4 * pole), 700.0))
    return Budget(
        relative={"timebase": record.path.timebase},
        systematic={
            "reference level": level,
            "bandwidth": shared * delay / math.sqrt(3),
            "unresolved transition": _FORM_DOUBT * shared * record.taken_by_sampling,
        },
        periodic={"crossing interpolation": math.sqrt(2) * edge.crossing},
        random={
            "noise": math.sqrt(2) * edge.jitter,
            "state level": 2 * record.state_jitter,
        },
        averaging=record.averaging,
        worst=dict.fromkeys(("reference level", "noise"), edge.weakest),
    )


def cut_corner(record: Record) -> float:
    """Standard uncertainty of a phase's charge where it passes straight into the opposite one, C; else 0.

    A straight line from one phase into the other cuts a corner off each, of up to a quarter of a sample.
    """
    if not record.touching:
        return 0.0
    edge = record.edge
    steep = min(1.0, edge.interval / max(edge.transition, 1e-30)) ** 2
    return steep * max(edge.size, edge.height) * edge.interval / 4 / math.sqrt(3)


def _rests(record: Record) -> Floats:
    """Rest between two phases of a pulse, 50 % to 50 %, s."""
    phases, whole = record.phases, record.whole_phases
    same = np.diff(record.pulses.of_phase[whole]) == 0
    rest = (phases.start[whole][1:] - phases.stop[whole][:-1])[same] * record.interval
    return np.asarray(rest, dtype=np.float64)


def _mode_factor(reach: float, noise: float) -> float:
    """How much more the mean of the samples near a mode scatters than that of all samples.

    The mode is where the samples within ±c standard deviations balance; with P of all samples there, its variance is
    1/(P − 2·c·φ(c)) times that of the mean.
    """
    c = max(reach / noise, _LEAST_REACH) if noise > 0 else math.inf
    if c > _WHOLE_REACH:
        return 1.0
    kept = math.erf(c / math.sqrt(2)) - 2 * c * math.exp(-0.5 * c**2) / math.sqrt(2 * math.pi)
    return 1 / math.sqrt(kept)


def top_budget(record: Record) -> Budget:
    """Return the budget of a state level, A or V."""
    phases = record.phases
    samples = float(np.median(phases.plateau)) if len(phases) else 1.0
    reach = _MODE_REACH * float(np.median(phases.bin_width)) if len(phases) else 0.0
    return Budget(
        relative=record.relative,
        systematic={"quantisation": record.quantisation},
        directed=record.offset(absolute=False),
        direction=record.direction,
        random={"noise": record.noise * _mode_factor(reach, record.noise) / math.sqrt(max(samples, 1.0))},
        degrees_of_freedom=record.degrees_of_freedom,
    )


def _corrected_peaks(record: Record) -> Floats:
    """Extreme values without what noise adds to the largest of many samples; of phases that ring, their crests."""
    lifted = np.array([expected_extreme(n) for n in record.phases.near_peak]) * record.analogue_noise
    lasting = record.true_peak - lifted + _lost_corner(record)
    crest = record.ring.crest
    return np.asarray(np.where(np.isfinite(crest), crest, lasting), dtype=np.float64)


def _lost_corner(record: Record) -> float:
    """By how much, on average, the extreme of a falling plateau is missed, A or V.

    It lies at the plateau's very beginning: up to one sample before the first one, and rounded by the bandwidth.
    """
    slopes = np.abs(record.phases.slope)
    if not np.isfinite(slopes).any():
        return 0.0
    length = float(np.median(record.phases.plateau))
    # Of noise alone a line of n samples slopes by about σ·√(12/n³).
    chance = _SLOPE_NOISE * record.noise * math.sqrt(12 / max(length, 1.0) ** 3)
    fall = float(np.nanmedian(slopes))
    settling = _SETTLING / (2 * math.pi * record.path.bandwidth * record.interval)
    return 0.5 * fall * (1 + settling) if fall > chance else 0.0


def _peak_budget(record: Record) -> Budget:
    """Return the budget of an extreme sample, A or V, offset and relative terms left out."""
    phases = record.phases
    if record.rings:
        return _crest_budget(record)
    near = float(np.median(phases.near_peak)) if len(phases) else 1.0
    noise = record.analogue_noise
    # Of a falling plateau, fewer samples compete for the extreme than lie near it.
    doubt = _EXTREME_DOUBT if _lost_corner(record) == 0.0 else _FALLING_DOUBT
    return Budget(
        systematic={
            "quantisation": math.hypot(record.path.resolution / math.sqrt(12), record.quantisation),
            "noise of an extreme sample": doubt * expected_extreme(near) * noise,
            "bandwidth": _lost_corner(record) / math.sqrt(3),
        },
        random={"noise": _SKEW * spread_of_extreme(near) * noise},
        degrees_of_freedom=record.degrees_of_freedom,
    )


def _crest_budget(record: Record) -> Budget:
    """Return the budget of a crest, A or V, offset and relative terms left out.

    The vertex of a parabola through n samples has the variance 9/(4·n) of one. Of what is left of the parabola's and of
    the pole's series, the next terms are smaller: by a sixth of the square of the angle that the parabola spans, as
    those of a sine are, and by the angle that the pole lags.
    """
    ring = record.ring
    n = float(np.nanmedian(2 * record.phases.crest_reach + 1))
    omega = float(np.nanmedian(ring.omega))
    span = omega * 0.5 * (n + 1)
    lag = omega / (2 * math.pi * record.path.bandwidth * record.interval)
    missed = math.sqrt(float(np.nanmean(np.square(ring.missed))))
    one = math.sqrt(9 / (4 * n))
    rounded = record.path.resolution / math.sqrt(12)
    return Budget(
        systematic={
            "quantisation": record.quantisation,
            "bandwidth": lag * float(np.nanmedian(ring.lost)) / math.sqrt(3),
        },
        periodic={"crest between samples": min(span**2 / 6, 1.0) * missed},
        random={"noise": one * math.hypot(record.analogue_noise, rounded)},
        averaging=record.averaging,
        degrees_of_freedom=record.degrees_of_freedom,
    )


def phase_duration(record: Record) -> Outcome:
    """Time between the 50 % crossings of a phase's two transitions, s."""
    inner = record.is_inner_rise.astype(np.int64) + record.is_inner_fall
    shared = float(inner.max(initial=0)) if record.touching else 0.0
    budget = timing_budget(record, shared=shared)
    durations = record.durations[record.whole_phases]
    return items(record, "phase_duration", Unit.SECOND, durations, budget)


def phase_top(record: Record) -> Outcome:
    """State level of a phase, magnitude, A (V): mode of the histogram of its own samples (IEEE Std 181-2011 §5.2.1)."""
    return items(record, "phase_top", record.signal.unit, record.true_top[record.whole_phases], top_budget(record))


def phase_peak(record: Record) -> Outcome:
    """Extreme value of a phase, magnitude, A (V)."""
    budget = replace(
        _peak_budget(record),
        relative=record.relative,
        directed=record.offset(absolute=False),
        direction=record.direction,
    )
    peaks = _corrected_peaks(record)[record.whole_phases]
    return items(record, "phase_peak", record.signal.unit, peaks, budget)


def _ringing_edge(record: Record, name: str, seen: Floats, bow: Floats) -> Outcome:
    """Return the time of edges that ring: without corners, read through cubics, and bent by the pole.

    Behind a pole of the time constant T a smooth z crosses a level later than z + T·z′ does, by T − T²/2·z″/z′. The
    straight line between two samples crosses it elsewhere by Δt²/12·z″/z′ on average; a cubic leaves of that about what
    part of a turn of the resonance lies between two samples, in radians, where the ring begins among them.
    """
    pole = 1 / (2 * math.pi * record.path.bandwidth)
    bent = bow / record.interval
    times = seen + 0.5 * pole**2 * bent
    bend = float(np.nanmedian(np.abs(bent))) if np.isfinite(bent).any() else 0.0
    slowest = float(np.nanmedian(seen)) if np.isfinite(seen).any() else record.interval
    edge = replace(record.edge, transition=slowest / _TEN_TO_NINETY, slowest=slowest / _TEN_TO_NINETY)
    turn = float(np.nanmedian(record.ring.omega))
    lag = pole * turn / record.interval
    budget = Budget(
        relative={"timebase": record.path.timebase},
        systematic={
            "bandwidth": lag * 0.5 * pole**2 * bend / math.sqrt(3),
            "reference level": _TEN_TO_NINETY * record.quantisation * edge.slowest / edge.height,
        },
        periodic={"crossing interpolation": min(turn, 1.0) * record.interval**2 / 12 * bend},
        random={"noise": math.sqrt(2) * edge.jitter},
        averaging=max(record.averaging, 1 / math.sqrt(max(len(record.whole_pulses), 1))),
    )
    return items(record, name, Unit.SECOND, times[record.whole_phases], budget)


def _edge_time(
    record: Record, name: str, samples: Floats, is_inner: Flags, *, bow: Floats, past: Floats | None = None
) -> Outcome:
    """Remove what sampling and bandwidth add to a straight edge.

    Of an edge of another form a single pole adds as much as in quadrature, which is allowed for.
    """
    seen = samples * record.interval
    if record.rings:
        return _ringing_edge(record, name, seen, bow)
    times, form = seen.copy(), 0.0
    for inner in (False, True):
        mine = is_inner == inner
        if np.isfinite(seen[mine]).any():
            shared = inner and record.touching
            beyond = 0.0 if past is None or shared else goes_beyond(past[mine])
            added, doubt = _added(record, float(np.nanmean(seen[mine])), shared=shared, beyond=beyond)
            times[mine] = np.maximum(seen[mine] - added, 0.0)
            form = max(form, doubt)
    edge = record.edge
    budget = Budget(
        relative={"timebase": record.path.timebase},
        systematic={
            "edge form": form,
            "reference level": _TEN_TO_NINETY * record.quantisation * edge.slowest / edge.height,
        },
        periodic={"crossing interpolation": math.sqrt(2) * edge.corner},
        random={"noise": math.sqrt(2) * edge.passage},
        worst=dict.fromkeys(("reference level", "noise"), edge.weakest),
        # What a corner costs changes abruptly with where the samples lie: it averages no better than chance.
        averaging=max(record.averaging, 1 / math.sqrt(max(len(record.whole_pulses), 1))),
    )
    return items(record, name, Unit.SECOND, times[record.whole_phases], budget)


def _added(record: Record, seen: float, *, shared: bool, beyond: float) -> tuple[float, float]:
    """What sampling and bandwidth add to edges that seem so long on average, and how well that is known, s."""
    pole = 1 / (2 * math.pi * record.path.bandwidth)
    corners = 0.5 if shared else 1.0
    length = resolved_transition(seen / record.interval, certain=record.averaging, shared=shared, beyond=beyond)
    sampling = corners * added_by_sampling(length, beyond) * record.interval
    length *= record.interval
    bandwidth = 0.0
    for _ in range(_STEPS):
        bandwidth = corners * added_by_pole(length, pole, beyond)
        length = max((seen - sampling - bandwidth) / _TEN_TO_NINETY, 0.0)
    quadrature = math.hypot(_TEN_TO_NINETY * length, _POLE_EDGE * pole) - _TEN_TO_NINETY * length
    doubts = (quadrature - bandwidth, _SAMPLING_DOUBT * sampling, _STRAIGHT_DOUBT * seen)
    return sampling + bandwidth, root_sum_square(*doubts) / math.sqrt(3)


_STEPS = 10
_TEN_TO_NINETY = 0.8


def rise_time(record: Record) -> Outcome:
    """10–90 % of base to top of a phase's first transition, s."""
    return _edge_time(record, "rise_time", record.phases.rise, record.is_inner_rise, bow=record.phases.rise_bow)


def fall_time(record: Record) -> Outcome:
    """90–10 % of a phase's last transition, s."""
    phases = record.phases
    return _edge_time(record, "fall_time", phases.fall, record.is_inner_fall, bow=phases.fall_bow, past=phases.past)


def _third_order(record: Record) -> Floats:
    """What a parabola misses of the fall of a plateau that decays, A or V; zero where it falls too little to tell.

    Of an exponential decay the third coefficient follows from the first two: c₃ = 2·c₂²/(3·c₁). A least-squares
    parabola over ±h misses c₃·(x³ − 3/5·h²·x) of it at x.
    """
    phases = record.phases
    half, at = 0.5 * phases.plateau, 0.5 * (phases.stop - phases.start)
    falls = np.abs(phases.slope) * phases.plateau > np.maximum(_STEEP * phases.middle, 10 * record.noise)
    third = np.divide(
        2 * phases.curve**2, 3 * phases.slope, out=np.zeros(len(phases)), where=falls & np.isfinite(phases.slope)
    )
    return np.asarray(-2 * third * (at**3 - 0.6 * half**2 * at), dtype=np.float64)


def droop(record: Record) -> Outcome:
    """(top at start − top at end) / top at start of a phase, from the least-squares parabola through its plateau."""
    phases = record.phases
    middle = phases.middle + phases.sign * record.trace.pedestal
    bow = (phases.plateau**2 - 1) / 12
    taken = record.taken_by_sampling / record.interval
    first, last = (
        middle + phases.slope * at + phases.curve * (at**2 - bow)
        for at in (
            phases.start - phases.centre - taken * record.is_inner_rise,
            phases.stop - phases.centre + taken * record.is_inner_fall,
        )
    )
    lost = first - last
    bent = _third_order(record)
    values = ratio(lost + np.nan_to_num(bent), first)
    form = 0.5 * float(np.median(np.abs(bent[np.isfinite(bent)]))) if np.isfinite(bent).any() else 0.0
    levels = Budget(systematic={"quantisation": record.quantisation, "plateau form": form / math.sqrt(3)})
    # The fall over n samples of a plateau, found with σ·√(12/n) of the line, is prolonged to the phase's whole length.
    whole = record.whole_phases
    n = np.maximum(phases.plateau[whole], 1.0)
    longer = np.fmax((phases.stop - phases.start)[whole] / n, 1.0)
    noise = Budget(random={"noise": math.sqrt(12) * record.noise}).per(record.sizes * np.sqrt(n) / longer)
    budget = levels.per(record.sizes)
    budget = replace(budget, random=noise.random, worst={**budget.worst, **noise.worst})
    return items(record, "droop", Unit.ONE, values[whole], _and_crossings(record, budget))


def _and_crossings(record: Record, budget: Budget) -> Budget:
    """Return the budget of a droop: what is lost between two crossings is as uncertain as the time between them."""
    whole = record.whole_phases
    if not len(whole):
        return budget
    falls = float(np.median(np.abs(np.nan_to_num(record.phases.slope[whole])) / record.phases.top[whole]))
    times = timing_budget(record, shared=1.0 if record.touching else 0.0).scaled(falls / record.interval)
    return replace(
        budget,
        systematic=budget.systematic | times.systematic,
        periodic=times.periodic,
        random={"noise": root_sum_square(budget.random["noise"], times.random["noise"])},
        averaging=times.averaging,
    )


def overshoot(record: Record) -> Outcome:
    """(peak − top) / top of a phase, without what noise adds to the peak."""
    values = ratio(_corrected_peaks(record) - record.true_top, record.true_top)
    budget = _peak_budget(record)
    # A level near the border of two codes has its mode on the one, its extreme on the other, unless noise dithers it.
    step = record.path.resolution
    code = _ONE_CODE * step * dithered(step, record.analogue_noise)
    rounded = max(budget.systematic["quantisation"], code)
    budget = replace(budget, systematic=budget.systematic | {"quantisation": rounded})
    return items(record, "overshoot", Unit.ONE, values[record.whole_phases], budget.per(record.sizes))


def pulse_width(record: Record) -> Outcome:
    """Begin of the first to end of the last phase, interphase interval included, s."""
    pulses, phases = record.pulses, record.phases
    widths = (phases.stop[pulses.stop - 1] - phases.start[pulses.first])[record.whole_pulses] * record.interval
    return items(record, "pulse_width", Unit.SECOND, widths, timing_budget(record), what="widths")


def interphase_interval(record: Record) -> Outcome:
    """Rest between two phases of a pulse, 50 % to 50 %, s."""
    rest = _rests(record) - 2 * record.taken_by_sampling
    budget = timing_budget(record, shared=2.0 if record.touching else 0.0)
    return items(record, "interphase_interval", Unit.SECOND, rest, budget, what="interphase intervals")


def polarity(record: Record) -> Outcome:
    """Direction of a pulse's leading phase, +1 or −1."""
    signs = record.phases.sign[record.first_phase][record.whole_pulses].astype(np.float64)
    return count(record, "polarity", Unit.COUNT, signs, what="leading phases")


def phase_count(record: Record) -> Outcome:
    """Number of phases of a pulse."""
    numbers = (record.pulses.stop - record.pulses.first)[record.whole_pulses].astype(np.float64)
    return count(record, "phase_count", Unit.COUNT, numbers, what="phases")
