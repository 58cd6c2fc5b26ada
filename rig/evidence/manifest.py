"""The manifest: the name, size and SHA-256 of every file of a bundle but its signature, and of itself."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from rig.errors import EvidenceError
from rig.evidence.plain import hash_plain, is_plain, read_plain, shown, stays_inside
from rig.evidence.signing import SIGNATURE
from rig.evidence.writing import canonical_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MANIFEST", "compare", "manifest_bytes", "read_manifest"]

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
        files[name] = _describe(path)
        if files[name]["sha256"] is None:
            raise EvidenceError(f"{name} cannot be read")
    return _complete({"format": _FORMAT, "files": files})


def compare(folder: Path) -> tuple[str, ...]:
    """Return each file added, missing or altered since the bundle was sealed, and which of these; empty if whole."""
    if not (folder / MANIFEST).exists() and not (folder / MANIFEST).is_symlink():
        return (f"{MANIFEST}: missing",)
    try:
        stated = read_manifest(read_plain(folder / MANIFEST))
    except EvidenceError as error:
        return (f"{MANIFEST}: altered ({error})",)
    if stated is None:
        return (f"{MANIFEST}: altered",)
    outside = [name for name in stated if not stays_inside(name)]
    if outside:
        return tuple(f"{MANIFEST}: names {shown(name)!r}, which is no file inside the evidence" for name in outside)
    found = _files(folder)
    problems = [f"{name}: missing" for name in stated.keys() - found.keys()]
    problems += [f"{name}: added" for name in found.keys() - stated.keys()]
    problems += [f"{name}: altered" for name in stated.keys() & found.keys() if not _same(found[name], stated[name])]
    return tuple(sorted(problems))


def read_manifest(content: bytes) -> dict[str, Any] | None:
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
    names = {shown(path.relative_to(folder).as_posix()): path for path in paths}
    names.pop(MANIFEST, None)
    names.pop(SIGNATURE, None)
    return dict(sorted(names.items()))


def _same(path: Path, stated: object) -> bool:
    """Whether a file is what was stated; one of another size is not even read."""
    try:
        if not isinstance(stated, dict) or not is_plain(path) or path.stat().st_size != stated.get("size"):
            return False
        return _describe(path) == stated
    except OSError:
        return False


def _describe(path: Path) -> dict[str, Any]:
    return {"sha256": hash_plain(path), "size": path.stat().st_size}
