"""Where current begins and ends in a stretch of a signal, and how large it becomes; of a signal of any length."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.trace import Floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.analysis.rest import Rest
    from rig.model.recording import Recording

__all__ = ["Crossing", "Extreme", "first_flow", "largest_flow", "last_flow"]

# Samples that are held at once.
_BLOCK = 4_000_000
# A current this many times the threshold is beyond doubt.
_BEYOND_DOUBT = 2.0
# Samples within so many times the noise of the largest compete for it.
_NEAR = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where current begins or ends: s on the capture's axis; ``doubt`` s further in it is beyond doubt."""

    time: float
    doubt: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """The largest current: its size in A, when, how many samples compete for it, and what its neighbours fall short."""

    size: float
    time: float
    near: int
    drop: float


def first_flow(signal: Recording, rest: Rest) -> Crossing | None:
    """Return where the first current of a signal begins; None where none flows."""
    for begin, deviation in _blocks(signal, rest):
        found = _crossing(deviation, rest)
        if found is not None:
            position, doubt = found
            return _placed(signal, begin + position, doubt)
    return None


def last_flow(signal: Recording, rest: Rest) -> Crossing | None:
    """Return where the last current of a signal ends; None where none flows."""
    for begin, deviation in _blocks(signal, rest, backwards=True):
        found = _crossing(deviation[::-1], rest)
        if found is not None:
            position, doubt = found
            return _placed(signal, begin + len(deviation) - 1 - position, doubt)
    return None


def largest_flow(signal: Recording, rest: Rest) -> Extreme:
    """Return the largest current of a signal of at least one sample."""
    size, place, lower = -1.0, 0, 0.0
    for begin, deviation in _blocks(signal, rest):
        magnitude = np.abs(deviation)
        worst = int(magnitude.argmax())
        if magnitude[worst] > size:
            size, place = float(magnitude[worst]), begin + worst
            beside = np.sign(deviation[worst]) * deviation[max(worst - 1, 0) : worst + 2]
            lower = float(np.sort(beside)[-2]) if len(beside) > 1 else size
    close = size - _NEAR * rest.noise
    near = sum(int(np.count_nonzero(np.abs(deviation) >= close)) for _, deviation in _blocks(signal, rest))
    return Extreme(size=size, time=_time(signal, place), near=near, drop=max(size - lower, 0.0))


def _blocks(signal: Recording, rest: Rest, *, backwards: bool = False) -> Iterator[tuple[int, Floats]]:
    """Yield the deviations from rest, a block at a time, each with its first sample's number; they share a sample."""
    bounds = [*range(0, max(len(signal) - 1, 1), _BLOCK), len(signal)]
    pairs = list(itertools.pairwise(bounds))
    for begin, stop in reversed(pairs) if backwards else pairs:
        yield begin, signal.part(begin, min(stop + 1, len(signal))).values() - rest.level


def _crossing(deviation: Floats, rest: Rest) -> tuple[float, float] | None:
    """Return where a current is first met, and how much further in it is beyond doubt; in samples."""
    found = _first_beyond(deviation, rest.threshold)
    if found is None:
        return None
    sure = _first_beyond(deviation, _BEYOND_DOUBT * rest.threshold)
    return found, (len(deviation) - 1 if sure is None else sure) - found


def _first_beyond(deviation: Floats, level: float) -> float | None:
    """Return where a straight line between two samples first leaves ±level; 0 where the first is beyond it."""
    beyond = np.abs(deviation) > level
    at = int(beyond.argmax())
    if not beyond[at]:
        return None
    if at == 0:
        return 0.0
    sign = 1.0 if deviation[at] > 0 else -1.0
    before, after = sign * float(deviation[at - 1]), sign * float(deviation[at])
    return at - 1 + (level - before) / (after - before)


def _placed(signal: Recording, position: float, doubt: float) -> Crossing:
    return Crossing(time=_time(signal, position), doubt=doubt * signal.scale.interval)


def _time(signal: Recording, position: float) -> float:
    return signal.scale.start + position * signal.scale.interval
