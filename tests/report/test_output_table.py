"""The annex of output specifications: every field says a value with its source, or what is missing; never a guess."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.basic_unit import BasicUnit
from rig.errors import EvidenceError, UnitError
from rig.evidence.record import (
    CaptureEntry,
    CaseRecord,
    DeviceEntry,
    HappeningEntry,
    HighestEntry,
    IdentityEntry,
    LoadEntry,
    MeasurementEntry,
    ModeEntry,
    PackEntry,
)
from rig.model.happening import Action
from rig.model.verdict import Verdict
from rig.model.waveform import Waveform
from rig.report.basic_unit import LABELS
from rig.report.drawing import Drawing
from rig.report.output_modes import Mode, Placed
from rig.report.output_rows import Row
from rig.report.output_traces import output_traces
from rig.report.output_view import OutputModeView, OutputView, view_output
from rig.report.render import render_html
from rig.report.sample_calculations import Sample, sample_calculations
from rig.report.view import view_report
from rig.units import Unit, parse_quantity
from tests.report.conftest import HOSTILE, capture_entries, case, measured, run, samples_of, source, stimulus

AREA = 25e-4
THIN = "\u202f"


def load(ohms: float | None) -> LoadEntry:
    if ohms is None:
        return LoadEntry(name="open", nominal=None, resistance=None, uncertainty=0.0)
    return LoadEntry(name=f"{ohms:g} ohm", nominal=ohms, resistance=ohms * 1.0002, uncertainty=ohms * 1e-4)


def values(amplitude: float, ohms: float, **changed: float | None) -> tuple[MeasurementEntry, ...]:
    """Return what is measured of a pulse of that amplitude; without a value where None is given."""
    width, rate, charge = 500e-6, 100.0, amplitude * 500e-6
    rms = amplitude * (2 * width * rate) ** 0.5
    found: dict[str, tuple[Unit, float]] = {
        "peak_output_voltage": (Unit.VOLT, amplitude * ohms),
        "phase_peak": (Unit.AMPERE, amplitude),
        "phase_mean": (Unit.AMPERE, amplitude),
        "pulse_width": (Unit.SECOND, 1100e-6),
        "pulse_rate": (Unit.HERTZ, rate),
        "phase_duration": (Unit.SECOND, width),
        "phase_charge": (Unit.COULOMB, charge),
        "phase_charge_positive": (Unit.COULOMB, 1.001 * charge),
        "phase_charge_negative": (Unit.COULOMB, -0.999 * charge),
        "net_charge": (Unit.COULOMB, 0.002 * charge),
        "net_charge_active": (Unit.COULOMB, 0.002 * charge),
        "dc_component": (Unit.AMPERE, 0.002 * charge * rate),
        "max_phase_charge": (Unit.COULOMB, 1.001 * charge),
        "current_density_rms": (Unit.AMPERE_PER_SQUARE_METRE, rms / AREA),
        "rms_current": (Unit.AMPERE, rms),
        "rms_1s": (Unit.AMPERE, rms),
        "power_density": (Unit.WATT_PER_SQUARE_METRE, rms**2 * ohms * 1.0002 / AREA),
        "phase_charge_density": (Unit.COULOMB_PER_SQUARE_METRE, 1.001 * charge / AREA),
        "average_current": (Unit.AMPERE, 2 * charge * rate),
        "burst_rate": (Unit.HERTZ, 2.0),
        "burst_duration": (Unit.SECOND, 0.2),
        "duty_cycle": (Unit.ONE, 0.4),
    }
    entries = []
    for name, (unit, usual) in found.items():
        value = changed.get(name, usual)
        spread = abs(usual) * 2e-3
        entry = measured(name, unit, value, spread, n=1)
        entries.append(entry)
    return tuple(entries)


def output_case(index: int, amplitude: float, ohms: float | None, **more: object) -> CaseRecord:
    fields: dict[str, object] = {
        "id": f"c{index}",
        "mode": "Training",
        "load": load(ohms),
        "stimulus": stimulus(amplitude).model_copy(update={"rate": 100.0}),
        "measurements": values(amplitude, ohms or 1e6),
        "verdict": Verdict.PASS,
        "reason": "",
    }
    return case(index, 0.02, "500 ohm").model_copy(update=fields | more)


def device(**stated: str) -> DeviceEntry:
    ratings = {"voltage": "150 V", "rate": "500 Hz", "smallest electrode": "25 cm2"}
    who = {"manufacturer": "M", "model": "D", "serial": "1", "firmware": "2", "source": source("d.yaml")}
    return DeviceEntry.model_validate({**who, "ratings": ratings, "basic_unit": stated})


def annex(*cases: CaseRecord, **more: object) -> OutputView:
    record = run(cases, **({"device": device()} | more))
    found = view_output(record, view_report(record).cases)
    assert found is not None
    return found


def mode(*cases: CaseRecord, **more: object) -> OutputModeView:
    (only,) = annex(*cases, **more).modes
    return only


def rows(view: OutputModeView, number: str, name: str = "") -> list[Row]:
    return [one for one in (*view.fields, *view.later) if one.number == number and name in one.name]


def usual() -> tuple[CaseRecord, ...]:
    return (
        output_case(1, 0.1, 500.0),
        output_case(2, 0.075, 2000.0, stimulus=stimulus(0.13)),
        output_case(3, 0.015, 10_000.0, stimulus=stimulus(0.13)),
        output_case(4, 0.0, None, measurements=(measured("peak_output_voltage", Unit.VOLT, 151.0, 3.0, n=1),)),
    )


def test_every_field_of_the_list_is_there_and_says_something() -> None:
    view = mode(*usual())
    numbers = [row.number for row in view.fields]
    assert list(dict.fromkeys(numbers)) == [
        *(str(number) for number in range(1, 13)), "13 a", "13 b", "13 c", "13 d", "14", "15", "16",
    ]  # fmt: skip
    for row in (*view.fields, *view.later, *annex(*usual()).basic_unit):
        assert row.name
        assert row.value
        assert row.note or row.where or row.value == "not stated" or row.number == "2"
        assert row.missing == (row.value in {"not stated", "not measured in this run"})


def test_output_into_each_load_with_its_uncertainty_in_per_cent_and_its_case() -> None:
    view = mode(*usual())
    assert [(row.at, row.value, row.where) for row in rows(view, "3")] == [
        (f"500{THIN}Ω", f"50.000{THIN}±{THIN}0.090{THIN}V (±0.18{THIN}%)", "8.1 c1"),
        (f"2{THIN}kΩ", f"150.00{THIN}±{THIN}0.27{THIN}V (±0.18{THIN}%)", "8.2 c2"),
        (f"10{THIN}kΩ", f"150.00{THIN}±{THIN}0.27{THIN}V (±0.18{THIN}%)", "8.3 c3"),
    ]
    currents = rows(view, "4")
    assert [row.key for row in currents] == ["case-1", "case-2", "case-3"]
    assert "does not get" not in currents[0].note
    assert "set to 130\u202fmA; this load does not get what is set: the output is at its voltage" in currents[1].note


def test_without_a_rating_nothing_is_said_of_why_a_setting_is_not_reached() -> None:
    plain = device().model_copy(update={"ratings": {}})
    note = rows(mode(*usual(), device=plain), "4")[1].note
    assert "this load does not get what is set" in note
    assert "at its voltage" not in note
    assert "smallest" not in note
    samples = {one.name: one for one in mode(*usual(), device=plain).samples}
    assert samples["Current density, rms"].missing == "area is not on record"


def test_the_worst_of_several_cases_counts_and_it_is_said() -> None:
    more = output_case(5, 0.12, 500.0)
    (row,) = rows(mode(*usual(), more), "10")
    assert row.where == "8.5 c5"
    assert row.note.startswith("worst of 2 cases")
    (power,) = rows(mode(*usual(), more), "12")
    told = "at 120\u202fmA, 300\u202fµs per phase, 100\u202fHz; declared is a rate up to 500\u202fHz"
    assert power.note.startswith(told)
    assert "60.06" in row.value


def test_the_largest_of_many_phases_counts_with_the_uncertainty_of_one() -> None:
    many = measured("phase_peak", Unit.AMPERE, 0.1, 1e-3, n=50)
    (row, *_) = rows(mode(output_case(1, 0.1, 500.0, measurements=(many,))), "4")
    assert row.value.startswith(f"100.7{THIN}±{THIN}1.0{THIN}mA")
    assert "largest of 50 items" in row.note


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"verdict": Verdict.ERROR}, "c1 is ERROR"),
        ({"verdict": Verdict.INCONCLUSIVE}, "c1 is INCONCLUSIVE"),
        ({"verdict": Verdict.NOT_RUN, "captures": ()}, "c1 is NOT RUN"),
        ({"captures": ()}, "c1 has no capture of a stimulus"),
        ({"captures": capture_entries(1, defects=("clipped at 10 V",))}, "has a defect: clipped at 10 V"),
        ({"load": load(1000.0)}, f"no case of this mode into 500{THIN}Ω"),
        ({"load": load(500.0).model_copy(update={"name": "500 ohm RC"})}, f"no case of this mode into 500{THIN}Ω"),
        ({"measurements": (measured("phase_peak", Unit.AMPERE, 0.1, 1e-3),)}, "max phase charge is not among what"),
        ({"measurements": values(0.1, 500.0, max_phase_charge=None)}, "There is no zero capture in this case."),
    ],
)
def test_a_case_that_cannot_be_used_gives_no_value(changes: dict[str, object], why: str) -> None:
    (row,) = rows(mode(output_case(1, 0.1, 500.0, **changes)), "10")
    assert (row.value, row.missing, row.key) == ("not measured in this run", True, "")
    assert why in row.note


def test_a_failed_case_was_measured_and_an_event_makes_it_another_output() -> None:
    (row,) = rows(mode(output_case(1, 0.1, 500.0, verdict=Verdict.FAIL)), "10")
    assert not row.missing
    zero, signal = capture_entries(1)
    changed = signal.model_copy(
        update={"happenings": (HappeningEntry(action=Action.LOAD, begun=0.1, ended=0.2, detail="open"),)}
    )
    (row,) = rows(mode(output_case(1, 0.1, 500.0, captures=(zero, changed))), "10")
    assert row.note == "something happened during c1"


def test_of_a_retried_case_the_last_attempt_counts() -> None:
    broken = output_case(1, 0.2, 500.0, retried=True, verdict=Verdict.ERROR)
    (row,) = rows(mode(broken, output_case(2, 0.1, 500.0, id="c1", attempt=2)), "10")
    assert row.where == "8.2 c1"


def test_a_range_is_shown_from_least_to_greatest_unless_all_is_set_alike() -> None:
    (row,) = rows(mode(output_case(1, 0.1, 500.0)), "6")
    assert row.at == ""
    assert "declared up to 500\u202fHz" in row.note
    slow = output_case(2, 0.1, 500.0, stimulus=stimulus(0.1), measurements=values(0.1, 500.0, pulse_rate=20.0))
    least, greatest = rows(mode(output_case(1, 0.1, 500.0), slow), "6")
    assert (least.at, least.where, greatest.at, greatest.where) == ("least", "8.2 c2", "greatest", "8.1 c1")


def test_net_direct_current_is_that_at_the_highest_rate() -> None:
    slow = output_case(2, 0.1, 500.0, stimulus=stimulus(0.1), measurements=values(0.1, 500.0, dc_component=1.0))
    (row,) = rows(mode(output_case(1, 0.1, 500.0), slow), "BCI A", "Net direct")
    assert row.where == "8.1 c1"


def test_modes_are_told_apart_by_name_and_by_shape() -> None:
    single = stimulus(0.1, shape="monophasic")
    cases = (
        output_case(1, 0.1, 500.0),
        output_case(2, 0.1, 500.0, stimulus=single),
        output_case(3, 0.1, 500.0, mode="Massage"),
        output_case(4, 0.1, 500.0, mode=""),
    )
    names = [one.name for one in annex(*cases).modes]
    assert names == ["Training, biphasic symmetric", "Training, monophasic", "Massage", "Biphasic symmetric"]
    single_mode = annex(*cases).modes[1]
    assert [row.value for row in rows(single_mode, "8")] == ["not applicable"]
    assert all("Q₊" not in one.formula for one in single_mode.samples)


def test_what_the_maker_states_is_shown_as_stated() -> None:
    assert set(BasicUnit.model_fields) <= {*LABELS, *_BY_MODE}
    told = dict.fromkeys((*LABELS, *_BY_MODE), "as the maker says")
    view = annex(*usual(), device=device(**told))
    everything = [*view.basic_unit, *view.modes[0].fields, *view.modes[0].later]
    assert not any(row.value == "not stated" for row in everything)
    assert sum(row.value == "as the maker says" for row in everything) >= len(told)


_BY_MODE = (
    "additional_features",
    "compliance_voltage",
    "charge_balance",
    "balancing_completed",
    "impedance_monitoring",
    "delivery_mode",
    "current_path",
)


def test_the_annex_is_there_where_the_run_speaks_of_output_modes() -> None:
    plain = run((output_case(1, 0.1, 500.0, mode=""),), device=device())
    assert view_report(plain).output is None
    pack = PackEntry(id="fda-pms:1999", title="t", edition="e", source=source("x"))
    assert view_report(plain.model_copy(update={"packs": (pack,)})).output is not None


# Quantities as they are shown, read back: as a reader with a pocket calculator reads them.
SHOWN = re.compile("−?[0-9.]+\u202f[^\\s()×/+]+")
OPERATIONS: dict[str, Callable[..., float]] = {
    "Phase charge, mean": lambda a, b: a * b,
    "Net charge of a pulse's phases, mean": lambda a, b: a + b,
    "Direct current": lambda a, b: a * b,
    "Current density, rms": lambda a, b: a / b,
    "Power density over the worst 1 s": lambda a, b, c: a * a * b / c,
    "Charge density per phase": lambda a, b: a / b,
    "Duty cycle of bursts": lambda a, b: a * b,
}


def read(text: str) -> float:
    plain = text.replace(THIN, " ").replace("−", "-")
    for unit in Unit:
        try:
            return parse_quantity(plain, unit)
        except UnitError:
            continue
    raise AssertionError(text)


def check_by_hand(sample: Sample) -> None:
    """Put the shown numbers in: what comes out is the shown result, which is the recorded value, in every digit."""
    assert not sample.missing
    assert sample.agrees
    got = OPERATIONS[sample.name](*map(read, SHOWN.findall(sample.numbers)))
    number, unit = sample.result.split(THIN)
    assert sample.recorded.startswith(f"{number}{THIN}±")
    assert sample.recorded.endswith(unit)
    half_a_digit = 0.5 * 10.0 ** -len(number.partition(".")[2]) * read(f"1{THIN}{unit}")
    assert abs(got - read(sample.result)) <= half_a_digit * (1 + 1e-6)


@given(
    amplitude=st.floats(min_value=0.03, max_value=0.2),
    ohms=st.just(500.0),
    share=st.floats(min_value=2e-4, max_value=0.05),
)
def test_sample_calculations_arrive_at_what_is_recorded(amplitude: float, ohms: float, share: float) -> None:
    entries = tuple(
        one.model_copy(update={"expanded_uncertainty": abs(one.value or 0.0) * share})
        for one in values(amplitude, ohms)
    )
    placed = Placed(case=output_case(1, amplitude, ohms, measurements=entries), key="case-1", number="8.1")
    only = Mode(name="Training", shape="biphasic_symmetric", cases=(placed,))
    samples = list(sample_calculations(only, {"smallest electrode": "25 cm2"}))
    assert [one.name for one in samples] == list(OPERATIONS)
    for sample in samples:
        check_by_hand(sample)


def test_a_calculation_that_gives_something_else_says_so() -> None:
    samples = mode(output_case(1, 0.1, 500.0, measurements=values(0.1, 500.0, phase_charge=6e-5))).samples
    first = samples[0]
    assert not first.agrees
    assert first.result.startswith("50.00")
    assert first.recorded.startswith("60.00")


def test_texts_of_the_record_are_no_markup() -> None:
    record = run((output_case(1, 0.1, 500.0, mode=HOSTILE, id=HOSTILE),), device=device(charge_balance=HOSTILE))
    page = render_html(record, samples_of(record))
    annexed = page[page.index('id="output"') :]
    assert "<script>alert" not in annexed
    assert "<img src=x" not in annexed
    assert annexed.count("&lt;script&gt;") > 5


def test_four_traces_with_mode_axes_baseline_settings_and_load() -> None:
    record = run(usual()[:2], device=device())
    traces = list(output_traces(record, view_report(record).cases, samples_of(record)))
    assert [one.title for one in traces] == [
        f"Single pulse into 500{THIN}Ω",
        f"Single pulse into 2{THIN}kΩ",
        f"Single pulse into 10{THIN}kΩ",
        f"Pulse train into 500{THIN}Ω",
    ]
    assert traces[2].drawing == Drawing(caption=f"No trace in this run: no case of this mode into 10{THIN}kΩ.")
    for one, across in ((traces[0], "time since the pulse began / µs"), (traces[3], "time / ms")):
        root = ET.fromstring(one.drawing.svg)  # noqa: S314 - written by the code under test
        text = " ".join(root.itertext())
        for said in ("Training", "current / mA", across, "baseline", "zero capture", "Load: 500", "Frequency: 100"):
            assert said in text
        for said in ("Amplitude: 100", "Phase duration: 300", "Interphase: 100", "Train: 500", "Channel: 1"):
            assert said in text
        assert f"amplitude 100{THIN}mA" in root.attrib["aria-label"]


def test_a_trace_that_cannot_be_read_says_why() -> None:
    def broken(_: CaptureEntry) -> Mapping[str, Waveform]:
        raise EvidenceError("nothing there")

    record = run(usual()[:1], device=device())
    first = next(iter(output_traces(record, view_report(record).cases, broken)))
    assert first.drawing.caption == "No trace: captures/001-signal.h5: nothing there"


def declared(*highest: HighestEntry, name: str = "Training", shape: str = "biphasic_symmetric") -> DeviceEntry:
    entry = ModeEntry(mode=name, shape=shape, highest=highest)
    return device().model_copy(update={"modes": (entry,)})


def at_most(amplitude: float, phase: float = 300e-6, rate: float = 100.0) -> HighestEntry:
    return HighestEntry(amplitude=amplitude, phase_duration=phase, rate=rate)


def at_setting(index: int, amplitude: float, ohms: float, *, rate: float = 100.0, **more: object) -> CaseRecord:
    chosen = stimulus(amplitude).model_copy(update={"rate": rate})
    return output_case(index, min(amplitude, 150.0 / ohms), ohms, stimulus=chosen, **more)


def everywhere(amplitude: float, *, rate: float = 100.0, **more: object) -> tuple[CaseRecord, ...]:
    into = enumerate((500.0, 2000.0, 10_000.0), 1)
    return tuple(at_setting(index, amplitude, ohms, rate=rate, **more) for index, ohms in into)


def test_a_mode_that_was_run_at_its_highest_settings_says_where() -> None:
    view = mode(*everywhere(0.13), device=declared(at_most(0.13)))
    (mark,) = view.marks
    assert (mark.word, mark.style) == ("HIGHEST SETTINGS", "note")
    settings = f"130{THIN}mA, 300{THIN}µs per phase, 100{THIN}Hz"
    assert f"{settings}, were run into 500{THIN}Ω in 8.1 c1, into 2{THIN}kΩ in 8.2 c2" in mark.texts[0]
    (power,) = rows(view, "12")
    assert power.note.startswith(f"at {settings}: the highest settings declared of this mode")
    (charge,) = rows(view, "10")
    assert charge.note.startswith(f"at 130{THIN}mA, 300{THIN}µs per phase: the highest")


@pytest.mark.parametrize(
    ("cases", "lacking", "unreached"),
    [
        (everywhere(0.12), "into 500 Ω, 2 kΩ, 10 kΩ", {"3", "4", "10", "11", "12"}),
        (everywhere(0.13, rate=50.0), "into 500 Ω, 2 kΩ, 10 kΩ", {"11", "12"}),
        ((*everywhere(0.13)[:2], at_setting(3, 0.12, 10_000.0)), "into 10 kΩ", set()),
        ((at_setting(1, 0.13, 500.0, verdict=Verdict.ERROR), *everywhere(0.12)), "into 500 Ω, 2 kΩ, 10 kΩ", {"10"}),
    ],
    ids=["less amplitude", "less rate", "one load less", "the highest ended in error"],
)
def test_what_was_not_run_at_the_highest_settings_is_no_worst_case(
    cases: tuple[CaseRecord, ...], lacking: str, unreached: set[str]
) -> None:
    view = mode(*cases, device=declared(at_most(0.13)))
    mark = view.marks[0]
    assert (mark.word, mark.style) == ("NOT THE WORST CASE", "warn")
    assert f"100 Hz {lacking}. What is called maximum here is the greatest of this run" in mark.texts[0].replace(
        THIN, " "
    )
    told = {row.number for row in view.fields if row.at in {"", f"500{THIN}Ω"} and "not the worst case" in row.note}
    assert unreached <= told
    assert bool(unreached) == bool(told)


def test_the_traces_are_of_the_case_with_the_highest_settings_and_not_of_that_with_the_most_noise() -> None:
    slow = at_setting(1, 0.13, 500.0, rate=50.0)
    noisy = slow.model_copy(update={"measurements": values(0.131, 500.0)})
    for who in (device(), declared(at_most(0.13))):
        record = run((noisy, at_setting(2, 0.13, 500.0), at_setting(3, 0.12, 500.0)), device=who)
        traces = output_traces(record, view_report(record).cases, samples_of(record))
        shown = [one.drawing.caption for one in traces if one.drawing.svg]
        assert len(shown) == 2
        assert all("case 8.2 c2" in caption for caption in shown)


def test_highest_settings_that_exclude_each_other_have_to_be_run_each() -> None:
    highest = (at_most(0.13), at_most(0.1, phase=500e-6))
    some = mode(*everywhere(0.13), device=declared(*highest))
    assert some.marks[0].word == "NOT THE WORST CASE"
    assert f"No usable case has 100{THIN}mA, 500{THIN}µs per phase" in some.marks[0].texts[0]
    (charge,) = rows(some, "10")
    assert f"no usable case has this value at 100{THIN}mA, 500{THIN}µs per phase" in charge.note
    long = stimulus(0.1).model_copy(update={"rate": 100.0, "phase_duration": 500e-6})
    more = tuple(output_case(index, 0.01, ohms, stimulus=long) for index, ohms in ((4, 500.0), (5, 2e3), (6, 1e4)))
    assert mode(*everywhere(0.13), *more, device=declared(*highest)).marks[0].word == "HIGHEST SETTINGS"


def test_the_highest_settings_are_not_said_to_have_given_less_where_they_gave_no_value() -> None:
    first, *others = everywhere(0.13)
    lower = at_setting(4, 0.05, 500.0)
    some = tuple(one for one in first.measurements if one.measurand != "max_phase_charge")
    view = mode(first.model_copy(update={"measurements": some}), *others, lower, device=declared(at_most(0.13)))
    (charge,) = rows(view, "10")
    assert charge.where == "8.4 c4"
    assert f"no usable case has this value at 130{THIN}mA, 300{THIN}µs per phase" in charge.note
    (power,) = rows(view, "12")
    assert "the highest settings declared of this mode" in power.note


def test_of_a_mode_without_declared_settings_no_worst_case_is_claimed() -> None:
    for other in (device(), declared(at_most(0.13), name="Massage"), declared(at_most(0.13), shape="monophasic")):
        view = mode(*everywhere(0.13), device=other)
        assert view.marks[0].word == "WORST CASE NOT DECLARED"
        assert not any("of this mode" in row.note and "highest" in row.note for row in view.fields)
    pack = PackEntry(id="fda-pms:1999", title="t", edition="e", source=source("x"))
    massage = declared(at_most(0.13), name="Massage")
    unnamed = mode(*everywhere(0.13, mode=""), device=massage, packs=(pack,))
    assert unnamed.marks[0].word == "HIGHEST SETTINGS"


def test_what_did_not_pass_stands_above_the_table_and_beside_its_values() -> None:
    failed = at_setting(1, 0.13, 500.0, verdict=Verdict.FAIL)
    lost = at_setting(4, 0.13, 500.0, verdict=Verdict.INCONCLUSIVE)
    view = mode(failed, *everywhere(0.12)[1:], lost, device=declared(at_most(0.13)))
    assert [(one.word, one.style, one.texts) for one in view.marks[1:]] == [
        ("VALUES OF CASES THAT DID NOT PASS", "bad", ("8.1 c1: FAIL",)),
        ("CASES WITHOUT VALUES", "warn", ("8.4: c4 is INCONCLUSIVE",)),
    ]
    (charge,) = rows(view, "10")
    assert charge.where == "8.1 c1, FAIL"
    page = render_html(run((failed, lost), device=device()), None)
    assert page.count('data-mark="CASES WITHOUT VALUES"') == 1
    assert page.count('data-mark="VALUES OF CASES THAT DID NOT PASS"') == 1


def test_phases_that_were_set_alike_and_differ_are_not_called_symmetrical_without_that() -> None:
    uneven = measured("charge_imbalance", Unit.ONE, 0.094, 0.002, n=1)
    chosen = output_case(1, 0.1, 500.0, measurements=(*values(0.1, 500.0), uneven))
    row = rows(mode(chosen), "8")[0]
    assert (row.at, row.value) == ("symmetrical phases", "yes, as set")
    assert row.note.startswith("charges below; they differ by 9.40")
    assert rows(mode(output_case(1, 0.1, 500.0)), "8")[0].note == "charges below"


def test_the_firmware_is_what_the_device_itself_said() -> None:
    def firmware(who: DeviceEntry) -> Row:
        return next(row for row in annex(*usual(), device=who).basic_unit if row.name.startswith("Software"))

    assert (firmware(device()).value, firmware(device()).note) == ("2", "stated in the device file, not measured")
    said = IdentityEntry(manufacturer="M", model="D", serial="1", firmware="3")
    row = firmware(device().model_copy(update={"reported": said}))
    assert (row.value, row.note) == ("3", "reported by the device; its file says 2")
