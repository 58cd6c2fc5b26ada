"""How fast and in how much memory a capture of hours is written while it comes, and measured afterwards.

Run from the project's root::

    python -m benchmarks.soak                     # ten minutes of a signal at 1 MS/s
    python -m benchmarks.soak --minutes 10 60     # as in the page; an hour takes 3.5 GB of disk
    python -m benchmarks.soak --minutes 10 60 --write    # also into docs/performance-soak.md

Blocks of 10,000 samples come as fast as they can be taken: the writer is never asked to wait for real time, so that its
speed says how much slower a machine may be. A block is only given while there is room for it, as a card's buffer would.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from benchmarks.page import ROOT, machine, table
from rig.analysis.stream import Levels, analyse_stream

PAGE = ROOT / "docs" / "performance-soak.md"
RATE, BLOCK = 1_000_000, 10_000
_PEAK = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
import numpy as np
from benchmarks.streaming import GAIN, known, train

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

folder, samples, BLOCK = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
"""
_WRITE = (
    _PEAK
    + """
from rig.evidence.store import Bundle
from rig.evidence.streaming import MOST_WAITING
from rig.model.waveform import Purpose, Waveform
from rig.units import Unit

codes = train(200 * BLOCK)
first = Waveform(samples=codes[:BLOCK], interval=1e-6, unit=Unit.VOLT, source="benchmark", gain=GAIN,
                 rails=(-32768.0, 32767.0))
bundle = Bundle.create(folder, "run")
writer = bundle.stream_capture("soak", Purpose.SIGNAL)
before, began, longest, most = memory("VmRSS"), time.perf_counter(), [], 0.0
for begin in range(0, samples, BLOCK):
    at = begin % len(codes)
    block = replace(first, samples=codes[at : at + BLOCK], start=begin * 1e-6)
    while writer.waiting > MOST_WAITING // 2:
        time.sleep(0.001)
    asked = time.perf_counter()
    writer.append("current", block)
    longest.append(time.perf_counter() - asked)
    if begin % (1000 * BLOCK) == 0:
        most = max(most, memory("VmRSS"))
writer.finish()
taken = time.perf_counter() - began
size = sum(path.stat().st_size for path in (bundle.folder / "captures").rglob("*") if path.is_file())
longest.sort()
print(json.dumps({"taken": taken, "size": size / 1e9, "before": before, "peak": memory("VmHWM"), "most": most,
                  "longest": longest[-1], "usual": longest[len(longest) * 999 // 1000], "folder": writer.folder}))
"""
)
_MEASURE = (
    _PEAK
    + """
from rig.acquisition.quality import inspect_recording
from rig.analysis.measure import measure
from rig.analysis.stream import Levels, analyse_stream
from rig.evidence.long_capture import altered_pieces, open_signals
from rig.sequencer.resumable import KeptSteps
from rig.units import Unit

levels = Levels(quiet=0.0, noise=1.0, threshold=9.0, baseline=0.0)
analyse_stream([np.zeros(9, dtype=np.int16)], gain=1.0, offset=0.0, interval=1.0, levels=levels)
before, began = memory("VmHWM"), time.perf_counter()
steps = KeptSteps(folder / "steps", {"samples": samples})
with open_signals(folder / "run" / "captures" / "soak") as signals:
    current = signals["current"].rescaled(gain=1.0, offset=0.0, unit=Unit.AMPERE, note="taken for a current")
    defects = inspect_recording(current, triggered=True, expected=None)
    inspected = time.perf_counter()
    found = measure(current, **known(), progress=steps)
    taken = time.perf_counter()
assert not [defect for defect in defects if defect.forbids], defects
altered = altered_pieces(folder / "run" / "captures" / "soak")
hashed = time.perf_counter()
kept = len(list(steps.folder.glob("stretch-*.json")))
assert not altered and found.statistics.samples == samples
print(json.dumps({"inspected": inspected - began, "measured": taken - inspected, "hashed": hashed - taken,
                  "whole": found.whole, "stretches": kept or 1, "before": before, "peak": memory("VmHWM")}))
"""
)


def _run(script: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _compile() -> None:
    """Leave the compiled pass on the disk: its compiler takes time and memory, once."""
    levels = Levels(quiet=0.0, noise=1.0, threshold=9.0, baseline=0.0)
    analyse_stream([np.zeros(9, dtype=np.int16)], gain=1.0, offset=0.0, interval=1.0, levels=levels)


def _trial(minutes: float) -> tuple[list[str], list[str]]:
    """Write and measure so many minutes of a signal; return the rows of both tables."""
    samples = round(60 * minutes * RATE)
    with tempfile.TemporaryDirectory() as folder:
        wrote = _run(_WRITE, folder, samples, BLOCK)
        read = _run(_MEASURE, folder, samples, BLOCK)
    name = f"{minutes:g} min"
    return (
        [
            name,
            f"{wrote['size']:.2f} GB",
            f"{wrote['taken']:.0f} s",
            f"{60 * minutes / wrote['taken']:.0f}",
            f"{1e3 * wrote['usual']:.2f} ms",
            f"{1e3 * wrote['longest']:.1f} ms",
            f"{wrote['before']:.0f} MB",
            f"{wrote['peak']:.0f} MB",
        ],
        [
            name,
            f"{read['whole']:,}",
            f"{read['stretches']}",
            f"{read['inspected']:.0f} s",
            f"{read['measured']:.0f} s",
            f"{read['hashed']:.0f} s",
            f"{60 * minutes / (read['inspected'] + read['measured'] + read['hashed']):.0f}",
            f"{read['before']:.0f} MB",
            f"{read['peak']:.0f} MB",
        ],
    )


_WRITING = ("signal", "on the disk", "taken", "times real time", "`append`", "longest", "memory before", "peak memory")
_READING = (
    "signal",
    "whole pulses",
    "stretches",
    "quality",
    "measured",
    "hashes",
    "times real time",
    "memory before",
    "peak memory",
)


def report(minutes: list[float]) -> str:
    """Measure, and return the page."""
    _compile()
    writing, reading = zip(*(_trial(one) for one in minutes), strict=True)
    asked = " ".join(f"{one:g}" for one in minutes)
    return f"""# Performance of captures that last for hours

`python -m benchmarks.soak --minutes {asked} --write` wrote this page.

A 50 Hz train of biphasic pulses with noise, as 16-bit codes at 1 MS/s, in blocks of 10,000 samples. Each row was
measured once, in processes of their own; memory is that of the whole process, with interpreter, NumPy, HDF5 and
compiler, when it begins and at its peak. {machine()}

## Written while it comes

Blocks come as fast as they are taken: *times real time* is how much slower a machine may be that still keeps up.
`append` is what whoever reads the card waits for: 999 of 1000 calls take no longer than the first time, none longer
than the second. On a machine that has other work, the longest is that of being interrupted.

{table(_WRITING, writing)}

## Measured afterwards

The quality gate looks at every sample; then every measurand of a current is measured, with its budget. A train of more
than 80,000 phases is measured in stretches, each of which is kept as soon as it is done: an analysis that is killed
loses one stretch, or the pass of the gate. Last, the hashes of all pieces are compared with the capture's index.

{table(_READING, reading)}
"""


def main() -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description="How a capture of hours is written and measured.")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0], help="lengths of the signal")
    parser.add_argument("--write", action="store_true", help="also write docs/performance-soak.md")
    options = parser.parse_args()
    text = report(options.minutes)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
