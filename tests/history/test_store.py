"""What is put into the database comes out again, exactly, once, and whoever writes at the same time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text
from sqlalchemy.engine import URL

from rig.errors import HistoryError
from rig.evidence.record import RunRecord
from rig.history import results, tables
from rig.history.database import connect, reading, writing
from rig.history.results import Results
from rig.history.selection import Selection
from rig.history.store import History
from rig.model.verdict import Verdict
from rig.units import Unit
from tests.history.conftest import Rows
from tests.report.conftest import HOSTILE, START, case

ROOT = Path(__file__).parents[2]


def visible(kept: object) -> object:
    """Return rows as a database keeps them: a NUL by its picture."""
    if isinstance(kept, str):
        return kept.replace("\x00", "\N{SYMBOL FOR NULL}")
    return kept


def as_kept(row: object) -> object:
    return replace(row, **{one.name: visible(getattr(row, one.name)) for one in fields(row)})  # type: ignore[type-var, arg-type] # any row


def test_every_row_comes_out_as_it_went_in(url: URL, rows: Rows) -> None:
    put = rows()
    with History(url) as history:
        assert history.add(put) is True
        got = history.results(put.run.run_id)
    assert got.run == put.run  # every list in it is JSON, which keeps any letter
    for kind in fields(Results):
        if kind.name != "run":
            expected = tuple(as_kept(row) for row in getattr(put, kind.name))
            assert getattr(got, kind.name) == expected
            assert expected, kind.name


def test_what_is_unknown_is_null_and_numbers_are_exact(url: URL, rows: Rows) -> None:
    put = rows()
    with History(url) as history:
        history.add(put)
    engine = connect(url)
    with reading(engine) as connection:
        unmeasured = connection.execute(
            text("SELECT value, expanded_uncertainty, unit FROM measurements WHERE reason <> ''")
        ).all()
        assert unmeasured
        assert set(unmeasured) == {(None, None, None)}
        (opened,) = connection.execute(text("SELECT nominal FROM loads WHERE name = 'open'")).all()
        assert opened == (None,)
        values = connection.execute(text("SELECT value FROM measurements WHERE value IS NOT NULL")).scalars()
        assert sorted(values) == sorted(one.value for one in put.measurements if one.value is not None)
    engine.dispose()


def test_the_second_delivery_changes_nothing(url: URL, rows: Rows) -> None:
    put = rows()
    with History(url) as history:
        assert history.add(put) is True
        assert history.add(replace(put, run=replace(put.run, operator="somebody else"))) is False
        assert history.results(put.run.run_id).run.operator == put.run.operator
        assert len(history.runs()) == 1


def test_another_run_of_the_same_id_is_refused(url: URL, rows: Rows) -> None:
    with History(url) as history:
        history.add(rows())
        with pytest.raises(HistoryError, match="another run is kept as 20261122T093012Z-7f3a") as refused:
            history.add(rows(manifest="b" * 64))
        assert "aaaaaaaaaaaa…" in str(refused.value)
        assert history.results("20261122T093012Z-7f3a").run.manifest_sha256 == "a" * 64


def test_half_a_run_is_not_kept(url: URL, rows: Rows) -> None:
    put = rows()
    twice = replace(put, judgements=(*put.judgements, put.judgements[-1]))
    with History(url) as history:
        with pytest.raises(HistoryError):
            history.add(twice)
        assert history.runs() == ()
        assert history.add(put) is True


def test_a_moment_of_another_time_zone_is_the_same_moment(url: URL, rows: Rows) -> None:
    east = START.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with History(url) as history:
        history.add(rows(started=east))
        (one,) = history.runs(Selection(since=START, until=START))
    assert one.run.started == START
    assert one.run.started.tzinfo is UTC


def test_runs_are_listed_from_the_latest_with_plans_and_counts(url: URL, rows: Rows) -> None:
    with History(url) as history:
        for day in range(4):
            history.add(rows(run_id=f"run-{day}", started=START + timedelta(days=day), manifest=str(day) * 64))
        listed = history.runs(limit=3)
        assert [one.run.run_id for one in listed] == ["run-3", "run-2", "run-1"]
        assert listed[0].plans == ("NMES-OUT-001",)
        assert sum(listed[0].counts.values()) == 10
        assert listed[0].counts[Verdict.NOT_RUN] == 1
        assert list(listed[0].counts) == sorted(listed[0].counts, key=lambda one: one.severity)
        assert history.runs(Selection(since=START + timedelta(days=3)))[0].run.run_id == "run-3"
        assert history.runs(Selection(plan="another")) == ()
        assert len(history.runs(Selection(plan="NMES-OUT-001", device="P24-000123", virtual=False))) == 4
        assert history.runs(Selection(evidence=True)) == ()
        assert history.runs(Selection(complete=True)) == ()


def test_points_carry_what_a_trend_needs(url: URL, rows: Rows) -> None:
    healthy = (case(1, 0.02, "500 ohm"), case(2, 0.05, "500 ohm", gain=1.25))
    with History(url) as history:
        history.add(rows(run_id="second", cases=healthy, started=START + timedelta(days=1)))
        history.add(rows(run_id="first", cases=healthy[:1], manifest="b" * 64))
        points = history.points("phase_top")
        assert [(one.run_id, one.case) for one in points] == [
            ("first", "amplitude-accuracy[20mA-500ohm]"),
            ("second", "amplitude-accuracy[20mA-500ohm]"),
            ("second", "amplitude-accuracy[50mA-500ohm]"),
        ]
        one, failed = points[0], points[-1]
        assert (one.value, one.unit, one.n) == (0.02, Unit.AMPERE, 50)
        assert (one.lower, one.upper, one.verdict) == (0.9 * 0.02, 1.1 * 0.02, Verdict.PASS)
        assert one.expanded_uncertainty == pytest.approx(0.9 * (0.006 * 0.02 + 5e-5))
        assert (one.device_serial, one.device_firmware, one.operator) == ("P24-000123", "3.2.1", "M. Weber")
        assert (one.complete, one.virtual, one.engineering_only) == (True, False, False)
        assert failed.verdict is Verdict.FAIL
        assert history.points("net_charge during 1 kohm") == ()
        assert len(history.points("phase_top", Selection(case="amplitude-accuracy[50mA-500ohm]"))) == 1
        assert history.points("phase_top", Selection(load="1 kohm")) == ()
        assert len(history.points("phase_top", Selection(evidence=True, complete=True, device="P24-000123"))) == 3
        assert "phase_top" in history.measurands()


def test_a_value_names_the_instrument_whose_signal_it_was_computed_from(url: URL, rows: Rows) -> None:
    one = case(1, 0.02, "500 ohm")
    assert one.measurements[0].origin[:2] == ("signal-1", "current")
    with History(url) as history:
        history.add(rows(cases=(one,)))
        (point,) = history.points("phase_top", Selection(instrument="01D2A3B4"))
    assert (point.instrument, point.instrument_serial, point.instrument_driver) == ("daq", "01D2A3B4", "ni-daqmx")
    assert point.instrument_calibration == "C-2026-0002 2026-03-14"
    several = one.measurements[0].model_copy(update={"origin": ("signal-1", "voltage and current", "phase_top")})
    with History(url) as history:
        history.add(rows(run_id="several", cases=(one.model_copy(update={"measurements": (several,)}),)))
        assert [found.instrument for found in history.points("phase_top")] == ["daq", ""]


def test_an_attempt_after_which_there_was_another_is_a_point_on_demand(url: URL, rows: Rows) -> None:
    attempts = (case(1, 0.02, "500 ohm", retried=True), case(1, 0.02, "500 ohm", attempt=2))
    with History(url) as history:
        history.add(rows(cases=attempts))
        assert [one.attempt for one in history.points("phase_top")] == [2]
        assert [one.retried for one in history.points("phase_top", Selection(retried=True))] == [True, False]


def test_hostile_text_is_text(url: URL, rows: Rows) -> None:
    with History(url) as history:
        history.add(rows())
        assert history.runs(Selection(device="'; DROP TABLE runs; --")) == ()
        assert history.points("phase_top", Selection(case=HOSTILE.replace("\x00", ""))) == ()
        assert len(history.runs()) == 1


WRITER = """
import pathlib, sys
from sqlalchemy.engine import make_url
from rig.evidence.record import RunRecord
from rig.history.flatten import flatten
from rig.history.store import History
record = RunRecord.model_validate_json(pathlib.Path(sys.argv[2]).read_bytes())
for number in range(8):
    one = record.model_copy(update={"run_id": f"run-{number}"})
    History(make_url(sys.argv[1])).add(flatten(one, manifest_sha256=str(number) * 64, bundle="x"))
