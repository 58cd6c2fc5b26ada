"""The entries of limit packs against the results of runs: judged, stated, or not evaluated anywhere, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.evidence.trace.clauses import names_clause
from rig.model.verdict import Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rig.evidence.record import JudgementEntry, NotEvaluatedEntry
    from rig.evidence.trace.requirement import Requirements
    from rig.evidence.trace.results import Result

__all__ = ["ClauseRow", "Pack", "PackClause", "clause_rows"]

_NOBODY = "no case that was judged asked for it"
_NOT_APPLIED = "no run applied this pack"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackClause:
    """One entry of a limit pack."""

    clause: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A limit pack with all of its entries; ``applied`` are the ids of the runs that applied it."""

    id: str
    title: str
    edition: str
    entries: tuple[PackClause, ...]
    applied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """One entry of a pack.

    Attributes
    ----------
    requirements : ids of those that name the clause
    judged : the results that count in which it was judged, and ``verdict`` the worst of it; None where it was not
    stated : what was found for an entry that asks for a value and sets no limit, case by case
    reasons : why it was not evaluated, as the records have it, with the number of cases
    """

    pack: str
    clause: str
    title: str
    requirements: tuple[str, ...]
    judged: tuple[tuple[Result, JudgementEntry], ...]
    verdict: Verdict | None
    stated: tuple[str, ...]
    reasons: tuple[tuple[str, int], ...]

    @property
    def evaluated(self) -> bool:
        """Whether anything was decided or stated for it."""
        return self.verdict is not None or bool(self.stated)


def clause_rows(requirements: Requirements, results: Sequence[Result], packs: Sequence[Pack]) -> tuple[ClauseRow, ...]:
    """Return every entry of every pack, in the packs' order."""
    judged: dict[tuple[str, str], list[tuple[Result, JudgementEntry]]] = {}
    left_out: dict[tuple[str, str, str], list[tuple[Result, NotEvaluatedEntry]]] = {}
    for result in results:
        for judgement in result.case.judgements if result.counts else ():
            judged.setdefault((judgement.limit.source, judgement.limit.clause), []).append((result, judgement))
        for entry in result.case.not_evaluated if result.counts else ():
            left_out.setdefault((entry.pack, entry.clause, entry.title), []).append((result, entry))
    return tuple(
        _row(
            pack,
            entry,
            requirements,
            judged.get((pack.id, entry.clause), ()),
            left_out.get((pack.id, entry.clause, entry.title), ()),
        )
        for pack in packs
        for entry in pack.entries
    )


def _row(
    pack: Pack,
    entry: PackClause,
    requirements: Requirements,
    judged: Iterable[tuple[Result, JudgementEntry]],
    left_out: Sequence[tuple[Result, NotEvaluatedEntry]],
) -> ClauseRow:
    # A clause may have several entries: a limit begins with the title of the one that it was made of.
    own = tuple(one for one in judged if one[1].limit.text.startswith(f"{entry.title}:"))
    return ClauseRow(
        pack=pack.id,
        clause=entry.clause,
        title=entry.title,
        requirements=tuple(
            one.id
            for one in requirements.requirements
            if any(names_clause(name, pack.id, entry.clause) for name in one.clauses)
        ),
        judged=own,
        verdict=worst(judgement.verdict for _, judgement in own) if own else None,
        stated=tuple(f"{result.case.id}: {one.found}" for result, one in left_out if one.found),
        reasons=tuple(_reasons(pack, left_out)) if not own else (),
    )


def _reasons(pack: Pack, left_out: Sequence[tuple[Result, NotEvaluatedEntry]]) -> Iterator[tuple[str, int]]:
    counted: dict[str, int] = {}
    for _, one in left_out:
        counted[one.reason] = counted.get(one.reason, 0) + 1
    if counted:
        yield from counted.items()
    else:
        yield (_NOBODY if pack.applied else _NOT_APPLIED), 0
