"""How a bench stands: free, taken and by whom, left behind, latched."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from rig.errors import BenchError
from rig.guard.latch import Latch
from rig.guard.state import read_state, state_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["Holder", "Standing", "State", "lock_of", "read_holder", "standing"]


class State(StrEnum):
    """How a lease stands."""

    FREE = "free"
    TAKEN = "taken"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What a lease's file says; times are information for people, the lock alone decides whether the lease lives."""

    id: str
    bench: str
    owner: str
    host: str
    pid: int
    reason: str
    since: str
    expires: str
    guard: str = ""
    taken_from: str = ""

    def __str__(self) -> str:
        return f"{self.owner} on {self.host} (process {self.pid}): {self.reason}, since {self.since}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a bench stands; ``latched`` is the reason, empty if it is not."""

    state: State
    holder: Holder | None
    latched: str


def standing(folder: Path, bench: str, *, utc: Callable[[], datetime]) -> Standing:
    """Say how a bench stands, without changing anything."""
    latched = Latch(folder, bench, utc=utc).reason()
    if not folder.is_dir():
        return Standing(state=State.FREE, holder=None, latched=latched)
    lock = lock_of(folder, bench)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        holder = read_holder(state_file(folder, bench, "lease.json"))
        return Standing(state=State.TAKEN, holder=holder, latched=latched)
    except OSError as error:
        raise BenchError(f"the lease of {bench} cannot be looked at: {error.strerror or error}") from error
    try:
        holder = read_holder(state_file(folder, bench, "lease.json"))
        holder = holder or read_holder(state_file(folder, bench, "stale.json"))
        return Standing(state=State.STALE if holder else State.FREE, holder=holder, latched=latched)
    finally:
        lock.release()


def lock_of(folder: Path, bench: str) -> BaseFileLock:
    """Return the operating-system lock of a bench, not yet acquired; it ends with the process that holds it."""
    # Not the soft kind, a file that outlives its process, even where nothing else is to be had.
    return FileLock(state_file(folder, bench, "lock"), thread_local=False, fallback_to_soft=False)


def read_holder(path: Path) -> Holder | None:
    """Return whose lease a file says it is, None where there is none; raises BenchError if it says nothing."""
    content: dict[str, Any] | None = read_state(path)
    if content is None:
        return None
    known = {field.name: content[field.name] for field in fields(Holder) if field.name in content}
    try:
        return Holder(**known)
    except TypeError as error:
        raise BenchError(f"{path.name} does not say whose the lease is") from error
