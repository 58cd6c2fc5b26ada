"""Who turns the knobs of a stimulator without an interface: a person at the bench, or a virtual one over a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, UnitError
from rig.units import Unit, format_quantity, parse_quantity

if TYPE_CHECKING:
    from rig.roles import Attendant

__all__ = ["Hands", "Knob", "KnobLine", "Person"]

# A display shows fewer digits than are asked for; beyond this it shows something else.
_AS_ASKED = 0.02
_TRIES = 3
_YES = frozenset({"y", "yes"})
_LONGEST_LINE = 500
_KNOBS = {"phase duration": "width", "interphase interval": "gap"}
_MOST_READS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One setting: what it is called, and the number (in SI) or the word that is asked for."""

    name: str
    value: float | str
    unit: Unit | None = None

    @property
    def shown(self) -> str:
        """The value as it is written."""
        if isinstance(self.value, str):
            return self.value
        return format_quantity(self.value, self.unit or Unit.NUMBER)


class Hands(Protocol):
    """What somebody at the panel can do."""

    def who(self) -> str:
        """Return the serial number on the device's plate."""

    def turn(self, knob: Knob) -> float | str:
        """Set something; return what the panel shows then."""

    def ready(self, settings: str) -> None:
        """See that everything is set and the output off; raises unless it is."""

    def start(self) -> None:
        """Start the output; does not wait until it is."""

    def stop(self) -> None:
        """Stop the output; returns once it is off."""

    def give_up(self) -> None:
        """Say that the output is to be stopped, and wait for nothing."""

    def close(self) -> None:
        """Let go; may be called twice, never raises."""


class Person:
    """A person, who is told what to do and types what is seen.

    Parameters
    ----------
    name : of the stimulator, in the bench file
    patience, stop_patience : how long an answer may take, and how long the output may take to be stopped, s
    """

    def __init__(self, name: str, attendant: Attendant, *, patience: float, stop_patience: float) -> None:
        self._name, self._attendant = name, attendant
        self._patience, self._stop_patience = patience, stop_patience

    def who(self) -> str:
        """Return the serial number on the device's plate, as typed."""
        return self._ask("type the serial number on the device's plate", self._patience)

    def turn(self, knob: Knob) -> float | str:
        """Have something set; asked again if the panel shows something else, three times at most."""
        typed = ""
        for _ in range(_TRIES):
            if isinstance(knob.value, str):
                typed = self._ask(f"set the {knob.name} to {knob.shown}, then type yes", self._patience)
                if typed.casefold() in {*_YES, knob.value.casefold()}:
                    return knob.value
            else:
                wanted = f"set the {knob.name} to {knob.shown}, then type what the panel shows, with its unit"
                typed = self._ask(wanted, self._patience)
                found = self._number(typed, knob)
                if found is not None and abs(found - knob.value) <= _AS_ASKED * abs(knob.value):
                    return found
            self._attendant.tell(f"{self._name}: that is not {knob.shown}")
        raise InstrumentError(self._name, knob.name, f"{typed!r} was typed, and {knob.shown} was asked for")

    def ready(self, settings: str) -> None:
        """Have everything confirmed, and that the output is off."""
        text = f"{settings}; is all of it set and the output off? Type yes; then wait until you are told to start"
        answer = self._ask(text, self._patience)
        if answer.casefold() not in _YES:
            raise InstrumentError(self._name, "prepare", f"it was not confirmed: {answer!r} was typed")

    def start(self) -> None:
        """Tell to press the button; what follows is seen by the instruments."""
        self._attendant.tell(f"{self._name}: START the output NOW")

    def stop(self) -> None:
        """Tell to press the button, and wait until that was done."""
        answer = self._ask("STOP the output NOW, then type off", self._stop_patience)
        if answer.casefold() not in {"off", *_YES}:
            raise InstrumentError(self._name, "stop", f"it was not confirmed: {answer!r} was typed")

    def give_up(self) -> None:
        """Tell to press the button."""
        self._attendant.tell(f"{self._name}: stop the output, if it is on")

    def close(self) -> None:
        """Do nothing: the person stays."""

    def _ask(self, text: str, seconds: float) -> str:
        try:
            return self._attendant.ask(f"{self._name}: {text}: ", seconds).strip()
        except TimeoutError:
            raise InstrumentError(self._name, text, f"nobody has answered within {seconds:g} s") from None
        except EOFError:
            raise InstrumentError(self._name, text, "nobody can answer any more: the terminal was closed") from None

    @staticmethod
    def _number(typed: str, knob: Knob) -> float | None:
        try:
            return parse_quantity(typed, knob.unit or Unit.NUMBER)
        except UnitError:
            return None


class KnobLine:
    """A virtual panel: a line of text turns a knob or presses a button and is answered ``ok`` or ``no: ...``."""

    def __init__(self, name: str, address: str, *, serial: str, timeout: float) -> None:
        self._name, self._serial = name, serial
        self._line = SerialLine(name, address, timeout=timeout)

    def who(self) -> str:
        """Return what the device file says: a panel of this kind has no plate."""
        self._ask("show")
        return self._serial

    def turn(self, knob: Knob) -> float | str:
        """Turn a knob; what the display shows then is what is set."""
        name = _KNOBS.get(knob.name, knob.name)
        self._tell(f"{name} {knob.shown}")
        for part in self._ask("show").split(";"):
            shown_name, _, shown = part.strip().partition(" ")
            if shown_name == name:
                return shown if isinstance(knob.value, str) else parse_quantity(shown, knob.unit or Unit.NUMBER)
        raise InstrumentError(self._name, "show", f"the display shows no {name}")

    def ready(self, settings: str) -> None:
        """See on the display that the output is off."""
        del settings
        shown = self._ask("show")
        if not shown.endswith("stopped"):
            raise InstrumentError(self._name, "show", f"the output is not off: {shown!r}")

    def start(self) -> None:
        """Press the button."""
        self._tell("start")

    def stop(self) -> None:
        """Press the button, and see on the display that the output is off."""
        self._tell("stop")
        self.ready("")

    def give_up(self) -> None:
        """Press the button."""
        self._tell("stop")

    def close(self) -> None:
        """End the session."""
        self._line.close()

    def _tell(self, command: str) -> None:
        answer = self._ask(command)
        if answer != "ok":
            raise InstrumentError(self._name, command, f"answered {answer!r}")

    def _ask(self, command: str) -> str:
        self._line.discard()
        self._line.write(f"{command}\n".encode("ascii"), command=command)
        came = b""
        for _ in range(_MOST_READS):
            data = self._line.read(command=command)
            came += data
            if not data or b"\n" in came or len(came) > _LONGEST_LINE:
                break
        line, end, _ = came.partition(b"\n")
        if not end:
            raise CommunicationError(self._name, command, "no answer in time")
        return line.decode("latin-1").strip()
