"""A realistic record with every verdict in it, and the waveforms of its captures, made from nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from rig.evidence.about import (
    AboutEntry,
    DeviationEntry,
    EnvironmentEntry,
    LaboratoryEntry,
    PhotographEntry,
    ReadingEntry,
    SampleEntry,
    StandardEntry,
)
from rig.evidence.record import (
    BenchEntry,
    CalibrationEntry,
    CaptureEntry,
    CaseRecord,
    DeviceEntry,
    ErrorEntry,
    FileEntry,
    IdentityEntry,
    InstrumentEntry,
    JudgementEntry,
    LimitEntry,
    LoadEntry,
    MeasurementEntry,
    NotEvaluatedEntry,
    OutputOffEntry,
    PackEntry,
    PlanEntry,
    RunRecord,
    SignalEntry,
    SoftwareEntry,
    StimulusEntry,
    WaveformEntry,
)
from rig.model.judgement import DecisionRule
from rig.model.limit import Confidence
from rig.model.measurement import Component
from rig.model.verdict import Verdict, worst
from rig.model.waveform import Waveform
from rig.units import Unit, format_quantity

START = datetime(2026, 11, 22, 9, 30, 12, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script> \"quoted\" & </style><img src=x onerror=alert(1)> \u202egnp\x00"
RATE = 500e3

Captures = Callable[[CaptureEntry], Mapping[str, Waveform]]


def source(name: str, origin: str = "") -> FileEntry:
    return FileEntry(origin=origin or name, file=name, sha256=hashlib.sha256(name.encode()).hexdigest())


def calibration(number: int, *, expired: bool = False) -> CalibrationEntry:
    due = date(2026, 9, 30) if expired else date(2027, 3, 14)
    return CalibrationEntry(
        certificate=f"C-2026-{number:04}",
        laboratory="Metrology Services Ltd (ISO/IEC 17025)",
        performed=date(2026, 3, 14),
        due=due,
        expired=expired,
    )


def load(name: str, *, expired: bool = False) -> LoadEntry:
    ohms = {"500 ohm": 500.0, "1 kohm": 1000.0, "10 kohm": 10_000.0}[name]
    return LoadEntry(
        name=name,
        nominal=ohms,
        resistance=ohms * 1.00024,
        uncertainty=ohms * 1e-4,
        power_rating=5.0,
        calibration=calibration(31, expired=expired),
    )


def bench(*, virtual: bool = False, expired: bool = False) -> BenchEntry:
    rows = [
        ("scope", "oscilloscope", "keysight-infiniivision", "Keysight Technologies", "DSOX3024T", "MY58100012"),
        ("daq", "digitizer", "ni-daqmx", "National Instruments", "USB-6363", "01D2A3B4"),
        ("switch", "load-switch", "keysight-34970a", "Keysight Technologies", "34970A", "MY44070123"),
        ("stimulator", "stimulator", "hasomed-sciencemode4", "HASOMED", "P24", "P24-000123"),
    ]
    return BenchEntry(
        id="bench-2",
        title="Output bench with oscilloscope and 16-bit card",
        virtual=virtual,
        source=source("bench.yaml", "fixtures/benches/bench-2.bench.yaml"),
        instruments=tuple(
            InstrumentEntry(
                name=name,
                role=role,
                driver=driver,
                address=f"TCPIP::192.0.2.{index}::INSTR",
                identity=IdentityEntry(manufacturer=maker, model=model, serial=serial, firmware="7.40"),
                calibration=None if role == "stimulator" else calibration(index, expired=expired and name == "daq"),
            )
            for index, (name, role, driver, maker, model, serial) in enumerate(rows, 1)
        ),
        loads=(
            load("500 ohm"),
            load("1 kohm"),
            load("10 kohm"),
            LoadEntry(name="open", nominal=None, resistance=None, uncertainty=0.0),
        ),
        signals=(
            SignalEntry(signal="voltage", instrument="scope", channel="1", probe=10.0, input_resistance=10e6),
            SignalEntry(
                signal="current", instrument="daq", channel="ai0", sense_resistor="Sense resistor", resistance=10.003
            ),
        ),
    )


def limit(
    measurand: str, unit: Unit, *, low: float | None = None, high: float | None = None, pack: str = ""
) -> LimitEntry:
    text = f"at most {format_quantity(high, unit)}" if low is None and high is not None else "within 10 % of set"
    return LimitEntry(
        measurand=measurand,
        lower=low,
        upper=high,
        unit=unit,
        text=text,
        source=pack or "plans/output.plan.yaml:31:9",
        clause="201.12.1.102" if pack else "",
        edition="2012 (edition 2)" if pack else "",
        confidence=Confidence.PROBABLE if pack else Confidence.SURE,
    )


def judge(entry: LimitEntry, value: float | None, spread: float | None) -> JudgementEntry:
    """Decide as the rig would, roughly: enough for a report to have something to show."""
    if value is None or spread is None:
        return JudgementEntry(
            limit=entry,
            rule=DecisionRule.NON_BINARY,
            verdict=Verdict.INCONCLUSIVE,
            reason=f"{entry.measurand} was not measured: there is no zero capture in this case.",
        )
    margin = min(
        entry.upper - value if entry.upper is not None else 1e9,
        value - entry.lower if entry.lower is not None else 1e9,
    )
    verdict = (
        Verdict.PASS if margin >= spread
        else Verdict.CONDITIONAL_PASS if margin >= 0
        else Verdict.CONDITIONAL_FAIL if margin >= -spread
        else Verdict.FAIL
    )  # fmt: skip
    reason = {
        Verdict.PASS: "Inside the limit by more than its uncertainty.",
        Verdict.CONDITIONAL_PASS: "Inside the limit, but by less than its uncertainty.",
        Verdict.CONDITIONAL_FAIL: "Beyond the limit, but by less than its uncertainty.",
        Verdict.FAIL: f"Largest of 25 phases is {format_quantity(-margin, entry.unit, digits=3)} beyond the limit.",
    }
    chance = 0.99999 if verdict is Verdict.PASS else 0.9 if verdict is Verdict.CONDITIONAL_PASS else 0.0001
    return JudgementEntry(
        limit=entry,
        rule=DecisionRule.NON_BINARY,
        verdict=verdict,
        reason=reason[verdict],
        value=value,
        expanded_uncertainty=spread,
        margin=margin,
        probability_conforming=chance,
    )


def measured(name: str, unit: Unit, value: float | None, spread: float, n: int = 25) -> MeasurementEntry:
    if value is None:
        return MeasurementEntry(measurand=name, reason="There is no zero capture in this case.")
    u = spread / 2
    return MeasurementEntry(
        measurand=name,
        unit=unit,
        value=value,
        n=n,
        minimum=value - 0.6 * spread,
        maximum=value + 0.7 * spread,
        std=0.3 * spread,
        expanded_uncertainty=0.9 * spread,
        expanded_single=spread,
        components=(
            Component(name="gain", standard_uncertainty=0.7 * u),
            Component(name="sense resistor", standard_uncertainty=0.1 * u),
            Component(name="offset", standard_uncertainty=0.5 * u),
            Component(name="noise", standard_uncertainty=0.2 * u),
        ),
        window=(0.0, 0.5, f"{n} whole phases"),
        origin=("signal-1", "current", f"{name} 1.0"),
    )


def capture_entries(case: int, *, zero: bool = True, defects: tuple[str, ...] = ()) -> tuple[CaptureEntry, ...]:
    def entry(purpose: str) -> CaptureEntry:
        return CaptureEntry(
            id=f"{purpose}-{case}",
            purpose=purpose,
            source=source(f"captures/{case:03}-{purpose}.h5"),
            triggered=purpose == "signal",
            waveforms=(
                WaveformEntry(
                    signal="current",
                    source="daq:ai0",
                    samples=int(0.52 * RATE),
                    sample_rate=RATE,
                    unit=Unit.AMPERE,
                    gain=1e-5,
                    offset=0.0,
                    start=-0.01,
                ),
            ),
            defects=defects if purpose == "signal" else (),
        )

    return ((entry("zero"),) if zero else ()) + (entry("signal"),)


def train(stimulus: StimulusEntry, *, gain: float = 1.0, seed: int = 0, drop: int | None = None) -> Waveform:
    """Return a train as a 16-bit card records it, offset and noise included; ``drop`` leaves out one pulse."""
    chance = np.random.Generator(np.random.PCG64(seed))
    times = np.arange(int(0.52 * RATE)) / RATE - 0.01
    index = np.floor(times * stimulus.rate)
    within = times - index / stimulus.rate
    width, rest, rise = stimulus.phase_duration, stimulus.interphase, 6e-6

    def phase(start: float) -> np.ndarray:
        up, down = (within - start) / rise, (start + width + rise - within) / rise
        return np.clip(np.minimum(up, down), 0.0, 1.0) * (1 - 0.03 * np.clip((within - start) / width, 0, 1))

    form = phase(0.0) - (phase(width + rest) if stimulus.shape != "monophasic" else 0.0)
    form[(times < 0) | (times > stimulus.train - 0.5 / stimulus.rate) | (index == (-1 if drop is None else drop))] = 0.0
    sign = -1 if stimulus.polarity == "negative" else 1
    current = sign * gain * stimulus.amplitude * form + 30e-6 + chance.normal(0, 25e-6, len(times))
    codes = np.round(current / 1e-5).astype(np.int16)
    return Waveform(samples=codes, interval=1 / RATE, unit=Unit.AMPERE, source="daq:ai0", gain=1e-5, start=-0.01)


def quiet(seed: int = 1) -> Waveform:
    chance = np.random.Generator(np.random.PCG64(seed))
    codes = np.round((30e-6 + chance.normal(0, 25e-6, 20_000)) / 1e-5).astype(np.int16)
    return Waveform(samples=codes, interval=1 / RATE, unit=Unit.AMPERE, source="daq:ai0", gain=1e-5)


def stimulus(amplitude: float, *, shape: str = "biphasic_symmetric", polarity: str = "positive") -> StimulusEntry:
    return StimulusEntry(
        channel=1,
        shape=shape,
        amplitude=amplitude,
        phase_duration=300e-6,
        interphase=100e-6 if shape != "monophasic" else 0.0,
        rate=50.0,
        train=0.5,
        polarity=polarity,
    )


def case(
    index: int, amplitude: float, ohms: str, *, gain: float = 1.0, zero: bool = True, title: str = "", **more: object
) -> CaseRecord:
    """Return a case that ran to its end; ``gain`` is the device's error, without ``zero`` charge is not judged."""
    top, spread = amplitude * gain, 0.006 * amplitude + 5e-5
    charge = 0.08e-6 * gain if zero else None
    judgements = (
        judge(limit("phase_top", Unit.AMPERE, low=0.9 * amplitude, high=1.1 * amplitude), top, spread),
        judge(limit("phase_duration", Unit.SECOND, low=270e-6, high=330e-6), 300.4e-6, 1.2e-6),
        judge(limit("pulse_rate", Unit.HERTZ, low=49.0, high=51.0), 50.0004, 0.0025),
        judge(limit("net_charge", Unit.COULOMB, low=-0.5e-6, high=0.5e-6), charge, 0.11e-6),
        judge(limit("rms_current", Unit.AMPERE, high=0.05, pack="iec60601-2-10:2012"), 0.173 * top, 0.003 * amplitude),
        judge(limit("missing_pulses", Unit.COUNT, low=0.0, high=0.0), 0.0, 0.0),
    )
    fields: dict[str, object] = {
        "id": f"amplitude-accuracy[{amplitude * 1000:g}mA-{ohms.replace(' ', '')}]",
        "plan": "NMES-OUT-001",
        "title": title or "Set amplitude is delivered over the declared load range",
        "location": "plans/output.plan.yaml:24:5",
        "traces": ("REQ-OUT-003", "RISK-CTL-07"),
        "verdict": worst(judgement.verdict for judgement in judgements),
        "reason": "; ".join(
            f"{judgement.limit.measurand}: {judgement.reason}"
            for judgement in judgements
            if judgement.verdict is not Verdict.PASS
        ),
        "decision_rule": DecisionRule.NON_BINARY,
        "started": START + timedelta(seconds=2 * index),
        "duration": 1.82,
        "stimulus": stimulus(amplitude),
        "load": load(ohms),
        "captures": capture_entries(index, zero=zero),
        "measurements": (
            measured("phase_top", Unit.AMPERE, top, spread, 50),
            measured("phase_duration", Unit.SECOND, 300.4e-6, 1.2e-6, 50),
            measured("pulse_rate", Unit.HERTZ, 50.0004, 0.0025, 24),
            measured("net_charge", Unit.COULOMB, charge, 0.11e-6),
            measured("rms_current", Unit.AMPERE, 0.173 * top, 0.003 * amplitude, 1),
        ),
        "judgements": judgements,
        "not_evaluated": (
            NotEvaluatedEntry(
                pack="iec60601-2-10:2012",
                clause="201.12.4.103",
                title="Output energy per pulse at most 300 mJ",
                reason="Needs the peak output voltage, which this case does not capture.",
            ),
        ),
        "output_off": OutputOffEntry(
            verdict=Verdict.PASS,
            residual=2.1e-5,
            expanded_uncertainty=1.4e-5,
            threshold=1e-4,
            reason="largest current after the stimulation 21 ± 14 uA",
        ),
    }
    return CaseRecord.model_validate(fields | more)


