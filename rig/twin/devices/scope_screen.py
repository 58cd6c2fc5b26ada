"""The screen of a virtual oscilloscope as a small picture: a graticule and the traces, as PNG or BMP."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["bmp", "png", "screen"]

_WIDTH, _HEIGHT, _DIVISION = 320, 240, 30
_GRATICULE = (60, 60, 60)
_COLOURS = ((255, 255, 0), (0, 255, 255), (255, 0, 255), (80, 160, 255))


def screen(traces: Sequence[tuple[int, npt.NDArray[np.float64]]]) -> npt.NDArray[np.uint8]:
    """Draw traces, each the number of its channel and values from −1 to 1; pixels of shape (height, width, 3)."""
    pixels = np.zeros((_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    pixels[::_DIVISION, :] = pixels[:, :: _WIDTH // 10] = _GRATICULE
    for number, values in traces:
        if len(values):
            chosen = values[np.arange(_WIDTH) * len(values) // _WIDTH]
            rows = np.clip(np.rint((1 - chosen) * (_HEIGHT - 1) / 2), 0, _HEIGHT - 1).astype(np.intp)
            pixels[rows, np.arange(_WIDTH)] = _COLOURS[(number - 1) % len(_COLOURS)]
    return pixels


def png(pixels: npt.NDArray[Any]) -> bytes:
    """Return a PNG file of 8-bit true colour (ISO/IEC 15948): every row with filter type 0."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), pixels.reshape(height, width * 3)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def bmp(pixels: npt.NDArray[Any]) -> bytes:
    """Return an uncompressed bitmap file of 24 bits per pixel, rows from the bottom up."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, (width * 3 + 3) // 4 * 4), dtype=np.uint8)
    rows[:, : width * 3] = pixels[::-1, :, ::-1].reshape(height, width * 3)
    data = rows.tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(data), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + header + data
