"""The same plan on benches whose oscilloscopes are of other families: the same verdicts, the same values."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rig.bench.build import open_bench
from rig.bench.catalog import driver_names, driver_of
from rig.evidence.record import CaseRecord
from rig.evidence.store import Bundle
from rig.model.verdict import Verdict
from rig.plan.load import load_plan
from rig.sequencer.run import Run
from rig.sequencer.setup import RunOptions, read_setup
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.server import serve
from tests.system.running import FIXTURES, ROOT

PLAN = """\
plan: SCOPES
title: A train seen by any oscilloscope
revision: A
requires: {load: [500 ohm]}
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.2 s}
  load: 500 ohm
cases:
  - id: good
    verify:
      - phase_top: {within: 5 % of set}
      - peak_output_voltage: {at_most: 12 V}
      - rise_time: {at_most: 12 us}
  - id: bad
    verify: [peak_output_voltage: {at_most: 8 V}]
"""
EXPECTED = {"good": Verdict.PASS, "bad": Verdict.FAIL}


@dataclass(frozen=True)
class Scope:
    """Who it says it is, its converter's bits, and how many of its codes the range has that its driver speaks of."""

    manufacturer: str
    model: str
    bits: int
    codes: int


REFERENCE = "keysight-infiniivision"
SCOPES = {
    REFERENCE: Scope("KEYSIGHT TECHNOLOGIES", "DSO-X 3034A", 8, 199),
    "tektronix-mso": Scope("TEKTRONIX", "MSO44", 12, 4000),
    "tektronix-dpo": Scope("TEKTRONIX", "MSO2024B", 8, 200),
    "rigol-ds1000z": Scope("RIGOL TECHNOLOGIES", "DS1104Z", 8, 200),
    "rigol-dho": Scope("RIGOL TECHNOLOGIES", "DHO804", 12, 3200),
    "siglent-sds1000xe": Scope("Siglent Technologies", "SDS1104X-E", 8, 200),
    "siglent-sdshd": Scope("Siglent Technologies", "SDS824X HD", 12, 3840),
    "rohde-schwarz-rtb": Scope("Rohde&Schwarz", "RTB2004", 10, 800),
    "rohde-schwarz-rto": Scope("Rohde&Schwarz", "MXO44", 12, 4048),
}
PRESENT = [name for name in driver_names() if getattr(driver_of(name), "role", "") == "oscilloscope"]

Cases = Mapping[str, CaseRecord]


def bench_with(driver: str, folder: Path) -> Path:
    """Write the default bench with another oscilloscope, and a certificate for that."""
    scope = SCOPES[driver]
    certificate = (FIXTURES / "calibration/dso-x-3034a-MY00000001.calibration.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("KEYSIGHT TECHNOLOGIES", scope.manufacturer),
        ("DSO-X 3034A", scope.model),
        ("bits: 8", f"bits: {scope.bits}"),
        ("codes: 199", f"codes: {scope.codes}"),
    ):
        certificate = certificate.replace(old, new)
    (folder / "scope.calibration.yaml").write_text(certificate, encoding="utf-8")
    bench = (FIXTURES / "benches/virtual.bench.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("../calibration/dso-x-3034a-MY00000001.calibration.yaml", str(folder / "scope.calibration.yaml")),
        ("KEYSIGHT TECHNOLOGIES", scope.manufacturer),
        ("DSO-X 3034A", scope.model),
        ("keysight-infiniivision", driver),
        ("../", f"{FIXTURES}/"),
    ):
        bench = bench.replace(old, new)
    path = folder / "scope.bench.yaml"
    path.write_text(bench, encoding="utf-8")
    return path


def utc() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


def run_on(driver: str, folder: Path) -> Cases:
    """Run the plan as the command line does, but in this process: the instruments are still behind their sockets."""
    plan = folder / "scopes.plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    setup = read_setup(RunOptions.of(root=ROOT, directory=ROOT, bench=bench_with(driver, folder)))
    loaded, resolver = load_plan(plan), setup.resolver()
    bundle = Bundle.create(folder, "run")
    twin = TwinConfig.model_validate(twin_configuration(setup.definition, setup.device))
    with serve(twin) as served:
        addresses = {one.name: one.address for one in reversed(served.listening)}
        today = utc().date()
        with open_bench(setup.definition, setup.device, addresses=addresses, today=today, utc=utc) as bench:
            run = Run(
                resolver.resolve(loaded.cases),
                resolver=resolver,
                device=setup.device,
                bundle=bundle,
                journal=bundle.begin_journal(utc),
                utc=utc,
                now=time.monotonic,
            )
            run.begin(bench)
            for case in loaded.cases:
                run.execute(case)
    bundle.seal()
    return {record.id: record for record in run.records}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return run_on(REFERENCE, tmp_path_factory.mktemp("reference"))


def test_every_oscilloscope_of_the_catalogue_is_here() -> None:
    assert set(PRESENT) <= set(SCOPES)


@pytest.mark.parametrize(
    "driver",
    [
        pytest.param(name, marks=pytest.mark.supports(name, "driver", "twin"))
        for name in PRESENT
        if name != REFERENCE
    ],
)  # fmt: skip
def test_verdicts_are_the_same_and_values_agree(driver: str, reference: Cases, tmp_path: Path) -> None:
    seen = run_on(driver, tmp_path)
    assert {name: case.verdict for name, case in seen.items()} == EXPECTED
    assert {name: case.verdict for name, case in reference.items()} == EXPECTED
    compared = set()
    for name, case in seen.items():
        before = {one.called: one for one in reference[name].measurements}
        assert {one.called for one in case.measurements} == set(before)
        for one in case.measurements:
            other = before[one.called]
            if one.value is None or other.value is None:
                assert one.value == other.value, (one, other)
                continue
            apart = abs(one.value - other.value)
            assert apart <= math.hypot(one.expanded_uncertainty or 0.0, other.expanded_uncertainty or 0.0), (one, other)
            compared.add(one.measurand)
    assert compared >= {"phase_top", "peak_output_voltage", "rise_time"}