def run(cases: tuple[CaseRecord, ...], **more: object) -> RunRecord:
    fields: dict[str, object] = {
        "run_id": "20261122T093012Z-7f3a",
        "started": START,
        "finished": START + timedelta(seconds=2 * len(cases) + 9),
        "end_reason": "completed",
        "verdict": worst(entry.verdict for entry in cases),
        "operator": "M. Weber",
        "software": SoftwareEntry(
            version="0.1.0",
            commit="4f1c2d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
            modified=False,
            python="3.11.9",
            platform="Linux-6.1 x86_64",
            packages={"numpy": "2.4.6", "pyvisa": "1.16.0", "nidaqmx": "1.3.0", "h5py": "3.15.0"},
        ),
        "bench": bench(),
        "device": DeviceEntry(
            manufacturer="HASOMED",
            model="P24",
            serial="P24-000123",
            firmware="3.2.1",
            source=source("dut.yaml", "fixtures/duts/p24-healthy.dut.yaml"),
            reported=IdentityEntry(manufacturer="HASOMED", model="P24", serial="P24-000123", firmware="3.2.1"),
            ratings={"amplitude": "130 mA", "phase duration": "4 ms", "rate": "120 Hz"},
        ),
        "plans": (
            PlanEntry(
                id="NMES-OUT-001",
                title="Output limits and accuracy of the muscle stimulator",
                revision="C",
                source=source("output.plan.yaml", "testplans/output.plan.yaml"),
                decision_rule=DecisionRule.NON_BINARY,
            ),
        ),
        "packs": (
            PackEntry(
                id="iec60601-2-10:2012",
                title="Particular requirements for nerve and muscle stimulators",
                edition="2012 (edition 2)",
                source=source("iec.limits.yaml", "fixtures/limits/iec60601-2-10-2012.limits.yaml"),
            ),
        ),
        "cases": cases,
    }
    return RunRecord.model_validate(fields | more)


