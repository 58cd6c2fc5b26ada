"""What a plan requires is held against the bench before anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.reading import load_bench
from rig.plan.load import load_plan
from rig.sequencer.requires import unmet

FIXTURES = Path(__file__).parents[2] / "fixtures"
BENCH = FIXTURES / "benches/virtual.bench.yaml"


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ("{}", []),
        ("{load: [500 ohm, open]}", []),
        ("{digitizer: {channels: [voltage, current], resolution: 16}}", []),
        ("{digitizer: {resolution: 17}}", ["p.plan.yaml:4:36: requires.digitizer.resolution: 17 bits are required"]),
        (
            "{load: [1 ohm, 500 ohm, 2 ohm]}",
            ["p.plan.yaml:4:19: requires.load[0]: the bench virtual has no load", "p.plan.yaml:4:35: requires.load[2]"],
        ),
    ],
)
def test_what_the_bench_lacks_is_told_at_its_place(requires: str, expected: list[str], tmp_path: Path) -> None:
    path = tmp_path / "p.plan.yaml"
    text = (
        f"plan: P\ntitle: T\nrevision: A\nrequires: {requires}\n"
        "ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}\n"
        "cases:\n  - id: a\n    load: 500 ohm\n"
        "    stimulus: {shape: monophasic, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 1 s}\n"
        "    verify: [phase_top: {within: 5 % of set}]\n"
    )
    path.write_text(text if requires != "{}" else text.replace("requires: {}\n", ""), encoding="utf-8")
    problems = [str(problem) for problem in unmet(load_plan(path, shown_as="p.plan.yaml"), load_bench(BENCH))]
    assert len(problems) == len(expected)
    for problem, words in zip(problems, expected, strict=True):
        assert problem.startswith(words)
