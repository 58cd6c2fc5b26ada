"""What a DAQmx task remembers and when its samples exist, without wire and without physics."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "RANGES",
    "TIMEBASE",
    "AnalogTask",
    "DigitalTask",
    "EdgeTrigger",
    "InputChannel",
    "Lines",
    "NotOfThisTask",
    "OutputChannel",
    "SampleMode",
    "Sampler",
    "Task",
    "TimedTask",
    "WatchdogTask",
    "coerced_rate",
    "default_buffer",
    "expand",
    "half_range_for",
]

RANGES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
TIMEBASE = 100e6
ON_DEMAND_RATE = 100e3

_CODES = 32768
# Rounding of a sample's own instant must not make it arrive one sample late.
_TICK = 1e-6
_SETTLING = 10e-6
_RANGE = re.compile(r"^(?P<stem>.*?)(?P<first>\d+):(?:.*?)(?P<last>\d+)$")


class NotOfThisTask(LookupError):
    """The attribute belongs to another kind of task, or of channel."""


class SampleMode(IntEnum):
    """DAQmx's own numbers for how long a task samples."""

    FINITE = 10178
    CONTINUOUS = 10123


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChannel:
    """One analogue input in a task; limits in V as asked, ``half_range`` in V as set."""

    name: str
    physical: str
    terminal: str
    minimum: float
    maximum: float
    half_range: float
    configuration: int

    @property
    def volts_per_code(self) -> float:
        """The only scaling coefficient of this card that is not zero."""
        return self.half_range / _CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChannel:
    """One digital output channel: the lines it drives, least significant bit first."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTrigger:
    """What a task waits for: a terminal (``PFI0``) or an input (``ai0``), its level in V, its slope ±1."""

    source: str
    level: float
    slope: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """How a card converts: its inputs at once, or one after the other by a converter that they share.

    ``largest_rate`` is for each channel where they are converted at once, else for all together, per second.
    """

    simultaneous: bool = True
    largest_rate: float = 2e6
    timebase: float = TIMEBASE

    def conversion(self, rate: float, channels: int) -> float:
        """How long after one channel the next one is converted, s.

        DAQmx gives each input 10 µs more than the converter needs, to settle; where the sample clock leaves no time for
        that, conversions are spread evenly between two of its ticks.
        """
        if self.simultaneous:
            return 0.0
        patient, even = 1.0 / self.largest_rate + _SETTLING, 1.0 / (rate * channels)
        return math.floor(min(patient, even) * self.timebase + _TICK) / self.timebase


@dataclass(slots=True, kw_only=True)
class Task:
    """What every task has; without channels it is neither for input nor for output yet."""

    name: str
    running: bool = False
    channels: list[Any] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class TimedTask(Task):
    """A task that may have a clock: its rate in samples per second and channel, and how many of them."""

    timed: bool = False
    rate: float = 1000.0
    mode: SampleMode = SampleMode.FINITE
    samples: int = 1000


@dataclass(slots=True, kw_only=True)
class AnalogTask(TimedTask):
    """An analogue input task; times in s of the world's clock, rates in samples per second and channel.

    ``began`` is when it was started, ``origin`` when its first sample was taken: None while it waits for its trigger.
    ``trigger`` starts it; ``reference`` ends what lies before it, of which ``pretrigger`` samples are kept.
    ``acquisition`` is the number of what it acquires since then, None before anything was read of it; ``struck`` the
    defects that show themselves in it. ``log`` is the TDMS file that gets whatever is read, as the group ``log_group``.
    """

    channels: list[InputChannel] = field(default_factory=list)
    asked_buffer: int | None = None
    overwrite: bool = False
    auto_start: bool = True
    trigger: EdgeTrigger | None = None
    reference: EdgeTrigger | None = None
    pretrigger: int = 0
    sampler: Sampler = field(default_factory=Sampler)
    clock_error: float = 0.0
    began: float = 0.0
    origin: float | None = None
    position: int = 0
    acquisition: int | None = None
    struck: frozenset[str] = frozenset()
    overloaded: frozenset[str] = frozenset()
    log: Path | None = None
    log_group: str = ""

    @property
    def true_rate(self) -> float:
        """How fast the card samples by the world's clock, its own timebase being off by ``clock_error``."""
        return self.set_rate * (1.0 + self.clock_error)

    @property
    def set_rate(self) -> float:
        """How fast the card samples by its own timebase."""
        return coerced_rate(self.rate if self.timed else min(ON_DEMAND_RATE, self.fastest), self.sampler.timebase)

    @property
    def fastest(self) -> float:
        """The highest rate of each of its channels."""
        shared = 1 if self.sampler.simultaneous else max(len(self.channels), 1)
        return self.sampler.largest_rate / shared

    @property
    def conversion(self) -> float:
        """How long after one channel the next one is converted by the card's own timebase, s."""
        return self.sampler.conversion(self.set_rate, max(len(self.channels), 1))

    @property
    def spread(self) -> float:
        """How long after the first channel of a sample its last one is converted, s."""
        return self.lag(max(len(self.channels) - 1, 0))

    def lag(self, place: int) -> float:
        """How long after the first channel of a sample another one is converted, s."""
        return place * self.conversion / (1.0 + self.clock_error)

    @property
    def waits_for(self) -> EdgeTrigger | None:
        """The edge without which there are no samples."""
        return self.reference if self.trigger is None else self.trigger

    @property
    def listens_from(self) -> float:
        """From when on its edge counts: with a reference trigger, once everything before it has been sampled."""
        return self.began + (self.pretrigger / self.true_rate if self.reference is not None else 0.0)

    def origin_at(self, edge: float) -> float:
        """When its first sample is taken, if its edge comes then; with a reference trigger the clock runs before."""
        if self.reference is None:
            return edge
        after = math.ceil((edge - self.began) * self.true_rate - _TICK)
        return self.began + (after - self.pretrigger) / self.true_rate

    @property
    def total(self) -> int | None:
        """After how many samples per channel the acquisition is complete; None if never."""
        return self.samples if self.timed and self.mode is SampleMode.FINITE else None

    @property
    def buffer(self) -> int:
        """How many samples per channel wait for a reader before the oldest would be lost."""
        if self.asked_buffer is not None:
            return self.asked_buffer
        return self.samples if self.mode is SampleMode.FINITE else default_buffer(self.rate, self.samples)

    def instant(self, sample: int) -> float:
        """When that sample is taken; infinitely late while the trigger has not come."""
        return math.inf if self.origin is None else self.origin + sample / self.true_rate

    def acquired(self, now: float) -> int:
        """How many samples per channel exist by now."""
        if self.origin is None or now < self.origin + self.spread:
            return 0
        taken = math.floor((now - self.origin - self.spread) * self.true_rate + _TICK) + 1
        return taken if self.total is None else min(taken, self.total)

    def available(self, now: float) -> int:
        """How many of them nobody has read yet."""
        return self.acquired(now) - self.position

    def overrun(self, now: float) -> bool:
        """Whether unread samples have been lost."""
        return self.timed and not self.overwrite and self.total is None and self.available(now) > self.buffer

    def start(self, now: float) -> None:
        """Begin to sample, or to wait for the trigger."""
        self.running, self.began, self.position, self.overloaded = True, now, 0, frozenset()
        self.origin = None if self.waits_for is not None else now
        self.acquisition = None

    def stop(self) -> None:
        """Forget what was sampled."""
        self.running, self.origin, self.position = False, None, 0


