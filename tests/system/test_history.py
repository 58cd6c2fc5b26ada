"""A run on the virtual bench whose database is away: it is worth what it is worth, and is delivered later."""

from __future__ import annotations

import json
from pathlib import Path

from tests.system.running import PLAN, Command, Write, ended

AWAY = "postgresql://lab:secret-word@127.0.0.1:1/results"


def test_a_run_without_its_database_is_a_run_and_is_delivered_later(
    rig: Command, plan_file: Write, evidence: Path, tmp_path: Path
) -> None:
    done = rig("run", plan_file(text=PLAN), "--history", AWAY)
    said = ended(done, 0)
    assert "this run's results wait to be put into the database (rig history push): postgresql" in said
    assert "secret-word" not in said
    assert said.splitlines()[-1].startswith("report: ")
    (spooled,) = (evidence / "history.spool").iterdir()
    assert not any(b"secret-word" in one.read_bytes() for one in evidence.rglob("*") if one.is_file())
    kept = ("--evidence", evidence, "--history", tmp_path / "lab.sqlite")
    assert ended(rig("history", "push", *kept), 0) == f"{spooled.stem}: added\n"
    (listed,) = json.loads(ended(rig("history", "--json", *kept), 0))
    assert (listed["run"], listed["verdict"], listed["PASS"], listed["plans"]) == (spooled.stem, "PASS", 1, ["SYS"])
    assert ended(rig("history", "add", evidence / spooled.stem, *kept), 0).endswith(": known already\n")


def test_a_database_that_cannot_be_meant_is_refused_before_anything_is_energised(
    rig: Command, plan_file: Write, evidence: Path
) -> None:
    said = ended(rig("run", plan_file(), "--history", "mysql://lab:secret-word@db/results"), 2)
    assert "results are kept in SQLite or PostgreSQL, not in 'mysql'" in said
    assert "secret-word" not in said
    assert not evidence.exists()
