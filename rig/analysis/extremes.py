"""What noise adds to the range of many values, and how it is taken off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.uncertainty import expected_extreme

if TYPE_CHECKING:
    from rig.analysis.trace import Floats

__all__ = ["left_in_range", "range_from_noise", "range_of_unlike", "without_noise"]

# How well the expected extreme of noise is known, of itself: levels found in noise scatter more than the mean of as
# many samples would; the extremes themselves scatter by half a deviation.
_DOUBT = 0.25
_SPREAD = 0.5
# So many of the noisiest values are looked at for what noise could add to the range of all.
_MOST = 64


def range_from_noise(n: float, noise: float) -> tuple[float, float]:
    """Return the range of ``n`` equal values in noise, and the standard uncertainty of a range found in it."""
    adds = 2 * expected_extreme(n) * noise
    return adds, left_in_range(adds, noise)


def left_in_range(adds: float, noise: float) -> float:
    """Return the standard uncertainty of a range to which noise of that size adds that much at its ends."""
    return math.hypot(math.sqrt(2) * _SPREAD * noise, _DOUBT * adds)


def range_of_unlike(noises: Floats) -> float:
    """Return the expected range of equal values of which each is in noise of its own.

    The largest of some values in little noise is less than that of fewer in more: whichever so many of the noisiest
    make most decides.
    """
    noisiest = np.sort(noises)[::-1]
    few = (expected_extreme(2 * (k + 1)) * float(noise) for k, noise in enumerate(noisiest[:_MOST]))
    return 2 * max(*few, 0.0, expected_extreme(len(noises)) * float(np.median(noises)))


def without_noise(found: float, adds: float, left: float) -> tuple[float, float]:
    """Return a range from which what noise adds in quadrature has been removed, and its standard uncertainty.

    Parameters
    ----------
    left : standard uncertainty of the range as it was found
    """
    value = math.sqrt(max(found**2 - adds**2, 0.0))
    near_zero = math.sqrt(left * (left + 2 * max(found, adds)))
    return value, near_zero if value * near_zero <= left * found else left * found / value
