"""A real, signed bundle, changed in every way that its files can be changed; and bundles made to do harm."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from itertools import combinations
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from rig.bench.drivers.system_clock import SystemClock
from rig.cli import app
from rig.errors import EvidenceError
from rig.evidence.capture_file import read_capture
from rig.evidence.manifest import manifest_bytes
from rig.evidence.plain import inside
from rig.evidence.reading import read_record
from rig.evidence.signing import read_signer, write_key_pair
from rig.evidence.verification import examine, verify
from rig.harness.rendering import render_again, render_all
from rig.sequencer.recover import recover_run
from tests.hostile_captures import spoilt
from tests.system.running import ENVIRONMENT, PLAN, ROOT

if TYPE_CHECKING:
    from pathlib import Path

RENDERED = ("report.html", "junit.xml", "measurements.csv", "judgements.csv")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a run of one case, signed."""
    folder = tmp_path_factory.mktemp("real")
    write_key_pair(folder / "lab.key")
    (folder / "short.plan.yaml").write_text(PLAN, encoding="utf-8")
    where = ("--evidence", folder / "out", "--key", folder / "lab.key")
    command = [sys.executable, "-m", "rig", "run", folder / "short.plan.yaml", *where]
    done = subprocess.run([str(one) for one in command], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)  # noqa: PLW1510 - looked at below
    assert done.returncode == 0, done.stdout + done.stderr
    (bundle,) = (folder / "out").iterdir()
    assert examine(bundle).intact
    return bundle


