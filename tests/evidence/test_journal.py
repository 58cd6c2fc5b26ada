from __future__ import annotations

import itertools
import json
import math
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import rig.evidence.journal
from rig.errors import EvidenceError
from rig.evidence.journal import Journal, verify_journal

if sys.platform != "win32":
    import resource

START = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)


def kept(path: Path, events: int = 3) -> list[bytes]:
    with Journal(path, utc=lambda: START) as journal:
        for number in range(events):
            journal.write("case", number=number)
    return path.read_bytes().splitlines(keepends=True)


def test_each_line_is_on_the_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path, utc=lambda: START) as journal:
        assert path.exists()
        journal.write("bench opened", instruments=["scope", "daq"])
        journal.write("case", id="smoke")
        lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    assert [(line["seq"], line["event"]) for line in lines] == [(1, "bench opened"), (2, "case")]
    assert lines[0]["facts"] == {"instruments": ["scope", "daq"]}
    assert lines[0]["time"] == "2026-11-22T08:15:00.000000Z"
    assert lines[1]["previous"] == lines[0]["sha256"]
    assert verify_journal(path) == ()


def told_to_end(step: int, journal: Journal) -> bool:
    """Write an event, and be told to end before a line of the journal's own code; return whether it came so far."""
    steps = itertools.count()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != rig.evidence.journal.__file__:
            return None
        if event == "line" and next(steps) == step:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        journal.write("broken off")
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_wherever_a_run_is_told_to_end_its_journal_goes_on(tmp_path: Path) -> None:
    stands = set()
    for step in itertools.count():
        path = tmp_path / f"{step}.jsonl"
        with Journal(path, utc=lambda: START) as journal:
            journal.write("before")
            broken_off = told_to_end(step, journal)
            journal.write("run ended")
        assert verify_journal(path) == ()
        first, *between, last = [json.loads(line)["event"] for line in path.read_bytes().splitlines()]
        assert (first, last) == ("before", "run ended")
        if not broken_off:
            break
        stands.add(tuple(between))
    assert stands == {(), ("broken off",)}


@pytest.mark.skipif(sys.platform == "win32", reason="there, no process is told how large its files may be")
def test_a_line_for_which_there_was_no_room_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path, utc=lambda: START) as journal:
        journal.write("before")
        room = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, room[1]))
        try:
            with pytest.raises(EvidenceError, match="cannot be continued"):
                journal.write("too long")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, room)
        assert not path.read_bytes().endswith(b"\n")
        journal.write("after")
    assert verify_journal(path) == ()
    assert [json.loads(line)["event"] for line in path.read_bytes().splitlines()] == ["before", "after"]


def test_any_change_to_any_line_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    content = b"".join(kept(path))
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        assert verify_journal(path) != ()


def test_lines_removed_swapped_or_cut_are_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    first, second, third = kept(path)
    for lines in ([second, third], [first, third], [second, first, third], [first, first, second, third]):
        path.write_bytes(b"".join(lines))
        assert "does not follow" in verify_journal(path)[0]
    path.write_bytes(first + second[:-20])
    assert verify_journal(path) == ("journal.jsonl line 2 is not a journal entry; the run may have been cut off there",)
    path.write_bytes(b"[]\n")
    assert "is not a journal entry" in verify_journal(path)[0]
    path.unlink()
    assert "cannot be read" in verify_journal(path)[0]


def test_a_hostile_fact_is_one_line_of_text(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path, utc=lambda: START) as journal:
        journal.write(
            "odd\nevent\x1b[31m",
            text="a\r\n{}\u2028\ud800",
            infinite=math.inf,
            nan=[math.nan, 1.5],
            path=Path("a") / "b",
            mapping={1: (None, True)},
            other=START,
        )
        journal.write("next")
    (line, _) = path.read_bytes().splitlines()
    facts = json.loads(line)["facts"]
    assert facts["infinite"] == "inf"
    assert facts["nan"] == ["nan", 1.5]
    assert facts["path"] == "a/b"
    assert facts["mapping"] == {"1": [None, True]}
    assert line.isascii()
    assert verify_journal(path) == ()


def test_a_journal_is_begun_once_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    kept(path)
    with pytest.raises(EvidenceError, match="cannot be begun"):
        Journal(path, utc=lambda: START)
    journal = Journal(tmp_path / "other.jsonl", utc=lambda: START)
    journal.close()
    journal.close()
    with pytest.raises(EvidenceError, match="cannot be continued"):
        journal.write("late")


def test_time_is_told_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    local = START.astimezone(timezone(timedelta(hours=9)))
    with Journal(path, utc=lambda: local) as journal:
        journal.write("x")
    assert "2026-11-22T08:15:00.000000Z" in path.read_text(encoding="ascii")
    with (
        Journal(tmp_path / "naive.jsonl", utc=lambda: START.replace(tzinfo=None)) as naive,
        pytest.raises(EvidenceError, match="time zone"),
    ):
        naive.write("x")
