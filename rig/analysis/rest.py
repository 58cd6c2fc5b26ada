"""What no current looks like: where zero is, how well that is known, and what noise and offset alone explain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.analysis.baseline import block_uncertainty

if TYPE_CHECKING:
    from rig.analysis.trace import Floats
    from rig.model.signal_path import SignalPath

__all__ = ["Rest", "rest_of"]

_COVERAGE = 2.0
_BEYOND = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A signal without output; A or V.

    Attributes
    ----------
    level : where zero is
    offset : standard uncertainty of that
    noise : rms, of one sample, rounding included
    analogue_noise : the same before it was rounded
    threshold : the largest deviation that noise, quantisation and offset alone explain; what is above is output
    """

    level: float
    offset: float
    noise: float
    analogue_noise: float
    threshold: float


def rest_of(path: SignalPath, zero: Floats | None, *, samples: int) -> Rest:
    """Return what so many samples without output look like.

    Parameters
    ----------
    zero : values of a capture known to be without output, shape (n,), n ≥ 1; or None: then the path's absolute offset
        is allowed for

    Notes
    -----
    The noise is the path's specified one, or the zero capture's where that is larger; never that of the signal looked
    at, which output would raise. Of n samples of normal noise the largest lies near σ·√(2·ln n); two σ more are
    allowed.
    """
    noise, offset, level = path.noise, path.offset, 0.0
    if zero is not None:
        level = float(zero.mean())
        noise = max(noise, float(zero.std()))
        offset = math.hypot(path.offset_drift, block_uncertainty(zero))
    extreme = noise * (math.sqrt(2 * math.log(max(samples, 2))) + _BEYOND)
    return Rest(
        level=level,
        offset=offset,
        noise=noise,
        analogue_noise=math.sqrt(max(noise**2 - path.resolution**2 / 12, 0.0)),
        threshold=extreme + _COVERAGE * offset + path.resolution,
    )
