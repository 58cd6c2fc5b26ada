"""A plan that does not run an output mode at its highest settings is told so before anything is energised."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.reading import load_device
from rig.plan.load import load_plan
from rig.sequencer.highest import short_of_highest
from rig.sequencer.setup import RunOptions
from rig.sequencer.start import check_plans

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "testplans" / "fda-output.plan.yaml"
HEALTHY = ROOT / "fixtures" / "duts" / "p24-healthy.dut.yaml"


def told(tmp_path: Path, *edits: tuple[str, str], device: Path = HEALTHY) -> list[str]:
    text = PLAN.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "some.plan.yaml"
    path.write_text(text, encoding="utf-8")
    return list(short_of_highest(load_plan(path).cases, load_device(device).file))


def test_the_shipped_plan_runs_every_mode_at_its_highest_settings(tmp_path: Path) -> None:
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "loads"),
    [
        ("rate: [20 Hz, 100 Hz]", "rate: [20 Hz]", ["500 ohm"]),
        ("load: [2 kohm, 10 kohm]", "load: [2 kohm]", ["10 kohm"]),
        ("amplitude: 130 mA", "amplitude: 120 mA", ["500 ohm, 2 kohm, 10 kohm"]),
        ("phase_duration: 500 us", "phase_duration: 400 us", ["500 ohm, 2 kohm, 10 kohm"]),
    ],
)
def test_what_is_not_run_at_its_highest_settings_is_named_with_the_load(
    tmp_path: Path, old: str, new: str, loads: list[str]
) -> None:
    lines = told(tmp_path, (old, new))
    assert [line.rpartition(" into ")[2] for line in lines] == loads * 2
    settings = "130 mA, 500 us per phase, 100 Hz"
    assert lines[0].startswith(
        f"mode 'NMES symmetric' (biphasic symmetric) is not run at its highest settings, {settings}, into "
    )


def test_cases_of_another_shape_do_not_make_up_for_those_of_a_mode_that_has_both(tmp_path: Path) -> None:
    both = ("NMES monophasic", "NMES symmetric")
    device = tmp_path / "both.dut.yaml"
    device.write_text(HEALTHY.read_text(encoding="utf-8").replace(*both), encoding="utf-8")
    slower = ("shape: biphasic_symmetric, interphase: 100 us", "shape: biphasic_symmetric, phase_duration: 400 us")
    lines = told(tmp_path, both, slower, device=device)
    assert [line.partition(" is not run ")[0] for line in lines] == ["mode 'NMES symmetric' (biphasic symmetric)"]


def test_a_mode_that_the_device_does_not_declare_is_named_unless_it_declares_none(tmp_path: Path) -> None:
    (line,) = told(tmp_path, ("mode: NMES monophasic", "mode: NMES mono"))
    assert "no highest settings of mode 'NMES mono' (monophasic); it declares those of 'NMES symmetric'" in line
    undeclared = ROOT / "fixtures" / "duts" / "p24-low-level.dut.yaml"
    assert told(tmp_path, ("amplitude: 130 mA", "amplitude: 120 mA"), device=undeclared) == []


def test_a_check_of_a_plan_says_it(tmp_path: Path) -> None:
    text = PLAN.read_text(encoding="utf-8").replace("rate: [20 Hz, 100 Hz]", "rate: [20 Hz]")
    path = tmp_path / "some.plan.yaml"
    path.write_text(text, encoding="utf-8")
    lines = list(check_plans([path], RunOptions.of(root=ROOT, directory=ROOT)))
    assert any(line.startswith("  mode 'NMES symmetric'") and line.endswith("into 500 ohm") for line in lines)
