"""A dialogue's file, read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rig.bench.dialogue.checks import what_does_not_fit
from rig.bench.dialogue.entries import DialogueFile
from rig.documents import read_document, validate
from rig.errors import DocumentInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from rig.documents import Document

__all__ = ["dialogue_json_schema", "read_dialogue"]


def read_dialogue(path: Path) -> tuple[Document, DialogueFile]:
    """Read the description of a dialogue; raises DocumentInvalid with every mistake found, each at its place."""
    document = read_document(path, defer=True)
    dialogue = validate(document, DialogueFile)
    problems = [document.problem(at, message) for at, message in what_does_not_fit(dialogue)]
    if problems:
        raise DocumentInvalid(problems)
    return document, dialogue


def dialogue_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a dialogue's file."""
    schema = DialogueFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Text dialogue"}
