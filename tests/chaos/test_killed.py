"""Whatever is killed while current flows: it ends, in time, and what the run had recorded is not lost."""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rig.evidence.store import verify
from tests.chaos.table import Run, Table, plan_of, started, table
from tests.system.running import one_record_per_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    With = Callable[..., AbstractContextManager[Table]]

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(sys.platform == "win32", reason="there, a process cannot be killed by a signal"),
]

HOLD_TIME = 1.0  # of the bench file
PATIENCE = 60.0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Table]:
    with table(tmp_path) as one:
        yield one


@pytest.fixture
def bench_with(tmp_path: Path) -> With:
    return lambda *faults: table(tmp_path, faults=faults)


def flowing(bench: Table, tmp_path: Path) -> Run:
    """Start a run and return it in the middle of its long train."""
    plan = tmp_path / "chaos.plan.yaml"
    plan.write_text(plan_of(5.0), encoding="utf-8")
    return started(bench, plan, patience=PATIENCE)


def off_within(bench: Table, since: float, allowed: float) -> float:
    """Wait until well after, and return how long current still flowed; none may after what is allowed."""
    bench.world.advance_to(since + allowed + 0.5)
    last = bench.last_current(since, since + allowed + 0.5)
    took = 0.0 if last is None else last - since
    assert took <= allowed, f"current flowed for {took:.3f} s after the kill"
    return took


def test_a_run_that_is_killed_outright(bench: Table, tmp_path: Path) -> None:
    run = flowing(bench, tmp_path)
    run.process.kill()
    off_within(bench, bench.world.now, 1.0)
    (folder,) = bench.evidence.iterdir()
    deadline = time.monotonic() + PATIENCE
    while not (folder / "manifest.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)  # noqa: TID251 - the guard seals what the run left
    run.process.communicate()
    assert verify(folder) == ()
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    (case,) = one_record_per_case(record).values()
    assert case["verdict"] == "ABORTED"
    assert record["end_reason"] == "crash"


def test_a_guard_that_is_killed(bench: Table, tmp_path: Path) -> None:
    run = flowing(bench, tmp_path)
    run.guard().kill()
    since = bench.world.now
    off_within(bench, since, HOLD_TIME + 0.2)
    said, _ = run.process.communicate(timeout=PATIENCE)
    assert run.process.returncode == 3, said
    assert "Traceback" not in said
    (folder,) = bench.evidence.iterdir()
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    (case,) = one_record_per_case(record).values()
    assert case["verdict"] == "ERROR"
    assert "guard is gone" in case["error"]["message"]
    assert record["end_reason"] == "guard_trip"
    assert case["output_off"]["verdict"] == "PASS"


def test_both_killed(bench: Table, tmp_path: Path) -> None:
    run = flowing(bench, tmp_path)
    run.guard().kill()
    run.process.kill()
    since = bench.world.now
    off_within(bench, since, HOLD_TIME + 0.2)
    run.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end(bench: Table, tmp_path: Path, number: signal.Signals) -> None:
    run = flowing(bench, tmp_path)
    since = bench.world.now
    run.process.send_signal(number)
    off_within(bench, since, 1.0)
    said, _ = run.process.communicate(timeout=PATIENCE)
    assert run.process.returncode == 4, said
    (folder,) = bench.evidence.iterdir()
    assert verify(folder) == ()
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert record["end_reason"] == "operator_abort"


def test_the_operator_stops_a_bench_which_stays_latched_until_it_is_reset(bench: Table, tmp_path: Path) -> None:
    run = flowing(bench, tmp_path)
    assert "\nenergised" in bench.ask("bench", "status", code=0)
    since = bench.world.now
    assert "made safe in" in bench.ask("bench", "safe", "--reason", "smoke", code=0)
    off_within(bench, since, 2.0)  # starting the command takes most of it
    said, _ = run.process.communicate(timeout=PATIENCE)
    assert run.process.returncode == 4, said
    assert "LATCHED: stopped by the operator: smoke" in bench.ask("bench", "status", code=0)
    again = bench.run(tmp_path / "chaos.plan.yaml")
    refused, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 2, refused
    assert "must be reset by a person: stopped by the operator: smoke" in refused
    assert "free" in bench.ask("bench", "reset", "--reason", "it was a test", code=0)
    assert "LATCHED" not in bench.ask("bench", "status", code=0)


def test_a_device_that_does_not_stop_keeps_its_bench_latched(bench_with: With, tmp_path: Path) -> None:
    with bench_with({"kind": "stuck_on"}) as bench:
        run = flowing(bench, tmp_path)
        said, _ = run.process.communicate(timeout=PATIENCE)
        assert run.process.returncode == 1, said
        now = bench.world.now
        assert not bench.flows(now, now + 0.2), "the contact must be open although the device goes on"
        assert "LATCHED" in bench.ask("bench", "status", code=0)


def test_a_second_run_is_refused_at_once_with_the_owner_s_name(bench: Table, tmp_path: Path) -> None:
    first = flowing(bench, tmp_path)
    begun = time.monotonic()
    second = bench.run(tmp_path / "chaos.plan.yaml")
    said, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2, said
    assert "is in use by" in said
    assert time.monotonic() - begun < 10
    first_said, _ = first.process.communicate(timeout=PATIENCE)
    assert first.process.returncode == 0, first_said
