"""One run per bench: a lease that an operating-system lock keeps alive, and a file that says whose it is."""

from __future__ import annotations

import os
import platform
import secrets
import threading
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from filelock import Timeout

from rig.errors import BenchError, Refused, RigError, Stale
from rig.guard.latch import Latch
from rig.guard.standing import Holder, lock_of, read_holder
from rig.guard.state import append_history, move_state, read_state, remove_state, state_file, write_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["Lease"]

# Whoever asks how a bench stands holds the lock for a moment; a taker does not mistake that for a lease.
_MOMENT, _POLL = 0.25, 0.02
_UNTOLD = 5.0
_PATIENCE = 10.0
_NEEDS_CHECK = "its process is gone without giving it back, and only a passed self-check recovers it"


class Lease:
    """A bench that is ours; made by :meth:`take`."""

    def __init__(self, folder: Path, holder: Holder, lock: BaseFileLock) -> None:
        self._folder, self._lock = folder, lock
        self.holder = holder

    @classmethod
    def take(
        cls,
        folder: Path,
        bench: str,
        *,
        owner: str,
        reason: str,
        seconds: float,
        utc: Callable[[], datetime],
        self_check: Callable[[], object] | None = None,
        steal: bool = False,
        patience: float = _PATIENCE,
    ) -> Lease:
        """Take the lease of a bench, or raise at once.

        Parameters
        ----------
        folder : where the states of benches are kept; on a disk of this machine
        seconds : how long it is expected to be needed, s
        self_check : proves that the bench is safe, or raises; without it a stale or stolen lease is not taken
        steal : ask a living holder to let go, for ``reason``, and wait ``patience`` seconds for it

        Raises
        ------
        Refused
            if somebody else has it; names owner, host, reason and since when.
        Stale
            if its holder is gone without giving it back, and no self-check has passed.
        InterlockTripped
            if the bench is latched.
        BenchError
            if the state cannot be written.
        """
        latch = Latch(folder, bench, utc=utc)
        latch.refuse()
        if steal and (self_check is None or not reason.strip()):
            raise Refused("a bench is stolen for a reason, and has to pass a self-check")
        now = utc()
        holder = Holder(
            id=secrets.token_hex(8),
            bench=bench,
            owner=owner,
            host=platform.node(),
            pid=os.getpid(),
            reason=reason,
            since=now.isoformat(timespec="seconds"),
            expires=(now + timedelta(seconds=seconds)).isoformat(timespec="seconds"),
        )
        try:
            lock, victim = _lock_or_refuse(folder, holder, patience if steal else None)
        except OSError as error:
            raise BenchError(f"the lease of {bench} cannot be taken: {error.strerror or error}") from error
        try:
            latch.refuse()  # it may have been set while the lock was waited for
            return cls._settle(folder, holder, lock, victim, self_check)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _settle(
        cls,
        folder: Path,
        holder: Holder,
        lock: BaseFileLock,
        victim: Holder | None,
        self_check: Callable[[], object] | None,
    ) -> Lease:
        """Having the lock, see what was left by who had it before, and write down who has it now."""
        file, left = state_file(folder, holder.bench, "lease.json"), state_file(folder, holder.bench, "stale.json")
        try:
            # Set aside at once, so that nobody takes a dead holder for the one who has the lock.
            with suppress(FileNotFoundError):
                move_state(file, left)
            remove_state(state_file(folder, holder.bench, "steal.json"))
            before = victim or _who_left(left)
            recovering = left.exists() or victim is not None
            if recovering and self_check is None:
                raise Stale(f"bench {holder.bench} was left by {before or 'somebody unknown'}; {_NEEDS_CHECK}")
            lease = cls(folder, replace(holder, taken_from=str(before or "")), lock)
            lease._write()
            if recovering and self_check is not None:
                _check(self_check, holder.bench, before)
                entry = {"event": "stolen" if victim else "recovered", **asdict(lease.holder)}
                append_history(folder, holder.bench, entry)
                remove_state(left)
        except OSError as error:
            raise BenchError(f"the lease of {holder.bench} cannot be written: {error.strerror or error}") from error
        return lease

    def announce(self, guard: str) -> None:
        """Say where the bench's guard is listening."""
        self.holder = replace(self.holder, guard=guard)
        try:
            self._write()
        except OSError as error:
            what = f"the lease of {self.holder.bench}"
            raise BenchError(f"{what} cannot be written: {error.strerror or error}") from error

    def lost(self) -> str:
        """Return why the bench is no longer ours or should be given up, empty if it is; to be asked now and then."""
        try:
            asked = read_state(self._path("steal.json"))
            if asked is not None:
                return f"{asked.get('owner')} on {asked.get('host')} takes the bench: {asked.get('reason')}"
            now = read_holder(self._path("lease.json"))
        except BenchError as error:
            return str(error)
        if now is None:
            return "the lease's file is gone"
        return "" if now.id == self.holder.id else f"the bench was taken by {now}"

    def release(self) -> None:
        """Give the bench back as it was found; may be called twice."""
        if self._lock.is_locked:
            with suppress(OSError, BenchError):  # what is left behind is stale, which is safe
                found = read_holder(self._path("lease.json"))
                if found is not None and found.id == self.holder.id:
                    remove_state(self._path("lease.json"))
            self._lock.release()

    def abandon(self) -> None:
        """Let go of a bench that is not known to be safe: the next one finds a stale lease and has to check."""
        self._lock.release()

    def _write(self) -> None:
        write_state(self._path("lease.json"), asdict(self.holder))

    def _path(self, ending: str) -> Path:
        return state_file(self._folder, self.holder.bench, ending)


def _lock_or_refuse(folder: Path, asking: Holder, patience: float | None) -> tuple[BaseFileLock, Holder | None]:
    """Return the lock, and from whom it was stolen."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = lock_of(folder, asking.bench)
    try:
        lock.acquire(timeout=_MOMENT, poll_interval=_POLL)
    except Timeout:
        victim = _wait_for_name(folder, asking.bench)
    else:
        return lock, None
    if patience is None:
        raise Refused(f"bench {asking.bench} is in use by {victim or 'somebody who has not said who'}")
    request = state_file(folder, asking.bench, "steal.json")
    write_state(request, asdict(asking))
    append_history(folder, asking.bench, {"event": "asked for", **asdict(asking), "taken_from": str(victim or "")})
    try:
        lock.acquire(timeout=patience, poll_interval=_POLL)
    except Timeout:
        remove_state(request)
        raise Refused(f"bench {asking.bench} was not let go within {patience:g} s by {victim}") from None
    return lock, victim


def _wait_for_name(folder: Path, bench: str) -> Holder | None:
    """Return who has the lock; who has just taken it needs a moment to say so."""
    file, waiting = state_file(folder, bench, "lease.json"), threading.Event()
    for _ in range(round(_UNTOLD / _POLL)):
        if holder := read_holder(file):
            return holder
        waiting.wait(_POLL)
    return None


def _who_left(file: Path) -> Holder | None:
    """Return who left a bench behind; that this cannot be read does not lock the bench up for good."""
    with suppress(BenchError):
        return read_holder(file)
    return None


def _check(self_check: Callable[[], object], bench: str, before: Holder | None) -> None:
    try:
        self_check()
    except RigError as error:
        raise Stale(f"bench {bench} was left by {before or 'somebody unknown'}; its self-check: {error}") from error
