"""Runs that wait for their database: a small file each, beside the evidence, until they are delivered."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rig.errors import HistoryError, RigError
from rig.evidence.layout import RECORD
from rig.evidence.manifest import MANIFEST, read_manifest
from rig.evidence.plain import read_plain
from rig.evidence.reading import read_record
from rig.history.flatten import flatten
from rig.history.store import History

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import URL

    from rig.history.results import Results

__all__ = ["SPOOL", "Delivery", "deliver", "enlist", "results_of", "waiting"]

SPOOL: Final = "history.spool"
"""The folder of runs that wait, in the folder that holds the evidence."""

_FORMAT = "rig-spool/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of a delivery: runs that are kept now, and why each of the others still waits, by its id."""

    kept: tuple[str, ...]
    left: tuple[tuple[str, str], ...]

    @property
    def trouble(self) -> str:
        """One line if anything waits: how many runs, and why the last of them does."""
        if not self.left:
            return ""
        many = len(self.left)
        waits = "this run's results wait" if many == 1 else f"the results of {many} runs wait"
        return f"{waits} to be put into the database (rig history push): {self.left[-1][1]}"


def enlist(evidence: Path, bundle: Path) -> None:
    """Let a sealed run wait for its delivery; a run that waits already goes on waiting.

    Raises
    ------
    HistoryError
        if that cannot be written down
    """
    spool = evidence / SPOOL
    where = bundle.name if bundle.resolve().parent == evidence.resolve() else str(bundle.resolve())
    entry = {"format": _FORMAT, "bundle": where, "manifest_sha256": _sha256(bundle)}
    partial = spool / f".{bundle.name}.{os.getpid()}.partial"
    try:
        spool.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
        partial.replace(spool / f"{bundle.name}.json")
    except OSError as error:
        raise HistoryError(f"{spool}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def waiting(evidence: Path) -> tuple[Path, ...]:
    """Return the files of the runs that wait, in the order of their names."""
    return tuple(sorted((evidence / SPOOL).glob("[!.]*.json")))


def deliver(evidence: Path, url: URL) -> Delivery:
    """Deliver every run that waits; what cannot be delivered goes on waiting, and hinders no other."""
    files = waiting(evidence)
    if not files:
        return Delivery(kept=(), left=())
    try:
        with History(url) as history:
            outcomes = [(file.stem, _deliver(evidence, file, history)) for file in files]
    except HistoryError as error:  # there is no database: nobody needs to hear that of every run
        return Delivery(kept=(), left=tuple((file.stem, str(error)) for file in files))
    _remove_empty(evidence / SPOOL)
    return Delivery(
        kept=tuple(run for run, problem in outcomes if not problem),
        left=tuple((run, problem) for run, problem in outcomes if problem),
    )


def _deliver(evidence: Path, file: Path, history: History) -> str:
    """Deliver one run; return why that was not possible."""
    try:
        entry = _read(file)
        results = results_of(evidence / entry["bundle"])
        if results.run.manifest_sha256 != entry["manifest_sha256"]:
            return f"{results.run.bundle} is no longer what waits: its manifest is another"
        history.add(results)
        file.unlink(missing_ok=True)
    except RigError as error:
        return str(error)
    except OSError as error:
        return f"{file}: {error.strerror or error}"
    return ""


def _read(file: Path) -> dict[str, str]:
    try:
        entry = json.loads(read_plain(file))
        if entry["format"] == _FORMAT and isinstance(entry["bundle"], str):
            return {name: entry[name] for name in ("bundle", "manifest_sha256")}
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise HistoryError(f"{file} does not say which run waits")


def results_of(bundle: Path) -> Results:
    """Return the rows of a sealed run, whose record is what its manifest says; of its other files nothing is said.

    Raises
    ------
    EvidenceError
        if the bundle or its record cannot be read
    HistoryError
        if it is not sealed, or the record is another
    """
    record = read_record(bundle)
    stated = read_manifest(read_plain(bundle / MANIFEST))
    digest = hashlib.sha256(read_plain(bundle / RECORD)).hexdigest()
    if stated is None or stated.get(RECORD, {}).get("sha256") != digest:
        raise HistoryError(f"{bundle}: the record is not the one that was sealed")
    return flatten(record, manifest_sha256=_sha256(bundle), bundle=str(bundle.resolve()))


def _sha256(bundle: Path) -> str:
    return hashlib.sha256(read_plain(bundle / MANIFEST)).hexdigest()


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # others wait
        return
