"""What decides an acquisition of any oscilloscope, and what a completed one is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Input", "Record", "Settings", "SettingsT", "Shot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input: ``full_scale`` is what all codes of its converter span around ``offset``, V at the probe tip.

    ``probe`` is the attenuation that the instrument has been told, ``bandwidth`` the corner of its limiter, Hz.
    """

    full_scale: float
    offset: float = 0.0
    probe: float = 1.0
    invert: bool = False
    bandwidth: float | None = None
    coupling: Literal["DC", "AC", "GND"] = "DC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One acquisition, as an instrument's settings make it.

    Attributes
    ----------
    inputs : every input of the instrument, shown or not
    sample_rate, depth : samples per second, and how many of them a segment has
    before, after : what a segment spans before its trigger and after it, s; ``before`` is negative when it begins later
    bits : of the samples, high resolution included
    source, level, slope : of the edge trigger: an input, V at the probe tip, and +1 up, −1 down, 0 either
    auto : whether it makes do without a trigger that stays away
    averages : how many triggers one segment is the mean over
    segments : how many segments, each with its own triggers, one acquisition fills
    """

    inputs: Mapping[int, Input]
    sample_rate: float
    depth: int
    before: float
    after: float
    bits: int = 8
    source: int = 1
    level: float = 0.0
    slope: int = 1
    auto: bool = False
    averages: int = 1
    segments: int = 1

    @property
    def triggers(self) -> int:
        """How many triggers make the acquisition complete."""
        return self.averages * self.segments


class Settings(Protocol):
    """All knobs of one family's instrument; never changed in place, so that a record can keep its own."""

    @property
    def shot(self) -> Shot:
        """What an acquisition with these settings is."""


SettingsT = TypeVar("SettingsT", bound=Settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[SettingsT]):
    """One acquisition: the settings it was made with, its number, and its triggers, s of the world's clock.

    ``until`` is when it was stopped, if that was before it was complete. ``clipped`` is a defect: the greatest
    excursions are driven into the rails.
    """

    settings: SettingsT
    shot: Shot
    number: int
    triggers: tuple[float, ...]
    until: float = math.inf
    clipped: bool = False

    @property
    def trigger(self) -> float:
        """The first trigger, s of the world's clock."""
        return self.triggers[0]

    @property
    def segments(self) -> int:
        """How many segments there are; one that lacks some of its averages counts."""
        return math.ceil(len(self.triggers) / self.shot.averages)

    def segment(self, index: int) -> tuple[tuple[int, float], ...]:
        """Return the acquisition numbers and moments of the triggers that segment ``index`` (from 1) was made of."""
        first = (index - 1) * self.shot.averages
        moments = self.triggers[first : first + self.shot.averages]
        return tuple((self.number + first + k, moment) for k, moment in enumerate(moments))
