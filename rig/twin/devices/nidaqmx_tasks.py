"""What a DAQmx task remembers and when its samples exist, without wire and without physics."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "RANGES",
    "TIMEBASE",
    "AnalogTask",
    "DigitalTask",
    "InputChannel",
    "Lines",
    "NotOfThisTask",
    "OutputChannel",
    "SampleMode",
    "StartTrigger",
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
class StartTrigger:
    """What the first sample waits for: a terminal (``PFI0``) or an input (``ai0``), its level in V, its slope ±1."""

    source: str
    level: float
    slope: int


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
    ``acquisition`` is the number of what it acquires since then, None before anything was read of it; ``struck`` the
    defects that show themselves in it.
    """

    channels: list[InputChannel] = field(default_factory=list)
    asked_buffer: int | None = None
    overwrite: bool = False
    auto_start: bool = True
    trigger: StartTrigger | None = None
    clock_error: float = 0.0
    began: float = 0.0
    origin: float | None = None
    position: int = 0
    acquisition: int | None = None
    struck: frozenset[str] = frozenset()
    overloaded: frozenset[str] = frozenset()

    @property
    def true_rate(self) -> float:
        """How fast the card samples by the world's clock, its own timebase being off by ``clock_error``."""
        return (coerced_rate(self.rate) if self.timed else ON_DEMAND_RATE) * (1.0 + self.clock_error)

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
        if self.origin is None or now < self.origin:
            return 0
        taken = math.floor((now - self.origin) * self.true_rate + _TICK) + 1
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
        self.origin = None if self.trigger is not None else now
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


def coerced_rate(rate: float) -> float:
    """The nearest rate that the 100 MHz timebase divides to, not below the one asked."""
    return TIMEBASE / max(1, math.floor(TIMEBASE / rate + _TICK))


def default_buffer(rate: float, samples: int) -> int:
    """DAQmx's buffer for continuous sampling: by rate, but never less than the samples per channel asked for."""
    for ceiling, size in ((100.0, 1_000), (10e3, 10_000), (1e6, 100_000)):
        if rate <= ceiling:
            return max(size, samples)
    return max(1_000_000, samples)


def half_range_for(minimum: float, maximum: float) -> float | None:
    """The narrowest range of the card that holds both limits, V; None if there is none."""
    reach = max(abs(minimum), abs(maximum))
    return next((half for half in RANGES if reach <= half), None)


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
