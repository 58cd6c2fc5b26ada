"""The 346 bytes with which Siglent's oscilloscopes describe a record, least significant byte first."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

__all__ = ["LENGTH", "TIME_SCALES", "Descriptor"]

LENGTH = 346
_FASTEST_DECADE, _SCALES = -10, 39
_STEPS = (1.0, 2.0, 5.0)

# 200 ps, 500 ps, 1 ns … 1000 s: the index of a time scale is its place here.
TIME_SCALES = tuple(float(f"{_STEPS[(n + 1) % 3]}e{_FASTEST_DECADE + (n + 1) // 3}") for n in range(_SCALES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What is known of a record.

    Attributes
    ----------
    word : whether samples have two bytes
    data : bytes of all samples
    points, first, every : samples of the record, the first one handed over, and every how many-th of them is
    segment, segments : which one it is, and how many there are
    gain, offset, delay : as the dialect defines them, V and s
    codes_per_division : codes of a sample in one division
    bits : of the converter
    interval, time_scale : s between samples, and per division
    coupling : 0 DC, 1 AC, 2 GND
    probe : attenuation
    limited : whether the bandwidth is
    source : number of the channel, from 1
    """

    word: bool
    data: int
    points: int
    first: int = 0
    every: int = 1
    segment: int = 1
    segments: int = 1
    gain: float
    offset: float
    codes_per_division: float
    bits: int
    interval: float
    delay: float
    time_scale: float
    coupling: int
    probe: float
    limited: bool
    source: int

    def encode(self) -> bytes:
        """Return the bytes."""
        block = bytearray(LENGTH)
        block[:8], block[16:24] = b"WAVEDESC", b"WAVEACE\0"
        index = min(range(_SCALES), key=lambda n: abs(math.log(TIME_SCALES[n] / self.time_scale)))
        for form, offset, value in (
            ("H", 32, int(self.word)),
            ("H", 34, 0),
            ("I", 36, LENGTH),
            ("I", 60, self.data),
            ("I", 116, self.points),
            ("I", 120, self.points),
            ("I", 132, self.first),
            ("I", 136, self.every),
            ("I", 144, self.segments),
            ("I", 148, self.segments),
            ("f", 156, self.gain),
            ("f", 160, self.offset),
            ("f", 164, self.codes_per_division),
            ("H", 172, self.bits),
            ("H", 174, self.segment),
            ("f", 176, self.interval),
            ("d", 180, self.delay),
            ("H", 324, index),
            ("H", 326, self.coupling),
            ("f", 328, self.probe),
            ("H", 334, int(self.limited)),
            ("H", 344, self.source - 1),
        ):
            struct.pack_into(f"<{form}", block, offset, value)
        return bytes(block)
