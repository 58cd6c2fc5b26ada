from __future__ import annotations

import errno
import hashlib
import json
import os
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import EvidenceError
from rig.evidence.capture_file import read_capture
from rig.evidence.reading import read_record, record_json_schema
from rig.evidence.record import PlanEntry, RunRecord, SoftwareEntry
from rig.evidence.store import Bundle, run_id, verify
from rig.evidence.writing import canonical_json, write_once
from rig.model.judgement import DecisionRule
from rig.model.verdict import Verdict
from rig.model.waveform import Capture, Purpose, Waveform
from rig.units import Unit

START = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)


def capture(name: str = "smoke/signal") -> Capture:
    samples = np.arange(2000, dtype=np.int16)
    signal = Waveform(samples=samples, interval=1e-6, unit=Unit.VOLT, source="scope:1")
    return Capture(id=name, purpose=Purpose.SIGNAL, waveforms={"voltage": signal})


def record(packages: dict[str, str] | None = None) -> RunRecord:
    software = SoftwareEntry(
        version="0.1.0",
        commit="",
        modified=False,
        python="CPython 3.11",
        platform="Linux",
        packages=packages or {"numpy": "2.0", "h5py": "3.11"},
    )
    return RunRecord(
        run_id="r1",
        started=START,
        finished=None,
        end_reason="failed_to_start",
        verdict=Verdict.ERROR,
        software=software,
        bench=None,
        device=None,
        plans=(),
        cases=(),
        notes=("Größe µ",),
    )


def finished(root: Path) -> Path:
    bundle = Bundle.create(root, "r1")
    journal = bundle.begin_journal(lambda: START)
    journal.write("begin", run="r1")
    plan = root / "smoke.plan.yaml"
    plan.write_text("plan: smoke\n", encoding="utf-8")
    bundle.copy_source(plan, "plan", shown_as="testplans/smoke.plan.yaml")
    bundle.write_capture(capture())
    bundle.finish(record())
    return bundle.folder


