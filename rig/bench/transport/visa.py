"""Text and binary dialogue with one SCPI instrument, through pyvisa."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, NoReturn

import pyvisa
from pyvisa.constants import ResourceAttribute, StatusCode

from rig.bench.transport.tap import tell
from rig.errors import CommunicationError, InstrumentError, SamplesLost
from rig.model.dialogue import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["VisaSession"]

_CHUNK = 1 << 20
# A block may pause this often; beyond that the sender is not slow but stuck, and the wait would have no end.
_PAUSES = 4
_SHOWN = 60
# What some instruments write before a block is no longer than this.
_LONGEST_TITLE = 40
_PNG, _BMP = b"\x89PNG\r\n\x1a\n", b"BM"


class VisaSession:
    """One open VISA resource; commands are text without terminator.

    After a broken dialogue the connection is dropped, so that a late reply can never be taken for the answer to a
    later question; the next command connects anew.

    Parameters
    ----------
    instrument : its name in the bench file, for messages
    address : VISA resource name
    backend : pyvisa's library argument; ``@py`` needs no vendor software
    timeout : how long to wait for a reply, s
    connect_timeout : how long to wait for a connection, s
    pause : lets so much time pass after every line as a slow instrument needs to take it in
    """

    def __init__(
        self,
        instrument: str,
        address: str,
        *,
        backend: str = "@py",
        timeout: float = 5.0,
        connect_timeout: float = 3.0,
        pause: Callable[[], None] | None = None,
    ) -> None:
        self.instrument = instrument
        self.address = address
        self._backend = backend
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._pause = pause
        self._is_socket = address.upper().endswith("::SOCKET")
        self._resource: Any = None
        self._connected()

    def ask(self, command: str, *, after: Sequence[str] = (), timeout: float | None = None) -> str:
        """Send the commands of ``after``, then a query; return its one-line reply without terminator.

        Raises
        ------
        CommunicationError
            if no whole line arrives in time, or it is not ASCII text
        """
        try:
            self._send([*after, command], timeout)
            line = bytes(self._resource.read_raw())
            tell(self.instrument, Said.IN, line)
        except CommunicationError:
            raise
        except Exception as error:  # noqa: BLE001 - the back ends raise OSError, pyvisa's own and bare Exceptions
            self._break(command, error)
        except BaseException:  # Ctrl-C: the reply is still on its way, and what comes next must not take it for its own
            self.close()
            raise
        if self._is_socket and not line.endswith(b"\n"):
            self._break(command, f"the reply was cut: {_shown(line)}")
        text = line.rstrip(b"\r\n")
        if not text.isascii():
            self._break(command, f"the reply is not text: {_shown(text)}")
        return text.decode("ascii")

    def say(self, command: str) -> None:
        """Send a command that is not answered.

        Raises
        ------
        CommunicationError
            if it cannot be sent
        """
        try:
            self._send([command], None)
        except CommunicationError:
            raise
        except Exception as error:  # noqa: BLE001 - as in ask
            self._break(command, error)

    def ask_block(
        self,
        command: str,
        *,
        after: Sequence[str] = (),
        timeout: float | None = None,
        begins: str = "",
        ends: bytes = b"\n",
    ) -> bytes:
        """Send the commands of ``after``, then a query; return the data of its IEEE 488.2 definite-length block reply.

        ``begins`` is a regular expression for text that may stand before the block, ``ends`` what follows it.

        Raises
        ------
        CommunicationError
            if no reply arrives
        InstrumentError
            if the reply is not such a block, or does not end where its header says
        SamplesLost
            if the block is cut; ``partial`` holds the bytes that came
        """
        try:
            self._send([*after, command], timeout)
            # Until the block is over, 0x0A is a number and no end of line.
            self._resource.read_termination = None
            header = self._beginning(command, begins)
            data = self._block(command, header)
            end = self._read_all(len(ends))
        except (InstrumentError, SamplesLost):
            raise
        except Exception as error:  # noqa: BLE001 - as in ask
            self._break(command, error)
        except BaseException:
            self.close()
            raise
        if end != ends and (end or self._is_socket):
            self._refuse(command, f"the block does not end where its header says: {_shown(end)} follows")
        self._resource.read_termination = "\n"
        return data

    def ask_picture(self, command: str, *, after: Sequence[str] = (), timeout: float | None = None) -> bytes:
        """Send the commands of ``after``, then a query that is answered by a bare image file, PNG or BMP; return it.

        No block says how long such a file is: it does so itself. Whether a terminator follows differs between
        instruments; ``*OPC?`` is asked afterwards, and only line ends may stand between the file and its answer.

        Raises
        ------
        CommunicationError
            if no reply arrives
        InstrumentError
            if the reply is no such file, or does not end where it says
        SamplesLost
            if the file is cut; ``partial`` holds the bytes that came
        """
        try:
            self._send([*after, command], timeout)
            self._resource.read_termination = None
            data = self._picture(command, self._read(2))
            self._send(["*OPC?"], timeout)
            end = self._read(1)
            while end in {b"\n", b"\r"}:
                end = self._read(1)
            end += self._read_all(1)
        except (InstrumentError, SamplesLost):
            raise
        except Exception as error:  # noqa: BLE001 - as in ask
            self._break(command, error)
        except BaseException:
            self.close()
            raise
        if end != b"1\n":
            self._refuse(command, f"the picture does not end where it says: {_shown(end)} follows")
        self._resource.read_termination = "\n"
        return data

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        resource, self._resource = self._resource, None
        if resource is not None:
            tell(self.instrument, Said.CLOSE)
            with contextlib.suppress(Exception):  # a connection that is already gone cannot be closed any better
                resource.close()

    def _connected(self) -> Any:  # noqa: ANN401 - pyvisa has no type for "whatever this address is"
        if self._resource is not None:
            return self._resource
        try:
            manager = pyvisa.ResourceManager(self._backend)
            resource: Any = manager.open_resource(self.address, open_timeout=round(self._connect_timeout * 1000))
            resource.read_termination = "\n"
            if self._is_socket:
                # What has come before a time-out is handed over instead of thrown away.
                resource.set_visa_attribute(ResourceAttribute.suppress_end_enabled, False)  # noqa: FBT003
        except Exception as error:
            reason = f"cannot be reached at {self.address}: {_reason(error)}"
            raise CommunicationError(self.instrument, "", reason) from error
        self._resource = resource
        tell(self.instrument, Said.OPEN, self.address.encode("ascii", "replace"))
        return resource

    def _send(self, commands: Sequence[str], timeout: float | None) -> None:
        resource = self._connected()
        resource.timeout = (self._timeout if timeout is None else timeout) * 1000
        lines = [f"{command}\n".encode("ascii") for command in commands]
        # On a raw socket all lines leave in one packet; one by one, each would wait for the last one's acknowledgement.
        for message in [b"".join(lines)] if self._is_socket and self._pause is None else lines:
            tell(self.instrument, Said.OUT, message)
            resource.write_raw(message)
            if self._pause is not None:
                self._pause()

    def _beginning(self, command: str, begins: str) -> bytes:
        """Read what stands before a block and the two characters that it begins with; return these."""
        data = self._read(2)
        if not begins:
            return data
        while b"#" not in data[:-1] and not data.endswith(b"\n") and len(data) < _LONGEST_TITLE:
            data += self._read(1)
        title, mark, rest = data.partition(b"#")
        if not mark or not re.fullmatch(begins.encode(), title):
            self._refuse(command, f"the reply is not a block of stated length; it begins {_shown(data)}")
        return b"#" + rest

    def _block(self, command: str, header: bytes) -> bytes:
        if not re.fullmatch(rb"#[1-9]", header):
            self._refuse(command, f"the reply is not a block of stated length; it begins {_shown(header)}")
        digits = self._read_all(int(header[1:]))
        if not digits.isdigit():
            self._refuse(command, f"the length of the block is not a number: {_shown(digits)}")
        length = int(digits)
        data = self._read_all(length)
        if len(data) < length:
            self.close()
            message = f"{self.instrument}: {command!r}: the block was cut after {len(data)} of {length} bytes"
            raise SamplesLost(message, partial=data)
        return data

    def _picture(self, command: str, begin: bytes) -> bytes:
        if begin == _BMP:
            begin = self._more(command, begin, 4)
            return self._more(command, begin, int.from_bytes(begin[2:], "little") - len(begin))
        if begin != _PNG[:2]:
            self._refuse(command, f"the reply is no picture; it begins {_shown(begin)}")
        data = self._more(command, begin, len(_PNG) - len(begin))
        if data != _PNG:
            self._refuse(command, f"the reply is no picture; it begins {_shown(data)}")
        kind = b""
        while kind != b"IEND":  # PNG: chunks of a length, a kind, so many bytes, and a checksum (ISO/IEC 15948 §5.3)
            data = self._more(command, data, 8)
            length, kind = int.from_bytes(data[-8:-4], "big"), data[-4:]
            data = self._more(command, data, length + 4)
        return data

    def _more(self, command: str, data: bytes, count: int) -> bytes:
        more = self._read_all(count)
        if len(more) < count:
            self.close()
            message = f"{self.instrument}: {command!r}: the picture was cut after {len(data) + len(more)} bytes"
            raise SamplesLost(message, partial=data + more)
        return data + more

    def _read_all(self, count: int) -> bytes:
        """Read that many bytes, or as many as come."""
        data, pauses = bytearray(), 0
        while len(data) < count:
            wanted = min(count - len(data), _CHUNK)
            chunk = self._read_or_nothing(wanted)
            if not chunk:
                break
            data += chunk
            pauses += self._is_socket and len(chunk) < wanted
            if pauses > _PAUSES:
                break
        return bytes(data)

    def _read_or_nothing(self, count: int) -> bytes:
        try:
            return self._read(count)
        except Exception:  # noqa: BLE001 - whatever ended the transfer, what came before it is what counts
            return b""

    def _read(self, count: int) -> bytes:
        resource = self._resource
        with resource.ignore_warning(StatusCode.success_device_not_present, StatusCode.success_max_count_read):
            chunk, _ = resource.visalib.read(resource.session, count)
        tell(self.instrument, Said.IN, bytes(chunk))
        return bytes(chunk)

    def _break(self, command: str, cause: Exception | str) -> NoReturn:
        self.close()
        if isinstance(cause, str):
            raise CommunicationError(self.instrument, command, cause)
        if isinstance(cause, ConnectionRefusedError):  # some back ends connect only when something is sent
            reason = f"cannot be reached at {self.address}: {_reason(cause)}"
            raise CommunicationError(self.instrument, "", reason) from cause
        raise CommunicationError(self.instrument, command, _reason(cause)) from cause

    def _refuse(self, command: str, reply: str) -> NoReturn:
        self.close()
        raise InstrumentError(self.instrument, command, reply)


def _reason(error: Exception) -> str:
    """Say what went wrong in words a person at the bench can use."""
    text = f"{type(error).__name__}: {error}"
    if "VI_ERROR_TMO" in text:
        return "no reply in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(text.split())


def _shown(data: bytes) -> str:
    return repr(data[:_SHOWN])[1:] if data else "nothing"
