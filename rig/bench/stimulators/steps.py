"""The whole steps in which stimulators are set, and the refusal of what lies outside of them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.errors import Refused
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.model.stimulus import Stimulus

__all__ = ["MICROSECOND", "check", "current_steps", "nearest", "time_steps"]

MICROSECOND = Decimal("1e-6")


def nearest(value: float | Decimal, step: Decimal) -> int:
    """Return how many steps come nearest to a value.

    >>> nearest(300e-6, Decimal("50e-6"))
    6
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return int((exact / step).to_integral_value())


def check(stimulus: Stimulus, channels: int) -> None:
    """Raise Refused for what no stimulator can be set to, and for a channel that this one does not have."""
    if not 1 <= stimulus.channel <= channels:
        raise Refused(f"the stimulator has channels 1 to {channels}, not {stimulus.channel}")
    numbers = (stimulus.amplitude, stimulus.phase_duration, stimulus.interphase, stimulus.rate, stimulus.train)
    if not all(math.isfinite(number) for number in numbers) or stimulus.rate <= 0 or stimulus.train <= 0:
        raise Refused("a stimulus needs finite values, and a rate and a train above zero")


def current_steps(amplitude: float, *, step: Decimal, highest: Decimal) -> int:
    """Return an amplitude in steps, A; raise Refused where it is negative, above the highest, or lost in rounding."""
    steps = nearest(amplitude, step)
    shown = format_quantity(amplitude, Unit.AMPERE)
    if amplitude < 0:
        raise Refused(f"an amplitude of {shown} is negative; the polarity says which way current flows")
    if steps * step > highest:
        most = format_quantity(float(highest), Unit.AMPERE)
        raise Refused(f"an amplitude of {shown} is more than the stimulator's {most}")
    if steps == 0 and amplitude > 0:
        least = format_quantity(float(step), Unit.AMPERE)
        raise Refused(f"an amplitude of {shown} is less than the stimulator's smallest, {least}")
    return steps


def time_steps(name: str, duration: float, *, shortest: int, longest: int, step: Decimal = MICROSECOND) -> int:
    """Return a duration in steps, s; raise Refused where it is not between the shortest and the longest, in steps."""
    steps = nearest(duration, step)
    if not shortest <= steps <= longest:
        shown, least, most = (
            format_quantity(float(value), Unit.SECOND) for value in (duration, shortest * step, longest * step)
        )
        raise Refused(f"a {name} of {shown} is outside the stimulator's {least} to {most}")
    return steps
