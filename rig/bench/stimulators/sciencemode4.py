"""Hasomed P24, I24 and RehaMove3 stimulators: the mid level of ScienceMode 3/4."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.stimulators.framing import PACKET_NUMBERS, FrameReader, Packet, encode
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Shape, Stimulus
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["ScienceMode4", "opened"]

_ML_INIT, _ML_UPDATE, _ML_STOP, _ML_DATA = 30, 32, 34, 36
_DEVICE_ID, _VERSION, _RESET = 52, 68, 58
_GENERAL_ERROR, _UNKNOWN_COMMAND = 66, 67
_NAMES = {
    _ML_INIT: "ML_INIT",
    _ML_UPDATE: "ML_UPDATE",
    _ML_STOP: "ML_STOP",
    _ML_DATA: "ML_GET_CURRENT_DATA",
    _DEVICE_ID: "GET_DEVICE_ID",
    _VERSION: "GET_EXTENDED_VERSION",
    _RESET: "RESET",
}
_RESULTS = {
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
_NOT_INITIALISED = 7
_CHANNEL_STATES = {0: "", 1: "electrode error", 2: "pulse timed out", 3: "low current"}
_ALL_CHANNELS = 4
_DEVICE_ID_LENGTH = 10

CHANNELS = 8
_CURRENT_STEP = Decimal("0.0005")
_HIGHEST_CURRENT = Decimal("0.130")
_TIME_STEP = Decimal("1e-6")
_SHORTEST_POINT, _LONGEST_POINT = 10, 4095
_PERIOD_STEP = Decimal("0.00025")
_LARGEST_PERIOD_CODE = (1 << 15) - 1
# What the device adds to each pulse when it checks that pulses fill less than the whole of a second, us.
_OVERHEAD = 60
_FULL_SECOND = 1000
_CURRENT_OFFSET = 300
_LONGEST_PERIOD = Decimal("16.383")
# Bounds the wait where bytes keep coming that are no acknowledgement.
_MOST_READS = 64


class ScienceMode4:
    """A stimulator that repeats one pulse form on one channel until it is stopped.

    Parameters
    ----------
    name, address : from the bench file
    model : as in the device file; the protocol does not tell the members of the family apart
    timeout : how long to wait for a reply, s
    """

    keep_alive_interval: float | None = 1.5

    def __init__(self, name: str, address: str, *, model: str = "P24", timeout: float = 1.0) -> None:
        self.name = name
        self._model = model
        self._address = address
        self._timeout = timeout
        self._line: SerialLine | None = SerialLine(name, address, timeout=timeout)
        self._frames = FrameReader()
        self._number = -1
        self._prepared: Stimulus | None = None
        self._running: int | None = None
        self.condition = ""

    def identify(self) -> Identity:
        """Ask for the device's serial number and firmware version."""
        serial = self._ask(_DEVICE_ID, expected=_DEVICE_ID_LENGTH)
        version = self._ask(_VERSION, expected=3)
        text = serial[:_DEVICE_ID_LENGTH].rstrip(b"\0 ").decode("latin-1")
        if not (text.isascii() and text.isprintable()):
            raise InstrumentError(self.name, _NAMES[_DEVICE_ID], f"answered {text!r}")
        firmware = ".".join(str(part) for part in version[:3])
        return Identity(manufacturer="HASOMED", model=self._model, serial=text, firmware=firmware)

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check and hold a stimulus, output still off; return it as the device will set it, rounded to its steps."""
        self._prepared = None
        self._prepared = realise(stimulus)
        return self._prepared

    def start(self) -> None:
        """Begin to deliver the prepared stimulus."""
        stimulus = self._prepared
        if stimulus is None:
            raise InstrumentError(self.name, _NAMES[_ML_UPDATE], "no stimulus has been prepared")
        self.condition = ""
        self._ask(_ML_INIT, b"\0")
        self._running = stimulus.channel
        self._ask(_ML_UPDATE, update_data(stimulus))

    def keep_alive(self) -> None:
        """Tell the device that somebody is still there.

        An electrode error or too low a current is kept in ``condition``: into a high load the device says so and
        goes on.

        Raises
        ------
        InstrumentError
            if the device reports that it has stopped
        """
        data = self._ask(_ML_DATA, bytes((_ALL_CHANNELS,)), expected=6)
        if data[0] != _ALL_CHANNELS:
            raise InstrumentError(self.name, _NAMES[_ML_DATA], f"answered with selection {data[0]}")
        if self._running is None:
            return
        index = self._running - 1
        state = data[2 + index // 2] >> (4 * (index % 2)) & 0x0F
        self.condition = _CHANNEL_STATES.get(state, f"state {state}")
        if not data[1] >> index & 1:
            why = f": {self.condition}" if self.condition else ""
            raise InstrumentError(self.name, _NAMES[_ML_DATA], f"channel {self._running} has stopped{why}")

    def stop(self) -> None:
        """End stimulation; may be called at any time, any number of times."""
        self._prepared = self._running = None
        try:
            self._stop()
        except CommunicationError:
            # The one command worth a second attempt over a new connection; the device's own watchdog is the third.
            self._reopen()
            self._stop()

    def reset(self) -> None:
        """Have the device start anew."""
        self._prepared = self._running = None
        self._ask(_RESET)

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""
        self.close()

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""
        self._reopen()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _stop(self) -> None:
        self._ask(_ML_STOP, accepted=(0, _NOT_INITIALISED))

    def _reopen(self) -> None:
        self.close()
        self._line = SerialLine(self.name, self._address, timeout=self._timeout)
        self._frames.reset()

    def _ask(self, command: int, data: bytes = b"", *, expected: int = 0, accepted: tuple[int, ...] = (0,)) -> bytes:
        """Send a command and return its acknowledgement's data after the result code."""
        name = _NAMES[command]
        if self._line is None:
            raise CommunicationError(self.name, name, "the connection is closed")
        self._number = (self._number + 1) % PACKET_NUMBERS
        self._line.write(encode(Packet(number=self._number, command=command, data=data)), command=name)
        reply = self._await(command, name).data
        if not reply:
            raise InstrumentError(self.name, name, "the acknowledgement holds no result")
        if reply[0] not in accepted:
            raise InstrumentError(self.name, name, f"result {reply[0]}: {_RESULTS.get(reply[0], 'error')}")
        if len(reply) < 1 + expected:
            raise InstrumentError(self.name, name, f"the acknowledgement is too short: {reply.hex(' ')}")
        return reply[1:]

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


