"""What every driver of a direct-current supply does with its one output, in whatever words its instrument is told."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Protocol

from rig.bench.drivers.scpi import ScpiDialogue, self_test
from rig.errors import InstrumentError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.ratings import Rating
    from rig.model.identity import Identity

__all__ = ["DcSupply", "Words", "protection_above"]

# The protection stands a tenth above what is asked, half a volt at least: noise and a step of the load stay below it,
# and what instruments offer for their highest voltage is a tenth above that too.
_MARGIN, _LEAST_MARGIN = 0.10, 0.5
# An instrument rounds to its steps, 10 mV and 1 mA at most; what differs by more is another setting.
_VOLTAGE_STEP, _CURRENT_STEP = 5.1e-3, 0.6e-3


def protection_above(voltage: float) -> float:
    """Return the voltage at which the output shall switch itself off, V.

    >>> protection_above(24.0), protection_above(1.0)
    (26.4, 1.5)
    """
    return round(voltage + max(_MARGIN * voltage, _LEAST_MARGIN), 3)


class Words(Protocol):
    """How an instrument family is told and asked about one output; commands are text without terminator."""

    def apply(self, voltage: float, current_limit: float) -> Sequence[str]:
        """Return the commands that set voltage and current limit, V and A."""

    def applied(self) -> tuple[float, float]:
        """Ask for voltage and current limit as set, V and A."""

    def protect(self, voltage: float) -> Sequence[str]:
        """Return the commands that set the over-voltage protection and have it act, V; none where there is none."""

    def protection(self) -> tuple[float, bool] | None:
        """Ask at which voltage the protection acts, V, and whether it does; None where the family has none to set."""

    def tripped(self) -> bool:
        """Ask whether the protection has switched the output off."""

    def switch(self, *, on: bool) -> Sequence[str]:
        """Return the commands that switch the output."""

    def is_on(self) -> bool:
        """Ask whether the output is on."""

    def measure(self) -> tuple[float, float]:
        """Ask what the output gives now, V and A."""


class DcSupply:
    """One output; every setting is read back, and none is rounded without saying so. May be called by several threads.

    A protection that has tripped stays so: a person looks for the cause and clears it at the instrument.

    Parameters
    ----------
    name : the name in the bench file
    rating : the most that the output gives, where that is known
    clear : the command that empties the error queue; without one the queue is read until it is empty
    """

    def __init__(
        self, name: str, dialogue: ScpiDialogue, words: Words, *, rating: Rating | None = None, clear: str = "*CLS"
    ) -> None:
        self.name = name
        self._dialogue, self._words, self._rating, self._clear = dialogue, words, rating, clear
        self._voltage: float | None = None
        self._one_at_a_time = threading.RLock()

    def identify(self) -> Identity:
        """Ask the instrument who it is."""
        with self._one_at_a_time:
            return self._dialogue.identify()

    def self_test(self) -> str:
        """Run the instrument's own test, which may switch its outputs; return what it complains of."""
        with self._one_at_a_time:
            return self_test(self._dialogue)

    def errors(self) -> tuple[str, ...]:
        """Read and empty the error queue."""
        with self._one_at_a_time:
            return self._dialogue.errors()

    def set(self, voltage: float, current_limit: float, frequency: float = 0.0) -> None:
        """Set what the output gives or would give, V and A; returns when the instrument has confirmed it.

        The protection is raised before the voltage, and lowered only while the output is off: a device's capacitors
        hold what they have, and would trip it.
        """
        if not (math.isfinite(voltage) and voltage >= 0 and math.isfinite(current_limit) and current_limit > 0):
            msg = f"{self.name}: cannot give {voltage!r} V with a limit of {current_limit!r} A"
            raise Refused(msg)
        if frequency:
            raise Refused(f"{self.name}: gives direct current, not {frequency:g} Hz")
        if self._rating is not None and not self._rating.gives(voltage, current_limit):
            msg = f"{self.name}: cannot give {voltage:g} V with a limit of {current_limit:g} A; it gives {self._rating}"
            raise Refused(msg)
        with self._one_at_a_time:
            if self._clear:
                self._dialogue.command(self._clear)
            else:
                self._dialogue.errors()
            protection, on = self._words.protection(), self._words.is_on()
            if protection is None:
                self._apply(voltage, current_limit)
            else:
                self._apply_protected(voltage, current_limit, *protection, on=on)
            self._voltage = voltage

    def switch_on(self) -> None:
        """Connect the output; raises unless the instrument reports it on, protected and not tripped."""
        with self._one_at_a_time:
            if self._voltage is None:
                msg = f"{self.name}: the output has not been set, so it is not switched on"
                raise Refused(msg)
            commands = self._words.switch(on=True)
            said = "; ".join(commands)
            self._refuse_if_tripped(said)
            if not self._words.is_on():  # it may have been lowered while it was on
                self._protect(protection_above(self._voltage))
            self._dialogue.command(*commands)
            self._refuse_if_tripped(said)
            if not self._words.is_on():
                raise InstrumentError(self.name, said, "the output is reported off, against the command")

    def switch_off(self) -> None:
        """Disconnect the output, and see that it is reported off; may be called at any time, any number of times."""
        commands = self._words.switch(on=False)
        with self._one_at_a_time:
            if self._clear:
                self._dialogue.command(self._clear, *commands)
            else:  # old errors must not keep it from being switched off; whether it is off, is asked for
                self._dialogue.errors(after=commands)
            if self._words.is_on():
                raise InstrumentError(self.name, "; ".join(commands), "the output is reported on, against the command")

    def measure(self) -> tuple[float, float]:
        """Measure what the output gives now, V and A; raises if the protection has switched it off."""
        with self._one_at_a_time:
            measured = self._words.measure()
            self._refuse_if_tripped("measure")
            return measured

    def close(self) -> None:
        """End the session; the output stays as it is. May be called twice, never raises."""
        self._dialogue.close()

    def _apply_protected(self, voltage: float, current_limit: float, stands: float, acts: bool, *, on: bool) -> None:
        level = protection_above(voltage)
        if stands < level - _VOLTAGE_STEP or not acts:
            self._protect(max(stands, level) if on else level)
        self._apply(voltage, current_limit)
        if stands > level + _VOLTAGE_STEP and acts and not on:
            self._protect(level)

    def _apply(self, voltage: float, current_limit: float) -> None:
        commands = self._words.apply(voltage, current_limit)
        self._dialogue.command(*commands)
        set_voltage, set_limit = self._words.applied()
        wrong = abs(set_voltage - voltage) > _VOLTAGE_STEP or abs(set_limit - current_limit) > _CURRENT_STEP
        if wrong:
            answer = (
                f"it is set to {set_voltage:g} V and {set_limit:g} A instead of {voltage:g} V and {current_limit:g} A"
            )
            raise InstrumentError(self.name, "; ".join(commands), answer)

    def _protect(self, level: float) -> None:
        commands = self._words.protect(level)
        if not commands:
            return
        self._dialogue.command(*commands)
        stands, acts = self._words.protection() or (math.nan, False)
        if not acts or abs(stands - level) > _VOLTAGE_STEP:
            state = f"at {stands:g} V" if acts else "switched off"
            answer = f"the over-voltage protection is {state} instead of at {level:g} V"
            raise InstrumentError(self.name, "; ".join(commands), answer)

    def _refuse_if_tripped(self, command: str) -> None:
        if self._words.tripped():
            answer = "the over-voltage protection has tripped; remove the cause and clear it at the instrument"
            raise InstrumentError(self.name, command, answer)