def every_verdict() -> RunRecord:
    """Return a run with every verdict, a repeated attempt, an expired calibration and hostile texts."""
    cases = (
        case(1, 0.005, "500 ohm"),
        case(2, 0.02, "500 ohm"),
        case(3, 0.05, "500 ohm", gain=1.25),
        case(4, 0.1, "500 ohm", gain=1.096),
        case(5, 0.02, "1 kohm", zero=False),
        case(
            6, 0.05, "1 kohm",
            verdict=Verdict.ERROR, reason="The oscilloscope sent an incomplete block.", judgements=(), measurements=(),
            captures=capture_entries(6, defects=("block of 125000 bytes ended after 61440",)),
            error=ErrorEntry(
                type="CommunicationError",
                message="scope: ':WAVeform:DATA?': block of 125000 bytes ended after 61440",
                stage="capturing",
            ),
        ),
        case(7, 0.05, "1 kohm", attempt=2),
        case(
            8, 0.02, "10 kohm",
            title=HOSTILE, traces=("REQ-<b>bold</b>",), stimulus=stimulus(0.02, polarity="negative"),
        ),
        case(9, 0.03, "500 ohm", stimulus=stimulus(0.03, shape="monophasic")),
        case(
            10, 0.1, "10 kohm",
            verdict=Verdict.NOT_RUN, reason="The run was stopped before this case.", judgements=(), measurements=(),
            captures=(), output_off=None, started=None, duration=None,
        ),
    )  # fmt: skip
    return run(
        cases,
        engineering_only=("daq: calibration was due on 2026-09-30", f"plan title {HOSTILE}"),
        end_reason="operator_abort",
        bench=bench(expired=True),
        not_selected=12,
        notes=("Room temperature 22.4 °C, relative humidity 41 %.",),
    )


