"""What a replay has found: per attempt at a case what is otherwise than on record, with both values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from rig.evidence.record import JudgementEntry, MeasurementEntry, OutputOffEntry
from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from rig.evidence.record import CaseRecord

__all__ = ["PLANNED", "CaseReplay", "JudgementChange", "MeasurementChange", "Outcome", "ReplayResult", "compare_cases"]

Outcome = Literal["same", "not done again", "values changed", "verdict changed"]

PLANNED: Final = (
    "title",
    "mode",
    "location",
    "traces",
    "decision_rule",
    "stimulus",
    "load",
    "forecasts",
    "judged_from",
)
"""What a record says of a case before anything is done in it: it follows from the plan, the bench and the code."""

_WORSE: tuple[Outcome, ...] = ("values changed", "not done again")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class JudgementChange(_Entry):
    """One check, as it was on record and as it is now; None where there was none, or is none any more."""

    before: JudgementEntry | None
    after: JudgementEntry | None

    @property
    def of_verdict(self) -> bool:
        """Whether the verdict is another; also of a check that one of the two did not make."""
        return self.before is None or self.after is None or self.before.verdict is not self.after.verdict


class MeasurementChange(_Entry):
    """One value with all that is told of it, before and after; None where there was none, or is none any more."""

    before: MeasurementEntry | None
    after: MeasurementEntry | None


class CaseReplay(_Entry):
    """One attempt at one case; ``others`` is what else is otherwise.

    ``taken`` is what only the record says although it might come out otherwise; ``noted`` what only the record can say,
    for it is no result: what happened on the bench.
    """

    plan: str
    id: str
    attempt: int = 1
    retried: bool = False
    before: Verdict
    after: Verdict
    reason_before: str = ""
    reason_after: str = ""
    judgements: tuple[JudgementChange, ...] = ()
    measurements: tuple[MeasurementChange, ...] = ()
    output_off: tuple[OutputOffEntry | None, OutputOffEntry | None] | None = None
    others: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """What came of it, the worst first; what was taken from the record, if only in part, is never the same."""
        off = {None if one is None else one.verdict for one in self.output_off or ()}
        if self.before is not self.after or len(off) > 1 or any(one.of_verdict for one in self.judgements):
            return "verdict changed"
        otherwise = self.judgements or self.measurements or self.output_off or self.others
        if otherwise:
            return "values changed"
        return "not done again" if self.taken else "same"


class ReplayResult(_Entry):
    """A whole run; ``packs`` are the ids of limit packs that were applied in place of, or beside, the run's own."""

    run_id: str
    before: Verdict
    after: Verdict
    packs: tuple[str, ...] = ()
    recorded_with: str
    cases: tuple[CaseReplay, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of its cases; where there are none, nothing was done again."""
        found = {case.outcome for case in self.cases} or {"not done again"}
        if self.before is not self.after or "verdict changed" in found:
            return "verdict changed"
        return next((one for one in _WORSE if one in found), "same")


def compare_cases(
    before: CaseRecord, after: CaseRecord, *, taken: tuple[str, ...] = (), noted: tuple[str, ...] = ()
) -> CaseReplay:
    """Compare two records of one attempt, to the last bit of every value."""
    off = (before.output_off, after.output_off)
    return CaseReplay(
        plan=before.plan,
        id=before.id,
        attempt=before.attempt,
        retried=before.retried,
        before=before.verdict,
        after=after.verdict,
        reason_before=before.reason,
        reason_after=after.reason,
        judgements=tuple(
            JudgementChange(before=one, after=other)
            for one, other in _otherwise(before.judgements, after.judgements, _check)
        ),
        measurements=tuple(
            MeasurementChange(before=one, after=other)
            for one, other in _otherwise(before.measurements, after.measurements, _measurand)
        ),
        output_off=None if _bits(off[0]) == _bits(off[1]) else off,
        others=tuple(_others(before, after)),
        taken=taken,
        noted=noted,
    )


def _others(before: CaseRecord, after: CaseRecord) -> Iterator[str]:
    for name, one, other in (
        ("agreements of the two instruments", before.agreements, after.agreements),
        ("the multimeter's reading", (before.metered,), (after.metered,)),
        ("entries of limit packs that gave no verdict", before.not_evaluated, after.not_evaluated),
    ):
        if [_bits(entry) for entry in one] != [_bits(entry) for entry in other]:
            yield name
    fresh = [one.model_dump_json(include={*PLANNED}) for one in (before, after)]
    if fresh[0] != fresh[1]:
        names = [name for name in PLANNED if len({one.model_dump_json(include={name}) for one in (before, after)}) > 1]
        yield f"what is planned: {', '.join(names)}"
    if [one.defects for one in before.captures] != [one.defects for one in after.captures]:
        yield "what is wrong with its captures"
    if before.retried is not after.retried:
        yield "whether another attempt makes up for it"
    if _bits(before.error) != _bits(after.error):
        yield f"error: {_error(before)} → {_error(after)}"
    elif before.reason != after.reason and before.verdict is after.verdict:
        yield "the reason of the verdict"


def _error(record: CaseRecord) -> str:
    return "none" if record.error is None else record.error.message


def _check(entry: JudgementEntry) -> Hashable:
    limit = entry.limit
    return limit.measurand, limit.during, limit.source, limit.clause, limit.statistic


def _measurand(entry: MeasurementEntry) -> Hashable:
    return entry.measurand, entry.during


def _bits(entry: BaseModel | None) -> str:
    """Return an entry such that two are equal only if every bit of every number is: 0 and −0 are not."""
    return "" if entry is None else entry.model_dump_json()


_EntryT = TypeVar("_EntryT", bound=BaseModel)


def _otherwise(
    before: Iterable[_EntryT], after: Iterable[_EntryT], key: Callable[[_EntryT], Hashable]
) -> Iterator[tuple[_EntryT | None, _EntryT | None]]:
    """Yield what is not the same: paired by key, and by its number where a key comes several times."""
    known, now = _numbered(before, key), _numbered(after, key)
    for name in dict.fromkeys((*known, *now)):
        one, other = known.get(name), now.get(name)
        if _bits(one) != _bits(other):
            yield one, other


def _numbered(entries: Iterable[_EntryT], key: Callable[[_EntryT], Hashable]) -> dict[tuple[Hashable, int], _EntryT]:
    seen: Counter[Hashable] = Counter()
    found = {}
    for entry in entries:
        name = key(entry)
        found[name, seen[name]] = entry
        seen[name] += 1
    return found
