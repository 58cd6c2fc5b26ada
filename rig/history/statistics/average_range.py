"""Gauge R&R by averages and ranges: the older method, by hand, to compare the analysis of variance with.

References
----------
AIAG: Measurement Systems Analysis, 4th edition (2010), chapter III, section B (average and range method).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AverageAndRange", "average_and_range"]

# 1/d2* by how many values a range is of: K1 for trials of many ranges, K2 and K3 for one range of appraisers or parts.
_K1 = {2: 0.8862, 3: 0.5908}
_K = {2: 0.7071, 3: 0.5231, 4: 0.4467, 5: 0.4030, 6: 0.3742, 7: 0.3534, 8: 0.3375, 9: 0.3249, 10: 0.3146}


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageAndRange:
    """Standard deviations, in the unit of the values."""

    repeatability: float
    reproducibility: float
    gauge: float
    part: float
    total: float


def average_and_range(values: NDArray[np.float64]) -> AverageAndRange | None:
    """Return the components of a study of parts × appraisers × repeats; None where the published factors end.

    Notes
    -----
    EV = R̿·K1; AV² = (range of the appraisers' means·K2)² − EV²/(p·r); PV = range of the parts' means·K3.
    """
    parts, appraisers, repeats = values.shape
    if repeats not in _K1 or appraisers not in _K or parts not in _K:
        return None
    repeatability = float(np.ptp(values, axis=2).mean()) * _K1[repeats]
    between = (float(np.ptp(values.mean(axis=(0, 2)))) * _K[appraisers]) ** 2 - repeatability**2 / (parts * repeats)
    reproducibility = math.sqrt(max(0.0, between))
    part = float(np.ptp(values.mean(axis=(1, 2)))) * _K[parts]
    gauge = math.hypot(repeatability, reproducibility)
    return AverageAndRange(
        repeatability=repeatability, reproducibility=reproducibility, gauge=gauge, part=part,
        total=math.hypot(gauge, part),
    )  # fmt: skip
