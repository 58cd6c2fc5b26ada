"""How fast a long capture is analysed from its codes, held against the machine's memory and against NumPy and SciPy."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, strftime, thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.page import ROOT, machine, table
from benchmarks.pipeline import Figures, pipeline
from rig.analysis.measure import HELD_AT_ONCE, Analysis, measure
from rig.analysis.stream import Levels, StreamAnalysis, analyse_stream, levels_from
from rig.evidence.capture_file import capture_bytes
from rig.model.measurement import Measurement
from rig.model.signal_path import SignalPath
from rig.model.waveform import Capture, Purpose, Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PAGE", "report"]

PAGE = ROOT / "docs" / "performance-analysis.md"
RATE, PERIOD = 1_000_000, 20_000
GAIN, TOP, NOISE = 2.5e-6, 8000, 5.0
RAILS = (-32768.0, 32767.0)
_LEAST = 0.25
_TIMES = 50.0
_MEMORY = 300.0
_FEW = 3
# What `rig analyze` does with a file, in a process of its own, so that its memory is its own.
_CHILD = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
from benchmarks.streaming import known
from rig.analysis import measure
from rig.analysis.measure import HELD_AT_ONCE, Analysis, measure
from rig.analysis.stream import Levels, analyse_stream
from rig.evidence.capture_file import open_recordings

def peak():
    # The peak since this program was loaded; that of the resource counts what the one before it took.
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

levels = Levels(quiet=0.0, noise=1.0, threshold=9.0, baseline=0.0)
analyse_stream([np.zeros(9, dtype=np.int16)], gain=1.0, offset=0.0, interval=1.0, levels=levels)
before = peak()
began = time.perf_counter()
with open_recordings(Path(sys.argv[1])) as recordings:
    found = measure(recordings["current"], **known())
taken = time.perf_counter() - began
rms = found.outcomes["rms_current"]
print(json.dumps([found.statistics.samples, found.whole, taken, before, peak(), rms.value.hex()]))
"""


def known() -> dict[str, Any]:
    """Return what is known of the benchmark's signal beside its samples."""
    path = SignalPath(
        signal="current",
        unit=Unit.AMPERE,
        scale=1.0,
        gain=1e-4,
        offset=1e-6,
        offset_drift=1e-7,
        noise=1.2 * NOISE * GAIN,
        resolution=GAIN,
        timebase=5e-5,
        bandwidth=1e6,
    )
    quiet = np.rint(np.random.default_rng(2).normal(0.0, NOISE, 100_000)).astype(np.int16)
    return {
        "path": path,
        "zero": Waveform(samples=quiet, interval=1 / RATE, unit=Unit.AMPERE, source="benchmark", gain=GAIN),
        "expected": None,
        "load_resistance": 500.0,
        "electrode_area": 25e-4,
        "capture": "benchmark",
    }


