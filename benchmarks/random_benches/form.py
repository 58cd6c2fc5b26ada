"""What a form of current is: its exact signal, the pulses that were commanded, and what follows from its formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.random_benches.sines import Sines
from rig.twin.signal import Piecewise

__all__ = ["Form", "Given", "Span"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """One phase as commanded: it leaves rest at ``begin``, its last transition lasts from ``falls`` to ``end``, s."""

    begin: float
    falls: float
    end: float
    sign: int


@dataclass(frozen=True, kw_only=True)
class Given:
    """One pulse as commanded."""

    phases: tuple[Span, ...]

    @property
    def begin(self) -> float:
        """When it leaves rest, s."""
        return self.phases[0].begin


@dataclass(frozen=True, kw_only=True)
class Form:
    """A current over time.

    Attributes
    ----------
    signal : exact, A, from before the record's begin to after its end
    start, length, interval : of the record, s
    amplitude : largest magnitude, A
    pulses : all that were commanded, those outside of the record included
    bursts : first and last pulse of every burst or stretch
    known : what follows from the formula of what was commanded, by measurand
    undefined : what this form does not define, though its pulses would
    base : level at rest, A
    signal_to_noise : amplitude over rms noise, where that is drawn with the form
    """

    signal: Piecewise | Sines
    start: float
    length: float
    interval: float
    amplitude: float
    pulses: tuple[Given, ...] = ()
    bursts: tuple[tuple[int, int], ...] = ()
    known: Mapping[str, float] = field(default_factory=dict)
    undefined: frozenset[str] = frozenset()
    base: float = 0.0
    signal_to_noise: float | None = None

    @property
    def pieces(self) -> Piecewise:
        """The exact signal of a form that has pulses.

        Raises
        ------
        TypeError
            if it has none
        """
        if isinstance(self.signal, Sines):
            message = "a current that never rests has no pulses"
            raise TypeError(message)
        return self.signal

    @property
    def samples(self) -> int:
        """Number of samples of the record."""
        return int(self.length / self.interval)
