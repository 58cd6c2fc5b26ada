"""``rig trend`` and ``rig grr`` as a person asks them: what they print, write, refuse and exit with."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rig.cli import app
from rig.errors import HistoryError, Refused
from tests.history.test_gauge import AIAG
from tests.history.values import drifting, kept, recorded, steady

Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database: a steady device, one that drifts, and a study of four devices by two operators."""
    folder = tmp_path_factory.mktemp("evidence")
    runs = [recorded("HEALTHY", number, value) for number, value in enumerate(steady(26, seed=43).tolist())]
    faulty = drifting(26, seed=44, per_value=4e-5).tolist()
    runs += [recorded("FAULTY", number, value, operator="") for number, value in enumerate(faulty)]
    for part in range(4):
        for who in range(2):
            runs += [
                recorded(
                    f"PART{part}", 10 * who + repeat, 0.02 + 1e-4 * float(AIAG[part, who, repeat]),
                    operator=f"operator {who}",
                )
                for repeat in range(2)
            ]  # fmt: skip
    kept(folder, runs)
    return folder


@pytest.fixture
def ask(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.delenv("RIG_HISTORY")

    def of(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments), "--evidence", str(evidence)])

    return of


def test_a_trend_is_printed_and_written_and_its_exit_code_says_how_it_stands(ask: Ask, tmp_path: Path) -> None:
    files = {name: tmp_path / f"trend.{name}" for name in ("csv", "html", "svg")}
    values = tmp_path / "values.csv"
    done = ask(
        "trend", "phase_top", "--csv", files["csv"], "--html", files["html"], "--plot", files["svg"], "--values", values
    )
    assert done.exit_code == 1
    assert "OUT OF CONTROL" in done.output
    assert "drifts towards its limit" in done.output
    rows = list(csv.DictReader(files["csv"].read_text(encoding="utf-8").splitlines()))
    states = {row["device"]: row["state"] for row in rows}
    assert (states["HEALTHY"], states["FAULTY"]) == ("in control", "OUT OF CONTROL")
    assert len(values.read_text(encoding="utf-8").splitlines()) == 1 + 26 + 26 + 16
    assert files["svg"].read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert files["html"].read_text(encoding="utf-8").count("<svg") == 6


def test_one_steady_device_exits_with_0_and_few_values_with_3(ask: Ask) -> None:
    healthy = ask("trend", "phase_top", "--device", "HEALTHY", "--json")
    assert healthy.exit_code == 0
    (series,) = json.loads(healthy.stdout)["series"]
    assert series["state"] == "in control"
    assert series["cpk_low"] < series["cpk"] < series["cpk_high"]
    few = ask("trend", "phase_top", "--device", "PART0")
    assert few.exit_code == 3
    assert "control limits need the 20 points of the baseline; there are 4" in few.output
    assert ask("trend", "phase_top", "--device", "NOBODY").exit_code == 3


def test_a_study_is_made_of_repeated_runs(ask: Ask, tmp_path: Path) -> None:
    picture, table = tmp_path / "grr.png", tmp_path / "grr.csv"
    found = ask("grr", "phase_top", "--since", "2026-01-01", "--plot", picture, "--csv", table)
    # The other devices were never measured by these operators: nothing is made up for them.
    assert found.exit_code == 2
    assert "every operator needs every device equally often" in found.output
    assert not picture.exists()
    named = [f"--runs=PART{part}-{number:03}" for part in range(4) for number in (0, 1, 10, 11)]
    study = ask("grr", "phase_top", *named, "--plot", picture, "--csv", table)
    assert study.exit_code in {0, 1}
    assert "4 parts × 2 appraisers × 2 repeats" in study.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(table.read_text(encoding="utf-8").splitlines()) == 8


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("trend", "phase_topp"), "no run ever measured 'phase_topp'; there are: "),
        (("grr", "nothing"), "no run ever measured 'nothing'"),
        (("trend", "phase_top", "--baseline", "soon"), "neither a number of values nor a day"),
        (("trend", "phase_top", "--baseline", "3"), "at least 8"),
        (("trend", "phase_top", "--rules", "1,9"), "rules are 1, 2, 3, 4, 5, 6"),
        (("trend", "phase_top", "--plot", "trend.pdf"), "a picture is .svg or .png"),
        (("trend", "phase_top", "--csv", "no/such/folder/x.csv"), "No such file or directory"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_message(ask: Ask, arguments: tuple[str, ...], told: str) -> None:
    refused = ask(*arguments)
    assert isinstance(refused.exception, Refused)
    assert told in str(refused.exception)


def test_without_a_database_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RIG_HISTORY")
    refused = CliRunner().invoke(app, ["trend", "phase_top", "--evidence", str(tmp_path)])
    assert isinstance(refused.exception, HistoryError)
