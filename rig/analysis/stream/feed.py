"""Chunks of raw codes into the compiled pass, whatever their lengths; phases out of it."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.analysis.stream.kernel import (
    EXTREMES_COARSE,
    EXTREMES_FINE,
    EXTREMES_PER_OCTAVE,
    GUARD,
    RUNS,
    SPAN,
    Rooms,
    finish,
    scan,
)
from rig.analysis.stream.layout import CARRY, PHASE, RUN, SETTING, WINDOW, one_after_another
from rig.analysis.uncertainty import expected_extreme
from rig.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rig.analysis.stream.levels import Levels

__all__ = ["Feed"]

_KINDS = {np.dtype(kind) for kind in ("i1", "u1", "i2", "u2")}
# In one call no sum of squares may come round: 2**32 per sample, 2**64 in all.
_MOST = 1 << 26
_FAR = 1 << 40
_LEAST_KEPT = 64
# How many places a window has within its own length, about, and at least where that makes whole vectors.
_PLACES, _LEAST_PLACES = 1000, 500
_VECTOR = 64
# Least samples from one kept sum to the next, so many of them at most, and strides that the ring holds at least.
_MARK, _MOST_MARKS, _LEAST_RING = 2048, 1 << 17, 4096


class Feed:
    """One stream on its way through the compiled pass; all that is carried between chunks is in here, and bounded.

    Parameters
    ----------
    levels : of the stream, in codes
    windows : lengths of the sliding windows, in samples, ascending
    rails : codes at or beyond which a sample is clipped
    longest : samples of the longest phase whose shape is measured
    lead : samples before a crossing in which the phase's begin is looked for
    """

    def __init__(
        self,
        levels: Levels,
        *,
        windows: tuple[int, ...],
        rails: tuple[float, float] | None,
        longest: int,
        lead: int,
    ) -> None:
        self.reference = round(levels.quiet)
        self.total = self.squares = 0
        self._kind: np.dtype[Any] | None = None
        self.stride = _stride(windows[0]) if windows else 1 << 16
        self._setting = _setting(levels, self.reference, rails, self.stride)
        self.carry = np.zeros(1, dtype=CARRY)
        self.carry["low"], self.carry["high"], self.carry["last_beyond"] = _FAR, -_FAR, -1
        self.windows = _windows(windows, self.stride, levels.baseline - self.reference)
        spanning = int(self.windows["spanning"].max()) if windows else 0
        self._every = max(1, math.ceil(_MARK / self.stride))
        self._marks: list[NDArray[np.int64]] = []
        self._noted = -1
        self._rooms = Rooms(
            ring=np.zeros((max(spanning + 2, _LEAST_RING), 2), dtype=np.int64),
            windows=self.windows,
            history=np.zeros(max(lead, GUARD) + GUARD, dtype=np.int32),
            kept=np.zeros(max(longest, _LEAST_KEPT), dtype=np.int32),
            runs=np.zeros(RUNS + GUARD, dtype=RUN),
            rows=np.zeros(2 * RUNS, dtype=PHASE),
            counts=np.zeros((4, 64), dtype=np.int64),
            numbers=np.zeros(512, dtype=np.int32),
            extremes=_extremes(),
        )

    @property
    def samples(self) -> int:
        """Samples taken so far."""
        return int(self.carry["position"][0])

    def take(self, chunk: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Take a chunk and give the phases that came to an end, as arrays of records.

        Raises
        ------
        AnalysisError
            if the chunk holds anything but integers of at most 16 bits, all of one type, in one dimension
        """
        codes = self._checked(chunk)
        while len(codes):
            taken = scan(codes[: self._most], self._setting[0], self.carry[0], self._rooms)
            self._unwrap()
            self._note_marks()
            codes = codes[taken:]
            if len(codes) and self.carry["rows"][0]:
                yield self.drain()

    def finish(self) -> NDArray[Any]:
        """End the stream and give the phases that are left."""
        finish(self._setting[0], self.carry[0], self._rooms)
        return self.drain()

    @property
    def _most(self) -> int:
        """Samples that may be taken in one call: no sum must come round, and no place in the ring be overwritten."""
        return min(_MOST, (len(self._rooms.ring) - 1) * self.stride)

    def _note_marks(self) -> None:
        """Keep the sums at every so many strides; where they become many, at half as many."""
        newest, ring = int(self.carry["strides"][0]), self._rooms.ring
        while (number := (self._noted // self._every + 1) * self._every) <= newest:
            # As far as the ring goes before it begins anew; slices cost less than places that are computed one by one.
            at = number % len(ring)
            some = ring[at : at + newest - number + 1 : self._every].copy()
            self._marks.append(some)
            self._noted = number + (len(some) - 1) * self._every
        if sum(map(len, self._marks)) > _MOST_MARKS:
            kept = np.concatenate(self._marks)[::2]
            self._every *= 2
            self._marks, self._noted = [kept], (len(kept) - 1) * self._every

    @property
    def marks(self) -> tuple[int, NDArray[np.int64]]:
        """Every how many samples there is a mark, and the sums before it: shape (m, 2); squares modulo 2**64."""
        return self._every * self.stride, np.concatenate(self._marks) if self._marks else np.zeros((1, 2), np.int64)

    def _checked(self, chunk: NDArray[Any]) -> NDArray[Any]:
        if chunk.ndim != 1 or chunk.dtype not in _KINDS:
            message = f"a stream is made of integer codes of at most 16 bits, not of {chunk.dtype} × {chunk.ndim}"
            raise AnalysisError(message)
        if self._kind is None:
            self._kind = chunk.dtype
        if chunk.dtype != self._kind:
            message = f"a stream of {self._kind} goes on in {chunk.dtype}"
            raise AnalysisError(message)
        # Read-only in any case: the pass is compiled once for each type of array.
        codes = np.ascontiguousarray(chunk).view()
        codes.flags.writeable = False
        return codes

    def _unwrap(self) -> None:
        """Carry the sums on in whole numbers without bound."""
        self.total = int(self.carry["total"][0])
        self.squares += (int(self.carry["squares"][0]) - self.squares) % 2**64

    def squares_at(self, wrapped: int) -> int:
        """Return a sum of squares that was noted modulo 2**64 during the last call, in full."""
        return self.squares - (self.squares - wrapped) % 2**64

    def drain(self) -> NDArray[Any]:
        """Give the phases that came to an end and were not given yet."""
        count = int(self.carry["rows"][0])
        self.carry["rows"] = 0
        return one_after_another([self._rooms.rows[:count]])


def _stride(window: int) -> int:
    """Samples from place to place: a divisor of the window that is a multiple of 64, or else about a thousandth."""
    most = window // _LEAST_PLACES
    fitting = [stride for stride in range(_VECTOR, most + 1, _VECTOR) if window % stride == 0]
    return fitting[-1] if fitting else max(1, window // _PLACES)


def _setting(levels: Levels, reference: int, rails: tuple[float, float] | None, stride: int) -> NDArray[Any]:
    setting = np.zeros(1, dtype=SETTING)
    fraction = levels.quiet - reference
    setting["reference"], setting["fraction"] = reference, fraction
    setting["above"] = math.floor(levels.threshold + fraction) + 1
    setting["below"] = math.ceil(fraction - levels.threshold) - 1
    setting["rest_high"] = math.floor(fraction + 2 * levels.noise)
    setting["rest_low"] = math.ceil(fraction - 2 * levels.noise)
    setting["threshold"], setting["noise"] = levels.threshold, levels.noise
    for name in ("lone", "width", "edge", "steep", "analogue", "step"):
        setting[name] = getattr(levels, name)
    low, high = (-_FAR, _FAR) if rails is None else rails
    setting["rail_low"] = math.floor(max(low, -_FAR)) - reference
    setting["rail_high"] = math.ceil(min(high, _FAR)) - reference
    setting["stride"] = stride
    # Parts of a stride, all alike, for each one costs something beside its samples.
    setting["span"] = math.ceil(stride / math.ceil(stride / SPAN))
    return setting


@cache
def _extremes() -> NDArray[np.float64]:
    """How far the largest of n normal deviates lies above their mean: for every small n, and on a scale of octaves."""
    octaves = EXTREMES_FINE * 2.0 ** (np.arange(EXTREMES_COARSE) / EXTREMES_PER_OCTAVE)
    table = np.array([expected_extreme(n) for n in (*range(EXTREMES_FINE), *octaves)])
    table.flags.writeable = False
    return table


def _windows(lengths: tuple[int, ...], stride: int, pedestal: float) -> NDArray[Any]:
    windows = np.zeros(len(lengths), dtype=WINDOW)
    for window, length in zip(windows, lengths, strict=True):
        window["strides"] = max(1, round(length / stride))
        # Wherever a window of the full length lies, these strides hold it.
        window["spanning"] = math.ceil((length - 1) / stride) + 1
        window["pedestal"], window["bound"] = pedestal, -math.inf
    return windows
