"""What is known of the evidence itself when a report is rendered from it: its hashes, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rig.evidence.signoff import CheckedSignOff

__all__ = ["Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Hashes of a bundle, and what examining it has found; before the seal only the record's hash is known.

    Attributes
    ----------
    record_sha256 : of ``record.json``, which names every capture by its hash
    bundle_sha256 : of ``manifest.json``, which names every file; empty where there is no manifest (yet)
    examined : whether the bundle was examined; if not, ``signed_by`` is not known and the record's word counts
    incomplete : that the bundle was never sealed, and how far it is whole; empty if it was
    problems : every file added, missing or altered, every broken link, and a signature that is wrong
    signed_by : the id of the key whose signature was found to be valid
    rendered : when a report was rendered anew, UTC, and by which version of the ``software``; None of the first one
    signoffs : what people signed after the seal, found beside the bundle, each checked
    """

    record_sha256: str = ""
    bundle_sha256: str = ""
    examined: bool = False
    incomplete: str = ""
    problems: tuple[str, ...] = ()
    signed_by: str = ""
    rendered: datetime | None = None
    software: str = ""
    signoffs: tuple[CheckedSignOff, ...] = ()
