"""The records of cases: of one that was attempted, of a series that was judged from others, of one that was not run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from rig.errors import RigError
from rig.evidence import mapping
from rig.evidence.record import (
    AgreementEntry,
    CaseRecord,
    ErrorEntry,
    ForecastEntry,
    MadeSafeEntry,
    NotEvaluatedEntry,
    SafetyStepEntry,
)
from rig.model.verdict import Verdict
from rig.verdict.aggregate import case_verdict
from rig.verdict.notice import stated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from rig.evidence.record import MeteredEntry, OutputOffEntry
    from rig.model.judgement import Judgement
    from rig.model.measurement import Outcome
    from rig.sequencer.agreement import Agreement
    from rig.sequencer.guarded import Guardian
    from rig.sequencer.measurability import Forecast
    from rig.sequencer.resolve import ResolvedCase
    from rig.sequencer.work import CaseWork
    from rig.verdict.packs import NotApplicable

__all__ = ["Worth", "attempted", "broken_series", "concluded", "error_entry", "not_run", "series"]

_NOTHING_JUDGED = "nothing was judged: no data is never a pass"


class Worth(Protocol):
    """What a case was found to be worth; ``doubt`` is why it cannot be a PASS, ``during`` is by load and measurand."""

    doubt: str
    outcomes: dict[str, Outcome]
    during: dict[tuple[str, str], Sequence[Outcome]]
    agreements: tuple[Agreement, ...]
    metered: MeteredEntry | None
    judgements: list[Judgement]


def not_run(resolved: ResolvedCase, reason: str) -> CaseRecord:
    """Return the record of a case that was not run, and why."""
    case = resolved.case
    return CaseRecord(
        id=case.id,
        plan=case.plan,
        title=case.title,
        mode=case.mode,
        location=":".join(map(str, case.location)),
        traces=case.traces,
        verdict=Verdict.NOT_RUN,
        reason=reason,
        decision_rule=case.decision_rule,
        stimulus=mapping.stimulus_entry(case.stimulus),
        load=mapping.load_entry(resolved.load),
        not_evaluated=tuple(_not_evaluated(entry) for entry in resolved.not_applicable),
        forecasts=tuple(_forecast(entry) for entry in resolved.forecasts),
        judged_from=tuple(one.id for one in case.series),
    )


def attempted(
    resolved: ResolvedCase,
    work: CaseWork,
    *,
    started: datetime,
    duration: float,
    error: ErrorEntry | None,
    off: OutputOffEntry,
    aborted: bool,
) -> CaseRecord:
    """Return the record of what was done in a case, and of how it ended."""
    return not_run(resolved, "").model_copy(
        update={
            **concluded(resolved, work, error=error, off=off, aborted=aborted),
            "started": started,
            "duration": duration,
            "stimulus": mapping.stimulus_entry(work.asked or resolved.case.stimulus),
            "load": mapping.load_entry(work.load or resolved.load),
            "realised": None if work.realised is None else mapping.stimulus_entry(work.realised),
            "ranges": work.ranges,
            "captures": tuple(work.captures),
            "deliveries": tuple(work.deliveries),
            "made_safe": (*work.made_safe, *_by_guard(work.guardian)),
        }
    )


def concluded(
    resolved: ResolvedCase, worth: Worth, *, error: ErrorEntry | None, off: OutputOffEntry, aborted: bool
) -> dict[str, Any]:
    """Return what a case's record says of all that was found in it: verdict, values and judgements."""
    broken = [] if error is None else [Verdict.ABORTED if aborted else Verdict.ERROR]
    doubtful = [Verdict.INCONCLUSIVE] if worth.doubt or not worth.judgements else []
    others = [off.verdict, *doubtful, *broken]
    verdict = case_verdict(worth.judgements, declared=resolved.limits, others=others)
    return {
        "verdict": verdict,
        "reason": _reason(verdict, worth, off, error),
        "measurements": (
            *(mapping.measurement_entry(outcome) for outcome in worth.outcomes.values()),
            *(
                mapping.measurement_entry(one, during=load)
                for (load, _), found in worth.during.items()
                for one in found
            ),
        ),
        "agreements": tuple(_agreement(one) for one in worth.agreements),
        "metered": worth.metered,
        "judgements": tuple(mapping.judgement_entry(judgement) for judgement in worth.judgements),
        "not_evaluated": _stated(resolved, worth.outcomes),
        "output_off": off,
        "error": error,
    }


