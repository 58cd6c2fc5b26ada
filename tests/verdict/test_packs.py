from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rig.errors import AnalysisError
from rig.model.limit import Confidence, Interval, Limit
from rig.model.stimulus import Shape, Stimulus
from rig.units import Unit
from rig.verdict.bounds import bounded_interval
from rig.verdict.packs import LimitPack, Situation, limit_pack_json_schema, resolve

LIMITS = Path(__file__).parents[2] / "fixtures" / "limits"
FILES = sorted(LIMITS.glob("*.limits.yaml"))


def read(name: str) -> LimitPack:
    return LimitPack.model_validate(yaml.safe_load((LIMITS / f"{name}.limits.yaml").read_text(encoding="utf-8")))


IEC = read("iec60601-2-10-2012")
FDA = read("fda-pms-1999")


def situation(
    load: float = 500.0, *, rate: float = 50.0, phase: float = 300e-6, shape: Shape = Shape.MONOPHASIC, **more: Any
) -> Situation:
    stimulus = Stimulus(
        channel=1, shape=shape, amplitude=0.02, phase_duration=phase, interphase=1e-4, rate=rate, train=2.0
    )
    return Situation(load_nominal=load, stimulus=stimulus, **more)


def bounds(pack: LimitPack, where: Situation) -> dict[str, tuple[float, float]]:
    limits = resolve(pack, where).limits
    return {limit.measurand: (limit.interval.lower, limit.interval.upper) for limit in limits}


def reasons(pack: LimitPack, where: Situation) -> dict[str, str]:
    return {entry.title: entry.reason for entry in resolve(pack, where).not_applicable}


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "clause": "1",
        "title": "a limit",
        "measurand": "phase_top",
        "at_most": "20 mA",
        "source": "a document",
        "confidence": "SURE",
    } | changes


def pack(*entries: dict[str, Any]) -> LimitPack:
    return LimitPack.model_validate({"id": "x", "title": "t", "edition": "1", "entries": entries})


def only(state: dict[str, Any], where: Situation | None = None) -> Limit:
    (limit,) = resolve(pack(state), where or situation()).limits
    return limit


@pytest.mark.parametrize("state", [{"load": "500 ohm"}, {"load": "declared"}])
def test_what_is_stated_for_a_resistor_holds_for_no_network(state: dict[str, Any]) -> None:
    where = situation(500.0, resistive=False)
    assert only(entry(applies=state)).measurand == "phase_top"
    (reason,) = reasons(pack(entry(applies=state)), where).values()
    assert reason.endswith("the load is 500 ohm with a capacitor")
    assert only(entry(), where).measurand == "phase_top"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_shipped_packs_keep_to_the_exported_schema(file: Path) -> None:
    schema = limit_pack_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)
    assert file.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=")


def test_the_shipped_packs_have_the_names_that_plans_use() -> None:
    assert (IEC.id, FDA.id) == ("iec60601-2-10:2012", "fda-pms:1999")


@pytest.mark.parametrize(
    ("rate", "limit"), [(1.0, 0.05), (400.0, 0.05), (400.1, 0.08), (1500.0, 0.08), (1500.1, 0.1), (10e3, 0.1)]
)
def test_iec_rms_limits_follow_the_repetition_rate_as_in_the_facts(rate: float, limit: float) -> None:
    found = [item for item in resolve(IEC, situation(rate=rate, phase=10e-6)).limits if item.measurand == "ac_rms"]
    assert [item.interval for item in found] == [Interval(upper=limit)]
    assert found[0].clause == "201.12.4.104"
    assert found[0].confidence is Confidence.SURE


def test_iec_limits_into_500_ohm() -> None:
    found = bounds(IEC, situation())
    assert found["dc_component"] == (-0.08, 0.08)
    assert found["pulse_energy"] == (-math.inf, 0.3)
    assert found["peak_output_voltage"] == (-math.inf, 500.0)
    assert found["phase_top"] == pytest.approx((0.016, 0.024))
    assert found["phase_duration"] == pytest.approx((240e-6, 360e-6))
    assert found["pulse_rate"] == pytest.approx((40.0, 60.0))


@pytest.mark.parametrize("load", [1000.0, 2000.0, 10_000.0, math.inf])
def test_iec_output_limits_bind_into_500_ohm_alone_but_the_voltage_with_every_load(load: float) -> None:
    assert set(bounds(IEC, situation(load))) == {"peak_output_voltage"}
    assert "applies into 500 ohm" in reasons(IEC, situation(load))["DC into 500 ohm"]