def described(record: RunRecord) -> RunRecord:
    """Return a record of which people have said everything that they can."""
    assert record.bench
    assert record.device
    about = AboutEntry(
        objective="Show that the output stays within its declared accuracy.",
        customer="Example customer, Example street 2",
        method="Trains into resistive loads; every pulse is measured by itself.",
        standards=(StandardEntry(name="IEC 60601-2-10", edition="2012", deviations="10 kohm was added"),),
        sampling="One device, drawn at random from its lot.",
        worst_case="The largest amplitude into the largest load asks most of the output stage.",
        acceptance="The accuracy that the instructions for use declare.",
        analysis="The item nearest to its limit is compared; no value is left out.",
    )
    photograph = PhotographEntry(caption="From the front", source=source("sources/photographs/front.jpg", "front.jpg"))
    laboratory = LaboratoryEntry(name="Example laboratory", address="Example street 1", location="Room 12")
    sample = SampleEntry(
        description="Eight-channel stimulator",
        lot="L-7",
        condition="as delivered",
        finished=False,
        justification="The label is missing.",
        conditioning="24 h at 23 °C",
        sampled=date(2026, 11, 1),
        received=date(2026, 11, 2),
        accessories=("leads 1.5 m", "electrodes 50 mm × 50 mm"),
        battery="fully charged",
    )
    environment = EnvironmentEntry(
        temperature=ReadingEntry(value=23.1, expanded_uncertainty=0.5),
        humidity=ReadingEntry(value=0.41, expanded_uncertainty=0.03),
        instrument="thermohygrometer TH-1",
        certificate="C-2026-0040",
        due=date(2027, 3, 14),
    )
    deviations = (DeviationEntry(text="A lead was replaced.", cause="broken plug", impact="none: it was not measured"),)
    more = {"laboratory": laboratory, "photographs": (photograph,)}
    return record.model_copy(
        update={
            "bench": record.bench.model_copy(update=more),
            "device": record.device.model_copy(update={"sample": sample}),
            "plans": tuple(plan.model_copy(update={"about": about}) for plan in record.plans),
            "environment": environment,
            "deviations": deviations,
        }
    )


