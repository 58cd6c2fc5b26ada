"""What every entry of a record is made of: strict, frozen, without numbers that JSON does not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Entry", "FileEntry"]


class Entry(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FileEntry(Entry):
    """A file kept in the bundle: where it came from, its name there, its hash."""

    origin: str
    file: str
    sha256: str
