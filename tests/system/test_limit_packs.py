"""Limit packs from end to end: every entry is judged or listed, with its value where it asks for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rig.documents import read_document, validate
from rig.verdict.packs import LimitPack
from tests.system.running import FIXTURES, ended, the_record

if TYPE_CHECKING:
    from tests.system.running import Command, Record

PACKS = {
    pack.id: pack
    for path in sorted((FIXTURES / "limits").glob("*.limits.yaml"))
    for pack in [validate(read_document(path), LimitPack)]
}


def listed(case: Record, pack: str) -> dict[str, Record]:
    return {entry["title"]: entry for entry in case["not_evaluated"] if entry["pack"] == pack}


def test_every_entry_is_judged_or_listed_and_what_was_not_measured_is_said(rig: Command, evidence: Path) -> None:
    ended(rig("run", "testplans/output-limits.plan.yaml", "-k", "maximum-output and 1kohm"), 0)
    record = the_record(evidence)
    (case,) = record["cases"]
    assert {pack["id"] for pack in record["packs"]} == set(PACKS)
    for name, pack in PACKS.items():
        judged = [entry for entry in case["judgements"] if entry["limit"]["source"] == name]
        without = [entry for entry in case["not_evaluated"] if entry["pack"] == name]
        assert len(judged) + len(without) == len(pack.entries)
        assert all(entry["reason"] for entry in without)
    iec = listed(case, "iec60601-2-10:2012")
    indicator = iec["Output above 10 mA rms or 10 V rms into 1000 ohm is indicated"]["found"]
    assert indicator.startswith("rms_current 22.")
    assert "beyond it: an indicator of the output is required" in indicator
    (folder,) = evidence.iterdir()
    assert indicator.partition(":")[2] in (folder / "report.html").read_text(encoding="utf-8")


def test_a_figure_that_is_asked_for_and_was_not_measured_is_not_evaluated(rig: Command, evidence: Path) -> None:
    ended(rig("run", "testplans/output-limits.plan.yaml", "-k", "maximum-output and 500ohm"), 0)
    (case,) = the_record(evidence)["cases"]
    found = {title: entry["found"] for title, entry in listed(case, "fda-bci:2021").items()}
    assert found["Leakage current into 500 ohm"].startswith("not evaluated: idle_current was not measured: ")
    assert found["Maximum charge density per phase"].startswith("phase_charge_density 1.56")
