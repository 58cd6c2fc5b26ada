"""All measurements as one table: CSV and Parquet say the same, and what the record says."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from rig.errors import Refused
from rig.evidence.record import CaptureEntry, CaseRecord, FileEntry, RunRecord, WaveformEntry
from rig.report.exports.columns import COLUMNS
from rig.report.exports.exported import ExportedRun
from rig.report.exports.table_files import write_csv, write_parquet
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def exported(record: RunRecord, **more: Any) -> ExportedRun:
    return ExportedRun(record=record, record_sha256="ab" * 32, manifest_sha256="cd" * 32, of=len(record.cases), **more)


def as_csv(path: Path, *runs: ExportedRun) -> list[dict[str, str]]:
    write_csv(runs, path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_parquet(path: Path, *runs: ExportedRun) -> list[dict[str, Any]]:
    write_parquet(runs, path)
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def test_every_value_and_every_check_of_every_case_is_there_once(record: RunRecord, tmp_path: Path) -> None:
    rows = as_parquet(tmp_path / "all.parquet", exported(record))
    for case in record.cases:
        of_case = [row for row in rows if (row["case"], row["attempt"]) == (case.id, case.attempt)]
        assert of_case, case.id  # one that did not run, too
        values = [row for row in of_case if row["limit_number"] <= 1 and row["n"] is not None]
        assert [(row["measurand"], row["value"]) for row in values] == [
            (entry.measurand, entry.value) for entry in case.measurements
        ]
        checks = [row for row in of_case if row["verdict"]]
        assert sorted((row["measurand"], row["verdict"], row["judged_value"] or 0.0) for row in checks) == sorted(
            (entry.limit.measurand, entry.verdict.value, entry.value or 0.0) for entry in case.judgements
        )


def test_two_limits_of_one_value_are_two_rows_that_can_be_told(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], tmp_path: Path
) -> None:
    case = make_case(1, 0.02, "500 ohm")
    (first, *_) = case.judgements
    again = case.model_copy(update={"judgements": (first, first.model_copy(update={"margin": 1.0}))})
    rows = [
        row
        for row in as_parquet(tmp_path / "a.parquet", exported(make_run((again,))))
        if row["measurand"] == "phase_top"
    ]
    assert [(row["limit_number"], row["margin"]) for row in rows] == [(1, first.margin), (2, 1.0)]
    assert rows[0]["value"] == rows[1]["value"] == case.measurements[0].value


def test_csv_and_parquet_say_the_same(record: RunRecord, tmp_path: Path) -> None:
    typed = as_parquet(tmp_path / "a.parquet", exported(record))
    written = as_csv(tmp_path / "a.csv", exported(record))
    assert len(typed) == len(written)
    for one, other in zip(typed, written, strict=True):
        assert list(one) == list(other) == [column.name for column in COLUMNS]
        for name, value in one.items():
            text = other[name]
            if value is None:
                assert text == ""
            elif isinstance(value, bool):
                assert text == str(value).lower()
            elif isinstance(value, float):
                assert float(text) == value
            elif isinstance(value, datetime):
                assert datetime.fromisoformat(text) == value
            elif isinstance(value, int | date):
                assert text == str(value)


def test_no_text_is_a_formula_or_breaks_a_line(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], tmp_path: Path
) -> None:
    case = make_case(1, 0.02, "500 ohm", title='=HYPERLINK("http://192.0.2.1")\r\nx', id='@case\x00,"q"')
    rows = as_csv(tmp_path / "a.csv", exported(make_run((case,), operator="-1+1")))
    assert {row["title"] for row in rows} == {'\'=HYPERLINK("http://192.0.2.1") x'}
    assert {row["case"] for row in rows} == {'\'@case ,"q"'}
    assert {row["operator"] for row in rows} == {"'-1+1"}


def test_parquet_has_types_units_and_provenance(record: RunRecord, tmp_path: Path) -> None:
    write_parquet([exported(record, incomplete="never sealed")], tmp_path / "a.parquet")
    schema = parquet.read_schema(tmp_path / "a.parquet")
    assert {
        name: str(schema.field(name).type) for name in ("run_started", "value", "n", "virtual", "calibration_due")
    } == {
        "run_started": "timestamp[us, tz=UTC]",
        "value": "double",
        "n": "int64",
        "virtual": "bool",
        "calibration_due": "date32[day]",
    }
    assert str(schema.field("measurand").type).startswith("dictionary<values=string")
    assert schema.field("set_amplitude_A").metadata[b"unit"] == b"A"
    (told,) = json.loads(schema.metadata[b"runs"])
    assert told["record_sha256"] == "ab" * 32
    assert told["incomplete"] == "never sealed"


def test_the_instrument_is_the_one_that_measured(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], tmp_path: Path
) -> None:
    wave = WaveformEntry(
        signal="current",
        source="daq:ai0",
        samples=3,
        sample_rate=1e6,
        unit=Unit.AMPERE,
        gain=1.0,
        offset=0.0,
        start=0.0,
    )
    file = FileEntry(origin="", file="captures/one.h5", sha256="0" * 64)
    captures = (CaptureEntry(id="signal-1", purpose="signal", source=file, triggered=True, waveforms=(wave,)),)
    (row, *_) = as_parquet(
        tmp_path / "a.parquet", exported(make_run((make_case(1, 0.02, "500 ohm", captures=captures),)))
    )
    assert (row["source"], row["instrument"], row["instrument_serial"]) == ("daq:ai0", "USB-6363", "01D2A3B4")
    assert (row["calibration_certificate"], row["calibration_due"]) == ("C-2026-0002", date(2027, 3, 14))
    assert row["run_started"] == datetime(2026, 11, 22, 9, 30, 12, tzinfo=UTC)


def test_several_runs_are_one_table(record: RunRecord, tmp_path: Path) -> None:
    other = record.model_copy(update={"run_id": "another"})
    rows = as_parquet(tmp_path / "a.parquet", exported(record), exported(other))
    half = len(rows) // 2
    assert {row["run"] for row in rows[:half]} == {record.run_id}
    assert {row["run"] for row in rows[half:]} == {"another"}
    assert len(as_csv(tmp_path / "a.csv", exported(record), exported(other))) == len(rows)


def test_without_pyarrow_the_extra_is_named(record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Refused, match=r"nmes-rig\[parquet\]"):
        write_parquet([exported(record)], tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()
