"""What a person reads who asks for runs of the past, and what every refusal says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rig.cli import app
from rig.errors import EvidenceError, HistoryError, Refused
from rig.history.address import FILE
from rig.history.spool import enlist
from tests.history.bundles import sealed
from tests.report.conftest import HOSTILE, bench, case, run

Ask = Callable[..., Result]


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def ask(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask ``rig`` for something, with the evidence of this test."""
    monkeypatch.delenv("RIG_HISTORY")

    def of(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments), "--evidence", str(evidence)])

    return of


def refused(result: Result) -> str:
    assert isinstance(result.exception, HistoryError)
    return str(result.exception)


def test_bundles_are_verified_added_once_and_listed(ask: Ask, evidence: Path) -> None:
    first, second = sealed(evidence, "first"), sealed(evidence, "second", run((case(1, 0.02, "500 ohm"),)))
    done = ask("history", "add", first, second)
    assert (done.exit_code, done.output) == (0, f"{first}: added\n{second}: added\n")
    assert ask("history", "add", first).output == f"{first}: known already\n"
    listed = ask("history")
    assert listed.exit_code == 0
    head, *lines = listed.output.splitlines()
    assert head.split() == [
        "started",
        "(UTC)",
        "run",
        "plans",
        "device",
        "firmware",
        "bench",
        "verdict",
        "cases",
        "commit",
        "remarks",
    ]
    assert [line.split()[2] for line in lines] == ["second", "first"]
    assert "1 PASS" in lines[0]
    assert "operator abort, engineering only" in lines[1]
    assert ask("history", "--plan", "another").output == "no run is kept that is so\n"
    assert len(ask("history", "--limit", "1").output.splitlines()) == 2
    assert len(ask("history", "--since", "2026-11-23", "--device", "P24-000123").output.splitlines()) == 1


def test_an_altered_bundle_is_refused_and_hinders_no_other(ask: Ask, evidence: Path) -> None:
    first, second = sealed(evidence, "first"), sealed(evidence, "second")
    (first / "more.txt").write_text("more", encoding="utf-8")
    done = ask("history", "add", first, second)
    assert done.exit_code == 2
    assert f"{first}: not intact, so nothing can be concluded from it: more.txt: added" in done.output
    assert f"{second}: added" in done.output
    assert len(ask("history").output.splitlines()) == 2


def test_csv_and_json_say_the_same(ask: Ask, evidence: Path, tmp_path: Path) -> None:
    hostile = bench().model_copy(update={"id": f"=HYPERLINK({HOSTILE})"})
    ask("history", "add", sealed(evidence, "one", run((case(1, 0.02, "500 ohm"),), bench=hostile)))
    table = tmp_path / "runs.csv"
    (entry,) = json.loads(ask("history", "--json", "--csv", table).stdout)
    (row,) = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    assert row.keys() == entry.keys()
    assert row["run"] == entry["run"] == "one"
    assert (row["PASS"], entry["PASS"], row["virtual"], entry["virtual"]) == ("1", 1, "false", False)
    assert row["bench"].startswith("'=")
    assert entry["bench"].startswith("=")
    assert "\u202e" not in ask("history").output


def test_what_waits_is_pushed(ask: Ask, evidence: Path) -> None:
    assert ask("history", "push").output == "no run waits\n"
    enlist(evidence, sealed(evidence, "one"))
    (evidence / FILE).mkdir()
    still = ask("history", "push")
    assert still.exit_code == 2
    assert "one: still waits: " in still.output
    (evidence / FILE).rmdir()
    assert ask("history", "push").output == "one: added\n"
    assert ask("history", "upgrade").output == "nothing to do\n"


def test_where_no_run_was_kept_no_file_is_made(ask: Ask, evidence: Path) -> None:
    evidence.mkdir()
    assert "no run was kept yet" in refused(ask("history"))
    assert list(evidence.iterdir()) == []


@pytest.mark.parametrize("command", [["history"], ["history", "push"], ["history", "add", "x"]])
def test_nowhere_is_told(ask: Ask, command: list[str]) -> None:
    assert "results are kept nowhere" in refused(ask(*command, "--history", "none"))


def test_two_runs_are_compared_by_bundle_or_by_id(ask: Ask, evidence: Path, tmp_path: Path) -> None:
    healthy, worse = (run((case(1, 0.02, "500 ohm", gain=gain),)) for gain in (1.0, 1.25))
    first, second = sealed(evidence, "first", healthy), sealed(tmp_path / "else", "second", worse)
    ask("history", "add", first, second)
    page = tmp_path / "page.html"
    done = ask("compare", first, "second", "--html", page)
    assert done.exit_code == 1
    assert "PASS before, FAIL after; 1 case with another verdict" in done.output
    assert "phase_top" in page.read_text(encoding="utf-8")
    assert ask("compare", "first", "first").exit_code == 0
    table = tmp_path / "table.csv"
    assert f"written: {table}" in ask("compare", second, "first", "--csv", table).output
    assert table.read_text(encoding="utf-8").startswith("what,plan,case,name,unit,before,")
    assert "no run is kept as third" in refused(ask("compare", "first", "third"))
    assert isinstance(ask("compare", "first", "first", "--html", tmp_path).exception, Refused)
    (second / "record.json").chmod(0o644)
    (second / "record.json").write_text("{}", encoding="utf-8")
    assert isinstance(ask("compare", first, second).exception, EvidenceError)
