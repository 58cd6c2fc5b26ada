"""A capture in pieces whose run was killed: the pieces that are whole, put together under an index after all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h5py

from rig.errors import EvidenceError
from rig.evidence.long_capture import open_long_capture
from rig.evidence.piece import Place, read_place
from rig.evidence.pieces import INDEX, CaptureIndex, PieceEntry, SignalEntry, read_index
from rig.evidence.plain import is_plain
from rig.evidence.record import FileEntry
from rig.evidence.writing import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rig.evidence.store import Bundle
    from rig.model.recording import LongCapture

__all__ = ["LeftCapture", "left_captures"]

_FOLDER = "captures"
_CUT_OFF = "the run was cut off while this was captured"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftCapture:
    """A capture that was cut off: what can be read of it, its index, and its pieces."""

    capture: LongCapture
    source: FileEntry
    pieces: tuple[FileEntry, ...]


def left_captures(bundle: Bundle) -> tuple[LeftCapture, ...]:
    """Return every capture in pieces of a run that was cut off, and write the index of one that has none.

    A signal's pieces count up to the first that is missing or cannot be read; those after it stay in the folder.
    """
    folders = sorted(path for path in (bundle.folder / _FOLDER).glob("*") if path.is_dir() and not path.is_symlink())
    return tuple(left for folder in folders if (left := _left(bundle, folder)) is not None)


def _left(bundle: Bundle, folder: Path) -> LeftCapture | None:
    if not (folder / INDEX).exists():
        found = _index(folder)
        if found is None:
            return None
        bundle.add_file(f"{_FOLDER}/{folder.name}/{INDEX}", canonical_json(found.model_dump(mode="json")))
    index = read_index(folder)
    pieces = tuple(
        _entry(folder, piece.file, f"{index.id}, {one.signal}, piece {number}", piece.sha256)
        for one in index.signals
        for number, piece in enumerate(one.pieces, start=1)
    )
    source = _entry(folder, INDEX, index.id, _sha256(folder / INDEX))
    with open_long_capture(folder) as capture:
        return LeftCapture(capture=capture, source=source, pieces=pieces)


def _entry(folder: Path, file: str, origin: str, sha256: str) -> FileEntry:
    return FileEntry(origin=origin, file=f"{_FOLDER}/{folder.name}/{file}", sha256=sha256)


def _index(folder: Path) -> CaptureIndex | None:
    """Return the index of the pieces that are whole; None where there is none."""
    places = sorted(_places(folder), key=lambda found: (found[1].signal, found[1].number))
    signals: dict[str, list[PieceEntry]] = {}
    for path, place in places:
        known = signals.setdefault(place.signal, [])
        if place.number == len(known) + 1 and place.first == sum(piece.samples for piece in known):
            known.append(PieceEntry(file=path.name, sha256=_sha256(path), samples=place.samples))
    whole = tuple(SignalEntry(signal=name, pieces=tuple(pieces)) for name, pieces in signals.items() if pieces)
    if not whole:
        return None
    first = places[0][1]
    return CaptureIndex(
        id=first.capture, purpose=first.purpose, triggered=True, complete=False, notes=(_CUT_OFF,), signals=whole
    )


def _places(folder: Path) -> Iterator[tuple[Path, Place]]:
    for path in filter(is_plain, folder.glob("*.h5")):
        try:
            with h5py.File(path, "r") as file:
                place = read_place(file)
        except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError):
            continue  # a file that is no piece is kept, and not made part of the capture
        yield path, place


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise EvidenceError(f"{path.name} cannot be read: {error.strerror or error}") from error
