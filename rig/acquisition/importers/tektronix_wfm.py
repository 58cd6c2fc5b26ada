"""Tektronix' reference waveforms, ``.wfm``, of versions 1 to 3 (Tektronix 077-0220, *Reference Waveform File Format*).

A static header, a waveform header, then the curve: points before the record (precharge), the record, and points after.
``value = scale * code + offset`` by the first explicit dimension, ``time = offset + scale * number`` by the first
implicit one. That document says of the special codes for over-range and null that they are not for use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rig.acquisition.importers.binary import Binary, native
from rig.acquisition.importers.found import Channel, Found, Opened, Told, whole_range
from rig.model.waveform import Waveform

__all__ = ["is_tektronix_wfm", "read_tektronix_wfm"]

_ORDERS = {b"\x0f\x0f": "<", b"\xf0\xf0": ">"}
_VERSION_AT, _VERSION_LENGTH = 2, 8
# Places in the static header: bytes of a point, and to the curve; label, further frames.
_WIDTH, _CURVE, _LABEL, _FRAMES = 15, 16, 40, 72
_LABEL_LENGTH = 32
# Places in the waveform header.
_DATA_TYPE, _CURVES = 122, 142
_VECTOR = 2


@dataclass(frozen=True, slots=True)
class _Places:
    """Places that differ between versions: of the dimensions, and of the curve's own header."""

    explicit: int
    implicit: int
    curve: int


_VERSIONS = {
    ":WFM#001": _Places(166, 478, 790),
    ":WFM#002": _Places(168, 480, 792),
    ":WFM#003": _Places(168, 488, 808),
}
# Within a dimension; format and storage of the explicit one.
_SCALE, _OFFSET, _SIZE, _UNIT, _FORMAT, _STORAGE = 0, 8, 16, 20, 72, 76
_UNIT_LENGTH = 20
_FORMATS = {0: "i2", 1: "i4", 2: "u4", 3: "u8", 4: "f4", 5: "f8", 6: "u1", 7: "i1"}
# Within the curve's header: where the record begins and ends in the curve, and where the curve ends.
_BEGIN, _END, _WHOLE = 14, 18, 26


def is_tektronix_wfm(head: bytes) -> bool:
    """Whether a file begins as Tektronix' do: its byte order, then ``:WFM#`` and a version."""
    return head[:2] in _ORDERS and head[_VERSION_AT:].startswith(b":WFM#")


def read_tektronix_wfm(file: Opened, told: Told) -> Found:
    """Return the one channel of the file.

    Raises
    ------
    UnreadableFile
        if the version is unknown, the file is cut, or it holds something else than one record of an analog channel
    """
    source = Binary(file.content, file.name, _ORDERS[file.head[:2]])
    version = source.text(_VERSION_AT, _VERSION_LENGTH)
    if version not in _VERSIONS:
        known = ", ".join(known[1:] for known in _VERSIONS)
        raise source.refuse(_VERSION_AT, f"version {version[1:]} is not understood, only {known}")
    frames = source.integer("I", _FRAMES) + 1
    if frames != 1:
        raise source.refuse(_FRAMES, f"holds {frames} frames (FastFrame); save one of them")
    data_type = source.integer("i", _DATA_TYPE)
    if data_type != _VECTOR:
        raise source.refuse(_DATA_TYPE, f"holds no analog waveform but data of type {data_type}")
    curves = source.integer("I", _CURVES)
    if curves > 1:
        raise source.refuse(_CURVES, f"holds {curves} curves, which are not understood")
    # The label is the user's own; files of these oscilloscopes do not name their channel elsewhere.
    name = source.text(_LABEL, _LABEL_LENGTH) or "wfm"
    read = partial(_waveform, source, _VERSIONS[version], version[1:], name, told)
    read()
    return Found(kind=f"Tektronix {version[1:]}", channels=(Channel(name=name, read=read),))


def _waveform(source: Binary, places: _Places, version: str, name: str, told: Told) -> Waveform:
    explicit, implicit = places.explicit, places.implicit
    kind = source.integer("i", explicit + _FORMAT)
    if kind not in _FORMATS:
        raise source.refuse(explicit + _FORMAT, f"points of format {kind} are not understood")
    storage = source.integer("i", explicit + _STORAGE)
    if storage:
        raise source.refuse(
            explicit + _STORAGE, f"points stored as type {storage} (pairs, histograms) are not understood"
        )
    begin, count = _record(source, places, int(_FORMATS[kind][1:]))
    samples = native(source.samples(begin, count, _FORMATS[kind]))
    second = source.text(implicit + _UNIT, _UNIT_LENGTH)
    if second.lower() != "s":
        raise source.refuse(implicit + _UNIT, f"points are {second!r} apart, not seconds")
    unit_text = source.text(explicit + _UNIT, _UNIT_LENGTH)
    scale, unit = told.settle_unit(unit_text, partial(source.refuse, explicit + _UNIT))
    return Waveform(
        samples=samples,
        interval=source.number(implicit + _SCALE, "the sample interval"),
        start=source.number(implicit + _OFFSET, "the time of the first sample", positive=False),
        unit=unit,
        gain=source.number(explicit + _SCALE, "the scale", positive=False) * scale,
        offset=source.number(explicit + _OFFSET, "the offset", positive=False) * scale,
        rails=None if samples.dtype.kind == "f" else whole_range(samples),
        source=f"{source.name}:{name}",
        history=(f"imported from Tektronix {version}",),
    )


def _record(source: Binary, places: _Places, width: int) -> tuple[int, int]:
    """Return where the record begins in the file, and its number of points."""
    if source.integer("B", _WIDTH) != width:
        raise source.refuse(_WIDTH, f"points of {source.integer('B', _WIDTH)} bytes in a format of {width}")
    start = source.integer("i", _CURVE)
    begin, end, whole = (source.integer("I", places.curve + place) for place in (_BEGIN, _END, _WHOLE))
    if start < places.curve or not begin <= end <= whole or (end - begin) % width:
        message = f"a record from byte {begin} to {end} of a curve of {whole} bytes at 0x{start:X} makes no sense"
        raise source.refuse(places.curve, message)
    last = start + whole
    if last > len(source.content):
        raise source.complain(f"truncated: the header promises {last} bytes, the file holds {len(source.content)}")
    count = (end - begin) // width
    promised = source.integer("I", places.implicit + _SIZE)
    if promised != count and promised * width != whole:
        raise source.refuse(places.implicit + _SIZE, f"{promised} points, but the record holds {count}")
    return start + begin, count
