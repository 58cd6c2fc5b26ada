"""``rig trace`` over sealed bundles: what it refuses, what it writes, and its exit codes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rig.cli import app
from rig.errors import EvidenceError, RigError
from rig.evidence.record import PackEntry, RunRecord
from rig.evidence.store import Bundle
from rig.evidence.trace.matrix import Matrix
from rig.evidence.trace.results import Run
from rig.model.verdict import Verdict
from rig.sequencer.trace.gather import trace_bundles
from rig.sequencer.trace.reading import read_requirements
from tests.trace.runs import case, run

ROOT = Path(__file__).parents[2]
PACK = ROOT / "fixtures" / "limits" / "iec60601-2-10-2012.limits.yaml"
PASS, FAIL = Verdict.PASS, Verdict.FAIL


def sealed(folder: Path, made: Run, *, pack: bool = False) -> Path:
    """Seal a run that was made in memory, with or without a limit pack."""
    bundle = Bundle.create(folder, made.record.run_id)
    record: RunRecord = made.record
    if pack:
        copy = bundle.add_file("sources/limits/iec.limits.yaml", PACK.read_bytes(), origin=str(PACK))
        entry = PackEntry(id="iec60601-2-10:2012", title="IEC", edition="2012", source=copy)
        record = record.model_copy(update={"packs": (entry,)})
    bundle.write_record(record)
    bundle.seal()
    return bundle.folder


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    path = tmp_path / "r.yaml"
    path.write_text("requirements: [{id: R1, revised: 2026-06-01}]\n")
    return path


def rig(*words: Path | str) -> tuple[int, str]:
    """Run the command line; a refusal is what ``main`` makes exit code 2 of."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, RigError):
        return 2, str(result.exception)
    return result.exit_code, result.output


def trace(asked: Path, bundles: Sequence[Path]) -> Matrix:
    return trace_bundles(read_requirements(asked), bundles)


@pytest.mark.parametrize(
    ("verdict", "traces", "day", "code"),
    [(PASS, "R1", 0, 0), (FAIL, "R1", 0, 1), (PASS, "R2", 0, 3), (PASS, "R1", -1, 3), (Verdict.ERROR, "R1", 0, 3)],
)
def test_the_exit_code_says_what_was_found(
    tmp_path: Path, asked: Path, verdict: Verdict, traces: str, day: int, code: int
) -> None:
    bundle = sealed(tmp_path, run("one", case("a", verdict, [traces]), day=day))
    assert rig("trace", bundle, "--requirements", asked)[0] == code


def test_page_and_table_are_written_where_they_were_asked_for(tmp_path: Path, asked: Path) -> None:
    bundle = sealed(tmp_path, run("one", case("a", PASS, ["R1"])))
    page, table, paper = tmp_path / "m.html", tmp_path / "m.csv", tmp_path / "m.pdf"
    code, text = rig("trace", bundle, "--requirements", asked, "--html", page, "--csv", table, "--pdf", paper)
    assert code == 0, text
    assert "R1" in page.read_text(encoding="utf-8")
    assert "R1" in table.read_text(encoding="utf-8")
    assert paper.read_bytes().startswith(b"%PDF-")
    assert rig("trace", bundle, "--requirements", asked, "--html", tmp_path / "no" / "m.html")[0] == 2


def test_a_bundle_that_was_altered_is_refused(tmp_path: Path, asked: Path) -> None:
    bundle = sealed(tmp_path, run("one", case("a", FAIL, ["R1"])))
    record = bundle / "record.json"
    record.chmod(0o600)
    record.write_text(record.read_text().replace("FAIL", "PASS"))
    code, text = rig("trace", bundle, "--requirements", asked)
    assert (code, "not intact" in text, "record.json: altered" in text) == (2, True, True)


def test_one_run_given_twice_is_read_once_and_two_that_share_a_name_are_refused(tmp_path: Path, asked: Path) -> None:
    bundle = sealed(tmp_path / "x", run("one", case("a", PASS, ["R1"])))
    copy = shutil.copytree(bundle, tmp_path / "copy")
    found = trace(asked, [bundle, copy])
    assert (len(found.runs), found.notes) == (1, (f"{copy} holds the same run as {bundle}; it was read once",))
    other = sealed(tmp_path / "y", run("one", case("a", FAIL, ["R1"])))
    with pytest.raises(EvidenceError, match="both say that they are run one"):
        trace(asked, [bundle, other])


def test_every_clause_of_a_pack_that_was_applied_is_listed(tmp_path: Path, asked: Path) -> None:
    bundle = sealed(tmp_path, run("one", case("a", PASS, ["R1"]), virtual=True), pack=True)
    found = trace(asked, [bundle])
    assert found.runs[0].marks == ("virtual bench", "unsigned")
    assert len(found.clauses) > 20
    assert not any(row.evaluated for row in found.clauses)
    assert {row.reasons for row in found.clauses} == {(("no case that was judged asked for it", 0),)}


def test_a_pack_that_no_run_applied_is_listed_where_it_is_named(tmp_path: Path, asked: Path) -> None:
    bundle = sealed(tmp_path, run("one", case("a", PASS, ["R1"])))
    found = trace_bundles(read_requirements(asked), [bundle], [PACK])
    assert {row.reasons for row in found.clauses} == {(("no run applied this pack", 0),)}


def test_the_example_of_the_fixtures_knows_every_name_that_plans_trace_to() -> None:
    from rig.plan.load import load_plan  # noqa: PLC0415 - this test alone reads plans

    read = read_requirements(ROOT / "fixtures" / "requirements" / "p24.requirements.yaml")
    plans = [load_plan(path) for path in sorted((ROOT / "testplans").glob("*.plan.yaml"))]
    names = {name for plan in plans for each in plan.cases for name in each.traces}
    known = {one.id for one in (*read.requirements,)} | {one.id for one in read.hazards}
    known |= {one.id for one in read.risk_controls}
    strange = {name for name in names - known if not name.startswith(("IEC ", "FDA "))}
    assert not strange
