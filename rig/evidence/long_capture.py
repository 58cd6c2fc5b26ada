"""A capture in pieces read back as if it were one, part by part; also what a run that was cut off left of one."""

from __future__ import annotations

import errno
import itertools
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import h5py
import numpy as np

from rig.errors import AnalysisError, EvidenceError
from rig.evidence.capture_file import open_recordings, read_capture, read_dataset
from rig.evidence.own_datasets import own_datasets
from rig.evidence.piece import read_extremes
from rig.evidence.pieces import folder_of, read_index
from rig.evidence.plain import hash_plain, is_plain
from rig.model.recording import LongCapture, Overview, Recording
from rig.model.waveform import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from rig.evidence.pieces import PieceEntry, SignalEntry
    from rig.model.waveform import Waveform

__all__ = ["altered_pieces", "is_long", "open_long_capture", "open_signals", "read_signals"]

_OPEN = 4  # files that are kept open while a capture is read
_CACHE = 1 << 23  # bytes of unpacked chunks that are kept of each
_TROUBLE = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError, AnalysisError)


def is_long(path: Path) -> bool:
    """Whether a path is the folder or the index of a capture in pieces."""
    return folder_of(path) is not None


@contextmanager
def open_long_capture(path: Path) -> Iterator[LongCapture]:
    """Open a capture in pieces, given its folder or its index; its samples are read until it is closed.

    Raises
    ------
    EvidenceError
        if a file is missing, damaged, or not what the index says; also while samples are read
    """
    folder = folder_of(path) or path
    with _Files(keep=_OPEN) as files:
        yield _long_capture(folder, files)


@contextmanager
def open_signals(path: Path) -> Iterator[Mapping[str, Recording]]:
    """Open a capture of one file or of many, and give its signals, whose samples are read until it is closed.

    Raises
    ------
    EvidenceError
        if a file is missing, damaged, or not a capture; also while samples are read
    """
    if is_long(path):
        with open_long_capture(path) as capture:
            yield capture.recordings
    else:
        with open_recordings(path) as recordings:
            yield recordings


def read_signals(path: Path) -> Mapping[str, Waveform | Recording]:
    """Read a capture of one file; of one in pieces, give signals that open and close its files whenever they are read.

    Raises
    ------
    EvidenceError
        if a file is missing, damaged, or not a capture
    """
    folder = folder_of(path)
    return read_capture(path) if folder is None else _long_capture(folder, _Files(keep=0)).recordings


def altered_pieces(folder: Path) -> tuple[str, ...]:
    """Return the pieces of a capture that are missing, or not what its index says, each with what is wrong."""
    found = []
    for signal in read_index(folder).signals:
        for piece in signal.pieces:
            digest = hash_plain(folder / piece.file)
            if digest != piece.sha256:
                found.append(f"{piece.file}: {'missing' if digest is None else 'altered'}")
    return tuple(found)


class _Files:
    """The files of a capture's pieces, of which a few are kept open."""

    def __init__(self, *, keep: int) -> None:
        self._keep = keep
        self._open: OrderedDict[Path, h5py.File] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_all_but(0)

    @contextmanager
    def dataset(self, path: Path) -> Iterator[h5py.Dataset]:
        """Give the one signal of a piece."""
        try:
            if not is_plain(path):
                raise FileNotFoundError(errno.ENOENT, "it is missing, or a link", path.name)
            file = self._open.pop(path, None) or h5py.File(path, "r", rdcc_nbytes=_CACHE)
            self._open[path] = file
            (dataset,) = own_datasets(file)
            yield dataset
        except _TROUBLE as error:
            message = f"{path.parent.name}/{path.name} cannot be read as a piece of a capture: {error}"
            raise EvidenceError(message) from error
        finally:
            self.close_all_but(self._keep)

    def close_all_but(self, few: int) -> None:
        """Close what was opened longest ago."""
        while len(self._open) > few:
            self._open.popitem(last=False)[1].close()


def _long_capture(folder: Path, files: _Files) -> LongCapture:
    index = read_index(folder)
    try:
        purpose = Purpose(index.purpose)
    except ValueError:
        raise EvidenceError(f"{folder.name}: a capture is not taken for {index.purpose!r}") from None
    return LongCapture(
        id=index.id,
        purpose=purpose,
        waveforms={},
        triggered=index.triggered,
        notes=index.notes if index.complete else (*index.notes, "the capture was cut off"),
        recordings={one.signal: _recording(folder, one, files) for one in index.signals},
    )


def _recording(folder: Path, signal: SignalEntry, files: _Files) -> Recording:
    if not signal.pieces:
        raise EvidenceError(f"{folder.name}: no sample of {signal.signal} was kept")
    pieces = _Pieces(folder=folder, pieces=signal.pieces, files=files)
    scale = pieces.scale(0)
    return Recording(scale=scale, length=signal.samples, read=pieces.read, overview=pieces.overview)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """The samples of one signal, whichever pieces they are in."""

    folder: Path
    pieces: tuple[PieceEntry, ...]
    files: _Files

    @property
    def bounds(self) -> list[int]:
        """Where pieces begin, and the end of the last one."""
        return [0, *itertools.accumulate(piece.samples for piece in self.pieces)]

    def scale(self, number: int) -> Waveform:
        """Return what the samples of a piece mean."""
        with self.files.dataset(self.folder / self.pieces[number].file) as dataset:
            return read_dataset(dataset, 0, 0)

    def read(self, begin: int, stop: int) -> NDArray[Any]:
        """Return the samples from one index to before another."""
        found = [
            self._part(piece, max(begin - first, 0), min(stop, last) - first)
            for piece, (first, last) in zip(self.pieces, itertools.pairwise(self.bounds), strict=True)
            if first < stop and begin < last
        ]
        if not found:
            return self.scale(0).samples
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _part(self, piece: PieceEntry, begin: int, stop: int) -> NDArray[Any]:
        with self.files.dataset(self.folder / piece.file) as dataset:
            if len(dataset) != piece.samples:
                raise EvidenceError(f"{piece.file} holds {len(dataset)} samples, not {piece.samples}")
            samples: NDArray[Any] = dataset[begin:stop]
            return samples

    def overview(self) -> Overview:
        """Return the extremes that were kept with the samples."""
        begins, least, greatest = [], [], []
        for piece, first in zip(self.pieces, self.bounds, strict=False):
            with self.files.dataset(self.folder / piece.file) as dataset:
                starts, low, high = read_extremes(dataset)
            begins.append(first + starts)
            least.append(low)
            greatest.append(high)
        return Overview(begins=np.concatenate(begins), least=np.concatenate(least), greatest=np.concatenate(greatest))
