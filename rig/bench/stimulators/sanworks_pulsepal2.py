"""Sanworks Pulse Pal 2: a generator of voltage pulses, which an isolator behind it turns into current.

The pulses last as long as they were programmed to: the device watches nobody. Layout of the messages: the source of its
firmware 2.0.1.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.stimulators.steps import check, current_steps, nearest, time_steps
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, Refused, RigError
from rig.model.identity import Identity
from rig.model.stimulus import Shape, Stimulus
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["PulsePal2", "Ranges", "opened", "program", "realise"]

CHANNELS = 4
_MENU = 213
_HANDSHAKE, _PROGRAM, _TRIGGER, _ABORT, _DISCONNECT = 72, 73, 77, 80, 81
_NAMES = {
    _HANDSHAKE: "handshake",
    _PROGRAM: "program",
    _TRIGGER: "soft trigger",
    _ABORT: "abort",
    _DISCONNECT: "disconnect",
}
_GREETING, _GREETING_LENGTH = b"K", 5
_OLDEST, _NEWEST = 20, 29
_DONE = b"\1"

_TICK = Decimal("50e-6")
_LONGEST_TICKS = 3600 * 20000
_VOLT_STEP = Decimal(20) / Decimal(65535)
_RESTING = 32768
# To 9.9998 V: ten volts themselves lie between two codes, of which the upper is none.
_MOST_STEPS = 32767
_LAYOUT = struct.Struct("<32I12H26B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What a volt means, A, which is the isolator's; and the shortest phase and rest that are programmed, s."""

    current_per_volt: float
    shortest: float = 100e-6


