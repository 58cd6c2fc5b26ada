"""The true values of whole records, from the exact signal of a train."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from benchmarks.random_benches.exact import Phase, TrainTruth
from benchmarks.random_benches.stated import AREA

__all__ = ["of_records"]


def of_records(truth: TrainTruth, phases: list[Phase]) -> Iterator[tuple[str, float]]:
    """Yield means over the window that was measured, and the worst sliding ones."""
    if truth.window is None:
        return
    first, last = (int(np.abs(truth.all_begins - at).argmin()) for at in truth.window)
    begin, end = float(truth.all_begins[first]), float(truth.all_begins[last])
    length = end - begin
    square, mean = truth.signal.integral_of_square(begin, end) / length, truth.signal.integral(begin, end) / length
    yield "rms_current", math.sqrt(square)
    yield "current_density_rms", math.sqrt(square) / AREA
    yield "dc_component", mean
    yield "ac_rms", math.sqrt(square - mean**2)
    if not truth.plan.shape.imbalance:
        pieces = sum(one.charge for one in phases) * (last - first)
        yield "average_current", pieces / length
    for name, seconds in (("rms_1s", 1.0), ("rms_5s", 5.0)):
        worst = _sliding(truth, seconds)
        if worst is not None:
            yield name, worst
            if name == "rms_1s":
                yield "power_density", worst**2 * truth.world.loads[truth.plan.load].resistance / AREA


def _sliding(truth: TrainTruth, seconds: float) -> float | None:
    low, high = truth.record[0], truth.record[1] - seconds
    if high < low:
        return None
    ends = np.array([end for _, end, _ in truth.commanded])
    begins = np.array([begin for begin, _, _ in truth.commanded])
    candidates = np.concatenate(([low, high], begins, ends - seconds))
    candidates = candidates[(candidates >= low) & (candidates <= high)]
    squares = [truth.signal.integral_of_square(float(at), float(at) + seconds) for at in candidates]
    return math.sqrt(max(squares) / seconds)
