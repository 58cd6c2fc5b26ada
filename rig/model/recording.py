"""A signal that is too long to be held at once: its scale, and its samples part by part; and a capture of such."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.errors import AnalysisError
from rig.model.waveform import Capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from rig.model.waveform import Waveform
    from rig.units import Unit

__all__ = ["LongCapture", "Overview", "Recording", "signals_of"]

_CODE = np.dtype(np.int16)


def _fits(low: float, high: float) -> bool:
    limits = np.iinfo(_CODE)
    return bool(limits.min <= low and high <= limits.max)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overview:
    """Least and greatest sample of consecutive spans, in sample units; ``begins`` are the spans' first samples."""

    begins: NDArray[np.int64]
    least: NDArray[Any]
    greatest: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """One channel, read where and when it is asked for.

    Attributes
    ----------
    scale : a waveform without samples that says what the samples mean
    length : number of samples
    read : gives the samples from one index to before another, all of the type of ``scale.samples``
    overview : gives the extremes of all samples without reading them, where they are kept
    """

    scale: Waveform
    length: int
    read: Callable[[int, int], NDArray[Any]]
    overview: Callable[[], Overview] | None = None

    @classmethod
    def of(cls, waveform: Waveform) -> Recording:
        """Return a waveform as a recording; nothing is copied."""
        samples = waveform.samples
        return cls(
            scale=replace(waveform, samples=samples[:0]),
            length=len(samples),
            read=lambda begin, stop: samples[begin:stop],
        )

    def __len__(self) -> int:
        return self.length

    @property
    def is_coded(self) -> bool:
        """Whether its samples are integer codes of at most 16 bits, by their type or by the instrument's rails."""
        kind, rails = self.scale.samples.dtype, self.scale.rails
        if kind.kind not in "iu":
            return False
        return kind.itemsize <= _CODE.itemsize or (rails is not None and _fits(*rails))

    def codes(self, begin: int, stop: int) -> NDArray[Any]:
        """Return samples from one index to before another as integers of at most 16 bits.

        Raises
        ------
        AnalysisError
            if they are none
        """
        samples = self.read(begin, stop)
        if samples.dtype.itemsize <= _CODE.itemsize and samples.dtype.kind in "iu":
            return samples
        if not self.is_coded or (len(samples) and not _fits(samples.min(), samples.max())):
            message = f"{self.scale.source}: a long recording takes codes of at most 16 bits, not {samples.dtype}"
            raise AnalysisError(message)
        return samples.astype(_CODE)

    def stretch(self, begin: int, stop: int) -> Recording:
        """Return a part as a recording of its own, on the same time axis."""
        return replace(
            self,
            scale=replace(self.scale, start=self.scale.start + begin * self.scale.interval),
            length=stop - begin,
            read=lambda first, last: self.read(begin + first, begin + min(last, stop - begin)),
            overview=None,
        )

    def part(self, begin: int, stop: int) -> Waveform:
        """Return a part as a waveform of its own, on the same time axis."""
        start = self.scale.start + begin * self.scale.interval
        return replace(self.scale, samples=self.read(begin, min(stop, self.length)), start=start)

    def parts(self, most: int) -> Iterator[Waveform]:
        """Yield the whole recording, in order, in parts of nearly equal length, none above ``most`` samples."""
        count = max(-(-self.length // most), 1)
        bounds = [self.length * k // count for k in range(count + 1)]
        for begin, stop in itertools.pairwise(bounds):
            yield self.part(begin, stop)

    def rescaled(self, *, gain: float, offset: float, unit: Unit, note: str) -> Recording:
        """Return the same samples read as ``gain · value + offset`` in another unit; ``note`` joins the history."""
        return replace(self, scale=self.scale.rescaled(gain=gain, offset=offset, unit=unit, note=note))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongCapture(Capture):
    """A capture of which some signals are too long to be held at once: those are ``recordings``."""

    recordings: Mapping[str, Recording] = field(default_factory=dict)


def signals_of(capture: Capture) -> Mapping[str, Waveform | Recording]:
    """Return all signals of a capture, those that are held and those that are read part by part."""
    return {**capture.waveforms, **(capture.recordings if isinstance(capture, LongCapture) else {})}
