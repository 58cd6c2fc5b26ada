"""Files as trees whose every node knows its line and column; bounded, so that no small file becomes a large one."""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rig.documents.nodes import Loc, Node, show_loc
from rig.documents.reader import Reader
from rig.errors import DocumentInvalid, Problem

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Document", "compose_document", "read_document"]

MAX_BYTES = 4_000_000

_UNPRINTABLE = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


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
    reader = Reader(shown_as)
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
