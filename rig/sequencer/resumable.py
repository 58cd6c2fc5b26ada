"""Where an analysis that may take hours keeps its steps, so that one that is killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rig
from rig.evidence.writing import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["KeptSteps", "analyses_folder", "software"]

_FOLDER = "RIG_ANALYSES"
_FORMAT = "rig-steps/1"
# What computes the steps: a change of any of these makes everything that was kept another analysis's.
_CODE = ("model", "units", "analysis", "acquisition")
_PACKAGES = ("h5py", "llvmlite", "numba", "numpy")


def analyses_folder() -> Path:
    """Return where steps of analyses are kept on this machine."""
    return Path(os.environ.get(_FOLDER) or Path.home() / ".rig" / "analyses")


class KeptSteps:
    """Steps of one analysis: of given samples, with given settings, by the code that is installed.

    Parameters
    ----------
    root : folder that holds a folder per analysis
    about : everything that the result depends on beside the code: hashes of the samples, and settings

    They are no evidence: a file that cannot be written or read costs time and nothing else.
    """

    def __init__(self, root: Path, about: Mapping[str, Any]) -> None:
        self.folder = root / _key(about)
        self.known = len(list(self.folder.glob("*.json"))) if self.folder.is_dir() else 0

    def recall(self, step: str) -> Mapping[str, Any] | None:
        """Return what a step has found; None where it has not been done, or where its file is not whole."""
        try:
            entry = json.loads((self.folder / f"{step}.json").read_bytes())
            found: dict[str, Any] = entry["found"]
            whole = entry["sha256"] == _digest(found)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return found if whole else None

    def keep(self, step: str, found: Mapping[str, Any]) -> None:
        """Keep what a step has found: all of it under its name, or nothing."""
        path = self.folder / f"{step}.json"
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                partial.write_text(json.dumps({"found": found, "sha256": _digest(found)}), encoding="ascii")
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove all steps: the analysis has come to its end."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _digest(found: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode("ascii")).hexdigest()


def _key(about: Mapping[str, Any]) -> str:
    known = {
        "format": _FORMAT,
        "about": dict(about),
        **software(_CODE),
    }
    return hashlib.sha256(canonical_json(known)).hexdigest()[:32]


def software(code: Sequence[str], packages: Sequence[str] = _PACKAGES) -> dict[str, Any]:
    """Return what a result depends on beside its data: the hash of parts of the rig, packages, and the interpreter."""
    return {
        "code": _code(code),
        "packages": {name: version(name) for name in packages},
        "python": f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}",
    }


def _code(parts: Sequence[str]) -> str:
    """Return the hash of parts of the rig: folders, or single modules."""
    package = Path(rig.__file__).parent
    digest = hashlib.sha256()
    named = [package / name for name in parts]
    for path in sorted(path for one in named for path in ([one] if one.is_file() else one.rglob("*.py"))):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
