"""A run that is killed outright loses nothing that it had recorded, and can be sealed afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.bench.drivers.system_clock import SystemClock
from rig.evidence.store import Bundle, verify
from rig.model.waveform import Purpose, Waveform
from rig.units import Unit
from tests.system.running import ENVIRONMENT, ROOT, ended, one_record_per_case, replayed
from tests.system.test_guarded_run import INTERLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command, Write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, a process cannot be killed by a signal")


def killed_after(lines: int, evidence: Path, *more: str, **environment: str) -> Path:
    """Run the smoke plan, kill it once it has shown so many cases, and return its evidence folder."""
    command = [sys.executable, "-m", "rig", "run", "testplans/smoke.plan.yaml", "--evidence", str(evidence), *more]
    surroundings = {**ENVIRONMENT, **environment}
    with subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        shown = 0
        while shown < lines:
            line = run.stdout.readline()
            assert line
            shown += "PASS" in line
        run.kill()
    (folder,) = evidence.iterdir()
    return folder


def test_what_had_ended_keeps_its_verdict_and_what_had_begun_is_aborted(evidence: Path, rig: Command) -> None:
    folder = killed_after(3, evidence)
    assert any("manifest" in problem for problem in verify(folder))
    said = ended(rig("recover", folder), 0)
    assert "cut off" in said
    assert verify(folder) == ()
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert record["end_reason"] == "crash"
    assert "cut off" in record["notes"][-1]
    cases = list(one_record_per_case(record).values())
    assert len(cases) == 42
    verdicts = [case["verdict"] for case in cases]
    done = verdicts.index(next(one for one in verdicts if one != "PASS"))
    assert done >= 3
    assert verdicts[done:].count("ABORTED") <= 1
    assert set(verdicts[done:]) <= {"ABORTED", "NOT_RUN"}
    assert all(case["measurements"] and case["output_off"]["verdict"] == "PASS" for case in cases[:done])
    assert (folder / "report.html").stat().st_size > 0
    assert list(replayed(evidence).values()) == ["same"] * done + ["not done again"] * (len(cases) - done)
    again = ended(rig("recover", folder), 2)
    assert "nothing to recover" in again


def test_the_guard_of_a_killed_run_seals_it_with_its_own_journal_and_leaves_nothing_behind(
    evidence: Path, tmp_path: Path, bench_file: Write
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    bench = bench_file(("\nsignals:", f"{INTERLOCK}\nsignals:"))
    folder = killed_after(1, evidence, "--bench", str(bench), TMPDIR=str(temporary))
    deadline, waiting = time.monotonic() + 60, threading.Event()
    while not (folder / "manifest.json").exists() or list(temporary.glob("rig-guard-*")):
        assert time.monotonic() < deadline, list(temporary.iterdir())
        waiting.wait(0.1)
    assert verify(folder) == ()
    events = [json.loads(line)["event"] for line in (folder / "guard.jsonl").read_text(encoding="utf-8").splitlines()]
    assert events[0] == "begun"
    assert "guard.jsonl" in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert json.loads((folder / "record.json").read_text(encoding="utf-8"))["end_reason"] == "crash"


def test_the_pieces_of_a_long_capture_are_kept_and_named(evidence: Path, rig: Command) -> None:
    folder = killed_after(1, evidence)
    begun = json.loads((folder / "begun.json").read_text(encoding="utf-8"))
    plan, case = begun["cases"][-1]["plan"], begun["cases"][-1]["id"]
    bundle, journal = Bundle.reopen(folder, utc=SystemClock().utc)
    journal.write("case started", plan=plan, case=case)
    journal.close()
    codes = (np.arange(2500) % 4001).astype(np.int16)
    with bundle.stream_capture(f"{plan}.{case}.01-signal", Purpose.SIGNAL, piece=1000) as writer:
        writer.append("current", Waveform(samples=codes, interval=1e-6, unit=Unit.VOLT, source="daq:ai0"))
        kept = writer.finish()
    (folder / kept.source.file).unlink()
    (folder / kept.pieces[-1].file).unlink()
    (folder / kept.pieces[-1].file).with_suffix(".h5.partial").write_bytes(b"half of it")
    ended(rig("recover", folder), 0)
    assert verify(folder) == ()
    record = one_record_per_case(json.loads((folder / "record.json").read_text(encoding="utf-8")))[case]
    assert record["verdict"] == "ABORTED"
    (capture,) = record["captures"]
    assert [piece["file"] for piece in capture["pieces"]] == [piece.file for piece in kept.pieces[:2]]
    assert capture["waveforms"][0]["samples"] == 2000
    assert "cut off" in capture["defects"][0]
    assert not list(folder.rglob("*.partial"))
    assert "2000 samples" in ended(rig("analyze", (folder / kept.source.file).parent, "--load", "500 ohm"), 0)


def test_a_journal_cut_within_a_line_is_recovered_up_to_its_last_whole_one(evidence: Path, rig: Command) -> None:
    folder = killed_after(1, evidence)
    journal = folder / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"seq": 99, "time": "2026-')
    ended(rig("recover", folder), 0)
    assert journal.read_bytes().startswith(whole)
    assert verify(folder) == ()


def test_a_journal_that_was_tampered_with_is_not_recovered(evidence: Path, rig: Command) -> None:
    folder = killed_after(2, evidence)
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"PASS"', b'"FAIL"', 1))
    assert "does not follow" in ended(rig("recover", folder), 2)
    assert not (folder / "record.json").exists()


def test_a_folder_in_which_nothing_had_begun_is_told(tmp_path: Path, rig: Command) -> None:
    assert "no run had begun" in ended(rig("recover", tmp_path), 2)
