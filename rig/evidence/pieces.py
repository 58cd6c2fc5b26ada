"""What a capture of many pieces consists of, as its ``capture.json`` says: the last of its files to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rig.errors import EvidenceError
from rig.evidence.plain import read_plain

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["INDEX", "CaptureIndex", "PieceEntry", "SignalEntry", "folder_of", "read_index"]

INDEX = "capture.json"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PieceEntry(_Entry):
    """One piece: its file in the capture's folder, its hash, and how many samples it holds."""

    file: str = Field(pattern=r"^[A-Za-z0-9._+=,()\[\]~-]+$")
    sha256: str
    samples: int = Field(gt=0)


class SignalEntry(_Entry):
    """One signal: its pieces, in order."""

    signal: str
    pieces: tuple[PieceEntry, ...]

    @property
    def samples(self) -> int:
        """Samples of all pieces together."""
        return sum(piece.samples for piece in self.pieces)


class CaptureIndex(_Entry):
    """A capture in pieces; one that is not ``complete`` was cut off, and ``notes`` say how."""

    format: Literal["rig-capture-pieces/1"] = "rig-capture-pieces/1"
    id: str
    purpose: str
    triggered: bool
    complete: bool
    notes: tuple[str, ...]
    signals: tuple[SignalEntry, ...]


def folder_of(path: Path) -> Path | None:
    """Return the folder of a capture in pieces, given it or its index; None where it is something else."""
    if path.is_dir():
        return path
    return path.parent if path.name == INDEX else None


def read_index(folder: Path) -> CaptureIndex:
    """Read what a capture consists of.

    Raises
    ------
    EvidenceError
        if it is missing or not valid
    """
    path = folder / INDEX
    try:
        return CaptureIndex.model_validate_json(read_plain(path))
    except EvidenceError as error:
        message = f"{folder.name} is no capture in pieces: {error}"
        raise EvidenceError(message) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        message = f"{folder.name}/{INDEX} is no capture in pieces: {place}: {first['msg']}"
        raise EvidenceError(message) from error
