"""Which load was connected when: the stretches of a case between its events, and a signal cut to one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from rig.model.happening import Action
from rig.model.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.model.happening import Happening
    from rig.model.waveform import Waveform

__all__ = ["SETTLING", "Stretch", "cut", "load_at", "load_stretches"]

SETTLING = 0.02
"""How long after a switch is reported done its contacts may still bounce, s."""

# A stretch's edges are sums of times; so much of a sample more or less is rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From ``begin`` to ``end``, s on the capture's time axis, ``load`` alone was connected, settled."""

    load: str
    begin: float
    end: float


def load_stretches(
    load: str, happenings: Sequence[Happening], *, begin: float, end: float, settling: float = SETTLING
) -> tuple[Stretch, ...]:
    """Return which load was connected when, in order; what the switching took lies between two stretches.

    Parameters
    ----------
    load : connected at first, by canonical name
    begin, end : of the capture, s on its time axis
    settling : s after a switch was reported done, which belong to no stretch

    >>> from rig.model.happening import Happening
    >>> opened = Happening(action=Action.LOAD, begun=2.0, ended=2.1, detail="open")
    >>> [(one.load, one.begin, one.end) for one in load_stretches("500 ohm", [opened], begin=0, end=4, settling=0.1)]
    [('500 ohm', 0, 2.0), ('open', 2.2, 4)]
    """
    found: list[Stretch] = []
    since = begin
    for switched in sorted((one for one in happenings if one.action is Action.LOAD), key=lambda one: one.begun):
        found.append(Stretch(load=load, begin=since, end=min(switched.begun, end)))
        load, since = switched.detail, switched.ended + settling
    found.append(Stretch(load=load, begin=since, end=end))
    return tuple(one for one in found if one.end > one.begin)


def load_at(moment: float, load: str, happenings: Sequence[Happening]) -> str:
    """Return which load was connected at a moment; ``load`` was at first."""
    before = [one for one in happenings if one.action is Action.LOAD and one.begun <= moment]
    return max(before, key=lambda one: one.begun).detail if before else load


@overload
def cut(signal: Waveform, begin: float, end: float) -> Waveform: ...


@overload
def cut(signal: Recording, begin: float, end: float) -> Recording: ...


def cut(signal: Waveform | Recording, begin: float, end: float) -> Waveform | Recording:
    """Return the samples taken from ``begin`` to before ``end``, on the same time axis; perhaps none."""
    scale = signal.scale if isinstance(signal, Recording) else signal
    first, stop = (_index(moment - scale.start, scale.interval, len(signal)) for moment in (begin, end))
    stop = max(first, stop)
    if isinstance(signal, Recording):
        return signal.stretch(first, stop)
    return Recording.of(signal).part(first, stop)


def _index(elapsed: float, interval: float, most: int) -> int:
    """Return the number of the first sample that is not before a time since the first one."""
    return min(max(math.ceil(elapsed / interval - _ROUNDING), 0), most)
