"""The record read back, and its schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rig.errors import EvidenceError
from rig.evidence.plain import inside, is_folder, read_plain
from rig.evidence.record import SCHEMA, RunRecord

if TYPE_CHECKING:
    from pathlib import Path

    from rig.evidence.entry import FileEntry

__all__ = ["read_record", "read_source", "record_json_schema"]

_RECORD = "record.json"
_LARGEST = 1e100  # of any number: no quantity is, and what is computed from it stays finite
_YEARS = range(1900, 3000)  # every time zone has a day for their moments
_LARGEST_SOURCE = 20_000_000  # bytes: as large as a photograph may be
_DIGITS = 18  # of a whole number, so that 64 bits hold it


def read_record(path: Path) -> RunRecord:
    """Read the record of a bundle, given its folder or the record's own file.

    Raises
    ------
    EvidenceError
        if there is none, if it is of another version, or if it is not a record; also if a number in it is none that
        could be measured or counted
    """
    file = path / _RECORD if is_folder(path) else path
    try:
        content = read_plain(file)
        version = json.loads(content, parse_float=_number, parse_int=_count, parse_constant=_number).get("schema")
    except EvidenceError as error:
        msg = f"there is no record at {path}: {error}"
        raise EvidenceError(msg) from error
    except (ValueError, AttributeError, RecursionError) as error:
        msg = f"{file} is not a record{f': {error}' if isinstance(error, _Absurd) else ''}"
        raise EvidenceError(msg) from error
    if version != SCHEMA:
        msg = f"{file} is a record of version {version!r}; this rig reads {SCHEMA!r}"
        raise EvidenceError(msg)
    try:
        record = RunRecord.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        msg = f"{file} is not a valid record: {place}: {first['msg']}"
        raise EvidenceError(msg) from error
    moments = (record.started, record.finished, *(case.started for case in record.cases))
    if any(one is not None and one.year not in _YEARS for one in moments):
        raise EvidenceError(
            f"{file} is not a valid record: a moment in it is in none of the years from {_YEARS[0]} to {_YEARS[-1]}"
        )
    return record


def read_source(folder: Path, entry: FileEntry) -> bytes:
    """Read a file that a bundle keeps a copy of; raises EvidenceError where it is not inside, not plain, or large."""
    return read_plain(inside(folder, entry.file), most=_LARGEST_SOURCE)


class _Absurd(ValueError):
    """A number that nothing of a run can be."""


def _number(text: str) -> float:
    value = float(text)
    if not abs(value) <= _LARGEST:
        raise _Absurd(f"a number in it is {text[:12]}")
    return value


def _count(text: str) -> int:
    if len(text) > _DIGITS:
        raise _Absurd(f"a number in it has {len(text)} digits")
    return int(text)


def record_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record's file."""
    schema = RunRecord.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Record of a run"}
