"""A run as it leaves its bundle: its record, and what says in every export which bundle that was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import RunRecord

__all__ = ["ExportedRun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRun:
    """A record with what identifies the bundle that it was read from.

    Attributes
    ----------
    record : the run; where cases were chosen, those alone
    record_sha256 : of ``record.json``
    manifest_sha256 : of ``manifest.json``; empty where the bundle was never sealed
    signed_by : id of the key whose signature was found to be valid; empty where nothing is signed
    incomplete : that the bundle was never sealed, in one sentence; empty where it was
    of : how many attempts at cases the whole record holds
    """

    record: RunRecord
    record_sha256: str
    manifest_sha256: str = ""
    signed_by: str = ""
    incomplete: str = ""
    of: int = 0

    def provenance(self) -> Iterator[tuple[str, str]]:
        """Yield name and value of everything that says where an export comes from and what it is worth."""
        record = self.record
        yield "run", record.run_id
        yield "record_sha256", self.record_sha256
        yield "manifest_sha256", self.manifest_sha256 or "none: the bundle was never sealed"
        yield "signed_by", self.signed_by or "nobody"
        if self.incomplete:
            yield "incomplete", self.incomplete
        if record.engineering_only:
            yield "engineering_only", "; ".join(record.engineering_only)
        if len(record.cases) != self.of:
            yield "chosen", f"{len(record.cases)} of {self.of} attempts at cases"
        yield "software", f"{record.software.version} {record.software.commit}".rstrip()
