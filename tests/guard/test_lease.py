from __future__ import annotations

import json
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rig.errors import BenchError, InterlockTripped, Refused, Stale
from rig.guard.latch import Latch
from rig.guard.lease import Lease
from rig.guard.standing import State, standing

# Takes the lease when told to, says how that went, and keeps it until its standard input ends.
HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from rig.errors import RigError
from rig.guard.lease import Lease
folder, owner = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
try:
    asked = {"owner": owner, "reason": "nightly", "seconds": 60, "utc": lambda: datetime.now(UTC)}
    lease = Lease.take(Path(folder), "virtual", **asked)
except RigError as error:
    print(f"{type(error).__name__}: {error}", flush=True)
else:
    print("taken", flush=True)
    sys.stdin.readline()
    lease.release()
"""

Start = Callable[[str], "subprocess.Popen[str]"]


def utc() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


def take(folder: Path, **changes: Any) -> Lease:
    asked: dict[str, Any] = {"owner": "Ada", "reason": "a test", "seconds": 60.0, "utc": utc}
    return Lease.take(folder, "virtual", **(asked | changes))


def tell(holder: subprocess.Popen[str], line: str = "go") -> None:
    assert holder.stdin is not None
    holder.stdin.write(f"{line}\n")
    holder.stdin.flush()


def hear(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(owner: str) -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path), owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(holder)
        return holder

    yield begin
    for holder in started:
        holder.kill()
        holder.communicate()


def state(folder: Path) -> State:
    return standing(folder, "virtual", utc=utc).state


def test_a_lease_is_taken_seen_and_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "benches"
    assert state(folder) is State.FREE
    assert not folder.exists()
    lease = take(folder)
    lease.announce("127.0.0.1:4711")
    seen = standing(folder, "virtual", utc=utc)
    assert seen.state is State.TAKEN
    assert seen.holder == lease.holder
    assert seen.holder.guard == "127.0.0.1:4711"
    assert seen.holder.expires == "2026-11-22T12:01:00+00:00"
    assert lease.lost() == ""
    lease.release()
    lease.release()
    assert state(folder) is State.FREE
    take(folder).release()


def test_a_taken_lease_is_refused_with_owner_host_reason_and_since(tmp_path: Path) -> None:
    lease = take(tmp_path)
    with pytest.raises(Refused) as refused:
        take(tmp_path, owner="Grace")
    for part in ("Ada", platform.node(), "a test", "2026-11-22T12:00:00"):
        assert part in str(refused.value)
    assert not isinstance(refused.value, Stale)
    lease.release()


def test_benches_do_not_meet(tmp_path: Path) -> None:
    first, second = take(tmp_path), Lease.take(tmp_path, "other", owner="Ada", reason="", seconds=1, utc=utc)
    first.release()
    second.release()


def test_of_several_who_take_at_once_exactly_one_wins_and_the_others_hear_its_name(start: Start) -> None:
    holders = [start(owner) for owner in ("Ada", "Grace", "Lise", "Emmy")]
    for holder in holders:
        assert hear(holder) == "ready"
    for holder in holders:
        tell(holder)
    answers = dict(zip(("Ada", "Grace", "Lise", "Emmy"), map(hear, holders), strict=True))
    (winner,) = [owner for owner, answer in answers.items() if answer == "taken"]
    for owner, answer in answers.items():
        assert owner == winner or answer.startswith(f"Refused: bench virtual is in use by {winner} on "), answer


def test_a_killed_holder_leaves_a_stale_lease_that_only_a_passed_self_check_recovers(
    start: Start, tmp_path: Path
) -> None:
    holder = start("Grace")
    tell(holder)
    assert [hear(holder), hear(holder)] == ["ready", "taken"]
    with pytest.raises(Refused, match="in use by Grace"):
        take(tmp_path)
    holder.kill()
    holder.wait()
    assert state(tmp_path) is State.STALE
    with pytest.raises(Stale, match="left by Grace"):
        take(tmp_path)

    def fail() -> None:
        raise BenchError("the interlock reports closed")

    with pytest.raises(Stale, match="the interlock reports closed"):
        take(tmp_path, self_check=fail)
    assert state(tmp_path) is State.STALE
    checked: list[State] = []
    lease = take(tmp_path, self_check=lambda: checked.append(state(tmp_path)))
    assert checked == [State.TAKEN]  # nobody else can come in while the bench is being checked
    lease.release()
    assert state(tmp_path) is State.FREE
    history = (tmp_path / "virtual.history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in history] == ["recovered"]


def test_a_bench_that_was_abandoned_has_to_be_checked(tmp_path: Path) -> None:
    take(tmp_path).abandon()
    with pytest.raises(Stale):
        take(tmp_path)
    take(tmp_path, self_check=lambda: None).release()


def test_a_clean_bench_needs_no_self_check(tmp_path: Path) -> None:
    take(tmp_path).release()
    checks: list[str] = []
    take(tmp_path, self_check=lambda: checks.append("checked")).release()
    assert checks == []


def test_a_file_that_says_nothing_is_stale_and_can_be_recovered(tmp_path: Path) -> None:
    (tmp_path / "virtual.lease.json").write_text("{", encoding="utf-8")
    with pytest.raises(Stale, match="somebody unknown"):
        take(tmp_path)
    take(tmp_path, self_check=lambda: None).release()
    assert state(tmp_path) is State.FREE


@pytest.mark.parametrize("jump", [timedelta(days=-3650), timedelta(days=3650)])
def test_a_jump_of_the_wall_clock_neither_ends_nor_frees_a_lease(tmp_path: Path, jump: timedelta) -> None:
    lease = take(tmp_path, seconds=0.001)
    with pytest.raises(Refused, match="in use by Ada"):
        take(tmp_path, owner="Grace", utc=lambda: utc() + jump)
    assert standing(tmp_path, "virtual", utc=lambda: utc() + jump).state is State.TAKEN
    assert lease.lost() == ""
    lease.release()


def test_a_latched_bench_is_taken_by_nobody(tmp_path: Path) -> None:
    latch = Latch(tmp_path, "virtual", utc=utc)
    latch.set("token 3 expired", owner="Ada")
    assert "token 3 expired" in standing(tmp_path, "virtual", utc=utc).latched
    for more in ({}, {"self_check": lambda: None}, {"self_check": lambda: None, "steal": True}):
        with pytest.raises(InterlockTripped, match="token 3 expired"):
            take(tmp_path, **more)
    latch.reset("looked at it", owner="Ada")
    take(tmp_path).release()


def test_a_lease_is_stolen_when_its_holder_lets_go_and_the_bench_passes(tmp_path: Path) -> None:
    lease, heard = take(tmp_path), []

    def let_go_when_asked() -> None:
        for _ in range(6000):
            if why := lease.lost():
                heard.append(why)
                lease.release()
                return
            threading.Event().wait(0.01)

    watching = threading.Thread(target=let_go_when_asked)
    watching.start()
    checks: list[str] = []
    stolen = take(
        tmp_path,
        owner="Grace",
        reason="Ada is on leave",
        steal=True,
        self_check=lambda: checks.append("checked"),
        patience=60.0,
    )
    watching.join()
    assert heard == [f"Grace on {platform.node()} takes the bench: Ada is on leave"]
    assert checks == ["checked"]
    assert stolen.holder.taken_from.startswith("Ada on ")
    assert stolen.lost() == ""
    history = [json.loads(line) for line in (tmp_path / "virtual.history.jsonl").read_text("utf-8").splitlines()]
    assert [(entry["event"], entry["owner"], entry["reason"]) for entry in history] == [
        ("asked for", "Grace", "Ada is on leave"),
        ("stolen", "Grace", "Ada is on leave"),
    ]
    stolen.release()


def test_who_does_not_let_go_keeps_the_lease(tmp_path: Path) -> None:
    lease = take(tmp_path)
    with pytest.raises(Refused, match=r"was not let go within 0\.1 s by Ada"):
        take(tmp_path, owner="Grace", reason="urgent", steal=True, self_check=lambda: None, patience=0.1)
    assert lease.lost() == ""
    lease.release()


@pytest.mark.parametrize("lacking", [{"reason": " "}, {"self_check": None}])
def test_stealing_takes_a_reason_and_a_self_check(tmp_path: Path, lacking: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        take(tmp_path, **({"steal": True, "self_check": lambda: None} | lacking))


def test_a_holder_notices_that_its_file_is_gone_or_somebody_else_s(tmp_path: Path) -> None:
    lease = take(tmp_path)
    file = tmp_path / "virtual.lease.json"
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(content | {"id": "another", "owner": "Grace"}), "utf-8")
    assert lease.lost().startswith("the bench was taken by Grace")
    file.unlink()
    assert lease.lost() == "the lease's file is gone"
    lease.release()


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "virtual.lock").mkdir()
    with pytest.raises(BenchError, match="the lease of virtual cannot be taken"):
        take(tmp_path)
