"""What an instrument shows where nothing is: its noise and its offset, against what was stated of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.errors import AnalysisError

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

__all__ = ["NoiseFloor", "noise_floor"]

# How far a healthy channel may seem noisier than it is, in standard deviations of what is found.
_COVERAGE = 3.0
_LEAST_SAMPLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFloor:
    """Values in the unit of the quantity.

    Attributes
    ----------
    rms : standard deviation of the samples, and ``rms_stated`` what is stated of it, rounding to codes included
    rms_uncertainty : standard uncertainty of ``rms``, of a normal distribution's n samples (JCGM 100:2008, E.4.3)
    offset : mean of the samples, and ``offset_stated`` the bound that is stated of it
    """

    rms: float
    rms_stated: float
    rms_uncertainty: float
    offset: float
    offset_stated: float

    @property
    def quiet(self) -> bool:
        """Whether the noise is no larger than stated, as far as can be told."""
        return self.rms <= self.rms_stated + _COVERAGE * self.rms_uncertainty

    @property
    def centred(self) -> bool:
        """Whether the offset is no larger than stated."""
        return abs(self.offset) <= self.offset_stated


def noise_floor(waveform: Waveform, path: SignalPath) -> NoiseFloor:
    """Measure noise and offset of a record in which nothing is to be seen.

    Parameters
    ----------
    waveform : in ``path``'s unit, corrected; shape (n,)
    path : what is stated of the channel in the range it was set to

    Raises
    ------
    AnalysisError
        if there are fewer than 100 samples, or some that are no numbers
    """
    values = waveform.values()
    n = len(values)
    if n < _LEAST_SAMPLES or not np.isfinite(values).all():
        raise AnalysisError(f"{waveform.source}: {n} samples, not all of them numbers, do not show a noise floor")
    rms = float(np.std(values, ddof=1))
    return NoiseFloor(
        rms=rms,
        rms_stated=math.hypot(path.noise, path.resolution / math.sqrt(12)),
        rms_uncertainty=rms / math.sqrt(2 * (n - 1)),
        offset=float(np.mean(values)),
        # The offset's half-width, and one code: a mean cannot lie closer than that to where it belongs.
        offset_stated=math.sqrt(3) * path.offset + path.resolution,
    )
