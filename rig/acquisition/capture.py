"""One stimulation, seen by both instruments at once; and the same view of nothing, before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rig.acquisition.delivery import BLOCK, Delivery, Memory, Step
from rig.errors import InterlockTripped, NoTrigger, RigError, StaleWaveform
from rig.model.happening import Action
from rig.model.waveform import Capture, Purpose
from rig.roles import Paced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from rig.acquisition.delivery import Sink, Watcher
    from rig.model.setup import DigitizerSetup, ScopeSetup
    from rig.model.waveform import Waveform
    from rig.roles import Clock, Digitizer, Oscilloscope, Stimulator

__all__ = ["CUT_SHORT", "Instruments", "Seen", "Train", "View", "capture_quiet", "capture_stimulus"]

CUT_SHORT: Final = "the capture was cut short"
"""How a capture's note begins that says what broke it."""

_POLL = 0.02
_KEEP_ALIVE_SHARE = 0.7
_PATIENCE = 10.0
# What follows is kept for so long after the watcher has ended a train, s.
_AFTERMATH = 0.2
# How far from its level an oscilloscope may trigger, as a share of the full scale.
_TRIGGER_SLACK = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The roles that take part in a capture, which channel of each shows which signal, and how long a block is, s."""

    oscilloscope: Oscilloscope
    digitizer: Digitizer
    clock: Clock
    voltage_channel: int
    current_channel: str
    block: float = BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How both instruments look at the output during one capture.

    ``lead`` and ``tail`` are the quiet times before and after the train, s.
    """

    scope: ScopeSetup
    digitizer: DigitizerSetup
    lead: float = 0.01
    tail: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A capture, and per signal how its instrument was really set.

    ``stopped`` says that the watcher ended the train; ``broken`` what ended the capture before its time.
    """

    capture: Capture
    setups: Mapping[str, ScopeSetup | DigitizerSetup]
    stopped: bool = False
    broken: RigError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """What is to be delivered, and what happens meanwhile.

    Attributes
    ----------
    duration : from start to stop, s
    start, stop : what begins and ends it
    alive : says a word to the device while it runs; at most ``interval`` s may lie between two, if it needs any
    paced : every word is a pulse: exactly so much lies between two
    events : in order; ``at`` counts from the start
    done : asked once all events have happened, with the time on the capture's axis; where it says so, the train ends
    """

    duration: float
    start: Callable[[], object]
    stop: Callable[[], object]
    alive: Callable[[], object]
    interval: float | None
    events: tuple[Step, ...] = ()
    done: Callable[[float], bool] | None = None
    paced: bool = False

    @classmethod
    def of(cls, stimulator: Stimulator, duration: float) -> Train:
        """Return an undisturbed train."""
        return cls(
            duration=duration,
            start=stimulator.start,
            stop=stimulator.stop,
            alive=stimulator.keep_alive,
            interval=stimulator.keep_alive_interval,
            paced=isinstance(stimulator, Paced) and stimulator.paced,
        )

    @property
    def between_words(self) -> float | None:
        """How much time is left between two words, s: less than what is allowed, unless it sets the pace."""
        return self.interval if self.interval is None or self.paced else _KEEP_ALIVE_SHARE * self.interval

    def steps(self, lead: float) -> list[Step]:
        """Return everything that is to be done, in order, ``lead`` s after the capture's begin at the earliest."""
        begin = Step(at=lead, action=Action.START, do=self.start, words=True)
        end = Step(at=lead + self.duration, action=Action.STOP, do=self.stop, words=False)
        events = [replace(event, at=lead + event.at) for event in self.events]
        return sorted([begin, *events, end], key=lambda step: step.at)


def capture_quiet(capture_id: str, purpose: Purpose, view: View, instruments: Instruments) -> Seen:
    """Look at the output while nothing is asked of the device: the zero before, the idle after."""
    realised = instruments.digitizer.configure(view.digitizer)
    instruments.digitizer.start()
    waveforms = {"current": _read_digitizer(realised, instruments)}
    return Seen(capture=Capture(id=capture_id, purpose=purpose, waveforms=waveforms), setups={"current": realised})


