"""The journal of a run: one JSON line per event, numbered, chained by hashes, on the disk before the next step."""

from __future__ import annotations

import hashlib
import json
import math
import os
from datetime import UTC
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

from rig.errors import EvidenceError
from rig.evidence.plain import read_plain
from rig.evidence.writing import sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

__all__ = ["Journal", "read_entries", "verify_journal", "whole_lines"]

_START = "0" * 64
_KEYS = {"seq", "time", "event", "facts", "previous", "sha256"}
_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
_APPEND_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)


class Journal:
    """Append-only; begun before any instrument is opened, so that a run that failed to start has left a trace.

    Each line holds ``seq`` (from 1), ``time`` (UTC), ``event``, ``facts``, ``previous`` (the line before's ``sha256``)
    and its own ``sha256``.
    """

    def __init__(self, path: Path, *, utc: Callable[[], datetime], resume: bool = False) -> None:
        """Begin the journal at ``path``, which must not exist; or ``resume`` one that was cut off.

        A last line that was not finished is taken away from a journal that is resumed.

        Raises
        ------
        EvidenceError
            if it cannot be written, or if the chain of one that is resumed is broken
        """
        self.path = path
        self._utc = utc
        self._previous = _START
        self._seq = 0
        self._settled = True
        if resume:
            self._continue_from(whole_lines(path))
        try:
            # Unbuffered: what could not be written must not come later.
            self._file = os.fdopen(os.open(path, _APPEND if resume else _APPEND_NEW, 0o644), "wb", buffering=0)
            sync_directory(path.parent)
        except OSError as error:
            what = "continued" if resume else "begun"
            msg = f"the journal {path.name} cannot be {what}: {error.strerror or error}"
            raise EvidenceError(msg) from error

    def _continue_from(self, lines: list[bytes]) -> None:
        try:
            os.truncate(self.path, sum(len(line) for line in lines))
        except OSError as error:
            msg = f"the journal {self.path.name} cannot be continued: {error.strerror or error}"
            raise EvidenceError(msg) from error
        broken = verify_journal(self.path)
        if broken:
            raise EvidenceError(broken[0])
        self._seq, self._previous = len(lines), json.loads(lines[-1])["sha256"] if lines else _START

    def write(self, event: str, **facts: object) -> None:
        """Append one event; it is on the disk when this returns.

        Facts that JSON does not know, infinity and NaN among them, are written as text: a journal does not fall silent
        because of what it is told. It goes on after a call that was broken off, wherever that was: a line that had come
        onto the disk as a whole stands, the beginning of one is taken away.

        Raises
        ------
        EvidenceError
            if the event cannot be written
        """
        if not self._settled:
            self._continue_from(whole_lines(self.path))
        self._settled = False  # somebody who ends the run now leaves nobody who knows how much of the line was written
        entry = {
            "seq": self._seq + 1,
            "time": _timestamp(self._utc()),
            "event": event,
            "facts": _plain(facts),
            "previous": self._previous,
        }
        digest = _digest(entry)
        line = (json.dumps({**entry, "sha256": digest}, sort_keys=True) + "\n").encode("ascii")
        try:
            while line:  # a full disk takes the first part of it
                line = line[self._file.write(line) :]
            os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            msg = f"the journal {self.path.name} cannot be continued: {error}"
            raise EvidenceError(msg) from error
        self._seq, self._previous = self._seq + 1, digest
        self._settled = True

    def close(self) -> None:
        """End the journal; may be called twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def whole_lines(path: Path) -> list[bytes]:
    """Return the lines of a journal that were finished; raises EvidenceError where there is none to read."""
    lines = read_plain(path).splitlines(keepends=True)
    return lines if not lines or lines[-1].endswith(b"\n") else lines[:-1]


def read_entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a journal that were finished; raises EvidenceError where their chain is broken."""
    lines = whole_lines(path)
    if broken := _broken_links(path.name, lines):
        raise EvidenceError(broken[0])
    return [json.loads(line) for line in lines]


def verify_journal(path: Path, *, cut_off: bool = False) -> tuple[str, ...]:
    """Return what is wrong with a journal, one sentence per broken link; empty if its chain is whole.

    Of one that was ``cut_off``, a last line that was not finished is no finding.
    """
    try:
        lines = whole_lines(path) if cut_off else read_plain(path).splitlines(keepends=True)
    except EvidenceError as error:
        return (str(error),)
    return tuple(_broken_links(path.name, lines))


def _broken_links(name: str, lines: list[bytes]) -> list[str]:
    """Return a sentence for every line that does not follow; after one, the chain goes on as that line says."""
    broken: list[str] = []
    previous, seq = _START, 0
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is None:
            broken.append(f"{name} line {number} is not a journal entry; the run may have been cut off there")
            seq += 1
            continue
        digest = entry.pop("sha256")
        whole = line == (json.dumps({**entry, "sha256": digest}, sort_keys=True) + "\n").encode("ascii")
        linked = entry["previous"] == previous and entry["seq"] == seq + 1
        if not (whole and linked and digest == _digest(entry)):
            broken.append(f"{name} line {number} does not follow from the line before it")
        previous, seq = digest, entry["seq"]
    return broken


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return what a line says, None where it is no entry at all."""
    try:
        entry = json.loads(line)
        json.dumps(entry)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or set(entry) != _KEYS or type(entry["seq"]) is not int:
        return None
    return entry


def _digest(entry: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode("ascii")).hexdigest()


def _timestamp(moment: datetime) -> str:
    if moment.tzinfo is None:
        msg = "a journal needs to know the time zone of its clock"
        raise EvidenceError(msg)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case PurePath():
            return value.as_posix()
        case _:
            return str(value)
