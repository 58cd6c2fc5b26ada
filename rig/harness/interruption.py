"""Being told to end, by whatever signal: the output is made safe and the evidence sealed, as after Ctrl-C."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ending_as_by_ctrl_c"]

_SIGNALS = ("SIGTERM", "SIGHUP", "SIGBREAK")  # each where the system has it


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[None]:
    """Within this, a request to end raises KeyboardInterrupt once; asked again, what is being made safe is finished."""
    if threading.current_thread() is not threading.main_thread():  # only there can signals be received
        yield
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
