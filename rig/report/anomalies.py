"""Everything in a record that was not as it should be, gathered in one list; nothing is left out for looking minor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import CaseRecord, RunRecord, SafetyStepEntry

__all__ = ["Anomaly", "anomalies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One deviation: ``key`` is the anchor of its case, empty where it concerns the whole run."""

    where: str
    key: str
    kind: str
    text: str


def anomalies(record: RunRecord) -> Iterator[Anomaly]:
    """Yield the run's anomalies, then those of each case in the order of the record."""
    for kind, text in _of_run(record):
        yield Anomaly(where="run", key="", kind=kind, text=text)
    for index, case in enumerate(record.cases, 1):
        for kind, text in _of_case(case):
            yield Anomaly(where=case.id, key=f"case-{index}", kind=kind, text=text)


def _of_run(record: RunRecord) -> Iterator[tuple[str, str]]:
    for note in record.notes:
        yield "note", note
    if record.software.modified:
        yield "software", "The software had changes that are not in the named commit."
    if record.device and (said := record.device.reported):
        for name in ("manufacturer", "model", "serial", "firmware"):
            filed, reported = getattr(record.device, name), getattr(said, name)
            if filed != reported:
                yield "identity", f"The device reports {name} {reported!r}; its file says {filed!r}."
    if record.bench:
        calibrated = [(entry.name, entry.calibration) for entry in record.bench.instruments]
        calibrated += [(entry.name, entry.calibration) for entry in record.bench.loads]
        for name, calibration in calibrated:
            if calibration and calibration.expired:
                yield "calibration", f"{name}: calibration was due on {calibration.due}."


def _of_case(case: CaseRecord) -> Iterator[tuple[str, str]]:
    if case.attempt > 1:
        yield "repeated", f"This is attempt {case.attempt}."
    if case.retried:
        yield "repeated", "The dialogue with an instrument broke; the case was tried again."
    if case.error:
        yield "error", f"{case.error.type} while {case.error.stage}: {case.error.message}"
    for capture in case.captures:
        for defect in capture.defects:
            yield "capture", f"{capture.id}: {defect}"
        if not capture.triggered and capture.purpose == "signal":
            yield "capture", f"{capture.id}: not triggered"
    for made in case.made_safe:
        steps = ", ".join(_step(step) for step in made.steps)
        yield "made safe", f"By the {made.by} in {format_quantity(made.seconds, Unit.SECOND, digits=2)}: {steps}."
    off = case.output_off
    if off is None and case.verdict is not Verdict.NOT_RUN and not case.judged_from:
        yield "output off", "It was not recorded whether the output was off after this case."
    elif off and off.verdict is not Verdict.PASS:
        yield "output off", f"{off.verdict.value.replace('_', ' ')}: {off.reason}"


def _step(step: SafetyStepEntry) -> str:
    took = format_quantity(step.seconds, Unit.SECOND, digits=2)
    return f"{step.name} ({took}: {step.problem})" if step.problem else f"{step.name} ({took})"
