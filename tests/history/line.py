"""A line to a server that can be cut, also in the middle of a sentence, and mended."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

__all__ = ["Line"]

_PIECE = 1 << 16


class Line:
    """A port of loopback behind which a server answers, until it is cut.

    Parameters
    ----------
    server : its host and port
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._open: list[socket.socket] = []
        self._passed = 0
        self._cut_after: int | None = None
        self._listening: socket.socket | None = None
        self.port = 0
        self.mend()

    def mend(self) -> None:
        """Let the server be reached, at the same port as ever."""
        self._passed, self._cut_after = 0, None
        self._listening = listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        threading.Thread(target=self._answer, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """Let nobody reach the server, and nobody who has reached it go on."""
        listening, self._listening = self._listening, None
        for one in (*filter(None, (listening,)), *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def cut_after(self, bytes_: int) -> None:
        """Cut the line once so many more bytes were sent to the server."""
        self._cut_after = self._passed + bytes_

    def _answer(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(self._server)
                self._open += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(*ends, ends[0] is client), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                sink.sendall(piece)
                self._passed += len(piece) if counted else 0
                if counted and self._cut_after is not None and self._passed >= self._cut_after:
                    self.cut()
            sink.shutdown(socket.SHUT_RDWR)
