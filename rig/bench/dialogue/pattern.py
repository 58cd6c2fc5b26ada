"""Patterns of replies: a part of what regular expressions can say, matched in time that grows with the line alone.

A file's pattern must not be able to stop the rig: an ordinary matcher may take ages over a few dozen characters. This
one follows all possibilities at once (R. Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONGEST_PATTERN", "Pattern", "PatternError"]

LONGEST_PATTERN = 200
_MOST_STEPS = 1000
_MOST_REPEATS = 100

_DIGITS = frozenset("0123456789")
_WORD = _DIGITS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_SPACE = frozenset(" \t\r\n\f\v")
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_LETTERS = {"t": "\t"}
_SPECIAL = frozenset("\\.[]{}()*+?|^$")


class PatternError(ValueError):
    """The pattern says something that it must not, or says it wrongly."""


@dataclass(frozen=True, slots=True)
class _Char:
    """One character of a set, or one that is not of it."""

    among: frozenset[str]
    negated: bool = False

    def accepts(self, letter: str) -> bool:
        return (letter in self.among) is not self.negated


@dataclass(slots=True)
class _Split:
    """Go on at two places; the first is preferred."""

    first: int
    second: int


@dataclass(slots=True)
class _Jump:
    """Go on elsewhere."""

    to: int


@dataclass(frozen=True, slots=True)
class _Save:
    """Remember where a group begins (even) or ends (odd)."""

    slot: int


_Step = _Char | _Split | _Jump | _Save
_Slots = tuple[int | None, ...]


class Pattern:
    r"""What a whole line must look like.

    Letters stand for themselves; ``.`` is any character, ``[a-z]`` and ``[^,]`` are sets, ``\d``, ``\w`` and ``\s``
    digits, word characters and spaces (of ASCII; in capitals all others), ``a|b`` alternatives, ``(...)`` groups,
    ``(?P<name>...)`` groups with a name, ``*``, ``+``, ``?`` and ``{2,4}`` repeat. ``^`` and ``$`` may stand at the
    ends, where they change nothing.

    Raises
    ------
    PatternError
        for everything else that regular expressions can say

    Examples
    --------
    >>> Pattern("^AMP (?P<amplitude>[0-9.]+) mA$").match("AMP 20.5 mA")
    {'amplitude': '20.5'}
    >>> Pattern("OK").match("OK then") is None
    True
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_PATTERN:
            raise PatternError(f"a pattern of more than {LONGEST_PATTERN} characters")
        self.text = text
        compiler = _Compiler(text)
        self._steps = compiler.compiled()
        self._names = compiler.names

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of its groups, in order."""
        return tuple(self._names)

    def match(self, line: str) -> Mapping[str, str] | None:
        """Return what the named groups hold where the whole line matches; None where it does not.

        A group that took no part is left out.
        """
        slots: _Slots = (None,) * (2 * len(self._names))
        threads = self._follow([(0, slots)], 0)
        for position, letter in enumerate(line):
            ahead = []
            for place, held in threads:
                step = self._steps[place] if place < len(self._steps) else None
                if isinstance(step, _Char) and step.accepts(letter):
                    ahead.append((place + 1, held))
            threads = self._follow(ahead, position + 1)
            if not threads:
                return None
        found = next((held for place, held in threads if place == len(self._steps)), None)
        if found is None:
            return None
        spans = ((name, found[2 * k], found[2 * k + 1]) for k, name in enumerate(self._names))
        return {name: line[begin:end] for name, begin, end in spans if begin is not None and end is not None}

    def _follow(self, begin: list[tuple[int, _Slots]], position: int) -> list[tuple[int, _Slots]]:
        """Return where a character must come next, in order of preference; no place twice."""
        seen: set[int] = set()
        found = []
        pending = begin[::-1]
        while pending:
            place, slots = pending.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self._steps[place] if place < len(self._steps) else None
            match step:
                case _Jump(to):
                    pending.append((to, slots))
                case _Split(first, second):
                    pending += [(second, slots), (first, slots)]
                case _Save(slot):
                    pending.append((place + 1, (*slots[:slot], position, *slots[slot + 1 :])))
                case _:
                    found.append((place, slots))
        return found


@dataclass(slots=True)
class _Compiler:
    """Reads a pattern from left to right and writes steps."""

    text: str
    names: list[str] = field(default_factory=list)
    _at: int = 0

    def compiled(self) -> tuple[_Step, ...]:
        """Return the steps of the whole pattern."""
        body = self.text.removeprefix("^")
        kept = body.removesuffix("$")
        escaped = (len(kept) - len(kept.rstrip("\\"))) % 2
        self.text = body if escaped else kept
        steps = self._alternatives()
        if self._at < len(self.text):
            raise PatternError("a ')' without its '('")
        return tuple(steps)

    def _next(self) -> str:
        return self.text[self._at] if self._at < len(self.text) else ""

    def _take(self) -> str:
        letter = self._next()
        self._at += 1
        return letter

    def _takes(self, what: str) -> bool:
        found = self.text.startswith(what, self._at)
        self._at += len(what) if found else 0
        return found

    def _alternatives(self) -> list[_Step]:
        steps = self._sequence()
        if self._takes("|"):
            other = self._alternatives()
            end = len(steps) + 2
            steps = [_Split(1, end), *_moved(steps, 1), _Jump(end + len(other)), *_moved(other, end)]
        return self._bounded(steps)

    def _sequence(self) -> list[_Step]:
        steps: list[_Step] = []
        while self._next() not in {"", "|", ")"}:
            named = len(self.names)
            one = self._one()
            one = self._repeated(one, holds_names=len(self.names) > named)
            steps = self._bounded([*steps, *_moved(one, len(steps))])
        return steps

    def _one(self) -> list[_Step]:
        letter = self._take()
        match letter:
            case ".":
                return [_Char(frozenset("\n"), negated=True)]
            case "[":
                return [self._set()]
            case "(":
                return self._group()
            case "\\":
                return [self._escape()]
            case "*" | "+" | "?" | "{":
                raise PatternError(f"{letter!r} repeats nothing")
            case "^" | "$":
                raise PatternError(
                    f"{letter!r} may stand at the pattern's ends only; write '\\{letter}' for the letter"
                )
            case "]" | "}":
                raise PatternError(f"write '\\{letter}' for the letter {letter!r}")
            case _:
                return [_Char(frozenset(letter))]

    def _group(self) -> list[_Step]:
        name = ""
        if self._takes("?P<"):
            end = self.text.find(">", self._at)
            name = self.text[self._at : end] if end >= 0 else ""
            if not (name.isascii() and name.isidentifier()):
                raise PatternError("a group's name is letters, digits and '_': (?P<name>...)")
            if name in self.names:
                raise PatternError(f"two groups have the name {name!r}")
            self._at = end + 1
            self.names.append(name)
        elif self._next() == "?" and not self._takes("?:"):
            raise PatternError(f"'({self.text[self._at : self._at + 2]}' cannot be used here")
        slot = 2 * (len(self.names) - 1)
        steps = self._alternatives()
        if not self._takes(")"):
            raise PatternError("a '(' without its ')'")
        return [_Save(slot), *_moved(steps, 1), _Save(slot + 1)] if name else steps

    def _escape(self) -> _Char:
        letter = self._take()
        if letter.lower() in _CLASSES:
            return _Char(_CLASSES[letter.lower()], negated=letter.isupper())
        if letter in _LETTERS:
            return _Char(frozenset(_LETTERS[letter]))
        if not letter or letter.isalnum():
            raise PatternError(f"'\\{letter}' means nothing here")
        return _Char(frozenset(letter))

    def _set(self) -> _Char:
        negated = self._takes("^")
        among: set[str] = set()
        while (letter := self._take()) != "]":
            if not letter:
                raise PatternError("a '[' without its ']'")
            one = self._escape() if letter == "\\" else _Char(frozenset(letter))
            if one.negated:
                raise PatternError("a class in capitals may not stand in a set")
            if self._next() == "-" and self.text[self._at + 1 : self._at + 2] not in {"]", ""}:
                self._take()
                among |= self._range(one, self._take())
            else:
                among |= one.among
        if not among:
            raise PatternError("a set without a character")
        return _Char(frozenset(among), negated=negated)

    def _range(self, first: _Char, last: str) -> set[str]:
        end = self._escape() if last == "\\" else _Char(frozenset(last))
        if len(first.among) != 1 or len(end.among) != 1 or end.negated or min(first.among) > min(end.among):
            raise PatternError("a set's range goes from one character to a later one, as a-z")
        return {chr(code) for code in range(ord(min(first.among)), ord(min(end.among)) + 1)}

    def _repeated(self, one: list[_Step], *, holds_names: bool) -> list[_Step]:
        least, most = self._quantity()
        if (least, most) == (1, 1):
            return one
        lazy = self._takes("?")
        if self._next() in {"*", "+", "{"}:
            raise PatternError(f"{self._next()!r} repeats what is repeated already")
        if holds_names and (least, most) != (0, 1):
            raise PatternError("a group with a name may not be repeated")
        steps: list[_Step] = []
        for _ in range(least):
            steps = self._bounded([*steps, *_moved(one, len(steps))])
        if most is None:
            loop: list[_Step] = [_split(1, len(one) + 2, lazy=lazy), *_moved(one, 1), _Jump(0)]
            return self._bounded([*steps, *_moved(loop, len(steps))])
        optional: list[_Step] = []
        for _ in range(most - least):
            optional = self._bounded([
                _split(1, len(one) + len(optional) + 1, lazy=lazy),
                *_moved(one, 1),
                *_moved(optional, len(one) + 1),
            ])
        return self._bounded([*steps, *_moved(optional, len(steps))])

    def _quantity(self) -> tuple[int, int | None]:
        """Return how often, at least and at most, what stands before is repeated."""
        if self._takes("*"):
            return 0, None
        if self._takes("+"):
            return 1, None
        if self._takes("?"):
            return 0, 1
        if not self._takes("{"):
            return 1, 1
        end = self.text.find("}", self._at)
        inner = self.text[self._at : end] if end >= 0 else ""
        first, comma, last = inner.partition(",")
        numbers = [part for part in (first, last) if part]
        if not first or not all(part.isascii() and part.isdigit() and int(part) <= _MOST_REPEATS for part in numbers):
            raise PatternError(f"a number of repetitions is written {{2}}, {{2,}} or {{2,4}}; at most {_MOST_REPEATS}")
        self._at = end + 1
        least = int(first)
        most = least if not comma else int(last) if last else None
        if most is not None and most < least:
            raise PatternError(f"{{{inner}}} repeats at most less often than at least")
        return least, most

    @staticmethod
    def _bounded(steps: list[_Step]) -> list[_Step]:
        if len(steps) > _MOST_STEPS:
            raise PatternError("too many repetitions")
        return steps


def _split(first: int, second: int, *, lazy: bool) -> _Split:
    return _Split(second, first) if lazy else _Split(first, second)


def _moved(steps: list[_Step], by: int) -> list[_Step]:
    """Return steps as they are where they begin elsewhere."""
    moved: list[_Step] = []
    for step in steps:
        match step:
            case _Jump(to):
                moved.append(_Jump(to + by))
            case _Split(first, second):
                moved.append(_Split(first + by, second + by))
            case _:
                moved.append(step)
    return moved
