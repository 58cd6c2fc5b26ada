"""Evidence is not added to, nor is anything of it overwritten: what is written for people goes elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from rig.errors import Refused
from rig.evidence.layout import BEGUN, JOURNAL, RECORD
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import shown
from rig.evidence.writing import PARTIAL

__all__ = ["refuse_in_evidence", "write_outside"]

# One of these names alone may be anybody's file.
_NAMES, _LEAST = (BEGUN, JOURNAL, RECORD, MANIFEST), 2


def refuse_in_evidence(target: Path) -> None:
    """Refuse a place to write to that lies in the evidence of a run, whichever run that is; links are followed.

    Raises
    ------
    Refused
        if it does
    """
    for folder in Path(os.path.realpath(target)).parents:
        if sum((folder / name).is_file() for name in _NAMES) >= _LEAST:
            raise Refused(f"{shown(str(target))} lies in {shown(str(folder))}, which is evidence and is not added to")


def write_outside(target: Path, content: bytes) -> None:
    """Write a file for people: as a whole or, where that fails, as it was before; a pipe or a device gets it as it is.

    Raises
    ------
    Refused
        if it lies in a run's evidence
    OSError
        if it cannot be written
    """
    refuse_in_evidence(target)
    file = Path(os.path.realpath(target))
    if file.exists() and not file.is_file():
        target.write_bytes(content)
        return
    partial = file.with_name(f"{file.name}.{os.getpid()}{PARTIAL}")
    try:
        partial.write_bytes(content)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
