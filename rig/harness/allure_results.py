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
    from collections.abc import Iterator
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, CaseRecord

__all__ = ["case_description", "case_links", "case_parameters", "case_steps", "case_title", "describe_case"]

_DIGITS = 12  # of a hash


def describe_case(record: CaseRecord, evidence: Path) -> None:
    """Say to Allure everything about a case that it can show; called while pytest runs the case."""
    allure.dynamic.title(case_title(record))
    allure.dynamic.description(case_description(record))
    for name, value in case_parameters(record):
        allure.dynamic.parameter(name, value)
    for trace in record.traces:
        allure.dynamic.label("trace", trace)
    for name, url in case_links(record, evidence):
        allure.dynamic.link(url, name=name)
    for title, verdict, reason in case_steps(record):
        _step(title, verdict, reason, record, evidence)
    for capture in record.captures:
        if capture.purpose == "signal":
            _attach_figure(record, capture, evidence)


def case_title(record: CaseRecord) -> str:
    """Return what a case is called in Allure."""
    return f"{record.id} — {record.title}"


def case_description(record: CaseRecord) -> str:
    """Return verdict, reason and place of a case, and the hash of each capture's file, as paragraphs."""
    captures = (f"{one.purpose} capture: {one.source.file}, SHA-256 {one.source.sha256}" for one in record.captures)
    verdict = f"{record.verdict}: {record.reason or 'every check passed'}"
    return "\n\n".join([verdict, f"Plan: {record.location}", *captures])


def case_parameters(record: CaseRecord) -> tuple[tuple[str, str], ...]:
    """Return name and value of what was set."""
    stimulus = record.stimulus
    return (
        ("amplitude", format_quantity(stimulus.amplitude, Unit.AMPERE)),
        ("phase duration", format_quantity(stimulus.phase_duration, Unit.SECOND)),
        ("rate", format_quantity(stimulus.rate, Unit.HERTZ)),
        ("train", format_quantity(stimulus.train, Unit.SECOND)),
        ("load", "none" if record.load is None else record.load.name),
    )


def case_links(record: CaseRecord, evidence: Path) -> Iterator[tuple[str, str]]:
    """Yield name and address of each capture's file; the name is so short that Allure does not cut it."""
    for capture in record.captures:
        yield (
            f"{capture.purpose} capture, SHA-256 {capture.source.sha256[:_DIGITS]}…",
            (evidence.absolute() / capture.source.file).as_uri(),
        )


def case_steps(record: CaseRecord) -> Iterator[tuple[str, Verdict, str]]:
    """Yield title, verdict and reason of each check, and of the output measured to be off."""
    for judgement in record.judgements:
        yield summarise_check(judgement), judgement.verdict, judgement.reason
    if record.output_off is not None:
        off = record.output_off
        yield f"output off after the case: {off.verdict}", off.verdict, off.reason


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
