"""A recording segmented in streaming passes: what a whole record's segmentation gives, in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.analysis.shape import Phases
    from rig.analysis.stream.levels import Levels
    from rig.model.recording import Recording
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus

__all__ = ["MOST_PHASES", "segmented"]

MOST_PHASES = 150_000
"""Phases that are held at a time: with what is computed of them, they take about 100 MB."""

_WINDOWS = (1.0, 5.0)
# Samples that are read at a time, of the longest phase whose shape is measured, and in which a begin is looked for.
_PART, _LONGEST, _LEAD = 1 << 20, 1 << 20, 4096
# What the first look missed, the first pass shows; what that moved, the second.
_PASSES = 3


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


def segmented(recording: Recording, *, path: SignalPath, zero: float | None, expected: Stimulus | None) -> Segmented:
    """Segment a recording of integer codes; ``zero`` is the mean value of its zero capture, A or V."""
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
    if look.oscillation is not None and look.oscillation.rest is None:
        hertz = format_quantity(look.oscillation.frequency / scale.interval, Unit.HERTZ, digits=3)
        return _found(recording, _passed(recording, look.levels), look, expected, f"{_RESTLESS} ({hertz})")
    levels = look.levels
    for _ in range(2):  # how wide bins are, then what tops in them show
        close = _passed(recording, levels, *look.closer)
        levels = shown_by(close.rows, levels, look.quiet, largest=look.largest)
    done = _passed(recording, levels)
    for _ in range(_PASSES - 1):
        shown = shown_by(done.rows, done.levels, look.quiet, largest=done.largest)
        if not is_better(shown, done.levels, done.rows):
            break
        done = _passed(recording, shown)
    return _found(recording, done, look, expected, _why_not(done.rows, scale.interval))


_RESTLESS = "an alternating current that never rests is measured in records that are short enough to be held at once"


def _why_not(rows: Rows, interval: float) -> str:
    """Why the phases cannot be measured, if so; else empty."""
    if len(rows) > MOST_PHASES:
        return f"the record holds {len(rows)} phases, of which {MOST_PHASES} are held at most"
    if rows["unresolved"].any():
        return f"a phase lasts longer than {_LONGEST * interval:.3g} s, and its shape was not kept"
    return ""


def _passed(recording: Recording, levels: Levels, begin: int = 0, stop: int | None = None) -> _Pass:
    """Send a recording, or a part of it, through the compiled pass."""
    interval = recording.scale.interval
    feed = Feed(
        levels,
        windows=tuple(max(1, round(seconds / interval)) for seconds in _WINDOWS),
        rails=None,
        longest=_LONGEST,
        lead=_LEAD,
    )
    rows = Rows()
    stop = len(recording) if stop is None else stop
    for at in range(begin, stop, _PART):
        for phases in feed.take(recording.codes(at, min(at + _PART, stop))):
            rows.add(phases)
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
