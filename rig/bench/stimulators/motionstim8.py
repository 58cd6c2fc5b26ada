"""Hasomed MotionStim 8 stimulators: the channel list mode of the first ScienceMode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.stimulators.steps import MICROSECOND, check, current_steps, nearest, time_steps
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["MotionStim8", "Ranges", "init_command", "opened", "realise", "update_command"]

CHANNELS = 8
_INIT, _UPDATE, _STOP = 0, 1, 2
_NAMES = {_INIT: "INIT", _UPDATE: "UPDATE", _STOP: "STOP"}
_FIRST_BYTE = 0x80
_DONE = 1
_MILLIAMPERE = Decimal("0.001")
_HALF_MILLISECOND = Decimal("0.0005")
_PERIOD_OFFSET = Decimal("0.001")
_LARGEST_PERIOD_CODE = (1 << 11) - 1
# Bounds the wait where acknowledgements of earlier commands keep coming.
_MOST_READS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What is not the same for all, or not documented: A and s."""

    greatest_current: float = 0.125
    shortest: float = 10e-6
    longest: float = 500e-6
    interphase: float = 100e-6
    least_period: float = 8e-3


class MotionStim8:
    """A stimulator that repeats biphasic pulses on one channel until it is stopped.

    Nothing of the device can be asked: that it acknowledges a stop shows that it is there.

    Parameters
    ----------
    name, address : from the bench file
    stated : who it is, as in the device file
    ranges : what it can be set to
    stop_bits : of the line
    timeout : how long to wait for an acknowledgement, s
    """

    keep_alive_interval: float | None = None

    def __init__(
        self,
        name: str,
        address: str,
        *,
        stated: Identity,
        ranges: Ranges | None = None,
        stop_bits: int = 2,
        timeout: float = 1.0,
    ) -> None:
        self.name = name
        self._address, self._stated, self._stop_bits, self._timeout = address, stated, stop_bits, timeout
        self._ranges = Ranges() if ranges is None else ranges
        self._line: SerialLine | None = None
        self._prepared: Stimulus | None = None
        self._listed = False
        self._open()

    def identify(self) -> Identity:
        """See that a device acknowledges a stop; who it is, only the device file knows."""
        self.stop()
        return self._stated

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check and hold a stimulus, output still off; return it as the device will set it, rounded to its steps."""
        self._prepared = None
        self._prepared = realise(stimulus, self._ranges)
        return self._prepared

    def start(self) -> None:
        """Begin to deliver the prepared stimulus."""
        stimulus = self._prepared
        if stimulus is None:
            raise InstrumentError(self.name, _NAMES[_UPDATE], "no stimulus has been prepared")
        self._listed = True
        self._ask(_INIT, init_command(stimulus))
        self._ask(_UPDATE, update_command(stimulus))

    def keep_alive(self) -> None:
        """Do nothing: the device goes on until it is told otherwise."""

    def stop(self) -> None:
        """End stimulation; may be called at any time, any number of times."""
        self._prepared = None
        try:
            self._stop()
        except CommunicationError:
            # Worth a second attempt over a new connection; what is left after that is the relays.
            self._open()
            self._stop()

    def reset(self) -> None:
        """Refuse: the protocol has no such command."""
        raise Refused(f"{self.name}: a MotionStim 8 cannot be reset over its line")

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""
        self.close()

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""
        self._open()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _open(self) -> None:
        self.close()
        self._line = SerialLine(self.name, self._address, stop_bits=self._stop_bits, timeout=self._timeout)

    def _stop(self) -> None:
        # Where no list was begun, that there is nothing to stop may well be called an error.
        self._ask(_STOP, bytes((_FIRST_BYTE | _STOP << 5,)), needs_done=self._listed)
        self._listed = False

    def _ask(self, command: int, data: bytes, *, needs_done: bool = True) -> None:
        """Send a command and see that it is acknowledged."""
        name = _NAMES[command]
        if self._line is None:
            raise CommunicationError(self.name, name, "the connection is closed")
        self._line.discard()
        self._line.write(data, command=name)
        for _ in range(_MOST_READS):
            for acknowledged in self._line.read(command=name):
                if acknowledged >> 6 != command:
                    continue  # the late answer to an earlier command
                if acknowledged & ~0xC0 & 0xFF not in {0, _DONE}:
                    raise InstrumentError(self.name, name, f"acknowledged with 0x{acknowledged:02x}")
                if needs_done and not acknowledged & _DONE:
                    raise InstrumentError(self.name, name, f"the device reports an error (0x{acknowledged:02x})")
                return
            if not self._line.pending(command=name):
                break
        raise CommunicationError(self.name, name, "no acknowledgement in time")


def realise(stimulus: Stimulus, ranges: Ranges) -> Stimulus:
    """Return the stimulus as the device can set it: 1 mA, 1 us, and a period in steps of 0.5 ms.

    Raises
    ------
    Refused
        for what lies outside the device's ranges
    """
    check(stimulus, CHANNELS)
    if stimulus.shape is not Shape.BIPHASIC_SYMMETRIC or stimulus.polarity is not Polarity.POSITIVE:
        raise Refused("a MotionStim 8 gives biphasic pulses that begin with the positive phase, and no others")
    if nearest(stimulus.interphase, MICROSECOND) != nearest(ranges.interphase, MICROSECOND):
        fixed = format_quantity(ranges.interphase, Unit.SECOND)
        raise Refused(f"the interphase interval of a MotionStim 8 is {fixed} and cannot be set")
    amplitude = current_steps(stimulus.amplitude, step=_MILLIAMPERE, highest=Decimal(repr(ranges.greatest_current)))
    phase = time_steps(
        "phase duration",
        stimulus.phase_duration,
        shortest=nearest(ranges.shortest, MICROSECOND),
        longest=nearest(ranges.longest, MICROSECOND),
    )
    period = _period_code(stimulus.rate, ranges) * _HALF_MILLISECOND + _PERIOD_OFFSET
    return replace(
        stimulus,
        amplitude=float(amplitude * _MILLIAMPERE),
        phase_duration=float(phase * MICROSECOND),
        rate=float(1 / period),
    )


def init_command(stimulus: Stimulus) -> bytes:
    """Return the bytes that begin a list of one channel, without slowed channels, doublets and triplets.

    Fields, from the most significant bit: command 2, sum 3, factor 3, channels 8, slowed channels 8, unused 2, time
    within groups 5, period 11; seven bits a byte.
    """
    channels = 1 << (stimulus.channel - 1)
    period = nearest(1 / Decimal(repr(stimulus.rate)) - _PERIOD_OFFSET, _HALF_MILLISECOND)
    word = _INIT
    for value, bits in (((channels + period) % 8, 3), (0, 3), (channels, 8), (0, 8), (0, 2), (0, 5), (period, 11)):
        word = word << bits | value
    return _sevens(word, 6)


def update_command(stimulus: Stimulus) -> bytes:
    """Return the bytes that set the list's channel: command 2, sum 5; mode 2, unused 3, phase 9, current 7."""
    phase, current = nearest(stimulus.phase_duration, MICROSECOND), nearest(stimulus.amplitude, _MILLIAMPERE)
    word = _UPDATE << 5 | (phase + current) % 32
    return _sevens(word << 21 | phase << 7 | current, 4)