class PulsePal2:
    """A generator that delivers a train of pulses by itself once it is triggered.

    Parameters
    ----------
    name, address : from the bench file
    ranges : of this very device and its isolator
    serial : as in the device file; the protocol does not tell it
    timeout : how long to wait for a reply, s
    """

    keep_alive_interval: float | None = None

    def __init__(self, name: str, address: str, *, ranges: Ranges, serial: str = "0", timeout: float = 1.0) -> None:
        self.name = name
        self._address, self._timeout = address, timeout
        self._ranges, self._serial = ranges, serial
        self._line: SerialLine | None = SerialLine(name, address, timeout=timeout)
        self._prepared: Stimulus | None = None

    def identify(self) -> Identity:
        """Ask for the version of the firmware; the serial number is taken from the device file."""
        version = self._greet()
        if not _OLDEST <= version <= _NEWEST:
            raise InstrumentError(self.name, _NAMES[_HANDSHAKE], f"firmware {version} is not that of a Pulse Pal 2")
        return Identity(manufacturer="Sanworks", model="Pulse Pal 2", serial=self._serial, firmware=str(version))

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check and hold a stimulus, output still off; return it as the device will set it, rounded to its steps."""
        self._prepared = None
        self._prepared = realise(stimulus, self._ranges)
        return self._prepared

    def start(self) -> None:
        """Program all channels, of which the others rest, and trigger the one that delivers."""
        stimulus = self._prepared
        if stimulus is None:
            raise InstrumentError(self.name, _NAMES[_PROGRAM], "no stimulus has been prepared")
        reply = self._ask(_PROGRAM, program(stimulus, self._ranges), length=1)
        if reply != _DONE:
            raise InstrumentError(self.name, _NAMES[_PROGRAM], f"confirmed with {reply.hex()} instead of 01")
        self._tell(_TRIGGER, bytes((1 << (stimulus.channel - 1),)))
        # Triggers are not confirmed: the answer to a question behind it shows that this one was taken.
        self._greet()

    def keep_alive(self) -> None:
        """Do nothing: the device watches nobody, and cannot say whether it still delivers."""

    def stop(self) -> None:
        """End stimulation; may be called at any time, any number of times."""
        self._prepared = None
        try:
            self._abort()
        except CommunicationError:
            # The one command worth a second attempt over a new connection; the programmed duration is the third.
            self._reopen()
            self._abort()

    def reset(self) -> None:
        """Raise Refused: the protocol knows no such command."""
        raise Refused(f"{self.name}: the stimulator has no command that makes it start anew")

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""
        self._reopen()

    def close(self) -> None:
        """Take leave, which ends all pulses, and end the session; may be called twice, never raises."""
        if self._line is not None:
            with contextlib.suppress(RigError):
                self._tell(_DISCONNECT)
        self.disconnect()

    def _abort(self) -> None:
        """Abort, and see by the answer to a question behind it that this has been done."""
        self._tell(_ABORT)
        self._greet()

    def _greet(self) -> int:
        reply = self._ask(_HANDSHAKE, length=_GREETING_LENGTH)
        if reply[:1] != _GREETING:
            raise InstrumentError(self.name, _NAMES[_HANDSHAKE], f"answered {reply.hex(' ')}")
        return int.from_bytes(reply[1:], "little")

    def _reopen(self) -> None:
        self.disconnect()
        self._line = SerialLine(self.name, self._address, timeout=self._timeout)

    def _ask(self, operation: int, data: bytes = b"", *, length: int) -> bytes:
        """Send a message and return the reply, which says neither what it answers nor where it begins."""
        if self._line is not None:
            self._line.discard()
        self._tell(operation, data)
        reply = b""
        while self._line is not None and len(reply) < length:
            more = self._line.read(command=_NAMES[operation])
            if not more:
                got = f" after {reply.hex(' ')}" if reply else ""
                raise CommunicationError(self.name, _NAMES[operation], f"no reply in time{got}")
            reply += more
        if len(reply) > length:
            raise InstrumentError(self.name, _NAMES[operation], f"answered {reply.hex(' ')}, more than {length} bytes")
        return reply

    def _tell(self, operation: int, data: bytes = b"") -> None:
        if self._line is None:
            raise CommunicationError(self.name, _NAMES[operation], "the connection is closed")
        self._line.write(bytes((_MENU, operation)) + data, command=_NAMES[operation])


def realise(stimulus: Stimulus, ranges: Ranges) -> Stimulus:
    """Return the stimulus as the device can set it: in steps of its converter and of 50 us.

    Raises
    ------
    Refused
        for what lies outside the ranges of device and isolator
    """
    check(stimulus, CHANNELS)
    step = _current_step(ranges)
    amplitude = current_steps(stimulus.amplitude, step=step, highest=_MOST_STEPS * step) * step
    shortest = nearest(ranges.shortest, _TICK)
    phase = _ticks("phase duration", stimulus.phase_duration, shortest)
    interphase = 0
    if stimulus.shape is Shape.BIPHASIC_SYMMETRIC and stimulus.interphase != 0:
        interphase = _ticks("interphase interval", stimulus.interphase, shortest)
    period = nearest(1 / Decimal(repr(stimulus.rate)), _TICK)
    rest = period - stimulus.shape.phases * phase - interphase
    if not shortest <= rest <= _LONGEST_TICKS:
        shown = format_quantity(stimulus.rate, Unit.HERTZ)
        least = format_quantity(ranges.shortest, Unit.SECOND)
        raise Refused(f"pulses of such a length do not fit {shown}: the stimulator rests {least} to 3600 s after each")
    _train_ticks(stimulus.train, period)
    return replace(
        stimulus,
        amplitude=float(amplitude),
        phase_duration=float(phase * _TICK),
        interphase=float(interphase * _TICK),
        rate=float(1 / (period * _TICK)),
    )


def program(stimulus: Stimulus, ranges: Ranges) -> bytes:
    """Return the 178 bytes that program all channels for a realised stimulus on one of them; no trigger is linked.

    The train ends with the last period that begins before it is over, so that no pulse is cut.
    """
    steps = stimulus.polarity.sign * nearest(stimulus.amplitude, _current_step(ranges))
    phase, interphase = nearest(stimulus.phase_duration, _TICK), nearest(stimulus.interphase, _TICK)
    period = nearest(1 / Decimal(repr(stimulus.rate)), _TICK)
    biphasic = stimulus.shape is Shape.BIPHASIC_SYMMETRIC
    rest = period - stimulus.shape.phases * phase - interphase
    idle = nearest(ranges.shortest, _TICK)

    def of(value: int, others: int) -> list[int]:
        return [value if number == stimulus.channel else others for number in range(1, CHANNELS + 1)]

    times = [
        of(phase, idle),
        of(interphase, 0),
        of(phase, idle),
        of(rest, idle),
        of(0, 0),  # bursts: none
        of(0, 0),
        of(_train_ticks(stimulus.train, period), idle),
        of(0, 0),  # delay
    ]
    voltages = [of(_RESTING + steps, _RESTING), of(_RESTING - steps, _RESTING), of(_RESTING, _RESTING)]
    # Whether pulses have two phases; then no custom trains, and no trigger inputs for any channel.
    switches = [*of(int(biphasic), 0), *[0] * 22]
    return _LAYOUT.pack(*(value for row in [*times, *voltages] for value in row), *switches)


def _current_step(ranges: Ranges) -> Decimal:
    return _VOLT_STEP * Decimal(repr(ranges.current_per_volt))


def _ticks(name: str, duration: float, shortest: int) -> int:
    return time_steps(name, duration, shortest=shortest, longest=_LONGEST_TICKS, step=_TICK)


def _train_ticks(train: float, period: int) -> int:
    """Return the whole periods that begin within a train, in ticks."""
    pulses = -(-nearest(train, _TICK) // period) or 1
    if pulses * period > _LONGEST_TICKS:
        raise Refused(f"a train of {format_quantity(train, Unit.SECOND)} is longer than the stimulator's 3600 s")
    return pulses * period


def opened(at: Opening) -> PulsePal2:
    """Open a session as a bench file says.

    Raises
    ------
    Refused
        where the bench file does not say what current a volt is
    """
    current_per_volt = at.option("current_per_volt", 0.0)
    if not current_per_volt > 0:
        raise Refused(f"{at.name}: options: current_per_volt must say what current the isolator gives for a volt, A/V")
    return PulsePal2(
        at.name,
        at.address,
        ranges=Ranges(current_per_volt=current_per_volt, shortest=at.option("shortest", 100e-6)),
        serial=at.device.identity.serial if at.device else "0",
        timeout=at.patience(1.0),
    )
