"""Sign-offs: who has authored, reviewed or approved a sealed run, each signed, chained, and bound to that run alone.

They stand in a file beside the bundle, which is written once: a DSSE envelope per line, whose payload names the
SHA-256 of the manifest and of the line before it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from filelock import lock_descriptor
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from rig.errors import EvidenceError
from rig.evidence.layout import RECORD
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import read_plain
from rig.evidence.reading import read_record
from rig.evidence.signing import dsse, is_signature, key_id, public_key
from rig.evidence.writing import sync_directory
from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rig.evidence.record import RunRecord
    from rig.evidence.signing import Signer

__all__ = [
    "CheckedSignOff",
    "Meaning",
    "SignOff",
    "Statement",
    "append_signoff",
    "check_signoffs",
    "early",
    "ended_of",
    "signoffs_file",
]

SIGNOFF_TYPE = "application/vnd.nmes-rig.signoff+json"

# So far the clocks of two computers may lie apart.
_SKEW = timedelta(minutes=5)
_START = "0" * 64
_LONGEST = 1 << 24  # bytes; a sign-off has about two thousand
_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Meaning(StrEnum):
    """What a signature means, as 21 CFR 11.50 (a)(3) wants it said."""

    AUTHORED = "authored"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    RESPONSIBLE = "responsible"
    REJECTED = "rejected"


def _visible(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        msg = "has to be one line of printable characters, without spaces around it"
        raise ValueError(msg)
    return text


_Text = Annotated[str, Field(max_length=2000), AfterValidator(_visible)]
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Signed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Statement(_Signed):
    """What a person says with a signature; ``override`` is why, of a run that is incomplete."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
    meaning: Meaning
    role: Annotated[str, Field(max_length=200), AfterValidator(_visible)] = ""
    comment: _Text = ""
    override: _Text = ""

    @classmethod
    def of(cls, **said: str) -> Statement:
        """Return what was said; raises EvidenceError where it cannot be signed."""
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            told = first["msg"].removeprefix("Value error, ")
            raise EvidenceError(f"{'.'.join(map(str, first['loc']))}: {told}") from None


