"""What docs/evidence.md tells a reader to type finds what it says, in a real bundle, without the rig."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.system.running import ENVIRONMENT, PLAN, ROOT, ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command

BLOCKS = re.findall(
    r"^```(python|sh) check\n(.*?)^```$",
    (ROOT / "docs/evidence.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


def typed(number: int, bundle: Path) -> str:
    language, text = BLOCKS[number]
    command = [sys.executable, "-c", text] if language == "python" else ["sh", "-c", text]
    surroundings = {**ENVIRONMENT, "TMPDIR": str(bundle.parent), "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=bundle, env=surroundings, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(not all(map(shutil.which, ("sh", "sha256sum", "openssl", "python3"))), reason="a tool is missing")
def test_the_lines_of_the_documentation_find_what_was_done(evidence: Path, tmp_path: Path, rig: Command) -> None:
    assert len(BLOCKS) == 5
    plan, key = tmp_path / "short.plan.yaml", tmp_path / "lab.key"
    plan.write_text(PLAN, encoding="utf-8")
    identity = ended(rig("key", "new", key), 0).rsplit(maxsplit=1)[-1]
    ended(rig("run", plan, "--key", key), 0)
    (bundle,) = evidence.iterdir()
    assert typed(0, bundle) == "added: [] missing: []\n"
    assert typed(1, bundle) == typed(2, bundle) == ""
    assert typed(3, bundle) == f"Signature Verified Successfully\n{identity}  -\n"

    for meaning in ("reviewed", "approved"):
        ended(rig("sign", bundle, "--name", "A", "--meaning", meaning, "--key", key, "--yes"), 0)
    said = typed(4, bundle)
    assert said.count("Signature Verified Successfully") == said.count(f"key {identity}") == 2
    assert "another" not in said
    assert "follow" not in said
    signoffs = bundle.with_name(f"{bundle.name}.signoffs.jsonl")
    first, second = signoffs.read_bytes().splitlines(keepends=True)
    signoffs.write_bytes(second + first)
    assert typed(4, bundle).count("does not follow from the line before it") == 2

    record, journal = bundle / "record.json", bundle / "journal.jsonl"
    record.write_bytes(record.read_bytes().replace(b"PASS", b"FAIL", 1))
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    assert "altered: record.json" in typed(0, bundle)
    assert typed(4, bundle).count("signs another record") == 2
    assert "record.json: FAILED" in typed(1, bundle)
    assert "broken at line 3" in typed(2, bundle)
    manifest = bundle / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"size": 1', b'"size": 2', 1))
    assert "another manifest was signed" in typed(3, bundle)
