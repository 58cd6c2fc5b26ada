"""One bench with a train of the virtual stimulator: measured by the rig, and compared with the world."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.random_benches.channel import Channel, current_channel, voltage_channel
from benchmarks.random_benches.exact import TrainTruth
from benchmarks.random_benches.result import Trial
from benchmarks.random_benches.stated import AREA
from benchmarks.random_benches.trains import Plan, ShapeOf, drawn
from benchmarks.random_benches.truths_of_pulses import of_charges, of_phases
from benchmarks.random_benches.truths_of_records import of_records
from benchmarks.random_benches.truths_of_trains import of_trains
from rig.analysis import CATALOGUE, measure, measure_idle
from rig.model.measurement import Measurement, Outcome
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.world import World

__all__ = ["train_trial"]

# The zero is taken at 0.01 s; the train is commanded at 1 s.
_ZERO_AT, _BEGIN = 0.01, 1.0
_MOST_OF_ZERO = 50_000


def train_trial(shape: ShapeOf, rng: np.random.Generator) -> Trial:
    """Draw one bench, take a zero and a signal on it, measure, and compare with the world."""
    plan = drawn(shape, rng)
    document = twin_configuration(plan.definition, plan.device)
    document["device"]["faults"] = list(plan.faults)
    config = TwinConfig.model_validate(document)
    world = World(config)
    world.switch(frozenset(plan.definition.relays[plan.load]))
    world.advance_to(_BEGIN)
    world.begin(plan.train)
    return _measured(plan, config, world)


def _channel(plan: Plan, config: TwinConfig) -> Channel:
    load = plan.definition.loads[plan.load]
    if plan.shape.signal == "voltage":
        return voltage_channel(
            plan.definition,
            config,
            load,
            interval=plan.interval,
            samples=plan.samples,
            full_scale=plan.full_scale,
        )
    return current_channel(plan.definition, config, load, interval=plan.interval, samples=plan.samples)


def _measured(plan: Plan, config: TwinConfig, world: World) -> Trial:
    channel, load = _channel(plan, config), plan.definition.loads[plan.load]
    start = _BEGIN + config.device.latency - plan.lead
    of_zero = min(plan.samples, _MOST_OF_ZERO)
    zero = channel.acquired(world, _ZERO_AT, of_zero, 0)
    idle = channel.acquired(world, _ZERO_AT, of_zero, 2)
    analysis = measure(
        channel.acquired(world, start, plan.samples, 1),
        path=channel.path,
        zero=zero,
        expected=None if plan.shape.burst else plan.stimulus,
        load_resistance=load.resistance,
        electrode_area=AREA,
        capture="trial",
    )
    quantity, timebase = plan.shape.signal, channel.end.timebase
    stop = start + plan.interval * timebase * (plan.samples + 1)
    truth = TrainTruth(
        plan=plan,
        world=world,
        signal=world.signal(quantity, start - 0.5e-3, stop + 1.5 * plan.stimulus.period),
        starts=np.array([start + row.start * timebase for row in analysis.pulses]),
        whole=np.array([row.whole for row in analysis.pulses], dtype=bool),
        window=_window(analysis.outcomes["rms_current"], start, timebase),
        record=(start, start + plan.interval * timebase * (plan.samples - 1)),
    )
    outcomes = dict(analysis.outcomes)
    true = dict(_values(truth))
    if quantity == "current":
        outcomes["idle_current"] = measure_idle(idle, channel.path, zero).outcome
        true["idle_current"] = 0.0
    return Trial(outcomes=outcomes, truth={name: value for name, value in true.items() if name in CATALOGUE})


def _window(outcome: Outcome, start: float, timebase: float) -> tuple[float, float] | None:
    """From when to when an outcome speaks of, in the world's time: which periods those are is the record's choice."""
    if not isinstance(outcome, Measurement):
        return None
    return start + outcome.window.start * timebase, start + outcome.window.stop * timebase


def _values(truth: TrainTruth) -> Iterator[tuple[str, float]]:
    if not truth.whole.any():
        return
    phases = truth.phases()
    yield from of_phases(truth, phases)
    yield from of_trains(truth, phases)
    if truth.plan.shape.signal == "voltage":
        low, high = truth.signal.extremes(*truth.record)
        yield "peak_output_voltage", max(high, -low)
        return
    yield from of_charges(truth, phases)
    yield from of_records(truth, phases)
