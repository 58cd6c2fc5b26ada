"""HiSLIP in front of a SCPI instrument: messages that have an end, on two connections (IVI-6.1, synchronized mode)."""

from __future__ import annotations

import itertools
import struct
from enum import IntEnum
from typing import TYPE_CHECKING

from rig.twin.streams import LOOPBACK, TcpPort

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.streams import Stream

__all__ = ["HislipPort"]

_HEADER = struct.Struct("!2sBBIQ")
_VERSION, _VENDOR = 0x0100, 0x5252
_LARGEST = 1 << 20
_MOST_INPUT = 1 << 20
_UNKNOWN_TYPE = 1


class _Type(IntEnum):
    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    ERROR = 3
    ASYNC_LOCK = 4
    DATA = 6
    DATA_END = 7
    CLEAR_COMPLETE = 8
    CLEAR_ACKNOWLEDGE = 9
    REMOTE_LOCAL = 10
    TRIGGER = 12
    MAXIMUM_SIZE = 15
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_CLEAR = 19
    STATUS_QUERY = 21
    ASYNC_CLEAR_ACKNOWLEDGE = 23
    LOCK_INFORMATION = 24


# What is answered by a message of the type after it, with this control code; nothing else is to be said to it.
_ANSWERED = {_Type.ASYNC_LOCK: 1, _Type.REMOTE_LOCAL: 0, _Type.STATUS_QUERY: 0, _Type.LOCK_INFORMATION: 0}


class HislipPort:
    """A port on loopback; ``serve`` gets every line of a message and what to answer on, and says whether to go on."""

    def __init__(self, serve: Callable[[bytes, Stream], bool], *, name: str, port: int = 0) -> None:
        self._serve = serve
        self._sessions = itertools.count(1)
        self._port = TcpPort(self._converse, name=f"{name} HiSLIP", port=port)
        self.address = f"TCPIP::{LOOPBACK}::hislip0,{self._port.port}::INSTR"

    def stop(self) -> None:
        """End every connection; may be called twice."""
        self._port.stop()

    def _converse(self, stream: Stream) -> None:
        reader, said = _Reader(stream), b""
        while (message := reader.message()) is not None:
            kind, parameter, payload = message
            if kind in {_Type.DATA, _Type.DATA_END}:
                said += payload
            if kind == _Type.DATA_END:
                lines, said = said.rstrip(b"\n").split(b"\n"), b""
                answers = _Answers(stream, parameter)
                if not all(self._serve(line, answers) for line in lines):
                    stream.drop()
                    return
            elif kind != _Type.DATA:
                self._manage(stream, kind)
                said = b""
            if len(said) > _MOST_INPUT:
                stream.drop()
                return

    def _manage(self, stream: Stream, kind: int) -> None:
        """Answer what is no data."""
        match kind:
            case _Type.INITIALIZE:
                session = next(self._sessions) & 0xFFFF
                _send(stream, _Type.INITIALIZE_RESPONSE, 0, _VERSION << 16 | session)
            case _Type.ASYNC_INITIALIZE:
                _send(stream, _Type.ASYNC_INITIALIZE_RESPONSE, 0, _VENDOR)
            case _Type.MAXIMUM_SIZE:
                _send(stream, kind + 1, 0, 0, struct.pack("!Q", _LARGEST))
            case _Type.ASYNC_CLEAR:
                _send(stream, _Type.ASYNC_CLEAR_ACKNOWLEDGE, 0, 0)
            case _Type.CLEAR_COMPLETE:
                _send(stream, _Type.CLEAR_ACKNOWLEDGE, 0, 0)
            case _Type.TRIGGER:
                pass
            case _ if kind in _ANSWERED:
                _send(stream, kind + 1, _ANSWERED[_Type(kind)], 0)
            case _:
                _send(stream, _Type.ERROR, _UNKNOWN_TYPE, 0)


class _Answers:
    """Where the answers to one message go; each is a message of its own, in portions no larger than agreed."""

    def __init__(self, stream: Stream, number: int) -> None:
        self._stream, self._number = stream, number

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        portion = _LARGEST - _HEADER.size
        while len(data) > portion:
            _send(self._stream, _Type.DATA, 0, self._number, data[:portion])
            data = data[portion:]
        _send(self._stream, _Type.DATA_END, 0, self._number, data)

    def drop(self) -> None:
        self._stream.drop()


class _Reader:
    """Takes messages out of a stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._waiting = stream, b""

    def message(self) -> tuple[int, int, bytes] | None:
        """Return type, parameter and payload of the next message; None when there is none, or it is none."""
        header = self._take(_HEADER.size)
        if header is None:
            return None
        prologue, kind, _, parameter, length = _HEADER.unpack(header)
        if prologue != b"HS" or length > _MOST_INPUT:
            return None
        payload = self._take(length)
        return None if payload is None else (kind, parameter, payload)

    def _take(self, count: int) -> bytes | None:
        while len(self._waiting) < count:
            data = self._stream.read()
            if not data:
                return None
            self._waiting += data
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken


def _send(stream: Stream, kind: int, control: int, parameter: int, payload: bytes = b"") -> None:
    stream.write(_HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload)
