"""Everything that is rendered from a record: for people, for continuous integration, for spreadsheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.evidence.long_capture import read_signals
from rig.evidence.plain import inside
from rig.evidence.reading import read_record
from rig.harness.sign_off import shown_signoffs
from rig.report.junit import write_junit
from rig.report.render import render_html
from rig.report.tables import write_judgements_csv, write_measurements_csv
from rig.sequencer.seal import REPORT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, RunRecord
    from rig.model.recording import Recording
    from rig.model.waveform import Waveform
    from rig.sequencer.seal import ReadCapture

__all__ = ["render_again", "render_all"]


def render_all(record: RunRecord, samples: ReadCapture) -> Mapping[str, bytes]:
    """Return the files for readers, by the name they have in the evidence."""
    return {
        "junit.xml": write_junit(record).encode(),
        "measurements.csv": write_measurements_csv(record).encode(),
        "judgements.csv": write_judgements_csv(record).encode(),
        REPORT: render_html(record, samples).encode(),
    }


def render_again(bundle: Path, output: Path | None) -> Path:
    """Render the report of an evidence folder from its record and captures alone; return where it was written.

    Raises
    ------
    EvidenceError
        if the folder holds no readable record, or the report cannot be written.
    """
    record = read_record(bundle)

    def samples(entry: CaptureEntry) -> Mapping[str, Waveform | Recording]:
        return read_signals(inside(bundle, entry.source.file))

    # Beside the folder, not in it: the evidence is sealed.
    target = output or bundle.resolve().with_name(f"{bundle.resolve().name}.report.html")
    try:
        target.write_text(render_html(record, samples, shown_signoffs(bundle)), encoding="utf-8")
    except OSError as error:
        raise EvidenceError(f"{target}: {error.strerror or error}") from None
    return target
