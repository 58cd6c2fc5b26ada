"""CSV exports: the maker is told from the header, the samples are columns of numbers.

Layouts, as the instruments write them:

* Keysight: ``x-axis,1,2`` / ``second,Volt,Volt`` / time and one column per channel;
* Rigol: ``X,CH1,Start,Increment`` / ``Sequence,Volt,<start>,<increment>`` / number and columns; ``X,CH1`` /
  ``Second,Volt`` / time and columns; ``Time(s),CH1V`` / time and columns; ``CH1V,t0 =…,tInc =…`` / columns alone;
* Tektronix: ``key,value`` lines (``Model``, ``Sample Interval``, ``Vertical Units`` …) down to ``TIME,CH1`` / time and
  columns; older ones have ``key,value,,time,value`` side by side from the first line on;
* Siglent: ``Record Length,Analog:n`` and other keys, or ``Source,CH1``, down to ``Second,Volt`` / time and columns.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.errors import UnreadableFile
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_text"]

_UNITS = {"v": Unit.VOLT, "volt": Unit.VOLT, "volts": Unit.VOLT, "value": Unit.VOLT} | {
    "a": Unit.AMPERE,
    "amp": Unit.AMPERE,
    "ampere": Unit.AMPERE,
    "amps": Unit.AMPERE,
}
_HEADER_LINES = 64
_LEAST_SAMPLES = 2
_BESIDE = 5
# Part of a sample interval that rounding of printed times may cost; a missing sample costs half of one or more.
_OFF_THE_LINE = 0.4
# Within this, the header's interval is the one that rounded times show.
_ROUNDING = 0.01
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)", re.IGNORECASE)
_NAMED_UNIT = re.compile(r"(CH\d+|[A-Z]+\d*)\s*\(?([VA])\)?", re.IGNORECASE)
_ASSIGNED = re.compile(r"(t0|tInc)\s*=\s*([^,\s]+?)s?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where the numbers are: data lines from ``first`` on (0-based), the columns of time (or none) and channels."""

    maker: str
    first: int
    time: int | None
    columns: tuple[int, ...]
    names: tuple[str, ...]
    units: tuple[Unit, ...]
    start: float | None = None
    interval: float | None = None
    promised: int | None = None


class _Text:
    """The lines of one file, and how to complain about them."""

    def __init__(self, lines: list[str], name: str) -> None:
        self.lines, self.name = lines, name

    def fields(self, line: int) -> list[str]:
        return [field.strip().strip('"') for field in self.lines[line].split(",")] if line < len(self.lines) else []

    def refuse(self, line: int, what: str) -> UnreadableFile:
        return UnreadableFile(f"{self.name}: line {line + 1}: {what}")

    def number(self, text: str, line: int, what: str) -> float:
        if not _NUMBER.fullmatch(text.strip()) or not math.isfinite(float(text)):
            raise self.refuse(line, f"{what} cannot be {text!r}")
        return float(text)

    def unit(self, text: str, line: int) -> Unit:
        if text.strip().lower() not in _UNITS:
            raise self.refuse(line, f"{text!r} is not a unit of voltage or current")
        return _UNITS[text.strip().lower()]


def read_text(content: bytes, name: str) -> tuple[str, tuple[Waveform, ...], tuple[str, ...]]:
    """Return kind, waveforms and notes of a CSV export.

    Raises
    ------
    UnreadableFile
        naming the file, the line, and what was not understood
    """
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = content.decode("latin-1")
    text = _Text(decoded.splitlines(), name)
    layout = _layout(text)
    table, skipped = _numbers(text, layout)
    interval, start = _time_axis(text, layout, table)
    waveforms = tuple(
        Waveform(
            samples=np.ascontiguousarray(table[:, place]),
            interval=interval,
            start=start,
            unit=layout.units[place],
            source=f"{name}:{layout.names[place]}",
            history=(f"imported from {layout.maker} CSV",),
        )
        for place in range(len(layout.columns))
    )
    notes = (f"{skipped} rows without values left out at the ends",) if skipped else ()
    return f"{layout.maker} CSV", waveforms, notes


