"""The points of a plain pulse: one phase, or two opposite ones with a rest between them."""

from __future__ import annotations

from rig.twin.stimulator import Point

__all__ = ["plain_pulse"]


def plain_pulse(
    *, amplitude: float, phase_duration: float, interphase: float, biphasic: bool, negative: bool
) -> tuple[Point, ...]:
    """Return the points in order, A and s; none where there is no amplitude."""
    current = -amplitude if negative else amplitude
    if not current:
        return ()
    first = Point(duration=phase_duration, current=current)
    if not biphasic:
        return (first,)
    rest = (Point(duration=interphase, current=0.0),) if interphase else ()
    return (first, *rest, Point(duration=phase_duration, current=-current))
