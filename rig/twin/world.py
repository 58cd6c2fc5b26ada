"""The one physical world behind all virtual instruments: what was switched and stimulated when, and what follows."""

from __future__ import annotations

import math
import threading
import zlib
from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.clock import Monotonic, Pace, RealTime, Time, VirtualTime
from rig.twin.contact import Contact
from rig.twin.network import Network, Solution, in_parallel, solve
from rig.twin.signal import Piecewise
from rig.twin.stimulator import Pulse, Run, StimulatorOutput, Train

if TYPE_CHECKING:
    from rig.twin.config import LoadConfig, TwinConfig

__all__ = ["NODES", "World"]

NODES = ("voltage", "output_voltage", "current", "current_sense", "voltage_divided")

# A capacitor has forgotten what lies further back than this many of its time constants.
_MEMORY = 60.0
_KEPT_SOLUTIONS = 4


class World:
    """Time, switch, stimulator and the exact signals between them; may be used by many threads.

    Attributes
    ----------
    output : the stimulator's output stage with its true errors
    sense : true resistance of the sense resistor, ohm
    loads : true network of every load position
    pace : the time of whoever uses the bench, for timers that watch whether somebody is alive
    """

    def __init__(self, config: TwinConfig, *, pace: Pace | None = None) -> None:
        self.config = config
        self.pace: Pace = Monotonic() if pace is None else pace
        self.output = StimulatorOutput(config.device, seed=config.seed)
        self.sense = self._drawn("sense", config.sense.resistance, config.sense.uncertainty)
        self._probes = [
            Network.of(instrument.input_resistance)
            for instrument in config.instruments.values()
            if instrument.input_resistance is not None and "voltage" in instrument.inputs.values()
        ]
        self.loads = {name: self._network(name, load) for name, load in config.loads.items()}
        self._time: Time = RealTime() if config.real_time else VirtualTime()
        self._lock = threading.RLock()
        self._closed: frozenset[int] = frozenset()
        self._load_times = [-math.inf]
        self._load_networks: list[Network | None] = [None]
        self._contact = Contact()
        self._runs: list[Run] = []
        self._solutions: dict[tuple[float, float], Solution] = {}

    def _drawn(self, name: str, nominal: float, uncertainty: float) -> float:
        """Return a true value: rectangular, so that it is bounded, with the given standard deviation."""
        generator = np.random.default_rng([self.config.seed, zlib.crc32(name.encode()), 0x4C44])
        return nominal + float(generator.uniform(-1, 1)) * math.sqrt(3) * uncertainty

    def _network(self, name: str, load: LoadConfig) -> Network:
        resistance = self._drawn(name, load.resistance, load.uncertainty)
        return Network.of(resistance, load.parallel_capacitance, load.series_resistance)

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since the bench came to be."""
        return self._time.now()

    def advance(self, seconds: float) -> None:
        """Let that much time pass: at once in virtual time, really in real time."""
        self._time.wait_until(self._time.now() + seconds)

    def advance_to(self, moment: float) -> None:
        """Let time pass until that moment; nothing happens if it is past."""
        self._time.wait_until(moment)

    def close(self) -> None:
        """Let everybody who waits go."""
        self._time.close()

    # --- the load switch ------------------------------------------------------------------------------------------

    @property
    def relays_closed(self) -> frozenset[int]:
        """The relay channels that are closed now."""
        with self._lock:
            return self._closed

    def switch(self, relays_closed: frozenset[int]) -> None:
        """Close exactly these relay channels, now; a position is connected when all its relays are closed."""
        with self._lock:
            if relays_closed == self._closed:
                return
            self._closed = relays_closed
            connected = [
                self.loads[name] for name, load in self.config.loads.items() if relays_closed.issuperset(load.relays)
            ]
            self._changed()
            self._load_times.append(self.now)
            self._load_networks.append(in_parallel([*connected, *self._probes]) if connected else None)

    def load(self, moment: float) -> Network | None:
        """Return what the stimulator is connected to at a moment; None is an open circuit."""
        with self._lock:
            if not self._contact.closed_at(moment):
                return None
            return self._load_networks[bisect_right(self._load_times, moment) - 1]

    # --- the interlock --------------------------------------------------------------------------------------------

    @property
    def contact_closed(self) -> bool:
        """Whether the interlock's contact is closed now; it is on a bench without an interlock."""
        with self._lock:
            return self._contact.closed

    def interlock(self, closed: bool) -> None:
        """Close or open, now, the contact between the stimulator and everything else."""
        with self._lock:
            if closed != self._contact.closed:
                self._contact.set(closed, self.now)
                self._changed()

    # --- the stimulator -------------------------------------------------------------------------------------------

    def begin(self, train: Train, *, latency: float | None = None) -> None:
        """Start a train now, in place of one that may run; its first pulse comes after the latency, s."""
        delay = self.config.device.latency if latency is None else latency
        with self._lock:
            now, first = self.now, self.now + delay
            if self._runs:
                self._runs[-1] = self._runs[-1].ended(now)
                first = max(first, self.output.last_stop(self._runs[-1], now))
            self._runs.append(Run(train=train, begin=now, first=first))
            self._changed()

    def end_at(self, moment: float) -> None:
        """Let the running train end at a coming moment unless told otherwise before; a stuck output never ends."""
        with self._lock:
            if self.stimulating and not self.output.stuck_on:
                run = self._runs[-1]
                self._runs[-1] = Run(train=run.train, begin=run.begin, first=run.first, end=max(moment, self.now))
                self._changed()

    def end(self) -> None:
        """End the running train now; a pulse under way is completed."""
        self.end_at(self.now)

    @property
    def stimulating(self) -> bool:
        """Whether a train is running now."""
        with self._lock:
            return bool(self._runs) and self._run_end(self._runs[-1]) > self.now

    def _run_end(self, run: Run) -> float:
        if run.train.count is None:
            return run.end
        return min(run.end, run.first + run.train.count * run.train.period)

    # --- what follows ---------------------------------------------------------------------------------------------

    def signal(self, node: str, start: float, stop: float) -> Piecewise:
        """Return what is at a node from start to stop, exactly; beyond now, what will be if nothing intervenes.

        ``voltage`` at the load box (V; across the load, or across the gap when all its relays are open; what is left
        in the load while the interlock is open), ``voltage_divided`` the same behind the divider,
        ``output_voltage`` at the stimulator's terminals, ``current`` (A), ``current_sense`` across the resistor (V).
        """
        solution = self._solved(start, stop)
        match node:
            case "voltage":
                return solution.voltage
            case "voltage_divided":
                return solution.voltage / self.config.divider
            case "output_voltage":
                return solution.output
            case "current":
                return solution.current
            case "current_sense":
                return solution.current * self.sense
            case _:
                msg = f"there is no node {node!r}; there are {', '.join(NODES)}"
                raise ValueError(msg)

    def pulses(self, start: float, stop: float) -> tuple[Pulse, ...]:
        """Return the pulses commanded from start to stop, in order."""
        with self._lock:
            runs = self._runs_within(start, stop)
        return tuple(pulse for run in runs for pulse in self.output.pulses(run, start, stop))

    def _changed(self) -> None:
        self._solutions.clear()

    def _runs_within(self, start: float, stop: float) -> list[Run]:
        """Return the runs that may show between start and stop, the last pulse of an ended one included."""
        longest = [sum(2 * p.duration for p in run.train.points) + self.output.ramp for run in self._runs]
        return [
            run for run, tail in zip(self._runs, longest, strict=True) if run.begin < stop and run.end + tail > start
        ]

    def _solved(self, start: float, stop: float) -> Solution:
        with self._lock:
            known = self._solutions.get((start, stop))
            if known is None:
                known = self._solve(start, stop)
                while len(self._solutions) >= _KEPT_SOLUTIONS:
                    self._solutions.pop(next(iter(self._solutions)))
                self._solutions[start, stop] = known
            return known

    def _solve(self, start: float, stop: float) -> Solution:
        first = bisect_right(self._load_times, start) - 1
        parts = []
        for k in range(first, len(self._load_times)):
            begin, load = self._load_times[k], self._load_networks[k]
            end = self._load_times[k + 1] if k + 1 < len(self._load_times) else math.inf
            if begin >= stop:
                break
            if end > begin:
                parts.append(self._solve_load(load, begin, max(begin, start), min(end, stop)))
        return parts[0].followed_by(*parts[1:])

    def _solve_load(self, load: Network | None, since: float, start: float, stop: float) -> Solution:
        """Solve for one load, beginning so far back that the capacitor's state is known."""
        back = start if load is None else max(since, start - _MEMORY * load.tau)
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
        sense, compliance = self.sense, self.config.device.compliance
        if self._contact.always_closed(command.start, command.stop):
            return solve(command, load, sense=sense, compliance=compliance)
        behind = solve(self._contact.through(command), load, sense=sense, compliance=compliance)
        before = solve(command, None, sense=sense, compliance=compliance)
        output = self._contact.through(behind.output) + self._contact.before(before.output)
        return Solution(current=behind.current, voltage=behind.voltage, output=output)

    def _command(self, start: float, stop: float) -> Piecewise:
        runs = self._runs_within(start, stop)
        if not runs:
            return Piecewise.level(0.0, start, stop)
        command = self.output.command(runs[0], start, stop)
        for run in runs[1:]:
            command += self.output.command(run, start, stop)
        return command
