"""A series: a case that energises nothing and is judged from what the other cases of its sweep have measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.analysis.comparison import Point
from rig.analysis.series import SERIES, measure_series
from rig.model.measurement import NotMeasured
from rig.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rig.evidence.record import CaptureEntry
    from rig.model.judgement import Judgement
    from rig.model.limit import Limit
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.plan.case import Case
    from rig.verdict.packs import NotApplicable

__all__ = ["Found", "conclude", "found_in", "judge_series", "measure_all", "point_of", "way_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a case leaves for the series it belongs to; ``trouble`` says why nothing can be concluded from it."""

    outcomes: Mapping[str, Outcome]
    way: str = ""
    realised: Stimulus | None = None
    trouble: str = ""


def found_in(
    outcomes: Mapping[str, Outcome], captures: Iterable[CaptureEntry], realised: Stimulus | None, trouble: str
) -> Found:
    """Return what a case has found; what it measured beyond its limits counts like everything else."""
    paths = [
        f"{entry.source} {way_of(entry.path)}"
        for capture in captures
        if capture.purpose == "signal"
        for entry in capture.waveforms
        if entry.signal == "current" and entry.path is not None
    ]
    return Found(outcomes=dict(outcomes), way=paths[-1] if paths else "", realised=realised, trouble=trouble)


def way_of(path: SignalPath) -> str:
    """Name the way of a signal: what has equal scale and resolution was read with one gain and one resistor."""
    return f"{path.signal} {path.scale!r} {path.resolution!r}"


def point_of(case: Case, load: float, found: Found) -> Point:
    """Return a case as a point of its series; ``load`` is nominal, ohm."""
    return Point(
        label=case.id,
        stimulus=case.stimulus,
        load=load,
        way=found.way,
        outcomes=found.outcomes,
        realised=found.realised,
    )


def measure_all(
    case: Case,
    names: Iterable[str],
    found: Mapping[str, Found],
    loads: Mapping[str, float],
    *,
    selected: Collection[str],
) -> dict[str, Outcome]:
    """Measure over a series; without every one of its cases there is no value, and the missing ones are named.

    Parameters
    ----------
    found : by case id
    loads : nominal, ohm, by the name that cases give them
    selected : ids of the cases that belong to this run
    """
    missing = "; ".join(_missing(case, found, selected))
    if missing:
        return {name: NotMeasured(measurand=name, reason=missing) for name in names}
    points = [point_of(one, loads[one.load], found[one.id]) for one in case.series]
    return {name: measure_series(name, points) for name in names}


def conclude(
    case: Case,
    limits: Sequence[Limit],
    stated: Iterable[NotApplicable],
    found: Mapping[str, Found],
    loads: Iterable[Load],
    *,
    selected: Collection[str],
) -> tuple[dict[str, Outcome], tuple[Judgement, ...]]:
    """Measure and judge all that is asked of a series, and measure what packs want ``stated``.

    For ``found`` and ``selected`` see :func:`measure_all`.
    """
    asked = (limit.measurand for limit in limits)
    also = (entry.asks for entry in stated if entry.asks in SERIES)
    nominal = {load.name: load.nominal for load in loads}
    outcomes = measure_all(case, dict.fromkeys((*asked, *also)), found, nominal, selected=selected)
    return outcomes, judge_series(case, limits, outcomes)


def _missing(case: Case, found: Mapping[str, Found], selected: Collection[str]) -> Iterable[str]:
    for one in case.series:
        if one.id not in selected:
            yield f"{one.id} was not selected"
        elif one.id not in found:
            yield f"{one.id} was not run"
        elif trouble := found[one.id].trouble:
            yield f"{one.id} found nothing certain ({trouble})"


def judge_series(case: Case, limits: Iterable[Limit], outcomes: Mapping[str, Outcome]) -> tuple[Judgement, ...]:
    """Judge what was measured over a series by the case's rule."""
    return tuple(judge(outcomes[limit.measurand], limit, case.decision_rule) for limit in limits)
