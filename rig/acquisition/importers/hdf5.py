"""HDF5 files of other programs: datasets of one dimension, with attributes that say what they mean."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from rig.acquisition.importers.arrays import Words, waveform_of
from rig.acquisition.importers.found import Channel, Found, Opened, Told, distinct

if TYPE_CHECKING:
    from rig.errors import UnreadableFile
    from rig.model.waveform import Waveform

__all__ = ["is_hdf5", "read_hdf5"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
_READER = "rig.acquisition.importers.hdf5_contents"
# Reading a file of a gigabyte takes a few seconds; a damaged one may never end.
_PATIENCE = 60.0
_PER_BYTE = 1e-7


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
    contents = _contents(file)
    if not contents:
        raise file.complain("holds no dataset of one dimension of numbers")
    channels = [Channel(name=entry["name"], read=partial(_waveform, file, entry, told)) for entry in contents]
    return Found(kind="HDF5", channels=distinct(channels))


def _contents(file: Opened) -> list[dict[str, Any]]:
    """Return what a process of its own reads in the file: a damaged one may end that process, and not this one."""
    try:
        with h5py.File(file.path, "r"):
            pass  # whether the file is as long as it says is seen at once
    except Exception as error:  # noqa: BLE001 - what a damaged file makes of the library is not listed
        raise _unread(file, error) from None
    command = [sys.executable, "-m", _READER, str(file.path.absolute())]
    patience = _PATIENCE + file.path.stat().st_size * _PER_BYTE
    try:
        done = subprocess.run(command, capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        raise file.complain("cannot be read as HDF5: its inner structure is damaged, it has no end") from None
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        raise file.complain(f"cannot be read as HDF5, its inner structure is damaged: {last or 'the library stopped'}")
    contents: list[dict[str, Any]] = json.loads(done.stdout)
    return contents


def _waveform(file: Opened, entry: dict[str, Any], told: Told) -> Waveform:
    name = entry["name"]

    def complain(what: str) -> UnreadableFile:
        return file.complain(f"{name}: {what}")

    if entry["lacks"]:
        raise complain(entry["lacks"])
    try:
        with h5py.File(file.path, "r") as content:
            samples = np.asarray(content[name][...])
            times = None if entry["times"] is None else np.asarray(content[entry["times"]][...])
    except Exception as error:  # noqa: BLE001 - the same
        raise _unread(file, error) from None
    if times is not None and times.shape != samples.shape:
        raise complain(f"has {len(samples)} samples, and there are {times.size} times")
    words = Words(entries=entry["words"], complain=complain)
    return waveform_of(samples, words, told, source=f"{file.name}:{name}", kind="HDF5", times=times)


def _unread(file: Opened, error: Exception) -> UnreadableFile:
    reason = (str(error).partition("\n")[0] or type(error).__name__)[:200]
    return file.complain(f"cannot be read as HDF5, it may be cut: {reason}")
