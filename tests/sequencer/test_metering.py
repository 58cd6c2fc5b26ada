"""A multimeter beside the digitizer, from bench file to verdict: a healthy bench agrees, a wrong one is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from rig.bench.build import open_bench
from rig.bench.definition import BenchDefinition
from rig.bench.reading import load_bench
from rig.errors import DocumentInvalid
from rig.evidence.record import CaseRecord, MeasurementEntry, MeteredEntry
from rig.evidence.store import Bundle
from rig.model.happening import Action
from rig.model.verdict import Verdict
from rig.plan.load import load_plan
from rig.sequencer.run import Run
from rig.sequencer.setup import RunOptions, Setup, read_setup
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.server import VirtualBench, serve
from rig.twin.truth import mean

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "fixtures/benches/virtual-metered.bench.yaml"
PLAN = """\
plan: METERED
title: One case
revision: A
requires: {load: [500 ohm, 1 kohm]}
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}
defaults:
  capture: {zero: always}
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.5 s}
cases:
  - id: a
    load: 500 ohm
    verify: [phase_top: {within: 5 % of set}]
"""
Change = Callable[[dict[str, Any]], object]


def as_it_is(_configuration: dict[str, Any]) -> None:
    """Change nothing."""


@contextmanager
def one_case(
    folder: Path, plan: str = PLAN, *, change: Change = as_it_is, described: Callable[[Setup], Setup] = lambda s: s
) -> Iterator[tuple[CaseRecord, VirtualBench]]:
    """Run the plan's one case on virtual instruments that may be worse than their records say."""
    (folder / "metered.plan.yaml").write_text(plan, encoding="utf-8")
    setup = described(read_setup(RunOptions.of(root=ROOT, directory=folder, bench=BENCH)))
    definition, device = setup.definition, setup.device
    configuration = twin_configuration(definition, device)
    change(configuration["instruments"])
    loaded = load_plan(folder / "metered.plan.yaml")
    bundle = Bundle.create(folder, "run")
    resolver = setup.resolver()
    with serve(TwinConfig.model_validate(configuration)) as twin:
        addresses = {one.name: one.address for one in reversed(twin.listening)}
        opening = open_bench(definition, device, addresses=addresses, today=date(2026, 11, 22), utc=utc)
        with opening as bench:
            run = Run(
                resolver.resolve(loaded.cases),
                resolver=resolver,
                device=device,
                bundle=bundle,
                journal=bundle.begin_journal(utc),
                utc=utc,
                now=time.monotonic,
            )
            run.begin(bench)
            try:
                yield run.execute(loaded.cases[0]), twin
            finally:
                bundle.seal()


def utc() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


def metered(record: CaseRecord) -> MeasurementEntry:
    (found,) = (one for one in record.measurements if one.measurand == "metered_current")
    return found


def taken(record: CaseRecord) -> MeteredEntry:
    assert record.metered is not None
    return record.metered


def wider(instrument: str, key: str, volts: float) -> Change:
    """Draw an error of an instrument from another width than its record states."""

    def change(instruments: dict[str, Any]) -> None:
        config = instruments[instrument]
        config[key] = volts
        for one in config.get("ranges", ()):
            one[key] = volts

    return change


@pytest.mark.supports("keysight-34461a", "twin")
def test_a_healthy_bench_agrees_and_the_reading_is_on_record(tmp_path: Path) -> None:
    with one_case(tmp_path) as (record, twin):
        assert (record.verdict, record.reason) == (Verdict.PASS, "")
        found, entry = metered(record), taken(record)
        assert (entry.instrument, len(entry.readings), entry.aperture) == ("dmm", 1, 0.2)
        assert [one.digitizer for one in entry.comparisons] == ["as read", "zero taken off"]
        assert all(one.e_n is not None and one.e_n <= 1 for one in entry.comparisons)
        # Of both, the one with its zero taken off is worth more; neither is worth more than the multimeter.
        read, net = entry.comparisons
        assert read.uncertainty > net.uncertainty > net.multimeter_uncertainty
        capture = next(one for one in record.captures if one.id == entry.capture)
        (begun,) = (one for one in capture.happenings if one.action is Action.READING)
        assert entry.earliest == begun.begun
        assert found.window is not None
        assert found.window[2] == "a reading over 10 periods of the mains"
        assert found.origin == (entry.capture, "dmm", "metered_current")
        assert found.value is not None
        assert found.expanded_uncertainty is not None
        assert found.expanded_uncertainty < 1e-6
        assert found.value == pytest.approx(over_ten_periods(twin), abs=found.expanded_uncertainty)


