"""A device on the mains, through the whole rig: an AC source gives it 207, 230 and 253 V, on the virtual bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.running import FIXTURES, ended, one_record_per_case, the_record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command

PLAN = "testplans-powered/supply.plan.yaml"
BENCH = FIXTURES / "benches" / "virtual-mains.bench.yaml"
DEVICE = FIXTURES / "duts" / "p24-mains.dut.yaml"
CHROMA = "{manufacturer: Chroma ATE, model: '61603', serial: '616030000123', firmware: '1.00,1.01,1.02'}"


@pytest.fixture
def with_chroma(tmp_path: Path) -> Path:
    """The mains bench with another source."""
    text = BENCH.read_text(encoding="utf-8").replace(": ../", f": {FIXTURES.as_posix()}/")
    head, _, tail = text.partition("driver: keysight-ac6800\n")
    _, _, rest = tail.partition("firmware: A.01.02}\n")
    path = tmp_path / "chroma.bench.yaml"
    path.write_text(f"{head}driver: chroma-61600\n    address: twin\n    identity: {CHROMA}\n{rest}", encoding="utf-8")
    return path


@pytest.fixture
def sensitive(tmp_path: Path) -> Path:
    """A device whose current follows the mains."""
    text = DEVICE.read_text(encoding="utf-8").replace("device: p24-mains", "device: p24-mains-sensitive")
    path = tmp_path / "sensitive.dut.yaml"
    path.write_text(f"{text}faults: [{{kind: supply_sensitive, value: 100 %}}]\n", encoding="utf-8")
    return path


@pytest.mark.supports("keysight-ac6800", "twin")
def test_a_healthy_device_holds_its_output_while_the_mains_vary(rig: Command, evidence: Path) -> None:
    ended(rig("run", PLAN, "--bench", BENCH), 0)
    cases = one_record_per_case(the_record(evidence))
    assert {case["verdict"] for case in cases.values()} == {"PASS"}
    given = {
        one["detail"]
        for case in cases.values()
        for capture in case["captures"]
        for one in capture["happenings"]
        if one["action"] == "supply"
    }
    assert given == {"207 V", "253 V", "off", "on"}


@pytest.mark.supports("chroma-61600", "twin")
def test_a_device_that_follows_the_mains_fails(
    rig: Command, evidence: Path, with_chroma: Path, sensitive: Path
) -> None:
    ended(rig("run", PLAN, "--bench", with_chroma, "--dut", sensitive, "-k", "low or high"), 1)
    cases = one_record_per_case(the_record(evidence))
    assert set(cases) == {"supply-low", "supply-high"}
    for case in cases.values():
        failed = {one["limit"]["measurand"] for one in case["judgements"] if one["verdict"] == "FAIL"}
        assert failed == {"phase_top"}


def test_what_the_source_cannot_give_is_refused_at_its_place(rig: Command, tmp_path: Path) -> None:
    plan = tmp_path / "far.plan.yaml"
    text = (FIXTURES.parent / PLAN).read_text(encoding="utf-8").replace("supply: 110 %", "supply: 140 %")
    plan.write_text(text, encoding="utf-8")
    said = ended(rig("check", plan, "--bench", BENCH), 2)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "140 %" in row)
    column = text.splitlines()[line - 1].index("140 %") + 1
    told = "322 V is beyond 'supply' of the bench virtual-mains, which gives 310 V at most"
    assert f"far.plan.yaml:{line}:{column}: supply-high.events: {told}" in said


def test_a_direct_current_supply_is_refused_for_a_device_on_the_mains(rig: Command) -> None:
    powered = FIXTURES / "benches" / "virtual-powered.bench.yaml"
    said = ended(rig("check", PLAN, "--bench", powered, "--dut", DEVICE), 2)
    assert "gives direct current; the device is fed with ac" in said
