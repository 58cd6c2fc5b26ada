"""A guard on a real port, in a thread of the test or in a process of its own, with the interlock in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rig.guard.client import GuardClient
from rig.guard.server import GuardServer
from rig.guard.supervisor import Supervisor
from rig.model.intent import Intent
from tests.guard.pretend import HandClock, ListJournal, PretendInterlock

SECRET = "open sesame"
MODEST = Intent(current_peak=0.02)
CEILINGS = Intent(current_peak=0.13)
# However slow the machine is, a guard that has nothing to object is waited for, s.
PATIENCE = 60.0
# Between two beats of a client, for a guard that loses its patience after half a second; a sum of it is exact.
HEARTBEAT, BEAT = 0.5, 0.125


class Served:
    """A guard; without a clock set by hand it has more patience than any machine needs."""

    def __init__(self, *, clock: HandClock | None = None, **more: Any) -> None:
        of_server = {name: more.pop(name) for name in ("lost", "arrival") if name in more}
        now = clock or time.monotonic
        more = {"heartbeat": HEARTBEAT if clock else PATIENCE, "limit": PATIENCE, **more}
        self.clock = clock
        self.interlock = PretendInterlock(now, more.pop("hold_time", HEARTBEAT if clock else PATIENCE))
        self.journal = ListJournal()
        self.supervisor = Supervisor(self.interlock, self.journal, now=now, ceilings=CEILINGS, **more)
        self.server = GuardServer(self.supervisor, secret=SECRET, now=now, **of_server)
        self.errors: list[BaseException] = []
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        try:
            self.server.serve()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.errors.append(error)

    def closed(self) -> bool:
        return self.interlock.contact

    def opened(self) -> bool:
        return not self.interlock.contact

    def live(self, client: GuardClient, seconds: float) -> None:
        """Let time pass for a guard and a client that are not disturbed; until one of them trips."""
        clock = self.clock
        assert clock is not None
        for _ in range(round(seconds / BEAT)):
            clock.time += BEAT
            within(PATIENCE, lambda: client.tripped or self._looked_after(clock.time))

    def _looked_after(self, since: float) -> bool:
        return self.supervisor._heard >= since and self.interlock.refreshed_at[-1] >= since


@contextmanager
def served(**more: Any) -> Iterator[Served]:
    guard = Served(**more)
    guard.thread.start()
    yield guard
    guard.server.stop("the test is over")
    guard.thread.join(PATIENCE)
    assert not guard.thread.is_alive()
    assert not guard.closed() or guard.interlock.faults


def within(seconds: float, what: Callable[[], object]) -> float:
    """Wait until something is true; return the time that took, s."""
    begun, waiting = time.monotonic(), threading.Event()
    while not what():
        assert time.monotonic() - begun < seconds, "that took too long"
        waiting.wait(0.001)
    return time.monotonic() - begun
