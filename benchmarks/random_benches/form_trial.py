"""One bench with a form of current: measured by the rig, and compared with the exact signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.random_benches.channel import Channel, current_channel
from benchmarks.random_benches.form import Form
from benchmarks.random_benches.result import Trial
from benchmarks.random_benches.stated import AREA, shipped, stated
from benchmarks.random_benches.truths_of_forms import Measured, of_measured
from rig.analysis import CATALOGUE, Analysis, measure
from rig.bench.definition import BenchDefinition
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.signal import Piecewise
from rig.twin.world import World

__all__ = ["DrawnForm", "bench_for", "form_trial"]

DrawnForm = Callable[[np.random.Generator], Form]
_MOST_OF_ZERO = 50_000


def bench_for(form: Form, rng: np.random.Generator) -> tuple[BenchDefinition, str]:
    """Draw a bench that can measure a form, and its load."""
    bench, _device = shipped()
    load = str(rng.choice(["500 ohm", "1 kohm"]))
    resistance = float(rng.choice([1.0, 10.0, 50.0]))
    least = 1.3 if form.signal_to_noise is None else 1.8
    reach = min(max(form.amplitude * resistance * float(rng.uniform(least, 4.0)), 0.02), 10.0)
    full_scale = 2 * form.amplitude * bench.loads[load].resistance * float(rng.uniform(1.3, 2.5))
    definition = stated(bench, rng, resistance=resistance, reach=reach, full_scale=full_scale)
    if form.signal_to_noise is not None:
        noise = form.amplitude * resistance / form.signal_to_noise
        record = definition.calibrations["daq"]
        channels = {key: one.model_copy(update={"noise": noise}) for key, one in record.channels.items()}
        daq = record.model_copy(update={"channels": channels})
        definition = replace(definition, calibrations={**definition.calibrations, "daq": daq})
    return definition, load


def form_trial(drawn: DrawnForm, rng: np.random.Generator) -> Trial:
    """Draw a form and a bench, take a zero and a signal on it, measure, and compare with what was commanded."""
    form = drawn(rng)
    definition, load = bench_for(form, rng)
    _bench, device = shipped()
    config = TwinConfig.model_validate(twin_configuration(definition, device))
    world = World(config)
    resistor = definition.loads[load]
    channel = current_channel(definition, config, resistor, interval=form.interval, samples=form.samples)
    signal = channel.digitized(form.signal * world.sense, form.start, form.samples, 1)
    nothing = Piecewise.level(0.0, form.start - 1.0, form.start + form.length + 1.0)
    zero = channel.digitized(nothing, form.start, min(form.samples, _MOST_OF_ZERO), 0)
    analysis = measure(
        signal,
        path=channel.path,
        zero=zero,
        expected=None,
        load_resistance=resistor.resistance,
        electrode_area=AREA,
        capture="trial",
    )
    true = dict(_truth(form, analysis, channel, world.loads[load].resistance))
    return Trial(outcomes=analysis.outcomes, truth={name: value for name, value in true.items() if name in CATALOGUE})


def _truth(form: Form, analysis: Analysis, channel: Channel, load: float) -> Iterator[tuple[str, float]]:
    measured = Measured(
        form=form, analysis=analysis, timebase=channel.end.timebase, interval=channel.interval, load=load
    )
    for name, value in of_measured(measured):
        if name not in form.undefined:
            yield name, value
    yield from form.known.items()