def realise(stimulus: Stimulus) -> Stimulus:
    """Return the stimulus as the device can set it: 0.5 mA, 1 us, and a period in steps of 0.25 ms.

    Periods above 8191.75 ms are set in steps of 0.5 ms.

    Raises
    ------
    Refused
        for what lies outside the device's ranges
    """
    if not 1 <= stimulus.channel <= CHANNELS:
        raise Refused(f"the stimulator has channels 1 to {CHANNELS}, not {stimulus.channel}")
    numbers = (stimulus.amplitude, stimulus.phase_duration, stimulus.interphase, stimulus.rate, stimulus.train)
    if not all(math.isfinite(number) for number in numbers) or stimulus.rate <= 0 or stimulus.train <= 0:
        raise Refused("a stimulus needs finite values, and a rate and a train above zero")
    amplitude = _amplitude(stimulus.amplitude)
    phase = _point("phase duration", stimulus.phase_duration)
    interphase = 0
    if stimulus.shape is Shape.BIPHASIC_SYMMETRIC and stimulus.interphase != 0:
        interphase = _point("interphase interval", stimulus.interphase)
    period = _period(stimulus.rate)
    width = stimulus.shape.phases * phase + interphase
    if math.ceil((width + _OVERHEAD) / (period * 1000)) >= _FULL_SECOND:
        shown = format_quantity(stimulus.rate, Unit.HERTZ)
        raise Refused(f"pulses of {width} us do not fit {shown}: the stimulator needs {_OVERHEAD} us besides each")
    return replace(
        stimulus,
        amplitude=float(amplitude),
        phase_duration=float(phase * _TIME_STEP),
        interphase=float(interphase * _TIME_STEP),
        rate=float(1 / period),
    )


