"""A run on a bench with an interlock, on a machine of any speed: its guard permits what flows, and says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.system.running import PLAN, ended, one_record_per_case, the_record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command, Write

INTERLOCK = """
  interlock:
    role: interlock
    driver: deadman-relay
    address: twin
    channel: 1
    hold_time: 600 s
    identity: {manufacturer: Velleman, model: K8090, serial: "0", firmware: "10.1"}

guard: {heartbeat: 60 s, answer: 60 s}
"""


def test_a_guarded_run_passes_and_its_guard_tells_what_it_permitted(
    rig: Command, bench_file: Write, plan_file: Write, evidence: Path
) -> None:
    bench = bench_file(("\nsignals:", f"{INTERLOCK}\nsignals:"))
    ended(rig("run", plan_file(text=PLAN), "--bench", bench), 0)
    record = the_record(evidence)
    assert [case["verdict"] for case in one_record_per_case(record).values()] == ["PASS"]
    (journal,) = evidence.glob("*/guard.jsonl")
    said = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert said[0]["event"] == "begun"
    assert said[0]["facts"]["heartbeat"] == 60.0
    events = [one["event"] for one in said]
    assert events.count("permitted") == events.count("released") > 0
    assert events[-1] == "ended"
    assert said[-1]["facts"]["safe"]
