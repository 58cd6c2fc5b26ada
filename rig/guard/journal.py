"""The guard's own journal: a line per event, on the disk one by one, and never in the way of making safe."""

from __future__ import annotations

import json
import math
import os
import threading
from datetime import UTC
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

__all__ = ["GuardJournal"]

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
_CLOSING = 2.0


class GuardJournal:
    """Appends to ``path``; each line holds ``seq``, ``monotonic`` (s), ``utc``, ``event`` and ``facts``.

    Lines are written and synced by a thread of the journal's own: a disk that is slow, full or gone delays nobody.
    ``trouble`` is what was wrong last, and the next line that reaches the disk says how many are ``lost`` before it.
    """

    def __init__(self, path: Path, *, now: Callable[[], float], utc: Callable[[], datetime]) -> None:
        self.path = path
        self.trouble = ""
        self._now, self._utc = now, utc
        self._seq, self._numbering = 0, threading.Lock()
        self._queue: SimpleQueue[dict[str, object] | threading.Event | None] = SimpleQueue()
        self._file: int | None = None
        self._lost, self._cut = 0, False
        self._writer = threading.Thread(target=self._write_all, name="guard journal", daemon=True)
        self._writer.start()

    def write(self, event: str, **facts: object) -> None:
        """Keep one event, stamped with the time at which this is called; returns at once, and never raises."""
        with self._numbering:
            self._seq += 1
            stamp = self._utc().astimezone(UTC).isoformat(timespec="microseconds")
            line = {"seq": self._seq, "monotonic": self._now(), "utc": stamp, "event": event, "facts": facts}
            self._queue.put(line)

    def flush(self, timeout: float) -> bool:
        """Wait until all that was written so far has been tried; False if that takes longer than ``timeout`` s."""
        passed = threading.Event()
        self._queue.put(passed)
        return passed.wait(timeout)

    def close(self) -> None:
        """Write what is waiting, for a limited time; may be called twice."""
        self._queue.put(None)
        self._writer.join(_CLOSING)

    def _write_all(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            else:
                self._try(item)
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _try(self, line: dict[str, object]) -> None:
        if self._lost:
            line = {**line, "lost": self._lost}
        try:
            self._append(json.dumps(line, default=str, allow_nan=False).encode())
        except ValueError:  # NaN and infinity are no JSON
            self._try({**line, "facts": _finite(line["facts"])})
        except (OSError, TypeError) as error:
            self.trouble = f"{type(error).__name__}: {error}"
            self._lost += 1
        else:
            self._lost = 0

    def _append(self, content: bytes) -> None:
        if self._file is None:
            self._file = os.open(self.path, _APPEND, 0o644)
        # After a line that a full disk has cut off, the next one begins on a line of its own.
        rest = b"\n" + content + b"\n" if self._cut else content + b"\n"
        self._cut = True
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._cut = False
        os.fsync(self._file)


def _finite(value: object) -> object:
    """Return facts with every figure that JSON does not know as text."""
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {str(key): _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value
