"""Stimulators without an interface, set by a voltage and triggered by logic pulses from an NI card's outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.stimulators.steps import check
from rig.bench.transport.daqmx_output import DaqOutput
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Shape, Stimulus
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.bench.opening import Opening

__all__ = ["AnalogTtl", "Panel", "opened"]

# How long the trigger is high where the stimulator's own panel says how long a phase is, s.
_TRIGGER_WIDTH = 50e-6
_AS_ON_THE_PANEL = Decimal("1e-7")
# The two edges of a pulse and the rest between two pulses take some counts of the card's clock, s.
_LEAST_REST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What the stimulator makes of its inputs.

    Attributes
    ----------
    current_per_volt : A/V
    greatest_demand : the greatest voltage that its input takes, V
    phase_duration : as set on its panel, s; 0 where current flows for as long as the trigger is high
    interphase : as set on its panel, s
    biphasic : whether its panel says that a second, opposite phase follows
    """

    current_per_volt: float
    greatest_demand: float = 10.0
    phase_duration: float = 0.0
    interphase: float = 0.0
    biphasic: bool = False


class AnalogTtl:
    """A stimulator that gives a pulse for every trigger, as large as its demand input says.

    Nothing of it can be asked. It is off while the demand is 0 V and the counter stands still; that the card says so
    is seen after every stop.

    Parameters
    ----------
    name : from the bench file
    connect : opens the card's outputs
    panel : what the stimulator makes of them
    stated : who it is, as in the device file
    """

    keep_alive_interval: float | None = None

    def __init__(self, name: str, connect: Callable[[], DaqOutput], *, panel: Panel, stated: Identity) -> None:
        self.name = name
        self._connect, self._panel, self._stated = connect, panel, stated
        self._output: DaqOutput | None = connect()
        self._prepared: Stimulus | None = None

    def identify(self) -> Identity:
        """Return who the device file says it is, and which card drives it."""
        product, serial, _ = self._card().describe()
        driven = f"driven by {product} {serial:08X}"
        return replace(self._stated, firmware=self._stated.firmware or driven)

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check a stimulus and set the counter, output still off; return it as the counter will give it.

        Raises
        ------
        Refused
            for what demand and trigger cannot say, or the stimulator's panel says otherwise
        """
        self._prepared = None
        self._refuse(stimulus)
        width = stimulus.phase_duration if not self._panel.phase_duration else _TRIGGER_WIDTH
        card = self._card()
        card.hold(0.0)
        period, width = card.prepare_pulses(stimulus.period, width)
        set_width = stimulus.phase_duration if self._panel.phase_duration else width
        self._prepared = replace(stimulus, rate=1 / period, phase_duration=set_width)
        return self._prepared

    def start(self) -> None:
        """Put the demand out, then begin to trigger."""
        stimulus = self._prepared
        if stimulus is None:
            raise InstrumentError(self.name, "start", "no stimulus has been prepared")
        card = self._card()
        card.hold(stimulus.amplitude * stimulus.polarity.sign / self._panel.current_per_volt)
        card.begin_pulses()

    def keep_alive(self) -> None:
        """Do nothing: the stimulator follows its inputs."""

    def stop(self) -> None:
        """Stop triggering and take the demand back; may be called at any time, any number of times."""
        self._prepared = None
        try:
            self._switch_off()
        except CommunicationError:
            # Over a new connection: a server gives up the outputs of one that was lost.
            self._reopen()
            self._switch_off()

    def reset(self) -> None:
        """Refuse: there is nothing to tell it to."""
        raise Refused(f"{self.name}: a stimulator without an interface cannot be reset")

    def disconnect(self) -> None:
        """Take both of its signals away, as pulled cables would."""
        self._switch_off()
        self.close()

    def reconnect(self) -> None:
        """Open the outputs again; both are off."""
        self._reopen()
        self._switch_off()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        output, self._output = self._output, None
        if output is not None:
            output.close()

    def _card(self) -> DaqOutput:
        if self._output is None:
            raise CommunicationError(self.name, "", "the connection is closed")
        return self._output

    def _reopen(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output.drop()
        self._output = self._connect()

    def _switch_off(self) -> None:
        """Do both, whatever becomes of the first."""
        card = self._card()
        try:
            card.end_pulses()
        finally:
            card.hold(0.0)

    def _refuse(self, stimulus: Stimulus) -> None:
        check(stimulus, 1)
        panel = self._panel
        if stimulus.amplitude < 0:
            raise Refused("an amplitude is not negative; the polarity says which way current flows")
        most = panel.greatest_demand * panel.current_per_volt
        if stimulus.amplitude > most:
            shown, greatest = (format_quantity(value, Unit.AMPERE) for value in (stimulus.amplitude, most))
            raise Refused(f"an amplitude of {shown} is more than the {greatest} that the demand input can say")
        if (stimulus.shape is Shape.BIPHASIC_SYMMETRIC) is not panel.biphasic:
            kind = "biphasic" if panel.biphasic else "monophasic"
            raise Refused(f"the stimulator gives {kind} pulses; its panel, and 'options', say so")
        if panel.biphasic:
            _as_on_panel("interphase interval", stimulus.interphase, panel.interphase)
        if panel.phase_duration:
            _as_on_panel("phase duration", stimulus.phase_duration, panel.phase_duration)
        if stimulus.pulse_width + _LEAST_REST > stimulus.period:
            shown = format_quantity(stimulus.rate, Unit.HERTZ)
            raise Refused(f"pulses of {format_quantity(stimulus.pulse_width, Unit.SECOND)} do not fit {shown}")


def _as_on_panel(what: str, asked: float, there: float) -> None:
    if round(Decimal(repr(asked)) / _AS_ON_THE_PANEL) != round(Decimal(repr(there)) / _AS_ON_THE_PANEL):
        shown, fixed = (format_quantity(value, Unit.SECOND) for value in (asked, there))
        raise Refused(f"the {what} is set on the stimulator's panel, to {fixed}; {shown} cannot be set from here")


def opened(at: Opening) -> AnalogTtl:
    """Open the outputs as a bench file says."""
    if at.device is None or at.entry.device is None:
        raise Refused(f"{at.name}: a stimulator without an interface needs a device file, and the name of a card")
    current_per_volt = at.option("current_per_volt", 0.0)
    if not current_per_volt > 0:
        raise Refused(f"{at.name}: options: 'current_per_volt' must say what current a volt of demand gives, A/V")
    panel = Panel(
        current_per_volt=current_per_volt,
        greatest_demand=at.option("greatest_demand", 10.0),
        phase_duration=at.option("phase_duration", 0.0),
        interphase=at.option("interphase", 0.0),
        biphasic=at.option("biphasic", False),  # noqa: FBT003 - the option's default
    )
    if panel.biphasic and not panel.phase_duration:
        raise Refused(f"{at.name}: options: biphasic pulses are the panel's, which has a 'phase_duration' then")
    card, stated = at.entry.device, at.device.identity

    def connect() -> DaqOutput:
        return DaqOutput(
            at.name,
            at.address,
            card,
            demand=at.option("demand", "ao0"),
            trigger=at.option("trigger", "ctr0"),
            span=panel.greatest_demand,
            call_timeout=at.patience(5.0),
        )

    return AnalogTtl(
        at.name,
        connect,
        panel=panel,
        stated=Identity(
            manufacturer=stated.manufacturer, model=stated.model, serial=stated.serial, firmware=stated.firmware or ""
        ),
    )
