"""HDF5 files of other programs: datasets of one dimension, with attributes that say what they mean."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from rig.acquisition.importers.arrays import TIMES, WORDS, Words, waveform_of
from rig.acquisition.importers.found import Channel, Found, Opened, Told, distinct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rig.errors import UnreadableFile
    from rig.model.waveform import Waveform

__all__ = ["is_hdf5", "read_hdf5"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
# No compression makes bytes fewer than by this factor.
_MOST_PACKED = 2000
_LONGEST_WORD = 1000


def is_hdf5(head: bytes) -> bool:
    """Whether a file begins as HDF5 does."""
    return head.startswith(_MAGIC)


def read_hdf5(file: Opened, told: Told) -> Found:
    """Return the datasets of one dimension of numbers as channels, by their path in the file.

    Raises
    ------
    UnreadableFile
        if the file is cut or damaged, or holds no such dataset
    """
    names: list[str] = []

    def visit(name: str, item: object) -> None:
        is_signal = isinstance(item, h5py.Dataset) and item.ndim == 1 and item.dtype.kind in "fiu"
        if is_signal and name.rpartition("/")[2].lower() not in TIMES:
            names.append(name)

    try:
        with h5py.File(file.path, "r") as content:
            content.visititems(visit)
    except Exception as error:  # noqa: BLE001 - what a damaged file makes of the library is not listed
        raise _unread(file, error) from None
    if not names:
        raise file.complain("holds no dataset of one dimension of numbers")
    channels = [Channel(name=name, read=partial(_waveform, file, name, told)) for name in names]
    return Found(kind="HDF5", channels=distinct(channels))


def _waveform(file: Opened, name: str, told: Told) -> Waveform:
    def complain(what: str) -> UnreadableFile:
        return file.complain(f"{name}: {what}")

    try:
        with h5py.File(file.path, "r") as content:
            dataset = content[name]
            _refuse_unwritten(dataset, file.path.stat().st_size)
            samples, times, entries = _stored(dataset)
    except Exception as error:  # noqa: BLE001 - the same
        raise _unread(file, error) from None
    if times is not None and times.shape != samples.shape:
        raise complain(f"has {len(samples)} samples, and there are {times.size} times")
    words = Words(entries=entries, complain=complain)
    return waveform_of(samples, words, told, source=f"{file.name}:{name}", kind="HDF5", times=times)


def _attributes(owner: h5py.HLObject) -> Iterator[tuple[str, object]]:
    """Yield the attributes that may say something: single values, of names that are known.

    The library trusts what a damaged file says of an attribute's size; what is not needed is not read.
    """
    for name in owner.attrs:
        if name.lower() in WORDS:
            attribute = owner.attrs.get_id(name)
            if np.prod(attribute.shape or (1,)) == 1 and attribute.get_storage_size() <= _LONGEST_WORD:
                yield name, owner.attrs[name]


def _refuse_unwritten(dataset: h5py.Dataset, size: int) -> None:
    """Refuse samples that are promised and not there, before any memory is taken; HDF5 itself would fill them in."""
    stored = dataset.id.get_storage_size()
    least = dataset.nbytes / (_MOST_PACKED if dataset.compression else 1)
    if stored < least or least > size:
        message = f"{dataset.nbytes} bytes of samples are promised, {min(stored, size)} are stored"
        raise ValueError(message)


def _stored(dataset: h5py.Dataset) -> tuple[NDArray[Any], NDArray[Any] | None, dict[str, object]]:
    """Return samples, the times that stand in the same group, and the attributes of dataset and group."""
    group = dataset.parent
    axes = [item for key, item in group.items() if key.lower() in TIMES and isinstance(item, h5py.Dataset)]
    entries = {key.lower(): value for owner in (group, dataset) for key, value in _attributes(owner)}
    return np.asarray(dataset[...]), np.asarray(axes[0][...]) if axes else None, entries


def _unread(file: Opened, error: Exception) -> UnreadableFile:
    reason = (str(error).partition("\n")[0] or type(error).__name__)[:200]
    return file.complain(f"cannot be read as HDF5, it may be cut: {reason}")
