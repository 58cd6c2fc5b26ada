"""One stimulation, seen by both instruments at once; and the same view of nothing, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import NoTrigger, StaleWaveform
from rig.model.waveform import Capture, Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.model.setup import DigitizerSetup, ScopeSetup
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform
    from rig.roles import Clock, Digitizer, Oscilloscope, Stimulator

__all__ = ["Instruments", "Seen", "View", "capture_quiet", "capture_stimulus"]

_POLL = 0.02
_KEEP_ALIVE_SHARE = 0.7
_PATIENCE = 10.0
# How far from its level an oscilloscope may trigger, as a share of the full scale.
_TRIGGER_SLACK = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The roles that take part in a capture, and which channel of each shows which signal."""

    oscilloscope: Oscilloscope
    digitizer: Digitizer
    clock: Clock
    voltage_channel: int
    current_channel: str


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
    """A capture, and per signal how its instrument was really set."""

    capture: Capture
    setups: Mapping[str, ScopeSetup | DigitizerSetup]


def capture_quiet(capture_id: str, purpose: Purpose, view: View, instruments: Instruments) -> Seen:
    """Look at the output while nothing is asked of the device: the zero before, the idle after."""
    realised = instruments.digitizer.configure(view.digitizer)
    instruments.digitizer.start()
    waveforms = {"current": _read_digitizer(realised, instruments)}
    return Seen(capture=Capture(id=capture_id, purpose=purpose, waveforms=waveforms), setups={"current": realised})


def capture_stimulus(
    capture_id: str,
    stimulus: Stimulus,
    view: View,
    stimulator: Stimulator,
    instruments: Instruments,
    *,
    purpose: Purpose = Purpose.SIGNAL,
) -> Seen:
    """Deliver the prepared stimulus for its train, then stop; return what both instruments saw.

    The caller owns safety: whatever is raised here, it makes the bench safe.

    Raises
    ------
    StaleWaveform
        if the oscilloscope's record does not show the event that is said to have triggered it
    """
    scope, digitizer, clock = instruments.oscilloscope, instruments.digitizer, instruments.clock
    scope_setup = scope.configure(view.scope)
    digitizer_setup = digitizer.configure(view.digitizer)
    scope.arm()
    digitizer.start()
    clock.sleep(view.lead)
    stimulator.start()
    _hold(stimulus.train, stimulator, clock)
    stimulator.stop()
    clock.sleep(view.tail)
    waveforms = {"current": _read_digitizer(digitizer_setup, instruments)}
    notes: tuple[str, ...] = ()
    if _wait_for_scope(scope, clock):
        waveforms["voltage"] = _triggered(scope.fetch(instruments.voltage_channel), scope_setup)
    else:
        scope.halt()
        notes = ("the oscilloscope did not trigger: no voltage was captured",)
    capture = Capture(
        id=capture_id, purpose=purpose, waveforms=waveforms, triggered="voltage" in waveforms, notes=notes
    )
    return Seen(capture=capture, setups={"current": digitizer_setup, "voltage": scope_setup})


def _hold(train: float, stimulator: Stimulator, clock: Clock) -> None:
    """Let the train run for its time, saying often enough that somebody is still there."""
    end = clock.now() + train
    step = train if stimulator.keep_alive_interval is None else _KEEP_ALIVE_SHARE * stimulator.keep_alive_interval
    while (remaining := end - clock.now()) > 0:
        clock.sleep(min(step, remaining))
        if end - clock.now() > 0:
            stimulator.keep_alive()


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