def test_iec_energy_binds_pulses_shorter_than_a_tenth_of_a_second() -> None:
    assert "pulse_energy" in bounds(IEC, situation(phase=0.099, rate=1.0))
    long = situation(phase=0.1, rate=1.0)
    assert "pulse_energy" not in bounds(IEC, long)
    assert reasons(IEC, long)["Energy of one pulse shorter than 0.1 s into 500 ohm"] == (
        "applies to pulses shorter than 100 ms, these last 100 ms"
    )
    assert "not evaluated" in reasons(IEC, long)["Pulses of 0.1 s or longer into 500 ohm"]


def test_iec_accuracy_binds_over_the_declared_load_range() -> None:
    declared = (100.0, 2000.0)
    assert "phase_top" in bounds(IEC, situation(2000.0, load_range=declared))
    title = "Amplitude agrees with its setting over the declared load range"
    assert "100 ohm to 2 kohm; the load is 10 kohm" in reasons(IEC, situation(10_000.0, load_range=declared))[title]
    assert "declares none" in reasons(IEC, situation(1000.0))[title]


def test_what_is_not_sure_asks_to_be_verified() -> None:
    for limit in resolve(IEC, situation()).limits:
        assert ("verify against the purchased standard" in limit.text) == (limit.confidence is not Confidence.SURE)
    assert any(limit.confidence is Confidence.MEMORY for limit in resolve(IEC, situation()).limits)


def test_therapy_limits_are_not_applied_to_another_class_of_device() -> None:
    other = situation(device_class="diagnostic")
    assert "dc_component" not in bounds(IEC, other)
    assert reasons(IEC, other)["DC into 500 ohm"] == "applies to therapy devices, this one is diagnostic"


def test_fda_power_density_is_strictly_below_its_limit_and_needs_an_area() -> None:
    (limit,) = resolve(FDA, situation(electrode_area=0.0025)).limits
    assert (limit.measurand, limit.unit, limit.edition) == ("power_density", Unit.WATT_PER_SQUARE_METRE, "9 June 1999")
    assert limit.interval == Interval(upper=2500.0, upper_closed=False)
    assert resolve(FDA, situation()).limits == ()
    assert "smallest electrode" in reasons(FDA, situation())["Power density into 500 ohm, averaged over the worst 1 s"]


def test_a_notice_and_a_figure_to_be_reported_are_listed_and_not_judged() -> None:
    listed = reasons(IEC, situation(electrode_area=0.0025))
    assert listed["Current density that calls for the operator's attention"] == (
        "a notice, not a limit: at most 2 mA/cm2"
    )
    assert reasons(FDA, situation())["Net charge per pulse into 500 ohm"].startswith("to be reported")
    assert reasons(FDA, situation(shape=Shape.MONOPHASIC))[
        "Phase duration of a multiphasic waveform, and whether its phases are symmetrical"
    ] == ("applies to biphasic_symmetric pulses, these are monophasic")


@given(
    where=st.builds(
        situation,
        st.one_of(st.just(math.inf), st.floats(1.0, 1e6)),
        rate=st.floats(0.1, 1e4),
        phase=st.floats(1e-6, 0.2),
        shape=st.sampled_from(Shape),
        electrode_area=st.one_of(st.none(), st.floats(1e-4, 1e-2)),
    ),
    source=st.sampled_from([IEC, FDA, read("fda-bci-2021")]),
)
def test_every_entry_is_either_judged_or_listed_with_its_reason(where: Situation, source: LimitPack) -> None:
    found = resolve(source, where)
    assert len(found.limits) + len(found.not_applicable) == len(source.entries)
    assert all(item.reason and item.pack == source.id for item in found.not_applicable)
    assert all(limit.source == source.id and limit.clause for limit in found.limits)


@pytest.mark.parametrize(
    ("form", "interval", "unit"),
    [
        ({"at_most": "20 mA"}, Interval(upper=0.02), Unit.AMPERE),
        ({"below": "20 mV"}, Interval(upper=0.02, upper_closed=False), Unit.VOLT),
        ({"at_least": "1 Hz"}, Interval(lower=1.0), Unit.HERTZ),
        ({"above": "2 %"}, Interval(lower=0.02, lower_closed=False), Unit.ONE),
        ({"between": ["1 us", "2 us"]}, Interval(lower=1e-6, upper=2e-6), Unit.SECOND),
        ({"at_most": 0, "measurand": "missing_pulses"}, Interval(upper=0.0), Unit.COUNT),
        ({"at_most": "30 uC/cm2"}, Interval(upper=0.3), Unit.COULOMB_PER_SQUARE_METRE),
    ],
)
def test_each_form_of_a_limit(form: dict[str, Any], interval: Interval, unit: Unit) -> None:
    limit = only({key: value for key, value in entry().items() if key != "at_most"} | {"measurand": "any"} | form)
    assert (limit.interval, limit.unit) == (interval, unit)


