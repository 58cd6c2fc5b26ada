"""The record of a run: everything a report says, and everything a reader needs to check it. Versioned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import ConfigDict, Field

from rig.evidence.about import (
    AboutEntry,
    DeviationEntry,
    EnvironmentEntry,
    LaboratoryEntry,
    PhotographEntry,
    SampleEntry,
    SettingEntry,
)
from rig.evidence.entry import Entry as _Entry
from rig.evidence.entry import FileEntry
from rig.model.happening import Action
from rig.model.judgement import DecisionRule
from rig.model.limit import Confidence, Statistic
from rig.model.measurement import Component
from rig.model.signal_path import SignalPath
from rig.model.verdict import Verdict
from rig.units import Unit

__all__ = [
    "SCHEMA",
    "AgreementEntry",
    "BenchEntry",
    "CalibrationEntry",
    "CaptureEntry",
    "CaseRecord",
    "DeliveryEntry",
    "DeviceEntry",
    "ErrorEntry",
    "FileEntry",
    "ForecastEntry",
    "HappeningEntry",
    "HighestEntry",
    "IdentityEntry",
    "InstrumentEntry",
    "JudgementEntry",
    "LimitEntry",
    "LoadEntry",
    "MadeSafeEntry",
    "MeasurementEntry",
    "MeterComparisonEntry",
    "MeteredEntry",
    "ModeEntry",
    "NotEvaluatedEntry",
    "OutputOffEntry",
    "PackEntry",
    "PlanEntry",
    "RangeEntry",
    "RunRecord",
    "SafetyStepEntry",
    "SignalEntry",
    "SoftwareEntry",
    "StimulusEntry",
    "WatchEntry",
    "WaveformEntry",
]

SCHEMA = "rig-record/1"

ChosenFor = Literal["expected peak", "scouted peak", "clipped capture"]
EndReason = Literal[
    "completed",
    "limit_stop",
    "operator_abort",
    "estop",
    "guard_trip",
    "lease_lost",
    "comms_error",
    "crash",
    "failed_to_start",
]


class IdentityEntry(_Entry):
    """Who an instrument said it is."""

    manufacturer: str
    model: str
    serial: str
    firmware: str


class CalibrationEntry(_Entry):
    """A calibration as it stood on the day of the run."""

    certificate: str
    laboratory: str
    performed: date
    due: date
    expired: bool


class InstrumentEntry(_Entry):
    """One instrument of the bench."""

    name: str
    role: str
    driver: str
    address: str
    identity: IdentityEntry | None = None
    calibration: CalibrationEntry | None = None


class LoadEntry(_Entry):
    """A load position; ``None`` stands for an open circuit's infinite resistance (ohm)."""

    name: str
    nominal: float | None
    resistance: float | None
    uncertainty: float
    power_rating: float | None = None
    calibration: CalibrationEntry | None = None


class SignalEntry(_Entry):
    """How one signal is seen: by which channel of which instrument, and across what.

    Of the voltage, ``probe`` is what the probe divides by and ``input_resistance`` what loads the output (ohm); of the
    current, ``sense_resistor`` is the resistor that it is read across, of ``resistance`` ohm.
    """

    signal: Literal["voltage", "current"]
    instrument: str
    channel: str
    probe: float | None = None
    input_resistance: float | None = None
    sense_resistor: str = ""
    resistance: float | None = None


class BenchEntry(_Entry):
    """The bench: its file, whether it is virtual, its instruments and loads, and what they are connected to."""

    id: str
    title: str
    virtual: bool
    source: FileEntry
    instruments: tuple[InstrumentEntry, ...]
    loads: tuple[LoadEntry, ...]
    signals: tuple[SignalEntry, ...] = ()
    laboratory: LaboratoryEntry | None = None
    photographs: tuple[PhotographEntry, ...] = ()


class HighestEntry(_Entry):
    """Settings of an output mode of which none can be raised without lowering another, SI."""

    amplitude: float
    phase_duration: float
    rate: float


