"""Siglent's binary waveform, version 4: a header of fixed layout, then the codes of every channel that was on."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from rig.errors import UnreadableFile
from rig.model.waveform import Waveform
from rig.units import Unit

__all__ = ["is_siglent_binary", "read_siglent_binary"]

_VERSION = 4
_VERSIONS = range(1, 8)
_CHANNELS = 4
# Places in the header, little-endian; the entries of the four channels follow one another.
_CHANNEL_ON = 0x08
_DATA_OFFSET = 0x04
_VOLTS_PER_DIVISION = 0x18
_VERTICAL_OFFSET = 0xB8
_SECONDS_PER_DIVISION = 0x19C
_POINTS = 0x1EC
_SAMPLE_RATE = 0x1F0
_PROBE = 0x244
_WIDTH = 0x264
_QUANTITY_STRIDE = 0x28
_PROBE_STRIDE = 0x08
_HEADER = 0x268

_CODES_PER_DIVISION = {1: 30, 2: 7680}
_LEAST_SAMPLES = 2


@dataclass(frozen=True, slots=True)
class _Header:
    content: bytes
    name: str

    def integer(self, place: int) -> int:
        return int(struct.unpack_from("<I", self.content, place)[0])

    def number(self, place: int, what: str, *, positive: bool = True) -> float:
        """Read one float and refuse what no oscilloscope can have meant."""
        value = float(struct.unpack_from("<d", self.content, place)[0])
        if not math.isfinite(value) or abs(value) > 1e15 or (positive and value < 1e-15):  # noqa: PLR2004 - beyond any scale
            message = f"{self.name}: header at 0x{place:X}: {what} cannot be {value!r}"
            raise UnreadableFile(message)
        return value


def is_siglent_binary(content: bytes) -> bool:
    """Whether the file begins as Siglent's binary does: a small version number, then the place of the data."""
    if len(content) < _DATA_OFFSET + 4:
        return False
    version, offset = struct.unpack_from("<II", content)
    return version in _VERSIONS and (offset % 0x100 == 0 or version != _VERSION)


def read_siglent_binary(content: bytes, name: str) -> tuple[str, tuple[Waveform, ...], tuple[str, ...]]:
    """Return kind, waveforms with raw codes, and notes.

    Raises
    ------
    UnreadableFile
        if the version is not 4, a header value makes no sense, or samples are missing
    """
    header = _Header(content, name)
    version = header.integer(0)
    if version != _VERSION:
        message = f"{name}: header at 0x0: Siglent binary version {version} is not understood, only version {_VERSION}"
        raise UnreadableFile(message)
    if len(content) < _HEADER:
        message = f"{name}: truncated: {len(content)} bytes do not hold the header of 0x{_HEADER:X} bytes"
        raise UnreadableFile(message)
    width = 2 if header.integer(_WIDTH) & 0xFF else 1
    on = tuple(number for number in range(_CHANNELS) if header.integer(_CHANNEL_ON + 4 * number) == 1)
    if not on:
        message = f"{name}: header at 0x{_CHANNEL_ON:X}: no channel was on"
        raise UnreadableFile(message)
    rate = header.number(_SAMPLE_RATE, "the sample rate")
    codes = _codes(header, len(on), width)
    waveforms = tuple(
        _waveform(header, number, codes[place], interval=1 / rate, width=width) for place, number in enumerate(on)
    )
    seconds = header.number(_SECONDS_PER_DIVISION, "seconds per division")
    notes = (f"{seconds:g} s per division", f"{8 * width} bit codes", "time 0 is the first sample")
    return f"Siglent binary v{version}", waveforms, notes


def _codes(header: _Header, channels: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]:
    points, offset = header.integer(_POINTS), header.integer(_DATA_OFFSET)
    if points < _LEAST_SAMPLES:
        message = f"{header.name}: header at 0x{_POINTS:X}: {points} points are no waveform"
        raise UnreadableFile(message)
    if offset < _HEADER:
        message = f"{header.name}: header at 0x{_DATA_OFFSET:X}: data cannot begin at 0x{offset:X}, inside the header"
        raise UnreadableFile(message)
    present = max(len(header.content) - offset, 0) // width
    if present < points * channels:
        message = f"{header.name}: truncated: the header promises {points * channels} samples, the file holds {present}"
        raise UnreadableFile(message)
    kind = "<u2" if width == 2 else "u1"  # noqa: PLR2004 - bytes
    return np.frombuffer(header.content, dtype=kind, count=points * channels, offset=offset).reshape(channels, points)


def _waveform(
    header: _Header,
    number: int,
    codes: np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]],
    *,
    interval: float,
    width: int,
) -> Waveform:
    """One channel: v = (code − middle) · volts per division / codes per division · probe − offset."""
    scale = header.number(_VOLTS_PER_DIVISION + _QUANTITY_STRIDE * number, "volts per division")
    shift = header.number(_VERTICAL_OFFSET + _QUANTITY_STRIDE * number, "the vertical offset", positive=False)
    probe = header.number(_PROBE + _PROBE_STRIDE * number, "the probe factor")
    middle = 1 << (8 * width - 1)
    gain = scale / _CODES_PER_DIVISION[width] * probe
    # Twelve-bit codes stand at the upper end of sixteen: the highest one is 0xFFF0.
    top = (1 << (8 * width)) - (16 if width > 1 else 1)
    return Waveform(
        samples=codes,
        interval=interval,
        unit=Unit.VOLT,
        source=f"{header.name}:C{number + 1}",
        gain=gain,
        offset=-middle * gain - shift,
        rails=(0.0, float(top)),
        history=(f"imported from Siglent binary v{_VERSION}",),
    )
