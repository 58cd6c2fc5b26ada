"""Hasomed RehaStim 2: the channel list mode of ScienceMode 2."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.stimulators.sciencemode2_dialogue import NAMES, START, Dialogue
from rig.bench.stimulators.steps import MICROSECOND, check, current_steps, nearest, time_steps
from rig.errors import InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.roles import Clock

__all__ = ["Ranges", "ScienceMode2", "init_data", "opened", "realise", "start_data"]

_GET_MODE, _STOP_LIST = 10, 34
_STARTED = 2
_WRONG_MODE = -3
CHANNELS = 8
_SHORTEST_PHASE, _LONGEST_PHASE = 20, 500
_PERIOD_STEP, _PERIOD_OFFSET = Decimal("0.0005"), Decimal("0.001")
_SHORTEST_PERIOD, _LONGEST_PERIOD = Decimal("0.008"), Decimal("1.025")
_MILLIAMPERE = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What may differ from device to device: A, A and s.

    The protocol counts whole milliamperes up to 130 mA; the maker states an output in steps of 2 mA up to 126 mA.
    """

    current_step: float = 0.002
    greatest_current: float = 0.126
    interphase: float = 100e-6


class ScienceMode2:
    """A stimulator that repeats one biphasic pulse on one channel until it is stopped, or hears nothing for 1.2 s.

    Parameters
    ----------
    name, address : from the bench file
    clock : of the bench: the device says its Init only so often
    model, serial : as in the device file; the protocol tells neither
    ranges : of this very device
    execution : the seventh byte of InitChannelListMode
    timeout : how long to wait for a reply, s
    """

    keep_alive_interval: float | None = 0.8

    def __init__(
        self,
        name: str,
        address: str,
        *,
        clock: Clock,
        model: str = "RehaStim2",
        serial: str = "0",
        ranges: Ranges | None = None,
        execution: int = 0,
        timeout: float = 1.0,
    ) -> None:
        self.name = name
        self._model, self._serial = model, serial
        self._ranges, self._execution = Ranges() if ranges is None else ranges, execution
        self._dialogue = Dialogue(name, address, clock=clock, timeout=timeout)
        self._prepared: Stimulus | None = None
        self._running = False

    @property
    def condition(self) -> str:
        """What the device has said of its electrodes since the start."""
        return self._dialogue.condition

    def identify(self) -> Identity:
        """See that the device speaks this protocol; model and serial number are taken from the device file."""
        self._dialogue.greet()
        firmware = f"ScienceMode2 v{self._dialogue.version}" if self._dialogue.version else "unknown"
        return Identity(manufacturer="HASOMED", model=self._model, serial=self._serial, firmware=firmware)

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check and hold a stimulus, output still off; return it as the device will set it, rounded to its steps."""
        self._prepared = None
        self._prepared = realise(stimulus, self._ranges)
        return self._prepared

    def start(self) -> None:
        """Begin to deliver the prepared stimulus."""
        stimulus = self._prepared
        if stimulus is None:
            raise InstrumentError(self.name, NAMES[START], "no stimulus has been prepared")
        self._dialogue.condition = ""
        self._dialogue.initialise(init_data(stimulus, execution=self._execution))
        self._running = True
        self._dialogue.ask(START, start_data(stimulus))

    def keep_alive(self) -> None:
        """Tell the device that somebody is still there.

        An electrode error is kept in ``condition``: the mode tells whether the device has gone on.

        Raises
        ------
        InstrumentError
            if the device reports that it has stopped, an error of its own, or has begun anew
        """
        mode = self._dialogue.ask(_GET_MODE, expected=1)[0]
        if self._running and mode != _STARTED:
            why = f": {self.condition}" if self.condition else ""
            raise InstrumentError(self.name, NAMES[_GET_MODE], f"stimulation has stopped, the mode is {mode}{why}")

    def stop(self) -> None:
        """End stimulation; may be called at any time, any number of times."""
        self._prepared, self._running = None, False
        self._dialogue.stop(_STOP_LIST, accepted=(0, _WRONG_MODE))

    def reset(self) -> None:
        """Raise Refused: the protocol knows no such command."""
        raise Refused(f"{self.name}: the stimulator has no command that makes it start anew")

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""
        self.close()

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""
        self._dialogue.reopen()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._dialogue.close()


def realise(stimulus: Stimulus, ranges: Ranges | None = None) -> Stimulus:
    """Return the stimulus as the device can set it: steps of current, of 1 us, and a period in steps of 0.5 ms.

    Raises
    ------
    Refused
        for what lies outside the device's ranges, and for pulses of another form than its own
    """
    ranges = Ranges() if ranges is None else ranges
    check(stimulus, CHANNELS)
    if stimulus.shape is not Shape.BIPHASIC_SYMMETRIC or stimulus.polarity is not Polarity.POSITIVE:
        raise Refused("the stimulator's pulses are biphasic with the positive phase first")
    if abs(stimulus.interphase - ranges.interphase) > float(MICROSECOND) / 2:
        fixed = format_quantity(ranges.interphase, Unit.SECOND)
        shown = format_quantity(stimulus.interphase, Unit.SECOND)
        raise Refused(f"an interphase interval of {shown} cannot be set: the stimulator's is always {fixed}")
    step, highest = (Decimal(repr(value)) for value in (ranges.current_step, ranges.greatest_current))
    amplitude = current_steps(stimulus.amplitude, step=step, highest=highest) * step
    if amplitude % _MILLIAMPERE:
        raise Refused(f"the stimulator is set in whole milliamperes, not to {amplitude} A")
    phase = time_steps(
        "phase duration", stimulus.phase_duration, shortest=_SHORTEST_PHASE, longest=_LONGEST_PHASE, step=MICROSECOND
    )
    period = nearest(1 / Decimal(repr(stimulus.rate)), _PERIOD_STEP) * _PERIOD_STEP
    if not _SHORTEST_PERIOD <= period <= _LONGEST_PERIOD:
        shown = format_quantity(stimulus.rate, Unit.HERTZ)
        raise Refused(f"a rate of {shown} is outside the stimulator's one pulse in 8 ms to one in 1025 ms")
    return replace(
        stimulus,
        amplitude=float(amplitude),
        phase_duration=float(phase * MICROSECOND),
        interphase=ranges.interphase,
        rate=float(1 / period),
    )


def init_data(stimulus: Stimulus, *, execution: int = 0) -> bytes:
    """Return the data of InitChannelListMode for a realised stimulus.

    No channel of low frequency; active channels; the interval within groups, of which there are none; the period's
    code; and the execution.
    """
    code = nearest(1 / Decimal(repr(stimulus.rate)) - _PERIOD_OFFSET, _PERIOD_STEP)
    return bytes((0, 1 << (stimulus.channel - 1), 0, 0)) + code.to_bytes(2, "big") + bytes((execution,))


def start_data(stimulus: Stimulus) -> bytes:
    """Return the data of StartChannelListMode for a realised stimulus: single pulses, phase duration, current."""
    phase = nearest(stimulus.phase_duration, MICROSECOND)
    return b"\0" + phase.to_bytes(2, "big") + bytes((nearest(stimulus.amplitude, _MILLIAMPERE),))


def opened(at: Opening) -> ScienceMode2:
    """Open a session as a bench file says."""
    ranges, identity = Ranges(), at.device.identity if at.device else None
    return ScienceMode2(
        at.name,
        at.address,
        clock=at.clock,
        model=identity.model if identity else "RehaStim2",
        serial=identity.serial if identity else "0",
        ranges=Ranges(
            current_step=at.option("current_step", ranges.current_step),
            greatest_current=at.option("greatest_current", ranges.greatest_current),
            interphase=at.option("interphase", ranges.interphase),
        ),
        execution=at.option("execution", 0),
        timeout=at.patience(1.0),
    )
