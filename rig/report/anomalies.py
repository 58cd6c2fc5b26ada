"""Everything in a record that was not as it should be, gathered in one list; nothing is left out for looking minor."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.about import DeviationEntry
    from rig.evidence.record import CaseRecord, RunRecord, SafetyStepEntry

__all__ = ["Anomaly", "anomalies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One deviation: ``key`` is the anchor of its case, empty where it concerns the whole run.

    ``found`` is how it was found, ``cause`` why it came to be, ``impact`` what it means for results, ``outcome`` what
    became of it; it is ``unresolved`` where the case it concerns did not pass in the end, or a person must decide.
    """

    where: str
    key: str
    kind: str
    text: str
    found: str
    cause: str
    impact: str
    outcome: str
    unresolved: bool


_FOUND = {
    "note": "noted while the run went on",
    "deviation": "told by the operator",
    "software": "compared with the commit when the run began",
    "identity": "asked when the bench was opened",
    "waiver": "written in the plan before the run",
    "calibration": "its date was compared when the bench was opened",
    "repeated": "the dialogue with an instrument broke",
    "error": "an instrument or the rig itself reported it",
    "capture": "every capture is examined before it is measured",
    "made safe": "every step of making safe is watched",
    "output off": "the output is measured after every case",
}
_UNKNOWN = "not known"
_IMPACT_OF_RUN = {
    "note": "not stated",
    "software": "the commit alone does not say what computed the results",
    "identity": "the item may be another one than was described",
    "calibration": "results may not be used as evidence of conformity",
}


def anomalies(record: RunRecord) -> Iterator[Anomaly]:
    """Yield the run's anomalies, then those of each case in the order of the record."""
    for told in record.deviations:
        yield _deviation(told)
    for kind, text in _of_run(record):
        yield _concerning_run(record, kind, text)
    yield from _waivers(record)
    last = {(case.plan, case.id): case for case in record.decisive}
    for index, case in enumerate(record.cases, 1):
        for kind, text in _of_case(case):
            yield _concerning(case, last.get((case.plan, case.id), case), f"case-{index}", kind, text)


def _deviation(told: DeviationEntry) -> Anomaly:
    return Anomaly(
        where="run",
        key="",
        kind="deviation",
        text=told.text,
        found=_FOUND["deviation"],
        cause=told.cause or "not stated",
        impact=told.impact or "not stated",
        outcome="on record",
        unresolved=not told.impact,
    )


def _waivers(record: RunRecord) -> Iterator[Anomaly]:
    """Yield each waiver once, with what became of the checks that it concerns."""
    found: dict[tuple[str, str, str], Counter[Verdict]] = {}
    for case in record.decisive:
        for one in case.judgements:
            if one.limit.waiver:
                found.setdefault((one.limit.called, one.limit.text, one.limit.waiver), Counter())[one.verdict] += 1
    for (measurand, text, waiver), verdicts in found.items():
        passed = set(verdicts) == {Verdict.PASS}
        demand = f"{measurand.replace('_', ' ')}, {text}"
        yield Anomaly(
            where="plan",
            key="",
            kind="waiver",
            text=f"It was accepted that this bench may not be able to decide a check ({demand}): {waiver}",
            found=_FOUND["waiver"],
            cause="as stated",
            impact="none: it could be decided" if passed else "a check of this run did not pass",
            outcome=", ".join(f"{number} {verdict.value.replace('_', ' ')}" for verdict, number in verdicts.items()),
            unresolved=not passed,
        )


def _concerning_run(record: RunRecord, kind: str, text: str) -> Anomaly:
    marked = kind == "calibration" and bool(record.engineering_only)
    return Anomaly(
        where="run",
        key="",
        kind=kind,
        text=text,
        found=_FOUND[kind],
        cause=_UNKNOWN if kind in {"software", "identity"} else "as stated",
        impact=_IMPACT_OF_RUN[kind],
        outcome="the run is marked ENGINEERING ONLY" if marked else "on record",
        unresolved=kind != "note",
    )


def _concerning(case: CaseRecord, last: CaseRecord, key: str, kind: str, text: str) -> Anomaly:
    """Say what an anomaly of a case means for it, by what became of its last attempt."""
    verdict = last.verdict.value.replace("_", " ")
    impact = "none on other attempts: each is judged by itself" if kind == "repeated" else f"the case is {verdict}"
    if case.retried:
        impact = "none: this attempt is not what the case is judged by"
    if kind == "capture" and text.partition(": ")[0] in _replaced(case):
        impact = "none: this capture was not judged"
    outcome = f"attempt {last.attempt} is {verdict}" if last is not case else f"the case is {verdict}"
    return Anomaly(
        where=case.id,
        key=key,
        kind=kind,
        text=text,
        found=_FOUND[kind],
        cause="as stated" if kind in {"error", "made safe"} else _UNKNOWN,
        impact=impact,
        outcome=outcome,
        unresolved=last.verdict is not Verdict.PASS,
    )


def _replaced(case: CaseRecord) -> frozenset[str]:
    """Return the captures of the stimulus after which it was delivered again."""
    return frozenset([one.id for one in case.captures if one.purpose == "signal"][:-1])


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