def samples_of(record: RunRecord) -> Captures:
    """Return what reads the captures of ``record``."""
    entries = {
        capture.source.file: (number, entry)
        for number, entry in enumerate(record.cases, 1)
        for capture in entry.captures
    }

    def read(capture: CaptureEntry) -> Mapping[str, Waveform]:
        number, entry = entries[capture.source.file]
        if capture.purpose == "zero":
            return {"current": quiet(number)}
        top = next((found.value for found in entry.measurements if found.measurand == "phase_top"), None)
        gain = (top or entry.stimulus.amplitude) / entry.stimulus.amplitude
        return {"current": train(entry.stimulus, gain=gain, seed=number, drop=11 if gain > 1.2 else None)}

    return read


@pytest.fixture
def record() -> RunRecord:
    return every_verdict()


@pytest.fixture
def captures(record: RunRecord) -> Captures:
    return samples_of(record)


@pytest.fixture
def describe() -> Callable[[RunRecord], RunRecord]:
    return described


@pytest.fixture
def make_case() -> Callable[..., CaseRecord]:
    return case


@pytest.fixture
def make_run() -> Callable[..., RunRecord]:
    return run


@pytest.fixture
def read_samples() -> Callable[[RunRecord], Captures]:
    return samples_of


@pytest.fixture
def make_train() -> Callable[..., Waveform]:
    return train
