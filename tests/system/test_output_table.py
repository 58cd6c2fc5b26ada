"""A table of output from end to end: a plan with output modes leaves a report whose annex holds what was measured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.running import ended, the_record

if TYPE_CHECKING:
    from tests.system.running import Command

PLAN = "testplans/fda-output.plan.yaml"
THIN = "\u202f"


def test_a_plan_of_output_modes_leaves_a_table_with_traces(rig: Command, evidence: Path) -> None:
    ended(rig("run", PLAN, "-k", "symmetric and (100Hz or 2kohm)"), 0)
    record = the_record(evidence)
    assert [case["mode"] for case in record["cases"]] == ["NMES symmetric"] * 2
    assert record["device"]["basic_unit"]["channels"] == "8"
    assert [signal["instrument"] for signal in record["bench"]["signals"]] == ["scope", "daq"]
    (folder,) = evidence.iterdir()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'data-instrument="(\w+)"', page) == ["stimulator", "switch", "scope", "daq"]
    annex = page[page.index('id="output"') :]
    fields = re.findall(r'data-field="(\d+)">.*?<small>(.*?)</small>.*?</th><td>(.*?)</td><td>(.*?)</td></tr>', annex)
    shown = {(number, at): (value, source) for number, at, value, source in fields}
    current, source = shown["4", f"2{THIN}kΩ"]
    assert float(current.partition(THIN)[0]) == pytest.approx(150 / 2010 * 1e3, rel=0.01)
    assert "this load does not get what is set: the output is at its voltage, rated 150\u202fV" in source
    assert shown["4", f"10{THIN}kΩ"][0] == "not measured in this run"
    assert float(shown["10", f"500{THIN}Ω"][0].partition(THIN)[0]) == pytest.approx(65, rel=0.01)
    assert float(shown["11", f"500{THIN}Ω"][0].partition(THIN)[0]) == pytest.approx(130 * 0.1**0.5 / 25, rel=0.01)
    assert annex.count('<figure class="output">') == 3
    assert annex.count("data-no-trace") == 1
    assert "another figure" not in annex
    (mark,) = re.findall(r'data-mark="(.*?)".*?</strong>(.*?)</div>', annex, re.DOTALL)
    assert mark[0] == "NOT THE WORST CASE"
    assert f"130{THIN}mA, 500{THIN}µs per phase, 100{THIN}Hz into 10{THIN}kΩ." in mark[1]
    assert "the highest settings declared of this mode" in shown["10", f"500{THIN}Ω"][1]