class ModeEntry(_Entry):
    """An output mode as the device's maker declares it."""

    mode: str
    shape: str
    highest: tuple[HighestEntry, ...]


class DeviceEntry(_Entry):
    """The device under test: as its file describes it, and as it identified itself.

    ``basic_unit`` is what its maker states beyond its ratings, by the keys of the device file's block of that name.
    """

    manufacturer: str
    model: str
    serial: str
    firmware: str
    source: FileEntry
    reported: IdentityEntry | None = None
    ratings: dict[str, str] = Field(default_factory=dict)
    basic_unit: dict[str, str] = Field(default_factory=dict)
    modes: tuple[ModeEntry, ...] = ()
    sample: SampleEntry | None = None


class PlanEntry(_Entry):
    """A plan as it was run."""

    id: str
    title: str
    revision: str
    source: FileEntry
    decision_rule: DecisionRule
    about: AboutEntry | None = None


class PackEntry(_Entry):
    """A limit pack as it was applied."""

    id: str
    title: str
    edition: str
    source: FileEntry


class SoftwareEntry(_Entry):
    """What computed the results."""

    version: str
    commit: str
    modified: bool
    python: str
    platform: str
    packages: dict[str, str]


class StimulusEntry(_Entry):
    """A stimulus in SI units."""

    channel: int
    shape: str
    amplitude: float
    phase_duration: float
    interphase: float
    rate: float
    train: float
    polarity: str


class WaveformEntry(_Entry):
    """One signal of a capture; the samples are in the capture's file, raw.

    ``gain`` and ``offset`` turn a raw sample into ``unit`` at the load; ``path`` is how the signal reached the samples,
    with its standard uncertainties: with both, every measurement can be computed again. ``setting`` is how the
    instrument's input was set.
    """

    signal: str
    source: str
    samples: int
    sample_rate: float
    unit: Unit
    gain: float
    offset: float
    start: float
    path: SignalPath | None = None
    setting: SettingEntry | None = None


class HappeningEntry(_Entry):
    """What was done at some moment between two, s on the time axis of the capture's current."""

    action: Action
    begun: float
    ended: float
    detail: str = ""


class WatchEntry(_Entry):
    """What the live watch saw of a train that was ended or broke off, so that it can be held against its limits again.

    ``stimulus`` is what the device had been set to, ``path`` the way by which the current was read meanwhile. It was
    looked at in blocks, from the first sample on: each entry is of so many blocks, of so many samples each.
    """

    stimulus: StimulusEntry
    path: SignalPath
    blocks: tuple[tuple[int, int], ...]


class CaptureEntry(_Entry):
    """One capture: why it was taken, where its samples are, and what is wrong with it, if anything.

    ``source`` is the file that holds the samples; of a long capture it is the index of its ``pieces``, which hold them.
    ``screenshot`` is what the oscilloscope showed, and ``no_screenshot`` why there is none although it was wanted.
    ``zero`` is the id of the capture with the output off that it is measured against. ``watched`` is what the live
    watch saw, of a train that was ended or broke off.
    """

    id: str
    purpose: str
    source: FileEntry
    screenshot: FileEntry | None = None
    no_screenshot: str = ""
    pieces: tuple[FileEntry, ...] = ()
    triggered: bool
    waveforms: tuple[WaveformEntry, ...]
    defects: tuple[str, ...] = ()
    happenings: tuple[HappeningEntry, ...] = ()
    zero: str = ""
    watched: WatchEntry | None = None


class RangeEntry(_Entry):
    """One signal's range as it was asked for, ±V at the probe's tip or the card's input, and what it was chosen for.

    ``peak`` is the peak of either sign at the load that the range was to hold, in ``unit``; None after a clip.
    """

    signal: str
    half_range: float
    chosen_for: ChosenFor
    peak: float | None = None
    unit: Unit


