"""The bundle: one folder per run, every file written once and hashed, sealed by a manifest."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.evidence.capture_file import capture_bytes
from rig.evidence.journal import Journal
from rig.evidence.layout import BEGUN, CASES, JOURNAL, RECORD
from rig.evidence.manifest import MANIFEST, manifest_bytes
from rig.evidence.naming import safe_name
from rig.evidence.plain import inside
from rig.evidence.record import FileEntry
from rig.evidence.sealed import refuse_in_evidence
from rig.evidence.signing import SIGNATURE, SIGNER
from rig.evidence.streaming import MOST_WAITING, PIECE, CaptureWriter
from rig.evidence.verification import verify
from rig.evidence.writing import PARTIAL, canonical_json, sync_directory, write_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rig.evidence.record import CaseRecord, RunRecord
    from rig.evidence.signing import Signer
    from rig.model.waveform import Capture, Purpose

__all__ = ["BEGUN", "CASES", "JOURNAL", "RECORD", "Bundle", "run_id", "verify"]


def run_id(started: datetime, token: bytes) -> str:
    """Return the name of a run: its start in UTC and some random bytes, both given by the caller.

    >>> from datetime import datetime, UTC
    >>> run_id(datetime(2026, 11, 22, 8, 15, 0, tzinfo=UTC), bytes([0x3F, 0x9A, 0x01]))
    '20261122t081500z-3f9a01'
    """
    if started.tzinfo is None:
        msg = "a run needs to know the time zone of its clock"
        raise EvidenceError(msg)
    return f"{started.astimezone(UTC):%Y%m%dt%H%M%Sz}-{token.hex()}"


class Bundle:
    """The evidence of one run, while it is being written; ``folder`` is where."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal: Journal | None = None
        self._files: dict[str, FileEntry] = {}
        self._sealed = False
        self._cases = 0

    @classmethod
    def create(cls, root: Path, run_id: str) -> Bundle:
        """Make a new folder for a run under ``root``.

        Raises
        ------
        EvidenceError
            if the run has a folder already, or none can be made.
        Refused
            if it would lie in the evidence of another run
        """
        folder = root / safe_name(run_id)
        refuse_in_evidence(folder)
        try:
            root.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            sync_directory(root)
        except FileExistsError as error:
            msg = f"there is evidence of a run {run_id!r} already, or a file in its place"
            raise EvidenceError(msg) from error
        except OSError as error:
            msg = f"no evidence can be written below {root}: {error.strerror or error}"
            raise EvidenceError(msg) from error
        return cls(folder)

    @classmethod
    def reopen(cls, folder: Path, *, utc: Callable[[], datetime]) -> tuple[Bundle, Journal]:
        """Go on with a run that was cut off: its folder and its journal, which goes on after its last whole line."""
        bundle = cls(folder)
        bundle._refuse_if_sealed(JOURNAL)
        for partial in folder.rglob(f"*{PARTIAL}"):  # never had a name
            partial.unlink()
        for unsealed in (SIGNATURE, SIGNER):  # of a manifest that was never written
            (folder / unsealed).unlink(missing_ok=True)
        bundle._journal = Journal(folder / JOURNAL, utc=utc, resume=True)
        return bundle, bundle._journal

    def begin_journal(self, utc: Callable[[], datetime]) -> Journal:
        """Begin the run's journal; it is closed when the bundle is sealed."""
        self._refuse_if_sealed(JOURNAL)
        self._journal = Journal(self.folder / JOURNAL, utc=utc)
        return self._journal

    def add_file(self, name: str, content: bytes, *, origin: str | None = None) -> FileEntry:
        """Write one file; ``name`` is relative to the bundle, with ``/`` between folders.

        ``origin`` says where it comes from, if it is a copy. A name made from foreign text must pass through
        :func:`rig.evidence.naming.safe_name` first.

        Raises
        ------
        EvidenceError
            if the name leaves the bundle or is not portable, if the file exists, or if the bundle is sealed.
        """
        self._refuse_if_sealed(name)
        _refuse_foreign(name)
        path = inside(self.folder, name)
        self._make_folder(path.parent)
        write_once(path, content)
        entry = FileEntry(
            origin=name if origin is None else origin, file=name, sha256=hashlib.sha256(content).hexdigest()
        )
        self._files[name] = entry
        return entry

    def copy_source(
        self, path: Path, kind: str, *, shown_as: str | None = None, sha256: str | None = None
    ) -> FileEntry:
        """Keep a copy of a plan, bench, device, calibration or limit file; the same file is kept once.

        ``sha256`` is what was read for the run: a file that has changed since then is refused, because its copy would
        not be what the run was based on.

        Raises
        ------
        EvidenceError
            if the file cannot be read, or has changed.
        """
        origin = shown_as or path.as_posix()
        try:
            content = path.read_bytes()
        except OSError as error:
            msg = f"{origin} cannot be copied to the evidence: {error.strerror or error}"
            raise EvidenceError(msg) from error
        digest = hashlib.sha256(content).hexdigest()
        if sha256 is not None and digest != sha256:
            msg = f"{origin} has changed since it was read for this run"
            raise EvidenceError(msg)
        folder, file = f"sources/{safe_name(kind)}", f"{safe_name(path.stem)}{_suffix(path)}"
        # Two plans called smoke.plan.yaml may come from two folders.
        for name in (f"{folder}/{file}", f"{folder}/{digest[:16]}/{file}"):
            known = self._files.get(name)
            if known is None:
                return self.add_file(name, content, origin=origin)
            if known.sha256 == digest:
                return known.model_copy(update={"origin": origin})
        msg = f"{origin} cannot be told from another file of the evidence"
        raise EvidenceError(msg)

    def write_capture(self, capture: Capture) -> FileEntry:
        """Keep the samples of one capture; its id must be unique within the run."""
        return self.add_file(f"captures/{safe_name(capture.id)}.h5", capture_bytes(capture), origin=capture.id)

    def stream_capture(
        self,
        capture_id: str,
        purpose: Purpose,
        *,
        piece: int = PIECE,
        most_waiting: int = MOST_WAITING,
        patience: float = 0.0,
    ) -> CaptureWriter:
        """Begin a capture that is written while it is taken; its id must be unique within the run.

        For the parameters see :class:`rig.evidence.streaming.CaptureWriter`.

        Raises
        ------
        EvidenceError
            if there is a capture of that id already, or the bundle is sealed
        """
        folder = f"captures/{safe_name(capture_id)}"
        self._refuse_if_sealed(folder)
        if (self.folder / folder).exists() or (self.folder / f"{folder}.h5").exists():
            msg = f"{folder} exists already in the evidence, which is written once"
            raise EvidenceError(msg)
        self._make_folder(self.folder / folder)
        return CaptureWriter(self, capture_id, purpose, piece=piece, most_waiting=most_waiting, patience=patience)

    def write_begun(self, record: RunRecord) -> FileEntry:
        """Write the record as it is before the first case, from which a run that is cut off can be recovered."""
        return self.add_file(BEGUN, canonical_json(record.model_dump(mode="json", by_alias=True)))

    def write_case(self, record: CaseRecord) -> FileEntry:
        """Write one case's record, as soon as it has ended."""
        self._cases += 1
        name = f"{CASES}/{self._cases:04d}-{safe_name(record.id)}.json"
        return self.add_file(name, canonical_json(record.model_dump(mode="json", by_alias=True)))

    def write_record(self, record: RunRecord) -> FileEntry:
        """Write the record, canonically: the same record gives the same bytes."""
        return self.add_file(RECORD, canonical_json(record.model_dump(mode="json", by_alias=True)))

    def seal(self, signer: Signer | None = None) -> str:
        """Close the journal and write the manifest; return its SHA-256, which stands for the whole bundle.

        The signature is written before the manifest, so that what has a manifest has its signature as well.
        """
        self._refuse_if_sealed(MANIFEST)
        if self._journal is not None:
            self._journal.close()
        if signer is not None:
            self.add_file(SIGNER, signer.public_pem)
        content = manifest_bytes(self.folder)
        if signer is not None:
            write_once(self.folder / SIGNATURE, signer.envelope(content))
        write_once(self.folder / MANIFEST, content)
        self._sealed = True
        return hashlib.sha256(content).hexdigest()

    def finish(self, record: RunRecord) -> str:
        """Write the record, then seal; return the manifest's SHA-256."""
        self.write_record(record)
        return self.seal()

    def _make_folder(self, folder: Path) -> None:
        if folder == self.folder or folder.is_dir():
            return
        self._make_folder(folder.parent)
        try:
            folder.mkdir()
            sync_directory(folder.parent)
        except OSError as error:
            msg = f"no folder {folder.name} can be made in the evidence: {error.strerror or error}"
            raise EvidenceError(msg) from error

    def _refuse_if_sealed(self, name: str) -> None:
        if self._sealed or (self.folder / MANIFEST).exists():
            msg = f"{name} cannot be added: the evidence is sealed"
            raise EvidenceError(msg)


def _suffix(path: Path) -> str:
    return path.suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", path.suffix) else f".{safe_name(path.suffix)}"


def _refuse_foreign(name: str) -> None:
    parts = PurePosixPath(name).parts
    portable = all(re.fullmatch(r"[A-Za-z0-9._+=,()\[\]~-]+", part) and part.strip(".") for part in parts)
    if not parts or not portable or name != "/".join(parts) or name in {MANIFEST, SIGNATURE}:
        msg = f"{name!r} is not a name for a file of the evidence"
        raise EvidenceError(msg)
