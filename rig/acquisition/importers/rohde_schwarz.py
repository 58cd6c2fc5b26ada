"""Rohde & Schwarz' exports of the RTO, RTE, RTP and MXO kind: properties in one file, samples in another beside it.

``x.bin`` (XML) goes with ``x.Wfm.bin``, ``x.csv`` (lines ``key:value:``) with ``x.Wfm.csv``; either of the two may be
named. The samples begin with settling ones that are no part of the record. Floats are volts; of codes, ``value = code *
StepFactor * scale / levels + offset - position * scale``, as Rohde & Schwarz' own reader of these files has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.acquisition.importers.binary import LEAST_SAMPLES, native
from rig.acquisition.importers.found import Channel, Found, Opened, Told, distinct, even_axis, whole_range, within_reach
from rig.acquisition.importers.layout import NUMBER
from rig.model.waveform import Waveform

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["is_rohde_schwarz", "properties_of", "read_rohde_schwarz"]

_SAMPLES = re.compile(r"(.*)\.wfm(\.(?:bin|csv))", re.IGNORECASE)
_ELEMENT = re.compile(r"<\w+\s[^<>]*>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_HEAD = 8
# Codes of the samples' file, and the name that the properties give them.
_FORMATS = {"INT8BIT": (0, "i1"), "INT16BIT": (1, "<i2"), "FLOAT": (4, "<f4"), "XYDOUBLEFLOAT": (6, "<f4")}
_TIMED = "XYDOUBLEFLOAT"
_SLOTS = ("I_0", "I_1", "I_2", "I_3")
_UNITS = {"V": "V", "VOLT": "V", "A": "A", "AMPERE": "A"}


def properties_of(path: Path) -> Path:
    """Return the file of properties that goes with a file of samples; any other path as it is."""
    found = _SAMPLES.fullmatch(path.name)
    return path if found is None else path.with_name(found[1] + found[2])


def is_rohde_schwarz(head: bytes) -> bool:
    """Whether a file begins as XML does, or with lines of properties as the CSV export has them."""
    return head.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml") or re.match(rb"\w+:[^,;]*:\r?\n\w+:", head) is not None


@dataclass(frozen=True, slots=True)
class _Properties:
    file: Opened
    entries: dict[str, dict[str, str]]

    def text(self, name: str, part: str = "Value") -> str:
        """Return a property; of an enumeration, its last word."""
        value = self.entries.get(name, {}).get(part)
        if value is None:
            raise self.file.complain(f"the properties have no {name}{'' if part == 'Value' else f' {part}'}")
        return value.rpartition("_")[2] if value.startswith("eRS_") else value

    def number(self, name: str, part: str = "Value", *, positive: bool = False) -> float:
        value = self.text(name, part)
        if not NUMBER.fullmatch(value) or not within_reach(float(value), positive=positive):
            raise self.file.complain(f"{name} cannot be {value[:20]!r}")
        return float(value)

    def count(self, name: str) -> int:
        value = self.text(name)
        if not value.isdecimal() or len(value) > 12:  # noqa: PLR2004 - digits of any memory depth
            raise self.file.complain(f"{name} cannot be {value[:20]!r}")
        return int(value)

    def is_on(self, name: str) -> bool:
        return name in self.entries and self.text(name).upper() == "ON"


@dataclass(frozen=True, slots=True)
class _Source:
    """One channel: its name, and where its scale stands: alone, or in a slot of several."""

    name: str
    slot: str | None


def read_rohde_schwarz(file: Opened, told: Told) -> Found:
    """Return the channels of an export.

    Raises
    ------
    UnreadableFile
        if the file of samples is missing or cut, the properties do not fit it, or it holds several acquisitions
    """
    text = file.content.decode("utf-8-sig", "replace")
    is_csv = not text.lstrip().startswith("<")
    properties = _Properties(file, _of_lines(text) if is_csv else _of_xml(text))
    if "SignalFormat" not in properties.entries and not is_csv:
        raise file.complain("XML, but not the whole properties of a Rohde & Schwarz waveform")
    if properties.entries.get("NumberOfAcquisitions") and properties.count("NumberOfAcquisitions") != 1:
        message = f"holds {properties.count('NumberOfAcquisitions')} acquisitions (history); save one of them"
        raise file.complain(message)
    if properties.is_on("TimestampState"):
        raise file.complain("has time stamps among its samples, which are not understood")
    if "TraceType" in properties.entries and properties.text("TraceType").upper() not in {"NORMAL", "AVERAGE"}:
        raise file.complain(f"a trace of type {properties.text('TraceType')} is no waveform")
    samples = _samples_file(file)
    sources = _sources(properties)
    rows, axis = _of_csv(samples, properties, sources) if is_csv else _of_bin(samples, properties, sources)
    channels = [
        Channel(name=source.name, read=partial(_waveform, properties, source, rows[:, place], axis, told))
        for place, source in enumerate(sources)
    ]
    maker = "Rohde & Schwarz"
    return Found(
        kind=f"{maker} CSV" if is_csv else f"{maker} binary",
        channels=distinct(channels),
        notes=(f"samples from {samples.name}; the hash is of both files, one after the other",),
        beside=(samples.path,),
    )


def _of_xml(text: str) -> dict[str, dict[str, str]]:
    """Return the attributes of every element with a name; nothing where the outermost element does not end.

    Only attributes count, so no XML parser is needed.
    """
    outermost = re.search(r"<(\w+)[\s>]", text)
    if outermost is None or not text.rstrip().endswith(f"</{outermost[1]}>"):
        return {}
    found: dict[str, dict[str, str]] = {}
    for element in _ELEMENT.finditer(text):
        attributes = dict(_ATTRIBUTE.findall(element[0]))
        if "Name" in attributes:
            found.setdefault(attributes["Name"], attributes)
    return found


def _of_lines(text: str) -> dict[str, dict[str, str]]:
    """Return what the lines ``key:value:`` say; several values stand in the slots of several channels."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        key, *values = line.strip().rstrip(",;").split(":")
        if key and values:
            found.setdefault(key, {"Value": values[0].strip()} | dict(zip(_SLOTS, values, strict=False)))
    return found


