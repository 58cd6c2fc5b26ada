"""What every driver of an AC source does with its output in place of the mains, in whatever words it is told."""

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

__all__ = ["AcSource", "AcWords"]

# A range is chosen while the output is off and stays: it must hold what tests do to the mains, 10 % and a little more.
_HEADROOM = 1.15
# Sources set 0.1 V, 0.1 Hz and 0.01 A at the coarsest; what differs by more than half of that is another setting.
_VOLTAGE_STEP, _FREQUENCY_STEP, _CURRENT_STEP = 0.051, 0.051, 5.1e-3


class AcWords(Protocol):
    """How a family is told and asked about its output; voltages and currents are effective values."""

    @property
    def ranges(self) -> tuple[float, ...]:
        """The highest voltage of each range, V, ascending."""

    def in_range(self, highest: float) -> Sequence[str]:
        """Return the commands that choose the range with this highest voltage."""

    def range(self) -> float:
        """Ask for the highest voltage of the range that is chosen, V."""

    def voltage(self, voltage: float) -> Sequence[str]:
        """Return the commands that set the voltage, V."""

    def apply(self, frequency: float, current_limit: float) -> Sequence[str]:
        """Return the commands that set frequency and current limit, Hz and A."""

    def applied(self) -> tuple[float, float, float]:
        """Ask for voltage, frequency and current limit as set, V, Hz and A."""

    def tripped(self) -> bool:
        """Ask whether a protection has switched the output off."""

    def switch(self, *, on: bool) -> str:
        """Return the command that switches the output."""

    def is_on(self) -> bool:
        """Ask whether the output is on."""

    def measure(self) -> tuple[float, float]:
        """Ask what the output gives now, V and A."""


class AcSource:
    """An output that stands in for the mains; every setting is read back. May be called by several threads.

    A protection that has tripped stays so: a person looks for the cause and clears it at the instrument. The range is
    never changed while the output is on: what is beyond it then is refused.

    Parameters
    ----------
    name : the name in the bench file
    rating : the most that the output gives, where that is known
    """

    def __init__(self, name: str, dialogue: ScpiDialogue, words: AcWords, *, rating: Rating | None = None) -> None:
        self.name = name
        self._dialogue, self._words, self._rating = dialogue, words, rating
        self._is_set = False
        self._one_at_a_time = threading.RLock()

    def identify(self) -> Identity:
        """Ask the instrument who it is."""
        with self._one_at_a_time:
            return self._dialogue.identify()

    def self_test(self) -> str:
        """Run the instrument's own test, which may switch its output; return what it complains of."""
        with self._one_at_a_time:
            return self_test(self._dialogue)

    def errors(self) -> tuple[str, ...]:
        """Read and empty the error queue."""
        with self._one_at_a_time:
            return self._dialogue.errors()

    def set(self, voltage: float, current_limit: float, frequency: float = 0.0) -> None:
        """Set what the output gives or would give, V, A and Hz; returns when the instrument has confirmed it."""
        asked = f"{voltage:g} V, {frequency:g} Hz with a limit of {current_limit:g} A"
        wanted = (voltage, current_limit, frequency)
        if not all(map(math.isfinite, wanted)) or voltage < 0 or current_limit <= 0 or frequency <= 0:
            raise Refused(f"{self.name}: cannot give {asked}; an AC source needs a frequency")
        if self._rating is not None and not self._rating.gives(voltage, current_limit):
            raise Refused(f"{self.name}: cannot give {asked}; it gives {self._rating}")
        with self._one_at_a_time:
            self._dialogue.command("*CLS")
            self._dialogue.command(*self._in_order(voltage), *self._words.apply(frequency, current_limit))
            self._see_that_it_is_so(voltage, frequency, current_limit)
            self._is_set = True

    def switch_on(self) -> None:
        """Connect the output; raises unless the instrument reports it on and no protection tripped."""
        with self._one_at_a_time:
            if not self._is_set:
                raise Refused(f"{self.name}: the output has not been set, so it is not switched on")
            command = self._words.switch(on=True)
            self._refuse_if_tripped(command)
            self._dialogue.command(command)
            self._refuse_if_tripped(command)
            if not self._words.is_on():
                raise InstrumentError(self.name, command, "the output is reported off, against the command")

    def switch_off(self) -> None:
        """Disconnect the output, and see that it is reported off; may be called at any time, any number of times."""
        command = self._words.switch(on=False)
        with self._one_at_a_time:
            self._dialogue.command("*CLS", command)
            if self._words.is_on():
                raise InstrumentError(self.name, command, "the output is reported on, against the command")

    def measure(self) -> tuple[float, float]:
        """Measure what the output gives now, effective V and A; raises if a protection has switched it off."""
        with self._one_at_a_time:
            measured = self._words.measure()
            self._refuse_if_tripped("measure")
            return measured

    def close(self) -> None:
        """End the session; the output stays as it is. May be called twice, never raises."""
        self._dialogue.close()

    def _in_order(self, voltage: float) -> Sequence[str]:
        """Return the commands for range and voltage; at no moment may the voltage set lie beyond the range."""
        tops, stands, on = self._words.ranges, self._words.range(), self._words.is_on()
        fitting = [top for top in tops if voltage * (1.0 if on else _HEADROOM) <= top] or [tops[-1]]
        chosen = stands if on else fitting[0]
        if voltage > chosen:
            told = f"{voltage:g} V is beyond its range, which ends at {chosen:g} V"
            kept = ", and is not changed while the output is on" if chosen < tops[-1] else ""
            raise Refused(f"{self.name}: {told}{kept}")
        if on:
            return self._words.voltage(voltage)
        change, level = self._words.in_range(chosen), self._words.voltage(voltage)
        return (*change, *level) if chosen >= stands else (*level, *change)

    def _see_that_it_is_so(self, *wanted: float) -> None:
        applied = self._words.applied()
        steps = (_VOLTAGE_STEP, _FREQUENCY_STEP, _CURRENT_STEP)
        if any(abs(one - asked) > step for one, asked, step in zip(applied, wanted, steps, strict=True)):
            told = " instead of ".join(
                f"{volts:g} V, {hertz:g} Hz and {amps:g} A" for volts, hertz, amps in (applied, wanted)
            )
            raise InstrumentError(self.name, "set", f"it is set to {told}")

    def _refuse_if_tripped(self, command: str) -> None:
        if self._words.tripped():
            answer = "a protection has tripped; remove the cause and clear it at the instrument"
            raise InstrumentError(self.name, command, answer)
