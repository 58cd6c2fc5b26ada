"""An interlock in memory that can fail in every way, a clock that is set by hand, and a journal in a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rig.errors import BenchError, CommunicationError
from rig.model.identity import Identity

T = TypeVar("T")


class HandClock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


class PretendInterlock:
    """``contact`` is the truth; ``told`` what the contact was last told; ``faults`` how it misbehaves now."""

    def __init__(self, now: Callable[[], float], hold_time: float | None = None) -> None:
        self._now, self._hold = now, hold_time
        self._closed, self._refreshed = False, -1e9
        self.told = "open"
        self.closings = 0
        self.refreshed_at: list[float] = []
        self.faults: set[str] = set()

    @property
    def reports(self) -> bool:
        """What the contact says of itself."""
        return self.contact or "flattering" in self.faults

    @property
    def name(self) -> str:
        return "interlock"

    @property
    def hold_time(self) -> float | None:
        return self._hold

    @property
    def contact(self) -> bool:
        if "welded" in self.faults:
            return True
        held = self._hold is None or self._now() - self._refreshed < self._hold
        return self._closed and held

    def identify(self) -> Identity:
        return Identity(manufacturer="Pretend", model="interlock", serial="1", firmware="1")

    def close(self) -> None:
        """Nothing to close."""

    def enable(self) -> None:
        self.told, self.closings = "close", self.closings + 1
        self._answer("deaf")
        self._closed, self._refreshed = "loose" not in self.faults, self._now()
        self.refreshed_at.append(self._now())
        self._answer("mute")

    def disable(self) -> None:
        self.told = "open"
        self._answer("deaf")
        self._closed = False
        self._answer("mute")

    def enabled(self) -> bool:
        self._answer("deaf")
        self._answer("mute")
        return self.reports

    def drop(self) -> None:
        """Open by itself."""
        self._closed = False

    def _answer(self, fault: str) -> None:
        if fault in self.faults:
            raise CommunicationError("interlock", "", "no answer")


class HandBox:
    """Does an action at once, or lets it hang for its whole time and perhaps end later."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.hangs = self.hangs_closing = False
        self._late: list[Callable[[], object]] = []

    def __call__(self, action: Callable[[], T], limit: float, *, if_late: Callable[[], object] | None = None) -> T:
        if not (self.hangs or (self.hangs_closing and if_late)):
            return action()
        self._clock.time += limit
        self._late += [action, *([if_late] if if_late else [])]
        raise BenchError(f"did not end within {limit:g} s")

    def end_late(self) -> None:
        """Let everything that hung end after all, and hang no longer."""
        self.hangs = self.hangs_closing = False
        late, self._late = self._late, []
        for action in late:
            try:
                action()
            except BenchError:
                continue


class ListJournal:
    def __init__(self) -> None:
        self.entries: list[tuple[str, dict[str, object]]] = []
        self.full = False

    def write(self, event: str, **facts: object) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.entries.append((event, facts))

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.entries]
