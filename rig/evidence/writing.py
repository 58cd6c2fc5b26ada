"""Files that are written once: complete under their name or not there at all, and never overwritten."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, BinaryIO

from rig.errors import EvidenceError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PARTIAL", "canonical_json", "sync_directory", "write_once"]

PARTIAL = ".partial"


def canonical_json(data: object) -> bytes:
    """Return ``data`` as JSON in one form only: keys sorted, two spaces, UTF-8, a newline at the end, no NaN."""
    text = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def write_once(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, durably; a reader sees the whole file or none.

    Raises
    ------
    EvidenceError
        if the file exists already, or cannot be written.
    """
    partial = path.with_name(f"{path.name}{PARTIAL}")
    try:
        with partial.open("xb") as file:
            _fill_and_publish(file, content, partial, path)
    except FileExistsError as error:
        msg = f"{path.name} exists already in the evidence, which is written once"
        raise EvidenceError(msg) from error
    except OSError as error:
        msg = f"{path.name} cannot be written to the evidence: {error.strerror or error}"
        raise EvidenceError(msg) from error


def _fill_and_publish(file: BinaryIO, content: bytes, partial: Path, path: Path) -> None:
    """Complete the partial file, close it, and give it its name; whatever happens, no partial file is left."""
    try:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        file.close()  # Windows renames no open file
        _publish(partial, path)
        sync_directory(path.parent)
    finally:
        file.close()
        partial.unlink(missing_ok=True)


def _publish(partial: Path, path: Path) -> None:
    """Give the complete file its name, or raise FileExistsError: a POSIX rename alone would overwrite."""
    if os.name == "nt":
        partial.rename(path)
        return
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        partial.rename(path)


def sync_directory(folder: Path) -> None:
    """Make the names in a folder durable; Windows neither needs nor offers it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
