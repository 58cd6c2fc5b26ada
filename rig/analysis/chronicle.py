"""A current together with what was done while it was captured, and what the measurands in time ask of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rig.analysis.flow import Crossing, first_flow, last_flow
from rig.analysis.outcome import one_value
from rig.analysis.rest import Rest, rest_of
from rig.analysis.stretches import cut, load_at
from rig.analysis.uncertainty import Budget
from rig.model.happening import Action

if TYPE_CHECKING:
    from collections.abc import Collection

    from rig.analysis.prepare import Known
    from rig.model.happening import Happening
    from rig.model.measurement import Measurement, Window
    from rig.model.recording import Recording
    from rig.units import Unit

__all__ = ["SILENCE", "Chronicle"]

SILENCE = 1.25
"""A train of which no pulse comes for so many periods has ended; a record that is to show it goes on for longer."""

_RECTANGLE = 12**0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Chronicle:
    """One current, and what happened meanwhile.

    Attributes
    ----------
    signal : A, corrected
    known : what is known of the signal beside its samples
    load : the one connected at first, by canonical name
    happenings : in the order in which they were begun
    """

    signal: Recording
    known: Known
    load: str
    happenings: tuple[Happening, ...]

    @property
    def begin(self) -> float:
        """Time of the first sample, s."""
        return self.signal.scale.start

    @property
    def end(self) -> float:
        """Time of the last sample, s."""
        return self.begin + (len(self.signal) - 1) * self.signal.scale.interval

    @cached_property
    def rest(self) -> Rest:
        """What no current looks like."""
        return rest_of(self.known.path, self.known.zero_values(), samples=len(self.signal))

    @property
    def silence(self) -> float:
        """How long no current must flow until it is known to have ended, s."""
        expected = self.known.expected
        return self.signal.scale.interval if expected is None else SILENCE * expected.period

    def first(self, action: Action) -> Happening | None:
        """Return the first happening of a kind."""
        return next((one for one in self.happenings if one.action is action), None)

    def last_before(self, moment: Happening, actions: Collection[Action]) -> Happening | None:
        """Return the last happening of some kinds before another one."""
        earlier = [one for one in self.happenings if one.action in actions and one.begun <= moment.begun]
        return next((one for one in reversed(earlier) if one is not moment), None)

    def until(self, moment: Happening, actions: Collection[Action]) -> float:
        """Return when the next happening of some kinds begins after another one, or the record ends, s."""
        after = self.happenings[self.happenings.index(moment) + 1 :]
        return min(next((one.begun for one in after if one.action in actions), self.end), self.end)

    def load_at(self, moment: float) -> str:
        """Return which load was connected at a moment, s."""
        return load_at(moment, self.load, self.happenings)

    def part(self, begin: float, end: float) -> Recording:
        """Return the samples from one moment to before another, s."""
        return cut(self.signal, begin, end)

    def first_flow(self) -> Crossing | None:
        """Return where the record's first current begins."""
        return first_flow(self.signal, self.rest)

    def last_flow(self, end: float) -> Crossing | None:
        """Return where the last current before a moment ends."""
        part = self.part(self.begin, end)
        return last_flow(part, self.rest) if len(part) else None

    def time_budget(self, command: Happening, moment: float, doubt: float) -> Budget:
        """Return the budget of the time from a command to a moment, s; ``doubt`` s the moment may lie off, one way."""
        interval = self.signal.scale.interval
        return Budget(
            systematic={
                "command": (command.ended - command.begun) / _RECTANGLE,
                "timebase": self.known.path.timebase * abs(moment - self.begin),
                "crossing interpolation": interval / _RECTANGLE,
                "threshold": doubt / 3**0.5,
            }
        )

    def outcome(self, name: str, unit: Unit, value: float, budget: Budget, window: Window) -> Measurement:
        """Return one value of the record."""
        origin = (self.known.capture, self.known.path.signal, name)
        return one_value(name, unit, value, budget=budget, window=window, origin=origin)
