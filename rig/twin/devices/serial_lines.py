"""The two lines of a virtual device that is reached over a serial line: TCP, and a pseudo-terminal where asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.streams import LOOPBACK, PtyPort, Stream, TcpPort

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.config import InstrumentConfig

__all__ = ["SerialLines"]


class SerialLines:
    """Both serve conversations in threads of their own."""

    def __init__(self, name: str, config: InstrumentConfig, converse: Callable[[Stream], None]) -> None:
        self._name, self._config, self._converse = name, config, converse
        self._tcp: TcpPort | None = None
        self._pty: PtyPort | None = None

    def start(self) -> tuple[str, ...]:
        """Open the lines; return pyserial's names of them."""
        self._tcp = TcpPort(self._converse, name=self._name, port=self._config.port)
        addresses = [f"socket://{LOOPBACK}:{self._tcp.port}"]
        if self._config.pty and PtyPort is not None:
            self._pty = PtyPort(self._converse, name=f"{self._name} pty").start()
            addresses.append(self._pty.path)
        return tuple(addresses)

    def stop(self) -> None:
        """Close the lines; may be called twice."""
        if self._tcp is not None:
            self._tcp.stop()
        if self._pty is not None:
            self._pty.stop()
