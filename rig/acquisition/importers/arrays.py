"""Arrays with words beside them, as programs store them: which of those words say interval, unit and scale.

There is no standard; these names are understood, whatever their case, and everything else has to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.acquisition.importers.binary import LEAST_SAMPLES, native
from rig.acquisition.importers.found import Told, even_axis, whole_range, within_reach
from rig.model.waveform import Waveform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rig.errors import UnreadableFile

__all__ = ["TIMES", "WORDS", "Words", "waveform_of"]

TIMES = ("time", "times", "t")
"""Names of arrays that hold the times of the others' samples, s."""

_INTERVALS = ("interval", "dt", "sample_interval", "wf_increment")
_RATES = ("sample_rate", "sampling_rate", "rate", "fs")
_STARTS = ("start", "t0", "wf_start_offset")
_UNITS = ("unit", "units", "unit_string")
_GAINS = ("gain",)
_OFFSETS = ("offset",)
WORDS = frozenset((*_INTERVALS, *_RATES, *_STARTS, *_UNITS, *_GAINS, *_OFFSETS))
"""All names that are understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands beside an array, by lower-case name; ``complain`` names file and array."""

    entries: Mapping[str, object]
    complain: Callable[[str], UnreadableFile]

    def number(self, names: tuple[str, ...], *, positive: bool = False) -> float | None:
        """Return the number that one of these names says; None if none does.

        Raises
        ------
        UnreadableFile
            if it is no number, or one that cannot be
        """
        said = [(name, self.entries[name]) for name in names if name in self.entries]
        if len(said) > 1:
            raise self.complain(f"says {' and '.join(name for name, _ in said)}, which may differ")
        if not said:
            return None
        name, value = said[0]
        try:
            number = float(np.asarray(value).item())  # a scalar of any kind, or an array of one
        except (TypeError, ValueError, OverflowError):
            raise self.complain(f"{name} is no number") from None
        if not within_reach(number, positive=positive):
            raise self.complain(f"{name} cannot be {number!r}")
        return number

    def text(self, names: tuple[str, ...]) -> str:
        """Return the text that one of these names says, or an empty one."""
        for name in names:
            if name in self.entries:
                value = self.entries[name]
                plain = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
                text = plain.decode("utf-8", "replace") if isinstance(plain, bytes) else str(plain)
                return text.strip()
        return ""

    def interval(self) -> float | None:
        """Return the seconds between samples, or None."""
        interval, rate = self.number(_INTERVALS, positive=True), self.number(_RATES, positive=True)
        if interval is not None and rate is not None:
            raise self.complain("says both interval and rate, which may differ")
        return 1 / rate if rate is not None else interval


def waveform_of(
    samples: NDArray[Any], words: Words, told: Told, *, source: str, kind: str, times: NDArray[Any] | None = None
) -> Waveform:
    """Return an array as a waveform.

    Parameters
    ----------
    samples : shape (n,), floats in the unit, or integer codes beside which a gain stands
    times : s, shape (n,), of an array of times beside it

    Raises
    ------
    UnreadableFile
        if neither the file nor a person says what the samples mean, or it makes no sense
    """
    if samples.ndim != 1 or samples.dtype.kind not in "fiu" or len(samples) < LEAST_SAMPLES:
        shape = " × ".join(map(str, samples.shape)) or "one"
        raise words.complain(f"{shape} values of type {samples.dtype} are no waveform")
    gain, offset = words.number(_GAINS), words.number(_OFFSETS)
    coded = samples.dtype.kind in "iu"
    if coded and gain is None:
        raise words.complain("holds integer codes, and no gain says what they mean")
    start, interval = words.number(_STARTS), words.interval()
    if times is not None:
        if interval is not None:
            raise words.complain("says both times and interval, which may differ")
        start, interval = even_axis(np.asarray(times, dtype=np.float64), words.complain)
    interval = told.settle_interval(interval, words.complain)
    scale, unit = told.settle_unit(words.text(_UNITS), words.complain)
    plain = native(samples)
    return Waveform(
        samples=plain,
        interval=interval,
        start=start or 0.0,
        unit=unit,
        gain=(1.0 if gain is None else gain) * scale,
        offset=(offset or 0.0) * scale,
        rails=whole_range(plain) if coded else None,
        source=source,
        history=(f"imported from {kind}",),
    )
