"""What the device under test is asked to deliver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Polarity", "Shape", "Stimulus"]


class Shape(StrEnum):
    """The form of one pulse."""

    MONOPHASIC = "monophasic"
    BIPHASIC_SYMMETRIC = "biphasic_symmetric"

    @property
    def phases(self) -> int:
        """Number of phases in one pulse."""
        return 1 if self is Shape.MONOPHASIC else 2


class Polarity(StrEnum):
    """Direction of a pulse's leading phase."""

    POSITIVE = "positive"
    NEGATIVE = "negative"

    @property
    def sign(self) -> int:
        """+1 or −1."""
        return 1 if self is Polarity.POSITIVE else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus:
    """A train of equal pulses on one channel, in SI units.

    Attributes
    ----------
    channel : device channel, from 1
    amplitude : set amplitude of every phase, A
    phase_duration : set duration of every phase, s
    interphase : rest between the two phases of a pulse, s (0 for one phase)
    rate : pulses per second, Hz
    train : how long pulses are delivered, s
    """

    channel: int
    shape: Shape
    amplitude: float
    phase_duration: float
    interphase: float
    rate: float
    train: float
    polarity: Polarity = Polarity.POSITIVE

    @property
    def period(self) -> float:
        """Time from pulse to pulse, s."""
        return 1.0 / self.rate

    @property
    def pulse_width(self) -> float:
        """Begin of the first to end of the last phase, interphase interval included, s."""
        if self.shape is Shape.MONOPHASIC:
            return self.phase_duration
        return 2 * self.phase_duration + self.interphase