def _layout(text: _Text) -> _Layout:
    for recognise in (_keysight, _rigol_sequence, _rigol_columns, _siglent, _tektronix, _tektronix_beside):
        found = recognise(text)
        if found is not None:
            return found
    shown = text.lines[0].strip()[:60] if text.lines else ""
    message = f"{shown!r} is not the header of a CSV export of Keysight, Tektronix, Rigol or Siglent"
    raise text.refuse(0, message)


def _keysight(text: _Text) -> _Layout | None:
    names, units = text.fields(0), text.fields(1)
    if names[:1] != ["x-axis"]:
        return None
    if not units or units[0].lower() != "second":
        raise text.refuse(1, "a Keysight export has 'second,Volt' here")
    names = [name for name in names[1:] if name]
    if not names or len(units) <= len(names):
        raise text.refuse(1, f"{max(len(units) - 1, 0)} units for {len(names)} channels")
    return _Layout(
        maker="Keysight",
        first=2,
        time=0,
        columns=tuple(range(1, len(names) + 1)),
        names=tuple(names),
        units=tuple(text.unit(unit, 1) for unit in units[1 : len(names) + 1]),
    )


def _rigol_sequence(text: _Text) -> _Layout | None:
    """``X,CH1,…``: with ``Start,Increment`` the first column counts samples, without it is time."""
    head, second = text.fields(0), text.fields(1)
    if not head or head[0].upper() != "X":
        return None
    lower = [field.lower() for field in head]
    end = lower.index("start") if "start" in lower else len([field for field in head if field])
    names = tuple(field for field in head[1:end] if field)
    if not names:
        raise text.refuse(0, "names no channel")
    if len(second) <= len(names):
        raise text.refuse(1, f"{max(len(second) - 1, 0)} units for {len(names)} channels")
    units = tuple(text.unit(field, 1) for field in second[1 : len(names) + 1])
    columns = tuple(range(1, len(names) + 1))
    if "start" not in lower:
        return _Layout(maker="Rigol", first=2, time=0, columns=columns, names=names, units=units)
    if len(second) < end + 2:
        raise text.refuse(1, "start and increment are missing")
    return _Layout(
        maker="Rigol",
        first=2,
        time=None,
        columns=columns,
        names=names,
        units=units,
        start=text.number(second[end], 1, "the start"),
        interval=text.number(second[end + 1], 1, "the increment"),
    )


def _rigol_columns(text: _Text) -> _Layout | None:
    """``Time(s),CH1V,…`` with time, or ``CH1V,…,t0 =…,tInc =…`` without."""
    head = text.fields(0)
    axis: dict[str, float] = {}
    for field in head:
        match = _ASSIGNED.fullmatch(field)
        if match:
            axis[match[1].lower()] = text.number(match[2], 0, match[1])
    timed = bool(head) and head[0].lower() in {"time(s)", "time (s)"}
    if not timed and set(axis) != {"t0", "tinc"}:
        return None
    columns, names, units = [], [], []
    for place, field in enumerate(head):
        match = _NAMED_UNIT.fullmatch(field)
        if match and not (timed and place == 0):
            columns.append(place)
            names.append(match[1])
            units.append(text.unit(match[2], 0))
    if not columns:
        raise text.refuse(0, "names no channel with its unit, as CH1V or CH1(V)")
    return _Layout(
        maker="Rigol",
        first=1,
        time=0 if timed else None,
        columns=tuple(columns),
        names=tuple(names),
        units=tuple(units),
        start=None if timed else axis["t0"],
        interval=None if timed else axis["tinc"],
    )


def _find(text: _Text, *firsts: str) -> int | None:
    """Number of the header line whose first field is one of these."""
    for line in range(min(len(text.lines), _HEADER_LINES)):
        if text.fields(line)[0].lower() in firsts:
            return line
    return None


