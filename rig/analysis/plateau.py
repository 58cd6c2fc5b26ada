"""The plateaus of phases: a parabola through each, and the level that a plateau with or without a slope stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rig.analysis.trace import Flags, Floats, Integers, Trace, ragged

__all__ = ["Plateaus", "find_plateaus", "plateau_trim", "settled", "state_levels", "steep_from"]

_LEAST_PLATEAU = 8
# Part of a phase left out at either end of its plateau: edge and overshoot.
_TRIM = 0.05
# An edge is taken to last so many times longer than it takes from 50 % to 70 %.
_EDGE = 4
# A plateau that falls by this part of itself, and by this many times what noise alone makes, has no mode.
_STEEP = 0.02
_STATE = 5.0
_SOME = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plateaus:
    """Samples ``first`` to ``last`` of every phase, and the parabola through them."""

    first: Integers
    last: Integers
    mean: Floats
    slope: Floats
    curve: Floats

    @property
    def n(self) -> Floats:
        """Number of samples."""
        return np.asarray(self.last + 1 - self.first, dtype=np.float64)

    @property
    def bow(self) -> Floats:
        """Mean of the squared distance from the middle, samples²: by so much times ``curve`` the middle lies lower."""
        return np.asarray((self.n**2 - 1) / 12, dtype=np.float64)


def plateau_trim(length: Integers, edge: int) -> Integers:
    """Return how many samples are left out at either end of plateaus, between 50 % crossings so many samples apart.

    ``edge`` is what the slowest edge takes from 50 % to 70 %, in samples.
    """
    trim = np.maximum((_TRIM * length).astype(np.int64), _EDGE * edge + 1)
    return np.asarray(np.minimum(trim, length // 2), dtype=np.int64)


def find_plateaus(trace: Trace, sign: Integers, first: Integers, climbed: Integers, last: Integers) -> Plateaus:
    """Return mean and least-squares parabola of every plateau, trimmed at both ends.

    Between the 50 % crossings, less a twentieth and four times what the slowest edge takes from 50 % to 70 %, at either
    end: a level that slopes may begin or end below 90 % of its top, so an edge cannot be told from it by that.
    """
    # The slowest first edge of all stands for every edge: where phases touch, one goes from −1 to +1 and seems short.
    edge = int((climbed - first).max())
    trim = plateau_trim(last - first, edge)
    first, last = first + trim, last - trim
    index, group, offset = ragged(first, last + 1)
    n = (last + 1 - first).astype(np.float64)
    position = index - 0.5 * (first + last)[group]
    value = sign[group] * trace.deviation[index]
    mean = np.add.reduceat(value, offset) / n
    spread = np.maximum(n * (n**2 - 1) / 12, 1.0)
    slope = np.add.reduceat(position * value, offset) / spread
    # The second orthogonal polynomial of n equidistant points, and the sum of its squares.
    bow = position**2 - ((n**2 - 1) / 12)[group]
    curve = np.add.reduceat(bow * value, offset) / np.maximum(n * (n**2 - 1) * (n**2 - 4) / 180, 1.0)
    enough = n >= _LEAST_PLATEAU
    return Plateaus(
        first=first,
        last=last,
        mean=mean,
        slope=np.where(enough, slope, np.nan),
        curve=np.where(enough, curve, np.nan),
    )


def settled(trace: Trace, sign: Integers, plateaus: Plateaus, rings: Flags) -> Plateaus:
    """Take the second halves of plateaus that ring for all of them, and straight lines through these."""
    first = plateaus.first + (plateaus.last + 1 - plateaus.first) // 2
    index, group, offset = ragged(first, plateaus.last + 1)
    n = (plateaus.last + 1 - first).astype(np.float64)
    value = sign[group] * trace.deviation[index]
    mean = np.add.reduceat(value, offset) / n
    position = index - 0.5 * (first + plateaus.last)[group]
    slope = np.add.reduceat(position * value, offset) / np.maximum(n * (n**2 - 1) / 12, 1.0)
    return Plateaus(
        first=np.where(rings, first, plateaus.first),
        last=plateaus.last,
        mean=np.where(rings, mean, plateaus.mean),
        slope=np.where(rings, np.where(n >= _LEAST_PLATEAU, slope, np.nan), plateaus.slope),
        curve=np.where(rings, 0.0 * plateaus.curve, plateaus.curve),
    )


def state_levels(
    rough: tuple[Floats, Floats, Floats], plateaus: Plateaus, noise: float
) -> tuple[Floats, Floats, Flags]:
    """Return top, number of samples it is the mean of, and whether the plateau slopes too much to have a mode.

    Not by the width of a bin, which noise widens: two instruments of different noise mean the same by a top.
    """
    top, samples, _bin_width = rough
    fall = np.abs(np.nan_to_num(plateaus.slope)) * plateaus.n
    chance = noise * np.sqrt(12 / plateaus.n)
    steepness = fall / np.maximum(_STEEP * plateaus.mean, _STATE * chance)
    sloping = np.asarray(steepness > steep_from(steepness), dtype=np.bool_)
    half_way = plateaus.mean - np.nan_to_num(plateaus.curve) * plateaus.bow
    return np.where(sloping, half_way, top), np.where(sloping, plateaus.n, samples), sloping


def steep_from(steepness: Floats) -> float:
    """Return the steepness from which on a plateau has no mode.

    Where some of a record's phases slope, those that nearly do are treated alike: their tops must not jump.
    """
    return 0.5 if float(np.mean(steepness > 1.0)) > _SOME else 1.0
