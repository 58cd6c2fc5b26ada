"""Steps towards safety, each in its own time: one that hangs is left behind, one that fails stops no other."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from rig.errors import BenchError, RigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["SUPPLY_OFF", "Boxed", "Step", "StepDone", "in_time", "perform", "said"]

T = TypeVar("T")
SUPPLY_OFF = "switch the supply off"


class Boxed(Protocol):
    """Something that does an action and returns within a time, whatever the action does."""

    def __call__(self, action: Callable[[], T], limit: float, *, if_late: Callable[[], object] | None = None) -> T:
        """Return what ``action`` returns; raise what it raises, or BenchError after ``limit`` seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One idempotent step with the time it may take, s."""

    name: str
    action: Callable[[], object]
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """How a step went: the time it took, s, and what was wrong, empty if nothing."""

    name: str
    seconds: float
    problem: str = ""


def perform(steps: Iterable[Step], *, now: Callable[[], float], boxed: Boxed | None = None) -> tuple[StepDone, ...]:
    """Take every step in order, and say how each went."""
    boxed = boxed or in_time
    done = []
    for step in steps:
        begun, problem = now(), ""
        try:
            boxed(step.action, step.limit)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one step, the next one must be taken
            problem = said(error)
        done.append(StepDone(name=step.name, seconds=now() - begun, problem=problem))
    return tuple(done)


def in_time(action: Callable[[], T], limit: float, *, if_late: Callable[[], object] | None = None) -> T:
    """Do ``action`` in a thread and wait for at most ``limit`` seconds.

    An action that takes longer is left behind; should it end after all, ``if_late`` is done in its thread, to undo what
    nobody waited for.

    Raises
    ------
    BenchError
        if the time is over; otherwise what the action raises.
    """
    call = _Call(action, if_late)
    threading.Thread(target=call.run, name="time-boxed step", daemon=True).start()
    return call.wait(limit)


class _Call(Generic[T]):
    """One action on its way: either somebody has waited for its end, or it has been left behind, never both."""

    def __init__(self, action: Callable[[], T], if_late: Callable[[], object] | None) -> None:
        self._action, self._if_late = action, if_late
        self._ended, self._deciding = threading.Event(), threading.Lock()
        self._left_behind = False
        self._results: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._action())
        except BaseException as error:  # noqa: BLE001 - raised where the action is waited for
            self._error = error
        with self._deciding:
            late = self._left_behind
            self._ended.set()
        if late and self._if_late is not None:
            try:
                self._if_late()
            except Exception:  # noqa: BLE001 - nobody is left to hear of it; the contact is looked at again anyway
                return

    def wait(self, limit: float) -> T:
        self._ended.wait(limit)
        with self._deciding:
            self._left_behind = not self._ended.is_set()
        if self._left_behind:
            raise BenchError(f"did not end within {limit:g} s")
        if self._error is not None:
            raise self._error
        return self._results[0]


def said(error: BaseException) -> str:
    """Return an error in the rig's words; of one that is not the rig's own, its type as well."""
    return str(error) if isinstance(error, RigError) else f"{type(error).__name__}: {error}"
