"""What a figure shows when a reader looks closer: the signal thinned where it is flat, and whole where it is not."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Budget", "cells", "packed"]

_ALL_CASES = 300_000  # columns that a whole report may hold; each takes eleven letters of the page
_LEAST, _MOST = 500, 4000
_PULSE_SHARE = 0.4
_PARTS = 4  # into which a cell is split
_COARSE = 4  # so many times fewer cells to begin with than there may be in the end
_FLAT = 0.03  # of the signal's whole span: what spans less is not looked at closer
_X, _Y = 2**32 - 1, 2**16 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many columns the closer look at one case may take: of the pulse, and of the whole record."""

    pulse: int
    record: int

    @classmethod
    def of(cls, cases: int) -> Budget:
        """Share what a page may hold among its cases.

        >>> Budget.of(1)
        Budget(pulse=1600, record=2400)
        """
        columns = min(max(_ALL_CASES // max(cases, 1), _LEAST), _MOST)
        pulse = round(_PULSE_SHARE * columns)
        return cls(pulse=pulse, record=columns - pulse)


def cells(samples: NDArray[Any], most: int) -> NDArray[np.int64]:
    """Return where at most ``most`` cells begin that part the samples: narrow where these change, wide elsewhere.

    >>> cells(np.array([0] * 50 + [9] + [0] * 49), 16).tolist()
    [0, 25, 50, 51, 53, 54, 56, 62, 68, 75]
    """
    count = len(samples)
    if count <= most:
        return np.arange(count)
    begins = np.unique(np.linspace(0, count, max(most // _COARSE, 1), endpoint=False).astype(np.int64))
    while len(begins) + _PARTS - 1 <= most:
        low, high = np.minimum.reduceat(samples, begins), np.maximum.reduceat(samples, begins)
        spans = high.astype(np.float64) - low
        widths = np.diff(begins, append=count)
        wanted = np.flatnonzero((spans > _FLAT * (float(high.max()) - float(low.min()))) & (widths > 1))
        if not len(wanted):
            break
        chosen = wanted[np.argsort(-spans[wanted], kind="stable")[: (most - len(begins)) // (_PARTS - 1)]]
        within = begins[chosen] + widths[chosen] * np.arange(1, _PARTS)[:, None] // _PARTS
        begins = np.unique(np.concatenate((begins, within.ravel())))
    return begins


def packed(times: Array, low: Array, high: Array, span: tuple[float, float]) -> tuple[str, tuple[float, float]]:
    """Return columns as text for a page, and the least and greatest value that its numbers stand for.

    The bytes, in base64, are little-endian: of all columns first the times (32 bits, over ``span``, s), then the least
    values, then the greatest (16 bits each, over what is returned).
    """
    bottom, top = float(low.min()), float(high.max())
    across = np.clip((times - span[0]) / (span[1] - span[0]), 0.0, 1.0)
    per = _Y / (top - bottom) if top > bottom else 0.0
    parts = (
        np.round(across * _X).astype("<u4"),
        np.round((low - bottom) * per).astype("<u2"),
        np.round((high - bottom) * per).astype("<u2"),
    )
    return b64encode(b"".join(part.tobytes() for part in parts)).decode(), (bottom, top)
