"""Many bundles replayed side by side, in processes or on a cluster; what has been replayed before is known at once."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rig.errors import Refused
from rig.sequencer.replay.answer import Answer, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor, Future

__all__ = ["replay_many", "replays_folder"]

_FOLDER = "RIG_REPLAYS"
_DIED = (
    "not replayed: a process that replays bundles died, perhaps for want of memory; --jobs 1 does one after the other"
)


def replays_folder() -> Path:
    """Return where results of replays are kept on this machine."""
    return Path(os.environ.get(_FOLDER) or Path.home() / ".rig" / "replays")


def replay_many(
    bundles: Sequence[Path],
    packs: Sequence[Path] = (),
    *,
    jobs: int | None = None,
    known: Path | None = None,
    scheduler: str = "",
) -> Iterator[Answer]:
    """Replay bundles, and yield an answer for each in their order as soon as it is there.

    Parameters
    ----------
    packs : files of limit packs, see :func:`rig.sequencer.replay.bundle.replay_bundle`
    jobs : how many processes may work at once; None for one per processor
    known : folder in which results are kept; None for nowhere
    scheduler : address of a Dask scheduler whose workers do it, instead of processes of this computer

    Raises
    ------
    Refused
        if no scheduler answers there, or Dask is not installed
    """
    if scheduler:
        if jobs is not None:
            raise Refused("--jobs is for processes of this computer; how many work on a cluster, its scheduler knows")
        from rig.sequencer.replay.cluster import replay_on_cluster  # noqa: PLC0415 - the only one that needs Dask

        yield from replay_on_cluster(scheduler, bundles, packs, known=known)
        return
    files = [str(path) for path in packs]
    asked = [(str(bundle), files, None if known is None else str(known)) for bundle in bundles]
    workers = min(jobs or os.cpu_count() or 1, len(asked))
    if workers <= 1:
        yield from (answer(*one) for one in asked)
        return
    # A process of its own kind everywhere: one that is forked inherits threads in the middle of their work.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [_submitted(pool, *one) for one in asked]
        yield from (_came(one, of) for one, (of, *_) in zip(futures, asked, strict=True))


def _submitted(pool: Executor, bundle: str, packs: Sequence[str], known: str | None) -> Future[Answer] | None:
    """Ask for a bundle; None where a process has died already."""
    try:
        return pool.submit(answer, bundle, packs, known)
    except BrokenExecutor:
        return None


def _came(future: Future[Answer] | None, bundle: str) -> Answer:
    """Wait for an answer; with a process that dies, all that was still asked of the others is lost as well."""
    try:
        return Answer(bundle=bundle, refused=_DIED) if future is None else future.result()
    except BrokenExecutor:
        return Answer(bundle=bundle, refused=_DIED)
