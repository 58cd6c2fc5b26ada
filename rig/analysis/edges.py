"""Edges between samples: what sampling and a single pole add to them, and what they leave unknown.

Notes
-----
A straight edge that takes r samples from 0 % to 100 % has two corners. The straight line between two samples cuts each
of them off. Let the 10 % level lie c = r/10 samples past the corner, and the first sample past it v samples, anywhere
between 0 and 1: where v > c the line crosses 10 % too early, by (1 + c) − v − c/v, else not at all. On average that is

    E(c) = (1 − c²)/2 + c·ln c,   and of its square   S(c) = (1 − c³)/3 + 3c(1 − c) + 2c(1 + c)·ln c

so that an edge looks longer by 2·E from 10 % to 90 %. This holds from r = 1 on. Of an edge that happens between two
samples nothing is seen but the line between them, 0.8 samples long; below r = 1 the mean is a straight line in r.

An integral by trapezoids errs by I·Δt·(½ − θ) where an edge happens between two samples, a standard uncertainty of
I·Δt/√12; where a straight edge of r samples is resolved, its two corners cost (I/r)·Δt·θ(1−θ)/2 each, with opposite
signs, so the error lies within ±I·Δt/(8r), a standard uncertainty of I·Δt/(8r·√3). The instant of a 50 % crossing is
as well known. Between r = 0 and r = 1 either falls in a straight line.

Noise of m times the step between two samples moves the point of a line where it crosses a level by m·√(2/3), in the
mean over where between two samples that lies. Where it is larger than the step, the line crosses more than once. The
time that it runs below the level is the sum of what happens at many samples, each below it with a probability p that
passes from 1 to 0 over the edge: its variance is ∫ p·(1 − p) = m/√π, so that it scatters by √(m/√π) samples.

A single pole of the time constant T delays a straight edge by T all along, apart from its beginning, where the delay
grows: at 10 % by 1 − exp(−u) of it, with u − 1 + exp(−u) = r/10 in units of T.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "Edge",
    "added_by_pole",
    "added_by_sampling",
    "goes_beyond",
    "resolved_transition",
    "straight_errors",
    "taken_by_sampling",
]

# 10 % to 90 % of an instantaneous edge as the straight line between two samples draws it, in samples.
_INSTANT = 0.8
_TEN_TO_NINETY = 0.8
_QUARTER = 0.25
# An edge that seems this long from 10 % to 90 %, in samples, cannot be an instantaneous one that a sample caught.
_CERTAIN = 2.0
# Scatter of a 10 % crossing of an edge of less than a sample, in samples.
_UNRESOLVED_CORNER = 0.24
_UNKNOWN = 1 / math.sqrt(12)
_RESOLVED = 1 / (8 * math.sqrt(3))
# The largest difference between a cubic and a straight line through noise, as a part of the noise.
_CUBIC_NOISE = 0.125
# Of a straight line between two samples, in the mean over where on it the level lies.
_BETWEEN_TWO = math.sqrt(2 / 3)
_STEEP = 3.0
_ROOT_PI = math.sqrt(math.pi)
# From so many samples on, a cubic shows how far the edge is from a straight line.
_STRAIGHT = 1.5
# By the duration of a straight edge, what a single pole adds to its 10 % to 90 %; both in time constants.
_POLE = (
    (0.0, 2.197), (0.3, 1.961), (1.0, 1.561), (2.0, 1.157), (3.0, 0.864), (5.0, 0.488), (7.0, 0.286), (10.0, 0.159),
    (15.0, 0.090), (20.0, 0.052), (30.0, 0.019), (50.0, 0.002), (100.0, 0.0),
)  # fmt: skip


def _corner(c: float) -> tuple[float, float]:
    """Mean and standard deviation of how much too early the first crossing of an edge is, in samples."""
    if c >= 1.0:
        return 0.0, 0.0
    mean = (1 - c**2) / 2 + c * math.log(c)
    square = (1 - c**3) / 3 + 3 * c * (1 - c) + 2 * c * (1 + c) * math.log(c)
    return mean, math.sqrt(max(square - mean**2, 0.0))


def added_by_sampling(transition: float, beyond: float = 0.0, above: float = 0.0) -> float:
    """Return what sampling adds to 10 % to 90 % of a straight edge of so many samples, on average, in samples.

    Parameters
    ----------
    transition : from 0 % to 100 %
    beyond : how much further than its base the edge goes on, as a part of its height: its second corner lies there
    above : by how much of its height its first corner lies above the top, as where a plateau begins that droops

    >>> added_by_sampling(0.0), added_by_sampling(10.0), added_by_sampling(0.0, 1.0)
    (0.8, 0.0, 0.4)
    """
    whole = 1.0 + beyond + above
    least = 1.0 / whole
    if transition >= least:
        return _corner(transition * (0.1 + above))[0] + _corner(transition * (0.1 + beyond))[0]
    instant = _INSTANT / whole
    both = _corner((0.1 + above) * least)[0] + _corner((0.1 + beyond) * least)[0]
    return instant + transition * whole * (both - instant)


def goes_beyond(past: npt.NDArray[np.float64]) -> float:
    """Return how far beyond their base edges typically go on, as a part of their height; 0 where that may be noise."""
    usual = float(np.median(past))
    return usual if usual > _BEYOND else 0.0


def taken_by_sampling(transition: float) -> float:
    """Return by how much too early, on average, a phase ends that goes on into the opposite one, in samples.

    A quarter of the way along that transition it has fallen to 50 % of its top.

    Parameters
    ----------
    transition : from the one top to the other, in samples

    >>> taken_by_sampling(0.0), taken_by_sampling(4.0)
    (0.25, 0.0)
    """
    if transition >= 1.0:
        return _corner(transition / 4)[0]
    return _QUARTER + transition * (_corner(_QUARTER)[0] - _QUARTER)


def added_by_pole(transition: float, time_constant: float, beyond: float = 0.0) -> float:
    """Return what a single pole adds to 10 % to 90 % of a straight edge, in the unit of the two.

    Parameters
    ----------
    beyond : how much further than its base the edge goes on, as a part of its height
    """
    if time_constant <= 0:
        return 0.0
    if beyond > 0:
        early, late = (_behind_pole(level, transition / time_constant, beyond) for level in (0.1, 0.9))
        return time_constant * (late - early) - _TEN_TO_NINETY * transition
    lengths, added = zip(*_POLE, strict=True)
    return time_constant * float(np.interp(transition / time_constant, lengths, added))


def _behind_pole(level: float, transition: float, beyond: float) -> float:
    """When a ramp that goes on beyond its height has come to a level of it behind a pole, all in time constants.

    Behind the pole a ramp of slope one is x − 1 + exp(−x); where it ends, what it lags behind fades away.
    """
    end = max(transition * (1 + beyond), _ABRUPT)
    height = end * level / (1 + beyond)
    lag = -math.expm1(-end)
    low, high = 0.0, end + _FADED
    for _ in range(_HALVINGS):
        x = 0.5 * (low + high)
        reached = x + math.expm1(-x) if x <= end else end - lag * math.exp(end - x)
        low, high = (x, high) if reached < height else (low, x)
    return low


_ABRUPT, _FADED, _HALVINGS = 1e-4, 40.0, 50


def resolved_transition(
    seen: float, *, certain: float = 0.0, shared: bool = False, beyond: float = 0.0, above: float = 0.0
) -> float:
    """Return from 0 % to 100 % how long the straight edge takes that seems so long from 10 % to 90 %, in samples.

    Parameters
    ----------
    seen : mean over edges that lie anywhere between the samples
    certain : which part of that mean is due to chance alone: where all edges lie alike, an instantaneous one may always
        be caught by a sample half-way up
    shared : whether the edge goes on into the opposite phase, so that only one of its corners belongs to it
    beyond : how much further than its base it goes on, as a part of its height, if it does so otherwise
    above : by how much of its height its other corner lies above the top
    """
    if shared and above > 0:
        shared, beyond = False, 1.0
    corners = 0.5 if shared else 1.0
    transition = seen / _TEN_TO_NINETY
    for _ in range(_STEPS):
        transition = max((seen - corners * added_by_sampling(transition, beyond, above)) / _TEN_TO_NINETY, 0.0)
    return transition if seen >= corners * _CERTAIN / (1 + beyond + above) else transition * (1 - certain)


_STEPS = 25
_BEYOND = 0.02


def straight_errors(transition: float, pole: float = 0.0) -> tuple[float, float]:
    """Return how far two estimates of a straight edge's 50 % crossing scatter with where samples lie on it, in samples.

    That by the straight line between two samples; and the rms of how far a cubic through four lies from the line.

    Parameters
    ----------
    transition : 0 % to 100 %, in samples
    pole : time constant of a single pole that the edge has passed, in samples

    >>> [round(error, 3) for error in straight_errors(0.0)]
    [0.289, 0.0]
    >>> straight_errors(4.0)
    (0.0, 0.0)
    """
    r, tau = max(transition, _NO_TIME), max(pole, _NO_TIME)
    begin = (np.arange(_PLACES) + 0.5) / _PLACES
    after = np.arange(-2, math.ceil(r + 3 * tau) + 4)[:, None] - begin
    # What the pole leaves of the corner at the begin, and of the one at the end.
    left, late = (np.where(t > 0, tau * np.exp(-np.maximum(t, 0.0) / tau), 0.0) for t in (after, after - r))
    edge = np.clip(after, 0.0, r) - np.where(after > 0, tau, 0.0) + left + np.where(after > r, tau, 0.0) - late
    before = np.argmax(edge >= 0.5 * r, axis=0) - 1
    y = [edge[before + k, np.arange(_PLACES)] / r for k in (-1, 0, 1, 2)]
    step = y[2] - y[1]
    part = (0.5 - y[1]) / step
    bow = (2 - part) * (y[0] - 2 * y[1] + y[2]) + (1 + part) * (y[1] - 2 * y[2] + y[3])
    cubic = part * (1 - part) / 6 * bow / step
    line = before + part - begin
    return round(float(np.std(line)), 9), round(float(np.sqrt(np.mean(cubic**2))), 9)


# Places at which samples lie on an edge; and of a longer one corners are far from its middle.
_PLACES, _NO_TIME, _LONG = 64, 1e-6, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A typical edge of a record: how it limits what samples can say of instants and integrals.

    Attributes
    ----------
    height : A or V; of edges of unlike heights, of which noise moves the crossings as h⁻¹, the root of the mean of h⁻²,
        to the power of −1
    transition, slowest : 0–100 % duration of a fast and of a slow one, as far as it is known, s
    interval : between samples, s
    noise, rounding : rms noise of one sample, and what part of it is rounding, in the unit of ``height``
    bend : rms of the time by which a cubic crosses 50 % elsewhere than a straight line does, s
    size : root of the mean square of their heights, as integrals over them err
    lowest : height of the lowest of them
    pole : time constant of the path's bandwidth, s
    """

    height: float
    transition: float
    interval: float
    noise: float
    bend: float = math.inf
    slowest: float = 0.0
    rounding: float = 0.0
    size: float = 0.0
    lowest: float = 0.0
    pole: float = 0.0

    @property
    def weakest(self) -> float:
        """How many times as far as a typical crossing noise moves that of the lowest edge."""
        return max(self.height / self.lowest, 1.0) if self.lowest > 0 else 1.0

    @property
    def resolved(self) -> bool:
        """Whether the transition takes longer than the time between samples."""
        return self.transition >= self.interval

    @property
    def _samples(self) -> float:
        return self.transition / self.interval

    @property
    def _between_samples(self) -> float:
        """Standard uncertainty of where an edge lies between samples, in samples."""
        if self.resolved:
            return _RESOLVED / self._samples
        return _UNKNOWN - (_UNKNOWN - _RESOLVED) * self._samples

    @property
    def integral(self) -> float:
        """Standard uncertainty of an integral over one edge, A·s or V·s."""
        return max(self.size, self.height) * self.interval * self._between_samples

    @property
    def crossing(self) -> float:
        """Standard uncertainty of the instant of a 50 % crossing, noise apart, s."""
        known = self.interval * self._between_samples
        if self._samples < _STRAIGHT:
            return known
        return min(known, math.sqrt(max(self.bend**2 - (_CUBIC_NOISE * self.jitter) ** 2, 0.0)))

    @property
    def scatter(self) -> float:
        """Typical spread of 50 % crossings from where samples lie, noise apart, s.

        That of a straight edge, and what a cubic shows beyond what it would show of one.
        """
        line, cubic = straight_errors(min(self._samples, _LONG), self.pole / self.interval)
        if self._samples < _STRAIGHT:
            return line * self.interval
        bent = self.bend**2 - (cubic * self.interval) ** 2 - (_CUBIC_NOISE * self.jitter) ** 2
        return min(self.crossing, math.hypot(line * self.interval, math.sqrt(max(bent, 0.0))))

    @property
    def jitter(self) -> float:
        """Standard uncertainty of the instant of a crossing from noise: that of a line's point over its slope, s."""
        duration = max(self.transition, self.slowest, self.interval)
        # Two samples next to each other may well be rounded alike.
        analogue = math.sqrt(max(self.noise**2 - self.rounding**2, 0.0)) / self.height * duration / self.interval
        moved = min(_BETWEEN_TWO * analogue, math.sqrt(analogue / _ROOT_PI)) * self.interval
        return math.hypot(moved, self.rounding / self.height * duration)

    @property
    def passage(self) -> float:
        """Standard uncertainty, from noise, of the instant at which a level is first reached: at worst its time, s."""
        duration = max(self.transition, self.slowest, self.interval)
        return max(self.jitter, self.noise / self.height * duration * (1.0 if self._is_noisy else _BETWEEN_TWO))

    @property
    def _is_noisy(self) -> bool:
        """Whether noise is as large as the step between two samples, so that the first of many samples decides."""
        duration = max(self.transition, self.slowest, self.interval)
        return self.height * self.interval <= _STEEP * self.noise * duration

    @property
    def corner(self) -> float:
        """Standard uncertainty of the instant of a 10 % or 90 % crossing, where the corner bends the line, s."""
        return self.interval * (_corner(self._samples / 10)[1] if self.resolved else _UNRESOLVED_CORNER)
