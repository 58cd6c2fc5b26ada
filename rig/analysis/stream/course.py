"""A streamed signal whose integrals are known between any two instants: exact sums at knots, and codes read from there.

The compiled pass leaves exact sums where phases begin and end and at every multiple of its stride. An instant at such a
knot needs no sample; for any other one the codes from the last knot before it are read again.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.analysis.trace import Course, Floats, Integers, Levels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Knots", "Marks", "StreamCourse"]

# Of the windows that the sums at knots make the worst, so many are looked at sample by sample.
_CANDIDATES = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """Sums of deviations and of their squares (modulo 2**64) over all samples before every so many samples."""

    every: int
    total: Integers
    squares: Integers


@dataclass(slots=True, kw_only=True, eq=False)
class Knots:
    """Samples up to and with which the sums are known, and the deviations of that sample and of the next.

    ``index`` ascends; samples that are asked for and are no knot yet become one.
    """

    index: Integers
    total: Integers
    squares: Integers
    left: Integers
    right: Integers
    marks: Marks
    deviations: Callable[[int, int], Integers]

    def at(self, index: Integers) -> tuple[Integers, Integers, Integers, Integers]:
        """Return total, squares, left and right at samples, which are read where they are not known yet."""
        where = self._find(index)
        unknown = np.ones(len(index), dtype=bool) if not len(self.index) else self.index[where] != index
        if unknown.any():
            self._add(np.unique(index[unknown]))
            where = self._find(index)
        return self.total[where], self.squares[where], self.left[where], self.right[where]

    def _find(self, index: Integers) -> Integers:
        return np.minimum(np.searchsorted(self.index, index), max(len(self.index) - 1, 0)).astype(np.int64)

    def _add(self, index: Integers) -> None:
        mark = np.minimum(index // self.marks.every, len(self.marks.total) - 1)
        rows = np.empty((4, len(index)), dtype=np.int64)
        bounds = np.flatnonzero(np.diff(mark, prepend=-1, append=-1))
        for first, stop in itertools.pairwise(bounds):
            number = int(mark[first])
            base = number * self.marks.every
            part = self.deviations(base, int(index[stop - 1]) + 2)
            place = index[first:stop] - base
            rows[0, first:stop] = self.marks.total[number] + np.cumsum(part)[place]
            rows[1, first:stop] = self.marks.squares[number] + np.cumsum(part * part)[place]
            rows[2, first:stop] = part[place]
            rows[3, first:stop] = part[np.minimum(place + 1, len(part) - 1)]
        merged = np.concatenate((self.index, index))
        order = np.argsort(merged, kind="stable")
        self.index = merged[order]
        self.total, self.squares, self.left, self.right = (
            np.concatenate((known, new))[order]
            for known, new in zip((self.total, self.squares, self.left, self.right), rows, strict=True)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamCourse(Course):
    """A streamed signal, in A or V.

    Attributes
    ----------
    length : number of samples
    gain : of a code, A or V
    shift : quiet level minus the value of the code that the sums are about, A or V
    known : quiet level minus …, in A or V; its level, spread and extremes over all samples
    windows : worst begin found by the pass, by length in samples
    edges : begins and ends of all phases, in samples, ascending
    peak : largest deviation of every phase, magnitude with its sign, A or V; and where the phase begins
    crowd : of every phase, the level that half of its samples near the extreme lie above, and how many there are
    """

    length: int
    gain: float
    shift: float
    known: Levels
    knots: Knots
    windows: dict[int, float] = field(default_factory=dict)
    begins: Floats
    ends: Floats
    peak: Floats
    crowd_level: Floats
    crowd: Floats

    def __len__(self) -> int:
        return self.length

    def _anchored(self, position: Floats) -> tuple[Integers, Integers, Floats, Floats]:
        """Sums up to and with the sample before each position, and what lies beyond it, in codes and samples."""
        whole = np.clip(np.floor(position).astype(np.int64), 0, max(self.length - 2, 0))
        part = position - whole
        total, squares, left, right = self.knots.at(whole)
        beyond = (part - 0.5) * left + 0.5 * part**2 * (right - left)
        one, two = np.square(left.astype(np.float64)), np.square(right.astype(np.float64))
        return total, squares, beyond, (part - 0.5) * one + 0.5 * part**2 * (two - one)

    def _sums(self, begin: Floats, end: Floats) -> tuple[Floats, Floats]:
        """Integrals of code deviations and of their squares, in samples."""
        begins, ends = self._anchored(begin), self._anchored(end)
        plain = (ends[0] - begins[0]) + (ends[2] - begins[2])
        forth = np.asarray(ends[1] - begins[1], dtype=np.int64)
        squares = forth + (ends[3] - begins[3])
        return np.asarray(plain, dtype=np.float64), np.asarray(squares, dtype=np.float64)

    def deviation_integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − level) dt between positions, shape (m,), A·s or V·s."""
        plain, _ = self._sums(begin, end)
        return np.asarray(self.interval * (self.gain * plain - self.shift * (end - begin)), dtype=np.float64)

    def squared_deviation_integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − level)² dt between positions, shape (m,), A²·s or V²·s."""
        plain, squares = self._sums(begin, end)
        crossed = 2 * self.gain * self.shift * plain
        total = self.gain**2 * squares - crossed + self.shift**2 * (end - begin)
        return np.asarray(self.interval * total, dtype=np.float64)

    def levels(self) -> Levels:
        """Mean, spread and extremes of all samples, against the quiet level."""
        return self.known

    def blocks(self, number: int) -> Floats:
        """Mean deviation in each of so many stretches of equal length."""
        bounds = np.arange(number + 1, dtype=np.float64) * (self.length // number)
        bounds[-1] = min(bounds[-1], self.length - 1)
        return self.deviation_integral(bounds[:-1], bounds[1:]) / (self.interval * np.diff(bounds))

    def worst_window(self, width: int) -> tuple[float, float]:
        """Begin and end of the window in which ∫ (value − baseline)² dt is largest.

        It begins with a phase, or ends with one, or anywhere in rest; the pass looked at every stride's begin.
        """
        last = float(self.length - 1 - width)
        at = np.clip(np.concatenate((np.floor(self.begins), np.ceil(self.ends) - width)), 0.0, last)
        rough = self._roughly(at + width) - self._roughly(at)
        at = at[np.argsort(rough)[-_CANDIDATES:]]
        if width in self.windows:
            at = np.append(at, min(self.windows[width], last))
        at = np.unique(np.append(at, 0.0))
        squares = self.integral_of_square(at, at + width)
        worst = float(at[int(squares.argmax())])
        return worst, worst + width

    def _roughly(self, position: Floats) -> Floats:
        """∫ (value − baseline)² dt from the begin, as straight lines between phases' edges make it."""
        edges = np.sort(np.concatenate(([0.0], self.begins, self.ends, [float(self.length - 1)])))
        steps = self.integral_of_square(edges[:-1], edges[1:])
        return np.asarray(np.interp(position, edges, np.concatenate(([0.0], np.cumsum(steps)))), dtype=np.float64)

    def extreme(self) -> tuple[float, float]:
        """Largest |value − baseline|, and the begin of the phase that it lies in."""
        size = max(self.known.maximum + self.pedestal, -self.known.minimum - self.pedestal)
        if not len(self.peak):
            return size, 0.0
        return size, float(self.begins[int(np.abs(self.peak + self.pedestal).argmax())])

    def samples_beyond(self, magnitude: float, *, noise: float) -> float:
        """Number of samples with |value − baseline| of at least that: as noise about every phase's level has it."""
        if not len(self.peak):
            return float(self.length)
        levels = np.abs(self.crowd_level + self.pedestal)
        if noise <= 0:
            return float(self.crowd[levels >= magnitude].sum())
        away = (levels - magnitude) / (noise * math.sqrt(2))
        share = np.array([0.5 * (1 + math.erf(one)) for one in away])
        return float((self.crowd * share).sum())


def codes_about(read: Callable[[int, int], NDArray[Any]], reference: int) -> Callable[[int, int], Integers]:
    """Return what gives deviations of codes from a reference as int64."""

    def deviations(begin: int, stop: int) -> Integers:
        return np.asarray(read(begin, stop), dtype=np.int64) - reference

    return deviations
