"""Bundles gathered for a matrix: each examined before anything in it is believed, with what weakens what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.documents import read_document, validate
from rig.errors import EvidenceError, RigError
from rig.evidence.kept_capture import kept_file
from rig.evidence.reading import read_record
from rig.evidence.trace.entries import Pack, PackClause
from rig.evidence.trace.matrix import build_matrix
from rig.evidence.trace.results import Run
from rig.evidence.verification import examine
from rig.sequencer.replay.sources import pack_files
from rig.verdict.packs import LimitPack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rig.evidence.record import PackEntry, RunRecord
    from rig.evidence.trace.matrix import Matrix
    from rig.evidence.trace.requirement import Requirements
    from rig.evidence.verification import Examination

__all__ = ["trace_bundles"]


def trace_bundles(requirements: Requirements, bundles: Sequence[Path], limits: Sequence[Path] = ()) -> Matrix:
    """Return the matrix of requirements against the runs in some bundles.

    Parameters
    ----------
    limits : limit packs, or folders of them, whose clauses are looked for beside those that the runs applied

    Raises
    ------
    EvidenceError
        if a bundle is not as it was sealed, has no record, or two that differ say that they are the same run
    RigError
        if a limit pack cannot be read
    """
    gathered = _Gathered()
    for bundle in bundles:
        gathered.add(bundle)
    for path in pack_files(limits):
        gathered.add_pack(validate(read_document(path), LimitPack), "")
    return build_matrix(requirements, gathered.runs, tuple(gathered.packs.values()), gathered.notes)


class _Gathered:
    """What was found in the bundles so far."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.packs: dict[str, Pack] = {}
        self.notes: list[str] = []

    def add(self, bundle: Path) -> None:
        """Examine one bundle, read its record, and the limit packs that the run applied."""
        found = examine(bundle)
        if found.problems:
            more = f"; and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
            raise EvidenceError(f"{bundle}: not intact, so nothing can be traced to it: {found.problems[0]}{more}")
        record = read_record(bundle)
        before = next((run for run in self.runs if run.record.run_id == record.run_id), None)
        if before is None:
            marks = tuple(_marks(record, found))
            self.runs.append(Run(record=record, bundle=str(bundle), marks=marks, sealed=not found.incomplete))
            for entry in record.packs:
                self._add_applied(bundle, record, entry)
        elif before.record == record:
            self.notes.append(f"{bundle} holds the same run as {before.bundle}; it was read once")
        else:
            raise EvidenceError(f"{bundle} and {before.bundle} differ, and both say that they are run {record.run_id}")

    def _add_applied(self, bundle: Path, record: RunRecord, entry: PackEntry) -> None:
        try:
            pack = validate(read_document(kept_file(bundle, entry.source)), LimitPack)
        except RigError as error:
            self.notes.append(f"{bundle}: of {entry.id} only what the cases say is known: {error}")
            self._join(entry.id, entry.title, entry.edition, _of_cases(record, entry.id), record.run_id)
        else:
            self.add_pack(pack, record.run_id)

    def add_pack(self, pack: LimitPack, run: str) -> None:
        """Add a limit pack that a run applied; an empty ``run`` stands for none."""
        entries = (PackClause(clause=one.clause, title=one.title) for one in pack.entries)
        self._join(pack.id, pack.title, pack.edition, entries, run)

    def _join(self, pack: str, title: str, edition: str, entries: Iterator[PackClause], run: str) -> None:
        known = self.packs.get(pack)
        before = known.entries if known else ()
        applied = known.applied if known else ()
        self.packs[pack] = Pack(
            id=pack,
            title=title,
            edition=edition,
            entries=tuple(dict.fromkeys((*before, *entries))),
            applied=(*applied, run) if run else applied,
        )


def _of_cases(record: RunRecord, pack: str) -> Iterator[PackClause]:
    """Yield the entries of a pack that the cases of a run speak of."""
    for case in record.cases:
        for one in case.not_evaluated:
            if one.pack == pack:
                yield PackClause(clause=one.clause, title=one.title)
        for judgement in case.judgements:
            if judgement.limit.source == pack:
                yield PackClause(clause=judgement.limit.clause, title=judgement.limit.text.partition(":")[0])


def _marks(record: RunRecord, found: Examination) -> Iterator[str]:
    """Yield everything that weakens what a run says."""
    if found.incomplete:
        yield "not sealed"
    if record.end_reason != "completed" or record.finished is None:
        yield "incomplete"
    if record.engineering_only:
        yield "engineering only"
    if record.not_selected:
        yield f"{record.not_selected} case{'s' if record.not_selected > 1 else ''} of its plans not selected"
    if record.bench is not None and record.bench.virtual:
        yield "virtual bench"
    if not found.signed_by:
        yield "unsigned"
