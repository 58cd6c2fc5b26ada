"""Replays on a Dask cluster: the same function of the same files, through the cluster's ``Executor``.

A worker that would compute something else than this computer, because it sees other files or runs other code, says so
and computes nothing. Results are kept by this computer alone.
"""

from __future__ import annotations

import logging
import warnings
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import EvidenceError, Refused, RigError
from rig.sequencer.replay.answer import Answer, answered, basis, computing, keep, kept_file, recall
from rig.sequencer.replay.bundle import replay_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor, Future

    from distributed import Client

    from rig.sequencer.replay.result import ReplayResult

__all__ = ["replay_on_cluster"]

_MISSING = '--scheduler needs the package distributed: pip install "nmes-rig[dask]"'
_CONNECT = 10.0  # s
_PATIENCE = 30.0  # s without any worker; one that died is replaced meanwhile, if anybody replaces it
_LOOK = 1.0  # s


def replay_on_cluster(
    address: str,
    bundles: Sequence[Path],
    packs: Sequence[Path] = (),
    *,
    known: Path | None = None,
    patience: float = _PATIENCE,
) -> Iterator[Answer]:
    """Replay bundles on a cluster whose workers see them under the same paths; yield an answer for each, in order.

    Parameters
    ----------
    address : of the scheduler, such as ``tcp://host:8786``
    known : folder of this computer in which results are kept; None for nowhere
    patience : for how long there may be no worker, s

    Raises
    ------
    Refused
        if no scheduler answers there, or Dask is not installed
    """
    files = [path.resolve() for path in packs]
    code = computing()
    with _client(address) as client:
        pool = client.get_executor(pure=False)  # shutting it down would wait for what nobody works on any more
        asked = [_Asked(pool, bundle, files, code, known) for bundle in bundles]
        watch = _Watch(client, patience)
        for one in asked:
            yield one.answer(watch)


class _Asked:
    """A bundle that a worker was asked for, unless this computer itself does not see it whole enough to ask."""

    def __init__(
        self, pool: Executor, bundle: Path, packs: Sequence[Path], code: Mapping[str, Any], known: Path | None
    ) -> None:
        self._bundle, self._kept = str(bundle), None
        self._result: ReplayResult | None = None
        self._future: Future[Answer] | None = None
        folder, paths = bundle.resolve(), [str(path) for path in packs]
        try:
            about = basis(folder, packs, code)
        except (RigError, OSError) as error:
            told = f"{error}"
            whole = answered(self._bundle, paths, lambda *_: Answer(bundle=self._bundle, refused=told))
            self._unseen = whole.refused
            return
        self._kept = None if known is None else kept_file(known, about)
        self._result = None if self._kept is None else recall(self._kept)
        self._future = pool.submit(_on_worker, str(folder), paths, about, recalled=self._result is not None)

    def answer(self, watch: _Watch) -> Answer:
        """Wait for the answer."""
        if self._future is None:
            return Answer(bundle=self._bundle, refused=self._unseen)
        got = watch.wait(self._bundle, self._future)
        if got.refused:
            return Answer(bundle=self._bundle, refused=got.refused)
        if self._result is not None:
            return Answer(bundle=self._bundle, result=self._result, known=True)
        if self._kept is not None and got.result is not None:
            keep(self._kept, got.result)
        return Answer(bundle=self._bundle, result=got.result)


@dataclass(slots=True)
class _Watch:
    """Whether anybody works at all; ``alone`` is for how long nobody has, s."""

    client: Client
    patience: float
    alone: float = 0.0

    def wait(self, bundle: str, future: Future[Answer]) -> Answer:
        """Return what a worker answers; or why nobody will, whatever the cluster has broken on."""
        while True:
            try:
                return future.result(_LOOK if self.alone < self.patience else 0.0)
            except CancelledError:
                reason = "the scheduler has gone, and with it what was asked of it"
            except Exception as error:  # noqa: BLE001 - what a cluster can break on is not ours to list
                if isinstance(error, TimeoutError) and not future.done():
                    self.alone = 0.0 if self._attended() else self.alone + _LOOK
                    if self.alone < self.patience:
                        continue
                    reason = f"there has been no worker for {self.patience:g} s"
                else:
                    reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason'}"
            return Answer(bundle=bundle, refused=f"the cluster has not replayed it: {reason}")

    def _attended(self) -> bool:
        """Whether there is any worker; while the scheduler itself cannot be asked, there is none."""
        try:
            return bool(self.client.scheduler_info()["workers"])
        except OSError:
            return False


def _on_worker(bundle: str, packs: Sequence[str], about: Mapping[str, Any], *, recalled: bool) -> Answer:
    """Replay a bundle on a worker, if it would come to what the asker would; of a known one check the files."""

    def found(folder: Path, files: Sequence[Path]) -> Answer:
        mine = basis(folder, files, computing())
        others = [name for name, value in about.items() if mine[name] != value]
        if others:
            raise EvidenceError(_otherwise(others[0], about, mine))
        return Answer(bundle=bundle, result=None if recalled else replay_bundle(folder, files))

    got = answered(bundle, packs, found)
    return Answer(bundle=bundle, refused=f"worker {_address()}: {got.refused}") if got.refused else got


def _otherwise(name: str, asked: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    """Say what a worker has that the asking computer has otherwise."""
    match name:
        case "manifest":
            return "what it sees there is another bundle"
        case "packs":
            return "it sees other limit packs there"
        case "packages":
            pairs = ((one, version, mine[name].get(one)) for one, version in asked[name].items())
            return "it has " + ", ".join(f"{one} {own}, not {other}" for one, other, own in pairs if own != other)
        case "python":
            return f"it runs {mine[name]}, not {asked[name]}"
        case _:
            return "it has another version of the rig"


def _address() -> str:
    from distributed import get_worker  # noqa: PLC0415 - there is one where this runs

    return str(get_worker().address)


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """Reach a scheduler; what its own check of versions finds is told by each worker, in terms of what computes."""
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
        from distributed.comm.addressing import parse_address, parse_host_port  # noqa: PLC0415 - as above
        from distributed.utils import silence_logging_cmgr  # noqa: PLC0415 - as above
        from distributed.versions import VersionMismatchWarning  # noqa: PLC0415 - as above
    except ImportError:
        raise Refused(_MISSING) from None
    try:
        parse_host_port(parse_address(address)[1])  # a client that has got no address tries to close it for long
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Refused(f"no Dask scheduler can be reached at {address}: {told}") from None
    with silence_logging_cmgr(logging.CRITICAL), client:  # each bundle's answer says what went wrong
        yield client
