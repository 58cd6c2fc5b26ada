"""What an HDF5 file says of its datasets, read in a process of its own: the library may not survive it.

``python -m rig.acquisition.importers.hdf5_contents FILE`` writes one JSON list.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from rig.acquisition.importers.arrays import TIMES, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["contents_of", "main"]

_LONGEST_WORD = 1000
# No compression makes bytes fewer than by this factor.
_MOST_PACKED = 2000


def contents_of(path: Path) -> list[dict[str, Any]]:
    """Return of every dataset of one dimension of numbers: its name, its words, its times' name, and what it lacks."""
    found: list[dict[str, Any]] = []

    def visit(name: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or item.ndim != 1 or item.dtype.kind not in "fiu":
            return
        group, own = item.parent, name.rpartition("/")[2]
        if own.lower() in TIMES:
            return
        axis = next((key for key in group if key.lower() in TIMES), None)
        words = {key: value for owner in (group, item) for key, value in _words(owner)}
        entry = {"name": name, "words": words, "lacks": _lacks(item, path.stat().st_size)}
        found.append({**entry, "times": None if axis is None else f"{group.name}/{axis}"})
        if not entry["lacks"]:
            _ = item[...], None if axis is None else group[axis][...]  # what is read here can be read again

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _words(owner: h5py.HLObject) -> Iterator[tuple[str, str | float]]:
    """Yield the attributes that may say something: single values, of names that are known."""
    for name in owner.attrs:
        if name.lower() in WORDS:
            attribute = owner.attrs.get_id(name)
            if np.prod(attribute.shape or (1,)) != 1 or attribute.get_storage_size() > _LONGEST_WORD:
                continue
            value = np.asarray(owner.attrs[name]).item()
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            yield name.lower(), text if isinstance(text, str) else float(text)


def _lacks(dataset: h5py.Dataset, size: int) -> str:
    """Return what is missing of samples that are promised; HDF5 itself would fill it in."""
    stored = dataset.id.get_storage_size()
    least = dataset.nbytes / (_MOST_PACKED if dataset.compression else 1)
    if stored < least or least > size:
        return f"truncated: {dataset.nbytes} bytes of samples are promised, {min(stored, size)} are stored"
    return ""


def main() -> None:
    """Write the contents of the file that was named."""
    sys.stdout.write(json.dumps(contents_of(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
