"""A tree built from the YAML parser's events, within bounds: no small file becomes a large tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from rig.documents.nodes import Entry, Loc, Node, show_loc
from rig.documents.scalars import resolve_scalar
from rig.errors import DocumentInvalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Reader"]

MAX_NODES = 200_000
MAX_DEPTH = 40

# libyaml's parser where it is built in: the same marks, ten times the speed.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SURROGATE = re.compile("[\\ud800-\\udfff]")


class Reader:
    """Builds the tree of one document from the parser's events."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def read(self, text: str) -> Node:
        """Return the root of the one document in ``text``."""
        events = yaml.parse(text, Loader=_Loader)
        try:
            roots = [self._node(event, events, (), 0) for event in self._roots(events)]
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error, text) from error
        if not roots:
            raise DocumentInvalid([Problem(file=self._file, line=1, column=1, key="", message="is empty")])
        return roots[0]

    def _roots(self, events: Iterator[Any]) -> Iterator[Any]:
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop(event, (), "a second document begins here; one file holds one")
            elif isinstance(event, yaml.NodeEvent):
                yield event

    def _node(self, event: Any, events: Iterator[Any], loc: Loc, depth: int) -> Node:  # noqa: ANN401 - untyped events
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, loc)
        self._count += 1
        self._check_bounds(event, loc, depth)
        if event.tag is not None:
            self._note(event, loc, f"the tag {event.tag.rsplit(':', 1)[-1]!r} means nothing here; remove it")
        at = {"line": event.start_mark.line + 1, "column": event.start_mark.column + 1}
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style in {None, ""} and event.tag is None
            if not event.value.isascii() and _SURROGATE.search(event.value):
                self._note(event, loc, "holds half of a character written as an escape; write the character itself")
            node = Node(**at, content=resolve_scalar(event.value) if plain else event.value)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = tuple(self._items(events, loc, depth + 1))
            node = Node(**at, content=items, size=1 + sum(item.size for item in items))
        else:
            entries = self._entries(events, loc, depth + 1)
            node = Node(**at, content=entries, size=1 + sum(entry.value.size for entry in entries.values()))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _items(self, events: Iterator[Any], loc: Loc, depth: int) -> Iterator[Node]:
        index = 0
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            yield self._node(event, events, (*loc, index), depth)
            index += 1

    def _entries(self, events: Iterator[Any], loc: Loc, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = event.value if isinstance(event, yaml.ScalarEvent) else None
            if key is None:
                self._node(event, events, loc, depth)
                self._note(event, loc, "a key must be plain text")
            elif key == "<<" and event.style in {None, ""}:
                self._note(event, (*loc, key), "merging with '<<' is not supported; write the keys out")
            elif key in entries:
                self._note(event, (*loc, key), f"the key is given twice; first on line {entries[key].line}")
            below = loc if key is None else (*loc, key)
            value = self._node(next(events), events, below, depth)
            if key is not None and key != "<<":
                mark = event.start_mark
                entries.setdefault(key, Entry(line=mark.line + 1, column=mark.column + 1, value=value))
        return entries

    def _alias(self, event: Any, loc: Loc) -> Node:  # noqa: ANN401 - untyped events
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._stop(event, loc, f"the alias '*{event.anchor}' names no anchor before it")
        self._count += node.size
        if self._count > MAX_NODES:
            raise self._stop(event, loc, f"its aliases expand to more than {MAX_NODES} values")
        return node

    def _check_bounds(self, event: Any, loc: Loc, depth: int) -> None:  # noqa: ANN401 - untyped events
        if self._count > MAX_NODES:
            raise self._stop(event, (), f"holds more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise self._stop(event, loc[:3], f"is nested more than {MAX_DEPTH} deep")

    def _note(self, event: Any, loc: Loc, message: str) -> None:  # noqa: ANN401 - untyped events
        self.problems.append(self._problem(event.start_mark, loc, message))

    def _stop(self, event: Any, loc: Loc, message: str) -> DocumentInvalid:  # noqa: ANN401 - untyped events
        return DocumentInvalid([*self.problems, self._problem(event.start_mark, loc, message)])

    def _problem(self, mark: Any, loc: Loc, message: str) -> Problem:  # noqa: ANN401 - untyped marks
        return Problem(file=self._file, line=mark.line + 1, column=mark.column + 1, key=show_loc(loc), message=message)

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> DocumentInvalid:
        mark = error.problem_mark or error.context_mark
        lines = text.splitlines()
        here = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
        message = f"is not YAML: {error.problem or error.context}"
        if "\t" in here[: len(here) - len(here.lstrip())]:
            message = "a tab is used to indent; use spaces"
        elif error.context and error.problem and error.context_mark is not None:
            message += f" ({error.context}, begun on line {error.context_mark.line + 1})"
        return DocumentInvalid([*self.problems, self._problem(mark, (), message)])
