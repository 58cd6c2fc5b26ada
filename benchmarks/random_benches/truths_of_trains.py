"""The true values of trains and bursts, from when their pulses truly came."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.random_benches.exact import Phase, TrainTruth

__all__ = ["of_trains"]


def of_trains(truth: TrainTruth, phases: list[Phase]) -> Iterator[tuple[str, float]]:
    """Yield rates, jitter, counts and the times of bursts."""
    steps = np.diff(truth.begins)
    if not len(steps):
        return
    if truth.plan.shape.burst:
        inside = steps <= 4.5 * np.median(steps)
        yield from _of_bursts(truth, phases)
        steps = steps[inside]
    yield "pulse_rate", 1 / float(np.mean(steps))
    yield "missing_pulses", 0.0
    yield "extra_pulses", 0.0
    if len(steps) > 1:
        yield "period_jitter", float(np.std(steps, ddof=1))
        yield "period_jitter_peak_to_peak", float(np.ptp(steps))


def _of_bursts(truth: TrainTruth, phases: list[Phase]) -> Iterator[tuple[str, float]]:
    number = truth.plan.per_burst
    every = truth.all_begins
    width = phases[-1].stop - phases[0].start
    duration = float(every[number - 1] - every[0]) + width
    repeat = float(np.mean(np.diff(every[::number])))
    yield "pulses_per_burst", float(number)
    yield "burst_duration", duration
    yield "on_time", duration
    yield "off_time", repeat - duration
    yield "burst_rate", 1 / repeat
    yield "duty_cycle", duration / repeat
