"""Results of cases over several runs: which of them counts, which is superseded, which never came to its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from rig.evidence.record import CaseRecord, RunRecord

__all__ = ["Result", "Run", "Standing", "results_of"]

_NEVER_ENDED = frozenset({Verdict.NOT_RUN, Verdict.ERROR, Verdict.ABORTED})


class Standing(StrEnum):
    """What a result is worth beside other results of the same case."""

    COUNTS = "counts"
    SUPERSEDED = "superseded"
    NOT_COMPLETE = "not complete"
    PROVISIONAL = "no evidence: for engineering only, or never sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: its record, the bundle that it was read from, and ``marks``: everything that weakens what it says."""

    record: RunRecord
    bundle: str
    marks: tuple[str, ...] = ()
    sealed: bool = True

    @property
    def provisional(self) -> bool:
        """Whether it is no evidence: it is for engineering only, or was never sealed."""
        return bool(self.record.engineering_only) or not self.sealed

    @property
    def device(self) -> str:
        """Who was tested, in one line; empty where the record names nobody."""
        device = self.record.device
        return f"{device.manufacturer} {device.model}, serial {device.serial}" if device else ""

    @property
    def virtual(self) -> bool:
        """Whether nothing physical was tested."""
        return self.record.bench is not None and self.record.bench.virtual


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run found in one case."""

    run: Run
    case: CaseRecord
    standing: Standing

    @property
    def counts(self) -> bool:
        """Whether the result says what the case is worth today."""
        return self.standing is Standing.COUNTS


def results_of(runs: Sequence[Run]) -> tuple[Result, ...]:
    """Return the last attempt at every case of every run with its standing, in the runs' order.

    Results are of one case if plan, case and device are the same; what was simulated never stands for what was
    measured. Of these the newest that came to a verdict counts. One that came to its end without being decided does
    not take the place of an older one that was: then both count. What broke, was stopped or was not run counts only
    where there is nothing else. Neither does what is no evidence, unless it failed later than all that is.
    """
    alike: dict[tuple[object, ...], list[tuple[Run, CaseRecord]]] = {}
    for run in runs:
        for case in run.record.decisive:
            alike.setdefault((case.plan, case.id, run.device, run.virtual), []).append((run, case))
    standings = {
        (run.record.run_id, case.plan, case.id): standing
        for group in alike.values()
        for (run, case), standing in _standings(group)
    }
    return tuple(
        Result(run=run, case=case, standing=standings[run.record.run_id, case.plan, case.id])
        for run in runs
        for case in run.record.decisive
    )


def _standings(group: Iterable[tuple[Run, CaseRecord]]) -> Iterator[tuple[tuple[Run, CaseRecord], Standing]]:
    newest_first = sorted(group, key=lambda one: _age(*one), reverse=True)
    ended = [one for one in newest_first if one[1].verdict not in _NEVER_ENDED]
    evidence = [one for one in ended if not one[0].provisional]
    counting = _counting(evidence or ended) or newest_first[:1]
    if evidence:
        counting += [one for one in ended[: ended.index(evidence[0])] if one[1].verdict.failed][:1]
    reached = False
    for one in newest_first:
        if any(one is other for other in counting):
            reached = True
            yield one, Standing.COUNTS
        elif reached:
            yield one, Standing.SUPERSEDED
        else:
            yield one, Standing.PROVISIONAL if any(one is other for other in ended) else Standing.NOT_COMPLETE


def _counting(ended: Sequence[tuple[Run, CaseRecord]]) -> list[tuple[Run, CaseRecord]]:
    """Return the newest of some results, and the newest that was decided."""
    decided = [one for one in ended if one[1].verdict is not Verdict.INCONCLUSIVE]
    return [*ended[:1], *(one for one in decided[:1] if one is not ended[0])]


def _age(run: Run, case: CaseRecord) -> tuple[datetime, str]:
    return case.started or run.record.started, run.record.run_id
