"""A recording segmented in streaming passes: what a whole record's segmentation gives, in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.prepare import Segmented
from rig.analysis.segment import Quiet, group_pulses, run_threshold
from rig.analysis.stream.course import Knots, Marks, StreamCourse, codes_about
from rig.analysis.stream.feed import Feed
from rig.analysis.stream.look import Look, first_look, is_better, shown_by
from rig.analysis.stream.rows import Rows
from rig.analysis.trace import Levels as Extent
from rig.analysis.uncertainty import expected_extreme
from rig.errors import AnalysisError
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.analysis.shape import Phases
    from rig.analysis.stream.levels import Levels
    from rig.analysis.trace import Integers
    from rig.model.recording import Recording
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus

__all__ = ["MOST_PHASES", "Parting", "TooManyPhases", "segmented"]

MOST_PHASES = 80_000
"""Phases that are held at a time: with what is computed of them, they take about 60 MB."""

_WINDOWS = (1.0, 5.0)
# Samples that are read at a time, of the longest phase whose shape is measured, and in which a begin is looked for.
_PART, _LONGEST, _LEAD = 1 << 20, 1 << 20, 4096
# What the first look missed, the first pass shows; what that moved, the second.
_PASSES = 3
# Phases of a stretch, of which the last ones' rests are looked at; a rest between pulses is this part of the longest.
_PARTED, _LAST, _REST = MOST_PHASES - 20_000, 1000, 0.5
# Nothing exceeds this many codes.
_NEVER = float(1 << 30)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pass:
    feed: Feed
    rows: Rows
    levels: Levels

    @property
    def largest(self) -> float:
        """Largest deviation from rest, in codes."""
        fraction = self.levels.quiet - self.feed.reference
        low, high = (float(self.feed.carry[name][0]) for name in ("low", "high"))
        return max(high - fraction, fraction - low)


class TooManyPhases(AnalysisError):
    """A recording holds more phases than are held at a time: it is measured in stretches."""


def segmented(recording: Recording, *, path: SignalPath, zero: float | None, expected: Stimulus | None) -> Segmented:
    """Segment a recording of integer codes; ``zero`` is the mean value of its zero capture, A or V.

    Raises
    ------
    TooManyPhases
        if it holds more than :data:`MOST_PHASES`
    """
    look, levels = _looked(recording, path, zero)
    interval = recording.scale.interval
    if look.oscillation is not None and look.oscillation.rest is None:
        hertz = format_quantity(look.oscillation.frequency / interval, Unit.HERTZ, digits=3)
        nothing = replace(levels, threshold=_NEVER)
        return _found(recording, _passed(recording, nothing), look, expected, f"{_RESTLESS} ({hertz})")
    done = _passed(recording, levels)
    for _ in range(_PASSES - 1):
        shown = shown_by(done.rows, done.levels, look.quiet, largest=done.largest)
        if not is_better(shown, done.levels, done.rows):
            break
        done = _passed(recording, shown)
    return _found(recording, done, look, expected, _why_not(done.rows, interval))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parting:
    """How a recording of too many phases is parted, where it rests, into stretches of at most :data:`MOST_PHASES`."""

    recording: Recording
    levels: Levels

    @classmethod
    def of(cls, recording: Recording, *, path: SignalPath, zero: float | None) -> Parting:
        """Look at a recording once; ``zero`` is the mean value of its zero capture, A or V."""
        return cls(recording=recording, levels=_looked(recording, path, zero)[1])

    def next_stop(self, begin: int) -> tuple[int, int | None]:
        """Return where a stretch that begins at a sample ends, and where the next one begins, before its last pulse.

        It depends on nothing that lies before ``begin``. None where the recording ends with this stretch.
        """
        recording = self.recording
        feed = _feed(self.levels, recording.scale.interval)
        edges = np.empty((0, 2), dtype=np.int64)
        for at in range(begin, len(recording), _PART):
            given = feed.take(recording.codes(at, min(at + _PART, len(recording))))
            for phases in chain(given, (feed.drain() for _ in range(1))):
                edges = np.concatenate((edges, np.column_stack((phases["begin_index"], phases["end_index"]))))
            if len(edges) > _PARTED:
                stop, following = _parted(edges[: _PARTED + 1])
                return begin + stop, begin + following
        return len(recording), None


def _parted(edges: Integers) -> tuple[int, int]:
    """Where a stretch ends: in the longest of its last rests; and where the next begins: in the rest before that."""
    some = edges[-_LAST:]
    middle = (some[1:, 0] + some[:-1, 1]) // 2
    rest = some[1:, 0] - some[:-1, 1]
    longest = len(rest) - 1 - int(rest[::-1].argmax())
    before = np.flatnonzero(rest[:longest] >= _REST * rest[longest])
    return int(middle[longest]), int(middle[before[-1] if len(before) else 0])


def _looked(recording: Recording, path: SignalPath, zero: float | None) -> tuple[Look, Levels]:
    """Look at a recording; return what was seen, and the levels that its phases ask for."""
    scale = recording.scale
    size = abs(scale.gain)
    look = first_look(
        recording,
        zero=None if zero is None else (zero - scale.offset) / scale.gain,
        nothing=((zero or 0.0) - scale.offset) / scale.gain,
        floor=max(path.resolution / size, 1.0),
        noise=path.noise / size if path.noise > 0 else math.inf,
        step=path.resolution / size,
    )
    levels = look.levels
    for _ in range(2):  # how wide bins are, then what tops in them show
        close = _passed(recording, levels, *look.closer)
        levels = shown_by(close.rows, levels, look.quiet, largest=look.largest)
    return look, levels


_RESTLESS = "an alternating current that never rests is measured in records that are short enough to be held at once"


def _why_not(rows: Rows, interval: float) -> str:
    """Why the phases cannot be measured, if so; else empty."""
    if rows["unresolved"].any():
        return f"a phase lasts longer than {_LONGEST * interval:.3g} s, and its shape was not kept"
    return ""


def _feed(levels: Levels, interval: float) -> Feed:
    windows = tuple(max(1, round(seconds / interval)) for seconds in _WINDOWS)
    return Feed(levels, windows=windows, rails=None, longest=_LONGEST, lead=_LEAD)


def _passed(recording: Recording, levels: Levels, begin: int = 0, stop: int | None = None) -> _Pass:
    """Send a recording, or a part of it, through the compiled pass."""
    feed = _feed(levels, recording.scale.interval)
    rows = Rows()
    stop = len(recording) if stop is None else stop
    for at in range(begin, stop, _PART):
        for phases in feed.take(recording.codes(at, min(at + _PART, stop))):
            rows.add(phases)
        rows.add(feed.drain())
        if len(rows) > MOST_PHASES:
            message = f"the recording holds more than {MOST_PHASES} phases"
            raise TooManyPhases(message)
    rows.add(feed.finish(), last=True)
    return _Pass(feed=feed, rows=rows, levels=levels)


def _found(recording: Recording, done: _Pass, look: Look, expected: Stimulus | None, unmeasurable: str) -> Segmented:
    scale, rows = recording.scale, done.rows
    threshold = run_threshold(done.largest, look.quiet)
    runs = rows.runs(gain=scale.gain, threshold=threshold, largest=done.largest)
    phases = rows.phases(gain=scale.gain)
    pulses = group_pulses(runs, samples=len(recording), interval=scale.interval, expected=expected)
    quiet = look.quiet
    return Segmented(
        quiet=Quiet(
            level=scale.gain * quiet.level + scale.offset,
            noise=abs(scale.gain) * quiet.noise,
            rms=abs(scale.gain) * quiet.rms,
        ),
        trace=_course(recording, done, phases),
        runs=runs,
        pulses=pulses,
        phases=phases,
        unmeasurable=unmeasurable,
    )


def _course(recording: Recording, done: _Pass, phases: Phases) -> StreamCourse:
    scale, feed, n = recording.scale, done.feed, len(recording)
    gain, fraction = scale.gain, done.levels.quiet - feed.reference
    low, high = (gain * (float(feed.carry[name][0]) - fraction) for name in ("low", "high"))
    every, marks = feed.marks
    mean = feed.total / n
    # Whole numbers up to the division: no figure is lost in a difference of large ones.
    variance = (n * feed.squares - feed.total**2) / n**2
    reach = abs(gain) * done.levels.analogue * np.array([expected_extreme(n) for n in phases.plateau])
    return StreamCourse(
        interval=scale.interval,
        start=scale.start,
        level=gain * done.levels.quiet + scale.offset,
        pedestal=0.0,
        length=n,
        gain=gain,
        shift=gain * fraction,
        known=Extent(
            mean=gain * (mean - fraction),
            standard_deviation=abs(gain) * math.sqrt(max(variance, 0.0)),
            minimum=min(low, high),
            maximum=max(low, high),
        ),
        knots=_knots(recording, done, Marks(every=every, total=marks[:, 0], squares=marks[:, 1])),
        windows={
            round(seconds / scale.interval): float(window["begin"] * feed.stride)
            for seconds, window in zip(_WINDOWS, feed.windows, strict=True)
            if window["found"]
        },
        begins=phases.begin,
        ends=phases.end,
        peak=phases.sign * phases.peak,
        crowd_level=phases.sign * (phases.peak - reach),
        crowd=phases.near_peak,
    )


def _knots(recording: Recording, done: _Pass, marks: Marks) -> Knots:
    rows = done.rows
    index = np.concatenate((rows["begin_index"], rows["end_index"]))
    order = np.argsort(index, kind="stable")

    def ordered(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        both = np.concatenate((rows[f"begin_{name}"], rows[f"end_{name}"]))[order]
        for edge in ("begin", "end"):
            rows.forget(f"{edge}_{name}")
        return both

    return Knots(
        index=index[order],
        total=ordered("total"),
        squares=ordered("squares"),
        left=ordered("left"),
        right=ordered("right"),
        marks=marks,
        deviations=codes_about(recording.codes, done.feed.reference),
    )
