"""A run that is signed, from the key to the verification, by the command line alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rig.evidence.reading import read_record
from tests.system.running import PLAN, ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command


def test_a_run_is_signed_and_verified(evidence: Path, tmp_path: Path, rig: Command) -> None:
    key, other, plan = tmp_path / "lab.key", tmp_path / "other.key", tmp_path / "short.plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    found = re.search(r"id: ([0-9a-f]{64})$", ended(rig("key", "new", key), 0), flags=re.MULTILINE)
    assert found
    identity = found[1]
    ended(rig("key", "new", other), 0)
    assert "never overwritten" in ended(rig("key", "new", other), 2)
    assert "is not a file" in ended(rig("run", plan, "--evidence", evidence, "--key", tmp_path / "none"), 2)
    assert not evidence.exists()
    ended(rig("run", plan, "--evidence", evidence, "--key", key), 0)
    (folder,) = evidence.iterdir()
    assert read_record(folder).signed_by == identity
    assert identity in (folder / "report.html").read_text(encoding="utf-8")
    assert f"intact, signed by {identity}" in ended(rig("verify", folder), 0)
    assert f"intact, signed by {identity}" in ended(rig("verify", folder, "--key", f"{key}.pub"), 0)
    assert f"is signed by {identity}, and not by" in ended(rig("verify", folder, "--key", f"{other}.pub"), 1)
    (folder / "manifest.dsse.json").unlink()
    assert "NOT INTACT, unsigned" in ended(rig("verify", folder), 1)
