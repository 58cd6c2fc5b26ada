"""Everything that is rendered from a record: for people, for continuous integration, for spreadsheets."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from rig import __version__
from rig.errors import EvidenceError
from rig.evidence.layout import RECORD
from rig.evidence.long_capture import read_signals
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import hash_plain, inside
from rig.evidence.reading import read_record, read_source
from rig.evidence.sealed import write_outside
from rig.evidence.verification import examine
from rig.harness.sign_off import shown_signoffs
from rig.report.junit import write_junit
from rig.report.render import render_html
from rig.report.standing import Standing
from rig.report.tables import write_judgements_csv, write_measurements_csv
from rig.sequencer.seal import REPORT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, RunRecord
    from rig.model.recording import Recording
    from rig.model.waveform import Waveform
    from rig.sequencer.seal import ReadCapture, ReadFile

__all__ = ["render_again", "render_all", "render_paper"]

_MANY = 100


def render_all(record: RunRecord, samples: ReadCapture, files: ReadFile, record_sha256: str) -> Mapping[str, bytes]:
    """Return the files for readers, by their names in the evidence; the hash of its manifest they cannot know."""
    standing = Standing(record_sha256=record_sha256)
    return {
        "junit.xml": write_junit(record).encode(),
        "measurements.csv": write_measurements_csv(record).encode(),
        "judgements.csv": write_judgements_csv(record).encode(),
        REPORT: render_html(record, samples, standing, files=files).encode(),
    }


def render_again(bundle: Path, html: Path | None = None, *, now: datetime | None = None) -> Path:
    """Render the HTML report of an evidence folder from its files alone; return where it was written.

    It says whether the folder is as it was sealed, and that it was rendered ``now``, UTC.

    Raises
    ------
    EvidenceError
        if the folder holds no readable record, or the report cannot be written
    Refused
        if it would be written into a run's evidence
    """
    record = read_record(bundle)
    page = render_html(record, _samples(bundle), _standing(bundle, now), files=partial(read_source, bundle))
    return _written(html or _beside(bundle, ".report.html"), page.encode())


def render_paper(bundle: Path, pdf: Path | None = None, *, now: datetime | None = None) -> Path:
    """Render the report of an evidence folder as a PDF/A, likewise."""
    from rig.report.pdf.render import render_pdf  # noqa: PLC0415 - typst is not needed for anything else

    record = read_record(bundle)
    with _processes(len(record.cases)) as pool:
        files = partial(read_source, bundle)
        paper = render_pdf(record, _samples(bundle), _standing(bundle, now), files=files, pool=pool)
    return _written(pdf or _beside(bundle, ".report.pdf"), paper)


def _samples(bundle: Path) -> ReadCapture:
    return partial(_signals, bundle)  # and not a function in here: it is sent to other processes


def _signals(bundle: Path, entry: CaptureEntry) -> Mapping[str, Waveform | Recording]:
    return read_signals(inside(bundle, entry.source.file))


def _processes(cases: int) -> AbstractContextManager[Executor | None]:
    """Return processes to draw in, where there is enough to be drawn for their start to be worth it."""
    if cases < _MANY:
        return nullcontext()
    return ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))  # a fork would take threads along


def _standing(bundle: Path, now: datetime | None) -> Standing:
    found = examine(bundle)
    return Standing(
        record_sha256=hash_plain(bundle / RECORD) or "",
        bundle_sha256=hash_plain(bundle / MANIFEST) or "",
        examined=True,
        incomplete=found.incomplete,
        problems=found.problems,
        signed_by=found.signed_by,
        rendered=now,
        software=__version__,
        signoffs=shown_signoffs(bundle, intact=found.intact),
    )


def _beside(bundle: Path, suffix: str) -> Path:
    """Return a name beside the folder, not in it: the evidence is sealed."""
    return bundle.resolve().with_name(f"{bundle.resolve().name}{suffix}")


def _written(target: Path, content: bytes) -> Path:
    try:
        write_outside(target, content)
    except OSError as error:
        raise EvidenceError(f"{target}: {error.strerror or error}") from None
    return target
