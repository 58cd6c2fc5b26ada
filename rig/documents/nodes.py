"""The tree of a file: every value and every key with its line and column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.documents.scalars import Scalar

__all__ = ["Entry", "Loc", "Node", "show_loc"]

LONGEST_KEY = 60

Loc = tuple[str | int, ...]


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
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_shown_key(part)}" for part in loc).lstrip(".")


def _shown_key(key: str) -> str:
    shown = key if key.isprintable() else ascii(key)[1:-1]
    return shown if len(shown) <= LONGEST_KEY else f"{shown[:LONGEST_KEY]}…"
