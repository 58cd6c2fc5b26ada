"""The conversation with a ScienceMode 3/4 device: numbered commands, their acknowledgements, and who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.stimulators.framing import PACKET_NUMBERS, FrameReader, Packet, encode
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOT_INITIALISED", "RESULTS", "Dialogue"]

_DEVICE_ID, _VERSION, _RESET = 52, 68, 58
_GENERAL_ERROR, _UNKNOWN_COMMAND = 66, 67
_NAMES = {_DEVICE_ID: "GET_DEVICE_ID", _VERSION: "GET_EXTENDED_VERSION", _RESET: "RESET"}
RESULTS = {
    1: "transfer error",
    2: "parameter error",
    3: "protocol error",
    4: "stimulation processor timed out",
    7: "not initialised",
    8: "high voltage error",
    10: "electrode error",
    11: "invalid command",
    16: "pulse timed out",
    21: "busy",
    28: "low current",
}
NOT_INITIALISED = 7
_DEVICE_ID_LENGTH = 10
# Bounds the wait where bytes keep coming that are no acknowledgement.
_MOST_READS = 64


class Dialogue:
    """One line to one device.

    Parameters
    ----------
    name, address : from the bench file
    names : what the commands are called in messages, besides those that every device has
    timeout : how long to wait for a reply, s
    """

    def __init__(self, name: str, address: str, *, names: Mapping[int, str], timeout: float) -> None:
        self.name = name
        self._names = {**_NAMES, **names}
        self._address, self._timeout = address, timeout
        self._line: SerialLine | None = SerialLine(name, address, timeout=timeout)
        self._frames = FrameReader()
        self._number = -1

    def identify(self, model: str) -> Identity:
        """Ask for the device's serial number and firmware version; the model is not told."""
        serial = self.ask(_DEVICE_ID, expected=_DEVICE_ID_LENGTH)
        version = self.ask(_VERSION, expected=3)
        text = serial[:_DEVICE_ID_LENGTH].rstrip(b"\0 ").decode("latin-1")
        if not (text.isascii() and text.isprintable()):
            raise InstrumentError(self.name, _NAMES[_DEVICE_ID], f"answered {text!r}")
        firmware = ".".join(str(part) for part in version[:3])
        return Identity(manufacturer="HASOMED", model=model, serial=text, firmware=firmware)

    def reset(self) -> None:
        """Have the device start anew."""
        self.ask(_RESET)

    def stop(self, command: int) -> None:
        """Send a command that ends stimulation; over a new connection where the first attempt breaks."""
        try:
            self.ask(command, accepted=(0, NOT_INITIALISED))
        except CommunicationError:
            # The one command worth a second attempt over a new connection; the device's own watchdog is the third.
            self.reopen()
            self.ask(command, accepted=(0, NOT_INITIALISED))

    def reopen(self) -> None:
        """Open the line anew; the device is told nothing."""
        self.close()
        self._line = SerialLine(self.name, self._address, timeout=self._timeout)
        self._frames.reset()

    def close(self) -> None:
        """Close the line; may be called twice, never raises."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def ask(self, command: int, data: bytes = b"", *, expected: int = 0, accepted: tuple[int, ...] = (0,)) -> bytes:
        """Send a command and return its acknowledgement's data after the result code."""
        name = self._names[command]
        reply = self.acknowledgement(command, data)
        if reply[0] not in accepted:
            raise InstrumentError(self.name, name, f"result {reply[0]}: {RESULTS.get(reply[0], 'error')}")
        if len(reply) < 1 + expected:
            raise InstrumentError(self.name, name, f"the acknowledgement is too short: {reply.hex(' ')}")
        return reply[1:]

    def acknowledgement(self, command: int, data: bytes = b"") -> bytes:
        """Send a command and return its acknowledgement's data, the result code first, whatever it is."""
        name = self._names[command]
        if self._line is None:
            raise CommunicationError(self.name, name, "the connection is closed")
        self._number = (self._number + 1) % PACKET_NUMBERS
        self._line.write(encode(Packet(number=self._number, command=command, data=data)), command=name)
        reply = self._await(command, name).data
        if not reply:
            raise InstrumentError(self.name, name, "the acknowledgement holds no result")
        return reply

    def _await(self, command: int, name: str) -> Packet:
        line = self._line
        for _ in range(_MOST_READS):
            data = line.read(command=name) if line is not None else b""
            if not data:
                break
            for packet in self._frames.feed(data):
                if packet.command == _GENERAL_ERROR:
                    raise InstrumentError(self.name, name, f"the device reports an error: {packet.data.hex(' ')}")
                if packet.number != self._number:
                    continue  # the late answer to an earlier question
                if packet.command == _UNKNOWN_COMMAND:
                    raise InstrumentError(self.name, name, "the device does not know this command")
                if packet.command != command + 1:
                    raise InstrumentError(self.name, name, f"acknowledged as command {packet.command}")
                return packet
        damaged = f"; {self._frames.rejected} damaged frames so far" if self._frames.rejected else ""
        raise CommunicationError(self.name, name, f"no acknowledgement in time{damaged}")
