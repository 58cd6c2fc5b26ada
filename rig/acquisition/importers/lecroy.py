"""Teledyne LeCroy's waveforms, ``.trc``: the descriptor of the template LECROY_2_3 (or 2_2), then the codes.

``value = VERTICAL_GAIN * code - VERTICAL_OFFSET`` and ``time = HORIZ_OFFSET + HORIZ_INTERVAL * number``. The instrument
tells the template itself (``TEMPLATE?``); it stands in the remote control manuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rig.acquisition.importers.binary import Binary, native
from rig.acquisition.importers.found import Channel, Found, Opened, Told, whole_range
from rig.model.waveform import Waveform

__all__ = ["is_lecroy", "read_lecroy"]

_MARK = b"WAVEDESC"
_SEARCHED = 64
_TEMPLATES = ("LECROY_2_2", "LECROY_2_3")
# Places in the descriptor.
_TEMPLATE, _COMM_TYPE, _COMM_ORDER, _LENGTHS, _ARRAY_1, _ARRAY_2 = 16, 32, 34, 36, 60, 64
_COUNT, _FIRST, _LAST, _SEGMENTS = 116, 124, 128, 144
_GAIN, _OFFSET, _INTERVAL, _ORIGIN, _UNIT, _TIME_UNIT = 156, 160, 176, 180, 196, 244
_RECORD_TYPE, _PROCESSING, _SOURCE, _DESCRIPTOR = 316, 318, 344, 346
_UNIT_LENGTH = 48
# The blocks before the first array: descriptor, user text, a reserved one, trigger and RIS times, another reserved one.
_BLOCKS = 6
_CHANNELS = {0: "C1", 1: "C2", 2: "C3", 3: "C4"}
# Records that are one voltage per instant: a single sweep, interleaved, centred interleaved.
_RECORDS = {0, 1, 8}
_NO_RESULT = 5


@dataclass(frozen=True, slots=True)
class _Descriptor:
    source: Binary
    at: int

    def integer(self, form: str, place: int) -> int:
        return self.source.integer(form, self.at + place)

    def number(self, place: int, what: str, *, form: str = "f", positive: bool = False) -> float:
        return self.source.number(self.at + place, what, form=form, positive=positive)

    def text(self, place: int, length: int) -> str:
        return self.source.text(self.at + place, length)


def is_lecroy(head: bytes) -> bool:
    """Whether a descriptor stands at the beginning, or after the length that the remote control writes before it."""
    return _MARK in head[:_SEARCHED]


def read_lecroy(file: Opened, told: Told) -> Found:
    """Return the one channel of the file.

    Raises
    ------
    UnreadableFile
        if the template is another, the file is cut, or it holds something else than one record of voltages
    """
    at = file.head.find(_MARK)
    if len(file.content) < at + _DESCRIPTOR:
        message = f"truncated: {len(file.content)} bytes do not hold the descriptor of {_DESCRIPTOR} bytes"
        raise file.complain(message)
    order = file.content[at + _COMM_ORDER : at + _COMM_ORDER + 2]
    if order not in {b"\x01\x00", b"\x00\x00"}:
        raise file.complain(f"header at 0x{at + _COMM_ORDER:X}: the byte order cannot be {order.hex()}")
    descriptor = _Descriptor(Binary(file.content, file.name, "<" if order == b"\x01\x00" else ">"), at)
    template = descriptor.text(_TEMPLATE, 16)
    if template not in _TEMPLATES:
        message = f"template {template!r} is not understood, only {', '.join(_TEMPLATES)}"
        raise descriptor.source.refuse(at + _TEMPLATE, message)
    number = descriptor.integer("H", _SOURCE)
    name = _CHANNELS.get(number, f"trace {number}")
    read = partial(_waveform, descriptor, name, told)
    read()
    return Found(kind=f"LeCroy {template}", channels=(Channel(name=name, read=read),))


def _refuse_others(descriptor: _Descriptor) -> None:
    """Refuse what is not one voltage per instant."""
    source, at = descriptor.source, descriptor.at
    segments = descriptor.integer("i", _SEGMENTS)
    if segments > 1:
        raise source.refuse(at + _SEGMENTS, f"holds {segments} segments of a sequence; save one of them")
    record, processing = descriptor.integer("H", _RECORD_TYPE), descriptor.integer("H", _PROCESSING)
    if record not in _RECORDS or descriptor.integer("i", _ARRAY_2):
        raise source.refuse(at + _RECORD_TYPE, f"a record of type {record} (extrema, spectra, graphs) is no waveform")
    if processing == _NO_RESULT:
        raise source.refuse(at + _PROCESSING, "the processing had no result")
    if descriptor.text(_TIME_UNIT, _UNIT_LENGTH).upper() != "S":
        unit = descriptor.text(_TIME_UNIT, _UNIT_LENGTH)
        raise source.refuse(at + _TIME_UNIT, f"points are {unit!r} apart, not seconds")


def _place(descriptor: _Descriptor, width: int) -> tuple[int, int, int]:
    """Return where the codes begin, and the first and the number of those that are valid."""
    source, at = descriptor.source, descriptor.at
    lengths = [descriptor.integer("i", _LENGTHS + 4 * number) for number in range(_BLOCKS)]
    if min(lengths) < 0 or lengths[0] != _DESCRIPTOR:
        raise source.refuse(at + _LENGTHS, f"blocks of {', '.join(map(str, lengths))} bytes make no sense")
    begin, size = at + sum(lengths), descriptor.integer("i", _ARRAY_1)
    count, first, last = (descriptor.integer("i", place) for place in (_COUNT, _FIRST, _LAST))
    if size != count * width:
        raise source.refuse(at + _ARRAY_1, f"{count} points of {width} bytes do not fill {size} bytes")
    present = max(len(source.content) - begin, 0)
    if present < size:
        raise source.complain(f"truncated: the header promises {count} samples, the file holds {present // width}")
    if not 0 <= first <= last < count:
        raise source.refuse(at + _FIRST, f"valid points from {first} to {last} of {count} make no sense")
    return begin, first, last + 1 - first


def _waveform(descriptor: _Descriptor, name: str, told: Told) -> Waveform:
    source, at = descriptor.source, descriptor.at
    _refuse_others(descriptor)
    words = descriptor.integer("H", _COMM_TYPE)
    if words not in {0, 1}:
        raise source.refuse(at + _COMM_TYPE, f"samples of type {words} are not understood")
    width = words + 1
    begin, first, count = _place(descriptor, width)
    samples = native(source.samples(begin + first * width, count, f"i{width}"))
    interval = descriptor.number(_INTERVAL, "the sample interval", positive=True)
    origin = descriptor.number(_ORIGIN, "the time of the first sample", form="d")
    scale, unit = told.settle_unit(descriptor.text(_UNIT, _UNIT_LENGTH), partial(source.refuse, at + _UNIT))
    return Waveform(
        samples=samples,
        interval=interval,
        start=origin + first * interval,
        unit=unit,
        gain=descriptor.number(_GAIN, "the vertical gain", positive=False) * scale,
        offset=-descriptor.number(_OFFSET, "the vertical offset") * scale,
        rails=whole_range(samples),
        source=f"{source.name}:{name}",
        history=("imported from LeCroy",),
    )
