"""Signing a sealed run off: what is signed is verified and shown, and what was signed is checked again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rig.errors import EvidenceError, Refused
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import hash_plain, shown
from rig.evidence.reading import read_record
from rig.evidence.signoff import CheckedSignOff, append_signoff, check_signoffs, early, ended_of, signoffs_file
from rig.evidence.verification import examine
from rig.harness.terminal import Terminal
from rig.report.signoff import when
from rig.report.view import incompleteness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from rig.evidence.signing import Signer
    from rig.evidence.signoff import SignOff, Statement

__all__ = ["SignedOff", "agreed", "examine_signoffs", "shown_signoffs", "sign_off"]

_PATIENCE = 600.0
_ALTERED = "the evidence is not any more what was signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOff:
    """The sign-offs that were found beside a bundle, each checked."""

    file: str
    entries: tuple[CheckedSignOff, ...] = ()
    problem: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, one sentence per finding."""
        lines = (f"{self.file} line {one.line}: {shown(one.problem)}" for one in self.entries if one.problem)
        return (*filter(None, (self.problem,)), *lines)

    @property
    def told(self) -> Iterator[str]:
        """Every sign-off that is valid, and what is wrong with any other."""
        for one in self.entries:
            if one.signoff is not None and not one.problem:
                said = one.signoff.statement
                role = f", {said.role}" if said.role else ""
                odd = f"; {one.remark}" if one.remark else ""
                yield f"{said.meaning} by {said.name}{role} on {when(one.signoff)}, key {one.signoff.key}{odd}"
        yield from self.problems

    @property
    def counted(self) -> str:
        """How many there are and how many of them are valid, to follow what is said of the bundle."""
        if self.problem:
            return ", its sign-offs CANNOT BE CHECKED"
        if not self.entries:
            return ""
        number, bad = len(self.entries), len(self.problems)
        noun = "sign-off" if number == 1 else "sign-offs"
        return f", {number} {noun}" + (f", {bad} of them NOT VALID" if bad else "")


def examine_signoffs(bundle: Path, named: Path | None = None, *, sealed: bool = True) -> SignedOff:
    """Check the sign-offs of a bundle: in the file that was named, or in that beside it, if there is one."""
    file = named or signoffs_file(bundle)
    if named is None and not file.exists() and not file.is_symlink():
        return SignedOff(file=file.name)
    if not sealed:
        return SignedOff(file=file.name, problem=f"{file.name}: nothing was sealed that could have been signed off")
    try:
        return SignedOff(file=file.name, entries=check_signoffs(file, bundle))
    except EvidenceError as error:
        return SignedOff(file=file.name, problem=f"{file.name} cannot be checked: {error}")


def shown_signoffs(bundle: Path, *, intact: bool) -> tuple[CheckedSignOff, ...]:
    """Return the sign-offs beside a bundle for its report; none of them is valid where the bundle is not intact."""
    found = examine_signoffs(bundle)
    if found.problem:
        return (CheckedSignOff(line=1, signoff=None, problem=found.problem),)
    if intact:
        return found.entries
    return tuple(replace(one, problem=one.problem or _ALTERED) for one in found.entries)


def sign_off(
    bundle: Path,
    statement: Statement,
    signer: Signer,
    *,
    tell: Callable[[str], object],
    agreed: Callable[[], bool],
    utc: Callable[[], datetime],
) -> tuple[SignOff, Path]:
    """Verify a bundle, show what is signed, and add the sign-off beside it; return it and its file.

    Raises
    ------
    EvidenceError
        if the bundle is not intact, or was never sealed; if an earlier sign-off is not valid
    Refused
        if its run is incomplete and ``statement`` does not say why it is signed all the same; if it would be dated
        before what it signs; if nobody agreed
    """
    manifest, found = hash_plain(bundle / MANIFEST), examine(bundle)
    if found.incomplete:
        raise EvidenceError(f"{bundle}: it was never sealed, so there is nothing to sign; rig recover seals it")
    if found.problems:
        more = f"; and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        raise EvidenceError(f"{bundle}: not intact, so it is not signed: {found.problems[0]}{more}")
    record = read_record(bundle)
    missing = incompleteness(record)
    if missing and not statement.override:
        raise Refused(f'{bundle}: the run is incomplete ({" ".join(missing)}); --incomplete "why it is signed"')
    if statement.override and not missing:
        raise Refused(f"{bundle}: the run is complete; --incomplete has no meaning")
    times = [one.signoff.time for one in examine_signoffs(bundle).entries if one.signoff is not None]
    if said := early(utc(), max([ended_of(record), *times])):
        raise Refused(f"{bundle}: the signature would be {said} UTC: this computer's clock is wrong, or that one's was")
    tell(f"run:       {shown(record.run_id)}\nverdict:   {record.verdict}")
    for word, texts in (("incomplete", missing), ("engineering only", record.engineering_only)):
        for text in texts:
            tell(f"{word}: {shown(text)}")
    tell(f"evidence:  signed by {found.signed_by}" if found.signed_by else "evidence:  unsigned")
    tell(f"manifest:  {manifest} (SHA-256)")
    tell(f"signature: {statement.meaning} by {statement.name}{f', {statement.role}' if statement.role else ''}")
    if not agreed():
        raise Refused("nothing was signed")
    if hash_plain(bundle / MANIFEST) != manifest or not examine(bundle).intact:
        raise EvidenceError(f"{bundle}: it was changed while it was looked at; nothing was signed")
    file = signoffs_file(bundle)
    return append_signoff(file, bundle, statement, signer, utc=utc), file


def agreed() -> bool:
    """Ask the person at the terminal; raises Refused where there is none."""
    terminal = Terminal()
    if not terminal.attended:
        raise Refused("nobody is at the terminal to confirm the signature; --yes signs without asking")
    try:
        return terminal.ask("Sign this? Type yes: ", _PATIENCE).casefold() in {"y", "yes"}
    except (TimeoutError, EOFError):
        return False
