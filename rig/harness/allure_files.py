"""A run of which the evidence is at hand as Allure results: what ``rig run --allure`` writes, made afterwards."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import (
    Attachment,
    Label,
    Link,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)

from rig.errors import RigError
from rig.evidence.long_capture import read_signals
from rig.evidence.plain import inside
from rig.harness.allure_results import case_description, case_links, case_parameters, case_steps, case_title
from rig.model.verdict import Verdict
from rig.report.picture import pulse_png

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rig.evidence.record import CaseRecord
    from rig.report.exports.exported import ExportedRun

__all__ = ["write_allure"]

_NAMES = uuid.UUID("23024013-a25e-56e2-b2b2-6987e48445f8")  # under which results get names that stay the same


def write_allure(run: ExportedRun, bundle: Path, folder: Path) -> None:
    """Write a result for each attempt at a case, with its figure, and where all of it comes from.

    Attempts at one case share their history, so that Allure shows the earlier ones as retries.
    """
    logger = AllureFileLogger(str(folder))
    for case in run.record.cases:
        result = _result(run, case, bundle)
        for name, picture in _figures(case, bundle):
            source = f"{_uuid(result.uuid, name)}-attachment.png"
            logger.report_attached_data(picture, source)
            result.attachments.append(Attachment(name=name, source=source, type="image/png"))
        logger.report_result(result)
    lines = [f"{name}={_property(value)}" for name, value in run.provenance()]
    (folder / "environment.properties").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _result(run: ExportedRun, case: CaseRecord, bundle: Path) -> TestResult:
    began = case.started or run.record.started
    start = round(began.timestamp() * 1000)
    stop = start + round((case.duration or 0.0) * 1000)
    history = _uuid(case.plan, case.id)
    return TestResult(
        uuid=_uuid(run.record_sha256, case.plan, case.id, str(case.attempt)),
        historyId=history,
        testCaseId=history,
        fullName=f"{case.plan}: {case.id}",
        name=case_title(case),
        status=_status(case.verdict),
        statusDetails=_details(case.verdict, case.reason),
        stage="finished",
        description=case_description(case),
        start=start,
        stop=stop,
        steps=[
            TestStepResult(
                name=title,
                status=_status(verdict),
                statusDetails=_details(verdict, reason),
                stage="finished",
                start=stop,
                stop=stop,
            )
            for title, verdict, reason in case_steps(case)
        ],
        parameters=[Parameter(name=name, value=value) for name, value in case_parameters(case)],
        labels=[Label(name=name, value=value) for name, value in _labels(run, case)],
        links=[Link(type="link", name=name, url=url) for name, url in case_links(case, bundle)],
        titlePath=[case.plan],
    )


def _labels(run: ExportedRun, case: CaseRecord) -> Iterator[tuple[str, str]]:
    for trace in case.traces:
        yield "trace", trace
    yield "suite", case.plan
    yield "framework", "nmes-rig"
    if run.record.bench:
        yield "host", run.record.bench.id


def _status(verdict: Verdict) -> str:
    """Return what pytest would have said: failed is the device, broken is whatever else is not a PASS."""
    if verdict is Verdict.PASS:
        return str(Status.PASSED)
    if verdict is Verdict.NOT_RUN:
        return str(Status.SKIPPED)
    return str(Status.FAILED if verdict.failed else Status.BROKEN)


def _details(verdict: Verdict, reason: str) -> StatusDetails | None:
    return (
        None if verdict is Verdict.PASS else StatusDetails(message=f"{verdict}: {reason}" if reason else verdict.value)
    )


def _figures(case: CaseRecord, bundle: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and picture of what was measured; one that cannot be drawn keeps no result from being written."""
    for capture in case.captures:
        if capture.purpose != "signal":
            continue
        with suppress(RigError):
            picture = pulse_png(case, read_signals(inside(bundle, capture.source.file)))
            if picture:
                yield f"pulse, {capture.id}", picture


def _uuid(*names: str) -> str:
    return str(uuid.uuid5(_NAMES, "\0".join(names)))


def _property(value: str) -> str:
    """Write a value for a file of properties, where a backslash means something."""
    return " ".join(value.replace("\\", "\\\\").split())
