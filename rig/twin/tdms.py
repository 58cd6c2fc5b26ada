"""What a card's driver logs while it samples: segments of a TDMS file, each with its own list of channels.

The layout is that of NI's published description of the format, version 2.0: lead-in, objects with properties, data.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

__all__ = ["segment"]

_META, _NEW_LIST, _RAW = 2, 4, 8
_VERSION = 4713
_I16, _I32, _U32, _DOUBLE, _STRING = 2, 3, 7, 10, 0x20
_NO_DATA = 0xFFFFFFFF
_FROM_RAW = 0xFFFFFFFF


def segment(
    group: str, channels: Sequence[str], codes: npt.NDArray[np.int16], scale: Sequence[float], interval: float
) -> bytes:
    """Return one segment.

    Parameters
    ----------
    codes : shape (channels, samples)
    scale : V per code of every channel
    interval : s between samples of one channel
    """
    objects = [_object("/", None, {}), _object(f"/{_quoted(group)}", None, {})]
    for name, volts in zip(channels, scale, strict=True):
        path = f"/{_quoted(group)}/{_quoted(name)}"
        objects.append(_object(path, codes.shape[1], _scaling(float(volts), interval)))
    meta = struct.pack("<I", len(objects)) + b"".join(objects)
    data = np.ascontiguousarray(codes, dtype="<i2").tobytes()
    lead = struct.pack("<4sIIQQ", b"TDSm", _META | _NEW_LIST | _RAW, _VERSION, len(meta) + len(data), len(meta))
    return lead + meta + data


def _scaling(volts: float, interval: float) -> Mapping[str, Any]:
    return {
        "unit_string": "Volts",
        "wf_increment": interval,
        "NI_Scaling_Status": "unscaled",
        "NI_Number_Of_Scales": 1,
        "NI_Scale[0]_Scale_Type": "Linear",
        "NI_Scale[0]_Linear_Slope": volts,
        "NI_Scale[0]_Linear_Y_Intercept": 0.0,
        "NI_Scale[0]_Linear_Input_Source": np.uint32(_FROM_RAW),
    }


def _object(path: str, samples: int | None, properties: Mapping[str, Any]) -> bytes:
    index = struct.pack("<I", _NO_DATA) if samples is None else struct.pack("<IIIQ", 20, _I16, 1, samples)
    told = b"".join(_text(name) + _value(value) for name, value in properties.items())
    return _text(path) + index + struct.pack("<I", len(properties)) + told


def _value(value: object) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, np.uint32):
        return struct.pack("<II", _U32, int(value))
    if isinstance(value, int):
        return struct.pack("<Ii", _I32, value)
    return struct.pack("<Id", _DOUBLE, value)


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<I", len(data)) + data


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
