"""Requirements from ReqIF, read by the package reqif: objects, their attributes by name, hierarchies and relations."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rig.errors import DocumentInvalid, Problem, Refused
from rig.sequencer.trace.csv_file import items, read_bytes
from rig.sequencer.trace.reqif_guard import plain_documents
from rig.sequencer.trace.reqif_names import LAST_CHANGE, AttributeNames, folded, read_attribute_names
from rig.sequencer.trace.written import Written, incoherent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from reqif.reqif_bundle import ReqIFBundle

    from rig.evidence.trace.requirement import Requirements

__all__ = ["read_reqif"]

_KINDS = ("hazards", "risk_controls", "requirements")
_LISTS = ("hazards", "risk_controls", "clauses")
_BLOCKS = {"br", "div", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "td", "th", "tr"}
# What the reader raises for a file that is XML and not ReqIF; it looks for little of it by itself.
_CONFUSED = (AssertionError, AttributeError, IndexError, KeyError, NotImplementedError, TypeError, ValueError)


def read_reqif(path: Path, attributes: Path | None = None) -> Requirements:
    """Read requirements from a ``.reqif`` file, or from all such files in a ``.reqifz`` archive.

    Raises
    ------
    Refused
        if the package reqif is not installed
    DocumentInvalid
        if it is no ReqIF, holds what it has no need of, or its requirements have mistakes, each with its object's line
    """
    names = read_attribute_names(attributes)
    content = read_bytes(path)
    found = _Objects(str(path), names)
    for name, text in plain_documents(str(path), content, packed=path.suffix.lower() == ".reqifz"):
        found.add(name, _parsed(name, text))
    try:
        written = Written.model_validate_json(json.dumps(found.parts()))
    except ValidationError as error:
        raise DocumentInvalid([
            found.problem(details["loc"], details["msg"]) for details in error.errors(include_url=False)
        ]) from error
    problems = [found.problem(loc, message) for loc, message in incoherent(written)]
    if problems:
        raise DocumentInvalid(problems)
    return written.as_read(str(path), hashlib.sha256(content).hexdigest(), tuple(found.notes()))


def _parsed(name: str, text: str) -> ReqIFBundle:
    try:
        from reqif.models.error_handling import ReqIFSchemaError, ReqIFXMLParsingError  # noqa: PLC0415 - an extra
        from reqif.parser import ReqIFParser  # noqa: PLC0415 - likewise
    except ImportError:
        raise Refused("ReqIF is read with the package reqif: pip install 'nmes-rig[reqif]'") from None
    try:
        return ReqIFParser.parse_from_string(text)
    except (ReqIFSchemaError, ReqIFXMLParsingError, *_CONFUSED) as error:
        told = str(error).splitlines()
        message = f"is not ReqIF: {type(error).__name__}{f': {told[0][:200]}' if told else ''}"
        raise DocumentInvalid([Problem(file=name, line=1, column=1, key="", message=message)]) from error


class _Text(HTMLParser):
    """Takes the text out of XHTML; what begins a new line there begins one here."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag.rpartition(":")[2] in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(" ".join(data.split()) if not data.isspace() else " ")
        if data[-1:].isspace():
            self.parts.append(" ")

    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self.parts).split("\n"))
        return "\n".join(line for line in lines if line)


def _plain(text: str) -> str:
    """Leave out what cannot be seen: a word processor's soft hyphens and joiners are no part of a requirement."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cf"})


def _day(value: str) -> str:
    """Return the day of a moment, in UTC; what is no moment stays as it is, to be told of."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()


