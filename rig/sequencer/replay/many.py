"""Many bundles replayed in processes side by side; what has been replayed before is known at once."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from rig.errors import RigError
from rig.evidence.manifest import MANIFEST
from rig.evidence.verification import refuse_unless_whole
from rig.evidence.writing import canonical_json
from rig.sequencer.replay.bundle import replay_bundle
from rig.sequencer.replay.result import ReplayResult
from rig.sequencer.resumable import software

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Answer", "replay_many", "replays_folder"]

_FOLDER = "RIG_REPLAYS"
_FORMAT = "rig-replay/1"
# What reads the evidence, measures and judges: a change of any of these makes every known replay another code's.
_CODE = ("model", "units", "documents", "plan", "bench", "acquisition", "analysis", "verdict", "evidence", "sequencer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one bundle: a result, known from before or not; or why it was refused."""

    bundle: str
    result: ReplayResult | None = None
    refused: str = ""
    known: bool = False


def replays_folder() -> Path:
    """Return where results of replays are kept on this machine."""
    return Path(os.environ.get(_FOLDER) or Path.home() / ".rig" / "replays")


def replay_many(
    bundles: Sequence[Path], packs: Sequence[Path] = (), *, jobs: int | None = None, known: Path | None = None
) -> Iterator[Answer]:
    """Replay bundles, and yield an answer for each in their order as soon as it is there.

    Parameters
    ----------
    packs : files of limit packs, see :func:`rig.sequencer.replay.bundle.replay_bundle`
    jobs : how many processes may work at once; None for one per processor
    known : folder in which results are kept; None for nowhere
    """
    files = [str(path) for path in packs]
    asked = [(str(bundle), files, None if known is None else str(known)) for bundle in bundles]
    workers = min(jobs or os.cpu_count() or 1, len(asked))
    if workers <= 1:
        yield from (_answer(*one) for one in asked)
        return
    # A process of its own kind everywhere: one that is forked inherits threads in the middle of their work.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from (one.result() for one in [pool.submit(_answer, *one) for one in asked])


def _answer(bundle: str, packs: Sequence[str], known: str | None) -> Answer:
    """Replay one bundle in whatever process this is."""
    folder, files = Path(bundle), [Path(path) for path in packs]
    try:
        refuse_unless_whole(folder)  # also of what is known: the manifest alone says nothing of the files
        kept = None if known is None else Path(known) / f"{_key(folder, files)}.json"
        result = None if kept is None else _read(kept)
        if result is not None:
            return Answer(bundle=bundle, result=result, known=True)
        result = replay_bundle(folder, files)
    except RigError as error:
        return Answer(bundle=bundle, refused=str(error))
    except OSError as error:
        return Answer(bundle=bundle, refused=f"{error.filename or folder}: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - one bundle that this code breaks on must not hide the others' results
        return Answer(bundle=bundle, refused=f"this code breaks on it: {type(error).__name__}: {error}")
    if kept is not None:
        _write(kept, result)
    return Answer(bundle=bundle, result=result)


def _key(folder: Path, packs: Sequence[Path]) -> str:
    """Return the name of everything that a result depends on."""
    about = {
        "format": _FORMAT,
        "manifest": hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(),
        "packs": [hashlib.sha256(path.read_bytes()).hexdigest() for path in packs],
        **software(_CODE),
    }
    return hashlib.sha256(canonical_json(about)).hexdigest()[:32]


def _read(path: Path) -> ReplayResult | None:
    """Return a known result; one that is not whole is as good as none."""
    try:
        content = path.read_bytes()
        return ReplayResult.model_validate_json(content)
    except (OSError, ValidationError):
        return None


def _write(path: Path, result: ReplayResult) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with suppress(OSError):  # what is not known the next time costs time and nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(result.model_dump_json(), encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
