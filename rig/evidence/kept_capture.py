"""A capture as evidence keeps it, read back as it was when it was measured: its samples, notes and happenings."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.evidence.capture_file import read_capture, read_notes
from rig.evidence.long_capture import altered_pieces, is_long, open_long_capture
from rig.evidence.pieces import folder_of
from rig.evidence.plain import hash_plain, inside, shown
from rig.model.happening import Happening
from rig.model.waveform import Capture, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, FileEntry
    from rig.model.recording import LongCapture

__all__ = ["kept_file", "open_kept"]

# What of a capture in pieces is too long to be held; its other signals are.
_LONG = "current"


def kept_file(folder: Path, entry: FileEntry) -> Path:
    """Return a file of a bundle that its record names.

    Raises
    ------
    EvidenceError
        if it lies outside of the bundle, is missing, or is not what the record says
    """
    path = inside(folder, entry.file)
    digest = hash_plain(path)
    if digest is None:
        raise EvidenceError(f"{shown(entry.file)} is missing, or no plain file")
    if digest != entry.sha256:
        raise EvidenceError(f"{shown(entry.file)} is not the file that the record names")
    return path


@contextmanager
def open_kept(folder: Path, entry: CaptureEntry) -> Iterator[Capture]:
    """Open a capture of a bundle by its entry in the record; one in pieces is read until it is closed.

    Raises
    ------
    EvidenceError
        if a file is missing, damaged, or not what the record says; also while samples are read
    """
    path = kept_file(folder, entry.source)
    happenings = tuple(Happening(**dict(one)) for one in entry.happenings)
    if not is_long(path):
        yield Capture(
            id=entry.id,
            purpose=Purpose(entry.purpose),
            waveforms=read_capture(path),
            triggered=entry.triggered,
            notes=read_notes(path),
            happenings=happenings,
        )
        return
    if altered := altered_pieces(folder_of(path) or path):
        raise EvidenceError(f"{entry.id}: not what was captured: {'; '.join(altered)}")
    with open_long_capture(path) as long:
        yield replace(_as_measured(long), happenings=happenings)


def _as_measured(long: LongCapture) -> LongCapture:
    """Return the capture with all that was held in memory when it was measured."""
    held = {name: one.part(0, len(one)) for name, one in long.recordings.items() if name != _LONG}
    return replace(
        long, waveforms=held, recordings={name: one for name, one in long.recordings.items() if name == _LONG}
    )
