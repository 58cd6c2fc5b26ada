"""The datasets of an HDF5 file that lie in that file, and are no larger than what the file can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["own_datasets"]

MOST = 1 << 32
"""Bytes that the samples of one signal in one file may have; a piece of a long capture has 2²⁷."""

_CHUNK = 1 << 27  # bytes of a chunk, which is unpacked as a whole
_GZIP = 1040  # times that deflate can shorten anything


def own_datasets(file: h5py.File) -> Iterator[h5py.Dataset]:
    """Yield the signals of a capture's file.

    HDF5 follows links and storage that lead to other files, by names which the file itself gives, and believes any
    size that it states. A bundle may have been made by anybody.

    Raises
    ------
    ValueError
        if a member is anything but a dataset of numbers, in one dimension, stored in this very file
    """
    size, known = file.id.get_filesize(), set()
    for name in file:
        problem = _foreign(file, name) or _unfit(file[name], size)
        place = None if problem else h5py.h5o.get_info(file[name].id).addr
        if place in known:
            problem = "is another name of samples that have one"
        known.add(place)
        if problem:
            message = f"{ascii(name)[:80]} {problem}"
            raise ValueError(message)
        yield file[name]


def _foreign(file: h5py.File, name: str) -> str:
    """Say whether a member is not in this file, before it is opened."""
    match file.get(name, getlink=True):
        case h5py.HardLink():
            return "" if file.get(name, getclass=True) is h5py.Dataset else "is no dataset"
        case h5py.ExternalLink():
            return "is a link to another file"
        case _:
            return "is a link"


def _unfit(dataset: h5py.Dataset, size: int) -> str:
    """Say what is wrong with a dataset, before any of it is read."""
    if dataset.is_virtual or dataset.external:
        return "keeps its samples in another file"
    if dataset.dtype.kind not in "iuf" or dataset.ndim != 1:
        return "is no row of numbers"
    stated = dataset.size * dataset.dtype.itemsize
    if dataset.chunks is None:
        held = min(dataset.id.get_storage_size(), size)
    elif dataset.chunks[0] * dataset.dtype.itemsize > _CHUNK:
        return "is packed in chunks that are too large"
    else:
        held = size * _GZIP if dataset.id.get_num_chunks() * dataset.chunks[0] >= dataset.size else 0
    if stated > MOST or stated > held:
        return f"states {stated} bytes of samples, which the file does not hold"
    return ""