def test_a_finished_bundle_verifies_and_reads_back(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    assert verify(folder) == ()
    assert read_record(folder) == record()
    assert read_record(folder / "record.json") == record()
    stated = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert stated.keys() | {"manifest.json"} == on_disk
    assert stated["record.json"] == {
        "sha256": hashlib.sha256((folder / "record.json").read_bytes()).hexdigest(),
        "size": (folder / "record.json").stat().st_size,
    }


def test_what_was_added_or_is_missing_is_named(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    (folder / "extra.txt").write_text("x", encoding="utf-8")
    (folder / "captures" / "more").mkdir()
    (folder / "captures" / "more" / "y.h5").write_bytes(b"")
    (folder / "journal.jsonl").unlink()
    assert verify(folder) == ("captures/more/y.h5: added", "extra.txt: added", "journal.jsonl: missing")
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    assert verify(folder) == ("manifest.json: altered",)
    (folder / "manifest.json").unlink()
    assert verify(folder)[0].startswith("manifest.json: missing")


def test_a_file_replaced_by_a_link_is_altered_even_if_it_reads_the_same(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    twin = tmp_path / "record.json"
    (folder / "record.json").rename(twin)
    try:
        (folder / "record.json").symlink_to(twin)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    assert verify(folder) == ("record.json: altered",)


def test_a_manifest_rewritten_by_hand_is_found(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    data["files"]["record.json"]["size"] += 1
    (folder / "manifest.json").write_bytes(canonical_json(data))
    assert verify(folder) == ("manifest.json: altered",)


def test_a_broken_chain_is_found_even_in_a_bundle_that_was_never_sealed(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    (folder / "manifest.json").unlink()
    journal = folder / "journal.jsonl"
    assert len(verify(folder)) == 1
    journal.write_bytes(journal.read_bytes().replace(b"begin", b"began"))
    assert verify(folder)[1:] == ("journal.jsonl line 1 does not follow from the line before it",)


def test_the_manifest_s_hash_stands_for_the_bundle(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r1")
    digest = bundle.finish(record())
    assert digest == hashlib.sha256((bundle.folder / "manifest.json").read_bytes()).hexdigest()


@given(st.randoms())
def test_the_bytes_of_a_record_do_not_depend_on_the_order_of_keys(chance: random.Random) -> None:
    names = [("numpy", "2.0"), ("h5py", "3.11"), ("pint", "0.24")]
    shuffled = list(names)
    chance.shuffle(shuffled)

    def written(packages: list[tuple[str, str]]) -> bytes:
        return canonical_json(record(dict(packages)).model_dump(mode="json", by_alias=True))

    assert written(names) == written(shuffled)


def test_a_file_is_written_once(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r1")
    bundle.add_file("report.html", b"first")
    with pytest.raises(EvidenceError, match=r"report\.html exists already"):
        bundle.add_file("report.html", b"second")
    assert (bundle.folder / "report.html").read_bytes() == b"first"
    bundle.write_capture(capture())
    with pytest.raises(EvidenceError, match="exists already"):
        bundle.write_capture(capture())
    with pytest.raises(EvidenceError, match="there is evidence of a run 'r1' already"):
        Bundle.create(tmp_path, "r1")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    bundle = Bundle.create(tmp_path, "r1")

    def interrupted(_handle: int) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupted)
        with pytest.raises((EvidenceError, KeyboardInterrupt)):
            bundle.add_file("record.json", b"x" * 100_000)
    assert list(bundle.folder.iterdir()) == []
    bundle.add_file("record.json", b"complete")
    assert (bundle.folder / "record.json").read_bytes() == b"complete"


def test_a_write_by_somebody_else_at_the_same_time_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt.partial").write_bytes(b"theirs")
    with pytest.raises(EvidenceError, match="exists already"):
        write_once(tmp_path / "a.txt", b"ours")
    assert (tmp_path / "a.txt.partial").read_bytes() == b"theirs"
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows renames instead of linking")
def test_a_file_system_without_hard_links_still_writes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unsupported)
    write_once(tmp_path / "a.txt", b"first")
    with pytest.raises(EvidenceError, match="exists already"):
        write_once(tmp_path / "a.txt", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"first"


def test_after_sealing_nothing_is_added(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    again = Bundle(folder)
    for attempt in (
        lambda: again.add_file("late.txt", b""),
        lambda: again.write_capture(capture("late")),
        lambda: again.finish(record()),
        lambda: again.begin_journal(lambda: START),
    ):
        with pytest.raises(EvidenceError, match="the evidence is sealed"):
            attempt()
    assert verify(folder) == ()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "/x", "a/../x", "a//b", "a/", "a\\b", "a b", "a\x00", "ä", "manifest.json", "./x", "a/.."],
)
def test_a_name_that_leaves_the_bundle_or_is_not_portable_is_refused(tmp_path: Path, name: str) -> None:
    bundle = Bundle.create(tmp_path, "r1")
    with pytest.raises(EvidenceError, match="is not a name for a file of the evidence"):
        bundle.add_file(name, b"")
    assert list(bundle.folder.iterdir()) == []


@pytest.mark.parametrize("hostile", ["../../escape", "a/b\\c", "<b>\x1b[31m", "CON", "", "x" * 3000, "20mA", "20MA"])
def test_hostile_ids_stay_inside_the_bundle(tmp_path: Path, hostile: str) -> None:
    bundle = Bundle.create(tmp_path / "root", hostile)
    entry = bundle.write_capture(capture(hostile))
    assert bundle.folder.parent == tmp_path / "root"
    assert (bundle.folder / entry.file).parent == bundle.folder / "captures"
    assert entry.origin == hostile
    assert read_capture(bundle.folder / entry.file)["voltage"].source == "scope:1"
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_source_is_copied_once_and_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r1")
    for folder, text in (("a", "one"), ("b", "two"), ("c", "one")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "smoke.plan.yaml").write_text(text, encoding="utf-8")
    entries = [bundle.copy_source(tmp_path / name / "smoke.plan.yaml", "plan", shown_as=name) for name in "abca"]
    again = bundle.copy_source(tmp_path / "b" / "smoke.plan.yaml", "plan")
    assert [entry.origin for entry in entries] == ["a", "b", "c", "a"]
    assert entries[0].file == entries[2].file == entries[3].file == "sources/plan/smoke.plan.yaml"
    assert entries[1].file == again.file != entries[0].file
    for entry, text in zip(entries, ("one", "two", "one", "one"), strict=True):
        assert (bundle.folder / entry.file).read_text(encoding="utf-8") == text
        assert entry.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_source_that_changed_since_it_was_read_is_refused(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r1")
    plan = tmp_path / "NMES.plan.YAML"
    plan.write_bytes(b"now")
    read_then = hashlib.sha256(b"then").hexdigest()
    with pytest.raises(EvidenceError, match="has changed since it was read"):
        bundle.copy_source(plan, "plan", shown_as="NMES.plan.YAML", sha256=read_then)
    entry = bundle.copy_source(plan, "plan", sha256=hashlib.sha256(b"now").hexdigest())
    assert (bundle.folder / entry.file).read_bytes() == b"now"
    with pytest.raises(EvidenceError, match="cannot be copied to the evidence"):
        bundle.copy_source(tmp_path / "nothing.yaml", "plan")


def test_where_no_evidence_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EvidenceError):
        Bundle.create(tmp_path / "file", "r1")
    bundle = Bundle.create(tmp_path, "r1")
    bundle.add_file("captures", b"a file where a folder is wanted")
    with pytest.raises(EvidenceError, match="no folder captures can be made"):
        bundle.write_capture(capture())


def test_a_link_in_the_bundle_is_not_sealed(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r1")
    try:
        (bundle.folder / "link").symlink_to(tmp_path)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    with pytest.raises(EvidenceError, match="link is not a plain file"):
        bundle.seal()


def test_the_name_of_a_run() -> None:
    assert run_id(START, b"\x01\xff") == "20261122t081500z-01ff"
    with pytest.raises(EvidenceError, match="time zone"):
        run_id(datetime(2026, 11, 22, 8, 15), b"")  # noqa: DTZ001 - the missing time zone is what is refused


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a record"),
        (b"[]", "is not a record"),
        (b"{", "is not a record"),
        (b"[" * 100_000, "is not a record"),
        (b'{"schema": "rig-record/99"}', "a record of version 'rig-record/99'; this rig reads 'rig-record/1'"),
        (b'{"schema": "rig-record/1", "run_id": 3}', "is not a valid record: run_id"),
    ],
)
def test_what_is_not_a_record_is_refused_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(EvidenceError, match=message):
        read_record(tmp_path)


def test_no_record_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="there is no record at"):
        read_record(tmp_path)


def test_a_record_keeps_to_the_exported_schema(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    schema = record_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    data: dict[str, Any] = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"extra": 1}, schema)


def test_a_plan_entry_dates_and_enums_survive(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r1")
    source = bundle.add_file("sources/plan.yaml", b"x", origin="plan.yaml")
    plan = PlanEntry(id="p", title="t", revision="A", source=source, decision_rule=DecisionRule.NON_BINARY)
    full = record().model_copy(update={"plans": (plan,), "finished": START})
    bundle.finish(full)
    assert read_record(bundle.folder) == full
    assert date(2026, 11, 22) == full.started.date()