def over_ten_periods(twin: VirtualBench) -> float:
    """Return the true mean current over ten periods of the last train, which are all alike, A."""
    world, period = twin.world, 0.02
    after = world.now
    while max(map(abs, world.signal("current", after - period, after).extremes(after - period, after))) < 1e-3:
        after -= period
    begin = after - 15 * period
    return mean(world.signal("current", begin, begin + 10 * period), begin, begin + 10 * period)


def test_pulses_that_have_a_mean_and_do_not_fit_the_mains_agree_as_well(tmp_path: Path) -> None:
    plan = PLAN.replace("shape: biphasic_symmetric", "shape: monophasic").replace("rate: 50 Hz", "rate: 33 Hz")
    with one_case(tmp_path, plan) as (record, _):
        assert (record.verdict, record.reason) == (Verdict.PASS, "")
        net = taken(record).comparisons[-1]
        # 20 mA for 0.3 ms, 33 times a second; the reading may hold one pulse of six or seven more or less.
        assert net.multimeter_mean == pytest.approx(20e-3 * 300e-6 * 33, rel=1 / 6)
        assert net.e_n is not None
        assert net.e_n <= 1


@pytest.mark.parametrize(
    ("change", "which"),
    [
        (wider("daq", "offset_error", 4e-3), "as read"),
        (wider("dmm", "offset_error", 4e-3), "zero taken off"),
    ],
    ids=["the digitizer's offset", "the multimeter's offset"],
)
def test_an_offset_beyond_its_calibration_is_found_and_is_never_a_pass(
    change: Change, which: str, tmp_path: Path
) -> None:
    with one_case(tmp_path, change=change) as (record, _):
        assert record.verdict is Verdict.ERROR
        assert record.error is not None
        assert record.error.message.startswith("digitizer and multimeter disagree about the mean current")
        assert which in record.error.message
        assert record.output_off is not None
        assert record.output_off.verdict is Verdict.PASS
        worst = max(one.e_n or 0.0 for one in taken(record).comparisons)
        assert worst > 1
        assert metered(record).value is not None


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("train: 0.5 s", "train: 0.1 s", "is too short for a reading of dmm"),
        (
            "    load: 500 ohm\n",
            "    load: 500 ohm\n    events: [{at: 0.2 s, load: 1 kohm}]\n",
            "what happens within the train leaves it no one mean current",
        ),
    ],
    ids=["short", "eventful"],
)
def test_where_it_cannot_read_along_it_says_why_and_nothing_else_changes(
    old: str, new: str, why: str, tmp_path: Path
) -> None:
    assert old in PLAN
    with one_case(tmp_path, PLAN.replace(old, new)) as (record, _):
        found = metered(record)
        assert found.value is None
        assert why in found.reason
        assert record.metered is None
        assert record.verdict is Verdict.PASS


def uncalibrated(setup: Setup) -> Setup:
    known = {name: one for name, one in setup.definition.calibrations.items() if name != "dmm"}
    return replace(setup, definition=replace(setup.definition, calibrations=known))


def test_without_a_calibration_its_reading_is_worth_nothing(tmp_path: Path) -> None:
    with one_case(tmp_path, described=uncalibrated) as (record, _):
        assert metered(record).reason == "dmm has no calibration record"
        assert record.verdict is Verdict.PASS


def described_with(tmp_path: Path, old: str, new: str) -> BenchDefinition:
    text = (ROOT / "fixtures/calibration/34461a-MY53200001.calibration.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "dmm.calibration.yaml").write_text(text.replace(old, new), encoding="utf-8")
    bench = BENCH.read_text(encoding="utf-8")
    bench = bench.replace("../calibration/34461a-MY53200001.calibration.yaml", "dmm.calibration.yaml")
    bench = bench.replace(": ../", f": {(ROOT / 'fixtures').as_posix()}/")
    (tmp_path / "copy.bench.yaml").write_text(bench, encoding="utf-8")
    return load_bench(tmp_path / "copy.bench.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('  "1":', '  "2":', "the record does not cover channel '1', only 2"),
        ("    ranges:", "    ranges: []\n#", "the record names no ranges of the multimeter to choose from"),
    ],
)
def test_a_record_that_does_not_speak_of_the_input_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    if new.endswith("#"):
        text = (ROOT / "fixtures/calibration/34461a-MY53200001.calibration.yaml").read_text(encoding="utf-8")
        old, new = text[text.index("    ranges:") :], ""
    with pytest.raises(DocumentInvalid, match=message):
        described_with(tmp_path, old, new)