def _sevens(word: int, count: int) -> bytes:
    """Return so many bytes of seven bits each; the first one is marked."""
    sevens = [word >> 7 * place & 0x7F for place in reversed(range(count))]
    return bytes((sevens[0] | _FIRST_BYTE, *sevens[1:]))


def _period_code(rate: float, ranges: Ranges) -> int:
    period = 1 / Decimal(repr(rate))
    code = nearest(period - _PERIOD_OFFSET, _HALF_MILLISECOND)
    least = nearest(Decimal(repr(ranges.least_period)) - _PERIOD_OFFSET, _HALF_MILLISECOND)
    if not least <= code <= _LARGEST_PERIOD_CODE:
        longest = _LARGEST_PERIOD_CODE * _HALF_MILLISECOND + _PERIOD_OFFSET
        shown = format_quantity(rate, Unit.HERTZ)
        told = f"{format_quantity(ranges.least_period, Unit.SECOND)} to {format_quantity(float(longest), Unit.SECOND)}"
        raise Refused(f"a rate of {shown} is beyond the stimulator's, one pulse in {told}")
    return code


def opened(at: Opening) -> MotionStim8:
    """Open a session as a bench file says."""
    if at.device is None:
        raise Refused(f"{at.name}: who a MotionStim 8 is, only a device file can say")
    stated, ranges = at.device.identity, Ranges()
    return MotionStim8(
        at.name,
        at.address,
        stated=Identity(
            manufacturer=stated.manufacturer, model=stated.model, serial=stated.serial, firmware=stated.firmware or ""
        ),
        ranges=Ranges(
            greatest_current=at.option("greatest_current", ranges.greatest_current),
            shortest=at.option("shortest", ranges.shortest),
            longest=at.option("longest", ranges.longest),
            interphase=at.option("interphase", ranges.interphase),
            least_period=at.option("least_period", ranges.least_period),
        ),
        stop_bits=at.option("stop_bits", 2),
        timeout=at.patience(1.0),
    )
