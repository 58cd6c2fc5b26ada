"""Siglent's binary waveforms of versions 2 to 4: a header of fixed layout, then the codes of every channel that was on.

The layouts are Siglent's own (*How to Extract Data from the Binary File of SIGLENT Oscilloscope*). Where captures of
known voltages contradict them, those are followed: of version 4 ``v = ((code - middle) * volts per division / codes per
division - offset) * probe``, while the document adds the offset and leaves out the probe. Of versions 2 and 3 no such
captures are known; a file in which the two readings differ is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rig.acquisition.importers.binary import LEAST_SAMPLES, Binary, native
from rig.acquisition.importers.found import Channel, Found, Opened, Told
from rig.model.waveform import Waveform

if TYPE_CHECKING:
    from rig.errors import UnreadableFile

__all__ = ["is_siglent_binary", "read_siglent_binary"]

_VERSIONS = range(1, 8)
_UNDERSTOOD = (2, 3, 4)
_LATEST = 4
_CHANNELS = 4
_DATA_OFFSET = 0x04
# Places in the header of version 4, little-endian; the entries of the channels follow one another. Those of versions 2
# and 3 stand four bytes before them, for these have no place of the data.
_CHANNEL_ON = 0x08
_VOLTS_PER_DIVISION = 0x18
_VERTICAL_OFFSET = 0xB8
_SECONDS_PER_DIVISION = 0x19C
_POINTS = 0x1EC
_SAMPLE_RATE = 0x1F0
_PROBE = 0x244
_WIDTH = 0x264
_ORDER = 0x265
_CODES_PER_DIVISION = 0x270
_HEADER = 0x280
_QUANTITY_STRIDE = 0x28
_PROBE_STRIDE = 0x08
_EARLIER = 4
_EARLIER_DATA = 0x800
# A quantity is a float, the number of its SI prefix (8 is none, 7 milli), and seven words that compose its unit of
# powers of volt, ampere and second, each a numerator and a denominator.
_MAGNITUDE, _UNIT_WORDS = 8, 12
_NO_PREFIX = 8
_PREFIXES = range(17)
_UNITS = {(1.0, 0.0, 0.0): "V", (0.0, 1.0, 0.0): "A"}
# Version 2 does not say its codes per division; of eight bits the document does.
_CODES_OF_VERSION_2 = 25
_WIDEST = 2


@dataclass(frozen=True, slots=True)
class _Header:
    source: Binary
    version: int

    def place(self, of_latest: int) -> int:
        return of_latest - (0 if self.version == _LATEST else _EARLIER)

    def integer(self, of_latest: int) -> int:
        return self.source.integer("i", self.place(of_latest))

    def quantity(self, of_latest: int, what: str, *, positive: bool = True) -> float:
        """Read a float with its SI prefix."""
        place = self.place(of_latest)
        value = self.source.number(place, what, positive=positive)
        magnitude = self.source.integer("i", place + _MAGNITUDE)
        if magnitude not in _PREFIXES:
            raise self.source.refuse(place + _MAGNITUDE, f"{what} has no SI prefix number {magnitude}")
        # Powers of ten below one are not exact: divide by the exact one.
        power = 3 * (magnitude - _NO_PREFIX)
        return value * 10.0**power if power >= 0 else value / 10.0**-power

    def unit(self, of_latest: int) -> str:
        """Return the unit of a quantity, or what to call it."""
        start = self.place(of_latest) + _UNIT_WORDS
        kind, *words = (self.source.integer("i", start + 4 * number) for number in range(7))
        if kind or 0 in words[1::2]:
            return f"unit {(kind, *words)}"
        volt, ampere, second = (over / under for over, under in zip(words[::2], words[1::2], strict=True))
        return _UNITS.get((volt, ampere, second), f"unit {(kind, *words)}")


def is_siglent_binary(head: bytes) -> bool:
    """Whether the file begins as Siglent's binary does: a small version number, then the data's place or switches."""
    if len(head) < _DATA_OFFSET + 4:
        return False
    version, after = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:8], "little")
    if version in {2, 3}:
        return after in {0, 1}  # the first channel's switch
    return version in _VERSIONS and (after % 0x100 == 0 or version != _LATEST)


def read_siglent_binary(file: Opened, _told: Told) -> Found:
    """Return channels with raw codes.

    Raises
    ------
    UnreadableFile
        if the version is not understood, a header value makes no sense, or samples are missing
    """
    source = Binary(file.content, file.name)
    version = source.integer("I", 0)
    if version not in _UNDERSTOOD:
        known = ", ".join(map(str, _UNDERSTOOD))
        raise source.refuse(0, f"Siglent binary version {version} is not understood, only {known}")
    if len(file.content) < _HEADER:
        message = f"truncated: {len(file.content)} bytes do not hold the header of 0x{_HEADER:X} bytes"
        raise source.complain(message)
    header = _Header(source, version)
    wide = header.source.integer("B", header.place(_WIDTH))
    if wide not in {0, 1}:
        raise source.refuse(header.place(_WIDTH), f"samples of width {wide} are not understood")
    on = tuple(number for number in range(_CHANNELS) if header.integer(_CHANNEL_ON + 4 * number) == 1)
    if not on:
        raise source.refuse(header.place(_CHANNEL_ON), "no channel was on (math and digital traces are not read)")
    channels = tuple(
        Channel(name=f"C{number + 1}", read=partial(_waveform, header, number, place, len(on), wide + 1))
        for place, number in enumerate(on)
    )
    _place_of_samples(header, 0, len(on), wide + 1)
    seconds = header.quantity(_SECONDS_PER_DIVISION, "seconds per division")
    notes = (f"{seconds:g} s per division", f"{8 * (wide + 1)} bit codes", "time 0 is the first sample")
    return Found(kind=f"Siglent binary v{version}", channels=channels, notes=notes)


def _place_of_samples(header: _Header, place: int, channels: int, width: int) -> int:
    """Return where the samples of the channel at a place among those that were on begin; all have to be there."""
    source, points = header.source, header.source.integer("I", header.place(_POINTS))
    if points < LEAST_SAMPLES:
        raise source.refuse(header.place(_POINTS), f"{points} points are no waveform")
    begin = source.integer("I", _DATA_OFFSET) if header.version == _LATEST else _EARLIER_DATA
    if begin < _HEADER:
        raise source.refuse(_DATA_OFFSET, f"data cannot begin at 0x{begin:X}, inside the header")
    present = max(len(source.content) - begin, 0) // width
    if present < points * channels:
        message = f"truncated: the header promises {points * channels} samples, the file holds {present}"
        raise source.complain(message)
    return begin + place * points * width


def _waveform(header: _Header, number: int, place: int, channels: int, width: int) -> Waveform:
    """One channel, see the module's formula."""
    source, name = header.source, f"C{number + 1}"

    def complain(what: str) -> UnreadableFile:
        return source.complain(f"{name}: {what}")

    scale_at = _VOLTS_PER_DIVISION + _QUANTITY_STRIDE * number
    scale = header.quantity(scale_at, "volts per division")
    shift_at = _VERTICAL_OFFSET + _QUANTITY_STRIDE * number
    shift = header.quantity(shift_at, "the vertical offset", positive=False)
    probe = source.number(header.place(_PROBE + _PROBE_STRIDE * number), "the probe factor")
    if header.version != _LATEST and (shift != 0 or probe != 1):
        message = (
            f"an offset of {shift:g} V and a probe of {probe:g}: how version {header.version} counts them in "
            "is not known; save it as CSV"
        )
        raise complain(message)
    _, unit = Told().settle_unit(header.unit(scale_at), complain)
    gain = scale / _codes_per_division(header, number, width) * probe
    # Twelve-bit codes stand at the upper end of sixteen: the highest one is 0xFFF0.
    top = (1 << (8 * width)) - (16 if width > 1 else 1)
    order = header.version > 2 and source.integer("B", header.place(_ORDER))  # noqa: PLR2004 - version 2 has none
    begin = _place_of_samples(header, place, channels, width)
    points = source.integer("I", header.place(_POINTS))
    codes = Binary(source.content, source.name, ">" if order else "<").samples(begin, points, f"u{width}")
    return Waveform(
        samples=native(codes),
        interval=1 / header.quantity(_SAMPLE_RATE, "the sample rate"),
        unit=unit,
        source=f"{source.name}:{name}",
        gain=gain,
        offset=-(1 << (8 * width - 1)) * gain - shift * probe,
        rails=(0.0, float(top)),
        history=(f"imported from Siglent binary v{header.version}",),
    )


def _codes_per_division(header: _Header, number: int, width: int) -> int:
    if header.version == 2:  # noqa: PLR2004 - the version
        if width != 1:
            raise header.source.complain("how many codes a division has is not known of version 2 with 16 bits")
        return _CODES_OF_VERSION_2
    at = _CODES_PER_DIVISION + 4 * number
    codes = header.integer(at)
    if not 0 < codes < 1 << (8 * _WIDEST):
        raise header.source.refuse(header.place(at), f"{codes} codes per division")
    return codes
