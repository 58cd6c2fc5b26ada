"""A run that was cut off: what it had written, read back so that it can be sealed after all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from rig.errors import EvidenceError
from rig.evidence.journal import read_entries
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import inside, read_plain
from rig.evidence.reading import read_record
from rig.evidence.record import CaseRecord
from rig.evidence.store import BEGUN, CASES, JOURNAL, RECORD

if TYPE_CHECKING:
    from pathlib import Path

    from rig.evidence.record import RunRecord

__all__ = ["CutOff", "read_cut_off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """What a run left that ended without sealing its evidence.

    Attributes
    ----------
    begun : the record as it was before the first case
    cases : the records of the attempts that had ended, by plan and case
    started : when those cases began that had not, by plan and case
    last : when the journal was last written to
    """

    begun: RunRecord
    cases: dict[tuple[str, str], tuple[CaseRecord, ...]]
    started: dict[tuple[str, str], datetime]
    last: datetime


def read_cut_off(folder: Path) -> CutOff:
    """Read what a run left behind.

    Raises
    ------
    EvidenceError
        if it was sealed, or if it had not even begun
    """
    if (folder / MANIFEST).exists() or (folder / RECORD).exists():
        raise EvidenceError(f"{folder}: the run has ended and recorded itself; there is nothing to recover")
    if not (folder / BEGUN).exists():
        raise EvidenceError(f"{folder}: no run had begun here")
    cases = _cases(folder)
    started: dict[tuple[str, str], datetime] = {}
    last = read_record(folder / BEGUN).started
    for entry in read_entries(folder / JOURNAL):
        last = datetime.fromisoformat(entry["time"])
        if entry["event"] == "case started":
            started[entry["facts"]["plan"], entry["facts"]["case"]] = last
    return CutOff(
        begun=read_record(folder / BEGUN),
        cases=cases,
        started={key: moment for key, moment in started.items() if key not in cases or cases[key][-1].retried},
        last=last,
    )


def _cases(folder: Path) -> dict[tuple[str, str], tuple[CaseRecord, ...]]:
    found: dict[tuple[str, str], tuple[CaseRecord, ...]] = {}
    for path in sorted((folder / CASES).glob("*.json")):
        try:
            record = CaseRecord.model_validate_json(read_plain(inside(folder, f"{CASES}/{path.name}")))
        except ValidationError as error:
            raise EvidenceError(f"{path} is not the record of a case") from error
        found[record.plan, record.id] = (*found.get((record.plan, record.id), ()), record)
    return found
