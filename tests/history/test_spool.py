"""A run whose database is away waits for it, is delivered once, and is never mistaken for another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from rig.harness.keeping import Keeper
from rig.history.address import FILE
from rig.history.spool import SPOOL, deliver, enlist, results_of, waiting
from rig.history.store import History
from tests.history.bundles import sealed
from tests.history.line import Line
from tests.report.conftest import every_verdict


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return tmp_path / "out"


def beside(evidence: Path) -> URL:
    return URL.create("sqlite", database=str(evidence / FILE))


def kept(url: URL) -> list[str]:
    with History(url) as history:
        return sorted(one.run.run_id for one in history.runs())


def test_a_run_is_kept_and_nothing_waits(url: URL, evidence: Path) -> None:
    keeper = Keeper(url.render_as_string(hide_password=False), evidence)
    keeper.keep(sealed(evidence, "one"))
    assert keeper.trouble == ""
    assert kept(url) == ["one"]
    assert not (evidence / SPOOL).exists()


def test_with_none_nothing_is_written(evidence: Path) -> None:
    keeper = Keeper("none", evidence)
    keeper.keep(sealed(evidence, "one"))
    assert keeper.trouble == ""
    assert [one.name for one in evidence.iterdir()] == ["one"]


def test_what_waits_is_delivered_once_in_any_order(url: URL, evidence: Path) -> None:
    for name in ("one", "two", "three"):
        enlist(evidence, sealed(evidence, name))
    assert [one.stem for one in waiting(evidence)] == ["one", "three", "two"]
    assert sorted(deliver(evidence, url).kept) == ["one", "three", "two"]
    enlist(evidence, evidence / "two")
    again = deliver(evidence, url)
    assert (again.kept, again.left) == (("two",), ())
    assert kept(url) == ["one", "three", "two"]
    assert deliver(evidence, url).kept == ()


def test_evidence_may_be_moved_while_a_run_waits(evidence: Path, tmp_path: Path) -> None:
    enlist(evidence, sealed(evidence, "one"))
    elsewhere = tmp_path / "archive"
    evidence.rename(elsewhere)
    assert deliver(elsewhere, beside(elsewhere)).kept == ("one",)


def test_evidence_that_lies_elsewhere_is_found(evidence: Path, tmp_path: Path) -> None:
    evidence.mkdir()
    enlist(evidence, sealed(tmp_path / "else", "one"))
    assert deliver(evidence, beside(evidence)).kept == ("one",)


def test_another_run_of_the_same_id_goes_on_waiting_and_hinders_no_other(
    url: URL, evidence: Path, tmp_path: Path
) -> None:
    with History(url) as history:
        history.add(results_of(sealed(tmp_path / "else", "one")))
        before = history.results("one").run.manifest_sha256
    enlist(evidence, sealed(evidence, "one", every_verdict().model_copy(update={"operator": "somebody else"})))
    enlist(evidence, sealed(evidence, "two"))
    delivery = deliver(evidence, url)
    assert delivery.kept == ("two",)
    ((run, problem),) = delivery.left
    assert run == "one"
    assert "another run is kept as one" in problem
    assert "another run is kept as one" in delivery.trouble
    assert [one.stem for one in waiting(evidence)] == ["one"]
    with History(url) as history:
        assert history.results("one").run.manifest_sha256 == before


def test_a_record_that_was_changed_since_it_was_sealed_is_not_delivered(evidence: Path) -> None:
    bundle = sealed(evidence, "one")
    enlist(evidence, bundle)
    record = bundle / "record.json"
    text = record.read_text(encoding="utf-8")
    record.chmod(0o644)
    record.write_text(text.replace("M. Weber", "N. Obody"), encoding="utf-8")
    ((_, problem),) = deliver(evidence, beside(evidence)).left
    assert "the record is not the one that was sealed" in problem
    assert waiting(evidence)


def test_evidence_that_is_gone_is_said_and_waits(evidence: Path) -> None:
    enlist(evidence, sealed(evidence, "one"))
    shutil.rmtree(evidence / "one")
    ((run, problem),) = deliver(evidence, beside(evidence)).left
    assert run == "one"
    assert "there is no record at" in problem


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "rig-spool/1", "bundle": 7}', "\x00" * 100])
def test_a_file_that_says_nothing_is_said_and_stays(evidence: Path, content: str) -> None:
    (evidence / SPOOL).mkdir(parents=True)
    (evidence / SPOOL / "one.json").write_text(content, encoding="utf-8")
    ((_, problem),) = deliver(evidence, beside(evidence)).left
    assert "does not say which run waits" in problem


def test_a_database_that_cannot_be_written_harms_no_run(evidence: Path) -> None:
    bundle = sealed(evidence, "one")
    (evidence / FILE).mkdir()
    keeper = Keeper(None, evidence, environment={})
    keeper.keep(bundle)
    assert "this run's results wait to be put into the database (rig history push)" in keeper.trouble
    assert "\n" not in keeper.trouble
    (evidence / FILE).rmdir()
    later = Keeper(None, evidence, environment={})
    later.keep(sealed(evidence, "two"))
    assert later.trouble == ""
    assert kept(beside(evidence)) == ["one", "two"]


def test_even_what_nobody_thought_of_harms_no_run(evidence: Path) -> None:
    """Evidence that was never sealed cannot come here; if it does, it is said."""
    (evidence / "one").mkdir(parents=True)
    keeper = Keeper(None, evidence, environment={})
    keeper.keep(evidence / "one")
    assert keeper.trouble.startswith("the results are in no database: EvidenceError: manifest.json cannot be read")


@pytest.fixture
def line(postgresql: URL) -> Iterator[Line]:
    line = Line((str(postgresql.host), int(postgresql.port or 0)))
    yield line
    line.cut()


def test_a_server_that_is_away_is_delivered_to_when_it_is_back(postgresql: URL, line: Line, evidence: Path) -> None:
    address = postgresql.set(port=line.port).render_as_string(hide_password=False)
    first = Keeper(address, evidence)
    first.keep(sealed(evidence, "one"))
    assert first.trouble == ""
    line.cut()
    Keeper(address, evidence).keep(sealed(evidence, "two"))
    keeper = Keeper(address, evidence)
    keeper.keep(sealed(evidence, "three"))
    assert "the results of 2 runs wait to be put into the database" in keeper.trouble
    assert f"127.0.0.1:{line.port}" in keeper.trouble
    line.mend()
    keeper = Keeper(address, evidence)
    keeper.keep(sealed(evidence, "four"))
    assert keeper.trouble == ""
    assert kept(postgresql) == ["four", "one", "three", "two"]
    assert not (evidence / SPOOL).exists()


@pytest.mark.parametrize("sent", [1, 2_000, 12_000, 20_000])
def test_a_server_that_goes_in_the_middle_keeps_all_of_a_run_or_nothing(
    postgresql: URL, line: Line, evidence: Path, sent: int
) -> None:
    with History(postgresql):
        pass
    address = postgresql.set(port=line.port).render_as_string(hide_password=False)
    line.cut_after(sent)
    keeper = Keeper(address, evidence)
    keeper.keep(sealed(evidence, "one"))
    assert "this run's results wait" in keeper.trouble
    assert kept(postgresql) == []
    line.mend()
    keeper.keep(evidence / "one")
    assert keeper.trouble == ""
    with History(postgresql) as history:
        results = history.results("one")
    assert len(results.cases) == 10
    assert results.judgements == results_of(evidence / "one").judgements


def test_the_file_of_a_run_that_waits_holds_no_address(evidence: Path) -> None:
    keeper = Keeper("postgresql://lab:secret-word@127.0.0.1:1/results", evidence)
    keeper.keep(sealed(evidence, "one"))
    assert "secret-word" not in keeper.trouble
    (file,) = waiting(evidence)
    assert json.loads(file.read_text(encoding="utf-8")).keys() == {"format", "bundle", "manifest_sha256"}
    files = [one for one in evidence.rglob("*") if one.is_file()]
    assert not [one for one in files if b"secret-word" in one.read_bytes()]
