"""What ``rig bench check`` finds on benches that are not as their files say."""

from __future__ import annotations

import re
from pathlib import Path

from rig.bench.reading import load_bench, load_device
from rig.harness.bench_table import show_bench
from rig.sequencer.bench_check import BenchState, examine_bench
from rig.sequencer.load_check import plan_of
from rig.sequencer.setup import RunOptions, read_setup
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.server import serve

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
RECORD = FIXTURES / "calibration/dso-x-3034a-MY00000001.calibration.yaml"


def checked(tmp_path: Path, *better: tuple[str, str], calibrated: str = "2026-03-02") -> BenchState:
    """Check a bench whose oscilloscope is as the shipped record says, against a record that promises more.

    Its card says that it was ``calibrated`` then.
    """
    text = RECORD.read_text(encoding="utf-8")
    for old, new in better:
        assert old in text
        text = text.replace(old, new)
    record = tmp_path / "better.calibration.yaml"
    record.write_text(text, encoding="utf-8")
    definition = load_bench(FIXTURES / "benches/virtual.bench.yaml")
    configuration = twin_configuration(definition, load_device(definition.device_path))
    configuration["instruments"]["daq"]["options"] = {"calibrated": calibrated}
    with serve(TwinConfig.model_validate(configuration)) as bench:
        shown = definition.path.read_text(encoding="utf-8")
        for name, driver in (("clock", "virtual-clock"), *((n, e.driver) for n, e in definition.instruments.items())):
            address = next(one.address for one in bench.listening if one.name == name)
            shown = re.sub(rf"(driver: {driver}(?:,|\n)\s+address: )twin", rf"\g<1>{address}", shown)
        shown = shown.replace("../calibration/dso-x-3034a-MY00000001.calibration.yaml", str(record))
        shown = shown.replace(": ../", f": {FIXTURES.as_posix()}/")
        path = tmp_path / "copy.bench.yaml"
        path.write_text(shown, encoding="utf-8")
        return examine_bench(RunOptions.of(root=ROOT, directory=tmp_path, bench=path))


def test_an_oscilloscope_as_its_record_says_is_in_order(tmp_path: Path) -> None:
    assert checked(tmp_path).problems == ()


def test_a_card_whose_own_calibration_is_overdue_is_found_beside_its_record(tmp_path: Path) -> None:
    state = checked(tmp_path, calibrated="2021-05-31")
    assert state.problems == ("daq: says that its calibration was due 2023-05-31",)
    (card,) = (one for one in state.instruments if one.name == "daq")
    assert card.self_test == "passed"
    assert card.own_calibration == "calibrated 2021-05-31, due 2023-05-31, by itself 2021-05-31"
    assert "daq says of itself: calibrated 2021-05-31, due 2023-05-31" in show_bench(state)


def test_what_has_an_error_queue_is_asked_for_it(tmp_path: Path) -> None:
    state = checked(tmp_path)
    assert {one.name: one.self_test for one in state.instruments} == {
        "scope": "passed",
        "daq": "passed",
        "switch": "passed",
        "stimulator": "cannot test itself",
    }


def test_one_that_is_noisier_than_its_record_is_found(tmp_path: Path) -> None:
    promised = [("noise: 0.3 mV", "noise: 0.1 mV"), ("noise_of_range: 0.2 %", "noise_of_range: 0.1 %")]
    (problem,) = checked(tmp_path, *promised).problems
    assert problem.startswith("voltage: noise ")
    assert "stated" in problem


def test_the_plan_that_measures_the_loads_asks_little_of_any(tmp_path: Path) -> None:
    setup = read_setup(RunOptions.of(root=ROOT, directory=tmp_path, bench=FIXTURES / "benches/virtual.bench.yaml"))
    text = plan_of(setup)
    assert text.count("amplitude: 5 mA") == 3
    assert "amplitude: 2.5 mA" in text  # a fifth of 150 V into 10002.6 ohm, rounded down to half a milliampere
    assert "short" not in text
