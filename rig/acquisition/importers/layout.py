"""The headers of CSV exports: what maker wrote them, and where they say that time and channels are.

Layouts, as the instruments write them:

* Keysight: ``x-axis,1,2`` / ``second,Volt,Volt`` / time and one column per channel;
* Rigol: ``X,CH1,Start,Increment`` / ``Sequence,Volt,<start>,<increment>`` / number and columns; ``X,CH1`` /
  ``Second,Volt`` / time and columns; ``Time(s),CH1V`` / time and columns; ``CH1V,t0 =…,tInc =…`` / columns alone;
* Tektronix: ``key,value`` lines (``Model``, ``Sample Interval``, ``Vertical Units`` …) down to ``TIME,CH1`` / time and
  columns; older ones have ``key,value,,time,value`` side by side from the first line on;
* Rohde & Schwarz (RTB, RTM, RTA): ``in s,C1 in V`` / time and columns;
* Siglent: ``Record Length,Analog:n`` and other keys, or ``Source,CH1``, down to ``Second,Volt`` / time and columns.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from rig.acquisition.importers.lines import Lines
from rig.errors import UnreadableFile
from rig.units import Unit

__all__ = ["NUMBER", "Layout", "Text", "find_layout"]

_UNITS = {"v": Unit.VOLT, "volt": Unit.VOLT, "volts": Unit.VOLT, "value": Unit.VOLT} | {
    "a": Unit.AMPERE,
    "amp": Unit.AMPERE,
    "ampere": Unit.AMPERE,
    "amps": Unit.AMPERE,
}
_HEADER_LINES = 64
_BESIDE = 5
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)", re.IGNORECASE)
_NAMED_UNIT = re.compile(r"(CH\d+|[A-Z]+\d*)\s*\(?([VA])\)?", re.IGNORECASE)
_ASSIGNED = re.compile(r"(t0|tInc)\s*=\s*([^,\s]+?)s?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
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


class Text:
    """The lines of one file, and how to complain about them."""

    def __init__(self, lines: Lines, name: str) -> None:
        self.lines, self.name = lines, name

    def fields(self, line: int) -> list[str]:
        """Return the comma-separated fields of a line; none beyond the end."""
        return [field.strip().strip('"') for field in self.lines[line].split(",")] if line < len(self.lines) else []

    def refuse(self, line: int, what: str) -> UnreadableFile:
        """Return the error that names file and line."""
        return UnreadableFile(f"{self.name}: line {line + 1}: {what}")

    def number(self, text: str, line: int, what: str) -> float:
        """Read a finite number of the header, or raise UnreadableFile."""
        if not NUMBER.fullmatch(text.strip()) or not math.isfinite(float(text)):
            raise self.refuse(line, f"{what} cannot be {text!r}")
        return float(text)

    def unit(self, text: str, line: int) -> Unit:
        """Read a unit, or raise UnreadableFile."""
        if text.strip().lower() not in _UNITS:
            raise self.refuse(line, f"{text!r} is not a unit of voltage or current")
        return _UNITS[text.strip().lower()]


def find_layout(text: Text) -> Layout:
    """Return the layout of an export, or raise UnreadableFile."""
    for recognise in (
        _keysight,
        _rigol_sequence,
        _rigol_columns,
        _rohde_schwarz,
        _siglent,
        _tektronix,
        _tektronix_beside,
    ):
        found = recognise(text)
        if found is not None:
            return found
    shown = text.lines[0].strip()[:60] if text.lines else ""
    message = f"{shown!r} is not the header of a CSV export of Keysight, Tektronix, Rigol, Rohde & Schwarz or Siglent"
    raise text.refuse(0, message)


def _keysight(text: Text) -> Layout | None:
    names, units = text.fields(0), text.fields(1)
    if names[:1] != ["x-axis"]:
        return None
    if not units or units[0].lower() != "second":
        raise text.refuse(1, "a Keysight export has 'second,Volt' here")
    names = [name for name in names[1:] if name]
    if not names or len(units) <= len(names):
        raise text.refuse(1, f"{max(len(units) - 1, 0)} units for {len(names)} channels")
    return Layout(
        maker="Keysight",
        first=2,
        time=0,
        columns=tuple(range(1, len(names) + 1)),
        names=tuple(names),
        units=tuple(text.unit(unit, 1) for unit in units[1 : len(names) + 1]),
    )


def _rigol_sequence(text: Text) -> Layout | None:
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
        return Layout(maker="Rigol", first=2, time=0, columns=columns, names=names, units=units)
    if len(second) < end + 2:
        raise text.refuse(1, "start and increment are missing")
    return Layout(
        maker="Rigol",
        first=2,
        time=None,
        columns=columns,
        names=names,
        units=units,
        start=text.number(second[end], 1, "the start"),
        interval=text.number(second[end + 1], 1, "the increment"),
    )


def _rigol_columns(text: Text) -> Layout | None:
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
    return Layout(
        maker="Rigol",
        first=1,
        time=0 if timed else None,
        columns=tuple(columns),
        names=tuple(names),
        units=tuple(units),
        start=None if timed else axis["t0"],
        interval=None if timed else axis["tinc"],
    )


def _rohde_schwarz(text: Text) -> Layout | None:
    """``in s,C1 in V,…``."""
    head = text.fields(0)
    if head[:1] != ["in s"]:
        return None
    pairs = [field.partition(" in ") for field in head[1:] if field]
    if not pairs or not all(separator for _, separator, _ in pairs):
        raise text.refuse(0, "names no channel with its unit, as 'C1 in V'")
    return Layout(
        maker="Rohde & Schwarz",
        first=1,
        time=0,
        columns=tuple(range(1, len(pairs) + 1)),
        names=tuple(name for name, _, _ in pairs),
        units=tuple(text.unit(unit, 0) for _, _, unit in pairs),
    )


def _find(text: Text, *firsts: str) -> int | None:
    """Number of the header line whose first field is one of these."""
    for line in range(min(len(text.lines), _HEADER_LINES)):
        if text.fields(line)[0].lower() in firsts:
            return line
    return None


def _siglent(text: Text) -> Layout | None:
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
    return Layout(
        maker="Siglent",
        first=line + 1,
        time=0,
        columns=tuple(range(1, len(columns) + 1)),
        names=tuple(names) if len(names) == len(columns) else tuple(f"CH{place + 1}" for place in range(len(columns))),
        units=tuple(text.unit(unit, line) for unit in columns),
        promised=int(text.number(promised, 0, "the record length")) if promised else None,
    )


def _key(text: Text, name: str, stop: int) -> tuple[int, list[str]] | None:
    for line in range(stop):
        fields = text.fields(line)
        if fields[0].lower() == name:
            return line, [field for field in fields[1:] if field]
    return None


def _tektronix(text: Text) -> Layout | None:
    line = _find(text, "time")
    if line is None or _key(text, "sample interval", line) is None:
        return None
    names = [field for field in text.fields(line)[1:] if field]
    if not names:
        raise text.refuse(line, "names no channel")
    return Layout(
        maker="Tektronix",
        first=line + 1,
        time=0,
        columns=tuple(range(1, len(names) + 1)),
        names=tuple(names),
        units=_tektronix_units(text, line, len(names)),
        interval=_tektronix_interval(text, line),
        promised=_tektronix_length(text, line),
    )


def _tektronix_units(text: Text, stop: int, channels: int) -> tuple[Unit, ...]:
    found = _key(text, "vertical units", stop)
    if found is None:
        raise text.refuse(stop - 1, "no line 'Vertical Units' before the data")
    line, units = found
    units = units if len(units) == channels else units[:1] * channels
    if not units:
        raise text.refuse(line, "no unit")
    return tuple(text.unit(unit, line) for unit in units)


def _tektronix_interval(text: Text, stop: int) -> float:
    line, values = _key(text, "sample interval", stop) or (0, [])
    return text.number(values[0] if values else "", line, "the sample interval")


def _tektronix_length(text: Text, stop: int) -> int | None:
    found = _key(text, "record length", stop)
    return int(text.number(found[1][0], found[0], "the record length")) if found and found[1] else None


def _tektronix_beside(text: Text) -> Layout | None:
    """Older exports: keys in the first columns, time and value in the fourth and fifth, from the first line on."""
    head = text.fields(0)
    if head[:1] != ["Record Length"] or len(head) < _BESIDE or not all(map(NUMBER.fullmatch, head[3:_BESIDE])):
        return None
    stop = min(len(text.lines), _HEADER_LINES)
    source = _key(text, "source", stop)
    unit = _key(text, "vertical units", stop)
    if unit is None or not unit[1]:
        raise text.refuse(stop - 1, "no line 'Vertical Units'")
    interval = _key(text, "sample interval", stop)
    if interval is None:
        raise text.refuse(stop - 1, "no line 'Sample Interval'")
    return Layout(
        maker="Tektronix",
        first=0,
        time=3,
        columns=(4,),
        names=tuple(source[1][:1]) if source and source[1] else ("CH1",),
        units=(text.unit(unit[1][0], unit[0]),),
        interval=text.number(interval[1][0] if interval[1] else "", interval[0], "the sample interval"),
        promised=int(text.number(head[1], 0, "the record length")),
    )
