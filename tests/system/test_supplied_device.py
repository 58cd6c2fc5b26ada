"""A device without batteries: its supply is switched on, it boots, and it is tested as any other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.system.running import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command, Write

SUPPLIES = {
    "keysight-e36300": (
        "{manufacturer: Keysight Technologies, model: E36313A, serial: MY61001234, firmware: 1.0.4}",
        2,
    ),
    "rigol-dp800": (
        "{manufacturer: RIGOL TECHNOLOGIES, model: DP832A, serial: DP8B123456789, firmware: 00.01.16}",
        1,
    ),
}
ONE_CASE = "delivery and 60mA-400us-500ohm"
FEED = "supply: {voltage: 24 V, minimum: 20 V, current: 1 A}\n"


@pytest.fixture
def fed_device(tmp_path: Path) -> Path:
    text = (FIXTURES / "duts/p24-healthy.dut.yaml").read_text(encoding="utf-8")
    path = tmp_path / "fed.dut.yaml"
    path.write_text(text + FEED, encoding="utf-8")
    return path


def entry(driver: str) -> str:
    identity, output = SUPPLIES[driver]
    lines = ("role: supply", f"driver: {driver}", "address: twin", f"output: {output}", f"identity: {identity}")
    return "  supply:\n" + "".join(f"    {line}\n" for line in lines) + "\nsignals:"


@pytest.mark.parametrize("driver", SUPPLIES)
def test_a_device_is_fed_and_passes(
    driver: str, rig: Command, bench_file: Write, fed_device: Path, evidence: Path
) -> None:
    bench = bench_file(("\nsignals:", f"\n{entry(driver)}"))
    done = rig("run", "testplans/smoke.plan.yaml", "--bench", bench, "--dut", fed_device, "-k", ONE_CASE)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = evidence.glob("*/record.json")
    assert json.loads(path.read_text(encoding="utf-8"))["verdict"] == "PASS"


def test_a_device_whose_supply_gives_too_little_current_is_not_tested(
    rig: Command, bench_file: Write, fed_device: Path
) -> None:
    text = fed_device.read_text(encoding="utf-8").replace("current: 1 A", "current: 50 mA")
    fed_device.write_text(text, encoding="utf-8")
    bench = bench_file(("\nsignals:", f"\n{entry('keysight-e36300')}"))
    done = rig("run", "testplans/smoke.plan.yaml", "--bench", bench, "--dut", fed_device, "-k", ONE_CASE)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "instead of 24 V" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
