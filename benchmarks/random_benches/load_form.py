"""Voltage and current together: the resistance of the load, as the rig verifies it before it trusts it."""

from __future__ import annotations

import numpy as np

from benchmarks.random_benches.channel import current_channel, voltage_channel
from benchmarks.random_benches.form_trial import bench_for
from benchmarks.random_benches.pulse_forms import symmetric
from benchmarks.random_benches.result import Trial
from benchmarks.random_benches.stated import shipped
from rig.analysis import measure
from rig.model.waveform import Capture, Purpose
from rig.sequencer.examine import measure_load
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.signal import Piecewise
from rig.twin.world import World

__all__ = ["load_trial"]

_SCOPE_POINTS = 100_000
_ZERO_POINTS = 50_000


def load_trial(rng: np.random.Generator) -> Trial:
    """Draw equal phases and a bench, take them with both instruments, and measure the load."""
    form = symmetric(rng)
    definition, load = bench_for(form, rng)
    config = TwinConfig.model_validate(twin_configuration(definition, shipped()[1]))
    world = World(config)
    resistor = definition.loads[load]
    full_scale = 2 * form.amplitude * resistor.resistance * float(rng.uniform(1.3, 2.5))
    length = form.length / 2
    channels = {
        "current": current_channel(definition, config, resistor, interval=form.interval, samples=form.samples),
        "voltage": voltage_channel(
            definition,
            config,
            resistor,
            interval=length / _SCOPE_POINTS,
            samples=_SCOPE_POINTS,
            full_scale=full_scale,
        ),
    }
    true = world.loads[load].resistance
    factors = {"current": world.sense, "voltage": true}
    points = {"current": form.samples, "voltage": _SCOPE_POINTS}
    nothing = Piecewise.level(0.0, form.start - 1.0, form.start + form.length + 1.0)
    analyses = {
        name: measure(
            channel.digitized(form.signal * factors[name], form.start, points[name], 1),
            path=channel.path,
            zero=channel.digitized(nothing, form.start, _ZERO_POINTS, 0),
            expected=None,
            load_resistance=resistor.resistance,
            electrode_area=None,
            capture="trial",
            wanted=("phase_top",),
        )
        for name, channel in channels.items()
    }
    capture = Capture(id="trial", purpose=Purpose.SIGNAL, waveforms={})
    return Trial(
        outcomes={"load_resistance": measure_load(analyses, capture, {}, resistor)}, truth={"load_resistance": true}
    )
