"""Sealed bundles of runs that were never made: a record and what seals it, quick to write."""

from __future__ import annotations

from pathlib import Path

from rig.evidence.record import RunRecord
from rig.evidence.store import Bundle
from tests.report.conftest import every_verdict

__all__ = ["sealed"]


def sealed(evidence: Path, name: str, record: RunRecord | None = None) -> Path:
    """Write the evidence of a run and seal it; return its folder."""
    bundle = Bundle.create(evidence, name)
    bundle.write_record((record or every_verdict()).model_copy(update={"run_id": name}))
    bundle.seal(None)
    return bundle.folder
