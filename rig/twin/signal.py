"""A signal that is known exactly: on every piece a constant, a slope and a sum of decaying exponentials."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from rig.twin.exponentials import Terms, passes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Piecewise"]

# After so many time constants an exponential is below the rounding of its own amplitude squared.
_SPENT = 80.0
# Two time constants closer than this have a solution with u·exp(−u/τ); a shift of this size stands in for it.
_RESONANCE = 1e-7
_SMALL = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piecewise:
    """``c + s·u + Σ aⱼ·exp(−u/τⱼ)`` with ``u = t − edges[k]`` for ``edges[k] ≤ t < edges[k + 1]``.

    Attributes
    ----------
    edges : shape (n + 1,), strictly increasing, s
    constant, slope : shape (n,), in the signal's unit, and per second
    amplitude, tau : shape (n, m); an unused place has amplitude 0 (and any positive tau), s
    """

    edges: NDArray[np.float64]
    constant: NDArray[np.float64]
    slope: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    tau: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        edges: ArrayLike,
        constant: ArrayLike,
        slope: ArrayLike | None = None,
        amplitude: ArrayLike | None = None,
        tau: ArrayLike | None = None,
    ) -> Self:
        """Make a signal from sequences; without slope or exponentials it is a staircase."""
        level = np.asarray(constant, dtype=np.float64)
        none = np.zeros((len(level), 0))
        return cls(
            edges=np.asarray(edges, dtype=np.float64),
            constant=level,
            slope=np.zeros(len(level)) if slope is None else np.asarray(slope, dtype=np.float64),
            amplitude=none if amplitude is None else np.asarray(amplitude, dtype=np.float64),
            tau=none if tau is None else np.asarray(tau, dtype=np.float64),
        )

    @classmethod
    def level(cls, value: float, start: float, stop: float) -> Self:
        """Make a signal that holds one value."""
        return cls.of([start, stop], [value])

    @classmethod
    def polyline(cls, times: ArrayLike, values: ArrayLike) -> Self:
        """Make a signal that runs straight from point to point."""
        edges, levels = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
        return cls.of(edges, levels[:-1], np.diff(levels) / np.diff(edges))

    @classmethod
    def from_terms(cls, edges: Sequence[float], pieces: Sequence[Terms]) -> Self:
        """Make a signal from one set of terms per piece."""
        width = max((len(piece.exponentials) for piece in pieces), default=0)
        amplitude, tau = np.zeros((len(pieces), width)), np.ones((len(pieces), width))
        for row, piece in enumerate(pieces):
            for column, (height, time_constant) in enumerate(piece.exponentials):
                amplitude[row, column], tau[row, column] = height, time_constant
        return cls.of(edges, [p.constant for p in pieces], [p.slope for p in pieces], amplitude, tau)

    def __post_init__(self) -> None:
        pieces = len(self.constant)
        if pieces == 0 or self.edges.shape != (pieces + 1,) or self.slope.shape != (pieces,):
            msg = "a piecewise signal needs one edge more than pieces, and one slope per piece"
            raise ValueError(msg)
        if self.amplitude.shape != self.tau.shape or self.amplitude.shape[0] != pieces:
            msg = "a piecewise signal needs as many time constants as exponentials"
            raise ValueError(msg)
        if not np.all(np.diff(self.edges) > 0):
            msg = "the edges of a piecewise signal must increase"
            raise ValueError(msg)

    @property
    def start(self) -> float:
        """Where the signal begins, s."""
        return float(self.edges[0])

    @property
    def stop(self) -> float:
        """Where the signal ends, s."""
        return float(self.edges[-1])

    # --- values ---------------------------------------------------------------------------------------------------

    def sample(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at these instants (any order, within start and stop), shape as given."""
        flat = np.asarray(times, dtype=np.float64).ravel()
        self._refuse_outside(flat.min(initial=self.stop), flat.max(initial=self.start))
        order = None if np.all(flat[1:] >= flat[:-1]) else np.argsort(flat, kind="stable")
        ordered = flat if order is None else flat[order]
        inner = np.searchsorted(ordered, self.edges[1:-1], side="left")
        values = self._fill(np.concatenate(([0], inner, [len(flat)])), lambda low, high: ordered[low:high])
        if order is not None:
            restored = np.empty_like(values)
            restored[order] = values
            values = restored
        return values.reshape(np.shape(times))

    def sample_uniform(self, start: float, interval: float, n: int) -> NDArray[np.float64]:
        """Return n values at ``start + i·interval``; as :meth:`sample`, without an array of all the times."""
        self._refuse_outside(start, start + interval * (n - 1) if n else start)
        inner = np.clip(np.ceil((self.edges[1:-1] - start) / interval), 0, n).astype(np.int64)
        bounds = np.concatenate(([0], inner, [n]))
        return self._fill(bounds, lambda low, high: start + interval * np.arange(low, high, dtype=np.float64))

    def at(self, time: float) -> float:
        """Return the value at one instant."""
        return float(self.sample(np.array([time]))[0])

    def _refuse_outside(self, first: float, last: float) -> None:
        slack = 1e-12 * max(1.0, abs(self.start), abs(self.stop))
        if first < self.start - slack or last > self.stop + slack:
            msg = f"the signal is known from {self.start!r} s to {self.stop!r} s, not at {first!r} s to {last!r} s"
            raise ValueError(msg)

    def _fill(self, bounds: NDArray[np.int64], times: Callable[[int, int], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Evaluate piece by piece; ``times(low, high)`` yields the instants of these samples."""
        counts = np.diff(bounds)
        values = np.repeat(self.constant, counts)
        live = (self.slope != 0) | np.any(self.amplitude != 0, axis=1)
        for k in np.flatnonzero(live & (counts > 0)):
            low, high = int(bounds[k]), int(bounds[k + 1])
            u = times(low, high) - self.edges[k]
            if self.slope[k] != 0:
                values[low:high] += self.slope[k] * u
            for height, tau in zip(self.amplitude[k], self.tau[k], strict=True):
                if height != 0:
                    end = int(np.searchsorted(u, _SPENT * tau))
                    values[low : low + end] += height * np.exp(-u[:end] / tau)
        return values

    # --- integrals ------------------------------------------------------------------------------------------------

    def between(self, a: float, b: float) -> Piecewise:
        """Return the part from a to b, which must lie within the signal."""
        self._refuse_outside(a, b)
        first = max(int(np.searchsorted(self.edges, a, side="right")) - 1, 0)
        last = max(int(np.searchsorted(self.edges, b, side="left")), first + 1)
        edges = self.edges[first : last + 1].copy()
        shift = a - edges[0]
        constant, amplitude = self.constant[first:last].copy(), self.amplitude[first:last].copy()
        constant[0] += self.slope[first] * shift
        amplitude[0] *= np.exp(-shift / self.tau[first])
        edges[0], edges[-1] = a, b
        return Piecewise(
            edges=edges, constant=constant, slope=self.slope[first:last], amplitude=amplitude, tau=self.tau[first:last]
        )

    def integral(self, a: float, b: float) -> float:
        """Return the integral from a to b, exact, unit times s."""
        if b == a:
            return 0.0
        part = self.between(a, b)
        length = np.diff(part.edges)
        straight = part.constant * length + part.slope * length**2 / 2
        return float(np.sum(straight) + np.sum(part.amplitude * _decay_area(length[:, None], part.tau)))

    def integral_of_square(self, a: float, b: float) -> float:
        """Return the integral of the square from a to b, exact, unit squared times s."""
        if b == a:
            return 0.0
        part = self.between(a, b)
        length, c, s = np.diff(part.edges), part.constant, part.slope
        total = np.sum(c**2 * length + c * s * length**2 + s**2 * length**3 / 3)
        span = length[:, None]
        cross = c[:, None] * _decay_area(span, part.tau) + s[:, None] * _decay_moment(span, part.tau)
        total += 2 * np.sum(part.amplitude * cross)
        for height, tau in zip(part.amplitude.T, part.tau.T, strict=True):
            joint = part.tau * tau[:, None] / (part.tau + tau[:, None])
            total += np.sum(part.amplitude * height[:, None] * _decay_area(span, joint))
        return float(total)

    # --- shape ----------------------------------------------------------------------------------------------------

    def terms(self, k: int) -> Terms:
        """Return piece k as terms in the time since its own beginning."""
        pairs = zip(self.amplitude[k].tolist(), self.tau[k].tolist(), strict=True)
        return Terms(
            constant=float(self.constant[k]),
            slope=float(self.slope[k]),
            exponentials=tuple((height, tau) for height, tau in pairs if height != 0),
        )

    def extremes(self, a: float, b: float) -> tuple[float, float]:
        """Return the least and the greatest value between a and b (limits from inside at jumps)."""
        part = self.between(a, b)
        values: list[float] = []
        for k, length in enumerate(np.diff(part.edges).tolist()):
            terms = part.terms(k)
            values += [terms.value(u) for u in (0.0, *terms.turning_points(length), length)]
        return min(values), max(values)

    def first_crossing(self, level: float, slope: int, after: float, before: float) -> float | None:
        """Return the first instant from ``after`` to ``before`` at which the signal passes the level.

        ``slope`` +1 asks for a passage upward (from below to at or above), −1 downward, 0 either.
        """
        if before <= after:
            return None
        part = self.between(after, before)
        previous = part.terms(0).value(0.0) - level
        for k, length in enumerate(np.diff(part.edges).tolist()):
            begin, terms = float(part.edges[k]), part.terms(k).lifted(-level)
            if passes(previous, terms.value(0.0), slope):
                return begin
            inside = terms.first_crossing(length, slope)
            if inside is not None:
                return begin + inside
            previous = terms.value(length)
        return None

    # --- new signals ----------------------------------------------------------------------------------------------

    def __mul__(self, gain: float) -> Piecewise:
        return Piecewise(
            edges=self.edges,
            constant=self.constant * gain,
            slope=self.slope * gain,
            amplitude=self.amplitude * gain,
            tau=self.tau,
        )

    __rmul__ = __mul__

    def __neg__(self) -> Piecewise:
        return self * -1.0

    def __truediv__(self, divisor: float) -> Piecewise:
        return self * (1.0 / divisor)

    def __add__(self, other: float | Piecewise) -> Piecewise:
        if not isinstance(other, Piecewise):
            return replace(self, constant=self.constant + other)
        mine, theirs = self.split_at(other.edges), other.split_at(self.edges)
        return Piecewise(
            edges=mine.edges,
            constant=mine.constant + theirs.constant,
            slope=mine.slope + theirs.slope,
            amplitude=np.hstack((mine.amplitude, theirs.amplitude)),
            tau=np.hstack((mine.tau, theirs.tau)),
        )

    def split_at(self, times: NDArray[np.float64]) -> Piecewise:
        """Return the same signal with more edges; times outside are left out."""
        inside = times[(times > self.start) & (times < self.stop)]
        edges = np.union1d(self.edges, inside)
        origin = np.searchsorted(self.edges, edges[:-1], side="right") - 1
        shift = edges[:-1] - self.edges[origin]
        return Piecewise(
            edges=edges,
            constant=self.constant[origin] + self.slope[origin] * shift,
            slope=self.slope[origin],
            amplitude=self.amplitude[origin] * np.exp(-shift[:, None] / self.tau[origin]),
            tau=self.tau[origin],
        )

    def only(self, kept: NDArray[np.bool_]) -> Piecewise:
        """Return the signal on the pieces that are kept, and zero on all others."""
        return replace(
            self,
            constant=self.constant * kept,
            slope=self.slope * kept,
            amplitude=self.amplitude * kept[:, None],
        )

    def followed_by(self, *others: Piecewise) -> Piecewise:
        """Return this signal and, each beginning where the one before ends, the others."""
        parts = (self, *others)
        width = max(part.amplitude.shape[1] for part in parts)
        spare = [((0, 0), (0, width - part.amplitude.shape[1])) for part in parts]
        return Piecewise(
            edges=np.concatenate([self.edges[:1], *(part.edges[1:] for part in parts)]),
            constant=np.concatenate([part.constant for part in parts]),
            slope=np.concatenate([part.slope for part in parts]),
            amplitude=np.concatenate([np.pad(p.amplitude, w) for p, w in zip(parts, spare, strict=True)]),
            tau=np.concatenate([np.pad(p.tau, w, constant_values=1.0) for p, w in zip(parts, spare, strict=True)]),
        )

    def low_passed(self, tau: float, initial: float | None = None) -> Piecewise:
        """Return the exact response of a single pole: ``τ·y' = x − y``.

        ``initial`` is the response at the start; without it the signal is taken to have rested at its first value.
        """
        state = self.terms(0).value(0.0) if initial is None else initial
        pole = np.where(np.abs(self.tau - tau) < _RESONANCE * tau, tau * (1 + _RESONANCE), self.tau)
        constant = self.constant - self.slope * tau
        amplitude = self.amplitude * pole / (pole - tau)
        at_begin = constant + amplitude.sum(axis=1)
        length = np.diff(self.edges)
        at_end = constant + self.slope * length + (amplitude * np.exp(-length[:, None] / pole)).sum(axis=1)
        forget = np.exp(-length / tau)
        free = np.empty(len(length))
        for k in range(len(length)):
            free[k] = state - at_begin[k]
            state = at_end[k] + free[k] * forget[k]
        return Piecewise(
            edges=self.edges,
            constant=constant,
            slope=self.slope,
            amplitude=np.column_stack((amplitude, free)),
            tau=np.column_stack((pole, np.full(len(length), tau))),
        )


def _decay_area(length: NDArray[np.float64], tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of exp(−u/τ) from 0 to length."""
    return -tau * np.expm1(-length / tau)


def _decay_moment(length: NDArray[np.float64], tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of u·exp(−u/τ) from 0 to length; a series where the closed form would cancel."""
    x = length / tau
    closed = tau**2 * (-np.expm1(-x) - x * np.exp(-x))
    series = length**2 * (1 / 2 - x / 3 + x**2 / 8 - x**3 / 30 + x**4 / 144 - x**5 / 840)
    return np.where(x < _SMALL, series, closed)
