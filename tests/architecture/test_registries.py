"""The same measurands and faults are written down in several strangers: here they are held against each other."""

from __future__ import annotations

import math
from pathlib import Path
from typing import get_args

import pytest

from rig.analysis.catalogue import CATALOGUE
from rig.analysis.in_time import IN_TIME
from rig.analysis.series import SERIES
from rig.bench.bench_file import InstrumentFault
from rig.bench.device_file import FAULTS
from rig.documents import read_document, validate
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.plan.measurands import MEASURANDS
from rig.twin import config
from rig.units import Unit
from rig.verdict.bounds import COUNTED, SIGNED, set_value
from rig.verdict.packs import Entry, Kind, LimitPack, Scope
from tests.architecture.project import ROOT

# Measured from two signals at once, outside the catalogue of what one signal gives.
OF_TWO_SIGNALS = {"load_resistance"}

PACKS = sorted((ROOT / "fixtures" / "limits").glob("*.limits.yaml"))


def test_what_a_plan_can_verify_is_what_the_rig_can_measure() -> None:
    in_time = {name for name, entry in MEASURANDS.items() if entry.in_time}
    assert set(MEASURANDS) - OF_TWO_SIGNALS - in_time == set(CATALOGUE)
    assert {name: MEASURANDS[name].unit for name in in_time} == {name: entry.unit for name, entry in IN_TIME.items()}


@pytest.mark.parametrize("name", CATALOGUE)
def test_plan_and_catalogue_agree(name: str) -> None:
    planned, measured = MEASURANDS[name], CATALOGUE[name]
    assert planned.unit is measured.unit
    assert planned.signed == measured.signed
    assert planned.needs_zero == measured.absolute
    assert measured.name == name
    assert measured.definition


def test_limit_packs_read_signs_and_counts_as_plans_do() -> None:
    """Otherwise ``at_most`` would mean one thing in a plan and another in a pack."""
    assert {name for name, entry in MEASURANDS.items() if entry.signed} == SIGNED
    assert {name for name, entry in MEASURANDS.items() if entry.unit is Unit.COUNT} == COUNTED


@pytest.mark.parametrize("shape", Shape)
def test_limit_packs_and_plans_know_the_same_set_values(shape: Shape) -> None:
    stimulus = Stimulus(
        channel=1,
        shape=shape,
        amplitude=0.02,
        phase_duration=3e-4,
        interphase=0.0 if shape is Shape.MONOPHASIC else 1e-4,
        rate=50.0,
        train=1.1,
        polarity=Polarity.NEGATIVE,
    )
    known = {name: given for name in MEASURANDS if (given := set_value(name, stimulus)) is not None}
    assert known
    for name, given in known.items():
        planned = MEASURANDS[name]
        assert planned.unit is given.unit
        expected = None if planned.set_value is None else planned.set_value(stimulus, 500.0)
        assert expected == given.value or (expected is None and given.value == 0), name


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.name)
def test_every_limit_of_a_shipped_pack_can_be_measured_in_its_unit(path: Path) -> None:
    pack = validate(read_document(path), LimitPack)
    judged = [entry for entry in pack.entries if entry.measurand and not entry.not_evaluated]
    assert judged
    for entry in judged:
        assert entry.measurand in measured_in(entry.scope), entry.clause
        assert units_of(entry) <= {measured_in(entry.scope)[entry.measurand]}, entry.clause


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.name)
def test_what_a_shipped_pack_leaves_out_it_leaves_out_with_a_reason(path: Path) -> None:
    for entry in validate(read_document(path), LimitPack).entries:
        measured = entry.measurand in measured_in(entry.scope)
        assert measured or entry.not_evaluated or entry.kind is Kind.REPORT, entry.clause
        assert entry.source


def measured_in(scope: Scope) -> dict[str, Unit]:
    if scope is Scope.SERIES:
        return {name: entry.unit for name, entry in SERIES.items()}
    return {name: entry.unit for name, entry in CATALOGUE.items()}


def units_of(entry: Entry) -> set[Unit]:
    single = (entry.at_most, entry.at_least, entry.below, entry.above)
    return {bound.unit for bound in (*single, *(entry.between or ())) if bound is not None}


def literals(model: type, field: str) -> set[str]:
    return set(get_args(getattr(model, "model_fields")[field].annotation))  # noqa: B009 - a plain type has no such field


def test_every_fault_that_the_virtual_bench_knows_can_be_written_in_a_file_and_the_other_way_round() -> None:
    assert literals(config.DeviceFault, "kind") == set(FAULTS)
    assert literals(config.InstrumentFault, "kind") == literals(InstrumentFault, "kind")


def test_no_set_value_is_anything_but_a_finite_number() -> None:
    stimulus = Stimulus(
        channel=1,
        shape=Shape.BIPHASIC_SYMMETRIC,
        amplitude=0.02,
        phase_duration=3e-4,
        interphase=1e-4,
        rate=50.0,
        train=1.1,
    )
    for name, entry in MEASURANDS.items():
        for load in (500.0, math.inf):
            value = entry.set_value(stimulus, load) if entry.set_value else None
            assert value is None or math.isfinite(value), name
