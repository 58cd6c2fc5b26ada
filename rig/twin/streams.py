"""Byte streams for the virtual instruments: a loopback TCP port, and a pseudo-terminal where the system has one."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PtyPort", "Stream", "TcpPort"]

_CHUNK = 65536
_PATIENCE = 5.0
LOOPBACK = "127.0.0.1"


class Stream(Protocol):
    """One conversation."""

    def read(self) -> bytes:
        """Return what has arrived; empty when the conversation is over."""

    def write(self, data: bytes) -> None:
        """Send all of it; nothing happens when the other side is gone."""

    def drop(self) -> None:
        """End the conversation without a word."""


class _Connection:
    """A conversation over one TCP connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self) -> bytes:
        try:
            return self._connection.recv(_CHUNK)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._connection.sendall(data)

    def drop(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._connection.close()


class TcpPort:
    """A listening port on loopback; every connection is served by its own thread until either side ends it."""

    def __init__(self, serve: Callable[[Stream], None], *, name: str, port: int = 0) -> None:
        self._serve = serve
        self._name = name
        self._lock = threading.Lock()
        self._stopped = False
        self._open: dict[threading.Thread, _Connection] = {}
        self._listener = socket.create_server((LOOPBACK, port))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name=f"{name} listener", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(accepted)
            thread = threading.Thread(target=self._converse, args=(connection,), name=self._name, daemon=True)
            with self._lock:
                if self._stopped:
                    connection.close()
                    return
                self._open[thread] = connection
            thread.start()

    def _converse(self, connection: _Connection) -> None:
        try:
            self._serve(connection)
        finally:
            connection.drop()
            connection.close()
            with self._lock:
                self._open.pop(threading.current_thread(), None)

    def stop(self) -> None:
        """Close the port and every connection, and see all threads end; may be called twice."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            running = list(self._open.items())
        # A blocked accept does not notice on every system that its socket was closed; a visitor wakes it.
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), _PATIENCE):
            pass
        self._thread.join(_PATIENCE)
        self._listener.close()
        for thread, connection in running:
            connection.drop()
            thread.join(_PATIENCE)


if sys.platform != "win32":
    import tty

    class PtyPort:
        """A pseudo-terminal: a client opens ``path`` as it would open a serial port."""

        def __init__(self, serve: Callable[[Stream], None], *, name: str) -> None:
            self._ours, self._theirs = os.openpty()
            tty.setraw(self._theirs)
            # A client that does not read must not hold up the end.
            os.set_blocking(self._ours, False)
            # Held open by us as well, so that a client may come, go and come again.
            self.path = os.ttyname(self._theirs)
            self._wake_read, self._wake_write = os.pipe()
            self._stopped = False
            self._thread = threading.Thread(target=serve, args=(self,), name=name, daemon=True)

        def start(self) -> Self:
            """Begin to serve."""
            self._thread.start()
            return self

        def read(self) -> bytes:
            """Return what has arrived; empty when the port is being closed."""
            ready, _, _ = select.select([self._ours, self._wake_read], [], [])
            if self._wake_read in ready:
                return b""
            try:
                return os.read(self._ours, _CHUNK)
            except OSError:
                return b""

        def write(self, data: bytes) -> None:
            """Send all of it, unless the port is being closed while nobody reads."""
            while data:
                ready, writable, _ = select.select([self._wake_read], [self._ours], [])
                if self._wake_read in ready or not writable:
                    return
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self._ours, data) :]

        def drop(self) -> None:
            """A serial line has no connection to drop."""

        def stop(self) -> None:
            """Close both ends and see the thread end; may be called twice."""
            if self._stopped:
                return
            self._stopped = True
            os.write(self._wake_write, b"x")
            self._thread.join(_PATIENCE)
            for descriptor in (self._ours, self._theirs, self._wake_read, self._wake_write):
                os.close(descriptor)

else:
    PtyPort = None
