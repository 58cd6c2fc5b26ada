"""The circuit: a current source of finite compliance, a resistor in series, and the load; solved exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.exponentials import Terms
from rig.twin.signal import Piecewise

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Network", "Solution", "in_parallel", "solve"]

# The source leaves its limit a little below where it entered it, so that rounding cannot make it chatter.
_HYSTERESIS = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A load with at most one capacitor: ``v = a·i + b·vc`` and ``C·vc' = d·i − g·vc``.

    For R alone, a = R and the capacitor does not exist; for Rs + (R ‖ C), a = Rs, b = d = 1 and g = 1/R.
    """

    a: float
    b: float = 0.0
    d: float = 0.0
    g: float = 0.0
    capacitance: float | None = None

    @classmethod
    def of(cls, resistance: float, capacitance: float | None = None, series: float | None = None) -> Network:
        """Make R, or Rs + (R ‖ C); a series resistance without a capacitor simply adds."""
        if capacitance is None:
            return cls(a=resistance + (series or 0.0))
        return cls(a=series or 0.0, b=1.0, d=1.0, g=1.0 / resistance, capacitance=capacitance)

    @property
    def tau(self) -> float:
        """Time constant while the source holds its current, s (0 without capacitor)."""
        return 0.0 if self.capacitance is None else self.capacitance / self.g

    @property
    def resistance(self) -> float:
        """Resistance to direct current, ohm."""
        return self.a if self.capacitance is None else self.a + self.b * self.d / self.g


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Current (A), voltage across the load and at the source's terminals (V)."""

    current: Piecewise
    voltage: Piecewise
    output: Piecewise

    def followed_by(self, *others: Solution) -> Solution:
        """Return this solution and those of the times that follow."""
        return Solution(
            current=self.current.followed_by(*(other.current for other in others)),
            voltage=self.voltage.followed_by(*(other.voltage for other in others)),
            output=self.output.followed_by(*(other.output for other in others)),
        )


def in_parallel(loads: Sequence[Network]) -> Network | None:
    """Return several load positions connected at once; None when there is none.

    With more than one capacitor only the first is kept, the others count by their resistance: the load box has no
    such positions, and a second state would serve nothing else.
    """
    if not loads:
        return None
    capacitive = [load for load in loads if load.capacitance is not None]
    kept = capacitive[0] if capacitive else loads[0]
    others = [load for load in loads if load is not kept]
    if not others:
        return kept
    parallel = 1.0 / sum(1.0 / other.resistance for other in others)
    total = parallel + kept.a
    if kept.capacitance is None:
        return Network(a=parallel * kept.a / total)
    share = parallel / total
    return Network(
        a=share * kept.a,
        b=share * kept.b,
        d=share * kept.d,
        g=kept.g + kept.b * kept.d / total,
        capacitance=kept.capacitance,
    )


def solve(command: Piecewise, load: Network | None, *, sense: float, compliance: float) -> Solution:
    """Return what flows when the source is commanded so; the capacitor is empty at the beginning.

    Whatever would need more than ``compliance`` volts at the terminals is limited to that voltage. An open circuit
    carries no current; its terminals, and so those of the load box, stand at the compliance while a current is
    commanded.
    """
    if load is None:
        return _open(command, compliance)
    free = _unlimited(command, load, sense)
    least, greatest = free.output.extremes(command.start, command.stop)
    if max(-least, greatest) <= compliance:
        return free
    return _Limited(load, sense, compliance).solve(command)


def _open(command: Piecewise, compliance: float) -> Solution:
    zeros: list[float] = []
    for k, length in enumerate(np.diff(command.edges).tolist()):
        zero = command.first_crossing(0.0, 0, float(command.edges[k]), float(command.edges[k]) + length)
        zeros += [] if zero is None else [zero]
    split = command.split_at(np.array(zeros))
    middles = split.sample((split.edges[:-1] + split.edges[1:]) / 2)
    nothing = Piecewise.level(0.0, command.start, command.stop)
    output = Piecewise.of(split.edges, compliance * np.sign(middles))
    return Solution(current=nothing, voltage=output, output=output)


