"""How long a report of many cases takes to be set as a PDF, and how large it gets.

Run from the project's root::

    python -m benchmarks.on_paper            # print the table
    python -m benchmarks.on_paper --write    # also into docs/performance.md

The record is that of a real run of the smoke plan on the virtual bench, its cases repeated under new ids until there
are as many as wanted; every case reads its captures and draws its figure, as if they were all different.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from pypdf import PdfReader

from benchmarks.page import ROOT, machine, table, write_section
from rig.evidence.long_capture import read_signals
from rig.evidence.plain import inside
from rig.evidence.reading import read_record
from rig.report.pdf.render import render_pdf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rig.evidence.record import CaptureEntry, RunRecord
    from rig.model.recording import Recording
    from rig.model.waveform import Waveform

_SMOKE = "testplans/smoke.plan.yaml"
_CASES = (42, 500)


def many(record: RunRecord, cases: int) -> RunRecord:
    """Return the record with its cases repeated, each under an id of its own."""
    rounds = (divmod(place, len(record.cases)) for place in range(cases))
    repeated = tuple(
        record.cases[place].model_copy(update={"id": f"{record.cases[place].id}-{again}"}) for again, place in rounds
    )
    return record.model_copy(update={"cases": repeated})


def captures(bundle: Path, entry: CaptureEntry) -> Mapping[str, Waveform | Recording]:
    """Read a capture of the bundle, in whatever process."""
    return read_signals(inside(bundle, entry.source.file))


def busy_time() -> float:
    """Return the processor time of this process and of those it has started, s."""
    return sum(os.times()[:4])


def measured(bundle: Path, cases: int) -> list[str]:
    """Return a row: cases, wall time, processor time, pages, size."""
    record = many(read_record(bundle), cases)
    wall, busy = perf_counter(), busy_time()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        content = render_pdf(record, partial(captures, bundle), pool=pool)
    wall, busy = perf_counter() - wall, busy_time() - busy
    pages = len(PdfReader(BytesIO(content)).pages)
    return [str(cases), f"{wall:.1f} s", f"{busy:.1f} s", str(pages), f"{len(content) / 1e6:.1f} MB"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="also into docs/performance.md")
    parser.add_argument("--bundle", type=Path, help="the evidence of a run, in place of a new one")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        bundle = chosen.bundle
        if bundle is None:
            run = [sys.executable, "-m", "rig", "run", _SMOKE, "--evidence", folder]
            subprocess.run(run, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            (bundle,) = (path for path in Path(folder).iterdir() if path.is_dir())
        rows = [measured(bundle, cases) for cases in _CASES]
    heading = ("cases, each with its figure", "wall time", "processor time", "pages", "size")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    text = (
        f"`python -m benchmarks.on_paper`:\n\n{table(heading, rows)}\n\nAt most {most:.1f} GB of memory.\n\n{machine()}"
    )
    sys.stdout.write(f"{text}\n")
    if chosen.write:
        write_section("on paper", text)


if __name__ == "__main__":
    main()
