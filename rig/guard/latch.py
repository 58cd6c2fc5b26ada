"""A trip outlives the process that tripped: the bench refuses everything until a person resets it, and says why."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rig.errors import BenchError, InterlockTripped, Refused
from rig.guard.state import append_history, move_state, read_state, remove_state, state_file, write_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

__all__ = ["Latch"]

_UNWRITTEN = "tripped; the reason could not be written, the guard's journal may have it"


class Latch:
    """The latch of one bench: a file that is there, or is not."""

    def __init__(self, folder: Path, bench: str, *, utc: Callable[[], datetime]) -> None:
        self._folder, self._bench, self._utc = folder, bench, utc
        self._file = state_file(folder, bench, "latch.json")
        self._ready = state_file(folder, bench, "latch.ready")

    def prepare(self) -> None:
        """Lay ready a file that needs no more than a name to latch the bench, for the day that the disk is full."""
        try:
            write_state(self._ready, {"reason": _UNWRITTEN, "since": "", "owner": ""})
        except OSError as error:
            raise BenchError(f"{self._ready.name} cannot be written: {error.strerror or error}") from error

    def set(self, reason: str, *, owner: str) -> None:
        """Latch the bench; a latch that is set keeps its first reason. Raises OSError if the bench is not latched."""
        if self._file.exists():
            return
        entry = {"reason": reason, "since": self._stamp(), "owner": owner}
        try:
            write_state(self._file, entry)
        except OSError:
            move_state(self._ready, self._file)
        with suppress(OSError):  # the latch is what counts
            append_history(self._folder, self._bench, {"event": "latched", **entry})

    def reason(self) -> str:
        """Return why the bench is latched, empty if it is not; a file that cannot be read latches as well."""
        try:
            content = read_state(self._file)
        except BenchError as error:
            return str(error)
        if content is None:
            return ""
        parts = [str(content.get("reason") or _UNWRITTEN)]
        parts += [f"{word} {content[key]}" for word, key in (("at", "since"), ("under", "owner")) if content.get(key)]
        return ", ".join(parts)

    def refuse(self) -> None:
        """Raise InterlockTripped if the bench is latched."""
        if reason := self.reason():
            raise InterlockTripped(f"bench {self._bench} is latched and must be reset by a person: {reason}")

    def reset(self, reason: str, *, owner: str) -> str:
        """Release the latch and return why it was set, empty if it was not.

        Raises
        ------
        Refused
            without a reason.
        BenchError
            if it cannot be recorded or removed; the bench stays latched.
        """
        if not reason.strip():
            raise Refused("a reset needs a reason")
        was = self.reason()
        if was:
            entry = {"event": "reset", "reason": reason, "since": self._stamp(), "owner": owner, "was": was}
            try:
                append_history(self._folder, self._bench, entry)
                remove_state(self._file)
            except OSError as error:
                raise BenchError(f"bench {self._bench} stays latched: {error.strerror or error}") from error
        return was

    def _stamp(self) -> str:
        return self._utc().isoformat(timespec="seconds")
