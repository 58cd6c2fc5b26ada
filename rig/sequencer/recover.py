"""From what a run left that was cut off to sealed evidence: every case that had begun has its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.evidence import mapping
from rig.evidence.cut_off import read_cut_off
from rig.evidence.cut_off_capture import left_captures
from rig.evidence.layout import RECORD
from rig.evidence.manifest import MANIFEST
from rig.evidence.reading import read_record
from rig.evidence.record import ErrorEntry, OutputOffEntry
from rig.evidence.store import Bundle
from rig.model.verdict import Verdict
from rig.sequencer.seal import render_and_seal, write_and_seal
from rig.verdict.aggregate import run_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from rig.evidence.cut_off import CutOff
    from rig.evidence.cut_off_capture import LeftCapture
    from rig.evidence.record import CaseRecord, RunRecord
    from rig.evidence.signing import Signer
    from rig.sequencer.seal import Renderer

__all__ = ["recover_run"]

_CUT_OFF = "the run was cut off within this case"


def recover_run(
    folder: Path, *, render: Renderer, utc: Callable[[], datetime], signer: Signer | None = None
) -> RunRecord:
    """Record and seal a run that ended without doing so itself; a case that was cut off is ABORTED.

    Raises
    ------
    EvidenceError
        if the run has recorded itself, had not begun, or left a journal whose chain is broken
    """
    if (folder / RECORD).exists() and not (folder / MANIFEST).exists():
        return _sealed(folder, render, utc, signer)
    left = read_cut_off(folder)
    bundle, journal = Bundle.reopen(folder, utc=utc)
    journal.write("recovered", cut_off=[case for _, case in left.started])
    cases = tuple(_cases(left, left_captures(bundle)))
    told = f"the run was cut off; what it left was recovered on {utc():%Y-%m-%d at %H:%M:%S} UTC"
    told += _other_key(left.begun.signed_by, "" if signer is None else signer.id)
    record = left.begun.model_copy(
        update={
            "finished": left.last,
            "end_reason": "crash",
            "verdict": run_verdict((case.verdict for case in cases), end="crash"),
            "signed_by": "" if signer is None else signer.id,
            "cases": cases,
            "notes": (*left.begun.notes, told),
        }
    )
    write_and_seal(bundle, record, render, signer)
    return record


def _other_key(begun: str, signer: str) -> str:
    """Say so where a run had begun with a key that does not sign what is left of it."""
    if begun in {"", signer}:
        return ""
    return f"; it was to be signed by the key {begun}, and is {f'signed by {signer}' if signer else 'not signed'}"


def _sealed(folder: Path, render: Renderer, utc: Callable[[], datetime], signer: Signer | None) -> RunRecord:
    """Seal a run that had recorded itself already, with what had been rendered by then; return its record."""
    record = read_record(folder)
    signed_by = "" if signer is None else signer.id
    if record.signed_by != signed_by:
        wanted = f"by the key {record.signed_by}" if record.signed_by else "by no key"
        raise EvidenceError(f"{folder}: its record says that it is signed {wanted}; recover it accordingly")
    bundle, journal = Bundle.reopen(folder, utc=utc)
    journal.write("recovered", cut_off=[])
    render_and_seal(bundle, record, render, signer)
    return record


def _cases(left: CutOff, captures: Sequence[LeftCapture]) -> Iterator[CaseRecord]:
    """Yield a record per case: of one that had ended its own, of one that had begun that it was cut off."""
    known = dict(left.cases)
    for case in left.begun.cases:
        key = case.plan, case.id
        ended = known.pop(key, ())
        yield from ended
        if key in left.started:
            yield _cut_off(case, left, captures, attempt=len(ended) + 1)
        elif not ended:
            yield case
    yield from (record for ended in known.values() for record in ended)


def _cut_off(case: CaseRecord, left: CutOff, captures: Sequence[LeftCapture], *, attempt: int) -> CaseRecord:
    started = left.started[case.plan, case.id]
    lasted = (left.last - started).total_seconds()
    own = [one for one in captures if one.capture.id.startswith(f"{case.plan}.{case.id}.")]
    return case.model_copy(
        update={
            "attempt": attempt,
            "verdict": Verdict.ABORTED,
            "reason": _CUT_OFF,
            "captures": (
                *case.captures,
                *(mapping.capture_entry(one.capture, one.source, one.capture.notes, pieces=one.pieces) for one in own),
            ),
            "started": started,
            "duration": lasted if lasted >= 0 else None,  # the wall clock was put back meanwhile
            "error": ErrorEntry(type="Interrupted", message=_CUT_OFF, stage="unknown"),
            "output_off": OutputOffEntry(
                verdict=Verdict.ABORTED, reason="the run was cut off before the output was measured to be off"
            ),
        }
    )
