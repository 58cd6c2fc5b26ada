"""When two names mean one clause: a plan writes IEC 60601-2-10 201.12.4.104, a pack has it under iec60601-2-10:2012."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["names_clause", "same_clause"]

_PART = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)*")
_EDITION = re.compile(r":[\w.]+$")


def _parts(text: str) -> tuple[str, ...]:
    """Return words and numbers in order: how they are divided differs from one document to the next."""
    return tuple(_PART.findall(text.casefold()))


def same_clause(one: str, other: str) -> bool:
    """Whether two names have the same words and numbers.

    >>> same_clause("IEC 60601-2-10 201.12.4.104", "iec60601-2-10, 201.12.4.104")
    True
    """
    return bool(_parts(one)) and _parts(one) == _parts(other)


def names_clause(name: str, pack: str, clause: str) -> bool:
    """Whether a name means a clause of a pack, with the pack's edition or without; a shorter name means all below it.

    >>> names_clause("IEC 60601-2-10 201.12.4.104", "iec60601-2-10:2012", "201.12.4.104")
    True
    >>> names_clause("FDA PMS 1999 section 3", "fda-pms:1999", "Section 3, 12")
    True
    >>> names_clause("FDA PMS 1999 section 31", "fda-pms:1999", "Section 3, 12")
    False
    """
    parts = _parts(name)
    return any(
        parts[: len(begin)] == begin and _begins(_parts(clause), parts[len(begin) :]) for begin in _documents(pack)
    )


def _documents(pack: str) -> Iterable[tuple[str, ...]]:
    yield _parts(pack)
    yield _parts(_EDITION.sub("", pack))


def _begins(clause: tuple[str, ...], named: tuple[str, ...]) -> bool:
    return bool(named) and clause[: len(named)] == named
