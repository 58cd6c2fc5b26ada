"""Samples of one signal, with everything needed to know what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rig.model.happening import Happening
    from rig.units import Unit

__all__ = ["Capture", "Purpose", "Waveform"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waveform:
    """One channel: ``value = gain · sample + offset`` at ``start + index · interval``.

    Attributes
    ----------
    samples : shape (n,), integer codes or float64; made read-only here
    gain, offset : from a sample to ``unit``
    interval : s between samples
    start : time of the first sample on the capture's time axis, s (0 is the trigger, or the start)
    unit : of the values
    source : instrument and channel, for example ``scope:1``, or a file's name
    rails : samples at or beyond these are clipped (in sample units), if known
    hole : the code that means "no data", if the instrument has one
    history : what was done to the samples, oldest first
    """

    samples: NDArray[Any]
    interval: float
    unit: Unit
    source: str
    gain: float = 1.0
    offset: float = 0.0
    start: float = 0.0
    rails: tuple[float, float] | None = None
    hole: int | None = None
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.samples.ndim != 1:
            msg = f"{self.source}: a waveform has one dimension, not {self.samples.ndim}"
            raise AnalysisError(msg)
        if not (np.isfinite(self.interval) and self.interval > 0):
            msg = f"{self.source}: the sample interval must be positive, not {self.interval!r} s"
            raise AnalysisError(msg)
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def duration(self) -> float:
        """Number of samples times their interval, s."""
        return len(self.samples) * self.interval

    @property
    def sample_rate(self) -> float:
        """Samples per second, Hz."""
        return 1.0 / self.interval

    def values(self) -> NDArray[np.float64]:
        """Return the samples in ``unit``, float64, shape (n,)."""
        return np.asarray(self.samples * self.gain + self.offset, dtype=np.float64)

    def times(self) -> NDArray[np.float64]:
        """Return the sampling instants, s, shape (n,)."""
        return np.asarray(self.start + self.interval * np.arange(len(self.samples)), dtype=np.float64)

    def rescaled(self, *, gain: float, offset: float, unit: Unit, note: str) -> Waveform:
        """Return the same samples read as ``gain · value + offset`` in another unit; ``note`` joins the history."""
        return replace(
            self,
            gain=self.gain * gain,
            offset=self.offset * gain + offset,
            unit=unit,
            history=(*self.history, note),
        )


class Purpose(StrEnum):
    """Why a capture was taken."""

    ZERO = "zero"
    SCOUT = "scout"
    SIGNAL = "signal"
    IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Capture:
    """What was acquired at one time: one waveform per signal (``voltage``, ``current``).

    ``triggered`` says whether the instruments saw the event they waited for; ``happenings`` what was done meanwhile, on
    the time axis of the current.
    """

    id: str
    purpose: Purpose
    waveforms: Mapping[str, Waveform]
    triggered: bool = True
    notes: tuple[str, ...] = field(default=())
    happenings: tuple[Happening, ...] = field(default=())
