"""Crests of phases that ring: the parabola through the extreme samples of an overshoot.

Notes
-----
A phase rings where it overshoots by more than noise makes, for a short while, near its beginning. The extreme sample
lies lower than the crest between samples, and noise lifts the largest of many; of a parabola through 2·h + 1 samples
neither is true.

Behind a step of 1 a resonance of the angular frequency ω and the damping ratio ζ is at rest about 1 after
x″ = −ω²·(x − 1) − 2ζω·x′. At the crest x′ = 0, so that of an overshoot o and a parabola o + c·t²

    ω² = −2c/o,   ζ = −ln o / √(π² + ln² o),   and further   c₃ = −(2/3)·ζω·c,   c₄ = c·ω²·(4ζ² − 1)/12

follow: what the parabola misses of the crest. With the moments S₂, S₄, S₆ of the places, a least-squares parabola gives
of c₃·(x − v)³ + c₄·(x − v)⁴ at its vertex v

    c₃·(γv − v³) + c₄·(β + (α − 4γ)·v² + 3v⁴)

too much, and its own vertex lies c₃·(γ − 3v²)/(−2c) after v; there

    γ = S₄/S₂,   α = (n·S₆ − S₂·S₄)/(n·S₄ − S₂²),   β = (S₄ − α·S₂)/n

A single pole of the time constant T takes z from x = z + T·z′, whose crest is −c·T²·(1 + (4/3)·ζω·T) higher than that
of z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rig.analysis.trace import Flags, Floats, Integers

__all__ = ["Crests", "Ring", "find_crests", "parabola", "ring_of"]

# A crest is higher than the top by this part of it, and by so many times the noise …
_HIGHER = 0.03
_ABOVE_NOISE = 8.0
# … lies in this first part of its phase, and the samples beside its highest are higher than the top by this part of it.
_EARLY = 0.33
_BESIDE = 0.3
# The parabola runs through samples that lie in this uppermost part of a crest, which is narrower than this part of its
# phase.
_UPPERMOST = 0.2
_NARROW = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crests:
    """By phase; NaN where it does not ring. See :class:`rig.analysis.shape.Phases`."""

    height: Floats
    curve: Floats
    reach: Floats
    place: Floats

    @property
    def ring(self) -> Flags:
        """Which phases do."""
        return np.asarray(np.isfinite(self.height), dtype=np.bool_)


def find_crests(
    magnitude: Floats, offset: Integers, *, peak: Floats, top: Floats, noise: float, sloping: Flags
) -> Crests:
    """Return the crests of phases.

    Parameters
    ----------
    magnitude : all samples of the phases, one after the other, the signal's unit
    offset : where in it each phase begins, shape (m,)
    peak, top : of each phase, shape (m,)
    sloping : phases that have no state level to ring about, shape (m,)
    """
    found = np.full((len(offset), 4), np.nan)
    over = peak - top
    stop = np.append(offset[1:], len(magnitude))
    candidates = np.flatnonzero(~sloping & (over > np.maximum(_HIGHER * top, _ABOVE_NOISE * noise)))
    for k in candidates.tolist():
        phase = magnitude[offset[k] : stop[k]]
        found[k] = _crest(phase, float(top[k]), float(over[k]))
    return Crests(height=found[:, 0], curve=found[:, 1], reach=found[:, 2], place=found[:, 3])


def _crest(phase: Floats, top: float, over: float) -> tuple[float, float, float, float]:
    none = (math.nan, math.nan, math.nan, math.nan)
    at = int(phase.argmax())
    most = int(_NARROW * 0.5 * len(phase))
    if at < 1 or at >= len(phase) - 1 or at > _EARLY * len(phase) or most < 1:
        return none
    if min(phase[at - 1], phase[at + 1]) < top + _BESIDE * over:
        return none
    level = float(phase[at]) - _UPPERMOST * over
    reach = 1
    last = len(phase) - 1
    while (
        reach <= most
        and at > reach
        and at + reach < last
        and min(phase[at - reach - 1], phase[at + reach + 1]) >= level
    ):
        reach += 1
    if reach > most:
        return none
    height, curve, place = parabola(phase[at - reach : at + reach + 1])
    return (height, curve, float(reach), place) if curve < 0 and abs(place) <= reach else none


def parabola(samples: Floats) -> tuple[float, float, float]:
    """Return height, curvature c of c·x², and place of the vertex of a parabola through 2·h + 1 samples.

    Least squares; places count from the middle sample.

    >>> [round(part, 9) for part in parabola(np.array([0.0, 3.0, 4.0]))]
    [4.0, -1.0, 1.0]
    """
    h = len(samples) // 2
    x = np.arange(-h, h + 1, dtype=np.float64)
    second = h * (h + 1) * (2 * h + 1) / 3
    fourth = second * (3 * h * h + 3 * h - 1) / 5
    mean = float(samples.mean())
    slope = float((x * samples).sum()) / second
    curve = (float((x * x * samples).sum()) - second * mean) / (fourth - second * second / len(samples))
    level = mean - curve * second / len(samples)
    place = -0.5 * slope / curve if curve else 0.0
    return level + 0.5 * slope * place, curve, place


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ring:
    """What the crests of phases tell of the resonance behind them; by phase, NaN where it does not ring.

    Attributes
    ----------
    crest : height, without what parabola and pole took from it, the signal's unit
    overshoot : of the crest, as a part of the top
    omega : angular frequency of the resonance without its damping, per sample
    damping : of it, as a ratio
    missed : what a parabola missed of the crest
    lost : what the pole took from it
    """

    crest: Floats
    overshoot: Floats
    omega: Floats
    damping: Floats
    missed: Floats
    lost: Floats

    @property
    def settling(self) -> float:
        """How long a typical ring takes to fade to what is nothing of its power, in samples."""
        return _FADED / float(np.nanmedian(self.damping * self.omega))


def ring_of(*, height: Floats, curve: Floats, reach: Floats, place: Floats, top: Floats, time_constant: float) -> Ring:
    """Return the resonance that made crests.

    Parameters
    ----------
    height, curve, reach, place : of the parabolas through the crests; see :class:`rig.analysis.shape.Phases`
    top : of the phases, on the same base as ``height``
    time_constant : of the path's single pole, in samples
    """
    over = np.where(height > top, height - top, np.nan)
    log = np.log(over / top)
    damping = -log / np.hypot(math.pi, log)
    h, v = reach, place
    n, s2 = 2 * h + 1, h * (h + 1) * (2 * h + 1) / 3
    s4 = s2 * (3 * h * h + 3 * h - 1) / 5
    s6 = s2 * (3 * h**4 + 6 * h**3 - 3 * h + 1) / 7
    gamma, alpha = s4 / s2, (n * s6 - s2 * s4) / (n * s4 - s2 * s2)
    beta = (s4 - alpha * s2) / n
    # The parabola's own curvature is that at the crest but for what the third and fourth power add to it.
    c = curve
    for _ in range(_STEPS):
        third, fourth, omega = _further(c, over, damping)
        c = np.minimum(curve - fourth * (alpha + 6 * v**2) + 3 * third * v, 0.5 * curve)
    third, fourth, omega = _further(c, over, damping)
    shift = -third * (gamma - 3 * v**2) / (2 * c)
    v = v - shift
    missed = c * shift**2 - third * (gamma * v - v**3) - fourth * (beta + (alpha - 4 * gamma) * v**2 + 3 * v**4)
    lost = -c * time_constant**2 * (1 + 4 / 3 * damping * omega * time_constant)
    return Ring(
        crest=height + missed + lost,
        overshoot=over / top,
        omega=omega,
        damping=damping,
        missed=missed,
        lost=lost,
    )


def _further(c: Floats, over: Floats, damping: Floats) -> tuple[Floats, Floats, Floats]:
    """Return third and fourth coefficient of a crest, and the angular frequency, of its second."""
    omega = np.sqrt(-2 * c / over)
    return -2 / 3 * damping * omega * c, c * omega**2 * (4 * damping**2 - 1) / 12, omega


_STEPS, _FADED = 4, 5.0