def train(samples: int) -> NDArray[np.int16]:
    """Return a 50 Hz train of symmetric biphasic pulses, 300 µs a phase, with noise, as codes."""
    edge = [200, TOP // 2, TOP - 200]
    phase = np.array([*edge, *[TOP] * 297, *edge[::-1]])
    one = np.zeros(PERIOD)
    one[5000 : 5000 + len(phase)] = phase
    one[5400 : 5400 + len(phase)] = -phase
    noise = np.random.default_rng(20261122).normal(0.0, NOISE, 100 * PERIOD)
    codes = np.empty(samples, dtype=np.int16)
    for begin in range(0, samples, len(noise)):
        part = codes[begin : begin + len(noise)]
        # The same noise elsewhere: no two pulses are alike, and making it takes seconds, not minutes.
        shifted = np.roll(noise, 7919 * (begin // len(noise)))
        part[:] = np.rint(np.resize(one, len(part)) + shifted[: len(part)])
    return codes


@dataclass(frozen=True, kw_only=True)
class Times:
    """Wall-clock and processor times, s, taken alternately."""

    single_pass: list[tuple[float, float]]
    analysis: list[tuple[float, float]]
    measured: list[float]
    pipeline: float


def _time(function: Any) -> tuple[float, float, Any]:  # noqa: ANN401 - whatever it gives
    began, worked = perf_counter(), thread_time()
    result = function()
    return perf_counter() - began, thread_time() - worked, result


def _waveform(codes: NDArray[np.int16]) -> Waveform:
    return Waveform(samples=codes, interval=1 / RATE, unit=Unit.AMPERE, source="benchmark", gain=GAIN, rails=RAILS)


def _measure(codes: NDArray[np.int16], levels: Levels, repeats: int) -> tuple[Times, StreamAnalysis, Analysis, Figures]:
    def analysis() -> StreamAnalysis:
        return analyse_stream([codes], gain=GAIN, offset=0.0, interval=1 / RATE, levels=levels, rails=RAILS)

    def scipy() -> Figures:
        return pipeline(
            codes,
            gain=GAIN,
            interval=1 / RATE,
            rest=levels.quiet,
            zero=levels.baseline,
            threshold=levels.threshold,
            noise=levels.noise,
        )

    def everything() -> Analysis:
        return measure(_waveform(codes), **known())

    found, outcomes = analysis(), everything()
    single, ours = [], []
    for _ in range(repeats):
        single.append(_time(codes.max)[:2])
        ours.append(_time(analysis)[:2])
    measured = [_time(everything)[0] for _ in range(_FEW)]
    yardstick, _, figures = _time(scipy)
    return Times(single_pass=single, analysis=ours, measured=measured, pipeline=yardstick), found, outcomes, figures


def _agreement(found: StreamAnalysis, figures: Figures) -> str:
    """How far both are apart, at most, of the largest value of each figure."""
    phases, pulses, record = found.phases, found.pulses, found.record
    ours: dict[str, Any] = {
        "phase_start": phases.start,
        "phase_duration": phases.duration,
        "phase_top": phases.top,
        "phase_peak": phases.peak,
        "phase_charge": phases.charge,
        "phase_square": phases.square,
        "rise_time": phases.rise,
        "fall_time": phases.fall,
        "droop": phases.droop,
        "net_charge": pulses.net_charge[:-1],
        "net_charge_active": pulses.net_charge_active,
        "gap": pulses.gap[:-1],
        "period": pulses.period[:-1],
        **{name: getattr(record, name) for name in figures.record if hasattr(record, name)},
        **{name: sliding.rms for name, sliding in record.sliding.items()},
    }
    theirs: dict[str, Any] = {**figures.phases, **figures.pulses, **figures.record}
    rows = []
    for name, other in theirs.items():
        one, two = np.atleast_1d(ours[name]), np.atleast_1d(other)
        scale = _SCALES.get(name) or float(np.abs(two).max())
        apart = float(np.abs(one - two).max()) / scale if scale else float(np.abs(one - two).max())
        rows.append([f"`{name}`", f"{len(two):,}", f"{float(two.mean()):.6g}", f"{apart:.1e}"])
    return table(("figure", "items", "mean", "furthest apart"), rows)


# Differences are given as parts of these, where the figure itself is next to nothing.
_SCALES = {
    "droop": 1.0,
    "net_charge": GAIN * TOP * 300e-6,
    "net_charge_active": GAIN * TOP * 300e-6,
    "mean": GAIN * TOP,
    "dc": GAIN * TOP,
}


def _from_file(codes: NDArray[np.int16], folder: Path) -> list[Any]:
    path = folder / "capture.h5"
    current = _waveform(codes)
    path.write_bytes(capture_bytes(Capture(id="benchmark", purpose=Purpose.SIGNAL, waveforms={"current": current})))
    shown = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path)], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    return [path.stat().st_size / 1e6, *json.loads(shown.stdout)]


def _files(codes: NDArray[np.int16], whole: Analysis) -> tuple[str, list[Any]]:
    rows, read = [], []
    with tempfile.TemporaryDirectory() as folder:
        for samples in (len(codes) // 4, len(codes)):
            read = _from_file(codes[:samples], Path(folder))
            size, _, pulses, taken, before, peak, _ = read
            rate = f"{samples / taken / 1e6:.0f} MS/s"
            rows.append([f"{samples:,}", f"{pulses:,}", f"{size:.0f} MB", rate, f"{before:.0f} MB", f"{peak:.0f} MB"])
    rms = whole.outcomes["rms_current"]
    same = (
        "the same to the last bit" if isinstance(rms, Measurement) and read[-1] == rms.value.hex() else "NOT the same"
    )
    heading = ("samples", "whole pulses", "file", "speed", "memory before", "peak memory")
    return f"{table(heading, rows)}\n\nThe rms current from the file is {same} as that from memory.", read


def _verdict(value: float, limit: float) -> str:
    return "reached" if value >= limit else "not reached"


def _within(value: float, limit: float) -> str:
    return "reached" if value < limit else "not reached"


def report(samples: int, repeats: int) -> str:
    """Measure, and return the page."""
    codes = train(samples)
    levels = levels_from(codes[:200_000])
    times, found, outcomes, figures = _measure(codes, levels, repeats)
    files, read = _files(codes, outcomes)
    single, ours, theirs = min(times.single_pass)[0], min(times.analysis)[0], times.pipeline
    worked = [min(work for _, work in runs) for runs in (times.single_pass, times.analysis)]
    ratios = [a / b for (a, _), (b, _) in zip(times.single_pass, times.analysis, strict=True)]
    bytes_read = codes.nbytes / 1e9

    def row(name: str, seconds: float) -> list[str]:
        return [
            name,
            f"{1000 * seconds:.0f} ms",
            f"{samples / seconds / 1e6:.0f} MS/s",
            f"{bytes_read / seconds:.2f} GB/s",
        ]

    speeds = table(
        ("", "fastest run", "samples", "bytes"),
        [
            row("`numpy.max` over the same array", single),
            row("streaming analysis, all figures of phases, pulses and record", ours),
            row("`measure`: every measurand with its budget", min(times.measured)),
            row("NumPy and SciPy, the same figures", theirs),
        ],
    )
    part, times_faster = single / ours, theirs / ours
    targets = table(
        ("", "wanted", "measured", ""),
        [
            ["part of the read bandwidth", f"≥ {_LEAST}", f"{part:.3f}", _verdict(part, _LEAST)],
            [
                "the same in processor time",
                f"≥ {_LEAST}",
                f"{worked[0] / worked[1]:.3f}",
                _verdict(worked[0] / worked[1], _LEAST),
            ],
            ["times NumPy and SciPy", f"≥ {_TIMES:.0f}", f"{times_faster:.0f}", _verdict(times_faster, _TIMES)],
            [
                "peak memory from a file",
                f"< {_MEMORY:.0f} MB",
                f"{read[5]:.0f} MB",
                _within(read[5], _MEMORY),
            ],
        ],
    )
    return f"""# Performance of the streaming analysis

`python -m benchmarks.analysis --write` wrote this page on {strftime("%Y-%m-%d")}.

{samples:,} samples of 16 bits at 1 MS/s in memory: a 50 Hz train of biphasic pulses, 300 µs a phase, with noise. One
core. {machine()}

`numpy.max` and the analysis ran {repeats} times in turn, and the fastest run of each counts, for other work on the
machine only ever slows them. Where a core is shared, wall-clock times hold what others did with it; processor times
do not. Of the {repeats} pairs the ratio was {median(ratios):.3f} in the middle. NumPy and SciPy ran once. The
compiled pass was ready: the very first analysis of a type of code takes some seconds longer, and leaves it on the disk.

{targets}

{speeds}

The streaming analysis is what the targets speak of. `measure`, which judges a case's capture and answers `rig analyze`,
sends records of more than {HELD_AT_ONCE:,} samples through the same pass; beside it, it looks where the record rests
and how its phases look, and states every measurand with its uncertainty. It ran {_FEW} times.

## The same figures

Every figure of the yardstick ([benchmarks/pipeline.py](../benchmarks/pipeline.py)) against that of the streaming
analysis, item by item; differences as parts of the figure's largest value (charges, droop and means about zero: of a
phase's charge, of one, of the amplitude). The worst sliding windows are looked for in steps of
{1000 * found.record.sliding["rms_1s"].step:.3g} ms, so they differ by what noise does within a step.

{_agreement(found, figures)}

## From a file

A capture's HDF5 file, compressed as evidence is, read and measured with every measurand in a process of its own. Memory
is that of the whole process, with interpreter, NumPy, HDF5 and compiler; before the analysis and at its peak. It grows
with the number of pulses up to 80,000 phases; a recording of more is measured in stretches of fewer.

{files}
"""
