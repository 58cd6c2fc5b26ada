"""Members of an HDF5 file that are no samples of its own, as whoever makes a capture by hand could write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["spoilt"]


def spoilt(file: h5py.File, name: str, kind: str, secret: Path) -> None:
    """Write a member of some kind; what leads elsewhere leads to ``secret``. Raises KeyError for any other kind."""
    if kind in _ELSEWHERE:
        _ELSEWHERE[kind](file, name, secret)
    else:
        _ODD[kind](file, name)


def _virtual(file: h5py.File, name: str, secret: Path) -> None:
    layout = h5py.VirtualLayout(shape=(100,), dtype="i8")
    layout[:] = h5py.VirtualSource(str(secret), "samples", shape=(100,))
    file.create_virtual_dataset(name, layout)


def _named_often(file: h5py.File, name: str) -> None:
    file.create_dataset(name, data=np.zeros(1 << 20, "i2"), chunks=(1 << 20,), compression="gzip")
    for number in range(1000):
        file[f"more-{number}"] = file[name]


_ELSEWHERE = {
    "external link": lambda file, name, secret: file.__setitem__(name, h5py.ExternalLink(str(secret), "/samples")),
    "external storage": lambda file, name, secret: file.create_dataset(
        name, (100,), dtype="u1", external=[(str(secret), 0, 100)]
    ),
    "virtual": _virtual,
}
_ODD = {
    "soft link": lambda file, name: file.__setitem__(name, h5py.SoftLink("/elsewhere")),
    "declared": lambda file, name: file.create_dataset(
        name, (1 << 45,), dtype="i2", chunks=(1 << 17,), compression="gzip"
    ),
    "group": lambda file, name: file.create_group(name),
    "text": lambda file, name: file.create_dataset(name, data=["text"]),
    "empty": lambda file, name: file.create_dataset(name, data=np.zeros(0, "i2")),
    "not numbers": lambda file, name: file.create_dataset(name, data=np.full(5000, np.nan)),
    "named often": _named_often,
}
