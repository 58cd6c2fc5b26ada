"""The person at the terminal, who is told things and asked, whatever becomes of a test session's input and output."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["Terminal"]

_LONGEST = 1000


class Terminal:
    """The terminal that this process belongs to.

    It is opened by name: pytest puts files in the place of standard input and output while a test runs, and a person
    may have sent the output elsewhere.

    Parameters
    ----------
    aside : within this, nobody else writes to the terminal
    """

    def __init__(self, aside: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext) -> None:
        self._aside = aside

    @property
    def attended(self) -> bool:
        """Whether anybody can read and answer: there is a terminal, and this process is in its foreground."""
        try:
            with _opened() as (reading, _):
                return _in_foreground(reading)
        except OSError:
            return False

    def tell(self, text: str) -> None:
        """Show a line at once; nothing happens where the terminal is gone."""
        with self._aside(), contextlib.suppress(OSError), _opened() as (_, writing):
            _show(writing, f"{text}\n")

    def ask(self, text: str, timeout: float) -> str:
        """Show a line, and return what is typed behind it; what was typed before does not count.

        Raises
        ------
        TimeoutError
            if nobody has answered after so many seconds
        EOFError
            if nobody can answer any more
        """
        with self._aside():
            try:
                with _opened() as (reading, writing):
                    line = _asked(reading, writing, text, timeout)
            except TimeoutError:
                raise
            except OSError as error:
                raise EOFError from error
        if not line:
            raise EOFError
        return line.decode("utf-8", "replace").strip()


def _asked(reading: int, writing: int, text: str, timeout: float) -> bytes:
    _forget(reading)
    _show(writing, text)
    try:
        return _line(reading, timeout)
    except TimeoutError:
        _show(writing, "\n")
        raise


def _show(writing: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(writing, data) :]


if sys.platform == "win32":

    @contextlib.contextmanager
    def _opened() -> Iterator[tuple[int, int]]:
        """Open the console; raises OSError where there is none."""
        with contextlib.ExitStack() as stack:
            ends = [os.open("CONIN$", os.O_RDWR), os.open("CONOUT$", os.O_RDWR)]
            for end in ends:
                stack.callback(os.close, end)
            yield ends[0], ends[1]

    def _in_foreground(reading: int) -> bool:
        return os.isatty(reading)

    def _forget(reading: int) -> None:
        """Do nothing: there is no way known."""

    def _line(reading: int, timeout: float) -> bytes:
        """Return the next line; a console cannot be waited for, so somebody else waits."""
        answer: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=lambda: answer.put(os.read(reading, _LONGEST)), daemon=True).start()
        try:
            return answer.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None

else:
    import termios

    @contextlib.contextmanager
    def _opened() -> Iterator[tuple[int, int]]:
        """Open the terminal; raises OSError where there is none."""
        descriptor = os.open("/dev/tty", os.O_RDWR)
        try:
            yield descriptor, descriptor
        finally:
            os.close(descriptor)

    def _in_foreground(reading: int) -> bool:
        """Whether this process may read: one in the background would be stopped for trying."""
        return os.tcgetpgrp(reading) == os.getpgrp()

    def _forget(reading: int) -> None:
        """Drop what was typed before it was asked for."""
        with contextlib.suppress(termios.error):
            termios.tcflush(reading, termios.TCIFLUSH)

    def _line(reading: int, timeout: float) -> bytes:
        """Return the next line, which a terminal hands over as a whole."""
        ready, _, _ = select.select([reading], [], [], timeout)
        if not ready:
            raise TimeoutError
        return os.read(reading, _LONGEST)