@dataclass(slots=True, kw_only=True)
class DigitalTask(Task):
    """A digital output task."""

    channels: list[OutputChannel] = field(default_factory=list)

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line of the task."""
        return tuple(line for channel in self.channels for line in channel.lines)


@dataclass(slots=True, kw_only=True)
class WatchdogTask(Task):
    """A task of the card's watchdog: after ``timeout`` (s, negative for never) lines take the states of ``safe``."""

    timeout: float
    safe: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Lines:
    """The digital lines of a card by full name, and who is told when they were set; ``locked`` by a watchdog."""

    states: dict[str, bool]
    told: Callable[[Mapping[str, bool]], None]
    locked: bool = False

    def set(self, states: Mapping[str, bool]) -> None:
        """Set some of them."""
        self.states.update(states)
        self.told(self.states)


def coerced_rate(rate: float, timebase: float = TIMEBASE) -> float:
    """The nearest rate that a timebase divides to, not below the one asked."""
    return timebase / max(1, math.floor(timebase / rate + _TICK))


def default_buffer(rate: float, samples: int) -> int:
    """DAQmx's buffer for continuous sampling: by rate, but never less than the samples per channel asked for."""
    for ceiling, size in ((100.0, 1_000), (10e3, 10_000), (1e6, 100_000)):
        if rate <= ceiling:
            return max(size, samples)
    return max(1_000_000, samples)


def half_range_for(minimum: float, maximum: float, ranges: tuple[float, ...] = RANGES) -> float | None:
    """The narrowest range of the card that holds both limits, V; None if there is none."""
    reach = max(abs(minimum), abs(maximum))
    return next((half for half in ranges if reach <= half), None)


def expand(names: str) -> list[str]:
    """DAQmx's lists of physical names: ``Dev1/ai0:2, Dev1/ai5`` is four of them."""
    found: list[str] = []
    for part in (piece.strip().lstrip("/") for piece in names.split(",")):
        match = _RANGE.match(part)
        if match is None:
            found.append(part)
            continue
        first, last = int(match["first"]), int(match["last"])
        step = 1 if last >= first else -1
        found += [f"{match['stem']}{number}" for number in range(first, last + step, step)]
    return [name for name in found if name]
