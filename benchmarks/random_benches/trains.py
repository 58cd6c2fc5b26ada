"""Trains that the virtual stimulator delivers, and benches for them, drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.random_benches.stated import log_uniform, shipped, stated
from rig.bench.definition import BenchDefinition, DeviceDefinition
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.twin.stimulator import Point, Train

__all__ = ["TRAINS", "Plan", "ShapeOf", "drawn"]


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


TRAINS: Mapping[str, ShapeOf] = {
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
class Plan:
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


def drawn(shape: ShapeOf, rng: np.random.Generator) -> Plan:
    """Draw bench, record and stimulus."""
    stimulus, train, amplitude, period, rise = stimulus_and_train(shape, rng)
    per_burst = (len(train.points) + 1) // (4 if stimulus.interphase else 3) if shape.burst else 1
    bench, device = shipped()
    device = replace(
        device, file=device.file.model_copy(update={"twin": device.file.twin.model_copy(update={"rise_time": rise})})
    )
    load = str(rng.choice(["500 ohm", "1 kohm"]))
    resistor = bench.sense_resistor
    assert resistor is not None
    resistance = float(rng.choice([1.0, 10.0, 50.0]))
    half_range = min(max(amplitude * resistance * float(rng.uniform(1.3, 4.0)), 0.02), 10.0)
    full_scale = 2 * amplitude * bench.loads[load].resistance * float(rng.uniform(1.3, 2.5))
    definition = stated(bench, rng, resistance=resistance, reach=half_range, full_scale=full_scale)
    if shape.signal == "voltage":
        interval = 3.3 * period / 100_000
        samples = 100_000
    elif shape.slow:
        interval, samples = 10e-6, 530_000
    else:
        interval = float(rng.choice([0.5e-6, 1e-6, 2e-6]))
        samples = int(min(rng.uniform(6.2, 9.8) * period, 0.4) / interval)
    return Plan(
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


def stimulus_and_train(shape: ShapeOf, rng: np.random.Generator) -> tuple[Stimulus, Train, float, float, float]:
    amplitude = log_uniform(rng, 2e-3, 100e-3)
    duration = float(rng.uniform(100e-6, 500e-6)) * (8.0 if shape.slow else 1.0)
    interphase = float(rng.choice([0.0, rng.uniform(50e-6, 200e-6)])) if shape.phases > 1 else 0.0
    rate = float(rng.uniform(20, 50)) if shape.slow else float(rng.uniform(25, 100))
    sign = 1 if rng.random() < 0.5 else -1
    rise = log_uniform(rng, 1e-6, 20e-6)
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
        spread = log_uniform(rng, 0.3e-6, 300e-6) if shape.jitter else 0.0
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
