"""A capture file, what a person tells about it, and what it is found to hold: channels that are read when asked for."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rig.errors import UnitError, UnreadableFile
from rig.units import Unit, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from rig.model.waveform import Waveform

__all__ = ["UNTOLD", "Channel", "Found", "Opened", "Told", "distinct", "even_axis", "whole_range", "within_reach"]

_UNITS = {"VOLT": "V", "VOLTS": "V", "AMP": "A", "AMPS": "A", "AMPERE": "A", "AMPERES": "A"}
_SMALLEST, _GREATEST = 1e-15, 1e15
_OFF_THE_LINE = 0.01
_LOW_BYTE = 0xFF
_HEAD = 4096


class Opened:
    """One file: its first bytes, and all of them when they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        try:
            with path.open("rb") as file:
                self.head = file.read(_HEAD)
        except OSError as error:
            raise self._unread(error) from error

    @cached_property
    def content(self) -> bytes:
        """All bytes, read once."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise self._unread(error) from error

    def complain(self, what: str) -> UnreadableFile:
        """Return the error that names the file."""
        return UnreadableFile(f"{self.name}: {what}")

    def _unread(self, error: OSError) -> UnreadableFile:
        return self.complain(f"cannot be read: {error.strerror or error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of a file, by the name that chooses it; ``read`` raises UnreadableFile if it cannot be used."""

    name: str
    read: Callable[[], Waveform]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The kind of a file, its channels, what a reader of the analysis should know, and files that belong to it."""

    kind: str
    channels: tuple[Channel, ...]
    notes: tuple[str, ...] = ()
    beside: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person says about a file that does not say it: seconds between samples, and the unit."""

    interval: float | None = None
    unit: Unit | None = None

    def settle_interval(self, said: float | None, complain: Callable[[str], UnreadableFile]) -> float:
        """Return the interval that the file says, or else that was told.

        Raises
        ------
        UnreadableFile
            if neither says it, or both do and differ
        """
        if said is None and self.interval is None:
            raise complain("the file does not say the sample interval; tell it with --interval, for example '1 us'")
        if said is not None and self.interval is not None and not math.isclose(said, self.interval, rel_tol=1e-6):
            raise complain(f"the file says that samples are {said:g} s apart, --interval says {self.interval:g} s")
        interval = self.interval if said is None else said
        if interval is None or not within_reach(interval):
            raise complain(f"the sample interval cannot be {interval!r} s")
        return interval

    def settle_unit(self, said: str, complain: Callable[[str], UnreadableFile]) -> tuple[float, Unit]:
        """Return the scale and the unit that the file says ("mV" is 0.001 and volt), or else that was told.

        Raises
        ------
        UnreadableFile
            if neither says it, both do and differ, or it is no unit of voltage or current
        """
        text = said.strip()
        if not text:
            if self.unit is None:
                raise complain("the file does not say the unit; tell it with --unit, V or A")
            return 1.0, self.unit
        scale, unit = _scale_and_unit(text, complain)
        if self.unit is not None and self.unit is not unit:
            raise complain(f"the file says that the unit is {text!r}, --unit says {self.unit.value}")
        return scale, unit

    def check(self, waveform: Waveform) -> Waveform:
        """Return a waveform that is as it was told to be, or raise UnreadableFile."""

        def complain(what: str) -> UnreadableFile:
            return UnreadableFile(f"{waveform.source}: {what}")

        self.settle_interval(waveform.interval, complain)
        self.settle_unit(waveform.unit.value, complain)
        return waveform


UNTOLD = Told()
"""Nothing was told: the file has to say everything."""


def _scale_and_unit(text: str, complain: Callable[[str], UnreadableFile]) -> tuple[float, Unit]:
    known = _UNITS.get(text.upper(), text)
    for unit in (Unit.VOLT, Unit.AMPERE) if known.isalpha() else ():
        try:
            return parse_quantity(f"1 {known}", unit), unit
        except UnitError:
            continue
    raise complain(f"{text[:40]!r} is not a unit of voltage or current")


def within_reach(number: float, *, positive: bool = True) -> bool:
    """Whether an oscilloscope can have meant a number: finite, and of a size that occurs."""
    if not math.isfinite(number) or abs(number) > _GREATEST:
        return False
    return number >= _SMALLEST or not positive


def distinct(channels: list[Channel]) -> tuple[Channel, ...]:
    """Return the channels with names that choose exactly one: names that come again are counted, ``CH1#2``."""
    seen: Counter[str] = Counter()
    result = []
    for channel in channels:
        seen[channel.name] += 1
        count = seen[channel.name]
        result.append(channel if count == 1 else replace(channel, name=f"{channel.name}#{count}"))
    return tuple(result)


def whole_range(codes: NDArray[np.integer]) -> tuple[float, float]:
    """Return the ends of what integer codes can say: codes there are clipped.

    A converter of eight bits fills the upper byte of sixteen; its greatest code then ends in a zero byte.
    """
    limits = np.iinfo(codes.dtype)
    low, high = float(limits.min), float(limits.max)
    if codes.dtype.itemsize == 2 and not np.any(codes & _LOW_BYTE):  # noqa: PLR2004 - bytes
        high -= _LOW_BYTE
    return low, high


def even_axis(times: NDArray[np.float64], complain: Callable[[str], UnreadableFile]) -> tuple[float, float]:
    """Return start and interval of stored times, s, which have to be even: of binary numbers, no digits are missing.

    Raises
    ------
    UnreadableFile
        if times are no numbers, do not advance, or are uneven
    """
    if len(times) < 2 or not np.isfinite(times).all():  # noqa: PLR2004 - an interval has two ends
        raise complain("the times are not numbers of seconds")
    start, interval = float(times[0]), float(times[-1] - times[0]) / (len(times) - 1)
    if not within_reach(interval):
        raise complain("time does not advance")
    off = np.abs(times - start - interval * np.arange(len(times)))
    if float(off.max()) > _OFF_THE_LINE * interval:
        steps = np.diff(times)
        at = int(np.abs(steps - np.median(steps)).argmax())
        raise complain(f"time is not even: sample {at + 1} comes {steps[at]:.6g} s after the one before it")
    return start, interval
