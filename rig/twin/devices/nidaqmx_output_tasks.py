"""What the tasks of the card's analogue and counter outputs remember."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rig.twin.devices.nidaqmx_tasks import TimedTask

__all__ = [
    "FULL_SCALE",
    "LARGEST_OUTPUT_RATE",
    "CounterTask",
    "OutputTask",
    "PulseChannel",
    "VoltageChannel",
    "VoltageTask",
]

FULL_SCALE = 10.0
LARGEST_OUTPUT_RATE = 3.33e6


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageChannel:
    """One analogue output in a task; limits in V."""

    name: str
    physical: str
    minimum: float
    maximum: float

    @property
    def terminal(self) -> str:
        """Its name on the card."""
        return self.physical.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseChannel:
    """One counter output in a task, as set: s; ``by_frequency`` says in which terms it was asked for."""

    name: str
    physical: str
    high: float
    low: float
    delay: float
    by_frequency: bool

    @property
    def terminal(self) -> str:
        """Its name on the card."""
        return self.physical.rpartition("/")[2]

    @property
    def frequency(self) -> float:
        """Pulses per second."""
        return 1.0 / (self.high + self.low)

    @property
    def duty_cycle(self) -> float:
        """What part of a period it is high."""
        return self.high * self.frequency


@dataclass(slots=True, kw_only=True)
class OutputTask(TimedTask):
    """A task that gives something out from ``began`` on; it has done so by ``end``: s of the world's clock."""

    began: float = 0.0
    end: float = math.inf


@dataclass(slots=True, kw_only=True)
class VoltageTask(OutputTask):
    """An analogue output task; ``written`` are its samples, V, by channel."""

    channels: list[VoltageChannel] = field(default_factory=list)
    written: list[tuple[float, ...]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class CounterTask(OutputTask):
    """A counter output task; without timing it gives a single pulse."""

    channels: list[PulseChannel] = field(default_factory=list)
