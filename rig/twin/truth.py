"""What was truly delivered: the figures that a measurement on the virtual bench can be held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.twin.signal import Piecewise
    from rig.twin.stimulator import Pulse
    from rig.twin.world import World

__all__ = ["PhaseTruth", "PulseTruth", "delivered", "first_pulse", "last_current", "mean", "peak", "rms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTruth:
    """One phase: ``start`` and ``duration`` at half of its peak, s; signed ``peak``, A, and ``charge``, C."""

    start: float
    duration: float
    peak: float
    charge: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseTruth:
    """One pulse: its beginning and end, s, its phases, and the charge that it leaves behind, C."""

    start: float
    stop: float
    phases: tuple[PhaseTruth, ...]
    net_charge: float


def delivered(world: World, start: float, stop: float) -> tuple[PulseTruth, ...]:
    """Return the pulses that lie wholly between start and stop, as the current through the load was."""
    whole = [pulse for pulse in world.pulses(start, stop) if pulse.start >= start and pulse.stop <= stop]
    if not whole:
        return ()
    current = world.signal("current", start, stop)
    return tuple(
        PulseTruth(
            start=pulse.start,
            stop=pulse.stop,
            phases=_phases(current, pulse),
            net_charge=current.integral(pulse.start, pulse.stop),
        )
        for pulse in whole
    )


def first_pulse(world: World, after: float, before: float) -> float | None:
    """Return when the first pulse begins that does so after a moment, such as that of a command; s."""
    return next((pulse.start for pulse in world.pulses(after, before) if pulse.start >= after), None)


def last_current(world: World, start: float, stop: float) -> float | None:
    """Return when the last current through the load ends between two moments, s; None when there is none at all."""
    current = world.signal("current", start, stop)
    flowing = (current.constant != 0) | (current.slope != 0) | (current.amplitude != 0).any(axis=1)
    last = flowing.nonzero()[0]
    return float(current.edges[last[-1] + 1]) if len(last) else None


def peak(world: World, start: float, stop: float) -> float:
    """Return the greatest magnitude of the current through the load between two moments, A."""
    low, high = world.signal("current", start, stop).extremes(start, stop)
    return max(-low, high)


def rms(signal: Piecewise, start: float, stop: float) -> float:
    """Return the root of the mean square from start to stop, exact, in the signal's unit."""
    return math.sqrt(signal.integral_of_square(start, stop) / (stop - start))


def mean(signal: Piecewise, start: float, stop: float) -> float:
    """Return the mean from start to stop, exact, in the signal's unit."""
    return signal.integral(start, stop) / (stop - start)


def _phases(current: Piecewise, pulse: Pulse) -> tuple[PhaseTruth, ...]:
    """Return the parts of a pulse that were commanded with one sign; each ends where the current leaves that sign.

    A phase's transition at its end belongs to it as far as the current still has its sign.
    """
    begins = [pulse.start + begin for begin, _, _ in pulse.phases]
    ends = [*begins[1:], pulse.stop]
    truths: list[PhaseTruth] = []
    for (_, _, sign), begin, limit in zip(pulse.phases, begins, ends, strict=True):
        own = begin if not truths else (current.first_crossing(0.0, sign, begin, limit) or begin)
        left = current.first_crossing(0.0, -sign, own, limit)
        # Into an opposite phase without rest between, the current passes zero only after that phase has begun.
        end = left or current.first_crossing(0.0, -sign, own, pulse.stop) or limit
        low, high = current.extremes(own, end)
        peak = high if sign > 0 else low
        up = current.first_crossing(peak / 2, sign, begin, end)
        # A phase that is cut off stays above half of its peak to its very end.
        down = None if up is None else current.first_crossing(peak / 2, -sign, up, end) or end
        truths.append(
            PhaseTruth(
                start=begin if up is None else up,
                duration=0.0 if up is None or down is None else down - up,
                peak=peak,
                charge=current.integral(own, end),
            )
        )
    return tuple(truths)
