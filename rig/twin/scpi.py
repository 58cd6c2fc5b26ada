"""A SCPI instrument on a raw TCP socket: IEEE-488.2's obligations, an error queue, and a table of the rest."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from rig.twin.faults import FaultPlan
from rig.twin.hislip import HislipPort
from rig.twin.scpi_syntax import Command, ScpiError, header_pattern, message_units
from rig.twin.streams import LOOPBACK, Stream, TcpPort

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

__all__ = ["Handler", "ScpiDevice"]

Handler: TypeAlias = "Callable[[Command], str | bytes | None]"

_QUEUE_LENGTH = 30
_MOST_INPUT = 1 << 20
_EVENT_BITS = {1: 32, 2: 16, 3: 8, 4: 4}  # command, execution, device, query error (IEEE 488.2 §11.5.1)
_OPERATION_COMPLETE = 1


class ScpiDevice:
    """Answers program messages from a table of header pattern → handler; subclasses give :meth:`commands`.

    A handler gets a :class:`rig.twin.scpi_syntax.Command`, returns text or a binary block for a query and None for a
    command, and raises :class:`rig.twin.scpi_syntax.ScpiError` for the error queue. Handlers run one at a time.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.world, self.seed = name, config, world, seed
        self.faults = FaultPlan(config.faults)
        self._lock = threading.RLock()
        self._errors: deque[ScpiError] = deque()
        self._event_status = self._event_enable = self._service_enable = 0
        table = {**self._common(), **self.commands()}
        self._table: tuple[tuple[re.Pattern[str], Handler], ...] = tuple(
            (header_pattern(_rooted(pattern)), handler) for pattern, handler in table.items()
        )
        self._port: TcpPort | None = None
        self._hislip: HislipPort | None = None

    # --- what a subclass says ---------------------------------------------------------------------------------------

    def commands(self) -> Mapping[str, Handler]:
        """Return the instrument's own commands: ``":CHANnel<n>:SCALe"``, ``":WAVeform:DATA?"`` → handler."""
        return {}

    def is_block(self, reply: bytes) -> bool:
        """Whether a reply is such a block of data as a defect may cut."""
        return reply.startswith(b"#")

    def reset(self) -> None:
        """Do what ``*RST`` does to the instrument's own settings."""

    def wait_complete(self) -> None:
        """Return when all pending operations are complete; ``*OPC?`` and ``*WAI`` wait here."""

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> tuple[str, ...]:
        """Listen; return the VISA resource names: of the raw socket, and where it is configured of HiSLIP."""
        self._port = TcpPort(self._converse, name=self.name, port=self.config.port)
        socket = f"TCPIP::{LOOPBACK}::{self._port.port}::SOCKET"
        if not self.config.hislip:
            return (socket,)
        self._hislip = HislipPort(self._serve, name=self.name)
        return socket, self._hislip.address

    def stop(self) -> None:
        """End every connection."""
        for port in (self._port, self._hislip):
            if port is not None:
                port.stop()

    def _converse(self, stream: Stream) -> None:
        pending = b""
        while data := stream.read():
            pending += data
            *lines, pending = pending.split(b"\n")
            for line in lines:
                if not self._serve(line, stream):
                    stream.drop()
                    return
            if len(pending) > _MOST_INPUT:
                self.fail(ScpiError(-363, "Input buffer overrun"))
                pending = b""

    def _serve(self, line: bytes, stream: Stream) -> bool:
        """Answer one message; False when the connection is to be dropped."""
        if self.faults.strikes("mute"):
            return True
        replies = self.execute(line.decode("latin-1").strip())
        if not replies:
            return True
        if self.faults.strikes("dropped_connection"):
            return False
        if self.faults.strikes("timeout"):
            return True
        answer = b";".join(replies)
        if any(map(self.is_block, replies)) and self.faults.strikes("truncated_block"):
            stream.write(answer[: len(answer) // 2])
            return True
        stream.write(answer + b"\n")
        return True

    # --- execution --------------------------------------------------------------------------------------------------

    def execute(self, message: str) -> list[bytes]:
        """Carry out one program message and return the replies of its queries, in order."""
        replies: list[bytes] = []
        with self._lock:
            for unit in message_units(message):
                try:
                    reply = self._dispatch(unit)
                except ScpiError as error:
                    self.fail(error)
                    if -200 < error.code <= -100:  # noqa: PLR2004 - the range of command errors
                        break
                    continue
                if reply is not None:
                    replies.append(reply.encode("latin-1") if isinstance(reply, str) else reply)
        return replies

    def _dispatch(self, unit: Command) -> str | bytes | None:
        header = unit.header if unit.header.startswith("*") else f":{unit.header}"
        for pattern, handler in self._table:
            match = pattern.fullmatch(header)
            if match is not None:
                suffixes = tuple(int(digits or 1) for digits in match.groups(default=""))
                return handler(Command(header=unit.header, suffixes=suffixes, arguments=unit.arguments))
        raise ScpiError(-113, "Undefined header")

    def fail(self, error: ScpiError) -> None:
        """Put an error into the queue; the last place of a full queue says that more were lost."""
        self._event_status |= _EVENT_BITS.get(-error.code // 100, 8)
        if len(self._errors) >= _QUEUE_LENGTH:
            self._errors[-1] = ScpiError(-350, "Queue overflow")
        else:
            self._errors.append(error)

    # --- IEEE 488.2's common commands ---------------------------------------------------------------------------------

    def _common(self) -> dict[str, Handler]:
        return {
            "*IDN?": lambda _: self.identity(),
            "*CLS": lambda _: self._clear(),
            "*RST": lambda _: self.reset(),
            "*OPC": lambda _: self._complete(),
            "*OPC?": lambda _: self._completed(),
            "*WAI": lambda _: self.wait_complete(),
            "*TST?": lambda _: "0",
            "*ESR?": lambda _: self._read_event_status(),
            "*ESE": self._set_event_enable,
            "*ESE?": lambda _: str(self._event_enable),
            "*SRE": self._set_service_enable,
            "*SRE?": lambda _: str(self._service_enable),
            "*STB?": lambda _: str(self._status_byte()),
            ":SYSTem:ERRor[:NEXT]?": lambda _: self._next_error(),
        }

    def identity(self) -> str:
        """Return the reply to ``*IDN?``."""
        identity = self.config.identity
        if identity is None:
            return f"nmes-rig,{self.config.protocol},0,1"
        serial = f"{identity.serial}-OTHER" if self.faults.strikes("wrong_identity") else identity.serial
        return f"{identity.manufacturer},{identity.model},{serial},{identity.firmware}"

    def _clear(self) -> None:
        self._errors.clear()
        self._event_status = 0

    def _complete(self) -> None:
        self.wait_complete()
        self._event_status |= _OPERATION_COMPLETE

    def _completed(self) -> str:
        self.wait_complete()
        return "1"

    def _read_event_status(self) -> str:
        status, self._event_status = self._event_status, 0
        return str(status)

    def _set_event_enable(self, command: Command) -> None:
        self._event_enable = int(command.number()) & 0xFF

    def _set_service_enable(self, command: Command) -> None:
        self._service_enable = int(command.number()) & 0xFF

    def _status_byte(self) -> int:
        status = 4 * bool(self._errors) | 32 * bool(self._event_status & self._event_enable)
        return status | 64 * bool(status & self._service_enable)

    def _next_error(self) -> str:
        if not self._errors:
            return '+0,"No error"'
        return str(self._errors.popleft())


def _rooted(pattern: str) -> str:
    return pattern if pattern.startswith(("*", ":", "[")) else f":{pattern}"
