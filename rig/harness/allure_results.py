"""A case as Allure shows it: parameters, a step per check, links to the raw data by hash, one small figure."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import allure

from rig.evidence.long_capture import read_signals
from rig.harness.present import summarise_check
from rig.harness.session import CaseNotPassed
from rig.model.verdict import Verdict
from rig.report.picture import pulse_png
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, CaseRecord

__all__ = ["describe_case"]


def describe_case(record: CaseRecord, evidence: Path) -> None:
    """Say to Allure everything about a case that it can show; called while pytest runs the case."""
    allure.dynamic.title(f"{record.id} — {record.title}")
    allure.dynamic.description(f"{record.verdict}: {record.reason or 'every check passed'}\n\nPlan: {record.location}")
    for name, value in _parameters(record):
        allure.dynamic.parameter(name, value)
    for trace in record.traces:
        allure.dynamic.label("trace", trace)
    for capture in record.captures:
        name = f"{capture.purpose} capture, SHA-256 {capture.source.sha256}"
        allure.dynamic.link((evidence / capture.source.file).as_uri(), name=name)
    for judgement in record.judgements:
        _step(summarise_check(judgement), judgement.verdict, judgement.reason, record, evidence)
    if record.output_off is not None:
        off = record.output_off
        _step(f"output off after the case: {off.verdict}", off.verdict, off.reason, record, evidence)
    for capture in record.captures:
        if capture.purpose == "signal":
            _attach_figure(record, capture, evidence)


def _parameters(record: CaseRecord) -> tuple[tuple[str, str], ...]:
    stimulus = record.stimulus
    return (
        ("amplitude", format_quantity(stimulus.amplitude, Unit.AMPERE)),
        ("phase duration", format_quantity(stimulus.phase_duration, Unit.SECOND)),
        ("rate", format_quantity(stimulus.rate, Unit.HERTZ)),
        ("train", format_quantity(stimulus.train, Unit.SECOND)),
        ("load", "none" if record.load is None else record.load.name),
    )


def _step(title: str, verdict: Verdict, reason: str, record: CaseRecord, evidence: Path) -> None:
    """Add a step; Allure takes a step's status from what is raised within it."""
    with suppress(CaseNotPassed), allure.step(title):
        if verdict is not Verdict.PASS:
            failed = record.model_copy(update={"verdict": verdict, "reason": reason})
            raise CaseNotPassed.of(failed, str(evidence))


def _attach_figure(record: CaseRecord, capture: CaptureEntry, evidence: Path) -> None:
    waveforms = read_signals(evidence / capture.source.file)
    picture = pulse_png(record, waveforms)
    if picture:
        allure.attach(picture, name=f"pulse, {capture.id}", attachment_type=allure.attachment_type.PNG)