@pytest.fixture
def bundle(real: Path, tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    return shutil.copytree(real, tmp_path / "bundle")


def files(bundle: Path) -> list[Path]:
    return sorted(path for path in bundle.rglob("*") if path.is_file())


def verified(bundle: Path) -> tuple[int, str]:
    """Run ``rig verify`` within this process; return its exit code and what it said."""
    done = CliRunner().invoke(app, ["verify", str(bundle)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_a_flipped_byte_of_a_real_run_is_found_and_its_file_named(real: Path) -> None:
    chance, paths = random.Random(20261122), files(real)
    places = [(path, chance.randrange(path.stat().st_size)) for path in paths for _ in range(8)]
    captures = [path for path in paths if path.suffix == ".h5"]
    assert captures
    places += [(path, chance.randrange(path.stat().st_size)) for path in chance.choices(captures, k=200)]
    for path, place in places:
        with path.open("r+b") as file:
            file.seek(place)
            (byte,) = file.read(1)
            file.seek(place)
            file.write(bytes([byte ^ chance.randrange(1, 256)]))
            file.flush()
            problems = examine(real).problems
            file.seek(place)
            file.write(bytes([byte]))
        assert any(problem.startswith(path.relative_to(real).as_posix()) for problem in problems), (path, place)
    assert verified(real)[0] == 0


def test_every_file_that_is_dropped_emptied_cut_or_added_is_named(bundle: Path) -> None:
    for path in files(bundle):
        original, name = path.read_bytes(), path.relative_to(bundle).as_posix()
        for content in (b"", original[:-1], original + b"\n"):
            path.write_bytes(content)
            assert any(problem.startswith(name) for problem in examine(bundle).problems), name
        path.unlink()
        assert f"{name}: missing" in verify(bundle)[0]
        path.write_bytes(original)
        added = path.with_name(f"{path.name}.more")
        added.write_bytes(b"")
        assert examine(bundle).problems == (f"{added.relative_to(bundle).as_posix()}: added",)
        added.unlink()
    assert verified(bundle)[0] == 0
    files(bundle)[0].unlink()
    code, said = verified(bundle)
    assert (code, ": missing" in said) == (1, True)


def test_any_two_files_exchanged_are_found(bundle: Path) -> None:
    spare = bundle.parent / "spare"
    pairs = list(combinations(files(bundle), 2))
    assert len(pairs) > 200
    for first, second in pairs:
        same = first.read_bytes() == second.read_bytes()
        for source, target in ((first, spare), (second, first), (spare, second)):
            source.rename(target)
        assert examine(bundle).intact == same, (first, second)
        for source, target in ((first, spare), (second, first), (spare, second)):
            source.rename(target)
    assert examine(bundle).intact


def test_journal_lines_dropped_doubled_exchanged_or_reordered_are_found_even_under_a_new_manifest(
    bundle: Path,
) -> None:
    journal, manifest, chance = bundle / "journal.jsonl", bundle / "manifest.json", random.Random(20261122)
    original = journal.read_bytes()
    lines = original.splitlines(keepends=True)
    places = range(len(lines))
    changes = [[*lines[:at], *lines[at + 1 :]] for at in places[:-1]]
    changes += [[*lines[:at], lines[at], *lines[at:]] for at in places]
    changes += [[*lines[:one], lines[other], *lines[one:]] for one in places for other in places if other != one]
    for one, other in combinations(places, 2):
        changes.append(list(lines))
        changes[-1][one], changes[-1][other] = lines[other], lines[one]
    changes += [chance.sample(lines, len(lines)) for _ in range(20)]
    changes += [[original[:at].rstrip(b"\n")] for at in chance.sample(range(1, len(original)), 20)]
    for changed in changes:
        if changed == lines:
            continue
        journal.write_bytes(b"".join(changed))
        manifest.write_bytes(manifest_bytes(bundle))
        problems = examine(bundle).problems
        assert any("journal.jsonl line" in problem for problem in problems), changed
        assert any("manifest.dsse.json" in problem for problem in problems), changed


def test_every_broken_link_is_named(bundle: Path) -> None:
    journal = bundle / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) > 5
    lines[1], lines[3] = lines[1].replace(b'"time"', b'"tine"'), b"{}\n"
    del lines[4]
    journal.write_bytes(b"".join(lines))
    said = [problem for problem in examine(bundle).problems if "line" in problem]
    assert [problem.split()[2] for problem in said] == ["2", "3", "4", "5"]


def test_a_run_killed_between_its_record_and_its_seal_is_sealed_with_the_same_key_alone(
    real: Path, bundle: Path, tmp_path: Path
) -> None:
    (bundle / "manifest.json").unlink()
    (bundle / "judgements.csv").unlink()  # not all was rendered
    code, said = verified(bundle)
    assert code == 1
    assert "the evidence is incomplete: its journal ends with entry" in said
    before = read_record(bundle)
    with pytest.raises(EvidenceError, match="signed by the key"):
        recover_run(bundle, render=render_all, utc=SystemClock().utc)
    write_key_pair(tmp_path / "other.key")
    with pytest.raises(EvidenceError, match="signed by the key"):
        recover_run(bundle, render=render_all, utc=SystemClock().utc, signer=read_signer(tmp_path / "other.key", str))
    signer = read_signer(real.parents[1] / "lab.key", str)
    assert recover_run(bundle, render=render_all, utc=SystemClock().utc, signer=signer) == before
    assert examine(bundle, signed_by=signer.id).intact
    assert (bundle / "judgements.csv").read_bytes() == (real / "judgements.csv").read_bytes()


def test_a_signed_run_that_was_killed_and_recovered_by_nobody_is_marked_and_can_be_signed_off(
    real: Path, bundle: Path
) -> None:
    for later in ("manifest.json", "manifest.dsse.json", "signer.pem", "record.json", *RENDERED):
        (bundle / later).unlink()
    key = real.parents[1] / "lab.key"
    told = recover_run(bundle, render=render_all, utc=SystemClock().utc).notes[-1]
    identity = read_signer(key, str).id
    assert told.endswith(f"; it was to be signed by the key {identity}, and is not signed")
    page = (bundle / "report.html").read_text(encoding="utf-8")
    assert 'data-banner="UNSIGNED"' in page
    assert identity in page
    said = ["--name", "A", "--meaning", "reviewed", "--incomplete", "power was lost", "--key", str(key), "--yes"]
    assert CliRunner().invoke(app, ["sign", str(bundle), *said]).exit_code == 0
    code, said_of_it = verified(bundle)
    assert code == 0
    assert said_of_it.rstrip().endswith("intact, unsigned, 1 sign-off")


@pytest.mark.parametrize("name", ["journal.jsonl", "cases", "captures", "begun.json"])
def test_of_a_run_that_was_never_sealed_what_the_journal_names_is_checked(bundle: Path, name: str) -> None:
    for later in ("manifest.json", "manifest.dsse.json", "signer.pem", "record.json"):
        (bundle / later).unlink()
    found = examine(bundle)
    assert found.problems == ()
    assert "the run has no record" in found.incomplete
    paths = [path for path in files(bundle) if path.relative_to(bundle).parts[0] == name]
    assert paths
    for path in paths:
        original = path.read_bytes()
        path.write_bytes(original[:100] + bytes([original[100] ^ 1]) + original[101:])
        assert any(path.name in problem for problem in examine(bundle).problems), path
        path.write_bytes(original)


# --- bundles made to do harm


def resealed(bundle: Path) -> None:
    """Give a bundle a manifest that fits, as anybody can who does not have to sign."""
    for name in ("manifest.dsse.json", "signer.pem", "manifest.json"):
        (bundle / name).unlink(missing_ok=True)
    (bundle / "manifest.json").write_bytes(manifest_bytes(bundle))


def restated(bundle: Path, name: str) -> None:
    """Add a name to the manifest, whose own hash fits again."""
    from rig.evidence.manifest import _complete  # noqa: PLC0415 - what an attacker would write as well

    data = json.loads((bundle / "manifest.json").read_bytes())
    data["files"][name] = {"sha256": "0" * 64, "size": 1}
    data.pop("sha256")
    (bundle / "manifest.json").write_bytes(_complete(data))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "C:\\secret", "", "a\x1b[31m", "./x"])
