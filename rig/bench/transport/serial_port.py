"""Bytes to and from a serial line: a COM port, a tty, a pseudo-terminal or ``socket://host:port``, through pyserial."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import serial

from rig.bench.transport.tap import tell
from rig.errors import CommunicationError
from rig.model.dialogue import Said

__all__ = ["SerialLine"]

_BAUD = 115200


class SerialLine:
    """One open serial line.

    Parameters
    ----------
    instrument : its name in the bench file, for messages
    address : what pyserial's ``serial_for_url`` takes
    baud, parity, stop_bits : ignored by USB devices of the communications class and by sockets
    timeout : how long to wait for bytes, s
    """

    def __init__(
        self,
        instrument: str,
        address: str,
        *,
        baud: int = _BAUD,
        parity: Literal["N", "E", "O"] = "N",
        stop_bits: int = 1,
        timeout: float = 1.0,
    ) -> None:
        self.instrument = instrument
        self.address = address
        try:
            self._port: Any = serial.serial_for_url(
                address,
                baudrate=baud,
                parity=parity,
                stopbits=stop_bits,
                timeout=timeout,
                write_timeout=timeout,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            reason = f"cannot be reached at {address}: {_reason(error)}"
            raise CommunicationError(instrument, "", reason) from error
        tell(instrument, Said.OPEN, address.encode("ascii", "replace"))

    def write(self, data: bytes, *, command: str) -> None:
        """Send bytes; ``command`` names them in messages."""
        tell(self.instrument, Said.OUT, data)
        try:
            self._port.write(data)
        except (OSError, ValueError) as error:  # pyserial's SerialException is an OSError
            raise CommunicationError(self.instrument, command, _reason(error)) from error

    def read(self, *, command: str) -> bytes:
        """Return what has come, at least one byte, or nothing once the time is over."""
        try:
            # A socket reports one byte waiting however many there are, hence the second look.
            data = bytes(self._port.read(1))
            while waiting := self._port.in_waiting if data else 0:
                data += bytes(self._port.read(waiting))
        except (OSError, ValueError, TypeError) as error:  # TypeError: closed under pyserial's feet
            raise CommunicationError(self.instrument, command, _reason(error)) from error
        if data:
            tell(self.instrument, Said.IN, data)
        return data

    def pending(self, *, command: str) -> bytes:
        """Return what has come by now, or nothing; does not wait."""
        try:
            return self.read(command=command) if self._port.in_waiting else b""
        except (OSError, ValueError, TypeError) as error:
            raise CommunicationError(self.instrument, command, _reason(error)) from error

    def discard(self) -> None:
        """Forget what has come and was not read."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            self._port.reset_input_buffer()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        if self._port.is_open:
            tell(self.instrument, Said.CLOSE)
        # pyserial forgets a socket that the other side has ended, instead of closing it.
        held = getattr(self._port, "_socket", None)
        with contextlib.suppress(OSError, ValueError, TypeError):
            self._port.close()
        if held is not None:
            held.close()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
