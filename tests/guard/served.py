"""A guard on a real port, in a thread of the test or in a process of its own, with the interlock in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rig.guard.server import GuardServer
from rig.guard.supervisor import Supervisor
from rig.model.intent import Intent
from tests.guard.pretend import ListJournal, PretendInterlock

SECRET = "open sesame"
MODEST = Intent(current_peak=0.02)
CEILINGS = Intent(current_peak=0.13)


class Served:
    def __init__(self, **more: Any) -> None:
        of_server = {name: more.pop(name) for name in ("lost", "arrival") if name in more}
        self.interlock = PretendInterlock(time.monotonic, more.pop("hold_time", 0.4))
        self.journal = ListJournal()
        self.supervisor = Supervisor(self.interlock, self.journal, now=time.monotonic, ceilings=CEILINGS, **more)
        self.server = GuardServer(self.supervisor, secret=SECRET, now=time.monotonic, **of_server)
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


@contextmanager
def served(**more: Any) -> Iterator[Served]:
    guard = Served(**more)
    guard.thread.start()
    yield guard
    guard.server.stop("the test is over")
    guard.thread.join(5)
    assert not guard.thread.is_alive()
    assert not guard.closed() or guard.interlock.faults


def within(seconds: float, what: Callable[[], object]) -> float:
    """Wait until something is true; return the time that took, s."""
    begun, waiting = time.monotonic(), threading.Event()
    while not what():
        assert time.monotonic() - begun < seconds, "that took too long"
        waiting.wait(0.001)
    return time.monotonic() - begun