def series(
    resolved: ResolvedCase,
    outcomes: Mapping[str, Outcome],
    judgements: Sequence[Judgement],
    *,
    started: datetime,
    duration: float,
) -> CaseRecord:
    """Return the record of a case that was judged from what others have found."""
    undecided = () if judgements else (Verdict.INCONCLUSIVE,)
    verdict = case_verdict(judgements, declared=resolved.limits, others=undecided)
    reason = next((one.reason for one in judgements if one.verdict is verdict), _NOTHING_JUDGED)
    return not_run(resolved, "" if verdict is Verdict.PASS else reason).model_copy(
        update={
            "verdict": verdict,
            "started": started,
            "duration": duration,
            "measurements": tuple(mapping.measurement_entry(outcome) for outcome in outcomes.values()),
            "judgements": tuple(mapping.judgement_entry(judgement) for judgement in judgements),
            "not_evaluated": _stated(resolved, outcomes),
        }
    )


def broken_series(resolved: ResolvedCase, problem: RigError, *, started: datetime) -> CaseRecord:
    """Return the record of a series that could not be judged."""
    error = error_entry(problem, "judging the series")
    told = {"verdict": Verdict.ERROR, "error": error, "started": started}
    return not_run(resolved, error.message).model_copy(update=told)


def _not_evaluated(entry: NotApplicable, found: str = "") -> NotEvaluatedEntry:
    return NotEvaluatedEntry(pack=entry.pack, clause=entry.clause, title=entry.title, reason=entry.reason, found=found)


def _stated(resolved: ResolvedCase, outcomes: Mapping[str, Outcome]) -> tuple[NotEvaluatedEntry, ...]:
    """Return what packs say beside their limits, with the values that they ask to be stated."""
    return tuple(_not_evaluated(entry, stated(entry, outcomes.get(entry.asks))) for entry in resolved.not_applicable)


def _forecast(entry: Forecast) -> ForecastEntry:
    return ForecastEntry(
        measurand=entry.limit.measurand,
        text=entry.limit.text,
        expected=entry.expected,
        expanded_uncertainty=entry.expanded_uncertainty,
        ratio=entry.ratio if entry.ratio is not None and math.isfinite(entry.ratio) else None,
        objection=entry.objection,
        waiver=entry.limit.waiver,
    )


def _agreement(one: Agreement) -> AgreementEntry:
    return AgreementEntry(
        quantity=one.quantity,
        unit=one.unit,
        oscilloscope=one.oscilloscope,
        oscilloscope_uncertainty=one.oscilloscope_uncertainty,
        digitizer=one.digitizer,
        digitizer_uncertainty=one.digitizer_uncertainty,
        uncertainty=one.uncertainty,
        e_n=one.e_n if math.isfinite(one.e_n) else None,
    )


def _by_guard(guardian: Guardian) -> Iterator[MadeSafeEntry]:
    """Yield how the guard has made safe, if it has."""
    trip = guardian.last_trip
    if trip is not None:
        steps = tuple(SafetyStepEntry(**step) for step in trip["steps"])
        yield MadeSafeEntry(by="guard", reason=trip["reason"], seconds=trip["seconds"], steps=steps)


def error_entry(problem: BaseException, stage: str) -> ErrorEntry:
    """Say what went wrong in the rig's words; of an error that is not the rig's own, its type as well."""
    message = str(problem) if isinstance(problem, RigError) else f"{type(problem).__name__}: {problem}"
    return ErrorEntry(type=type(problem).__name__, message=message.strip(), stage=stage)


def _reason(verdict: Verdict, work: Worth, off: OutputOffEntry, error: ErrorEntry | None) -> str:
    """Return the sentence that explains the verdict: of all that is wrong, the first thing that is as bad."""
    if verdict is Verdict.PASS:
        return ""
    for judgement in work.judgements:
        if judgement.verdict is verdict:
            return judgement.reason
    if off.verdict is verdict:
        return off.reason
    if error is not None:
        return error.message
    return work.doubt or ("not every declared check was evaluated" if work.judgements else _NOTHING_JUDGED)
