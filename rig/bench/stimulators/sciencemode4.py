"""Hasomed P24, I24 and RehaMove3 stimulators: the mid level of ScienceMode 3/4."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.stimulators.sciencemode4_dialogue import Dialogue
from rig.bench.stimulators.steps import MICROSECOND, check, current_steps, nearest, time_steps
from rig.errors import InstrumentError, Refused
from rig.model.stimulus import Shape, Stimulus
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.model.identity import Identity

__all__ = ["CHANNELS", "ScienceMode4", "opened", "points", "realise_pulse", "update_data"]

_ML_INIT, _ML_UPDATE, _ML_STOP, _ML_DATA = 30, 32, 34, 36
_NAMES = {_ML_INIT: "ML_INIT", _ML_UPDATE: "ML_UPDATE", _ML_STOP: "ML_STOP", _ML_DATA: "ML_GET_CURRENT_DATA"}
_CHANNEL_STATES = {0: "", 1: "electrode error", 2: "pulse timed out", 3: "low current"}
_ALL_CHANNELS = 4

CHANNELS = 8
_CURRENT_STEP = Decimal("0.0005")
_HIGHEST_CURRENT = Decimal("0.130")
_SHORTEST_POINT, _LONGEST_POINT = 10, 4095
_PERIOD_STEP = Decimal("0.00025")
_LARGEST_PERIOD_CODE = (1 << 15) - 1
# What the device adds to each pulse when it checks that pulses fill less than the whole of a second, us.
_OVERHEAD = 60
_FULL_SECOND = 1000
_CURRENT_OFFSET = 300
_LONGEST_PERIOD = Decimal("16.383")


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
        self._dialogue = Dialogue(name, address, names=_NAMES, timeout=timeout)
        self._prepared: Stimulus | None = None
        self._running: int | None = None
        self.condition = ""

    def identify(self) -> Identity:
        """Ask for the device's serial number and firmware version."""
        return self._dialogue.identify(self._model)

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
        self._dialogue.ask(_ML_INIT, b"\0")
        self._running = stimulus.channel
        self._dialogue.ask(_ML_UPDATE, update_data(stimulus))

    def keep_alive(self) -> None:
        """Tell the device that somebody is still there.

        An electrode error or too low a current is kept in ``condition``: into a high load the device says so and
        goes on.

        Raises
        ------
        InstrumentError
            if the device reports that it has stopped
        """
        data = self._dialogue.ask(_ML_DATA, bytes((_ALL_CHANNELS,)), expected=6)
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
        self._dialogue.stop(_ML_STOP)

    def reset(self) -> None:
        """Have the device start anew."""
        self._prepared = self._running = None
        self._dialogue.reset()

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""
        self.close()

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""
        self._dialogue.reopen()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._dialogue.close()


def realise(stimulus: Stimulus) -> Stimulus:
    """Return the stimulus as the device can set it: 0.5 mA, 1 us, and a period in steps of 0.25 ms.

    Periods above 8191.75 ms are set in steps of 0.5 ms.

    Raises
    ------
    Refused
        for what lies outside the device's ranges
    """
    pulse, width = realise_pulse(stimulus)
    period = _period(stimulus.rate)
    if math.ceil((width + _OVERHEAD) / (period * 1000)) >= _FULL_SECOND:
        shown = format_quantity(stimulus.rate, Unit.HERTZ)
        raise Refused(f"pulses of {width} us do not fit {shown}: the stimulator needs {_OVERHEAD} us besides each")
    return replace(pulse, rate=float(1 / period))


def realise_pulse(stimulus: Stimulus) -> tuple[Stimulus, int]:
    """Return the stimulus with its pulse as the device can set it, 0.5 mA and 1 us, and how long that is, us.

    Raises
    ------
    Refused
        for what lies outside the device's ranges
    """
    check(stimulus, CHANNELS)
    amplitude = current_steps(stimulus.amplitude, step=_CURRENT_STEP, highest=_HIGHEST_CURRENT) * _CURRENT_STEP
    phase = _point("phase duration", stimulus.phase_duration)
    interphase = 0
    if stimulus.shape is Shape.BIPHASIC_SYMMETRIC and stimulus.interphase != 0:
        interphase = _point("interphase interval", stimulus.interphase)
    pulse = replace(
        stimulus,
        amplitude=float(amplitude),
        phase_duration=float(phase * MICROSECOND),
        interphase=float(interphase * MICROSECOND),
    )
    return pulse, stimulus.shape.phases * phase + interphase


def update_data(stimulus: Stimulus) -> bytes:
    """Return the data of ML_UPDATE for a realised stimulus: enabled channels, points and ramp, period, points."""
    pulse = points(stimulus)
    quarters = nearest(1 / Decimal(repr(stimulus.rate)), _PERIOD_STEP)
    # The lowest bit says that the code counts quarters of a millisecond instead of halves.
    period = quarters // 2 << 1 if quarters % 2 == 0 else quarters << 1 | 1
    head = bytes((1 << (stimulus.channel - 1), (len(pulse) - 1) << 4))
    return head + period.to_bytes(2, "big") + b"".join(pulse)


def points(stimulus: Stimulus) -> tuple[bytes, ...]:
    """Return the points of a realised stimulus's pulse, four bytes each."""
    current = nearest(stimulus.amplitude, _CURRENT_STEP) * stimulus.polarity.sign
    phase = nearest(stimulus.phase_duration, MICROSECOND)
    held = [(phase, current)]
    if stimulus.shape is Shape.BIPHASIC_SYMMETRIC:
        if stimulus.interphase:
            held.append((nearest(stimulus.interphase, MICROSECOND), 0))
        held.append((phase, -current))
    return tuple(_encode_point(time, steps) for time, steps in held)


def _encode_point(time: int, half_milliamperes: int) -> bytes:
    """12 bits of time in us, 10 bits of current offset by 150 mA, 10 bits of mode (0)."""
    return (time << 20 | (half_milliamperes + _CURRENT_OFFSET) << 10).to_bytes(4, "big")


def _point(name: str, duration: float) -> int:
    return time_steps(name, duration, shortest=_SHORTEST_POINT, longest=_LONGEST_POINT)


def _period(rate: float) -> Decimal:
    period = 1 / Decimal(repr(rate))
    if period > _LONGEST_PERIOD:
        shown = format_quantity(rate, Unit.HERTZ)
        raise Refused(f"a rate of {shown} is below the stimulator's lowest, one pulse in {_LONGEST_PERIOD} s")
    quarters = nearest(period, _PERIOD_STEP)
    if quarters > _LARGEST_PERIOD_CODE:
        quarters = 2 * nearest(period, 2 * _PERIOD_STEP)
    if quarters == 0:
        shown = format_quantity(rate, Unit.HERTZ)
        raise Refused(f"a rate of {shown} is above the stimulator's highest, one pulse in 0.25 ms")
    return quarters * _PERIOD_STEP


def opened(at: Opening) -> ScienceMode4:
    """Open a session as a bench file says."""
    return ScienceMode4(at.name, at.address, model=at.device.identity.model if at.device else "P24")
