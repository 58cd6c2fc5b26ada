"""The one physical world behind all virtual instruments: what was switched and stimulated when, and what follows."""

from __future__ import annotations

import math
import threading
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.clock import Monotonic, Pace, RealTime, Time, VirtualTime
from rig.twin.connection import Connection
from rig.twin.defects import Defects
from rig.twin.network import Network, in_parallel
from rig.twin.power import Power
from rig.twin.reaction import Reaction
from rig.twin.signal import Piecewise
from rig.twin.solving import Solver
from rig.twin.stimulator import Point, Pulse, Run, StimulatorOutput, Train, assembled

if TYPE_CHECKING:
    from rig.twin.config import LoadConfig, TwinConfig

__all__ = ["NODES", "World"]

NODES = ("voltage", "output_voltage", "current", "current_sense", "voltage_divided")

_LONE_PULSE = 1e-3


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
        self._connection, self._power = Connection(), Power(config.device, fed=config.fed)
        self._defects = Defects(config.device.faults)
        reaction = Reaction(config.device, self._connection, self._power)
        self.output = StimulatorOutput(config.device, reaction, seed=config.seed)
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
        self._runs: list[Run] = []
        self._lone: list[Pulse] = []
        self._solver = Solver(self._connection, self._command, sense=self.sense, compliance=config.device.compliance)

    def _drawn(self, name: str, nominal: float, uncertainty: float) -> float:
        """Return a true value: rectangular, so that it is bounded, with the given standard deviation."""
        generator = np.random.default_rng([self.config.seed, zlib.crc32(name.encode()), 0x4C44])
        return nominal + float(generator.uniform(-1, 1)) * math.sqrt(3) * uncertainty

    def _network(self, name: str, load: LoadConfig) -> Network:
        resistance = self._drawn(name, load.resistance, load.uncertainty)
        capacitance, series = load.parallel_capacitance, load.series_resistance
        if capacitance is not None:
            capacitance = self._drawn(f"{name} capacitance", capacitance, load.capacitance_uncertainty)
        if series is not None:
            series = self._drawn(f"{name} series", series, load.series_uncertainty)
        return Network.of(resistance, capacitance, series)

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
            self._connection.connect(in_parallel([*connected, *self._probes]) if connected else None, self.now)

    def load(self, moment: float) -> Network | None:
        """Return what the stimulator is connected to at a moment; None is an open circuit."""
        with self._lock:
            return self._connection.at(moment)

    # --- the interlock --------------------------------------------------------------------------------------------

    @property
    def contact_closed(self) -> bool:
        """Whether the interlock's contact is closed now; it is on a bench without an interlock."""
        with self._lock:
            return self._connection.contact.closed

    def interlock(self, closed: bool) -> None:
        """Close or open, now, the contact between the stimulator and everything else."""
        with self._lock:
            if closed != self._connection.contact.closed:
                self._connection.close(closed, self.now)
                self._changed()

    # --- the supply -----------------------------------------------------------------------------------------------

    def supply(self, volts: float) -> None:
        """Give the device another supply voltage, now; too little ends everything at once, enough lets it boot."""
        with self._lock:
            was_on, now = self._power.on, self.now
            if volts == self._power.volts(now):
                return
            self._power.set(volts, now)
            if was_on and not self._power.on:
                self._runs = [run.cut_off(now) for run in self._runs]
                self._lone = [pulse.until(now) for pulse in self._lone if pulse.start < now]
            elif self._power.on and not was_on:
                self._add_lone("power_up_pulse")
            self._changed()

    @property
    def supply_voltage(self) -> float:
        """What the device is supplied with now, V; infinite of a device that says nothing of its supply."""
        with self._lock:
            return self._power.volts(self.now)

    @property
    def awake(self) -> bool:
        """Whether the device has power, and has booted."""
        with self._lock:
            return self.now >= self._power.awake_at()

    @property
    def boots(self) -> int:
        """How often the device has begun to boot because power came."""
        with self._lock:
            return self._power.boots

    @property
    def supply_current(self) -> float:
        """What the device draws from its supply now, on average over a period of its pulses, A."""
        with self._lock:
            watts = 0.0
            if self.stimulating:
                train = self._runs[-1].train
                charge = sum(point.duration * abs(point.current) for point in train.points)
                watts = charge / train.period * self.config.device.compliance
            return self._power.draw(self.now, watts)

    def _add_lone(self, kind: str) -> None:
        """Let the pulse of such a defect, if the device has it, follow when it has booted."""
        current = self._defects.total(kind)
        if current:
            point = Point(duration=_LONE_PULSE, current=current)
            self._lone.append(self.output.lone(point, self.now + self.config.device.boot_time))

    # --- the stimulator -------------------------------------------------------------------------------------------

    def begin(self, train: Train, *, latency: float | None = None) -> None:
        """Start a train now, in place of one that may run; its first pulse comes after the latency, s.

        Nothing happens while the device is not awake.
        """
        delay = self.config.device.latency if latency is None else latency
        with self._lock:
            if not self.awake:
                return
            now, first = self.now, self.now + delay + self._defects.total("late_start")
            if self._runs:
                self._runs[-1] = self._runs[-1].ended(now)
                first = max(first, self.output.last_stop(self._runs[-1], now))
            self._runs.append(Run(train=train, begin=now, first=first))
            self._changed()

    def end_at(self, moment: float) -> None:
        """Let the running train end at a coming moment unless told otherwise before; a stuck output never ends."""
        with self._lock:
            if self.stimulating and not self._defects.has("stuck_on"):
                self._runs[-1] = replace(self._runs[-1], end=max(moment, self.now))
                self._changed()

    def end(self) -> None:
        """End the running train now; a pulse under way is completed."""
        self.end_at(self.now)

    def cut(self) -> None:
        """End the running train now, in the middle of a pulse if one is under way; a stuck output never ends."""
        with self._lock:
            if self._runs and not self._defects.has("stuck_on"):
                self._runs[-1] = self._runs[-1].cut_off(self.now)
                self._changed()

    def stop(self) -> None:
        """Obey a command to stop as the device does: a healthy one ends its train now."""
        with self._lock:
            if self.stimulating and not self._defects.has("ignores_stop") and not self._runs[-1].stopping:
                self.end_at(self.now + self._defects.total("slow_stop"))
                self._runs[-1] = replace(self._runs[-1], stopping=True)

    def keep_alive(self, seconds: float) -> float:
        """Let the running train end so much later if nobody calls again; return when the device takes it to end, s."""
        with self._lock:
            patience = math.inf if self._defects.has("no_timeout") else seconds + self._defects.total("slow_timeout")
            until = self.now + patience
            if self._runs and not self._runs[-1].stopping:
                self.end_at(until)
            return until

    def reset(self) -> None:
        """End the running train now, as a device does that begins anew."""
        with self._lock:
            self.end()
            self._add_lone("reset_pulse")
            self._changed()

    def rest(self) -> float:
        """Return when the last pulse of a train with a count comes to rest, s; now if none is to come."""
        with self._lock:
            now = self.now
            pulses = self.output.pulses(self._runs[-1], now, math.inf) if self._runs else ()
            return max((pulse.stop for pulse in pulses), default=now)

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
        with self._lock:
            solution = self._solver.solved(start, stop)
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
            lone = [pulse for pulse in self._lone if pulse.start < stop and pulse.stop > start]
        pulses = [pulse for run in runs for pulse in self.output.pulses(run, start, stop)]
        return tuple(sorted([*pulses, *lone], key=lambda pulse: pulse.start) if lone else pulses)

    def _changed(self) -> None:
        self._solver.forget()

    def _runs_within(self, start: float, stop: float) -> list[Run]:
        """Return the runs that may show between start and stop, the last pulse of an ended one included."""
        longest = [sum(2 * p.duration for p in run.train.points) + self.output.ramp for run in self._runs]
        return [
            run for run, tail in zip(self._runs, longest, strict=True) if run.begin < stop and run.end + tail > start
        ]

    def _command(self, start: float, stop: float) -> Piecewise:
        commands = [self.output.command(run, start, stop) for run in self._runs_within(start, stop)]
        commands += [assembled([one], start, stop) for one in self._lone if one.start < stop and one.stop > start]
        total = commands[0] if commands else Piecewise.level(0.0, start, stop)
        for command in commands[1:]:
            total += command
        return total
