"""The record read back, and its schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rig.errors import EvidenceError
from rig.evidence.plain import read_plain
from rig.evidence.record import SCHEMA, RunRecord

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_record", "record_json_schema"]

_RECORD = "record.json"


def read_record(path: Path) -> RunRecord:
    """Read the record of a bundle, given its folder or the record's own file.

    Raises
    ------
    EvidenceError
        if there is none, if it is of another version, or if it is not a record.
    """
    file = path / _RECORD if path.is_dir() else path
    try:
        content = read_plain(file)
        version = json.loads(content).get("schema")
    except EvidenceError as error:
        msg = f"there is no record at {path}: {error}"
        raise EvidenceError(msg) from error
    except (ValueError, AttributeError, RecursionError) as error:
        msg = f"{file} is not a record"
        raise EvidenceError(msg) from error
    if version != SCHEMA:
        msg = f"{file} is a record of version {version!r}; this rig reads {SCHEMA!r}"
        raise EvidenceError(msg)
    try:
        return RunRecord.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        msg = f"{file} is not a valid record: {place}: {first['msg']}"
        raise EvidenceError(msg) from error


def record_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record's file."""
    schema = RunRecord.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Record of a run"}