def update_data(stimulus: Stimulus) -> bytes:
    """Return the data of ML_UPDATE for a realised stimulus: enabled channels, points and ramp, period, points."""
    current = _steps(stimulus.amplitude, _CURRENT_STEP) * stimulus.polarity.sign
    phase = _steps(stimulus.phase_duration, _TIME_STEP)
    points = [(phase, current)]
    if stimulus.shape is Shape.BIPHASIC_SYMMETRIC:
        if stimulus.interphase:
            points.append((_steps(stimulus.interphase, _TIME_STEP), 0))
        points.append((phase, -current))
    quarters = _steps_of(1 / Decimal(repr(stimulus.rate)), _PERIOD_STEP)
    # The lowest bit says that the code counts quarters of a millisecond instead of halves.
    period = quarters // 2 << 1 if quarters % 2 == 0 else quarters << 1 | 1
    head = bytes((1 << (stimulus.channel - 1), (len(points) - 1) << 4))
    return head + period.to_bytes(2, "big") + b"".join(_encode_point(time, steps) for time, steps in points)


def _encode_point(time: int, half_milliamperes: int) -> bytes:
    """12 bits of time in us, 10 bits of current offset by 150 mA, 10 bits of mode (0)."""
    return (time << 20 | (half_milliamperes + _CURRENT_OFFSET) << 10).to_bytes(4, "big")


def _amplitude(amplitude: float) -> Decimal:
    steps = _steps(amplitude, _CURRENT_STEP)
    shown = format_quantity(amplitude, Unit.AMPERE)
    if amplitude < 0:
        raise Refused(f"an amplitude of {shown} is negative; the polarity says which way current flows")
    if steps * _CURRENT_STEP > _HIGHEST_CURRENT:
        raise Refused(f"an amplitude of {shown} is more than the stimulator's 130 mA")
    if steps == 0 and amplitude > 0:
        raise Refused(f"an amplitude of {shown} is less than the stimulator's smallest, 0.5 mA")
    return steps * _CURRENT_STEP


def _point(name: str, duration: float) -> int:
    steps = _steps(duration, _TIME_STEP)
    if not _SHORTEST_POINT <= steps <= _LONGEST_POINT:
        shown = format_quantity(duration, Unit.SECOND)
        raise Refused(f"a {name} of {shown} is outside the stimulator's {_SHORTEST_POINT} us to {_LONGEST_POINT} us")
    return steps


def _period(rate: float) -> Decimal:
    period = 1 / Decimal(repr(rate))
    if period > _LONGEST_PERIOD:
        shown = format_quantity(rate, Unit.HERTZ)
        raise Refused(f"a rate of {shown} is below the stimulator's lowest, one pulse in {_LONGEST_PERIOD} s")
    quarters = _steps_of(period, _PERIOD_STEP)
    if quarters > _LARGEST_PERIOD_CODE:
        quarters = 2 * _steps_of(period, 2 * _PERIOD_STEP)
    if quarters == 0:
        shown = format_quantity(rate, Unit.HERTZ)
        raise Refused(f"a rate of {shown} is above the stimulator's highest, one pulse in 0.25 ms")
    return quarters * _PERIOD_STEP


def _steps(value: float, step: Decimal) -> int:
    return _steps_of(Decimal(repr(value)), step)


def _steps_of(value: Decimal, step: Decimal) -> int:
    return int((value / step).to_integral_value())


def opened(at: Opening) -> ScienceMode4:
    """Open a session as a bench file says."""
    return ScienceMode4(at.name, at.address, model=at.device.identity.model if at.device else "P24")
