"""Runs made in memory: whatever cases with whatever verdicts, on whatever day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from rig.evidence.record import (
    BenchEntry,
    CaseRecord,
    DeviceEntry,
    FileEntry,
    JudgementEntry,
    LimitEntry,
    NotEvaluatedEntry,
    PlanEntry,
    RunRecord,
    SoftwareEntry,
    StimulusEntry,
)
from rig.evidence.trace.requirement import Hazard, Requirement, Requirements, RiskControl
from rig.evidence.trace.results import Run
from rig.model.judgement import DecisionRule
from rig.model.verdict import Verdict, worst
from rig.units import Unit

DAY = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
STIMULUS = StimulusEntry(
    channel=1, shape="biphasic_symmetric", amplitude=0.02, phase_duration=300e-6, interphase=0.0, rate=50.0, train=1.0,
    polarity="positive",
)  # fmt: skip


def source(name: str) -> FileEntry:
    return FileEntry(origin=name, file=name, sha256="0" * 64)


def judged(
    measurand: str, verdict: Verdict, *, traces: Iterable[str] = (), pack: str = "", clause: str = "", title: str = ""
) -> JudgementEntry:
    return JudgementEntry(
        limit=LimitEntry(
            measurand=measurand,
            lower=None,
            upper=1.0,
            unit=Unit.AMPERE,
            text=f"{title}: at most 1 A" if pack else "at most 1 A",
            source=pack or "p.plan.yaml:1:1",
            clause=clause,
            edition="1" if pack else "",
            traces=tuple(traces),
        ),
        rule=DecisionRule.GUARDED,
        verdict=verdict,
        reason="it is so",
        value=0.5,
        expanded_uncertainty=0.01,
        margin=0.5,
    )


def case(
    name: str,
    verdict: Verdict,
    traces: Iterable[str] = (),
    judgements: Iterable[JudgementEntry] | None = None,
    left_out: Iterable[NotEvaluatedEntry] = (),
    started: datetime | None = None,
) -> CaseRecord:
    never = verdict in {Verdict.NOT_RUN, Verdict.ERROR, Verdict.ABORTED}
    own = () if never else (judged("phase_top", verdict),)
    return CaseRecord(
        id=name,
        plan="P",
        title=name,
        location="p.plan.yaml:1:1",
        traces=tuple(traces),
        verdict=verdict,
        reason="" if verdict is Verdict.PASS else "it is so",
        decision_rule=DecisionRule.GUARDED,
        started=started,
        stimulus=STIMULUS,
        judgements=own if judgements is None else tuple(judgements),
        not_evaluated=tuple(left_out),
    )


def run(
    name: str, *cases: CaseRecord, day: int = 0, serial: str = "1", virtual: bool = False, marks: Iterable[str] = ()
) -> Run:
    started = DAY + timedelta(days=day)
    record = RunRecord(
        run_id=name,
        started=started,
        finished=started + timedelta(hours=1),
        end_reason="completed",
        verdict=worst(one.verdict for one in cases),
        software=SoftwareEntry(version="1", commit="", modified=False, python="3", platform="x", packages={}),
        bench=BenchEntry(id="B", title="B", virtual=virtual, source=source("b.bench.yaml"), instruments=(), loads=()),
        device=DeviceEntry(manufacturer="M", model="D", serial=serial, firmware="1", source=source("d.dut.yaml")),
        plans=(
            PlanEntry(
                id="P", title="P", revision="A", source=source("p.plan.yaml"), decision_rule=DecisionRule.GUARDED
            ),
        ),
        cases=cases,
    )
    return Run(record=record, bundle=f"/{name}", marks=tuple(marks))


def requirement(
    name: str,
    revised: date | None = None,
    *,
    hazards: tuple[str, ...] = (),
    risk_controls: tuple[str, ...] = (),
    clauses: tuple[str, ...] = (),
) -> Requirement:
    return Requirement(
        id=name,
        title=f"title of {name}",
        revised=revised,
        hazards=hazards,
        risk_controls=risk_controls,
        clauses=clauses,
    )


def asked(
    *requirements: Requirement, hazards: Iterable[Hazard] = (), controls: Iterable[RiskControl] = ()
) -> Requirements:
    return Requirements(
        file="r.yaml",
        sha256="0" * 64,
        requirements=requirements,
        hazards=tuple(hazards),
        risk_controls=tuple(controls),
    )
