"""Files as trees whose every node knows its line and column; bounded, so that no small file becomes a large one."""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from rig.documents.scalars import Scalar, resolve_scalar
from rig.errors import DocumentInvalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Document", "Entry", "Loc", "Node", "compose_document", "read_document", "show_loc"]

MAX_BYTES = 4_000_000
MAX_NODES = 200_000
MAX_DEPTH = 40

Loc = tuple[str | int, ...]
# libyaml's parser where it is built in: the same marks, ten times the speed.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
    "[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
_SURROGATE = re.compile("[\\ud800-\\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """One key of a mapping, at its own place, and its value."""

    line: int
    column: int
    value: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One value: a scalar, a tuple of nodes, or a mapping; ``size`` counts the values in it, aliases expanded."""

    line: int
    column: int
    content: Scalar | tuple[Node, ...] | Mapping[str, Entry]
    size: int = 1

    def child(self, part: str | int) -> Node | None:
        """Return the value below a key or index, or None."""
        content = self.content
        if isinstance(content, tuple):
            return content[part] if isinstance(part, int) and 0 <= part < len(content) else None
        if isinstance(content, str | int | float | None):
            return None
        entry = content.get(part) if isinstance(part, str) else None
        return entry.value if entry else None

    def plain(self) -> Any:  # noqa: ANN401 - a document may hold anything
        """Return dicts, lists and scalars, built anew."""
        content = self.content
        if isinstance(content, tuple):
            return [node.plain() for node in content]
        if isinstance(content, str | int | float | None):
            return content
        return {key: entry.value.plain() for key, entry in content.items()}


def show_loc(loc: Loc) -> str:
    """Write a place as a reader would: ``cases[0].stimulus.rate``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """One file as read.

    Attributes
    ----------
    shown_as : the file's name in messages
    sha256 : of its bytes
    root : the located tree
    data : the same as plain dicts, lists and scalars; all keys are text
    problems : mistakes that left something to read, such as a key given twice; empty unless asked to defer them
    """

    shown_as: str
    sha256: str
    root: Node
    data: Any
    problems: tuple[Problem, ...] = ()

    def node(self, loc: Loc) -> Node:
        """Return the value at a place, or the nearest one above it."""
        node = self.root
        for part in loc:
            below = node.child(part)
            if below is None:
                break
            node = below
        return node

    def locate(self, loc: Loc) -> tuple[int, int]:
        """Return line and column (from 1) of the value at a place, or of the nearest one above it."""
        node = self.node(loc)
        return node.line, node.column

    def locate_key(self, loc: Loc) -> tuple[int, int]:
        """Return line and column of the key at a place; of the value where there is no key."""
        content = self.node(loc[:-1]).content if loc else None
        if isinstance(content, tuple | str | int | float | None) or loc[-1] not in content:
            return self.locate(loc)
        entry = content[str(loc[-1])]
        return entry.line, entry.column

    def problem(self, loc: Loc, message: str, *, at_key: bool = False) -> Problem:
        """Return a mistake at the value of a place, or at its key."""
        line, column = self.locate_key(loc) if at_key else self.locate(loc)
        return Problem(file=self.shown_as, line=line, column=column, key=show_loc(loc), message=message)


def read_document(path: Path, *, shown_as: str | None = None, defer: bool = False) -> Document:
    """Read one YAML or JSON file.

    With ``defer`` mistakes that left something to read are kept for :func:`rig.documents.validate`, so that a reader
    of the file learns of all of them at once.

    Raises
    ------
    DocumentInvalid
        if there is no such file, it is too large, not UTF-8, empty, or not YAML
    """
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in shown_as or str(path))
    try:
        return compose_document(_bytes_of(path), shown_as=name, defer=defer)
    except _Unreadable as error:
        raise DocumentInvalid([Problem(file=name, line=1, column=1, key="", message=str(error))]) from error


def compose_document(content: bytes, *, shown_as: str, defer: bool = False) -> Document:
    """Read one document from bytes; see :func:`read_document`."""
    reader = _Reader(shown_as)
    root = reader.read(_text_of(content, shown_as))
    if reader.problems and not defer:
        raise DocumentInvalid(reader.problems)
    sha256 = hashlib.sha256(content).hexdigest()
    return Document(
        shown_as=shown_as, sha256=sha256, root=root, data=root.plain(), problems=tuple(sorted(reader.problems))
    )


class _Unreadable(Exception):
    """The file's bytes cannot be had."""


def _bytes_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise _Unreadable("is a folder, not a file")
        if not path.exists():
            raise _Unreadable(f"there is no such file{_nearest_file(path)}")
        if not path.is_file():
            raise _Unreadable("is not an ordinary file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "its name is not one a file can have"
        raise _Unreadable(f"cannot be read: {reason}") from error
    if len(content) > MAX_BYTES:
        raise _Unreadable(f"is larger than {MAX_BYTES // 1_000_000} MB")
    return content


def _nearest_file(path: Path) -> str:
    siblings = [sibling.name for sibling in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, siblings, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _text_of(content: bytes, file: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        raise _invalid(file, before, f"is not UTF-8 text: byte 0x{content[error.start]:02x}") from error
    if found := _UNPRINTABLE.search(text):
        message = f"the character U+{ord(found[0]):04X} may not stand in a file; in quotes, write it as an escape"
        raise _invalid(file, text[: found.start()], message)
    return text


def _invalid(file: str, before: str, message: str) -> DocumentInvalid:
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return DocumentInvalid([Problem(file=file, line=line, column=column, key="", message=message)])


class _Reader:
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
