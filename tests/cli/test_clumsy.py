"""What a person does in haste with evidence: signs by a wrong clock, writes into a bundle, exports a run twice."""

from __future__ import annotations

import os
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rig.cli import app
from rig.errors import Refused, RigError
from rig.evidence.signing import read_signer, write_key_pair
from rig.evidence.signoff import Meaning, Statement, append_signoff, signoffs_file
from rig.evidence.store import Bundle
from rig.harness.sign_off import sign_off
from rig.sequencer.setup import RunOptions
from rig.sequencer.start import start_run
from tests.report.conftest import case, run

ROOT = Path(__file__).parents[2]
COMPLETE = run((case(1, 0.02, "500 ohm"),), not_selected=0, engineering_only=())
ENDED = COMPLETE.finished or COMPLETE.started
REVIEWED = Statement(name="A", meaning=Meaning.REVIEWED)


def sealed(folder: Path, name: str, **changes: object) -> Path:
    bundle = Bundle.create(folder, name)
    bundle.write_record(COMPLETE.model_copy(update={"run_id": "r1", **changes}))
    bundle.seal(None)
    return bundle.folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return sealed(tmp_path, "r1")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_key_pair(tmp_path / "lab.key")
    return tmp_path / "lab.key"


def asked(*arguments: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if isinstance(done.exception, RigError):  # what ``main`` makes one message and 2 of
        return 2, "", str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_nothing_is_signed_by_a_clock_that_is_before_the_run(bundle: Path, key: Path) -> None:
    signer = read_signer(key, str)

    def sign(after: timedelta) -> None:
        sign_off(bundle, REVIEWED, signer, tell=str, agreed=lambda: True, utc=lambda: ENDED + after)

    with pytest.raises(RigError, match="this computer's clock is wrong"):
        sign(timedelta(hours=-1))
    assert not signoffs_file(bundle).exists()
    sign(timedelta(minutes=-4))
    sign(timedelta(hours=1))
    with pytest.raises(RigError, match="dated before what it signs"):
        sign(timedelta(0))
    assert "dated before" not in asked("verify", bundle)[1]


def test_a_sign_off_that_is_dated_before_the_run_is_shown_as_such(bundle: Path, key: Path) -> None:
    early = ENDED - timedelta(days=400)
    append_signoff(signoffs_file(bundle), bundle, REVIEWED, read_signer(key, str), utc=lambda: early)
    code, said, _ = asked("verify", bundle)
    assert code == 0, "the signature is valid, and no time stamp is trusted"
    assert f"; dated before what it signs, of {ENDED:%Y-%m-%d %H:%M:%S}" in said
    page = bundle.parent / "page.html"
    assert asked("report", bundle, "--html", page)[0] == 0
    assert "dated before what it signs" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=2)), None], ids=["of the laboratory", "not told"])
def test_the_end_of_a_run_in_any_zone_is_compared_and_told_in_utc(
    tmp_path: Path, key: Path, zone: timezone | None
) -> None:
    ended = ENDED.astimezone(zone).replace(tzinfo=zone)
    bundle = sealed(tmp_path, "local", finished=ended)
    append_signoff(
        signoffs_file(bundle), bundle, REVIEWED, read_signer(key, str), utc=lambda: ENDED - timedelta(days=1)
    )
    code, said, _ = asked("verify", bundle)
    assert code == 0
    assert f"; dated before what it signs, of {ended.astimezone(UTC):%Y-%m-%d %H:%M:%S}" in said
    with pytest.raises(RigError, match="dated before what it signs"):
        sign_off(
            bundle,
            REVIEWED,
            read_signer(key, str),
            tell=str,
            agreed=lambda: True,
            utc=lambda: ENDED - timedelta(hours=1),
        )


