"""A completed acquisition of an InfiniiVision oscilloscope: its samples, its preamble and its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.devices.infiniivision_settings import LEVELS

if TYPE_CHECKING:
    import numpy.typing as npt

    from rig.twin.devices.infiniivision_settings import Readout, Settings

__all__ = ["CLIPPED_HIGH", "CLIPPED_LOW", "HOLE", "Preamble", "encode", "preamble", "words"]

HOLE, CLIPPED_LOW = 0, 1
CLIPPED_HIGH = 0xFFFF
"""The special codes in 16 bits, unsigned; in 8 bits the last one is 0xFF."""

_HALF = 0x8000
_LOWEST_VALUE, _HIGHEST_VALUE = 0x0200, 0xFEFF
_FORMATS = {"BYTE": 0, "WORD": 1, "ASC": 4}
_TYPES = {"NORM": 0, "AVER": 2, "HRES": 3}
_NOT_A_VALUE = 9.9e37


@dataclass(frozen=True, slots=True, kw_only=True)
class Preamble:
    """The ten numbers without which the data mean nothing."""

    format: int
    type: int
    points: int
    count: int
    x_increment: float
    x_origin: float
    y_increment: float
    y_origin: float
    y_reference: int

    def __str__(self) -> str:
        return (
            f"+{self.format},+{self.type},+{self.points},+{self.count},{self.x_increment:+.8E},{self.x_origin:+.8E},+0,"
            f"{self.y_increment:+.8E},{self.y_origin:+.8E},{self.y_reference:+d}"
        )


def preamble(settings: Settings, readout: Readout) -> Preamble:
    """The preamble of a record made with these settings and read out in this manner."""
    channel = settings.channels[readout.source]
    stride = readout.stride(settings.depth)
    reference = 0x80 if readout.format == "BYTE" else _HALF
    signed = not readout.unsigned and readout.format != "ASC"
    return Preamble(
        format=_FORMATS[readout.format],
        type=_TYPES[settings.acquisition],
        points=settings.depth // stride,
        count=settings.shot.averages,
        x_increment=stride / settings.sample_rate,
        x_origin=-settings.before,
        y_increment=channel.range / LEVELS if readout.format == "BYTE" else channel.range / (LEVELS * 256),
        y_origin=channel.offset,
        y_reference=0 if signed else reference,
    )


def words(
    codes: npt.NDArray[np.int32],
    bits: int,
    *,
    clipped_low: npt.NDArray[np.bool_],
    clipped_high: npt.NDArray[np.bool_],
    holes: npt.NDArray[np.bool_],
) -> npt.NDArray[np.uint16]:
    """Two's complement codes as unsigned 16-bit words, left-justified, with the special codes in their places."""
    shifted = (codes.astype(np.int64) << (16 - bits)) + _HALF
    # The lowest and the highest 8-bit levels are lost to the codes that say "hole" and "clipped".
    low, high = clipped_low | (shifted < _LOWEST_VALUE), clipped_high | (shifted > _HIGHEST_VALUE)
    shifted[low], shifted[high], shifted[holes] = CLIPPED_LOW, CLIPPED_HIGH, HOLE
    return shifted.astype(np.uint16)


def encode(data: npt.NDArray[np.uint16], readout: Readout, settings: Settings) -> bytes:
    """The words as the client asked for them: 8 bits, 16 bits of either order, or volts as text."""
    if readout.format == "ASC":
        return _as_text(data, settings.channels[readout.source].range, settings.channels[readout.source].offset)
    if readout.format == "WORD":
        values = data if readout.unsigned else data ^ _HALF
        return values.astype(">u2" if readout.most_significant_first else "<u2").tobytes()
    octets = (data >> 8).astype(np.uint8)
    octets[data == CLIPPED_LOW] = CLIPPED_LOW
    return (octets if readout.unsigned else octets ^ 0x80).tobytes()


def _as_text(data: npt.NDArray[np.uint16], volts: float, offset: float) -> bytes:
    values = (data.astype(np.float64) - _HALF) * volts / (LEVELS * 256) + offset
    values[data == HOLE] = _NOT_A_VALUE
    return ",".join([f"{value:+.5E}" for value in values.tolist()]).encode()