def _samples_file(file: Opened) -> Opened:
    wanted = f"{file.path.stem}.Wfm{file.path.suffix}"
    for path in (file.path.with_name(wanted), *file.path.parent.glob(f"*{file.path.suffix}")):
        if path.name.lower() == wanted.lower() and path.is_file():
            return Opened(path)
    raise file.complain(f"its samples are missing: there is no {wanted} beside it")


def _sources(properties: _Properties) -> list[_Source]:
    if not properties.is_on("MultiChannelExport"):
        return [_Source(_name(properties.entries.get("Source", {}).get("Value", "")), None)]
    names = properties.entries.get("MultiChannelSource", {})
    states = properties.entries.get("MultiChannelExportState", {})
    found = [
        _Source(_name(names.get(slot, slot)), slot) for slot in _SLOTS if states.get(slot, "").upper().endswith("ON")
    ]
    if not found:
        raise properties.file.complain("no channel was exported")
    return found


def _name(source: str) -> str:
    found = re.search(r"CH?(\d)", source.upper())
    return f"CH{found[1]}" if found else source.removeprefix("eRS_SIGNAL_SOURCE_") or "trace"


def _span(properties: _Properties, held: int, samples: Opened) -> slice:
    """Return where the record stands among the samples that a file holds for each channel."""
    hardware = properties.count("SignalHardwareRecordLength")
    if held < hardware:
        raise samples.complain(f"truncated: {hardware} samples of each channel are promised, the file holds {held}")
    if held > hardware:
        raise samples.complain(f"holds {held} samples of each channel, where the properties say {hardware}")
    length, first = properties.count("RecordLength"), properties.count("LeadingSettlingSamples")
    if length < LEAST_SAMPLES or first + length > hardware:
        message = f"a record of {length} samples after {first} does not fit into {hardware}"
        raise properties.file.complain(message)
    return slice(first, first + length)


