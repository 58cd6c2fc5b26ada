"""A bundle replayed: every case measured and judged again from its captures, series from their cases, and compared."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.errors import RigError
from rig.evidence.reading import read_record
from rig.evidence.verification import refuse_unless_whole
from rig.sequencer import case_record
from rig.sequencer.replay.case import Again, AttemptAgain
from rig.sequencer.replay.result import ReplayResult, compare_cases
from rig.sequencer.replay.script import ScriptAgain
from rig.sequencer.replay.sources import read_packs, read_sources
from rig.sequencer.series import Found, conclude
from rig.verdict.aggregate import run_verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from rig.evidence.record import CaseRecord, RunRecord
    from rig.plan.case import Case
    from rig.sequencer.replay.sources import Sources
    from rig.sequencer.resolve import ResolvedCase

__all__ = ["replay_bundle"]

_NOT_RUN = "it was not run"
_GONE = "its plan, as this code reads it, has no such case"
_OF_OTHERS = "it is judged from cases that were not measured again"


def replay_bundle(folder: Path, packs: Sequence[Path] = ()) -> ReplayResult:
    """Measure and judge a run again from its evidence, which is only read; no instrument is opened or simulated.

    Parameters
    ----------
    packs : files of limit packs: one with the id of a pack of the run replaces it, any other is applied to every case

    Raises
    ------
    RigError
        if the bundle is not intact, or today's code cannot read it
    """
    refuse_unless_whole(folder)
    record = read_record(folder)
    others = read_packs(packs)
    sources = read_sources(folder, record, others)
    own = {entry.id for entry in record.packs}
    beside = tuple(name for name in others if name not in own)
    anew = _Replay(folder, record, sources, beside)
    cases = tuple(anew.cases())
    software = record.software
    return ReplayResult(
        run_id=record.run_id,
        before=record.verdict,
        after=run_verdict((one.verdict for one in anew.records if not one.retried), end=record.end_reason),
        packs=tuple(others),
        recorded_with=f"rig {software.version} ({software.commit or 'no commit'})",
        cases=tuple(compare_cases(old, one.record, taken=one.taken, noted=one.noted) for old, one in cases),
    )


_NOTHING = Found(outcomes={})


class _Replay:
    def __init__(self, folder: Path, record: RunRecord, sources: Sources, beside: Collection[str]) -> None:
        self._folder, self._record, self._sources, self._beside = folder, record, sources, tuple(beside)
        self._found: dict[tuple[str, str], Found | None] = {}
        self.records: list[CaseRecord] = []

    def cases(self) -> Iterator[tuple[CaseRecord, Again]]:
        """Yield every record as it was, and as it is now."""
        for old in self._record.cases:
            new = self._anew(old)
            self.records.append(new.record)
            yield old, new

    def _anew(self, old: CaseRecord) -> Again:
        case = self._sources.cases.get((old.plan, old.id))
        if old.started is None:
            return Again(record=old, taken=(_NOT_RUN,))
        if case is None and old.plan in {plan.id for plan in self._record.plans} and not old.deliveries:
            return Again(record=old, taken=(_GONE,))
        if case is None or old.deliveries:
            script = ScriptAgain(self._folder, old, self._sources, beside=bool(self._beside))
            with closing(script):
                return script.record_anew()
        resolved = self._sources.resolver.anew(self._bound(case))
        if case.series:
            return self._series(old, resolved)
        with closing(AttemptAgain(self._folder, old, resolved, self._sources)) as attempt:
            again = attempt.record_anew()
        self._found[old.plan, old.id] = again.found
        return again

    def _bound(self, case: Case) -> Case:
        """Return a case with the limit packs that are applied beside its own."""
        if not self._beside:
            return case
        own = case.packs if case.apply_packs else ()
        series = tuple(self._bound(one) for one in case.series)
        return replace(case, apply_packs=True, packs=(*own, *self._beside), series=series)

    def _series(self, old: CaseRecord, resolved: ResolvedCase) -> Again:
        """Judge a series again, as the run has done, from what its cases show now."""
        if any(self._found.get((one.plan, one.id), _NOTHING) is None for one in resolved.case.series):
            return Again(record=old, taken=(_OF_OTHERS,))
        found = {name: one for (plan, name), one in self._found.items() if plan == old.plan and one is not None}
        selected = {one.id for one in self._record.cases if one.plan == old.plan}
        begun = old.started or self._record.started
        try:
            outcomes, judgements = conclude(
                resolved.case,
                resolved.limits,
                resolved.not_applicable,
                found,
                self._sources.definition.loads.values(),
                selected=selected,
            )
        except RigError as problem:
            new = case_record.broken_series(resolved, problem, started=begun)
        else:
            new = case_record.series(resolved, outcomes, judgements, started=begun, duration=0.0)
        kept = {"duration": old.duration, "attempt": old.attempt, "retried": old.retried}
        return Again(record=new.model_copy(update=kept))
