"""What a database keeps of a run: its record laid out in rows, values in SI units, what is not known as None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

__all__ = [
    "CaseRow",
    "InstrumentRow",
    "JudgementRow",
    "LoadRow",
    "MeasurementRow",
    "PackRow",
    "PlanRow",
    "Results",
    "RunRow",
    "called",
]


def called(measurand: str, during: str) -> str:
    """Return a measurand, and of which stretch it is."""
    return f"{measurand} during {during}" if during else measurand


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run; ``bundle`` is where its evidence lay, ``manifest_sha256`` what it is.

    The surroundings are what a person stated: temperature in degC, relative humidity as a ratio, U with k = 2.
    """

    run_id: str
    manifest_sha256: str
    bundle: str
    started: datetime
    finished: datetime | None
    end_reason: str
    verdict: Verdict
    engineering_only: tuple[str, ...]
    notes: tuple[str, ...]
    operator: str
    signed_by: str
    not_selected: int
    bench: str
    virtual: bool
    device_manufacturer: str
    device_model: str
    device_serial: str
    device_firmware: str
    software_version: str
    software_commit: str
    software_modified: bool
    python: str
    platform: str
    packages: Mapping[str, str]
    temperature: float | None = None
    temperature_uncertainty: float | None = None
    humidity: float | None = None
    humidity_uncertainty: float | None = None
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan of a run."""

    run_id: str
    position: int
    id: str
    title: str
    revision: str
    sha256: str
    decision_rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRow:
    """A limit pack of a run."""

    run_id: str
    position: int
    id: str
    title: str
    edition: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRow:
    """An instrument of the bench of a run; of one without a calibration those fields are None."""

    run_id: str
    position: int
    name: str
    role: str
    driver: str
    address: str
    manufacturer: str
    model: str
    serial: str
    firmware: str
    certificate: str | None
    calibrated: date | None
    due: date | None
    expired: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """A load position of the bench of a run, ohm."""

    run_id: str
    position: int
    name: str
    nominal: float | None
    resistance: float | None
    uncertainty: float
    certificate: str | None
    due: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One attempt at a case, with the stimulus as it was set, in SI units."""

    run_id: str
    position: int
    plan: str
    id: str
    title: str
    traces: tuple[str, ...]
    attempt: int
    retried: bool
    verdict: Verdict
    reason: str
    decision_rule: str
    started: datetime | None
    duration: float | None
    load: str
    load_resistance: float | None
    channel: int
    shape: str
    amplitude: float
    phase_duration: float
    interphase: float
    rate: float
    train: float
    polarity: str
    error_type: str
    error_message: str
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementRow:
    """One measurand of a case; ``instrument`` is what its signal was taken from, empty where that is not one."""

    run_id: str
    case_position: int
    position: int
    measurand: str
    during: str
    instrument: str
    unit: str | None
    value: float | None
    n: int
    minimum: float | None
    maximum: float | None
    std: float | None
    expanded_uncertainty: float | None
    expanded_single: float | None
    coverage_factor: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementRow:
    """One check of a case, with its limit as it was applied."""

    run_id: str
    case_position: int
    position: int
    measurand: str
    during: str
    unit: str
    lower: float | None
    upper: float | None
    lower_closed: bool
    upper_closed: bool
    text: str
    source: str
    clause: str
    edition: str
    statistic: str
    rule: str
    verdict: Verdict
    reason: str
    value: float | None
    expanded_uncertainty: float | None
    margin: float | None
    probability_conforming: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All rows of one run, each kind in the order of the record."""

    run: RunRow
    plans: tuple[PlanRow, ...]
    packs: tuple[PackRow, ...]
    instruments: tuple[InstrumentRow, ...]
    loads: tuple[LoadRow, ...]
    cases: tuple[CaseRow, ...]
    measurements: tuple[MeasurementRow, ...]
    judgements: tuple[JudgementRow, ...]
