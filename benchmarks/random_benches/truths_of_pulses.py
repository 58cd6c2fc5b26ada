"""The true values of phases and pulses, from the exact signal of a train."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from benchmarks.random_benches.exact import Phase, TrainTruth
from benchmarks.random_benches.stated import AREA

__all__ = ["of_charges", "of_phases"]


def of_phases(truth: TrainTruth, phases: list[Phase]) -> Iterator[tuple[str, float]]:
    """Yield levels, durations and edges."""

    def mean(values: list[float]) -> float:
        return float(np.mean(values))

    yield "phase_duration", mean([one.stop - one.start for one in phases])
    yield "phase_peak", mean([one.peak for one in phases])
    yield "phase_top", mean([one.top for one in phases])
    if not truth.plan.shape.droop:
        yield "rise_time", mean([one.rise for one in phases])
        yield "fall_time", mean([one.fall for one in phases])
        yield "overshoot", 0.0
    yield "droop", mean([one.droop for one in phases])
    yield "pulse_width", phases[-1].stop - phases[0].start
    if len(phases) > 1:
        yield "interphase_interval", phases[1].start - phases[0].stop
    yield "polarity", float(phases[0].sign)
    yield "phase_count", float(len(phases))


def of_charges(truth: TrainTruth, phases: list[Phase]) -> Iterator[tuple[str, float]]:
    """Yield charges and the energy of a pulse."""
    yield "phase_charge", float(np.mean([one.charge for one in phases]))
    yield "phase_mean", float(np.mean([one.charge / (one.stop - one.start) for one in phases]))
    for name, sign in (("positive", 1), ("negative", -1)):
        own = [sign * one.charge for one in phases if one.sign == sign]
        if own:
            yield f"phase_charge_{name}", own[0]
    largest = max(one.charge for one in phases)
    yield "max_phase_charge", largest
    yield "phase_charge_density", largest / AREA
    yield "shannon_k", math.log10(largest * 1e6 * largest * 1e6 / (AREA * 1e4))
    yield "net_charge_active", sum(one.sign * one.charge for one in phases)
    nets = _nets(truth)
    if len(nets):
        yield "net_charge", float(np.mean(nets))
        yield "charge_imbalance", float(np.mean(nets)) / phases[0].charge
    load = truth.world.loads[truth.plan.load].resistance
    begin, end = phases[0].start, phases[-1].stop
    ramp = truth.world.output.ramp
    yield "pulse_energy", load * truth.signal.integral_of_square(begin - ramp, end + ramp)


def _nets(truth: TrainTruth) -> list[float]:
    """From every whole pulse to the next; at most one and a half periods, as the measurand is defined."""
    begins = truth.begins
    period = float(np.median(np.diff(begins))) if len(begins) > 1 else truth.plan.stimulus.period
    nets = []
    for number in np.flatnonzero(truth.whole):
        begin = begins[number]
        stop = begins[number + 1] if number + 1 < len(begins) else begin + period
        if stop - begin > 1.5 * period:
            stop = begin + period
        if stop <= truth.record[1]:
            nets.append(truth.signal.integral(begin, stop))
    return nets
