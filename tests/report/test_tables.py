"""CSV that reads back exactly and that no spreadsheet runs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO

from rig.evidence.record import CaseRecord, RunRecord
from rig.report.tables import write_judgements_csv, write_measurements_csv


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def test_every_judgement_is_one_row(record: RunRecord) -> None:
    found = rows(write_judgements_csv(record))
    checks = [check for case in record.cases for check in case.judgements]
    assert [row["verdict"] for row in found] == [check.verdict.value for check in checks]
    assert [float(row["value"]) if row["value"] else None for row in found] == [check.value for check in checks]
    assert [row["upper"] for row in found] == ["" if c.limit.upper is None else repr(c.limit.upper) for c in checks]


def test_every_measurement_is_one_row(record: RunRecord) -> None:
    found = rows(write_measurements_csv(record))
    entries = [entry for case in record.cases for entry in case.measurements]
    assert [row["measurand"] for row in found] == [entry.measurand for entry in entries]
    assert [row["reason"] for row in found] == [entry.reason for entry in entries]
    assert {row["unit"] for row in found if row["measurand"] == "phase_duration"} == {"s"}


def test_text_is_never_a_formula(make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]) -> None:
    case = make_case(1, 0.02, "500 ohm", id="=cmd|' /C calc'!A0\r\nnext", plan="@plan")
    (row, *_) = rows(write_judgements_csv(make_run((case,))))
    assert row["case"] == "'=cmd|' /C calc'!A0 next"
    assert row["plan"] == "'@plan"


def test_negative_numbers_stay_numbers(record: RunRecord) -> None:
    margins = [float(row["margin"]) for row in rows(write_judgements_csv(record)) if row["margin"]]
    assert min(margins) < 0
