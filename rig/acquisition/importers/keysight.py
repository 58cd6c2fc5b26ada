"""Keysight's binary waveforms (``AG``), and Rigol's (``RG``), which have the same build with other sizes.

After a file header stand the waveforms one after the other: a header, then one or more buffers, each with a header of
its own. The layout is in the user's guides of Keysight's InfiniiVision and Rigol's DHO and HDO series.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rig.acquisition.importers.binary import Binary, native
from rig.acquisition.importers.found import Channel, Found, Opened, Told, distinct
from rig.errors import UnreadableFile
from rig.model.waveform import Waveform

__all__ = ["is_keysight_binary", "read_keysight_binary"]

# Of each version: where waveforms begin, and the form of sizes (whether they have 32 or 64 bits).
_MAKERS = {b"AG": "Keysight", b"RG": "Rigol"}
_VERSIONS = {b"01": "I", b"10": "I", b"03": "Q"}
_SIZE_AT = 4
# Places in a waveform's header.
_TYPE, _BUFFERS, _POINTS = 4, 8, 12
_INTERVAL, _ORIGIN, _TIME_UNIT, _UNIT = 32, 40, 48, 52
_LABEL, _SEGMENT, _LEAST_HEADER = 112, 136, 128
_LABEL_LENGTH = 16
_WITH_SEGMENT = 140
_LOGIC = 6
_UNITS = {0: "", 1: "V", 2: "s", 3: "constant", 4: "A", 5: "dB", 6: "Hz"}
_SECOND = 2
# Kinds of buffers: floats as they were measured, or the greatest and least of each interval.
_NORMAL, _GREATEST, _LEAST = 1, 2, 3
_MOST_WAVEFORMS = 10_000


@dataclass(frozen=True, slots=True)
class _Record:
    """Where one waveform stands: its header, and the first of its buffers' samples."""

    header: int
    kinds: tuple[int, ...]
    data: int
    width: int
    size: int


def is_keysight_binary(head: bytes) -> bool:
    """Whether a file begins with the cookie of Keysight or Rigol and two digits."""
    return head[:2] in _MAKERS and head[2:4].isdigit()


def read_keysight_binary(file: Opened, told: Told) -> Found:
    """Return what the file holds; its samples are floats, as the instrument wrote them.

    Raises
    ------
    UnreadableFile
        if the version is unknown, the file is cut, or it holds no waveform of an analog channel
    """
    maker, version = _MAKERS[file.head[:2]], file.head[2:4]
    source = Binary(file.content, file.name)
    if version not in _VERSIONS:
        known = ", ".join(sorted(known.decode() for known in _VERSIONS))
        message = f"{maker} binary version {version.decode()} is not understood, only {known}"
        raise source.refuse(2, message)
    wide = _VERSIONS[version]
    place = _SIZE_AT + (8 if wide == "Q" else 4)
    count = source.integer("I", place)
    if not 0 < count <= _MOST_WAVEFORMS:
        raise source.refuse(place, f"{count} waveforms")
    place += 4
    channels: list[Channel] = []
    skipped = 0
    for _ in range(count):
        record, place = _record(source, place, wide)
        if source.integer("I", record.header + _TYPE) == _LOGIC:
            skipped += 1
            continue
        read = partial(_waveform, source, record, maker, told)
        channels.append(Channel(name=_label(source, record.header, len(channels) + 1, maker), read=read))
    if not channels:
        raise source.complain("holds digital channels alone")
    notes = (f"{skipped} digital channels left out",) if skipped else ()
    return Found(kind=f"{maker} binary {version.decode()}", channels=distinct(channels), notes=notes)


def _record(source: Binary, header: int, wide: str) -> tuple[_Record, int]:
    """Return one waveform and the place after it."""
    length, buffers = source.integer("I", header), source.integer("I", header + _BUFFERS)
    if not _LEAST_HEADER <= length <= len(source.content):
        raise source.refuse(header, f"a waveform's header cannot have {length} bytes")
    if not 0 < buffers < _MOST_WAVEFORMS:
        raise source.refuse(header + _BUFFERS, f"a waveform of {buffers} buffers")
    place, kinds, first = header + length, [], (0, 0, 0)
    for number in range(buffers):
        size, head = source.integer(wide, place + 8), source.integer("I", place)
        if head < 8 + (8 if wide == "Q" else 4) or head > len(source.content):
            raise source.refuse(place, f"a buffer's header cannot have {head} bytes")
        if place + head + size > len(source.content):
            present = max(len(source.content) - place - head, 0)
            raise source.complain(f"truncated: a buffer of {size} bytes, of which the file holds {present}")
        kinds.append(source.integer("H", place + 4))
        if number == 0:
            first = (place + head, source.integer("H", place + 6), size)
        place += head + size
    return _Record(header, tuple(kinds), *first), place


def _label(source: Binary, header: int, number: int, maker: str) -> str:
    label = source.text(header + _LABEL, _LABEL_LENGTH) or f"CH{number}"
    numbered = maker == "Keysight" and source.integer("I", header) >= _WITH_SEGMENT
    segment = source.integer("I", header + _SEGMENT) if numbered else 0
    return f"{label}.{segment}" if segment else label


def _waveform(source: Binary, record: _Record, maker: str, told: Told) -> Waveform:
    header = record.header
    label = _label(source, header, 1, maker)

    def complain(what: str) -> UnreadableFile:
        return source.complain(f"{label}: {what}")

    if record.kinds != (_NORMAL,):
        if set(record.kinds) <= {_GREATEST, _LEAST}:
            raise complain("holds the greatest and least values of intervals (peak detect), which are no waveform")
        raise complain(f"buffers of kind {', '.join(map(str, record.kinds))} are not understood")
    points = source.integer("I", header + _POINTS)
    if record.width != 4 or record.size != 4 * points:  # noqa: PLR2004 - bytes of a float
        raise complain(f"{points} points of {record.width} bytes do not fill a buffer of {record.size} bytes")
    if source.integer("I", header + _TIME_UNIT) != _SECOND:
        raise complain("its samples do not follow each other in time")
    code = source.integer("I", header + _UNIT)
    scale, unit = told.settle_unit(_UNITS.get(code, f"unit {code}"), complain)
    # Where Rigol has time zero is not known; Keysight's origin is the time of the first sample.
    start = source.number(header + _ORIGIN, "the origin", positive=False) if maker == "Keysight" else 0.0
    return Waveform(
        samples=native(source.samples(record.data, points, "f4")),
        interval=source.number(header + _INTERVAL, "the sample interval"),
        start=start,
        unit=unit,
        gain=scale,
        source=f"{source.name}:{label}",
        history=(f"imported from {maker} binary",),
    )
