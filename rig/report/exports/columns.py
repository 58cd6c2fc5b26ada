"""The columns of the long table: name, type, unit, meaning, and where each value comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.evidence.record import (
        CalibrationEntry,
        DeviceEntry,
        JudgementEntry,
        LimitEntry,
        LoadEntry,
        MeasurementEntry,
        StimulusEntry,
    )
    from rig.report.exports.long_table import Row

__all__ = ["COLUMNS", "FORMAT", "Column", "Kind", "Value"]

FORMAT = "rig-measurements/1"
OF_THE_ROW = "that of the row"
"""What stands for the unit of values whose unit is in the column ``unit``."""

Value = str | float | int | bool | datetime | date | None


class Kind(Enum):
    """What a column holds; a name is a text that many rows share."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    TRUTH = "truth"
    MOMENT = "moment"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; ``of`` says what stands there in a row, None for nothing."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    of: Callable[[Row], Value]


def _column(name: str, meaning: str, of: Callable[[Row], Value], kind: Kind = Kind.NAME, unit: str = "") -> Column:
    return Column(name=name, kind=kind, unit=unit, meaning=meaning, of=of)


def _device(take: Callable[[DeviceEntry], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.record.device) if row.record.device else None


def _set(take: Callable[[StimulusEntry], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.case.stimulus)


def _load(take: Callable[[LoadEntry], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.case.load) if row.case.load else None


def _measured(take: Callable[[MeasurementEntry], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.measurement) if row.measurement else None


def _windowed(index: int) -> Callable[[Row], Value]:
    return _measured(lambda one: one.window[index] if one.window else None)


def _calibrated(take: Callable[[CalibrationEntry], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.instrument.calibration) if row.instrument and row.instrument.calibration else None


def _limited(take: Callable[[LimitEntry], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.limit) if row.limit else None


def _checked(take: Callable[[JudgementEntry], Value]) -> Callable[[Row], Value]:
    return lambda row: take(row.check) if row.check else None


def _named(row: Row) -> MeasurementEntry | LimitEntry | None:
    return row.measurement or row.limit


def _unit(row: Row) -> Value:
    units = (one.unit for one in (row.measurement, row.limit) if one is not None)
    return next((unit.value for unit in units if unit is not None), None)


def _model(row: Row) -> Value:
    one = row.instrument
    return (one.identity.model if one.identity else one.name) if one else None


_RUN = (
    _column("run", "id of the run", lambda row: row.record.run_id),
    _column("run_started", "when the run began", lambda row: row.record.started, Kind.MOMENT, "UTC"),
    _column("run_verdict", "verdict of the run", lambda row: row.record.verdict.value),
    _column("record_sha256", "SHA-256 of the run's record.json", lambda row: row.run.record_sha256),
    _column(
        "manifest_sha256",
        "SHA-256 of the manifest that seals the bundle; nothing where it was never sealed",
        lambda row: row.run.manifest_sha256 or None,
    ),
    _column(
        "engineering_only",
        "whether the run was marked as evidence of nothing",
        lambda row: bool(row.record.engineering_only),
        Kind.TRUTH,
    ),
    _column("software", "version of the rig", lambda row: row.record.software.version),
    _column("software_commit", "commit of the rig", lambda row: row.record.software.commit or None),
    _column("operator", "who operated the bench", lambda row: row.record.operator or None),
    _column("bench", "id of the bench", lambda row: row.record.bench.id if row.record.bench else None),
    _column(
        "virtual",
        "whether the bench is a virtual one",
        lambda row: row.record.bench.virtual if row.record.bench else None,
        Kind.TRUTH,
    ),
    _column("device_manufacturer", "who made the device under test", _device(lambda one: one.manufacturer)),
    _column("device_model", "its model", _device(lambda one: one.model)),
    _column("device_serial", "its serial number", _device(lambda one: one.serial)),
    _column("device_firmware", "its firmware", _device(lambda one: one.firmware)),
)
_CASE = (
    _column("plan", "id of the plan", lambda row: row.case.plan),
    _column(
        "plan_revision",
        "revision of the plan",
        lambda row: next((plan.revision for plan in row.record.plans if plan.id == row.case.plan), None),
    ),
    _column("case", "id of the case", lambda row: row.case.id),
    _column("attempt", "which attempt at the case, from 1", lambda row: row.case.attempt, Kind.WHOLE),
    _column("decisive", "whether it is the last attempt", lambda row: not row.case.retried, Kind.TRUTH),
    _column("title", "title of the case", lambda row: row.case.title),
    _column("mode", "output mode that is tested", lambda row: row.case.mode or None),
    _column("location", "where it stands in the plan", lambda row: row.case.location),
    _column("traces", "requirements, hazards and clauses", lambda row: " ".join(row.case.traces) or None),
    _column("case_started", "when the case began", lambda row: row.case.started, Kind.MOMENT, "UTC"),
    _column("case_duration_s", "how long it took", lambda row: row.case.duration, Kind.NUMBER, "s"),
    _column("case_verdict", "verdict of the case", lambda row: row.case.verdict.value),
    _column("case_reason", "why the case has that verdict", lambda row: row.case.reason or None, Kind.TEXT),
)
_SETTINGS = (
    _column("set_channel", "channel of the device", _set(lambda one: one.channel), Kind.WHOLE),
    _column("set_shape", "shape of a pulse", _set(lambda one: one.shape)),
    _column("set_polarity", "polarity of the first phase", _set(lambda one: one.polarity)),
    _column("set_amplitude_A", "amplitude as set", _set(lambda one: one.amplitude), Kind.NUMBER, "A"),
    _column("set_phase_duration_s", "phase duration as set", _set(lambda one: one.phase_duration), Kind.NUMBER, "s"),
    _column("set_interphase_s", "interphase interval as set", _set(lambda one: one.interphase), Kind.NUMBER, "s"),
    _column("set_rate_Hz", "pulse rate as set", _set(lambda one: one.rate), Kind.NUMBER, "Hz"),
    _column("set_train_s", "length of the train as set", _set(lambda one: one.train), Kind.NUMBER, "s"),
    _column("load", "load position", _load(lambda one: one.name)),
    _column("load_nominal_ohm", "its nominal resistance", _load(lambda one: one.nominal), Kind.NUMBER, "ohm"),
    _column("load_resistance_ohm", "as it was calibrated", _load(lambda one: one.resistance), Kind.NUMBER, "ohm"),
    _column("load_uncertainty_ohm", "its standard uncertainty", _load(lambda one: one.uncertainty), Kind.NUMBER, "ohm"),
)
_MEASUREMENT = (
    _column("measurand", "what was measured", lambda row: named.measurand if (named := _named(row)) else None),
    _column(
        "during",
        "load of the stretch that is meant; nothing where it is the whole case",
        lambda row: (named.during or None) if (named := _named(row)) else None,
    ),
    _column("unit", "unit of the row", _unit),
    _column("value", "the measured value", _measured(lambda one: one.value), Kind.NUMBER, OF_THE_ROW),
    _column(
        "expanded_uncertainty",
        "U of the value, for 95 %",
        _measured(lambda one: one.expanded_uncertainty),
        Kind.NUMBER,
        OF_THE_ROW,
    ),
    _column(
        "coverage_factor",
        "k: U is so many standard uncertainties",
        _measured(lambda one: None if one.value is None else one.coverage_factor),
        Kind.NUMBER,
    ),
    _column(
        "expanded_single", "U of any one item", _measured(lambda one: one.expanded_single), Kind.NUMBER, OF_THE_ROW
    ),
    _column("n", "number of items", _measured(lambda one: one.n), Kind.WHOLE),
    _column("minimum", "the least item", _measured(lambda one: one.minimum), Kind.NUMBER, OF_THE_ROW),
    _column("maximum", "the greatest item", _measured(lambda one: one.maximum), Kind.NUMBER, OF_THE_ROW),
    _column("std", "standard deviation of the items", _measured(lambda one: one.std), Kind.NUMBER, OF_THE_ROW),
    _column("window_start_s", "where the window begins on the capture's time axis", _windowed(0), Kind.NUMBER, "s"),
    _column("window_stop_s", "where it ends", _windowed(1), Kind.NUMBER, "s"),
    _column("window", "what the window holds", _windowed(2)),
    _column("not_measured", "why there is no value", _measured(lambda one: one.reason or None), Kind.TEXT),
    _column("origin", "capture, signal, and what was done", _measured(lambda one: " > ".join(one.origin) or None)),
    _column("source", "instrument and channel", lambda row: row.source or None),
    _column("instrument", "model of the instrument", _model),
    _column(
        "instrument_serial",
        "its serial number",
        lambda row: row.instrument.identity.serial if row.instrument and row.instrument.identity else None,
    ),
    _column("calibration_certificate", "its certificate", _calibrated(lambda one: one.certificate)),
    _column("calibration_performed", "when it was calibrated", _calibrated(lambda one: one.performed), Kind.DAY),
    _column("calibration_due", "when it is due again", _calibrated(lambda one: one.due), Kind.DAY),
)
_LIMIT = (
    _column(
        "limit_number", "which limit of the value, from 1; 0 where there is none", lambda row: row.number, Kind.WHOLE
    ),
    _column("limit", "the limit in words", _limited(lambda one: one.text)),
    _column("lower", "its lower bound", _limited(lambda one: one.lower), Kind.NUMBER, OF_THE_ROW),
    _column("lower_closed", "whether that itself is allowed", _limited(lambda one: one.lower_closed), Kind.TRUTH),
    _column("upper", "its upper bound", _limited(lambda one: one.upper), Kind.NUMBER, OF_THE_ROW),
    _column("upper_closed", "whether that itself is allowed", _limited(lambda one: one.upper_closed), Kind.TRUTH),
    _column("binds", "each item, or their mean", _limited(lambda one: one.statistic.value)),
    _column("limit_source", "where the limit is written", _limited(lambda one: one.source)),
    _column("edition", "edition of the standard", _limited(lambda one: one.edition or None)),
    _column("clause", "clause of the standard", _limited(lambda one: one.clause or None)),
    _column("confidence", "how sure the limit is", _limited(lambda one: one.confidence.value)),
    _column("limit_traces", "what this check alone traces to", _limited(lambda one: " ".join(one.traces) or None)),
    _column("rule", "decision rule", _checked(lambda one: one.rule.value)),
    _column("judged_value", "the value that was compared", _checked(lambda one: one.value), Kind.NUMBER, OF_THE_ROW),
    _column("judged_uncertainty", "its U", _checked(lambda one: one.expanded_uncertainty), Kind.NUMBER, OF_THE_ROW),
    _column(
        "margin",
        "from there to the nearest bound, positive inside",
        _checked(lambda one: one.margin),
        Kind.NUMBER,
        OF_THE_ROW,
    ),
    _column(
        "probability_conforming",
        "of the true value lying within the limit",
        _checked(lambda one: one.probability_conforming),
        Kind.NUMBER,
    ),
    _column("verdict", "verdict of the check", _checked(lambda one: one.verdict.value)),
    _column("verdict_reason", "why", _checked(lambda one: one.reason), Kind.TEXT),
)

COLUMNS = (*_RUN, *_CASE, *_SETTINGS, *_MEASUREMENT, *_LIMIT)
