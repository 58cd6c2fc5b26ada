"""A piece of a long signal: so many of its samples as one capture's file, packed while they come."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import h5py
import numpy as np

from rig.evidence.capture_file import CHUNK, describe_capture, describe_signal, read_text
from rig.evidence.naming import safe_name
from rig.evidence.own_datasets import own_datasets

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from rig.model.waveform import Capture, Waveform

__all__ = ["Piece", "Place", "read_extremes", "read_place"]

_LEVEL = 1
_NUMBER, _FIRST, _LEAST, _GREATEST = "piece", "first", "least", "greatest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a piece belongs: capture and its purpose, signal, number from 1 on, samples before it, and its own."""

    capture: str
    purpose: str
    signal: str
    number: int
    first: int
    samples: int


class Piece:
    """Collects samples; codes are compressed as soon as there are enough, so that little is left to do at the end.

    Parameters
    ----------
    capture : what the signal is of; its waveforms are not looked at
    scale : a waveform without samples that says what the samples mean, ``start`` being that of the whole signal
    number : of the piece, from 1 on
    first : samples of the signal before this piece
    """

    def __init__(self, capture: Capture, signal: str, scale: Waveform, *, number: int, first: int) -> None:
        self.signal, self.number, self.samples = signal, number, 0
        self._capture, self._scale, self._first = capture, scale, first
        self._room = np.zeros(CHUNK, dtype=scale.samples.dtype)
        self._filled = 0
        self._chunks: list[bytes] = []
        self._extremes: list[tuple[Any, Any]] = []

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{safe_name(self.signal)}-{self.number:04d}.h5"

    def add(self, samples: NDArray[Any]) -> None:
        """Take more samples."""
        while len(samples):
            taken = samples[: CHUNK - self._filled]
            self._room[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            self.samples += len(taken)
            samples = samples[len(taken) :]
            if self._filled == CHUNK:
                self._pack(CHUNK)

    def content(self) -> bytes:
        """Return the file with all samples taken; nothing can be added afterwards."""
        chunk = min(CHUNK, max(self.samples, 1))
        if self._filled:
            self._pack(chunk)
        scale = self._scale
        packed = {"compression": "gzip", "compression_opts": _LEVEL, "shuffle": True} if self._is_coded else {}
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", libver=("v110", "v110"), track_order=False) as file:
            describe_capture(file, self._capture)
            file.attrs[_NUMBER], file.attrs[_FIRST] = np.int64(self.number), np.int64(self._first)
            dataset = file.create_dataset(
                safe_name(self.signal),
                shape=(self.samples,),
                dtype=scale.samples.dtype,
                chunks=(chunk,),
                track_times=False,
                **packed,
            )
            for number, content in enumerate(self._chunks):
                dataset.id.write_direct_chunk((number * CHUNK,), content)
            describe_signal(dataset, self.signal, replace(scale, start=scale.start + self._first * scale.interval))
            for name, column in zip((_LEAST, _GREATEST), zip(*self._extremes, strict=True), strict=False):
                dataset.attrs[name] = np.array(column, dtype=scale.samples.dtype)
        return buffer.getvalue()

    @property
    def _is_coded(self) -> bool:
        return self._room.dtype.kind in "iu"

    def _pack(self, length: int) -> None:
        """Pack what has been collected as one chunk of so many samples, as the file format's own filters would."""
        samples = self._room[: self._filled]
        self._extremes.append((samples.min(), samples.max()))
        self._room[self._filled :] = 0
        chunk = self._room[:length]
        if self._is_coded:
            # Compressed here and not by HDF5, whose lock would hold up everybody else who reads or writes a file.
            shuffled = np.ascontiguousarray(chunk.view(np.uint8).reshape(length, -1).T)
            self._chunks.append(zlib.compress(shuffled.data, _LEVEL))
        else:
            self._chunks.append(chunk.tobytes())
        self._filled = 0


def read_extremes(dataset: h5py.Dataset) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
    """Return where the chunks of a piece begin, and the least and the greatest sample of each."""
    least, greatest = (np.atleast_1d(dataset.attrs[name]) for name in (_LEAST, _GREATEST))
    return CHUNK * np.arange(len(least), dtype=np.int64), least, greatest


def read_place(file: h5py.File) -> Place:
    """Return where a piece belongs; whoever opened the file sees to what can be wrong with it."""
    (dataset,) = own_datasets(file)
    return Place(
        capture=read_text(file.attrs["id"]),
        purpose=read_text(file.attrs["purpose"]),
        signal=read_text(dataset.attrs["signal"]),
        number=int(file.attrs[_NUMBER]),
        first=int(file.attrs[_FIRST]),
        samples=len(dataset),
    )
