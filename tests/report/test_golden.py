"""The golden example: evidence as it is meant to look, kept under reports/golden.

``RIG_WRITE_GOLDEN=1 pytest tests/report/test_golden.py`` writes it anew; read the difference before keeping it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rig.evidence.record import CaptureEntry, CaseRecord, RunRecord
from rig.model.waveform import Waveform
from rig.report.figure import pulse_svg
from rig.report.junit import write_junit
from rig.report.render import render_html
from rig.report.tables import write_judgements_csv, write_measurements_csv

GOLDEN = Path(__file__).parents[2] / "reports" / "golden"
Captures = Callable[[CaptureEntry], Mapping[str, Waveform]]


@pytest.fixture
def small(
    make_run: Callable[..., RunRecord],
    make_case: Callable[..., CaseRecord],
    describe: Callable[[RunRecord], RunRecord],
    record: RunRecord,
) -> RunRecord:
    """Return the first few cases of the sample, one of each kind, on a bench whose calibration has run out."""
    by_verdict = {case.verdict: case for case in record.cases if case.title == make_case(1, 0.02, "500 ohm").title}
    run = make_run(
        tuple(case for case in record.cases if by_verdict.get(case.verdict) is case),
        engineering_only=("daq: calibration was due on 2026-09-30",),
        bench=record.bench,
        run_id="20261122t093012z-7f3a01",
    )
    return describe(run)


@pytest.fixture
def golden(small: RunRecord, read_samples: Callable[[RunRecord], Captures]) -> dict[str, str]:
    captures = read_samples(small)
    case = small.cases[0]
    waveforms, zero = captures(case.captures[-1]), captures(case.captures[0])
    return {
        "record.json": small.model_dump_json(by_alias=True, indent=2) + "\n",
        "report.html": render_html(small, captures),
        "figure.svg": pulse_svg(case, waveforms, zero=zero) + "\n",
        "junit.xml": write_junit(small),
        "measurements.csv": write_measurements_csv(small),
        "judgements.csv": write_judgements_csv(small),
    }


def comparable(text: str) -> str:
    """Leave out the coordinates of curves: another numpy may draw other noise."""
    return re.sub(r' d="[^"]*"', "", text.replace("\r\n", "\n"))


@pytest.mark.parametrize(
    "name", ["record.json", "report.html", "figure.svg", "junit.xml", "measurements.csv", "judgements.csv"]
)
def test_evidence_looks_as_it_is_meant_to(golden: dict[str, str], name: str) -> None:
    file = GOLDEN / name
    if os.environ.get("RIG_WRITE_GOLDEN"):
        file.write_text(golden[name], encoding="utf-8", newline="")
    assert comparable(golden[name]) == comparable(file.read_text(encoding="utf-8")), f"{file.name} has changed"


def test_the_golden_record_is_all_a_report_needs(golden: dict[str, str], small: RunRecord) -> None:
    read = RunRecord.model_validate_json((GOLDEN / "record.json").read_text(encoding="utf-8"))
    assert read == small
    assert render_html(read, None) == render_html(small, None)
    assert golden["record.json"]
