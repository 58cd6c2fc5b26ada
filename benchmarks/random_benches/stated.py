"""What the files of a bench state, drawn at random: half-widths, noise, resistors, ranges."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from rig.bench.bench_file import TwinEntry
from rig.bench.definition import BenchDefinition, DeviceDefinition
from rig.bench.loads import loads_of
from rig.bench.reading import load_bench, load_device
from rig.model.load import SHORT

__all__ = ["AREA", "log_uniform", "shipped", "stated"]

_FIXTURES = Path(__file__).parents[2] / "fixtures"
AREA = 25e-4
"""Of the smallest electrode, m²."""


@cache
def shipped() -> tuple[BenchDefinition, DeviceDefinition]:
    """Return the virtual bench and the healthy device as they come with the project."""
    return (
        load_bench(_FIXTURES / "benches" / "virtual.bench.yaml"),
        load_device(_FIXTURES / "duts" / "p24-healthy.dut.yaml"),
    )


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between two, any order of magnitude as likely as any other."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def stated(
    bench: BenchDefinition, rng: np.random.Generator, *, resistance: float, reach: float, full_scale: float
) -> BenchDefinition:
    """Return the bench with everything drawn that its calibrations, resistors and ranges state."""
    assert bench.voltage is not None
    assert bench.current is not None
    assert bench.sense_resistor is not None
    u = resistance * log_uniform(rng, 2e-5, 1e-3)
    sense = bench.sense_resistor.model_copy(
        update={"resistance": resistance, "uncertainty": u, "temperature_coefficient": 0.0}
    )
    # Nothing is drawn for a short circuit, which no trial uses: the benches stay those of the tables in the docs.
    positions = {
        name: position
        if name == SHORT
        else position.model_copy(update={"uncertainty": position.resistance * log_uniform(rng, 2e-5, 1e-3)})
        for name, position in bench.box.positions.items()
    }
    box = bench.box.model_copy(update={"positions": positions})
    calibrations = {}
    for name, span, attenuation in (("daq", 2 * reach, 1.0), ("scope", full_scale, bench.voltage.probe)):
        record = bench.calibrations[name]
        updates = {
            "gain": log_uniform(rng, 1e-4, 0.02),
            "offset": span / attenuation * log_uniform(rng, 1e-4, 5e-3),
            "offset_of_range": 0.0,
            "offset_drift": span / attenuation * log_uniform(rng, 3e-6, 3e-4),
            "offset_drift_of_range": 0.0,
            "noise": span / attenuation * log_uniform(rng, 5e-6, 5e-4 if name == "daq" else 5e-3),
            "noise_of_range": 0.0,
            "bandwidth": log_uniform(rng, 0.5e6, 5e6) if name == "daq" else 25e6,
            "bits": int(rng.choice([14, 16])) if name == "daq" else 8,
            "codes": None,
            "ranges": (),
        }
        channels = {key: channel.model_copy(update=updates) for key, channel in record.channels.items()}
        calibrations[name] = record.model_copy(update={"channels": channels, "timebase": log_uniform(rng, 2e-6, 1e-4)})
    current = bench.current.model_copy(update={"half_range": reach})
    signals = bench.file.signals.model_copy(update={"current": current})
    file = bench.file.model_copy(update={"signals": signals, "twin": TwinEntry(seed=int(rng.integers(2**31)))})
    return replace(bench, file=file, box=box, loads=loads_of(box)[0], sense_resistor=sense, calibrations=calibrations)
