"""A file of requirements read, whatever its kind: YAML, CSV, ReqIF; every mistake at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.documents import read_document, validate
from rig.errors import DocumentInvalid, Refused
from rig.sequencer.trace.csv_file import read_csv
from rig.sequencer.trace.written import Written, incoherent

if TYPE_CHECKING:
    from pathlib import Path

    from rig.evidence.trace.requirement import Requirements

__all__ = ["read_requirements"]

_YAML = frozenset({".yaml", ".yml", ".json"})
_TABLES = frozenset({".csv", ".tsv", ".txt"})
_REQIF = frozenset({".reqif", ".reqifz"})


def read_requirements(path: Path, attributes: Path | None = None) -> Requirements:
    """Read requirements; what kind of file it is, the end of its name says.

    Parameters
    ----------
    attributes : a file that says how the attributes of a ReqIF file are called

    Raises
    ------
    DocumentInvalid
        with every mistake that could be found, each at its place
    Refused
        if the kind of file is unknown, or its reader is not installed
    """
    kind = path.suffix.lower()
    if attributes is not None and kind not in _REQIF:
        raise Refused(f"{path}: --attributes speaks of a ReqIF file, and this is none")
    if kind in _YAML:
        return _read_yaml(path)
    if kind in _TABLES:
        return read_csv(path)
    if kind in _REQIF:
        from rig.sequencer.trace.reqif_file import read_reqif  # noqa: PLC0415 - an extra that may be missing

        return read_reqif(path, attributes)
    known = ", ".join(sorted(_YAML | _TABLES | _REQIF))
    raise Refused(f"{path}: what kind of requirements these are, the name does not say; it must end in {known}")


def _read_yaml(path: Path) -> Requirements:
    document = read_document(path, defer=True)
    written = validate(document, Written)
    problems = [document.problem(place, message) for place, message in incoherent(written)]
    if problems:
        raise DocumentInvalid(problems)
    return written.as_read(document.shown_as, document.sha256)
