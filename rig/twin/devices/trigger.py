"""When a signal of the world first passes a level, and waiting for that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.signal import Piecewise
    from rig.twin.world import World

__all__ = ["Edge", "first_passage", "wait_for"]

# Looking far ahead costs; most edges come soon. Windows overlap, so that no jump falls between two of them.
_FIRST_WINDOW, _GROWTH, _LONGEST_WINDOW = 20e-3, 4.0, 5.0
_OVERLAP = 1e-7
# A pole has forgotten what lies further back than this many of its time constants.
_MEMORY = 40.0
# In real time somebody may intervene while we wait, so what will come is asked again so often, s.
_ASK_AGAIN = 20e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Passing a level (V) at a node of the world; ``slope`` +1 upward, −1 downward, 0 either.

    ``ac_tau`` is the time constant of the coupling that the trigger sees the node through, s; None for DC.
    """

    node: str
    level: float
    slope: int
    ac_tau: float | None = None


def first_passage(world: World, edge: Edge, *, after: float, before: float) -> float | None:
    """Return the first moment in [after, before] at which the signal passes, or will if nothing intervenes."""
    begin, window = after, _FIRST_WINDOW
    while begin < before:
        end = min(begin + window, before)
        seen = max(begin - _OVERLAP, after)
        passage = _seen(world, edge, seen, end).first_crossing(edge.level, edge.slope, seen, end)
        if passage is not None:
            return passage
        begin, window = end, min(window * _GROWTH, _LONGEST_WINDOW)
    return None


def _seen(world: World, edge: Edge, begin: float, end: float) -> Piecewise:
    if edge.ac_tau is None:
        return world.signal(edge.node, begin, end)
    signal = world.signal(edge.node, begin - _MEMORY * edge.ac_tau, end)
    return signal + -signal.low_passed(edge.ac_tau)


def wait_for(world: World, due: Callable[[float], float | None], *, deadline: float) -> bool:
    """Let time pass until something is due, at the latest until the deadline; whether it came.

    ``due(until)`` says when it will come if nothing intervenes, None for not before ``until``. False as well when the
    world ends while we wait.
    """
    while True:
        now = world.now
        horizon = min(deadline, now + _ASK_AGAIN) if world.config.real_time else deadline
        moment = due(horizon)
        if moment is not None and moment <= now:
            return True
        if now >= deadline:
            return False
        target = horizon if moment is None else min(moment, horizon)
        world.advance_to(target)
        if world.now < target:
            return False
