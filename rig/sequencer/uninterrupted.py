"""What must be finished before anybody is heard who wants the run to end: making safe, proving it, sealing."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIGNALS", "uninterrupted"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""The signals that ask a program to end, where this system has them."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within this, a signal that asks to end waits; afterwards it does what it would have done."""
    if threading.current_thread() is not threading.main_thread():  # only there are signals received
        yield
        return
    asked: list[int] = []
    heard = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    for number in heard:
        signal.signal(number, lambda number, _frame: asked.append(number))
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
        for number in asked:
            signal.raise_signal(number)