def capture_stimulus(
    capture_id: str,
    train: Train,
    view: View,
    instruments: Instruments,
    *,
    permission: AbstractContextManager[object],
    watcher: Watcher,
    sink: Sink,
    purpose: Purpose = Purpose.SIGNAL,
) -> Seen:
    """Deliver a train while it is watched, then stop; return what both instruments saw.

    Current may flow within ``permission`` alone. The caller owns safety: whatever is raised here, it makes the bench
    safe. The current goes to ``sink``; one in memory is part of the capture, whatever went wrong meanwhile: that is in
    :attr:`Seen.broken`, also an oscilloscope's record that does not show the event that triggered it.
    """
    scope, digitizer, clock = instruments.oscilloscope, instruments.digitizer, instruments.clock
    scope_setup = scope.configure(view.scope)
    digitizer_setup = digitizer.configure(view.digitizer)
    delivery = Delivery(
        digitizer,
        clock,
        digitizer_setup,
        instruments.current_channel,
        watcher=watcher,
        sink=sink,
        block=instruments.block,
        alive=train.alive,
        interval=train.between_words,
    )
    broken: RigError | None = None
    scope.arm()
    try:
        with permission:
            broken = _attempt(delivery, train, view)
    except InterlockTripped:
        if broken is None and not delivery.delivered.stopped:  # a permission that was taken back cannot be given back
            raise
    happenings = tuple(delivery.delivered.happenings)
    waveforms = {"current": sink.waveform()} if isinstance(sink, Memory) else {}
    notes: tuple[str, ...] = ()
    try:
        if broken is None and _wait_for_scope(scope, clock):
            waveforms["voltage"] = _triggered(scope.fetch(instruments.voltage_channel), scope_setup)
        elif broken is None:
            scope.halt()
            notes = ("the oscilloscope did not trigger: no voltage was captured",)
    except RigError as error:  # the current was seen all the same
        broken = error
    if broken is not None:
        notes = (f"{CUT_SHORT}: {broken}",)
    triggered = "voltage" in waveforms
    capture = Capture(
        id=capture_id, purpose=purpose, waveforms=waveforms, triggered=triggered, notes=notes, happenings=happenings
    )
    return Seen(
        capture=capture,
        setups={"current": digitizer_setup, "voltage": scope_setup},
        stopped=delivery.delivered.stopped,
        broken=broken,
    )


def _attempt(delivery: Delivery, train: Train, view: View) -> RigError | None:
    """Deliver; return what broke the capture, if samples had come by then."""
    try:
        delivery.run(train.steps(view.lead), aftermath=_AFTERMATH, done=train.done)
    except RigError as error:
        if not delivery.position:
            raise
        return error
    return None


def _read_digitizer(setup: DigitizerSetup, instruments: Instruments) -> Waveform:
    duration = setup.samples / setup.rate
    return instruments.digitizer.read(timeout=duration + _PATIENCE)[instruments.current_channel]


def _triggered(waveform: Waveform, setup: ScopeSetup) -> Waveform:
    """Return a record that reaches the level it was triggered at; any other is of another time."""
    trigger = setup.trigger
    if trigger is None or not len(waveform):
        return waveform
    values = waveform.values()
    slack = _TRIGGER_SLACK * setup.channels[trigger.channel].full_scale
    if values.min() - slack <= trigger.level <= values.max() + slack:
        return waveform
    message = f"{waveform.source}: the record does not show the event that triggered it; it is of another time"
    raise StaleWaveform(message, partial=waveform)


def _wait_for_scope(scope: Oscilloscope, clock: Clock) -> bool:
    """Wait a little for an acquisition that should long be complete; tell whether it is."""
    try:
        for _ in range(10):
            if scope.done():
                return True
            clock.sleep(_POLL)
    except NoTrigger:
        pass
    return False
