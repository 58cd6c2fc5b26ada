"""The true values of a form: of its pulses, where it has any, and of the whole record."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.random_benches.form import Form
from benchmarks.random_benches.stated import AREA
from benchmarks.random_benches.truths_of_given import Found, of_given_charges, of_given_pulses, of_given_trains
from rig.analysis import Analysis
from rig.model.measurement import Measurement

__all__ = ["Measured", "of_measured"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A form, what the rig made of it, and the errors of time and load that the rig does not know."""

    form: Form
    analysis: Analysis
    timebase: float
    interval: float
    load: float

    @property
    def record(self) -> tuple[float, float]:
        """From when to when the record lasts, s."""
        return self.form.start, self.true_time((self.form.samples - 1) * self.interval)

    def true_time(self, seconds: float) -> float:
        """What an instant on the capture's axis truly is."""
        return self.form.start + seconds * self.timebase

    def window(self, name: str) -> tuple[float, float] | None:
        """From when to when an outcome speaks of; which periods those are is the record's choice."""
        outcome = self.analysis.outcomes[name]
        if not isinstance(outcome, Measurement):
            return None
        return self.true_time(outcome.window.start), self.true_time(outcome.window.stop)


def of_measured(measured: Measured) -> Iterator[tuple[str, float]]:
    """Yield every true value that follows from the exact signal."""
    form = measured.form
    if form.pulses:
        found = Found(
            form=form,
            load=measured.load,
            starts=np.array([measured.true_time(row.start) for row in measured.analysis.pulses]),
            whole=np.array([row.whole for row in measured.analysis.pulses], dtype=bool),
            stop=measured.record[1],
        )
        if not found.right:
            # Nothing of what was measured has a truth to be compared with: the count of phases tells that it is wrong.
            yield "phase_count", -1.0
            return
        yield from of_given_pulses(found)
        yield from of_given_charges(found)
        yield from of_given_trains(found)
        window = measured.window("rms_current")
        if window is not None:
            begins = found.all_begins
            yield from _of_window(form, *(float(begins[np.abs(begins - at).argmin()]) for at in window))
    yield from _sliding(measured)


def _of_window(form: Form, begin: float, end: float) -> Iterator[tuple[str, float]]:
    length = end - begin
    square, mean = form.pieces.integral_of_square(begin, end) / length, form.pieces.integral(begin, end) / length
    yield "rms_current", math.sqrt(square)
    yield "current_density_rms", math.sqrt(square) / AREA
    yield "dc_component", mean
    yield "ac_rms", math.sqrt(max(square - mean**2, 0.0))
    yield "average_current", magnitude(form, begin, end) / length


def magnitude(form: Form, begin: float, end: float) -> float:
    """Integral of |i|, A·s: piece by piece, those that pass through zero in two."""
    part = form.pieces.between(begin, end)
    length = np.diff(part.edges)
    left = np.exp(-length[:, None] / part.tau)
    first = part.constant + part.amplitude.sum(axis=1)
    last = part.constant + part.slope * length + (part.amplitude * left).sum(axis=1)
    areas = part.constant * length + part.slope * length**2 / 2 + (part.amplitude * part.tau * (1 - left)).sum(axis=1)
    passes = first * last < 0
    total = float(np.abs(areas[~passes]).sum())
    for k in np.flatnonzero(passes):
        low, high = float(part.edges[k]), float(part.edges[k + 1])
        zero = part.first_crossing(0.0, 0, low, high) or high
        total += abs(part.integral(low, zero)) + abs(part.integral(zero, high))
    return total


def _sliding(measured: Measured) -> Iterator[tuple[str, float]]:
    for name, seconds in (("rms_1s", 1.0), ("rms_5s", 5.0)):
        worst = measured.form.known.get(name) or _worst(measured, seconds)
        if worst is not None:
            yield name, worst
            if name == "rms_1s":
                yield "power_density", worst**2 * measured.load / AREA


def _worst(measured: Measured, seconds: float) -> float | None:
    """Largest effective value of any window: one that begins where a pulse begins, or ends where one ends."""
    form = measured.form
    low, high = measured.record[0], measured.record[1] - seconds
    if high < low:
        return None
    begins = [pulse.begin for pulse in form.pulses]
    ends = [pulse.phases[-1].end - seconds for pulse in form.pulses]
    candidates = [at for at in (low, high, *begins, *ends) if low <= at <= high]
    return math.sqrt(max(form.pieces.integral_of_square(at, at + seconds) for at in candidates) / seconds)