@pytest.mark.skipif(os.name == "nt", reason="rights of files are others there")
def test_a_private_key_that_others_can_read_is_named(bundle: Path, key: Path) -> None:
    arguments = ("sign", bundle, "--name", "A", "--meaning", "reviewed", "--key", key, "--yes")
    assert asked(*arguments)[::2] == (0, "")
    key.chmod(0o644)
    code, _, said = asked(*arguments)
    assert code == 0
    assert said == f"{key} can be read by others, who can then sign with it: chmod 600 {key}\n"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_nothing_is_written_into_evidence(bundle: Path, tmp_path: Path) -> None:
    other = sealed(tmp_path, "r2", run_id="r2")
    before = {path: path.read_bytes() for one in (bundle, other) for path in one.rglob("*") if path.is_file()}
    link = tmp_path / "link"
    link.symlink_to(other / "cases")
    for arguments in (
        ("report", bundle, "--html", other / "report.html"),
        ("report", bundle, "--pdf", bundle / "report.pdf"),
        ("compare", bundle, other, "--csv", other / "record.json"),
        ("compare", bundle, other, "--html", link / "page.html"),
        ("export", bundle, "--to", "csv", "-o", other / "measurements.csv"),
        ("key", "new", bundle / "lab.key"),
        ("schema", "--write", other / "schemas"),
        ("history", "add", bundle, "--history", f"sqlite:///{other}/history.db"),
    ):
        code, _, said = asked(*arguments)
        assert code == 2, arguments
        assert "is evidence and is not added to" in said
    assert {path: path.read_bytes() for one in (bundle, other) for path in one.rglob("*") if path.is_file()} == before


def test_no_run_is_kept_within_the_evidence_of_another(bundle: Path) -> None:
    options = RunOptions.of(evidence=bundle, root=ROOT, directory=ROOT)
    before = sorted(bundle.rglob("*"))
    refused = pytest.raises(Refused, match="is evidence and is not added to")
    with refused, start_run({}, [], options, render=lambda *_: {}):
        pytest.fail("it must not begin")
    assert sorted(bundle.rglob("*")) == before


def test_two_bundles_of_one_run_are_not_taken_for_two_runs(bundle: Path, tmp_path: Path) -> None:
    copy = sealed(tmp_path, "copy", operator="somebody else")
    code, _, said = asked("export", bundle, copy, "--to", "csv", "-o", tmp_path / "both.csv")
    assert (code, said) == (2, "2 of these bundles say that they are run r1: each run is exported once")
    assert not (tmp_path / "both.csv").exists()
    assert "note: A and B differ, and both say that they are one run, r1" in asked("compare", bundle, copy)[2]
    assert "note: A and B are one run, r1" in asked("compare", bundle, bundle)[2]


def test_no_name_of_a_folder_looks_like_the_result_of_another(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("no folder is called so there")
    code, said, _ = asked("verify", sealed(tmp_path, "x").rename(tmp_path / "x: intact, signed by lab\nout"))
    assert code == 0
    assert said.count("\n") == 1


def test_a_folder_without_a_name_is_no_evidence() -> None:
    code, said, _ = asked("verify", Path("/"))
    assert code == 1
    assert "NOT INTACT" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to be had")
def test_a_disk_that_is_full_leaves_what_was_there(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    assert asked("report", bundle, "--html", page)[0] == 0
    before, entries = page.read_bytes(), {*tmp_path.iterdir()}
    written = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda _, content: written(Path("/dev/full"), content))
    code, _, said = asked("report", bundle, "--html", page)
    assert (code, said) == (2, f"{page}: No space left on device")
    assert page.read_bytes() == before
    assert {*tmp_path.iterdir()} == entries


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_report_goes_through_a_link_and_into_a_device(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to("page.html")
    assert asked("report", bundle, "--html", tmp_path / "link.html")[0] == 0
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "page.html").stat().st_size > 1000
    assert asked("report", bundle, "--html", os.devnull)[0] == 0
    assert not Path(os.devnull).is_file()
