"""Peers at the other end of a real socket, which know a transcript and nothing else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self


@dataclass
class Peer:
    """Listens on a port of the loopback and answers as ``respond`` says, one connection after the other.

    ``respond`` gets all bytes of the connection that were not yet used and returns how many it uses and what it
    answers, piece by piece; None waits for more. A piece that is None closes the connection. ``greeting`` is said to
    everyone who connects, before anything is asked; ``greeted`` tells that it was.
    """

    respond: Callable[[bytes], tuple[int, Sequence[bytes | None]] | None]
    greeting: bytes = b""
    greeted: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    received: bytearray = field(default_factory=bytearray)
    more: threading.Condition = field(default_factory=threading.Condition)
    leaving: threading.Lock = field(default_factory=threading.Lock)
    left: bool = False

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self.leaving:
            self.left = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        for connection in self._open:
            connection.close()

    @property
    def visa(self) -> str:
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def wait_for(self, count: int, patience: float = 60.0) -> None:
        """Wait until so many bytes have come: of somebody who gets no answer, nothing else tells when he is done."""
        with self.more:
            self.more.wait_for(lambda: len(self.received) >= count, patience)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self.leaving:  # who connects in this moment must not be listened to for ever
                if self.left:
                    connection.close()
                    return
                self._open.append(connection)
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError):
                connection.sendall(self.greeting)
                self.greeted.set()
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        waiting = b""
        while data := connection.recv(1 << 16):
            with self.more:
                self.received += data
                self.more.notify_all()
            waiting += data
            while waiting and (step := self.respond(waiting)) is not None:
                used, pieces = step
                waiting = waiting[used:]
                for piece in pieces:
                    if piece is None:
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    connection.sendall(piece)


class Transcript:
    """Exact bytes expected and given, in their order; ``finished`` says that nothing is left over on either side."""

    def __init__(self, *steps: tuple[bytes | str, bytes | str | Sequence[bytes | None]]) -> None:
        self._steps = [(_bytes(sent), _pieces(reply)) for sent, reply in steps]
        self.unexpected = b""

    def __call__(self, waiting: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        expected, reply = self._steps[0] if self._steps else (b"", [])
        if expected and waiting.startswith(expected):
            self._steps.pop(0)
            return len(expected), reply
        if expected and expected.startswith(waiting):
            return None
        self.unexpected += waiting
        return len(waiting), [None]

    @property
    def finished(self) -> bool:
        assert not self.unexpected, f"not in the transcript: {self.unexpected!r}, expected {self._steps[:1]}"
        return not self._steps


@contextlib.contextmanager
def transcript(*steps: tuple[bytes | str, bytes | str | Sequence[bytes | None]]) -> Iterator[Peer]:
    """A peer that knows these exchanges; leaving checks that all of them took place and nothing else did."""
    script = Transcript(*steps)
    with Peer(script) as peer:
        yield peer
    assert script.finished, f"not asked: {script._steps}"


class LineServer:
    """Answers each line by a table: query to reply; lines that are not in it are kept and get no answer."""

    def __init__(self, replies: dict[str, bytes | str | Callable[[], bytes]]) -> None:
        self.replies = replies
        self.lines: list[str] = []

    def __call__(self, waiting: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        line, end, _ = waiting.partition(b"\n")
        if not end:
            return None
        text = line.decode("ascii")
        self.lines.append(text)
        reply = self.replies.get(text)
        if reply is None:
            return len(line) + 1, []
        return len(line) + 1, [_bytes(reply() if callable(reply) else reply)]


@dataclass
class ManualClock:
    """A clock that moves only when somebody sleeps, and remembers for how long."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def utc(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else f"{text}\n".encode("ascii")


def _pieces(reply: bytes | str | Sequence[bytes | None]) -> Sequence[bytes | None]:
    if isinstance(reply, str):
        return [_bytes(reply)] if reply else []
    return [reply] if isinstance(reply, bytes) else reply
