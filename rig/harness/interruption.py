"""Being told to end, by whatever signal: the output is made safe and the evidence sealed, as after Ctrl-C."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rig.sequencer.uninterrupted import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Interruption", "ending_as_by_ctrl_c"]


class Interruption:
    """Whether the run was asked to end.

    The exception that says so may be lost: raised within a finaliser or a callback, Python prints it and goes on. So
    it is also kept, and raised again by :meth:`check`.
    """

    def __init__(self) -> None:
        self._asked = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if the run was asked to end."""
        if self._asked:
            raise KeyboardInterrupt

    def ask(self, _number: int, _frame: object) -> None:
        """Ask once; asked again, what is being made safe is finished."""
        if not self._asked:
            self._asked = True
            raise KeyboardInterrupt


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[Interruption]:
    """Within this, a request to end by whatever signal raises KeyboardInterrupt, once."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():  # only there can signals be received
        yield interruption
        return
    before = {number: signal.signal(number, interruption.ask) for number in SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
