"""The manifest: the name, size and SHA-256 of every file of a bundle, and of itself."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from rig.errors import EvidenceError
from rig.evidence.writing import canonical_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MANIFEST", "compare", "manifest_bytes"]

MANIFEST = "manifest.json"
_FORMAT = "rig-manifest/1"


def manifest_bytes(folder: Path) -> bytes:
    """Return the manifest of everything in ``folder``.

    Raises
    ------
    EvidenceError
        if something in the folder is not a plain file, or cannot be read.
    """
    files: dict[str, dict[str, Any]] = {}
    for name, path in _files(folder).items():
        if path.is_symlink() or not path.is_file():
            msg = f"{name} is not a plain file and cannot be evidence"
            raise EvidenceError(msg)
        try:
            files[name] = _describe(path)
        except OSError as error:
            msg = f"{name} cannot be read: {error.strerror or error}"
            raise EvidenceError(msg) from error
    return _complete({"format": _FORMAT, "files": files})


def compare(folder: Path) -> tuple[str, ...]:
    """Return each file added, missing or altered since the bundle was sealed, and which of these; empty if whole."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        return (f"{MANIFEST}: missing or unreadable ({error.strerror or error})",)
    stated = _read_manifest(content)
    if stated is None:
        return (f"{MANIFEST}: altered",)
    found = _files(folder)
    problems = [f"{name}: missing" for name in stated.keys() - found.keys()]
    problems += [f"{name}: added" for name in found.keys() - stated.keys()]
    problems += [f"{name}: altered" for name in stated.keys() & found.keys() if not _same(found[name], stated[name])]
    return tuple(sorted(problems))


def _read_manifest(content: bytes) -> dict[str, Any] | None:
    """Return the files a manifest states, or None if it is not, to the byte, as it was written."""
    try:
        data = json.loads(content)
        files: dict[str, Any] = data["files"]
        untouched = data["format"] == _FORMAT and content == _complete({"format": _FORMAT, "files": files})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return files if untouched and isinstance(files, dict) else None


def _complete(data: dict[str, Any]) -> bytes:
    return canonical_json({**data, "sha256": hashlib.sha256(canonical_json(data)).hexdigest()})


def _files(folder: Path) -> dict[str, Path]:
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    names = {_shown(path.relative_to(folder).as_posix()): path for path in paths}
    names.pop(MANIFEST, None)
    return dict(sorted(names.items()))


def _shown(name: str) -> str:
    """Spell out bytes of a file name that are no text: somebody else's file must not stop the verification."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _same(path: Path, stated: object) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        return _describe(path) == stated
    except OSError:
        return False


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "size": path.stat().st_size}