def _of_bin(
    samples: Opened, properties: _Properties, sources: list[_Source]
) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """Return the record, shape (n, channels), and its times where they are stored."""
    name = properties.text("SignalFormat")
    if name not in _FORMATS:
        raise properties.file.complain(f"samples of format {name} are not understood, only {', '.join(_FORMATS)}")
    code, kind = _FORMATS[name]
    times = [("time", "<f8")] if name == _TIMED else []
    row = np.dtype([*times, ("values", kind, (len(sources),))])
    content = samples.content
    if len(content) < _HEAD:
        raise samples.complain(f"truncated: {len(content)} bytes do not hold the header")
    found, length = np.frombuffer(content, "<u4", 2).tolist()
    if (found, length) != (code, properties.count("SignalHardwareRecordLength")):
        message = f"its header says format {found} and {length} samples, which are not those of {properties.file.name}"
        raise samples.complain(message)
    held, rest = divmod(len(content) - _HEAD, row.itemsize)
    span = _span(properties, held, samples)
    if rest:
        raise samples.complain(f"{rest} bytes more than {held} samples of each channel")
    rows = np.frombuffer(content, row, offset=_HEAD)[span]
    return rows["values"], rows["time"] if name == _TIMED else None


def _of_csv(
    samples: Opened, properties: _Properties, sources: list[_Source]
) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """Return the record, shape (n, channels), and its times where a column more than channels holds them."""
    lines = samples.content.decode("latin-1").split()
    try:
        table = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None, dtype=np.float64)
    except ValueError:
        raise samples.complain("a line is not one of numbers, or has another number of them than the first") from None
    extra = table.shape[1] - len(sources)
    if extra not in {0, 1}:
        raise samples.complain(f"{table.shape[1]} columns for {len(sources)} channels")
    table = table[_span(properties, len(table), samples)]
    return table[:, extra:], table[:, 0] if extra else None


def _waveform(
    properties: _Properties,
    source: _Source,
    samples: NDArray[Any],
    axis: NDArray[np.float64] | None,
    told: Told,
) -> Waveform:
    complain = properties.file.complain
    start, stop = properties.number("XStart"), properties.number("XStop")
    interval = (stop - start) / properties.count("RecordLength")
    if axis is not None:
        start, interval = even_axis(np.ascontiguousarray(axis), complain)
    if not within_reach(interval):
        raise complain(f"the sample interval cannot be {interval!r} s")
    said = properties.text("BaseUnit").upper() if "BaseUnit" in properties.entries else ""
    scale, unit = told.settle_unit(_UNITS.get(said, said), complain)
    plain = native(np.ascontiguousarray(samples))
    coded = plain.dtype.kind == "i"
    gain, offset = _scaling(properties, source) if coded else (1.0, 0.0)
    return Waveform(
        samples=plain,
        interval=interval,
        start=start,
        unit=unit,
        gain=gain * scale,
        offset=offset * scale,
        rails=whole_range(plain) if coded else None,
        source=f"{properties.file.name}:{source.name}",
        history=("imported from Rohde & Schwarz",),
    )


def _scaling(properties: _Properties, source: _Source) -> tuple[float, float]:
    """Return gain and offset of codes; see the module's formula."""
    prefix, part = ("", "Value") if source.slot is None else ("MultiChannel", source.slot)
    scale = properties.number(f"{prefix}VerticalScale", part, positive=True)
    position = properties.number(f"{prefix}VerticalPosition", part)
    offset = properties.number(f"{prefix}VerticalOffset", part)
    steps = properties.number(f"{prefix}VerticalScale", "StepFactor", positive=True)
    levels = properties.number("NofQuantisationLevels", positive=True)
    return steps * scale / levels, offset - position * scale