class SignOff(_Signed):
    """One sign-off, as it is signed; ``manifest`` and ``record`` are SHA-256, ``previous`` that of the line before."""

    format: Literal["rig-signoff/1"] = "rig-signoff/1"
    number: Annotated[int, Field(ge=1)]
    run_id: str
    manifest: _Hash
    record: _Hash
    verdict: Verdict
    statement: Statement
    time: AwareDatetime
    key: _Hash
    public_key: str
    previous: _Hash

    def payload(self) -> bytes:
        """Return the bytes that are signed."""
        return _line(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSignOff:
    """A line of a file of sign-offs; ``problem`` is empty where it is valid, ``remark`` says what is odd about it."""

    line: int
    signoff: SignOff | None
    problem: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is signed: a sealed bundle, by its hashes."""

    run_id: str
    verdict: Verdict
    manifest: str
    record: str
    ended: datetime

    @classmethod
    def of(cls, folder: Path) -> _Subject:
        record = read_record(folder)
        return cls(
            run_id=record.run_id,
            verdict=record.verdict,
            manifest=hashlib.sha256(read_plain(folder / MANIFEST)).hexdigest(),
            record=hashlib.sha256(read_plain(folder / RECORD)).hexdigest(),
            ended=ended_of(record),
        )


def signoffs_file(folder: Path) -> Path:
    """Return where the sign-offs of a bundle stand: beside its folder."""
    bundle = folder.resolve()
    return bundle.parent / f"{bundle.name}.signoffs.jsonl"


def append_signoff(
    path: Path, folder: Path, statement: Statement, signer: Signer, *, utc: Callable[[], datetime]
) -> SignOff:
    """Sign a bundle that was found to be intact; the sign-off is on the disk when this returns.

    Raises
    ------
    EvidenceError
        if a sign-off before it is not valid, or the file cannot be written
    """
    subject = _Subject.of(folder)
    try:
        handle = os.open(path, _APPEND, 0o644)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            lock_descriptor(handle)  # until it is closed
            lines = read_plain(path, most=_LONGEST).splitlines(keepends=True)
            if lines and not lines[-1].endswith(b"\n"):
                lines.pop()  # nobody was ever told that it was signed
            for known in _check(lines, subject):
                if known.problem:
                    raise EvidenceError(f"{path.name} line {known.line}: {known.problem}; nothing is signed after it")
            signoff = _signoff(subject, statement, signer, utc(), lines)
            _append(file.fileno(), b"".join(lines), _envelope(signoff, signer))
        sync_directory(path.parent)
    except OSError as error:
        raise EvidenceError(f"{path} cannot be written: {error.strerror or error}") from None
    return signoff


def _signoff(subject: _Subject, statement: Statement, signer: Signer, now: datetime, lines: list[bytes]) -> SignOff:
    return SignOff(
        number=len(lines) + 1,
        run_id=subject.run_id,
        manifest=subject.manifest,
        record=subject.record,
        verdict=subject.verdict,
        statement=statement,
        time=now.astimezone(UTC).replace(microsecond=0),
        key=signer.id,
        public_key=signer.public_pem.decode(),
        previous=hashlib.sha256(lines[-1]).hexdigest() if lines else _START,
    )


def _append(handle: int, kept: bytes, line: bytes) -> None:
    """Append a line durably, or leave the file as it was."""
    os.ftruncate(handle, len(kept))
    try:
        while line:  # a full disk takes the first part of it
            line = line[os.write(handle, line) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, len(kept))
        raise


def check_signoffs(path: Path, folder: Path) -> tuple[CheckedSignOff, ...]:
    """Check the sign-offs of a bundle, line by line: each signature, the chain, and that they are of this bundle.

    What was removed from the end of the file leaves no trace in it. That the bundle is intact is for
    :func:`rig.evidence.verification.examine` to say.

    Raises
    ------
    EvidenceError
        if the file, or the bundle's record or manifest, cannot be read
    """
    return tuple(_check(read_plain(path, most=_LONGEST).splitlines(keepends=True), _Subject.of(folder)))


def _check(lines: list[bytes], subject: _Subject) -> Iterator[CheckedSignOff]:
    previous, latest = _START, subject.ended
    for number, line in enumerate(lines, 1):
        signoff, problem = _read(line)
        if signoff is not None:
            problem = problem or _place(signoff, number, previous) or _other(signoff, subject)
        previous = hashlib.sha256(line).hexdigest()
        remark = ""
        if signoff is not None and not problem:
            remark = early(signoff.time, latest)
            latest = max(latest, signoff.time.astimezone(UTC))
        yield CheckedSignOff(line=number, signoff=signoff, problem=problem, remark=remark)


def ended_of(record: RunRecord) -> datetime:
    """Return when a run ended, or had begun if it did not, in UTC: a record may tell the time of its laboratory."""
    return (record.finished or record.started).astimezone(UTC)


def early(time: datetime, latest: datetime) -> str:
    """Say of a signature's time that it is before what is signed, be that the run's end or an earlier sign-off."""
    return f"dated before what it signs, of {latest:%Y-%m-%d %H:%M:%S}" if latest - time > _SKEW else ""


def _read(line: bytes) -> tuple[SignOff | None, str]:
    """Return what a line says, if it is a sign-off at all, and what is wrong with its signature."""
    try:
        envelope = json.loads(line)
        payload = base64.b64decode(envelope["payload"], validate=True)
        (stated,) = envelope["signatures"]
        signature = base64.b64decode(stated["sig"], validate=True)
        signoff = SignOff.model_validate_json(payload)
        key = public_key(signoff.public_key.encode(), "its public key")
    except (ValueError, KeyError, TypeError, RecursionError, EvidenceError):
        return None, "not a sign-off, or altered"
    if key_id(key) != signoff.key or payload != signoff.payload():
        return signoff, "altered"
    # Base64 and JSON can say the same thing in many ways; one of them is the one that was written.
    if line != _line(dsse(SIGNOFF_TYPE, payload, signoff.key, signature)):
        return signoff, "altered"
    if not is_signature(key, signature, SIGNOFF_TYPE, payload):
        return signoff, "its signature is invalid: altered, or made by somebody else"
    return signoff, ""


def _place(signoff: SignOff, number: int, previous: str) -> str:
    if (signoff.number, signoff.previous) == (number, previous):
        return ""
    return f"it was made as number {signoff.number}, and does not follow from the line before it: removed, or moved"


def _other(signoff: SignOff, subject: _Subject) -> str:
    """Say that something else was signed, if it was."""
    if signoff.manifest != subject.manifest:
        return f"it signs another bundle, of run {signoff.run_id!r}"
    if (signoff.record, signoff.run_id, signoff.verdict) != (subject.record, subject.run_id, subject.verdict):
        return "it states another record than the bundle holds"
    return ""


def _envelope(signoff: SignOff, signer: Signer) -> bytes:
    payload = signoff.payload()
    return _line(dsse(SIGNOFF_TYPE, payload, signer.id, signer.sign(SIGNOFF_TYPE, payload)))


def _line(data: object) -> bytes:
    return (json.dumps(data, sort_keys=True, separators=(",", ":")) + "\n").encode("ascii")
