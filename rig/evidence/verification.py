"""Whether a bundle is what was sealed, and by whom: from its files alone, whoever made them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import EvidenceError
from rig.evidence.journal import read_entries, verify_journal, whole_lines
from rig.evidence.layout import CASES, JOURNAL, RECORD
from rig.evidence.manifest import MANIFEST, compare, read_manifest
from rig.evidence.plain import hash_plain, inside, is_folder, read_plain, shown
from rig.evidence.signing import SIGNATURE, SIGNER, check_signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Examination", "examine", "refuse_unless_whole", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found out about a bundle.

    Attributes
    ----------
    problems : every file added, missing or altered, every broken link of the journal, and a signature that is wrong
    incomplete : that the bundle was never sealed, and how far it is whole; empty if it was
    signed_by : the id of the key whose signature is valid; empty if there is none
    """

    problems: tuple[str, ...]
    incomplete: str
    signed_by: str

    @property
    def intact(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.problems and not self.incomplete


def verify(folder: Path) -> tuple[str, ...]:
    """Return what is wrong with a bundle, one sentence per finding; empty if everything is as it was sealed."""
    found = examine(folder)
    return (*filter(None, (found.incomplete,)), *found.problems)


def refuse_unless_whole(folder: Path) -> None:
    """Refuse a bundle that is not as it was sealed.

    Raises
    ------
    EvidenceError
        with the first of what is wrong with it
    """
    problems = verify(folder)
    if problems:
        more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise EvidenceError(f"{folder}: not intact, so nothing can be concluded from it: {problems[0]}{more}")


def examine(folder: Path, *, signed_by: str | None = None) -> Examination:
    """Examine a bundle; no file outside the folder is opened, whatever is in it.

    Parameters
    ----------
    signed_by : the id of the key that must have signed it, if any must
    """
    if not is_folder(folder):
        return Examination(problems=(f"{folder} is not the folder of a run's evidence",), incomplete="", signed_by="")
    if _stands(folder, MANIFEST):
        incomplete, problems = "", [*compare(folder), *_journal(folder)]
        key, signature = _signature(folder)
        problems += signature
    else:
        incomplete, problems, key = _how_far(folder), [*_unsealed(folder)], ""
    if signed_by is not None and key != signed_by:
        problems.append(f"the evidence is {f'signed by {key}' if key else 'not signed'}, and not by {signed_by}")
    return Examination(problems=tuple(problems), incomplete=incomplete, signed_by=key)


def _stands(folder: Path, name: str) -> bool:
    return (folder / name).exists() or (folder / name).is_symlink()


def _journal(folder: Path) -> tuple[str, ...]:
    return verify_journal(folder / JOURNAL) if _stands(folder, JOURNAL) else ()


def _signature(folder: Path) -> tuple[str, list[str]]:
    """Return the id of the key that signed a sealed bundle, and what is wrong with its signature."""
    try:
        manifest = read_plain(folder / MANIFEST)
        stated = read_manifest(manifest)
        expected = _stands(folder, SIGNER) if stated is None else SIGNER in stated
        if not expected:
            return "", [f"{SIGNATURE}: added"] if _stands(folder, SIGNATURE) else []
        if not _stands(folder, SIGNATURE):
            return "", [f"{SIGNATURE}: missing"]
        return check_signature(read_plain(folder / SIGNATURE), manifest, read_plain(folder / SIGNER)), []
    except EvidenceError as error:
        return "", [str(error)]


def _how_far(folder: Path) -> str:
    """Say of a bundle that was never sealed how far it goes."""
    missing = f"{MANIFEST}: missing; the evidence is incomplete"
    try:
        lines = whole_lines(folder / JOURNAL)
        last = json.loads(lines[-1]) if lines else {"event": "begun", "time": "an unknown time"}
        where = (
            f"entry {len(lines)}, {shown(str(last['event']))!r} at {shown(str(last['time']))}" if lines else "nothing"
        )
    except (EvidenceError, ValueError, KeyError, TypeError, RecursionError):
        return missing
    return f"{missing}: its journal ends with {where}{'' if _stands(folder, RECORD) else ', and the run has no record'}"


def _unsealed(folder: Path) -> Iterator[str]:
    """Yield what is wrong with what a run left that was cut off: its journal says what had been written by then."""
    if not _stands(folder, JOURNAL):
        if any(folder.iterdir()):
            yield f"{JOURNAL}: missing"
        return
    broken = verify_journal(folder / JOURNAL, cut_off=True)
    if broken:
        yield from broken
        return
    journalled = [entry["facts"] for entry in read_entries(folder / JOURNAL) if isinstance(entry["facts"], dict)]
    told = {name: digest for name, digest in map(_file, journalled) if name}
    for name, digest in told.items():
        yield from _altered(folder, name, digest)
    # The record of a case is written just before the journal tells of it: the last one may stand there alone.
    alone = {f"{CASES}/{path.name}" for path in (folder / CASES).glob("*.json")} - told.keys()
    for name in sorted(alone)[:-1]:
        yield f"{shown(name)}: added"


def _file(facts: dict[str, object]) -> tuple[str, str]:
    name, digest = facts.get("file"), facts.get("sha256")
    return (name, digest) if isinstance(name, str) and isinstance(digest, str) else ("", "")


def _altered(folder: Path, name: str, digest: str) -> Iterator[str]:
    """Yield whether a file is not what was said of it; of one that is, the same for the files that it names."""
    try:
        path = inside(folder, name)
    except EvidenceError as error:
        yield str(error)
        return
    found = hash_plain(path)
    if found != digest:
        yield f"{shown(name)}: {'missing' if found is None else 'altered'}"
    elif name.startswith(f"{CASES}/"):
        try:
            named = list(_named(json.loads(read_plain(path))))
        except (EvidenceError, ValueError, RecursionError):
            yield f"{shown(name)}: not the record of a case"
            return
        for other, expected in dict(named).items():
            yield from _altered(folder, other, expected)


def _named(data: object) -> Iterator[tuple[str, str]]:
    """Yield every file that a record names, with its hash."""
    if isinstance(data, dict):
        if data.keys() == {"origin", "file", "sha256"}:
            yield str(data["file"]), str(data["sha256"])
            return
        data = list(data.values())
    if isinstance(data, list):
        for one in data:
            yield from _named(one)
