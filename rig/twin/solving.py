"""The exact signals that follow from what is commanded and connected, span by span."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.network import Network, Solution, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.connection import Connection, Span
    from rig.twin.signal import Piecewise

__all__ = ["Solver"]

# A capacitor has forgotten what lies further back than this many of its time constants.
_MEMORY = 60.0
_KEPT_SOLUTIONS = 4


class Solver:
    """Solves the circuit for any time, and remembers the last answers; one caller at a time.

    Parameters
    ----------
    command : the current commanded to the output stage from start to stop, A
    sense : resistance in series with the load, ohm
    compliance : greatest voltage at the stimulator's terminals, V
    """

    def __init__(
        self,
        connection: Connection,
        command: Callable[[float, float], Piecewise],
        *,
        sense: float,
        compliance: float,
    ) -> None:
        self._connection, self._command = connection, command
        self._sense, self._compliance = sense, compliance
        self._solutions: dict[tuple[float, float], Solution] = {}

    def forget(self) -> None:
        """Remember no answers: something has changed."""
        self._solutions.clear()

    def solved(self, start: float, stop: float) -> Solution:
        """Return current and voltages from start to stop."""
        known = self._solutions.get((start, stop))
        if known is None:
            parts = [self._solve_load(span) for span in self._connection.spans(start, stop)]
            known = parts[0].followed_by(*parts[1:])
            while len(self._solutions) >= _KEPT_SOLUTIONS:
                self._solutions.pop(next(iter(self._solutions)))
            self._solutions[start, stop] = known
        return known

    def _solve_load(self, span: Span) -> Solution:
        """Solve for one load, beginning so far back that the capacitor's state is known."""
        start, stop, load = span.begin, span.end, span.load
        back = start if load is None else max(span.since, start - _MEMORY * load.tau)
        solution = self._solve_command(self._command(back, stop), load)
        if back == start:
            return solution
        return Solution(
            current=solution.current.between(start, stop),
            voltage=solution.voltage.between(start, stop),
            output=solution.output.between(start, stop),
        )

    def _solve_command(self, command: Piecewise, load: Network | None) -> Solution:
        """Solve for one load behind the interlock: while its contact is open, the load sees a source of no current."""
        contact, sense, compliance = self._connection.contact, self._sense, self._compliance
        if contact.always_closed(command.start, command.stop):
            return solve(command, load, sense=sense, compliance=compliance)
        behind = solve(contact.through(command), load, sense=sense, compliance=compliance)
        before = solve(command, None, sense=sense, compliance=compliance)
        output = contact.through(behind.output) + contact.before(before.output)
        return Solution(current=behind.current, voltage=behind.voltage, output=output)
