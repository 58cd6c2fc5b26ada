from __future__ import annotations

import errno
import json
import math
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rig.guard.journal import GuardJournal


def utc() -> datetime:
    return datetime(2026, 11, 22, 12, 0, 0, 250, tzinfo=UTC)


def begin(path: Path) -> GuardJournal:
    return GuardJournal(path, now=lambda: 12.5, utc=utc)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_per_event_with_both_times(tmp_path: Path) -> None:
    journal = begin(tmp_path / "guard.jsonl")
    journal.write("begun", owner="Ada")
    journal.write("tripped", reason="no heartbeat", steps=[{"name": "open", "seconds": 0.01}])
    journal.close()
    first, second = lines(journal.path)
    assert first == {
        "seq": 1,
        "monotonic": 12.5,
        "utc": "2026-11-22T12:00:00.000250+00:00",
        "event": "begun",
        "facts": {"owner": "Ada"},
    }
    assert (second["seq"], second["facts"]["steps"][0]["seconds"]) == (2, 0.01)


def test_what_was_flushed_is_on_the_disk_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    journal = begin(tmp_path / "guard.jsonl")
    for _ in range(3):
        journal.write("same")
    assert journal.flush(60)
    assert len(lines(journal.path)) == 3
    assert [size * 3 for size in synced] == [synced[-1], 2 * synced[-1], 3 * synced[-1]]
    journal.close()
    journal.close()


def test_facts_that_json_does_not_know_silence_nothing(tmp_path: Path) -> None:
    journal = begin(tmp_path / "guard.jsonl")
    journal.write("odd", value=math.nan, nested=[{"far": math.inf}], path=tmp_path)
    journal.close()
    (line,) = lines(journal.path)
    assert line["facts"] == {"value": "nan", "nested": [{"far": "inf"}], "path": str(tmp_path)}


def test_a_disk_that_was_full_is_told_of_and_cuts_no_later_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begin(tmp_path / "guard.jsonl")
    original, room = os.write, [10]

    def write(handle: int, content: bytes) -> int:
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = original(handle, content[: room[0]])
        room[0] -= written
        return written

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        for event in ("cut off", "lost"):
            journal.write(event)
        assert journal.flush(60)
    assert "No space left" in journal.trouble
    journal.write("room again")
    journal.close()
    cut, whole = journal.path.read_text(encoding="utf-8").splitlines()
    assert len(cut) == 10
    assert json.loads(whole)["lost"] == 2
    assert json.loads(whole)["seq"] == 3


def test_a_folder_that_is_not_there_raises_nothing(tmp_path: Path) -> None:
    journal = begin(tmp_path / "missing" / "guard.jsonl")
    journal.write("begun")
    assert journal.flush(60)
    assert "FileNotFoundError" in journal.trouble
    journal.close()


def test_a_slow_disk_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _handle: go.wait(60))
    journal = begin(tmp_path / "guard.jsonl")
    begun = time.monotonic()
    for _ in range(100):
        journal.write("event")
    assert time.monotonic() - begun < 30
    assert not journal.flush(0.01)
    go.set()
    journal.close()
    assert len(lines(journal.path)) == 100
