"""CSV exports as waveforms: below the header stand columns of numbers, one per channel and mostly one of time."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rig.acquisition.importers.found import Channel, Found, Opened, Told, distinct
from rig.acquisition.importers.layout import NUMBER, Layout, Text, find_layout
from rig.acquisition.importers.lines import Lines
from rig.errors import UnreadableFile
from rig.model.waveform import Waveform

__all__ = ["is_text", "read_text"]

_LEAST_SAMPLES = 2
# No capture is this long, s.
_LONGEST = 1e9
# Part of a sample interval that rounding of printed times may cost; a missing sample costs half of one or more.
_OFF_THE_LINE = 0.3
# Steps that alternate so often do so by rounding; holes are rare.
_OFTEN = 10
# Within this, the header's interval is the one that rounded times show.
_ROUNDING = 0.01


def is_text(head: bytes) -> bool:
    """Whether a file begins as text does: without a zero byte."""
    return b"\0" not in head


def read_text(file: Opened, _told: Told) -> Found:
    """Return what a CSV export holds.

    Raises
    ------
    UnreadableFile
        naming the file, the line, and what was not understood
    """
    text = Text(Lines(file.content), file.name)
    layout = find_layout(text)
    table, skipped = _numbers(text, layout)
    interval, start = _time_axis(text, layout, table)
    channels = [
        Channel(name=name, read=partial(_waveform, file.name, layout, table, place, interval, start))
        for place, name in enumerate(layout.names)
    ]
    notes = (f"{skipped} rows without values left out at the ends",) if skipped else ()
    return Found(kind=f"{layout.maker} CSV", channels=distinct(channels), notes=notes)


def _waveform(
    name: str, layout: Layout, table: NDArray[np.float64], place: int, interval: float, start: float
) -> Waveform:
    return Waveform(
        samples=np.ascontiguousarray(table[:, place]),
        interval=interval,
        start=start,
        unit=layout.units[place],
        source=f"{name}:{layout.names[place]}",
        history=(f"imported from {layout.maker} CSV",),
    )


def _numbers(text: Text, layout: Layout) -> tuple[NDArray[np.float64], int]:
    """Return channels (time, if any, as last column), shape (n, m), and how many empty rows were left out."""
    wanted = layout.columns if layout.time is None else (*layout.columns, layout.time)
    first, stop = layout.first, len(text.lines)
    while stop > first and _empty(text, stop - 1, layout.columns):
        stop -= 1
    begin = first
    while begin < stop and _empty(text, begin, layout.columns):
        begin += 1
    if stop - begin < _LEAST_SAMPLES:
        raise text.refuse(min(first, len(text.lines) - 1), f"{stop - begin} rows of samples follow the header")
    try:
        with text.lines.stream(begin, stop) as rows:
            table = np.loadtxt(rows, delimiter=",", usecols=wanted, ndmin=2, comments=None, dtype=np.float64)
    except ValueError:
        raise _bad_row(text, begin, wanted) from None
    if len(table) != stop - begin:
        raise _bad_row(text, begin, wanted)
    if layout.promised is not None and layout.promised != len(table) + (begin - first):
        message = f"truncated: the header promises {layout.promised} samples, the file holds {len(table)}"
        raise text.refuse(stop - 1, message)
    blank = sum(1 for line in range(stop, len(text.lines)) if text.lines[line].strip(", \t"))
    return table, begin - first + blank


def _empty(text: Text, line: int, columns: tuple[int, ...]) -> bool:
    fields = text.fields(line)
    return all(column >= len(fields) or not fields[column] for column in columns)


def _bad_row(text: Text, begin: int, wanted: tuple[int, ...]) -> UnreadableFile:
    for line in range(begin, len(text.lines)):
        fields = text.fields(line)
        for column in wanted:
            if column >= len(fields):
                return text.refuse(line, f"{len(fields)} columns, where column {column + 1} should hold a number")
            if not NUMBER.fullmatch(fields[column]):
                return text.refuse(line, f"{fields[column][:40]!r} in column {column + 1} is not a number")
    return text.refuse(begin, "the rows of numbers were not understood")


def _time_axis(text: Text, layout: Layout, table: NDArray[np.float64]) -> tuple[float, float]:
    """Return sample interval and time of the first sample, s; a time column must be even, else samples are missing."""
    if layout.time is None:
        interval, start = layout.interval or 0.0, layout.start or 0.0
    else:
        times = table[:, -1]
        absurd = np.flatnonzero(~(np.abs(times) < _LONGEST))
        if len(absurd):
            raise text.refuse(layout.first + int(absurd[0]), "the time is not a number of seconds")
        start = float(times[0])
        interval = float(times[-1] - times[0]) / (len(times) - 1)
        _refuse_uneven(text, layout, times, interval)
        if layout.interval and abs(layout.interval / interval - 1) < _ROUNDING:
            interval = layout.interval
    if not (math.isfinite(interval) and interval > 0):
        raise text.refuse(layout.first, f"the sample interval cannot be {interval!r} s")
    return interval, start


def _refuse_uneven(text: Text, layout: Layout, times: NDArray[np.float64], interval: float) -> None:
    """Refuse a time column with holes: even times lie on a straight line, but for the rounding of their last digit."""
    steps = np.diff(times)
    if interval <= 0 or (steps < 0).any():
        row = int(np.flatnonzero(steps <= 0)[0]) + 1 if len(steps) else 0
        raise text.refuse(layout.first + row, "time does not advance")
    off = np.abs(times - times[0] - interval * np.arange(len(times)))
    if off.max() <= _OFF_THE_LINE * interval:
        return
    if _rounded(steps, float(off.max())):
        return
    row = int(steps.argmax()) + 1
    message = f"time goes on by {steps[row - 1]:.6g} s instead of {float(np.median(steps)):.6g} s: samples are missing"
    raise text.refuse(layout.first + row, message)


def _rounded(steps: NDArray[np.float64], off: float) -> bool:
    """Whether times are uneven for want of digits alone: two neighbouring steps take turns, often, and add up."""
    digit = float(np.ptp(steps))
    longer = steps > 0.5 * (steps.min() + steps.max())
    neighbours = bool((np.abs(steps - np.where(longer, steps.max(), steps.min())) < 0.01 * digit).all())
    turns = min(int(longer.sum()), int((~longer).sum()))
    return neighbours and turns >= max(_OFTEN, 0.01 * len(steps)) and off <= digit
