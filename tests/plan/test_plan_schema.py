"""The exported schema of plans agrees with the loader, and the shipped plans are good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rig.documents import read_document
from rig.model.stimulus import Shape, Stimulus
from rig.plan import MEASURANDS, load_plan, plan_json_schema
from rig.units import Unit, parse_quantity

ROOT = Path(__file__).parents[2]
PLANS = sorted((ROOT / "testplans").glob("*.plan.yaml"))
EXAMPLE = ROOT.parent / "shared" / "design" / "plan-example.plan.yaml"
MODELINE = "# yaml-language-server: $schema=../docs/schemas/plan.schema.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    drawn = plan_json_schema()
    jsonschema.Draft202012Validator.check_schema(drawn)
    return drawn


def values_of(schema: Any) -> Iterator[Any]:
    yield schema
    for below in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from values_of(below)


def minimal(**changed: Any) -> dict[str, Any]:
    case = {"id": "c", "verify": [{"phase_top": {"within": "5 % of set"}}], **changed.pop("case", {})}
    return {"plan": "P", "title": "T", "revision": "A", "cases": [case], **changed}


class TestSchema:
    def test_no_key_may_be_left_empty(self, schema: dict[str, Any]) -> None:
        assert {"type": "null"} not in list(values_of(schema))

    def test_the_least_plan(self, schema: dict[str, Any]) -> None:
        jsonschema.validate(minimal(), schema)

    @pytest.mark.parametrize(
        "wrong",
        [
            minimal(colour="red"),
            minimal(plan="../x"),
            minimal(plan=""),
            minimal(decision_rule="lenient"),
            minimal(ceiling={"exposure": "5"}),
            minimal(case={"verify": []}),
            minimal(case={"verify": [{"phase_topp": {"at_most": "1 A"}}]}),
            minimal(case={"verify": [{"phase_top": {"within": "5 %"}}]}),
            minimal(case={"verify": [{"rise_time": {"within": "5 % of set"}}]}),
            minimal(case={"verify": [{"missing_pulses": {"equals": "0"}}]}),
            minimal(case={"verify": [{"missing_pulses": {"equals": "set"}}]}),
            minimal(case={"load": "500"}),
            minimal(case={"sweep": {"amplitude": ["5"]}}),
            minimal(case={"stimulus": {"amplitude": 5}}),
        ],
    )
    def test_what_the_loader_refuses_the_editor_underlines(self, schema: dict[str, Any], wrong: Any) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)

    @pytest.mark.parametrize(
        "right",
        [
            minimal(case={"verify": [{"limits": "all"}]}),
            minimal(case={"verify": [{"phase_count": {"equals": "set"}}, {"missing_pulses": {"at_most": 1}}]}),
            minimal(case={"verify": [{"polarity": {"is": "set"}}, {"phase_top": {"within": "1 mA of 20 mA"}}]}),
            minimal(case={"load": "open", "sweep": {"amplitude": {"from": "1 mA", "to": "2 mA", "steps": 2}}}),
            minimal(case={"stimulus": {"train": "forever"}, "events": [{"at": "1 s", "communication": "cut"}]}),
        ],
    )
    def test_what_may_be_written(self, schema: dict[str, Any], right: Any) -> None:
        jsonschema.validate(right, schema)


class TestShippedPlans:
    @pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
    def test_each_loads_and_satisfies_its_schema(self, path: Path, schema: dict[str, Any]) -> None:
        assert load_plan(path).cases
        jsonschema.validate(read_document(path).data, schema)
        assert path.read_text(encoding="utf-8").splitlines()[0] == MODELINE

    def test_which_there_are(self) -> None:
        names = {path.name.removesuffix(".plan.yaml") for path in PLANS}
        assert names >= {"smoke", "output-limits", "output-accuracy", "charge-balance"}

    def test_their_ids_differ(self) -> None:
        ids = [load_plan(path).plan.plan for path in PLANS]
        assert len(set(ids)) == len(ids)

    def test_smoke_is_whole_and_short(self) -> None:
        cases = load_plan(ROOT / "testplans" / "smoke.plan.yaml").cases
        assert len(cases) >= 40
        assert all(case.stimulus.train <= 1.2 for case in cases)
        assert any(case.apply_packs for case in cases)
        measurands = {limit.measurand for case in cases for limit in case.checks}
        assert measurands >= {
            "phase_top", "phase_duration", "pulse_rate", "polarity", "missing_pulses", "extra_pulses",
            "net_charge", "charge_imbalance", "dc_component",
        }  # fmt: skip

    def test_the_limits_are_verified_over_the_loads_of_the_guidance(self) -> None:
        loaded = load_plan(ROOT / "testplans" / "output-limits.plan.yaml")
        assert {case.load for case in loaded.cases if case.apply_packs} == {
            "500 ohm",
            "1 kohm",
            "2 kohm",
            "10 kohm",
            "open",
        }
        assert loaded.plan.limits == ("iec60601-2-10:2012", "fda-pms:1999", "fda-bci:2021")

    @pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
    def test_the_stimulator_can_be_set_to_every_case(self, path: Path) -> None:
        """0.5 mA steps to 130 mA, 10 us to 4095 us in whole us, periods in 0.5 ms steps, compliance 150 V."""
        for case in load_plan(path).cases:
            stimulus = case.stimulus
            assert stimulus.amplitude <= 0.130
            assert stimulus.amplitude / 0.5e-3 == pytest.approx(round(stimulus.amplitude / 0.5e-3))
            assert 10e-6 <= stimulus.phase_duration <= 4095e-6
            assert stimulus.phase_duration * 1e6 == pytest.approx(round(stimulus.phase_duration * 1e6))
            assert stimulus.period / 0.5e-3 == pytest.approx(round(stimulus.period / 0.5e-3))
            limited = case.load == "open" or stimulus.amplitude * parse_quantity(case.load, Unit.OHM) >= 150
            # Where the voltage ends it, the set current is no demand.
            assert not limited or all(check.interval.lower <= 0 for check in case.checks)


@pytest.mark.shared
@pytest.mark.skipif(not EXAMPLE.exists(), reason="the folder of shared design documents is not beside the project")
def test_the_design_example_loads_as_it_stands(schema: dict[str, Any]) -> None:
    assert len(load_plan(EXAMPLE).cases) == 17
    jsonschema.validate(read_document(EXAMPLE).data, schema)


@pytest.mark.parametrize("name", sorted(MEASURANDS))
def test_every_set_value_has_a_finite_number_for_an_ordinary_case(name: str) -> None:
    stimulus = Stimulus(
        channel=1,
        shape=Shape.BIPHASIC_SYMMETRIC,
        amplitude=0.02,
        phase_duration=3e-4,
        interphase=1e-4,
        rate=50.0,
        train=1.0,
    )
    measurand = MEASURANDS[name]
    if measurand.set_value is None:
        assert measurand.needs_zero or name not in {"phase_top", "pulse_rate", "phase_duration"}
    else:
        value = measurand.set_value(stimulus, 500.0)
        assert value is not None
        assert abs(value) > 0
