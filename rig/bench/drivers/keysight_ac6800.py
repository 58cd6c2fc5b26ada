"""Keysight AC6800 series (AC6801A to AC6804B): an AC source that feeds the device in place of the mains.

What its guide does not confirm in the pages at hand can be said otherwise in the bench file: the words for range and
current limit, the ranges, and the bits that stand for a protection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.ac_source import AcSource
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.ratings import rating_of
from rig.bench.transport.visa import VisaSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening
    from rig.bench.ratings import Rating

__all__ = ["KeysightAc6800", "opened"]

_ON, _OFF = {"1", "+1", "ON"}, {"0", "+0", "OFF"}
_LOW, _HIGH = 155.0, 310.0
# Over-voltage, over-current and over-temperature.
_TRIPS = 0b1_0011
_SAME = 0.5


class KeysightAc6800(AcSource):
    """The source's only output, coupled to give alternating voltage alone.

    Parameters
    ----------
    name, address, backend : from the bench file
    rating : what it gives at most
    timeout : how long to wait for an answer, s
    ranges : the highest voltages of the low and the high range, V
    range_command, current_command : the headers that choose the range and limit the current
    trip_bits : of ``STAT:QUES:COND?``, those that say that a protection has switched the output off
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        rating: Rating | None = None,
        backend: str = "@py",
        timeout: float = 5.0,
        ranges: tuple[float, float] = (_LOW, _HIGH),
        range_command: str = "VOLT:RANG",
        current_command: str = "CURR",
        trip_bits: int = _TRIPS,
    ) -> None:
        dialogue = ScpiDialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        words = _Words(dialogue, ranges, range_command, current_command, trip_bits)
        super().__init__(name, dialogue, words, rating=rating)


class _Words:
    """One query at a time: a second one before the first is answered is an error of this instrument."""

    def __init__(
        self,
        dialogue: ScpiDialogue,
        ranges: tuple[float, float],
        range_command: str,
        current_command: str,
        trip_bits: int,
    ) -> None:
        self._dialogue, self._ranges = dialogue, ranges
        self._range, self._current, self._trips = range_command, current_command, trip_bits

    @property
    def ranges(self) -> tuple[float, ...]:
        return self._ranges

    def in_range(self, highest: float) -> Sequence[str]:
        return "OUTP:COUP AC", f"{self._range} {highest:.6g}"

    def range(self) -> float:
        query = f"{self._range}?"
        reported = self._dialogue.number(query)
        same = [top for top in self._ranges if abs(top - reported) <= _SAME]
        if not same:
            known = " and ".join(f"{top:g}" for top in self._ranges)
            self._dialogue.refuse(query, f"answered {reported:g} V; ranges of {known} V are known")
        return same[0]

    def voltage(self, voltage: float) -> Sequence[str]:
        return (f"VOLT {voltage:.6g}",)

    def apply(self, frequency: float, current_limit: float) -> Sequence[str]:
        return f"FREQ {frequency:.6g}", f"{self._current} {current_limit:.6g}"

    def applied(self) -> tuple[float, float, float]:
        number = self._dialogue.number
        return number("VOLT?"), number("FREQ?"), number(f"{self._current}?")

    def tripped(self) -> bool:
        return bool(self._dialogue.integer("STAT:QUES:COND?") & self._trips)

    def switch(self, *, on: bool) -> str:
        return f"OUTP {'ON' if on else 'OFF'}"

    def is_on(self) -> bool:
        query = "OUTP?"
        reply = self._dialogue.text(query).upper()
        if reply not in _ON | _OFF:
            self._dialogue.refuse(query, f"answered {reply!r} instead of 0 or 1")
        return reply in _ON

    def measure(self) -> tuple[float, float]:
        return self._dialogue.number("MEAS:VOLT:AC?"), self._dialogue.number("MEAS:CURR:AC?")


def opened(at: Opening) -> KeysightAc6800:
    """Open a session as a bench file says."""
    return KeysightAc6800(
        at.name,
        at.address,
        rating=rating_of(at.entry),
        backend=at.entry.backend,
        timeout=at.patience(5.0),
        ranges=(at.option("low_range", _LOW), at.option("high_range", _HIGH)),
        range_command=at.option("range_command", "VOLT:RANG"),
        current_command=at.option("current_command", "CURR"),
        trip_bits=at.option("trip_bits", _TRIPS),
    )
