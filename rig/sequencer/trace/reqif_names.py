"""How a ReqIF file calls what a requirement has: the names of the exchange guide, or those that a person wrote down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from rig.documents import read_document, validate

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LAST_CHANGE", "AttributeNames", "folded", "read_attribute_names"]

LAST_CHANGE = "LAST-CHANGE"

Names = tuple[str, ...]


class AttributeNames(BaseModel):
    """Names of attributes, the first that has a value counts; and names of object types, by what they stand for.

    ``LAST-CHANGE`` as a name of ``revised`` stands for the day on which the object was last changed, whatever changed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Names = ("ReqIF.ForeignID", "ID", "Identifier", "Object Identifier")
    title: Names = ("ReqIF.Name", "ReqIF.ChapterName", "Title", "Name", "Object Heading")
    text: Names = ("ReqIF.Text", "ReqIF.Description", "Text", "Description", "Object Text")
    revision: Names = ("ReqIF.Revision", "ReqIF.ForeignRevision", "Revision", "Version")
    revised: Names = ("Revised", "Revision Date", "ReqIF.ForeignModifiedOn")
    hazards: Names = ("Hazard", "Hazards")
    risk_controls: Names = ("Risk Control", "Risk Controls", "Risk Control Measure")
    clauses: Names = ("Clause", "Clauses", "Standard")
    heading_types: Names = ("Heading", "Chapter", "Information", "Folder")
    hazard_types: Names = ("Hazard", "Hazard Type")
    risk_control_types: Names = ("Risk Control", "Risk Control Measure", "Risk Control Type")


def read_attribute_names(path: Path | None) -> AttributeNames:
    """Read names from a file of YAML; where it says nothing, or there is none, the usual names hold."""
    return AttributeNames() if path is None else validate(read_document(path, defer=True), AttributeNames)


def folded(name: str) -> str:
    """Return a name as it is compared: case, spaces, hyphens and underscores do not matter.

    >>> folded("Risk_Control") == folded("risk control")
    True
    """
    return "".join(letter for letter in name.casefold() if letter not in " -_")
