"""The conversation with a ScienceMode 2 device: its greeting, numbered commands and their acknowledgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.stimulators.sciencemode2_framing import PACKET_NUMBERS, FrameReader, Packet, encode
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.roles import Clock

__all__ = ["NAMES", "START", "Dialogue"]

_BAUD = 460800
_INIT, _INIT_ACK, _UNKNOWN_COMMAND, _ERROR = 1, 2, 3, 38
_GET_MODE, _INIT_LIST, START = 10, 30, 32
NAMES = {
    _INIT: "Init",
    _GET_MODE: "GetStimulationMode",
    _INIT_LIST: "InitChannelListMode",
    START: "StartChannelListMode",
    34: "StopChannelListMode",
}
_RESULTS = {
    -1: "transfer error",
    -2: "parameter error",
    -3: "wrong mode",
    -5: "incompatible version",
    -8: "busy",
}
_ERRORS = {-1: "the emergency switch is off or not connected", -2: "electrode error", -3: "stimulation module error"}
_ELECTRODE = -2
_WRONG_MODE = -3
_START_UP = b"\0"
_VERSION, _INCOMPATIBLE = 1, -5
# The device says Init every 0.5 s, from 1.2 s after the last word that it heard.
_BETWEEN_INITS, _GREETINGS = 0.5, 5
# Bounds the wait where bytes keep coming that are no packet, and packets that are no answer.
_MOST_READS = 64


class Dialogue:
    """One line to one device.

    Parameters
    ----------
    name, address : from the bench file
    clock : of the bench, by which the device's next Init is waited for
    timeout : how long to wait for a reply, s
    """

    def __init__(self, name: str, address: str, *, clock: Clock, timeout: float) -> None:
        self.name = name
        self._address, self._clock, self._timeout = address, clock, timeout
        self._line: SerialLine | None = self._opened()
        self._frames = FrameReader()
        self._number = -1
        self.version = 0
        self.condition = ""

    def greet(self) -> None:
        """See that the device listens, and acknowledge its Init where it has begun anew.

        Raises
        ------
        CommunicationError
            if neither an answer nor an Init comes
        InstrumentError
            if it speaks another version
        """
        reply = self._insist(_GET_MODE)
        self._result(reply, _GET_MODE, 1, (0,))
        if not self.version and reply.data[1:2] == _START_UP:
            # It may have begun anew so lately that its first Init is still to come.
            self._acknowledge_last(self._hear(_GET_MODE))

    def initialise(self, data: bytes) -> None:
        """Send InitChannelListMode, greeting the device where it has begun anew since it was last spoken to.

        Raises as :meth:`greet`, and InstrumentError where the device refuses.
        """
        reply = self._insist(_INIT_LIST, data)
        for _ in range(_GREETINGS):
            if _signed(reply.data) != _WRONG_MODE:
                break
            # Not greeted yet; and the Init is still to come.
            if not self._acknowledge_last(self._hear(_INIT_LIST)):
                self._clock.sleep(_BETWEEN_INITS)
            reply = self._insist(_INIT_LIST, data)
        self._result(reply, _INIT_LIST, 0, (0,))

    def _insist(self, command: int, data: bytes = b"") -> Packet:
        """Send a command until it is answered, acknowledging every Init that comes instead."""
        for _ in range(_GREETINGS):
            number = self._send(command, data)
            for packets in self._batches(command):
                if self._acknowledge_last(packets):
                    break
                for packet in packets:
                    if packet.number == number and packet.command != _ERROR:
                        return packet
            else:
                self._clock.sleep(_BETWEEN_INITS)
        raise CommunicationError(self.name, NAMES[_INIT], f"the device neither answers nor says Init{self._damaged()}")

    def _acknowledge_last(self, packets: list[Packet]) -> bool:
        """Acknowledge the last Init among packets; return whether there was one."""
        inits = [packet for packet in packets if packet.command == _INIT]
        if inits:
            self._acknowledge(inits[-1])
        return bool(inits)

    def ask(self, command: int, data: bytes = b"", *, expected: int = 0, accepted: tuple[int, ...] = (0,)) -> bytes:
        """Send a command and return its acknowledgement's data after the result code."""
        name = NAMES[command]
        number = self._send(command, data)
        for packets in self._batches(command):
            for packet in packets:
                if packet.command == _INIT:
                    raise InstrumentError(self.name, name, "the device has begun anew: what it delivered has ended")
                if packet.command == _ERROR:
                    self._take_error(packet, name)
                elif packet.number == number:  # otherwise the late answer to an earlier question
                    return self._result(packet, command, expected, accepted)
        raise CommunicationError(self.name, name, f"no acknowledgement in time{self._damaged()}")

    def stop(self, command: int, *, accepted: tuple[int, ...]) -> None:
        """Send a command that ends stimulation; over a new connection where the first attempt breaks."""
        try:
            self._ask_to_stop(command, accepted)
        except CommunicationError:
            # The one command worth a second attempt over a new connection; the device's own watchdog is the third.
            self.reopen()
            self._ask_to_stop(command, accepted)

    def reopen(self) -> None:
        """Open the line anew; the device is told nothing."""
        self.close()
        self._line = self._opened()
        self._frames.reset()

    def close(self) -> None:
        """Close the line; may be called twice, never raises."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _ask_to_stop(self, command: int, accepted: tuple[int, ...]) -> None:
        """Ask for the end; a device that says Init has ended everything already."""
        number, waited = self._send(command), False
        for _ in range(_MOST_READS):
            packets = self._hear(command)
            if any(packet.command == _INIT for packet in packets):
                return
            for packet in packets:
                if packet.number == number and packet.command != _ERROR:
                    self._result(packet, command, 0, accepted)
                    return
            if not packets and waited:
                break
            if not packets:
                waited = True
                self._clock.sleep(_BETWEEN_INITS)
        raise CommunicationError(self.name, NAMES[command], f"no acknowledgement in time{self._damaged()}")

    def _acknowledge(self, init: Packet) -> None:
        self.version = init.data[0] if init.data else 0
        fits = self.version == _VERSION
        result = bytes((0 if fits else _INCOMPATIBLE & 0xFF,))
        self._write(Packet(number=init.number, command=_INIT_ACK, data=result), NAMES[_INIT])
        if not fits:
            msg = f"the device speaks version {self.version} of its protocol, not {_VERSION}"
            raise InstrumentError(self.name, NAMES[_INIT], msg)

    def _take_error(self, packet: Packet, name: str) -> None:
        code = _signed(packet.data)
        if code != _ELECTRODE:
            raise InstrumentError(self.name, name, f"the device reports {_ERRORS.get(code, f'error {code}')}")
        self.condition = _ERRORS[code]

    def _result(self, packet: Packet, command: int, expected: int, accepted: tuple[int, ...]) -> bytes:
        name = NAMES[command]
        if packet.command == _UNKNOWN_COMMAND:
            raise InstrumentError(self.name, name, "the device does not know this command")
        if packet.command != command + 1:
            raise InstrumentError(self.name, name, f"acknowledged as command {packet.command}")
        if not packet.data:
            raise InstrumentError(self.name, name, "the acknowledgement holds no result")
        result = _signed(packet.data)
        if result not in accepted:
            raise InstrumentError(self.name, name, f"result {result}: {_RESULTS.get(result, 'error')}")
        if len(packet.data) < 1 + expected:
            raise InstrumentError(self.name, name, f"the acknowledgement is too short: {packet.data.hex(' ')}")
        return packet.data[1:]

    def _send(self, command: int, data: bytes = b"") -> int:
        self._number = (self._number + 1) % PACKET_NUMBERS
        self._write(Packet(number=self._number, command=command, data=data), NAMES[command])
        return self._number

    def _write(self, packet: Packet, name: str) -> None:
        if self._line is None:
            raise CommunicationError(self.name, name, "the connection is closed")
        self._line.write(encode(packet), command=name)

    def _batches(self, command: int) -> Iterator[list[Packet]]:
        """Yield what comes, until nothing does or it has been too much to be an answer."""
        for _ in range(_MOST_READS):
            packets = self._hear(command)
            if not packets:
                return
            yield packets

    def _hear(self, command: int) -> list[Packet]:
        """Return the packets that come next, none once the time is over without one."""
        for _ in range(_MOST_READS):
            data = b"" if self._line is None else self._line.read(command=NAMES[command])
            packets = self._frames.feed(data)
            if packets or not data:
                return packets
        return []

    def _opened(self) -> SerialLine:
        return SerialLine(self.name, self._address, baud=_BAUD, parity="E", timeout=self._timeout)

    def _damaged(self) -> str:
        return f"; {self._frames.rejected} damaged frames so far" if self._frames.rejected else ""


def _signed(data: bytes) -> int:
    return int.from_bytes(data[:1], "big", signed=True)