class _Objects:
    """The objects of all documents, by identifier, in the order of their hierarchies."""

    def __init__(self, file: str, names: AttributeNames) -> None:
        self._file, self._names = file, names
        self._parts: dict[str, tuple[str, dict[str, Any]]] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._related: list[tuple[str, str]] = []
        self._left_out: dict[str, int] = {}

    def add(self, file: str, bundle: ReqIFBundle) -> None:
        """Add the objects and relations of one document."""
        content = bundle.core_content.req_if_content if bundle.core_content else None
        if content is None:
            raise DocumentInvalid([Problem(file=file, line=1, column=1, key="", message="has no content")])
        objects = {one.identifier: one for one in content.spec_objects or ()}
        ordered = dict.fromkeys(
            node.spec_object
            for specification in content.specifications or ()
            for node in bundle.iterate_specification_hierarchy(specification)
        )
        types = {one.identifier: one for one in content.spec_types or ()}
        words = {
            value.identifier: value.long_name or value.key or value.identifier
            for one in content.data_types or ()
            for value in getattr(one, "values", None) or ()
        }
        for identifier in dict.fromkeys((*(one for one in ordered if one in objects), *objects)):
            one = objects[identifier]
            self._places[identifier] = (file, getattr(one.xml_node, "sourceline", None) or 1)
            self._add(identifier, one, types.get(one.spec_object_type), words)
        self._related += [(one.source, one.target) for one in content.spec_relations or ()]
        if bundle.exceptions:
            self._skip("relations without an end", len(bundle.exceptions))

    def _add(self, identifier: str, one: Any, kind: Any, words: dict[str, str]) -> None:  # noqa: ANN401 - no types
        called = folded(getattr(kind, "long_name", None) or "")
        definitions = {
            each.identifier: each.long_name or "" for each in getattr(kind, "attribute_definitions", None) or ()
        }
        values: dict[str, list[str]] = {folded(LAST_CHANGE): [one.last_change]} if one.last_change else {}
        for attribute in one.attributes:
            values[folded(definitions.get(attribute.definition_ref, ""))] = list(_values(attribute, words))
        if called in map(folded, self._names.heading_types):
            self._skip("headings")
        elif not (name := self._first(values, self._names.id)):
            self._skip("objects without an id")
        elif called in map(folded, self._names.hazard_types):
            self._parts[identifier] = "hazards", {"id": name, "text": self._words(values)}
        elif called in map(folded, self._names.risk_control_types):
            part = {"id": name, "text": self._words(values), "hazards": self._several(values, "hazards")}
            self._parts[identifier] = "risk_controls", part
        else:
            self._parts[identifier] = "requirements", self._requirement(name, values)

    def _requirement(self, name: str, values: dict[str, list[str]]) -> dict[str, Any]:
        part: dict[str, Any] = {"id": name}
        for field in ("title", "text", "revision"):
            part[field] = self._first(values, getattr(self._names, field))
        if revised := self._first(values, self._names.revised):
            part["revised"] = _day(revised)
        return part | {field: self._several(values, field) for field in _LISTS}

    def _words(self, values: dict[str, list[str]]) -> str:
        return self._first(values, self._names.text) or self._first(values, self._names.title)

    def _first(self, values: dict[str, list[str]], names: Iterable[str]) -> str:
        found = (" ".join(values.get(folded(name), ())).strip() for name in names)
        return next(filter(None, found), "")

    def _several(self, values: dict[str, list[str]], field: str) -> list[str]:
        for name in getattr(self._names, field):
            if any(found := values.get(folded(name), ())):
                return [item for value in found for item in items(value)]
        return []

    def _skip(self, what: str, number: int = 1) -> None:
        self._left_out[what] = self._left_out.get(what, 0) + number

    def parts(self) -> dict[str, list[dict[str, Any]]]:
        """Return all requirements, hazards and risk controls, with what relations say of them, in either direction."""
        for source, target in self._related:
            for one, other in ((source, target), (target, source)):
                self._relate(one, other)
        return {kind: [part for of, part in self._parts.values() if of == kind] for kind in _KINDS}

    def _relate(self, one: str, other: str) -> None:
        kind, part = self._parts.get(one, ("", {}))
        field, related = self._parts.get(other, ("", {}))
        serves = {"requirements": ("hazards", "risk_controls"), "risk_controls": ("hazards",)}
        if field in serves.get(kind, ()) and related["id"] not in part[field]:
            part[field].append(related["id"])

    def notes(self) -> Iterator[str]:
        """Yield what was left out."""
        for what, number in self._left_out.items():
            yield f"{self._file}: left out: {number} {what}"

    def problem(self, loc: Sequence[str | int], message: str) -> Problem:
        """Return a mistake at the object that it is in."""
        key = ".".join(map(str, loc[2:]))
        among = [identifier for identifier, (kind, _) in self._parts.items() if loc and kind == loc[0]]
        if len(loc) < 2 or not isinstance(loc[1], int) or loc[1] >= len(among):  # noqa: PLR2004 - kind and index
            message = "holds no requirement" if not among else message
            return Problem(file=self._file, line=1, column=1, key=key, message=message)
        file, line = self._places[among[loc[1]]]
        return Problem(file=file, line=line, column=1, key=key, message=message)


def _values(attribute: Any, words: dict[str, str]) -> Iterator[str]:  # noqa: ANN401 - reqif has no types
    """Yield the values of an attribute as text: names of an enumeration, text without markup."""
    if isinstance(attribute.value, list):
        yield from (_plain(words.get(one) or str(one or "")) for one in attribute.value)
    elif attribute.attribute_type.name == "XHTML":
        reader = _Text()
        reader.feed(attribute.value)
        reader.close()
        yield _plain(reader.text())
    else:
        yield _plain(attribute.value)