def test_a_manifest_that_names_what_is_outside_is_refused(bundle: Path, name: str) -> None:
    resealed(bundle)
    restated(bundle, name)
    code, said = verified(bundle)
    assert code == 1
    assert "which is no file inside the evidence" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("name", ["journal.jsonl", "manifest.json", "record.json", "manifest.dsse.json", "signer.pem"])
@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_is_never_followed(bundle: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (bundle / name).rename(outside)
    (bundle / name).symlink_to(outside)
    code, said = verified(bundle)
    assert code == 1
    assert name in said
    (bundle / name).unlink()
    os.mkfifo(bundle / name)  # would never end, if it were read
    assert verified(bundle)[0] == 1


def test_a_folder_that_is_a_link_is_not_entered(bundle: Path, tmp_path: Path) -> None:
    (bundle / "captures").rename(tmp_path / "elsewhere")
    (bundle / "captures").symlink_to(tmp_path / "elsewhere")
    problems = examine(bundle).problems
    assert "captures: added" in problems
    assert any(problem.startswith("captures/") and problem.endswith(": missing") for problem in problems)
    with pytest.raises(EvidenceError, match="leads through a link"):
        inside(bundle, "captures/any.h5")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"9" * 100_000,
        b'{"files": {}, "files": {}, "format": "rig-manifest/1", "sha256": ""}',
        b'{"files": [], "format": "rig-manifest/1"}',
        b"\xff\xfe\x00",
        b"",
    ],
    ids=["lists", "objects", "a number", "a key twice", "no names", "no text", "nothing"],
)
@pytest.mark.parametrize("name", ["manifest.json", "journal.jsonl", "manifest.dsse.json", "signer.pem", "record.json"])
def test_what_is_no_json_of_ours_is_one_finding_and_no_traceback(bundle: Path, name: str, content: bytes) -> None:
    (bundle / name).write_bytes(content)
    code, said = verified(bundle)
    assert code == 1
    assert name in said
    (bundle / "record.json").write_bytes(content)
    with pytest.raises(EvidenceError):
        read_record(bundle)


def test_a_file_that_is_larger_than_was_said_is_not_even_read(bundle: Path) -> None:
    (path, *_) = (bundle / "captures").glob("*.h5")
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    assert any(problem.endswith(": altered") for problem in examine(bundle).problems)
    with (bundle / "journal.jsonl").open("r+b") as journal:
        journal.truncate(1 << 40)
    assert any("more than the" in problem for problem in examine(bundle).problems)


HOSTILE = {
    "external link": "is a link to another file",
    "soft link": "is a link",
    "external storage": "keeps its samples in another file",
    "virtual": "keeps its samples in another file",
    "declared": "which the file does not hold",
    "group": "is no dataset",
    "text": "is no row of numbers",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_capture_that_leads_elsewhere_or_states_too_much_is_refused(bundle: Path, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["samples"] = np.arange(100)
    (path, *_) = sorted((bundle / "captures").glob("*.h5"))
    with h5py.File(path, "r+") as file:
        name = next(iter(file))
        attributes = dict(file[name].attrs)
        del file[name]
        spoilt(file, name, kind, secret)
        if kind in {"external storage", "virtual", "declared", "text"}:
            file[name].attrs.update(attributes)
    with pytest.raises(EvidenceError, match=HOSTILE[kind]):
        read_capture(path)
    resealed(bundle)
    report = render_again(bundle, tmp_path / "report.html")
    assert report.is_file()


def test_a_record_cannot_make_a_report_read_or_show_what_it_should_not(bundle: Path, tmp_path: Path) -> None:
    text = (bundle / "record.json").read_text(encoding="utf-8")
    record = json.loads(text)
    record["plans"][0]["title"] = record["cases"][0]["title"] = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    for capture in record["cases"][0]["captures"]:
        capture["source"]["file"] = "../../secret.h5"
    (bundle / "record.json").write_text(json.dumps(record), encoding="utf-8")
    page = render_again(bundle, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "is not a name of a file inside the evidence" in page