def _siglent(text: _Text) -> _Layout | None:
    head = text.fields(0)
    if not (head[:1] == ["Source"] or (head[:1] == ["Record Length"] and head[1:2] and head[1].startswith("Analog"))):
        return None
    line = _find(text, "second")
    if line is None:
        raise text.refuse(min(len(text.lines), _HEADER_LINES) - 1, "no line 'Second,Volt' ends this Siglent header")
    columns = [field for field in text.fields(line)[1:] if field]
    if not columns:
        raise text.refuse(line, "names no channel")
    source = _find(text, "source")
    names = [field for field in text.fields(source)[1:] if field] if source is not None else []
    promised = head[1].partition(":")[2] if head[0] == "Record Length" else ""
    return _Layout(
        maker="Siglent",
        first=line + 1,
        time=0,
        columns=tuple(range(1, len(columns) + 1)),
        names=tuple(names) if len(names) == len(columns) else tuple(f"CH{place + 1}" for place in range(len(columns))),
        units=tuple(text.unit(unit, line) for unit in columns),
        promised=int(text.number(promised, 0, "the record length")) if promised else None,
    )


def _key(text: _Text, name: str, stop: int) -> tuple[int, list[str]] | None:
    for line in range(stop):
        fields = text.fields(line)
        if fields[0].lower() == name:
            return line, [field for field in fields[1:] if field]
    return None


def _tektronix(text: _Text) -> _Layout | None:
    line = _find(text, "time")
    if line is None or _key(text, "sample interval", line) is None:
        return None
    names = [field for field in text.fields(line)[1:] if field]
    if not names:
        raise text.refuse(line, "names no channel")
    return _Layout(
        maker="Tektronix",
        first=line + 1,
        time=0,
        columns=tuple(range(1, len(names) + 1)),
        names=tuple(names),
        units=_tektronix_units(text, line, len(names)),
        interval=_tektronix_interval(text, line),
        promised=_tektronix_length(text, line),
    )


def _tektronix_units(text: _Text, stop: int, channels: int) -> tuple[Unit, ...]:
    found = _key(text, "vertical units", stop)
    if found is None:
        raise text.refuse(stop - 1, "no line 'Vertical Units' before the data")
    line, units = found
    units = units if len(units) == channels else units[:1] * channels
    if not units:
        raise text.refuse(line, "no unit")
    return tuple(text.unit(unit, line) for unit in units)


def _tektronix_interval(text: _Text, stop: int) -> float:
    line, values = _key(text, "sample interval", stop) or (0, [])
    return text.number(values[0] if values else "", line, "the sample interval")


def _tektronix_length(text: _Text, stop: int) -> int | None:
    found = _key(text, "record length", stop)
    return int(text.number(found[1][0], found[0], "the record length")) if found and found[1] else None


def _tektronix_beside(text: _Text) -> _Layout | None:
    """Older exports: keys in the first columns, time and value in the fourth and fifth, from the first line on."""
    head = text.fields(0)
    if head[:1] != ["Record Length"] or len(head) < _BESIDE or not all(map(_NUMBER.fullmatch, head[3:_BESIDE])):
        return None
    stop = min(len(text.lines), _HEADER_LINES)
    source = _key(text, "source", stop)
    unit = _key(text, "vertical units", stop)
    if unit is None or not unit[1]:
        raise text.refuse(stop - 1, "no line 'Vertical Units'")
    interval = _key(text, "sample interval", stop)
    if interval is None:
        raise text.refuse(stop - 1, "no line 'Sample Interval'")
    return _Layout(
        maker="Tektronix",
        first=0,
        time=3,
        columns=(4,),
        names=tuple(source[1][:1]) if source and source[1] else ("CH1",),
        units=(text.unit(unit[1][0], unit[0]),),
        interval=text.number(interval[1][0] if interval[1] else "", interval[0], "the sample interval"),
        promised=int(text.number(head[1], 0, "the record length")),
    )