def _unlimited(command: Piecewise, load: Network, sense: float) -> Solution:
    voltage = command * load.a
    if load.capacitance is not None:
        charged = (command * (load.d / load.g)).low_passed(load.tau, initial=0.0)
        voltage += charged * load.b
    return Solution(current=command, voltage=voltage, output=voltage + command * sense)


class _Limited:
    """Walks through a command piece by piece, and within a piece from limit to limit."""

    def __init__(self, load: Network, sense: float, compliance: float) -> None:
        self._load, self._sense, self._compliance = load, sense, compliance
        self._impedance = load.a + sense
        self._stored = 0.0
        self._edges: list[float] = []
        self._currents: list[Terms] = []
        self._capacitor: list[Terms] = []

    def solve(self, command: Piecewise) -> Solution:
        for k, length in enumerate(np.diff(command.edges).tolist()):
            self._piece(float(command.edges[k]), command.terms(k), length)
        edges = [*self._edges, command.stop]
        current = Piecewise.from_terms(edges, self._currents)
        voltage = current * self._load.a
        if self._load.capacitance is not None:
            voltage += Piecewise.from_terms(edges, self._capacitor) * self._load.b
        return Solution(current=current, voltage=voltage, output=voltage + current * self._sense)

    def _piece(self, begin: float, wanted: Terms, length: float) -> None:
        """Follow one piece from limit to limit; ``limit`` is 0 while the source delivers what is wanted, else ±1."""
        u, limit = 0.0, self._limit_at_begin(wanted)
        while (left := length - u) > 0:
            rest = wanted.delayed(u)
            if limit == 0:
                current, capacitor = rest, self._free(rest)
                until, limit = self._first_over(rest, capacitor, left)
            else:
                current, capacitor = self._held(limit)
                until, limit = self._first_under(rest, capacitor, left, limit), 0
            if not self._edges or begin + u > self._edges[-1]:
                self._edges.append(begin + u)
                self._currents.append(current)
                self._capacitor.append(capacitor)
            self._stored = capacitor.value(min(until, left))
            # To the very end, not to within rounding of it: no sliver may remain for the next turn.
            u = length if until >= left else u + max(until, np.spacing(begin + u))

    def _terminal(self, wanted: Terms, capacitor: Terms) -> Terms:
        return wanted.scaled(self._impedance).plus(capacitor.scaled(self._load.b))

    def _limit_at_begin(self, wanted: Terms) -> int:
        volts = wanted.value(0.0) * self._impedance + self._stored * self._load.b
        return 0 if abs(volts) < self._compliance else int(np.sign(volts))

    def _free(self, wanted: Terms) -> Terms:
        """Return the capacitor's voltage while the source delivers what is wanted."""
        if self._load.capacitance is None:
            return Terms(constant=0.0)
        drive = Piecewise.from_terms([0.0, 1.0], [wanted.scaled(self._load.d / self._load.g)])
        return drive.low_passed(self._load.tau, initial=self._stored).terms(0)

    def _held(self, limit: int) -> tuple[Terms, Terms]:
        """Return current and capacitor's voltage while the terminals are held at the compliance."""
        load, volts = self._load, limit * self._compliance
        if load.capacitance is None:
            return Terms(constant=volts / self._impedance), Terms(constant=0.0)
        conductance = load.g + load.d * load.b / self._impedance
        final = load.d * volts / self._impedance / conductance
        capacitor = Terms(constant=final, exponentials=((self._stored - final, load.capacitance / conductance),))
        return capacitor.scaled(-load.b / self._impedance).lifted(volts / self._impedance), capacitor

    def _first_over(self, wanted: Terms, capacitor: Terms, length: float) -> tuple[float, int]:
        """Return when the terminals reach the compliance, and on which side; (length, 0) when they do not."""
        terminal = self._terminal(wanted, capacitor)
        upper = terminal.lifted(-self._compliance).first_crossing(length, 1)
        if upper is not None:
            length = upper
        lower = terminal.lifted(self._compliance).first_crossing(length, -1)
        if lower is not None:
            return lower, -1
        return length, 0 if upper is None else 1

    def _first_under(self, wanted: Terms, capacitor: Terms, length: float, limit: int) -> float:
        excess = self._terminal(wanted, capacitor).scaled(limit).lifted(-self._compliance * (1 - _HYSTERESIS))
        crossing = excess.first_crossing(length, -1)
        return length if crossing is None else crossing
