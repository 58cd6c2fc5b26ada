"""What the captures of a case are worth: measured, doubted, bound by limits; alike in a run and in its replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.analysis.catalogue import CATALOGUE, Level
from rig.errors import RigError
from rig.model.measurement import NotMeasured
from rig.model.verdict import Verdict
from rig.sequencer.examine import examine, verify_load
from rig.sequencer.happened import Happened, examine_events, is_held
from rig.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rig.model.judgement import Judgement
    from rig.model.limit import Limit
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.plan.case import Case
    from rig.sequencer.examine import Corrected
    from rig.sequencer.resolve import ResolvedCase

__all__ = ["CLIPPED", "bound_outcomes", "doubt_about", "examine_case", "judge_what_came"]

CLIPPED = "the train was ended because the current clipped"
# What every phase shows by itself, however few there are.
_OF_A_PHASE = frozenset(name for name, entry in CATALOGUE.items() if entry.level is Level.PHASE)


def examine_case(
    signal: Corrected,
    zero: Corrected | None,
    resolved: ResolvedCase,
    *,
    load: Load,
    loads: Mapping[str, Load],
    paths: Callable[[str], Mapping[str, SignalPath]],
    electrode_area: float | None,
) -> Happened:
    """Measure a capture; where something happened in it, or is asked in time, also what followed what was done.

    For the parameters see :func:`rig.sequencer.happened.examine_events`.
    """
    case = resolved.case
    if not is_held(case, resolved.limits):
        found = examine(signal, zero, stimulus=case.stimulus, load=load, electrode_area=electrode_area)
        return Happened(findings=found, during={})
    return examine_events(
        signal, zero, stimulus=case.stimulus, load=load, loads=loads, paths=paths, electrode_area=electrode_area
    )


def doubt_about(found: Happened, case: Case, load: Load, *, clipped: bool) -> str:
    """Say why nothing that was found can be a PASS, or nothing; ``clipped``: the train was ended for that.

    Raises
    ------
    BenchError
        if what was seen excludes the load
    """
    cut_short = f"{CLIPPED}: no wider range was left" if clipped else ""
    unverified = verify_load(found.findings, load, case.stimulus, throughout=not case.events)
    return unverified or found.doubt or cut_short


def judge_what_came(resolved: ResolvedCase, examined: Callable[[], Happened]) -> tuple[list[Judgement], bool]:
    """Judge the phases that a broken capture shows: no later attempt makes up for one that was too much.

    Return every FAIL, and whether anything could not be judged.
    """
    bound = [one for one in resolved.limits if not one.during and one.measurand in _OF_A_PHASE]
    if not bound:
        return [], False
    try:
        found = examined().findings.outcomes
    except RigError:
        return [], True
    rule = resolved.case.decision_rule
    seen = [judge(found[one.measurand], one, rule) for one in bound if one.measurand in found]
    failed = [one for one in seen if one.verdict is Verdict.FAIL]
    return failed, any(one.verdict is Verdict.INCONCLUSIVE for one in seen)


def bound_outcomes(
    limit: Limit,
    outcomes: Mapping[str, Outcome],
    during: Mapping[tuple[str, str], Sequence[Outcome]],
    connected: str,
) -> tuple[Sequence[Outcome], bool]:
    """Return what a limit binds: one outcome, or one of every stretch while its load was ``connected``.

    Also whether it is of stretches, which are then on record beside what holds for the whole.
    """
    name, load = limit.measurand, limit.during
    if not load:
        return [outcomes.get(name) or NotMeasured(measurand=name, reason=f"{name} was not measured")], False
    missing = NotMeasured(measurand=name, reason=f"{name} was not measured while {load} was connected")
    if not during and load == connected:
        return [outcomes.get(name) or missing], False  # nothing else was ever connected
    return during.get((load, name), [missing]), True
