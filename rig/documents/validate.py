"""A document against its model: every mistake at its place, with what was expected and the nearest valid name."""

from __future__ import annotations

import json
from functools import cache
from itertools import filterfalse
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from rig.documents.nodes import Loc
from rig.documents.wording import joined, message_of, unknown_key
from rig.errors import DocumentInvalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

    from rig.documents.tree import Document

__all__ = ["problems_of", "validate"]

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(document: Document, model: type[ModelT]) -> ModelT:
    """Return the document as its model.

    Raises
    ------
    DocumentInvalid
        with all mistakes of the file, those that were deferred when it was read included
    """
    try:
        value = _checked(document, model)
    except ValidationError as error:
        raise DocumentInvalid([*document.problems, *problems_of(document, model, error)]) from error
    if document.problems:
        raise DocumentInvalid(document.problems)
    return value


def _checked(document: Document, model: type[ModelT]) -> ModelT:
    # A file's values are JSON's: lists become tuples and text becomes dates, and nothing else is converted.
    return model.model_validate_json(json.dumps(document.data))


def problems_of(document: Document, model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Translate the mistakes of one validation into problems at their places."""
    names = _Names(model)
    return [_problem(document, names, loc, group) for loc, group in _by_place(document, error)]


def _by_place(document: Document, error: ValidationError) -> Iterator[tuple[Loc, list[ErrorDetails]]]:
    """Yield the mistakes grouped by their place in the file; of alternatives, the ones that got furthest."""
    places: dict[Loc, list[ErrorDetails]] = {}
    unions: dict[Loc, bool] = {}
    for details in filterfalse(_too_short_by_mistakes, error.errors(include_url=False)):
        loc, alternatives_at = _place(document, details)
        places.setdefault(loc, []).append(details)
        if alternatives_at is not None:
            unions[alternatives_at] = unions.get(alternatives_at, False) or loc != alternatives_at
    for loc, group in places.items():
        if not unions.get(loc):
            yield loc, group


def _too_short_by_mistakes(details: ErrorDetails) -> bool:
    """Whether a list is long enough as written, and only its faulty items, told of elsewhere, are not counted."""
    found = details["input"]
    return details["type"] == "too_short" and isinstance(found, list) and len(found) >= details["ctx"]["min_length"]


def _place(document: Document, details: ErrorDetails) -> tuple[Loc, Loc | None]:
    """Return the mistake's place without the labels of alternatives, and where the first alternatives lie, if any."""
    node = document.root
    loc: Loc = ()
    alternatives_at: Loc | None = None
    parts = details["loc"]
    for position, part in enumerate(parts):
        below = node.child(part)
        if below is None:
            last = position == len(parts) - 1
            if last and details["type"] == "missing":
                return (*loc, part), alternatives_at
            if part != "[key]":
                alternatives_at = loc if alternatives_at is None else alternatives_at
            continue
        node, loc = below, (*loc, part)
    return loc, alternatives_at


def _problem(document: Document, names: _Names, loc: Loc, group: Sequence[ErrorDetails]) -> Problem:
    kind = group[0]["type"]
    if kind == "missing":
        line, column = document.locate(loc[:-1])
        message = f"the required key {loc[-1]!r} is missing"
        return Problem(
            file=document.shown_as, line=line, column=column, key=document.problem(loc, "").key, message=message
        )
    if kind == "extra_forbidden" or group[0]["loc"][-1:] == ("[key]",):
        return document.problem(loc, unknown_key(str(loc[-1]), names.at(loc[:-1])), at_key=True)
    return document.problem(loc, joined([message_of(details) for details in group]))


@cache
def _drawn(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's JSON schema; nothing where a type in it cannot be drawn."""
    try:
        return model.model_json_schema()
    except PydanticInvalidForJsonSchema:
        return {}


class _Names:
    """The names that a model allows at a place, read from its JSON schema."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._root = _drawn(model)

    def at(self, loc: Loc) -> list[str]:
        """Return the keys that may stand in the mapping at a place, in the model's order."""
        here = list(self._alternatives(self._root))
        for part in loc:
            here = [leaf for schema in here for below in _below(schema, part) for leaf in self._alternatives(below)]
        return list(dict.fromkeys(name for schema in here for name in self._keys(schema)))

    def _keys(self, schema: dict[str, Any]) -> Iterator[str]:
        yield from schema.get("properties", ())
        for names in self._alternatives(schema.get("propertyNames", {})):
            yield from names.get("enum", ())

    def _alternatives(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "$ref" in schema:
            name = str(schema["$ref"]).rsplit("/", 1)[-1]
            yield from self._alternatives(self._root["$defs"][name])
        branches = [branch for word in ("anyOf", "oneOf", "allOf") for branch in schema.get(word, ())]
        for branch in branches:
            yield from self._alternatives(branch)
        if not branches and "$ref" not in schema:
            yield schema


def _below(schema: dict[str, Any], part: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(part, int):
        prefix = schema.get("prefixItems", [])
        below = prefix[part] if part < len(prefix) else schema.get("items")
    else:
        below = schema.get("properties", {}).get(part, schema.get("additionalProperties"))
    if isinstance(below, dict):
        yield below