def _numbers(text: _Text, layout: _Layout) -> tuple[NDArray[np.float64], int]:
    """Return channels (time, if any, as last column), shape (n, m), and how many empty rows were left out at the ends."""
    wanted = layout.columns if layout.time is None else (*layout.columns, layout.time)
    first, stop = layout.first, len(text.lines)
    while stop > first and _empty(text, stop - 1, layout.columns):
        stop -= 1
    begin = first
    while begin < stop and _empty(text, begin, layout.columns):
        begin += 1
    if stop - begin < _LEAST_SAMPLES:
        raise text.refuse(min(first, len(text.lines) - 1), f"{stop - begin} rows of samples follow the header")
    rows = text.lines[begin:stop]
    try:
        table = np.loadtxt(rows, delimiter=",", usecols=wanted, ndmin=2, comments=None, dtype=np.float64)
    except ValueError:
        raise _bad_row(text, begin, wanted) from None
    if len(table) != len(rows):
        raise _bad_row(text, begin, wanted)
    if layout.promised is not None and layout.promised != len(table) + (begin - first):
        message = f"truncated: the header promises {layout.promised} samples, the file holds {len(table)}"
        raise text.refuse(stop - 1, message)
    blank = sum(1 for line in range(stop, len(text.lines)) if text.lines[line].strip(", \t"))
    return table, begin - first + blank


def _empty(text: _Text, line: int, columns: tuple[int, ...]) -> bool:
    fields = text.fields(line)
    return all(column >= len(fields) or not fields[column] for column in columns)


def _bad_row(text: _Text, begin: int, wanted: tuple[int, ...]) -> UnreadableFile:
    for line in range(begin, len(text.lines)):
        fields = text.fields(line)
        for column in wanted:
            if column >= len(fields):
                return text.refuse(line, f"{len(fields)} columns, where column {column + 1} should hold a number")
            if not _NUMBER.fullmatch(fields[column]):
                return text.refuse(line, f"{fields[column][:40]!r} in column {column + 1} is not a number")
    return text.refuse(begin, "the rows of numbers were not understood")


def _time_axis(text: _Text, layout: _Layout, table: NDArray[np.float64]) -> tuple[float, float]:
    """Return sample interval and time of the first sample, s; a time column must be even, else samples are missing."""
    if layout.time is None:
        interval, start = layout.interval or 0.0, layout.start or 0.0
    else:
        times = table[:, -1]
        if not np.isfinite(times).all():
            raise text.refuse(layout.first + int(np.flatnonzero(~np.isfinite(times))[0]), "the time is not a number")
        start = float(times[0])
        interval = float(times[-1] - times[0]) / (len(times) - 1)
        _refuse_uneven(text, layout, times, interval)
        if layout.interval and abs(layout.interval / interval - 1) < _ROUNDING:
            interval = layout.interval
    if not (math.isfinite(interval) and interval > 0):
        raise text.refuse(layout.first, f"the sample interval cannot be {interval!r} s")
    return interval, start


def _refuse_uneven(text: _Text, layout: _Layout, times: NDArray[np.float64], interval: float) -> None:
    """Refuse a time column with holes: even times lie on a straight line, but for the rounding of their last digit."""
    steps = np.diff(times)
    if interval <= 0 or (steps < 0).any():
        row = int(np.flatnonzero(steps <= 0)[0]) + 1 if len(steps) else 0
        raise text.refuse(layout.first + row, "time does not advance")
    off = np.abs(times - times[0] - interval * np.arange(len(times)))
    if off.max() <= _OFF_THE_LINE * interval:
        return
    printed = float(steps[steps > 0].min())
    if layout.interval and printed >= layout.interval / _OFF_THE_LINE / 2:
        # The printed times are coarser than the samples: only their number can be checked.
        surplus = (times[-1] - times[0]) / layout.interval - (len(times) - 1)
        if abs(surplus) <= printed / layout.interval:
            return
    row = int(steps.argmax()) + 1
    message = f"time goes on by {steps[row - 1]:.6g} s instead of {float(np.median(steps)):.6g} s: samples are missing"
    raise text.refuse(layout.first + row, message)
