"""Stimulators with a front panel and no interface: a person sets them, starts them and stops them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.bench.opening import BY_HAND
from rig.bench.stimulators.panel_hands import Knob, KnobLine, Person
from rig.bench.stimulators.steps import check
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Shape, Stimulus
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rig.bench.opening import Opening
    from rig.bench.stimulators.panel_hands import Hands

__all__ = ["FrontPanel", "opened"]

_PATIENCE, _STOP_PATIENCE = 300.0, 60.0
_SHAPES = {Shape.MONOPHASIC: "monophasic", Shape.BIPHASIC_SYMMETRIC: "biphasic"}


class FrontPanel:
    """A stimulator that is set by hand.

    What the panel is known to show is not asked for again. The device is off when somebody says so; what ends the
    current for certain are the relays, which ask nobody.

    Parameters
    ----------
    name : from the bench file
    connect : finds somebody at the panel
    stated : who it is, as in the device file; the serial number is read from its plate
    channels : how many it has
    by_hand : whether that somebody is a person
    """

    keep_alive_interval: float | None = None

    def __init__(
        self, name: str, connect: Callable[[], Hands], *, stated: Identity, channels: int, by_hand: bool
    ) -> None:
        self.name, self.by_hand = name, by_hand
        self._connect, self._stated, self._channels = connect, stated, channels
        self._hands: Hands | None = connect()
        self._set: dict[str, tuple[float | str, float | str]] = {}
        self._prepared: Stimulus | None = None
        self._running = False

    def identify(self) -> Identity:
        """Have the serial number read from the plate; all else is as the device file says."""
        return replace(self._stated, serial=self._somebody().who())

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Have a stimulus set, output still off; return it as the panel shows it.

        Raises
        ------
        Refused
            for a channel that the device does not have
        InstrumentError
            if the panel shows something else, or nobody answers
        """
        self._prepared = None
        check(stimulus, self._channels)
        if stimulus.amplitude < 0:
            raise Refused("an amplitude is not negative; the polarity says which way current flows")
        hands = self._somebody()
        knobs = tuple(self._knobs(stimulus))
        for knob in knobs:
            asked, _ = self._set.get(knob.name, (None, None))
            if asked != knob.value:
                self._set.pop(knob.name, None)
                self._set[knob.name] = (knob.value, hands.turn(knob))
        hands.ready(", ".join(f"{knob.name} {knob.shown}" for knob in knobs))
        shown = {name: value for name, (_, value) in self._set.items() if isinstance(value, float)}
        self._prepared = replace(
            stimulus,
            amplitude=shown["amplitude"],
            phase_duration=shown["phase duration"],
            interphase=shown.get("interphase interval", 0.0) if stimulus.shape.phases > 1 else 0.0,
            rate=shown["rate"],
        )
        return self._prepared

    def start(self) -> None:
        """Have the output started; a person takes a moment."""
        if self._prepared is None:
            raise InstrumentError(self.name, "start", "no stimulus has been prepared")
        self._running = True
        self._somebody().start()

    def keep_alive(self) -> None:
        """Do nothing: the device goes on until it is stopped."""

    def stop(self) -> None:
        """Have the output stopped; where it was not started, nobody is asked."""
        self._prepared = None
        if self._running:
            self._somebody().stop()
            self._running = False

    def give_up(self) -> None:
        """Say that the output is to be stopped, and wait for nothing."""
        self._prepared, self._running = None, False
        if self._hands is not None:
            self._hands.give_up()

    def reset(self) -> None:
        """Refuse: what a panel shows after it was switched off and on would have to be set anew."""
        raise Refused(f"{self.name}: a device without an interface cannot be reset from here")

    def disconnect(self) -> None:
        """There is no line to be cut: nobody does anything until it is opened again."""
        self.close()

    def reconnect(self) -> None:
        """Find somebody at the panel again."""
        self.close()
        self._hands = self._connect()

    def close(self) -> None:
        """Let go; may be called twice, never raises."""
        hands, self._hands = self._hands, None
        if hands is not None:
            hands.close()

    def _somebody(self) -> Hands:
        if self._hands is None:
            raise CommunicationError(self.name, "", "nobody is at the panel")
        return self._hands

    def _knobs(self, stimulus: Stimulus) -> Iterator[Knob]:
        if self._channels > 1:
            yield Knob(name="channel", value=str(stimulus.channel))
        yield Knob(name="shape", value=_SHAPES[stimulus.shape])
        yield Knob(name="polarity", value=stimulus.polarity.value)
        yield Knob(name="phase duration", value=stimulus.phase_duration, unit=Unit.SECOND)
        if stimulus.shape is Shape.BIPHASIC_SYMMETRIC:
            yield Knob(name="interphase interval", value=stimulus.interphase, unit=Unit.SECOND)
        yield Knob(name="rate", value=stimulus.rate, unit=Unit.HERTZ)
        yield Knob(name="amplitude", value=stimulus.amplitude, unit=Unit.AMPERE)


def opened(at: Opening) -> FrontPanel:
    """Find somebody at the panel, as a bench file says.

    Raises
    ------
    Refused
        if it is to be a person, and there is none
    """
    if at.device is None:
        raise Refused(f"{at.name}: who a device without an interface is, only a device file can say")
    stated, attendant = at.device.identity, at.attendant
    by_hand = at.address == BY_HAND
    if by_hand and attendant is None:
        raise Refused(f"{at.name}: the device is set by hand, and there is no terminal to ask anybody at")

    def connect() -> Hands:
        if by_hand and attendant is not None:
            patience = at.option("patience", _PATIENCE)
            return Person(
                at.name, attendant, patience=patience, stop_patience=at.option("stop_patience", _STOP_PATIENCE)
            )
        return KnobLine(at.name, at.address, serial=stated.serial, timeout=at.patience(1.0))

    return FrontPanel(
        at.name,
        connect,
        stated=Identity(
            manufacturer=stated.manufacturer, model=stated.model, serial=stated.serial, firmware=stated.firmware or ""
        ),
        channels=at.device.channels,
        by_hand=by_hand,
    )
