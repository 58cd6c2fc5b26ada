"""What the live watch saw of a train that was ended or broke off, held against its limits again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.evidence import mapping
from rig.guard.watch import HardLimits, Watch
from rig.model.recording import Recording, signals_of
from rig.sequencer.live import hard_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.bench.device_file import Ratings
    from rig.evidence.record import WatchEntry
    from rig.guard.watch import Crossing
    from rig.model.waveform import Waveform
    from rig.plan.case import Ceiling
    from rig.sequencer.examine import Corrected

__all__ = ["WatchedAgain", "flows", "watch_again"]

_PART = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedAgain:
    """What the live watch says today: the limit that it would have ended the train for, and whether current flowed."""

    crossing: Crossing | None
    has_flowed: bool


def watch_again(signal: Corrected, entry: WatchEntry, ceiling: Ceiling, ratings: Ratings) -> WatchedAgain:
    """Look at the blocks that the live watch had looked at, in their order, until one crosses a limit.

    Raises
    ------
    EvidenceError
        if the capture does not hold what was looked at
    """
    watch = Watch(hard_limits(mapping.stimulus_of(entry.stimulus), ceiling, ratings), entry.path)
    crossing = next(filter(None, map(watch.look, _blocks(signal, entry))), None)
    return WatchedAgain(crossing=crossing, has_flowed=watch.last is not None)


def flows(signal: Corrected) -> bool:
    """Whether a capture shows any current, of which the record does not say what was looked at."""
    watch = Watch(HardLimits(), signal.paths["current"])
    for part in _current(signal).parts(_PART):
        watch.look(part)
    return watch.last is not None


def _current(signal: Corrected) -> Recording:
    found = signals_of(signal.capture).get("current")
    if found is None:
        raise EvidenceError(f"{signal.capture.id}: it holds no current")
    return found if isinstance(found, Recording) else Recording.of(found)


def _blocks(signal: Corrected, entry: WatchEntry) -> Iterator[Waveform]:
    """Yield the blocks as they had come; a recording that is long is read in larger parts than these."""
    current, begin = _current(signal), 0
    told = sum(count * samples for count, samples in entry.blocks)
    if not 0 < told <= len(current) or any(min(one) < 1 for one in entry.blocks):
        raise EvidenceError(f"{signal.capture.id}: {told} samples were looked at, and it holds {len(current)}")
    held, first = current.part(0, min(_PART, len(current))), 0
    for count, samples in entry.blocks:
        for _ in range(count):
            if begin + samples > first + len(held):
                first, held = begin, current.part(begin, begin + max(samples, _PART))
            part = held.samples[begin - first : begin - first + samples]
            yield replace(held, samples=part, start=current.scale.start + begin * held.interval)
            begin += samples
