"""Evidence is not added to, nor is anything of it overwritten: what is written for people goes elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from rig.errors import Refused
from rig.evidence.layout import BEGUN, JOURNAL, RECORD
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import shown

__all__ = ["refuse_in_evidence"]

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
