"""Writes down every dialogue with the instruments of a bench, a file for each, while it goes on."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from rig.errors import EvidenceError
from rig.model.dialogue import Exchange, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SUFFIX", "recorded_dialogues"]

SUFFIX = ".dialogue.jsonl"
# As rig.bench.transport.tap has it; the transport itself is not imported, which would load it.
_DIALOGUE = "rig.dialogue"


class _Writer(logging.Handler):
    """Appends each exchange to its instrument's file."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(logging.DEBUG)
        self._folder, self._stack = folder, stack
        self._files: dict[str, IO[str]] = {}
        self._began: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, and hand it to the system at once: what was said last matters most after a crash."""
        exchange, instrument = getattr(record, "exchange", None), getattr(record, "instrument", "")
        if not isinstance(exchange, Exchange):
            return
        self._began = record.created if self._began is None else self._began
        line = line_of(replace(exchange, seconds=record.created - self._began))
        try:
            file = self._file(instrument)
            file.write(line + "\n")
            file.flush()
        except OSError as error:  # a transcript with a gap proves nothing, so this is heard of
            reason = error.strerror or error
            raise EvidenceError(f"the dialogue with {instrument} cannot be written: {reason}") from error

    def _file(self, instrument: str) -> IO[str]:
        if instrument not in self._files:
            path = self._folder / f"{instrument}{SUFFIX}"
            opened = path.open("x", encoding="ascii", newline="\n")
            self._files[instrument] = self._stack.enter_context(opened)
        return self._files[instrument]


@contextmanager
def recorded_dialogues(folder: Path) -> Iterator[None]:
    """Write what is said to every instrument into ``folder``, made anew, until the end of the context.

    Raises
    ------
    EvidenceError
        if the folder cannot be made, or later if a line cannot be written
    """
    try:
        folder.mkdir()
    except OSError as error:
        raise EvidenceError(f"no folder {folder.name} for dialogues can be made: {error.strerror or error}") from error
    log = logging.getLogger(_DIALOGUE)
    level, propagate = log.level, log.propagate
    with ExitStack() as stack:
        writer = _Writer(folder, stack)
        log.setLevel(logging.DEBUG)
        log.propagate = False
        log.addHandler(writer)
        try:
            yield
        finally:
            log.removeHandler(writer)
            log.setLevel(level)
            log.propagate = propagate