class MeasurementEntry(_Entry):
    """One measurand; without a value, ``reason`` says why. ``during`` is the load of the stretch that is meant."""

    measurand: str
    during: str = ""
    unit: Unit | None = None
    value: float | None = None
    n: int = 0
    minimum: float | None = None
    maximum: float | None = None
    std: float | None = None
    expanded_uncertainty: float | None = None
    expanded_single: float | None = None
    coverage_factor: float = 2.0
    components: tuple[Component, ...] = ()
    window: tuple[float, float, str] | None = None
    origin: tuple[str, ...] = ()
    reason: str = ""

    @property
    def called(self) -> str:
        """The measurand, and of which stretch it is."""
        return f"{self.measurand} during {self.during}" if self.during else self.measurand


class LimitEntry(_Entry):
    """A limit as applied; a missing bound is None. ``during`` is the load of the stretch that is meant.

    ``traces`` are requirements, hazards and clauses that this check alone speaks of, and not its whole case.
    """

    measurand: str
    during: str = ""
    lower: float | None
    upper: float | None
    lower_closed: bool = True
    upper_closed: bool = True
    unit: Unit
    text: str
    source: str
    clause: str = ""
    edition: str = ""
    confidence: Confidence = Confidence.SURE
    statistic: Statistic = Statistic.EACH
    waiver: str = ""
    traces: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The measurand, and of which stretch it is."""
        return f"{self.measurand} during {self.during}" if self.during else self.measurand


class JudgementEntry(_Entry):
    """One check, decided; ``capture`` is that whose value a test in Python had judged, empty if it was its own."""

    limit: LimitEntry
    rule: DecisionRule
    verdict: Verdict
    reason: str
    value: float | None = None
    expanded_uncertainty: float | None = None
    margin: float | None = None
    probability_conforming: float | None = None
    capture: str = ""


class ForecastEntry(_Entry):
    """What was expected of one check before anything was energised: for an ideal device, on this bench.

    ``ratio`` is the test uncertainty ratio; None where counting is exact, or where nothing could be expected.
    """

    measurand: str
    text: str
    expected: float | None
    expanded_uncertainty: float | None
    ratio: float | None
    objection: str = ""
    waiver: str = ""


class AgreementEntry(_Entry):
    """One quantity as oscilloscope and digitizer saw it, with U of 95 %; above 1, ``e_n`` says that they disagree.

    ``uncertainty`` is the U of their difference, which ``e_n`` is a multiple of.
    """

    quantity: str
    unit: Unit
    oscilloscope: float
    oscilloscope_uncertainty: float
    digitizer: float
    digitizer_uncertainty: float
    uncertainty: float | None = None
    e_n: float | None


class MeterComparisonEntry(_Entry):
    """The mean current while the multimeter read, as the digitizer and it saw it, A, with U of 95 %; ``e_n`` as above.

    What the sense resistor adds is left out of every U here: it is common to both.
    """

    digitizer: Literal["as read", "zero taken off"]
    digitizer_mean: float
    digitizer_uncertainty: float
    multimeter_mean: float
    multimeter_uncertainty: float
    uncertainty: float
    e_n: float | None


class MeteredEntry(_Entry):
    """What the multimeter read across the sense resistor while the stimulus of a capture was delivered.

    ``readings`` are in V as they came, in the range of ±``full_scale`` V, each the mean over ``aperture`` s, which are
    so many periods of the mains; the first began between ``earliest`` and ``latest``, s on the capture's time axis.
    """

    instrument: str
    capture: str
    readings: tuple[float, ...]
    full_scale: float
    power_line_cycles: float
    aperture: float
    earliest: float
    latest: float
    comparisons: tuple[MeterComparisonEntry, ...] = ()


class NotEvaluatedEntry(_Entry):
    """An entry of a limit pack that gave no verdict in this case, why, and what was ``found`` for it, if it asks."""

    pack: str
    clause: str
    title: str
    reason: str
    found: str = ""


class OutputOffEntry(_Entry):
    """Whether the output was measured to be off after the case: largest current seen (A), what counts as off (A)."""

    verdict: Verdict
    residual: float | None = None
    expanded_uncertainty: float | None = None
    threshold: float | None = None
    reason: str


class SafetyStepEntry(_Entry):
    """One step of making safe: the time it took, s, and what was wrong with it, if anything."""

    name: str
    seconds: float
    problem: str = ""


class MadeSafeEntry(_Entry):
    """How the bench was made safe within a case, by the run or by the guard; what flows after that is measured."""

    by: Literal["run", "guard"]
    reason: str = ""
    seconds: float
    steps: tuple[SafetyStepEntry, ...]


class ErrorEntry(_Entry):
    """An exception that became an ERROR."""

    type: str
    message: str
    stage: str


class DeliveryEntry(_Entry):
    """One stimulus that a test in Python had asked for: at which load, in which ranges at last, and what came of it.

    ``captures`` are the ids of those that it took, and ``error`` is what it ended by, if it gave no values.
    """

    stimulus: StimulusEntry
    load: str
    ranges: tuple[RangeEntry, ...] = ()
    captures: tuple[str, ...] = ()
    error: ErrorEntry | None = None


class CaseRecord(_Entry):
    """One attempt at one case; one that is ``judged_from`` other cases energised nothing itself.

    One that was ``retried`` is shown, but what the case is worth is said by the attempt after it. ``mode`` is the
    output mode that is tested, as its maker calls it, where the plan says so. ``traces`` holds what its checks trace to
    as well. ``deliveries`` are what a test in Python has asked for; a plan says it for its own cases.
    """

    id: str
    plan: str
    title: str
    mode: str = ""
    location: str
    traces: tuple[str, ...] = ()
    attempt: int = 1
    retried: bool = False
    verdict: Verdict
    reason: str = ""
    decision_rule: DecisionRule
    started: datetime | None = None
    duration: float | None = None
    stimulus: StimulusEntry
    realised: StimulusEntry | None = None
    load: LoadEntry | None = None
    ranges: tuple[RangeEntry, ...] = ()
    captures: tuple[CaptureEntry, ...] = ()
    measurements: tuple[MeasurementEntry, ...] = ()
    judgements: tuple[JudgementEntry, ...] = ()
    not_evaluated: tuple[NotEvaluatedEntry, ...] = ()
    forecasts: tuple[ForecastEntry, ...] = ()
    agreements: tuple[AgreementEntry, ...] = ()
    metered: MeteredEntry | None = None
    output_off: OutputOffEntry | None = None
    made_safe: tuple[MadeSafeEntry, ...] = ()
    error: ErrorEntry | None = None
    judged_from: tuple[str, ...] = ()
    deliveries: tuple[DeliveryEntry, ...] = ()


class RunRecord(_Entry):
    """A whole run; ``cases`` holds a record of every attempt at every case.

    ``signed_by`` is the id of the key that signs the manifest, empty where nothing is signed: the signature itself says
    more, and this says that there must be one.
    """

    schema_: str = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    run_id: str
    started: datetime
    finished: datetime | None
    end_reason: EndReason
    verdict: Verdict
    engineering_only: tuple[str, ...] = ()
    operator: str = ""
    signed_by: str = ""
    software: SoftwareEntry
    bench: BenchEntry | None
    device: DeviceEntry | None
    plans: tuple[PlanEntry, ...]
    packs: tuple[PackEntry, ...] = ()
    not_selected: int = 0
    cases: tuple[CaseRecord, ...]
    notes: tuple[str, ...] = ()
    environment: EnvironmentEntry | None = None
    deviations: tuple[DeviationEntry, ...] = ()

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    @property
    def decisive(self) -> tuple[CaseRecord, ...]:
        """The last attempt at every case."""
        return tuple(case for case in self.cases if not case.retried)