def test_words_of_a_limit() -> None:
    assert only(entry()).text == "a limit: at most 20 mA"
    assert only(entry(at_most=None, between=["1 mA", "20 mA"])).text == "a limit: between 1 mA and 20 mA"
    assert only(entry(at_most=None, within="10 % of set")).text == "a limit: within 10 % of 20 mA"


@pytest.mark.parametrize("form", ["at_most", "below"])
def test_at_most_binds_the_magnitude_of_what_has_a_sign(form: str) -> None:
    state = {key: value for key, value in entry(measurand="net_charge").items() if key != "at_most"} | {form: "0.5 uC"}
    closed = form == "at_most"
    assert only(state).interval == Interval(lower=-5e-7, upper=5e-7, lower_closed=closed, upper_closed=closed)


@pytest.mark.parametrize(
    ("measurand", "nominal"),
    [
        ("phase_top", 0.02),
        ("phase_duration", 300e-6),
        ("interphase_interval", 1e-4),
        ("pulse_width", 700e-6),
        ("pulse_rate", 50.0),
    ],
)
def test_within_a_share_of_what_was_set(measurand: str, nominal: float) -> None:
    state = entry(measurand=measurand, at_most=None, within="10 % of set")
    interval = only(state, situation(shape=Shape.BIPHASIC_SYMMETRIC)).interval
    assert (interval.lower, interval.upper) == pytest.approx((0.9 * nominal, 1.1 * nominal))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"at_least": "1 mA"}, "one entry states one limit, not at_most and at_least"),
        ({"at_most": None}, "a limit needs a measurand and one of at_most"),
        ({"measurand": ""}, "a limit needs a measurand"),
        ({"kind": "notice", "at_most": None}, "a notice needs the value"),
        ({"kind": "report"}, "states no limit, but here is 'at_most'"),
        ({"at_most": "20"}, "'phase_top' is not a count: its limit needs a unit"),
        ({"at_most": 20}, "its limit needs a unit"),
        ({"at_most": "20 furlongs"}, "is not a quantity; write for example '80 mA'"),
        ({"at_most": 0.5}, "0.5 is not a quantity"),
        ({"at_most": True}, "True is not a quantity"),
        ({"at_most": None, "within": "10 %"}, "not a share of the set value"),
        ({"at_most": None, "within": "1 mA of set"}, "not a share of the set value"),
        ({"at_most": None, "within": "10 % of set", "measurand": "droop"}, "has no set value"),
        ({"at_most": None, "between": ["2 mA", "1 mA"]}, "the lower and then the upper"),
        ({"at_most": None, "between": ["1 mA", "1 V"]}, "units of one kind"),
        ({"at_most": "-1 uC", "measurand": "net_charge"}, "cannot be negative"),
        ({"applies": {"load": 500}}, "'500' has no unit; .* 'open' or 'declared'"),
        ({"applies": {"load": ["500 ohm"]}}, "is not a quantity"),
        ({"applies": {"load": "shorted"}}, "'open' or 'declared'"),
        ({"applies": {"frequency": {"above": "400"}}}, "has no unit"),
        ({"applies": {"colour": "red"}}, "Extra inputs are not permitted"),
        ({"confidence": "CERTAIN"}, "Input should be"),
        ({"clause": ""}, "at least 1 character"),
        ({"source": None}, "valid string"),
    ],
)
def test_a_mistake_in_a_pack_is_refused_with_its_reason(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pack(entry(**changes))


@pytest.mark.parametrize("id_", ["", "../x", "a b", "a\x00", "<b>", "x" * 81])
def test_a_pack_s_id_is_a_plain_name(id_: str) -> None:
    with pytest.raises(ValidationError):
        LimitPack.model_validate({"id": id_, "title": "t", "edition": "1", "entries": [entry()]})


def test_an_entry_for_an_open_circuit_applies_to_no_other_load() -> None:
    state = entry(applies={"load": "open"})
    assert only(state, situation(math.inf)).unit is Unit.AMPERE
    assert resolve(pack(state), situation()).not_applicable[0].reason == (
        "applies to an open circuit, the load is 500 ohm"
    )


def test_a_device_without_a_class_is_told_so() -> None:
    state = entry(applies={"device_class": ["therapy", "home"]})
    found = resolve(pack(state), situation(device_class="")).not_applicable
    assert found[0].reason == "applies to therapy or home devices, this one is not classed"


def test_the_frequency_may_be_another_than_the_repetition_rate() -> None:
    assert bounds(IEC, situation(frequency=1000.0))["ac_rms"] == (-math.inf, 0.08)


def test_no_form_at_all_is_an_error() -> None:
    with pytest.raises(AnalysisError, match="no limit is stated"):
        bounded_interval(
            "droop",
            at_most=None,
            at_least=None,
            below=None,
            above=None,
            between=None,
            within=None,
            stimulus=situation().stimulus,
        )


def test_a_pack_can_be_written_out_in_words() -> None:
    written = json.loads(pack(entry(), entry(at_most=None, within="10 % of set")).model_dump_json())
    assert [item["at_most"] for item in written["entries"]] == ["20 mA", None]
    assert written["entries"][1]["within"] == "10 % of set"


def test_an_entry_over_a_series_is_judged_there_and_listed_elsewhere_and_the_other_way_round() -> None:
    over = entry(measurand="amplitude_step", at_most="1 mA", scope="series", title="step")
    both = pack(over, entry(title="single"))
    single, series = resolve(both, situation()), resolve(both, situation(series=True))
    assert [limit.measurand for limit in single.limits] == ["phase_top"]
    assert [limit.measurand for limit in series.limits] == ["amplitude_step"]
    for found, words in ((single, "compares several settings"), (series, "binds single cases")):
        (listed,) = found.not_applicable
        assert listed.elsewhere
        assert words in listed.reason


def test_a_notice_and_a_report_ask_for_their_value_where_they_apply() -> None:
    notice = entry(kind="notice", at_most="10 mA", then="say so", applies={"load": "1 kohm"})
    asked = pack(notice, entry(kind="report", at_most=None))
    there, report = resolve(asked, situation(1000.0)).not_applicable
    assert (there.asks, there.then, report.asks, report.notice) == ("phase_top", "say so", "phase_top", None)
    assert there.notice is not None
    assert there.notice.interval == Interval(upper=0.01)
    away, _ = resolve(asked, situation(500.0)).not_applicable
    assert (away.asks, away.notice) == ("", None)


def test_only_a_notice_has_a_consequence() -> None:
    with pytest.raises(ValidationError, match="only a notice says what follows"):
        pack(entry(then="say so"))


BCI = read("fda-bci-2021")
INDICATOR = "Output above 10 mA rms or 10 V rms into 1000 ohm is indicated"


def test_the_indicator_of_the_output_is_a_notice_into_1000_ohm() -> None:
    (found,) = [one for one in resolve(IEC, situation(1000.0)).not_applicable if one.title == INDICATOR]
    assert found.asks == "rms_current"
    assert found.notice is not None
    assert found.notice.interval == Interval(upper=0.01)
    assert "an indicator of the output is required" in found.then
    assert "the load is 500 ohm" in reasons(IEC, situation())[INDICATOR]


@pytest.mark.parametrize(("load", "name"), [(500.0, "500 ohm"), (2000.0, "2 kohm"), (10e3, "10 kohm")])
@pytest.mark.parametrize("shape", Shape)
def test_the_output_table_of_1999_asks_for_voltage_and_current_per_mode_and_load(
    load: float, name: str, shape: Shape
) -> None:
    found = resolve(FDA, situation(load, shape=shape)).not_applicable
    asked = {one.title: one.asks for one in found if one.asks}
    assert asked[f"Maximum output voltage into {name}"] == "peak_output_voltage"
    assert asked[f"Maximum output current into {name}"] == "phase_peak"
    assert sum(title.startswith("Maximum output") for title in asked) == 2, "and for no other load's"


def test_what_2021_added_is_asked_for_and_nothing_of_it_is_a_limit() -> None:
    found = resolve(BCI, situation(electrode_area=0.0025))
    assert found.limits == ()
    asked = {one.asks for one in found.not_applicable}
    assert {"dc_component", "idle_current", "phase_charge_density", "charge_imbalance", "pulse_width"} <= asked
    assert {one.asks for one in resolve(BCI, situation(math.inf)).not_applicable} >= {"peak_output_voltage"}
