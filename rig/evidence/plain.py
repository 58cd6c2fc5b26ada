"""Files of a bundle that somebody else may have made: only plain files inside it are opened, of a bounded size."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rig.errors import EvidenceError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hash_plain", "inside", "is_folder", "is_plain", "read_plain", "shown", "stays_inside"]

# Beyond this, no text of a bundle is believed: a journal has some hundred bytes an event, a manifest 150 a file.
_LONGEST_TEXT = 1 << 28
_FOREIGN = re.compile(r"[\x00-\x1f\x7f\\:]")


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; a name that no system takes is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_plain(path: Path) -> bool:
    """Whether a path is a file itself, and neither a link nor a pipe nor anything else that can be opened."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def stays_inside(name: str) -> bool:
    """Whether a name, by itself, leads to something inside the folder that it is relative to."""
    parts = PurePosixPath(name).parts
    return (
        bool(parts) and name == "/".join(parts) and parts[0] != "/" and ".." not in parts and not _FOREIGN.search(name)
    )


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file that something in the bundle names.

    Raises
    ------
    EvidenceError
        if the name leads out of the folder, by itself or through a link
    """
    if not stays_inside(name):
        raise EvidenceError(f"{shown(name)!r} is not a name of a file inside the evidence")
    path = folder
    for part in PurePosixPath(name).parts:
        path = path / part
        if path.is_symlink():
            raise EvidenceError(f"{shown(name)!r} leads through a link, which is no evidence")
    return path


def read_plain(path: Path, *, most: int = _LONGEST_TEXT) -> bytes:
    """Read a whole file of at most so many bytes.

    Raises
    ------
    EvidenceError
        if it is missing, no plain file, or larger
    """
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise EvidenceError(f"{path.name} is not a plain file")
        if found.st_size > most:
            raise EvidenceError(f"{path.name} has {found.st_size} bytes, more than the {most} that are read")
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise EvidenceError(f"{path.name} cannot be read: {error.strerror or error}") from error


def hash_plain(path: Path) -> str | None:
    """Return the SHA-256 of a plain file, None where it is none or cannot be read."""
    try:
        if not is_plain(path):
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def shown(name: str) -> str:
    """Spell out what is no text in a name, or would steer a terminal: somebody else's file must not stop or fool it."""
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
