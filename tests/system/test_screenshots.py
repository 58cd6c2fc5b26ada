"""Pictures of the oscilloscope's screen in the evidence."""

from __future__ import annotations

from pathlib import Path

from tests.system.running import Command, Write, ended, one_record_per_case, the_record

SHOWN = ("full_scale: 400 V,", "full_scale: 400 V, screenshot: true,")


def test_the_screen_is_kept_beside_every_capture_of_a_stimulus(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    ended(rig("run", plan_file(), "--bench", bench_file(SHOWN)), 0)
    (case,) = one_record_per_case(the_record(evidence)).values()
    kept = {one["purpose"]: one["screenshot"] for one in case["captures"]}
    assert {purpose for purpose, file in kept.items() if file} == {"signal"}
    (folder,) = evidence.iterdir()
    assert (folder / kept["signal"]["file"]).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert kept["signal"]["file"] in (folder / "report.html").read_text(encoding="utf-8")
