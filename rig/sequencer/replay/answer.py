"""One bundle replayed or known from before: the pure function of its files that any process may be asked for."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rig.errors import RigError
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import read_plain
from rig.evidence.verification import refuse_unless_whole
from rig.evidence.writing import canonical_json
from rig.sequencer.replay.bundle import replay_bundle
from rig.sequencer.replay.result import ReplayResult
from rig.sequencer.resumable import software

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["CODE", "Answer", "answer", "answered", "basis", "computing", "keep", "kept_file", "recall"]

_FORMAT = "rig-replay/1"
# What reads the evidence, measures and judges: a change of any of these makes every known replay another code's.
CODE = (
    "errors.py",  # reasons are compared as well
    "roles.py",
    "model",
    "units",
    "documents",
    "plan",
    "bench",
    "guard",
    "acquisition",
    "analysis",
    "verdict",
    "evidence",
    "sequencer",
)
_PACKAGES = ("h5py", "llvmlite", "numba", "numpy", "pint", "pydantic", "pydantic-core", "pyyaml", "scipy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one bundle: a result, known from before or not; or why it was refused."""

    bundle: str
    result: ReplayResult | None = None
    refused: str = ""
    known: bool = False


def answer(bundle: str, packs: Sequence[str], known: str | None) -> Answer:
    """Replay one bundle in whatever process this is; ``known`` is the folder in which results are kept."""

    def found(folder: Path, files: Sequence[Path]) -> Answer:
        kept = None if known is None else kept_file(Path(known), basis(folder, files, computing()))
        result = None if kept is None else recall(kept)
        if result is not None:
            return Answer(bundle=bundle, result=result, known=True)
        result = replay_bundle(folder, files)
        if kept is not None:
            keep(kept, result)
        return Answer(bundle=bundle, result=result)

    return answered(bundle, packs, found)


def answered(bundle: str, packs: Sequence[str], found: Callable[[Path, Sequence[Path]], Answer]) -> Answer:
    """Return what is found in a bundle that is whole; whatever goes wrong is why it is refused, and nothing else's."""
    folder = Path(bundle)
    try:
        refuse_unless_whole(folder)  # also of what is known: the manifest alone says nothing of the files
        return found(folder, [Path(path) for path in packs])
    except RigError as error:
        return Answer(bundle=bundle, refused=str(error))
    except OSError as error:
        return Answer(bundle=bundle, refused=f"{error.filename or folder}: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - one bundle that this code breaks on must not hide the others' results
        return Answer(bundle=bundle, refused=f"this code breaks on it: {type(error).__name__}: {error}")


def computing() -> Mapping[str, Any]:
    """Return everything of this process that a result depends on: code, packages, interpreter."""
    return software(CODE, _PACKAGES)


def basis(folder: Path, packs: Sequence[Path], code: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that a result depends on; raises EvidenceError or OSError where it cannot be read."""
    return {
        "format": _FORMAT,
        "manifest": hashlib.sha256(read_plain(folder / MANIFEST)).hexdigest(),
        "packs": [hashlib.sha256(path.read_bytes()).hexdigest() for path in packs],
        **code,
    }


def kept_file(known: Path, about: Mapping[str, Any]) -> Path:
    """Return where a result is kept: under the hash of everything that it depends on."""
    return known / f"{hashlib.sha256(canonical_json(about)).hexdigest()[:32]}.json"


def recall(path: Path) -> ReplayResult | None:
    """Return a known result; one that is not whole is as good as none."""
    try:
        return ReplayResult.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def keep(path: Path, result: ReplayResult) -> None:
    """Keep a result; what is not known the next time costs time and nothing else."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(result.model_dump_json(), encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