"""


def test_two_processes_open_a_new_database_and_write_the_same_runs_at_once(
    url: URL, record: RunRecord, tmp_path: Path
) -> None:
    file = tmp_path / "record.json"
    file.write_text(record.model_dump_json(by_alias=True), encoding="utf-8")
    address = url.render_as_string(hide_password=False)
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, address, str(file)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    ended = [(one.communicate(timeout=120)[1], one.returncode) for one in writers]
    assert [code for _, code in ended] == [0, 0], ended
    with History(url) as history:
        listed = history.runs()
        assert sorted(one.run.run_id for one in listed) == [f"run-{number}" for number in range(8)]
        assert {sum(one.counts.values()) for one in listed} == {10}


def test_rows_and_tables_have_the_same_fields() -> None:
    kinds = {
        "runs": results.RunRow,
        "plans": results.PlanRow,
        "packs": results.PackRow,
        "instruments": results.InstrumentRow,
        "loads": results.LoadRow,
        "cases": results.CaseRow,
        "measurements": results.MeasurementRow,
        "judgements": results.JudgementRow,
    }
    assert kinds.keys() == tables.METADATA.tables.keys()
    for name, kind in kinds.items():
        assert [one.name for one in tables.METADATA.tables[name].columns] == [one.name for one in fields(kind)], name


def test_deleting_a_run_deletes_all_of_it(url: URL, rows: Rows) -> None:
    """Somebody may want to forget a run with a database's own client."""
    put = rows()
    with History(url) as history:
        history.add(put)
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM runs"))
    with reading(engine) as connection:
        for name in tables.METADATA.tables:
            assert connection.execute(select(func.count()).select_from(tables.METADATA.tables[name])).scalar() == 0
        assert "alembic_version" in inspect(connection).get_table_names()
    engine.dispose()


def test_the_record_of_a_run_that_opened_nothing_is_kept(url: URL, record: RunRecord, rows: Rows) -> None:
    with History(url) as history:
        history.add(rows(bench=None, device=None, finished=None, cases=()))
        (one,) = history.runs()
    assert (one.run.bench, one.run.device_serial, one.run.finished, one.counts) == ("", "", None, {})
    assert one.run.started == record.started == datetime(2026, 11, 22, 9, 30, 12, tzinfo=UTC)
