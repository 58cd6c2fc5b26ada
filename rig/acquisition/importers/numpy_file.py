"""NumPy's files: ``.npy`` is one array, ``.npz`` is several, some of which say what the others mean."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from rig.acquisition.importers.arrays import TIMES, Words, waveform_of
from rig.acquisition.importers.found import Channel, Found, Opened, Told, distinct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rig.errors import UnreadableFile
    from rig.model.waveform import Waveform

__all__ = ["is_numpy", "read_numpy"]

_ONE = b"\x93NUMPY"
_SEVERAL = b"PK\x03\x04"


def is_numpy(head: bytes) -> bool:
    """Whether a file begins as an array does, or as an archive of arrays."""
    return head.startswith(_ONE) or (head.startswith(_SEVERAL) and b".npy" in head)


def read_numpy(file: Opened, told: Told) -> Found:
    """Return the arrays of one dimension as channels; of a structured array, its fields.

    Raises
    ------
    UnreadableFile
        if the file is cut or damaged, or holds no array of numbers
    """
    several = file.head.startswith(_SEVERAL)
    arrays = _all(file) if several else _one(file)
    signals = {
        name: array
        for name, array in arrays.items()
        if array.ndim == 1 and array.dtype.kind in "fiu" and name.lower() not in TIMES
    }
    if not signals:
        shapes = ", ".join(f"{name or 'it'} {array.shape} of {array.dtype}" for name, array in arrays.items()) or "none"
        raise file.complain(f"holds no array of one dimension of numbers: {shapes[:200]}")
    words = {name.lower(): array for name, array in arrays.items() if array.size == 1}
    axis = next((array for name, array in arrays.items() if name.lower() in TIMES), None)
    kind = "NumPy archive" if several else "NumPy array"
    channels = [
        Channel(name=name or "array", read=partial(_waveform, file, kind, name, array, words, axis, told))
        for name, array in signals.items()
    ]
    return Found(kind=kind, channels=distinct(channels))


def _one(file: Opened) -> Mapping[str, NDArray[Any]]:
    try:
        with file.path.open("rb") as stream:
            _check_size(stream, file.path.stat().st_size)
            array = np.load(stream, allow_pickle=False)
    except Exception as error:  # noqa: BLE001 - what a damaged header makes of it is not listed
        raise file.complain(f"cannot be read as a NumPy array, it may be cut: {_short(error)}") from None
    if array.dtype.names is None:
        return {"": array}
    return {name: array[name] for name in array.dtype.names}


def _check_size(stream: BinaryIO, size: int) -> None:
    """Compare the shape in the header with the size of the file, before any memory is taken; return to its start."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    promised, present = math.prod(shape) * kind.itemsize, size - stream.tell()
    if promised > present:
        message = f"the header promises {promised} bytes, the file holds {present}"
        raise ValueError(message)
    stream.seek(0)


def _all(file: Opened) -> Mapping[str, NDArray[Any]]:
    try:
        with file.path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: np.asarray(archive[name]) for name in archive.files}
    except Exception as error:  # noqa: BLE001 - the same
        raise file.complain(f"cannot be read as a NumPy archive, it may be cut: {_short(error)}") from None


def _short(error: Exception) -> str:
    return (str(error).partition("\n")[0] or type(error).__name__)[:200]


def _waveform(
    file: Opened,
    kind: str,
    name: str,
    array: NDArray[Any],
    words: Mapping[str, object],
    axis: NDArray[Any] | None,
    told: Told,
) -> Waveform:
    complain = partial(_complain, file, name)
    if axis is not None and axis.shape != array.shape:
        raise complain(f"has {len(array)} samples, and there are {axis.size} times")
    entries = Words(entries=words, complain=complain)
    return waveform_of(array, entries, told, source=f"{file.name}:{name}" if name else file.name, kind=kind, times=axis)


def _complain(file: Opened, name: str, what: str) -> UnreadableFile:
    return file.complain(f"{name}: {what}" if name else what)
