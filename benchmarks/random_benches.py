"""Virtual benches drawn at random, what the rig measures on them, and what was truly there.

Everything that a bench's files state is drawn: half-widths and noise of the instruments, resistors and their
uncertainties, ranges, sample rates, and the stimulus with its device. The virtual bench then draws its true errors from
what was stated, and the rig computes its uncertainties from the same statements, so that the two can be compared.
No sockets: the world, its front ends and the rig's own correction and analysis, in one process.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from rig.acquisition.correct import correct
from rig.analysis import CATALOGUE, measure, measure_idle
from rig.bench.definition import BenchDefinition, DeviceDefinition, load_bench, load_device
from rig.bench.files import TwinEntry
from rig.bench.loads import loads_of
from rig.bench.paths import signal_path
from rig.model.measurement import Measurement, Outcome
from rig.model.setup import DigitizerSetup, ScopeChannel, ScopeSetup
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.model.waveform import Waveform
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.frontend import FrontEnd
from rig.twin.signal import Piecewise
from rig.twin.stimulator import Point, Train
from rig.twin.world import World
from rig.units import Unit

__all__ = ["SHAPES", "Trial", "trial"]

_FIXTURES = Path(__file__).parents[1] / "fixtures"
_AREA = 25e-4
# The zero is taken at 0.01 s; the train is commanded at 1 s.
_ZERO_AT, _BEGIN = 0.01, 1.0


@dataclass(frozen=True, kw_only=True)
class ShapeOf:
    """A kind of stimulus: how its pulses come, and through which signal it is seen."""

    title: str
    signal: str = "current"
    phases: int = 2
    burst: bool = False
    jitter: bool = False
    droop: bool = False
    imbalance: bool = False
    slow: bool = False


SHAPES: Mapping[str, ShapeOf] = {
    "monophasic": ShapeOf(title="monophasic", phases=1),
    "biphasic": ShapeOf(title="biphasic symmetric, either polarity"),
    "imbalanced": ShapeOf(title="biphasic with unequal phases and a direct current", imbalance=True),
    "droop": ShapeOf(title="biphasic, drooping", droop=True),
    "bursts": ShapeOf(title="bursts of biphasic pulses", burst=True),
    "jitter": ShapeOf(title="biphasic with jittering periods", jitter=True),
    "slow": ShapeOf(title="5 s, few samples per edge", slow=True),
    "voltage": ShapeOf(title="biphasic, voltage by the oscilloscope", signal="voltage"),
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One bench: the outcomes by measurand, and the true values of those that the shape defines."""

    outcomes: Mapping[str, Outcome]
    truth: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What was drawn for one bench."""

    shape: ShapeOf
    seed: int
    definition: BenchDefinition
    device: DeviceDefinition
    load: str
    interval: float
    samples: int
    full_scale: float
    stimulus: Stimulus
    train: Train
    lead: float
    faults: tuple[dict[str, object], ...]
    per_burst: int

    @property
    def exponential(self) -> bool:
        """Whether the plateau decays rather than falls in a straight line."""
        return any(fault.get("shape") == "exponential" for fault in self.faults)


def trial(shape: str, number: int, *, seed: int) -> Trial:
    """Draw one bench, take a zero and a signal on it, measure, and compare with the world."""
    rng = np.random.default_rng([seed, list(SHAPES).index(shape), number])
    plan = _drawn(SHAPES[shape], rng)
    document = twin_configuration(plan.definition, plan.device)
    document["device"]["faults"] = list(plan.faults)
    config = TwinConfig.model_validate(document)
    world = World(config)
    world.switch(frozenset(plan.definition.relays[plan.load]))
    world.advance_to(_BEGIN)
    world.begin(plan.train)
    return _measured(plan, config, world)


@cache
def _shipped() -> tuple[BenchDefinition, DeviceDefinition]:
    return (
        load_bench(_FIXTURES / "benches" / "virtual.bench.yaml"),
        load_device(_FIXTURES / "duts" / "p24-healthy.dut.yaml"),
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def _drawn(shape: ShapeOf, rng: np.random.Generator) -> _Plan:
    stimulus, train, amplitude, period, rise = _stimulus(shape, rng)
    per_burst = (len(train.points) + 1) // (4 if stimulus.interphase else 3) if shape.burst else 1
    bench, device = _shipped()
    device = replace(
        device, file=device.file.model_copy(update={"twin": device.file.twin.model_copy(update={"rise_time": rise})})
    )
    load = str(rng.choice(["500 ohm", "1 kohm"]))
    resistor = bench.sense_resistor
    assert resistor is not None
    resistance = float(rng.choice([1.0, 10.0, 50.0]))
    half_range = min(max(amplitude * resistance * float(rng.uniform(1.3, 4.0)), 0.02), 10.0)
    full_scale = 2 * amplitude * bench.loads[load].resistance * float(rng.uniform(1.3, 2.5))
    definition = _stated(bench, rng, resistance=resistance, reach=half_range, full_scale=full_scale)
    if shape.signal == "voltage":
        interval = 3.3 * period / 100_000
        samples = 100_000
    elif shape.slow:
        interval, samples = 10e-6, 530_000
    else:
        interval = float(rng.choice([0.5e-6, 1e-6, 2e-6]))
        samples = int(min(rng.uniform(6.2, 9.8) * period, 0.4) / interval)
    return _Plan(
        shape=shape,
        seed=int(rng.integers(2**31)),
        definition=definition,
        device=device,
        load=load,
        interval=interval,
        samples=samples,
        full_scale=full_scale,
        stimulus=stimulus,
        train=train,
        lead=float(rng.uniform(0.1, 0.6)) * min(period, 10e-3),
        faults=_faults(shape, amplitude, rng),
        per_burst=per_burst,
    )


def _stimulus(shape: ShapeOf, rng: np.random.Generator) -> tuple[Stimulus, Train, float, float, float]:
    amplitude = _log_uniform(rng, 2e-3, 100e-3)
    duration = float(rng.uniform(100e-6, 500e-6)) * (8.0 if shape.slow else 1.0)
    interphase = float(rng.choice([0.0, rng.uniform(50e-6, 200e-6)])) if shape.phases > 1 else 0.0
    rate = float(rng.uniform(20, 50)) if shape.slow else float(rng.uniform(25, 100))
    sign = 1 if rng.random() < 0.5 else -1
    rise = _log_uniform(rng, 1e-6, 20e-6)
    points = [Point(duration=duration, current=sign * amplitude)]
    if interphase:
        points.append(Point(duration=interphase, current=0.0))
    if shape.phases > 1:
        points.append(Point(duration=duration, current=-sign * amplitude))
    width = sum(point.duration for point in points)
    period = 1 / rate
    train = Train(points=tuple(points), period=period)
    if shape.burst or shape.jitter:
        number = int(rng.integers(3, 6)) if shape.burst else 12
        step = 1 / rate if shape.jitter else width + float(rng.uniform(2e-3, 4e-3))
        spread = _log_uniform(rng, 0.3e-6, 300e-6) if shape.jitter else 0.0
        pauses = step - width + spread * rng.normal(size=number)
        train_points: list[Point] = []
        for pause in pauses:
            train_points += [*points, Point(duration=float(pause), current=0.0)]
        if shape.burst:
            period = step * number * float(rng.uniform(6.0, 9.0))
            train = Train(points=tuple(train_points[:-1]), period=period)
        else:
            train = Train(points=tuple(train_points[:-1]), period=100.0, count=1)
        rate = 1 / step
    stimulus = Stimulus(
        channel=1,
        shape=Shape.BIPHASIC_SYMMETRIC if shape.phases > 1 else Shape.MONOPHASIC,
        amplitude=amplitude,
        phase_duration=duration,
        interphase=interphase,
        rate=rate,
        train=100.0,
        polarity=Polarity.POSITIVE if sign > 0 else Polarity.NEGATIVE,
    )
    return stimulus, train, amplitude, period, rise


def _faults(shape: ShapeOf, amplitude: float, rng: np.random.Generator) -> tuple[dict[str, object], ...]:
    if shape.imbalance:
        return (
            {"kind": "second_phase_imbalance", "value": float(rng.uniform(-0.1, 0.1))},
            {"kind": "dc_leak", "value": amplitude * float(rng.uniform(-0.005, 0.005))},
        )
    if shape.droop:
        how = str(rng.choice(["linear", "exponential"]))
        return ({"kind": "droop", "value": float(rng.uniform(0.02, 0.3)), "shape": how},)
    return ()


def _stated(
    bench: BenchDefinition, rng: np.random.Generator, *, resistance: float, reach: float, full_scale: float
) -> BenchDefinition:
    """Return the bench with everything drawn that its calibrations, resistors and ranges state."""
    assert bench.voltage is not None
    assert bench.current is not None
    assert bench.sense_resistor is not None
    u = resistance * _log_uniform(rng, 2e-5, 1e-3)
    sense = bench.sense_resistor.model_copy(
        update={"resistance": resistance, "uncertainty": u, "temperature_coefficient": 0.0}
    )
    positions = {
        name: position.model_copy(update={"uncertainty": position.resistance * _log_uniform(rng, 2e-5, 1e-3)})
        for name, position in bench.box.positions.items()
    }
    box = bench.box.model_copy(update={"positions": positions})
    calibrations = {}
    for name, span, attenuation in (("daq", 2 * reach, 1.0), ("scope", full_scale, bench.voltage.probe)):
        record = bench.calibrations[name]
        updates = {
            "gain": _log_uniform(rng, 1e-4, 0.02),
            "offset": span / attenuation * _log_uniform(rng, 1e-4, 5e-3),
            "offset_of_range": 0.0,
            "offset_drift": span / attenuation * _log_uniform(rng, 3e-6, 3e-4),
            "offset_drift_of_range": 0.0,
            "noise": span / attenuation * _log_uniform(rng, 5e-6, 5e-4 if name == "daq" else 5e-3),
            "noise_of_range": 0.0,
            "bandwidth": _log_uniform(rng, 0.5e6, 5e6) if name == "daq" else 25e6,
            "bits": int(rng.choice([14, 16])) if name == "daq" else 8,
            "codes": None,
        }
        channels = {key: channel.model_copy(update=updates) for key, channel in record.channels.items()}
        calibrations[name] = record.model_copy(update={"channels": channels, "timebase": _log_uniform(rng, 2e-6, 1e-4)})
    current = bench.current.model_copy(update={"half_range": reach})
    signals = bench.file.signals.model_copy(update={"current": current})
    file = bench.file.model_copy(update={"signals": signals, "twin": TwinEntry(seed=int(rng.integers(2**31)))})
    return replace(bench, file=file, box=box, loads=loads_of(box)[0], sense_resistor=sense, calibrations=calibrations)


def _measured(plan: _Plan, config: TwinConfig, world: World) -> Trial:
    definition, load = plan.definition, plan.definition.loads[plan.load]
    first = _BEGIN + config.device.latency
    start = first - plan.lead
    setup: ScopeSetup | DigitizerSetup
    if plan.shape.signal == "voltage":
        assert definition.voltage is not None
        setup = ScopeSetup(
            channels={definition.voltage.channel: ScopeChannel(full_scale=plan.full_scale)},
            window=plan.interval * plan.samples,
            points=plan.samples,
        )
        name, channel, node, span = "scope", str(definition.voltage.channel), "voltage", plan.full_scale
    else:
        assert definition.current is not None
        channel = definition.current.channel
        reach = definition.current.half_range
        setup = DigitizerSetup(channels={channel: reach}, rate=1 / plan.interval, samples=plan.samples)
        name, node, span = "daq", "current_sense", 2 * reach
    path = signal_path(definition, plan.shape.signal, setup, load)
    end = FrontEnd(config.instruments[name], seed=config.seed, instrument=name, channel=channel)

    def acquired(at: float, number: int) -> Waveform:
        bits = config.instruments[name].bits or 16
        record = end.acquire(
            world,
            node,
            start=at,
            interval=plan.interval,
            n=plan.samples if number == 1 else min(plan.samples, 50_000),
            full_scale=span,
            bits=bits,
            acquisition=number,
        )
        raw = Waveform(
            samples=record.codes,
            gain=record.lsb,
            offset=record.offset,
            interval=plan.interval,
            unit=Unit.VOLT,
            source=f"{name}:{channel}",
            rails=(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
        )
        return correct(raw, path)

    zero, idle, signal = acquired(_ZERO_AT, 0), acquired(_ZERO_AT, 2), acquired(start, 1)
    analysis = measure(
        signal,
        path=path,
        zero=zero,
        expected=None if plan.shape.burst else plan.stimulus,
        load_resistance=load.resistance,
        electrode_area=_AREA,
        capture="trial",
    )
    quantity = "voltage" if plan.shape.signal == "voltage" else "current"
    stop = start + plan.interval * end.timebase * (plan.samples + 1)
    truth = _Truth(
        plan=plan,
        world=world,
        signal=world.signal(quantity, start - 0.5e-3, stop + 1.5 * plan.stimulus.period),
        starts=np.array([start + row.start * end.timebase for row in analysis.pulses]),
        whole=np.array([row.whole for row in analysis.pulses], dtype=bool),
        window=_window(analysis.outcomes["rms_current"], start, end.timebase),
        record=(start, start + plan.interval * end.timebase * (plan.samples - 1)),
    )
    outcomes = dict(analysis.outcomes)
    true = dict(truth.values())
    if quantity == "current":
        outcomes["idle_current"] = measure_idle(idle, path, zero).outcome
        true["idle_current"] = 0.0
    return Trial(outcomes=outcomes, truth={name: value for name, value in true.items() if name in CATALOGUE})


def _window(outcome: Outcome, start: float, timebase: float) -> tuple[float, float] | None:
    """From when to when an outcome speaks of, in the world's time: which periods those are is the record's choice."""
    if not isinstance(outcome, Measurement):
        return None
    return start + outcome.window.start * timebase, start + outcome.window.stop * timebase


@dataclass(frozen=True, kw_only=True)
class _Phase:
    """One phase of the exact signal: instants in s, figures as magnitudes."""

    start: float
    stop: float
    top: float
    peak: float
    charge: float
    rise: float
    fall: float
    droop: float
    sign: int


@dataclass(kw_only=True)
class _Truth:
    """The true values, from the exact signal, for the pulses that were found.

    All pulses of a train have the same shape, so that one is looked at closely.
    """

    plan: _Plan
    world: World
    signal: Piecewise
    starts: np.ndarray
    whole: np.ndarray
    record: tuple[float, float]
    window: tuple[float, float] | None

    @cached_property
    def commanded(self) -> list[tuple[float, float, int]]:
        """All phases as commanded: begin, end (its last transition included), direction."""
        ramp = self.world.output.ramp
        return [
            (pulse.start + begin, pulse.start + end + ramp, sign)
            for pulse in self.world.pulses(self.signal.start, self.signal.stop)
            for begin, end, sign in pulse.phases
        ]

    @cached_property
    def begins(self) -> np.ndarray:
        """When every pulse that was found truly began, s: the nearest pulse of the world."""
        return np.array([self.all_begins[np.abs(self.all_begins - start).argmin()] for start in self.starts])

    @cached_property
    def all_begins(self) -> np.ndarray:
        """When every pulse of the world began, s."""
        return np.array([begin for begin, _, _ in self.commanded[:: self.plan.shape.phases]])

    def _phases(self) -> list[_Phase]:
        number = int(np.flatnonzero(self.whole)[0])
        at = self.begins[number]
        mine = [one for one in self.commanded if one[0] >= at - 1e-9][: self.plan.shape.phases]
        return [self._phase(*one) for one in mine]

    def _phase(self, begin: float, end: float, sign: int) -> _Phase:
        signal = self.signal * float(sign)
        own = signal.first_crossing(0.0, 1, begin, end) or begin
        if signal.at(begin) >= 0:
            own = begin
        _low, high = signal.extremes(own, end)
        left = signal.first_crossing(0.0, -1, own + 1e-9, end) or end
        ramp = self.world.output.ramp
        middle = 0.5 * (own + end)
        top = signal.at(middle)

        def up(part: float) -> float:
            return signal.first_crossing(part * top, 1, begin - 1e-9, middle) or math.nan

        def down(part: float) -> float:
            return signal.first_crossing(part * top, -1, end - ramp - 1e-9, end + 1e-9) or math.nan

        start, stop = up(0.5), down(0.5)
        # The state of a plateau that falls is the level half way between its 50 % crossings.
        for _ in range(3):
            top = signal.at(0.5 * (start + stop))
            start, stop = up(0.5), down(0.5)
        return _Phase(
            start=start,
            stop=stop,
            top=top,
            peak=high,
            charge=signal.integral(own, left),
            rise=up(0.9) - up(0.1),
            fall=down(0.1) - down(0.9),
            droop=self._droop(signal, own + ramp, end - ramp - 1e-9, start, stop),
            sign=sign,
        )

    def _droop(self, signal: Piecewise, a: float, b: float, start: float, stop: float) -> float:
        """The level at the 50 % crossings, from two instants of a plateau that falls in a straight line or decays."""
        first, last = signal.at(a), signal.at(b)
        if self.plan.exponential:
            rate = math.log(first / last) / (b - a)
            return 1 - math.exp(-rate * (stop - start))
        slope = (last - first) / (b - a)
        return -slope * (stop - start) / (first - slope * (a - start))

    def values(self) -> Iterator[tuple[str, float]]:
        if not self.whole.any():
            return
        phases = self._phases()
        voltage = self.plan.shape.signal == "voltage"
        yield from self._of_phases(phases)
        yield from self._of_trains(phases)
        if voltage:
            low, high = self.signal.extremes(*self.record)
            yield "peak_output_voltage", max(high, -low)
            return
        yield from self._of_charges(phases)
        yield from self._of_records(phases)

    def _of_phases(self, phases: list[_Phase]) -> Iterator[tuple[str, float]]:
        def mean(values: list[float]) -> float:
            return float(np.mean(values))

        yield "phase_duration", mean([one.stop - one.start for one in phases])
        yield "phase_peak", mean([one.peak for one in phases])
        yield "phase_top", mean([one.top for one in phases])
        if not self.plan.shape.droop:
            yield "rise_time", mean([one.rise for one in phases])
            yield "fall_time", mean([one.fall for one in phases])
            yield "overshoot", 0.0
        yield "droop", mean([one.droop for one in phases])
        yield "pulse_width", phases[-1].stop - phases[0].start
        if len(phases) > 1:
            yield "interphase_interval", phases[1].start - phases[0].stop
        yield "polarity", float(phases[0].sign)
        yield "phase_count", float(len(phases))

    def _of_charges(self, phases: list[_Phase]) -> Iterator[tuple[str, float]]:
        yield "phase_charge", float(np.mean([one.charge for one in phases]))
        yield "phase_mean", float(np.mean([one.charge / (one.stop - one.start) for one in phases]))
        for name, sign in (("positive", 1), ("negative", -1)):
            own = [sign * one.charge for one in phases if one.sign == sign]
            if own:
                yield f"phase_charge_{name}", own[0]
        largest = max(one.charge for one in phases)
        yield "max_phase_charge", largest
        yield "phase_charge_density", largest / _AREA
        yield "shannon_k", math.log10(largest * 1e6 * largest * 1e6 / (_AREA * 1e4))
        yield "net_charge_active", sum(one.sign * one.charge for one in phases)
        nets = self._nets()
        if len(nets):
            yield "net_charge", float(np.mean(nets))
            yield "charge_imbalance", float(np.mean(nets)) / phases[0].charge
        load = self.world.loads[self.plan.load].resistance
        begin, end = phases[0].start, phases[-1].stop
        ramp = self.world.output.ramp
        yield "pulse_energy", load * self.signal.integral_of_square(begin - ramp, end + ramp)

    def _nets(self) -> list[float]:
        """From every whole pulse to the next; at most one and a half periods, as the measurand is defined."""
        begins = self.begins
        period = float(np.median(np.diff(begins))) if len(begins) > 1 else self.plan.stimulus.period
        nets = []
        for number in np.flatnonzero(self.whole):
            begin = begins[number]
            stop = begins[number + 1] if number + 1 < len(begins) else begin + period
            if stop - begin > 1.5 * period:
                stop = begin + period
            if stop <= self.record[1]:
                nets.append(self.signal.integral(begin, stop))
        return nets

    def _of_trains(self, phases: list[_Phase]) -> Iterator[tuple[str, float]]:
        steps = np.diff(self.begins)
        if not len(steps):
            return
        if self.plan.shape.burst:
            inside = steps <= 4.5 * np.median(steps)
            yield from self._of_bursts(phases, inside)
            steps = steps[inside]
        yield "pulse_rate", 1 / float(np.mean(steps))
        yield "missing_pulses", 0.0
        yield "extra_pulses", 0.0
        if len(steps) > 1:
            yield "period_jitter", float(np.std(steps, ddof=1))
            yield "period_jitter_peak_to_peak", float(np.ptp(steps))

    def _of_bursts(self, phases: list[_Phase], inside: np.ndarray) -> Iterator[tuple[str, float]]:
        del inside
        number = self.plan.per_burst
        every = self.all_begins
        width = phases[-1].stop - phases[0].start
        duration = float(every[number - 1] - every[0]) + width
        repeat = float(np.mean(np.diff(every[::number])))
        yield "pulses_per_burst", float(number)
        yield "burst_duration", duration
        yield "on_time", duration
        yield "off_time", repeat - duration
        yield "burst_rate", 1 / repeat
        yield "duty_cycle", duration / repeat

    def _of_records(self, phases: list[_Phase]) -> Iterator[tuple[str, float]]:
        if self.window is None:
            return
        first, last = (int(np.abs(self.all_begins - at).argmin()) for at in self.window)
        begin, end = float(self.all_begins[first]), float(self.all_begins[last])
        length = end - begin
        square, mean = self.signal.integral_of_square(begin, end) / length, self.signal.integral(begin, end) / length
        yield "rms_current", math.sqrt(square)
        yield "current_density_rms", math.sqrt(square) / _AREA
        yield "dc_component", mean
        yield "ac_rms", math.sqrt(square - mean**2)
        if not self.plan.shape.imbalance:
            pieces = sum(one.charge for one in phases) * (last - first)
            yield "average_current", pieces / length
        for name, seconds in (("rms_1s", 1.0), ("rms_5s", 5.0)):
            worst = self._sliding(seconds)
            if worst is not None:
                yield name, worst
                if name == "rms_1s":
                    yield "power_density", worst**2 * self.world.loads[self.plan.load].resistance / _AREA

    def _sliding(self, seconds: float) -> float | None:
        low, high = self.record[0], self.record[1] - seconds
        if high < low:
            return None
        ends = np.array([end for _, end, _ in self.commanded])
        begins = np.array([begin for begin, _, _ in self.commanded])
        candidates = np.concatenate(([low, high], begins, ends - seconds))
        candidates = candidates[(candidates >= low) & (candidates <= high)]
        squares = [self.signal.integral_of_square(float(at), float(at) + seconds) for at in candidates]
        return math.sqrt(max(squares) / seconds)
