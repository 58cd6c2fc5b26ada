"""How fast a record is measured, and how fast a long capture is streamed through, held against ``numpy.max``.

Run from the project's root::

    python -m benchmarks.analysis            # print the tables
    python -m benchmarks.analysis --write    # also into docs/performance.md and docs/performance-analysis.md

The first part measures every current measurand of a record of 1.2 million samples, the second streams a capture of 200
million samples (:mod:`benchmarks.streaming`); ``--only`` takes one of them.

The record is a train of symmetric biphasic pulses with noise, as 16-bit codes at 1 MS/s. ``numpy.max`` over the same
array as float64 is a single pass through memory: the ratio to it says how many passes a stage costs, and changes little
from machine to machine. Both are timed alternately in one run.
"""

from __future__ import annotations

import argparse
import sys
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import streaming
from benchmarks.page import machine, milliseconds, spread, table, write_section
from rig.acquisition.correct import correct
from rig.acquisition.quality import inspect
from rig.analysis.catalogue import CATALOGUE, Needs
from rig.analysis.measure import measure
from rig.model.signal_path import SignalPath
from rig.model.stimulus import Shape, Stimulus
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

RATE, SAMPLES = 1e6, 1_200_000
_SENSE, _VOLTS_PER_CODE = 10.0, 2.0 / 32768
_STIMULUS = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=20e-3,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=1.1,
)


def record() -> Waveform:
    """Return the train as a digitizer would: codes, V across the sense resistor."""
    one = np.zeros(round(_STIMULUS.period * RATE))
    phase, gap = round(_STIMULUS.phase_duration * RATE), round(_STIMULUS.interphase * RATE)
    one[:phase] = _STIMULUS.amplitude
    one[phase + gap : 2 * phase + gap] = -_STIMULUS.amplitude
    train = np.tile(one, round(_STIMULUS.train * _STIMULUS.rate))
    amperes = np.zeros(SAMPLES)
    begin = round(0.01 * RATE)
    amperes[begin : begin + len(train)] = train
    noise = np.random.default_rng(20261122).normal(scale=60e-6, size=SAMPLES)
    codes = np.rint((amperes * _SENSE + noise) / _VOLTS_PER_CODE).astype(np.int16)
    return Waveform(samples=codes, interval=1 / RATE, unit=Unit.VOLT, source="benchmark", gain=_VOLTS_PER_CODE)


def path() -> SignalPath:
    """Return the way from the current to the digitizer's code."""
    return SignalPath(
        signal="current",
        unit=Unit.AMPERE,
        scale=1 / _SENSE,
        gain=1e-4,
        resistor=1e-4,
        offset=1e-6,
        offset_drift=1e-7,
        noise=60e-6 / _SENSE,
        resolution=_VOLTS_PER_CODE / _SENSE,
        timebase=5e-5,
        bandwidth=1e6,
    )


def measure_times(repeats: int) -> tuple[dict[str, list[float]], list[float]]:
    """Return the times of each stage, and those of ``numpy.max``, taken between them; s."""
    raw, way = record(), path()
    current = correct(raw, way)
    zero = correct(
        Waveform(
            samples=np.zeros(100_000, dtype=np.int16),
            interval=1 / RATE,
            unit=Unit.VOLT,
            source="benchmark",
            gain=_VOLTS_PER_CODE,
        ),
        way,
    )
    values = current.values()
    wanted = tuple(name for name, entry in CATALOGUE.items() if entry.signal in {Needs.CURRENT, Needs.EITHER})

    def all_of_it() -> None:
        measure(
            current,
            path=way,
            zero=zero,
            expected=_STIMULUS,
            load_resistance=500.0,
            electrode_area=25e-4,
            capture="benchmark",
            wanted=wanted,
        )

    stages: dict[str, Callable[[], object]] = {
        f"`measure`, all {len(wanted)} measurands of a current": all_of_it,
        "`inspect`, the quality gate": lambda: inspect(current, triggered=True, expected=_STIMULUS),
        "`correct` and `values`: codes to amperes": lambda: correct(raw, way).values(),
    }
    single: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(repeats):
        for name, stage in stages.items():
            single.append(_time(values.max))
            times[name].append(_time(stage))
    return times, single


def _time(function: Callable[[], object]) -> float:
    began = perf_counter()
    function()
    return perf_counter() - began


def report(times: dict[str, list[float]], single: list[float]) -> str:
    """Return the table."""
    rows = []
    for name, taken in {**times, "`numpy.max` over the same array": single}.items():
        middle, high = spread(taken)
        rate = f"{SAMPLES / middle / 1e6:.0f} MS/s"
        rows.append([name, milliseconds(middle), milliseconds(high), rate, f"{middle / spread(single)[0]:.0f}"])
    shown = table(("stage", "median", "90 %", "samples", "times `numpy.max`"), rows)
    return f"`python -m benchmarks.analysis`: {SAMPLES:,} samples, 55 biphasic pulses. {machine()}\n\n{shown}"


def main() -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description="How fast a record is measured.")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--samples", type=int, default=200_000_000, help="of the long capture")
    parser.add_argument("--only", choices=("record", "stream"), help="one part alone")
    parser.add_argument("--write", action="store_true", help="also write the figures into the pages in docs")
    options = parser.parse_args()
    if options.only != "stream":
        text = report(*measure_times(options.repeats))
        print(text)
        if options.write:
            write_section("analysis", text)
    if options.only != "record":
        text = streaming.report(options.samples, options.repeats)
        print(text)
        if options.write:
            streaming.PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
