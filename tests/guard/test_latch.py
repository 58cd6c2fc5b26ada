from __future__ import annotations

import errno
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rig.errors import BenchError, InterlockTripped, Refused
from rig.guard import latch as module
from rig.guard.latch import Latch


def utc() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def latch(tmp_path: Path) -> Latch:
    return Latch(tmp_path, "virtual", utc=utc)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "virtual.history.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_latch_refuses_until_a_person_resets_it_with_a_reason(latch: Latch, tmp_path: Path) -> None:
    latch.refuse()
    latch.set("no heartbeat for 0.5 s", owner="Ada")
    latch.set("a later reason", owner="Grace")
    again = Latch(tmp_path, "virtual", utc=utc)
    with pytest.raises(InterlockTripped, match=r"no heartbeat for 0\.5 s, at 2026-11-22T12:00:00.*under Ada"):
        again.refuse()
    with pytest.raises(Refused):
        again.reset("  ", owner="Grace")
    assert again.reason()
    assert "no heartbeat" in again.reset("cable was loose", owner="Grace")
    again.refuse()
    assert again.reset("nothing to reset", owner="Grace") == ""
    events = history(tmp_path)
    assert [entry["event"] for entry in events] == ["latched", "reset"]
    assert (events[1]["owner"], events[1]["reason"]) == ("Grace", "cable was loose")


def test_a_latch_that_cannot_be_read_latches(latch: Latch, tmp_path: Path) -> None:
    (tmp_path / "virtual.latch.json").write_text("{", encoding="utf-8")
    with pytest.raises(InterlockTripped, match="cannot be read"):
        latch.refuse()
    latch.reset("replaced the disk", owner="Ada")
    latch.refuse()


def test_a_full_disk_latches_by_what_was_laid_ready(latch: Latch, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    latch.prepare()
    monkeypatch.setattr(module, "write_state", full)
    monkeypatch.setattr(module, "append_history", full)
    latch.set("token 1 expired", owner="Ada")
    with pytest.raises(InterlockTripped, match="could not be written"):
        latch.refuse()
    with pytest.raises(BenchError, match="stays latched"):
        latch.reset("not recorded", owner="Ada")
    assert latch.reason()


def test_each_bench_has_its_own_latch(latch: Latch, tmp_path: Path) -> None:
    latch.set("tripped", owner="Ada")
    Latch(tmp_path, "other", utc=utc).refuse()


@pytest.mark.parametrize("bench", ["", "../up", "a/b", ".hidden", "a b"])
def test_a_bench_is_named_like_a_file(bench: str, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        Latch(tmp_path, bench, utc=utc)
