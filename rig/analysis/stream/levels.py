"""Where a stream of codes is at rest and what counts as leaving it, in codes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.analysis.segment import find_runs, quiet_level
from rig.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Levels", "levels_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Levels of a stream, in codes.

    Attributes
    ----------
    quiet : code at rest
    noise : rms around it; a phase begins and ends within twice this of rest
    threshold : deviation from rest that only a phase exceeds
    baseline : code that means nothing flows: the mean of a zero capture, or the quiet level for want of one
    lone : a run of a single sample is a phase from here on
    width : of the bins in which a phase's top is looked for, of its peak; 0: as the noise asks of each phase
    edge : samples that the slowest edge of all takes from 50 % to 70 %
    steep : steepness of a plateau from which on it has no mode (:mod:`rig.analysis.shape`)
    analogue : rms noise of one sample before it was rounded
    step : one code, as the instrument resolves
    """

    quiet: float
    noise: float
    threshold: float
    baseline: float
    lone: float = 0.0
    width: float = 0.0
    edge: int = 0
    steep: float = 1.0
    analogue: float = 0.0
    step: float = 1.0

    def __post_init__(self) -> None:
        for name in ("quiet", "noise", "threshold", "baseline"):
            value = getattr(self, name)
            if not (math.isfinite(value) and abs(value) < 2**31):
                message = f"the {name} of a stream of codes cannot be {value!r}"
                raise AnalysisError(message)
        if self.noise < 0 or self.threshold <= 0:
            message = (
                f"a stream needs a positive threshold and no negative noise, not {self.threshold} and {self.noise}"
            )
            raise AnalysisError(message)


def levels_from(codes: NDArray[Any], *, zero: NDArray[Any] | None = None) -> Levels:
    """Find the levels of a stream in a first part of it that holds a few pulses, as for a whole record.

    Parameters
    ----------
    codes : shape (n,), n ≥ 2
    zero : codes of the zero capture, same range, if there is one

    Raises
    ------
    AnalysisError
        if there are fewer than two samples

    Examples
    --------
    >>> train = np.tile(np.repeat([0, 1000, -1000, 0], [500, 300, 300, 900]), 3).astype(np.int16)
    >>> levels = levels_from(train)
    >>> levels.quiet, levels.noise, levels.threshold
    (0.0, 1.0, 50.0)
    """
    if len(codes) < 2 or (zero is not None and not len(zero)):  # noqa: PLR2004 - as for every record
        message = "the levels of a stream cannot be told from fewer than two samples"
        raise AnalysisError(message)
    values = np.asarray(codes, dtype=np.float64)
    mean = None if zero is None else float(np.mean(zero, dtype=np.float64))
    quiet = quiet_level(values, zero=mean, floor=1.0)
    runs = find_runs(values - quiet.level, quiet)
    return Levels(
        quiet=quiet.level,
        noise=quiet.noise,
        threshold=runs.threshold,
        baseline=quiet.level if mean is None else mean,
    )
