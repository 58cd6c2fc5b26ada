"""A bench that is wired or described wrongly is found out by its own instruments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.system.running import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command


def test_a_wrong_probe_factor_is_an_error_about_the_bench_and_no_verdict_about_the_device(
    tmp_path: Path, rig: Command, evidence: Path
) -> None:
    text = (ROOT / "fixtures/benches/virtual.bench.yaml").read_text(encoding="utf-8")
    text = text.replace("probe: 10,", "probe: 5,").replace("../", f"{(ROOT / 'fixtures').as_posix()}/")
    bench = tmp_path / "wrong-probe.bench.yaml"
    bench.write_text(text, encoding="utf-8")
    done = rig("run", "testplans/smoke.plan.yaml", "-k", "balance and 300us", "--bench", bench)
    assert done.returncode == 3, done.stdout + done.stderr
    (path,) = evidence.glob("*/record.json")
    (case,) = json.loads(path.read_text(encoding="utf-8"))["cases"]
    assert case["verdict"] == "ERROR"
    assert "oscilloscope and digitizer disagree" in case["error"]["message"]
    assert case["judgements"] == []
    assert case["output_off"]["verdict"] == "PASS"
