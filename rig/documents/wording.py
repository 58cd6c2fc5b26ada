"""What a mistake in a file is called: in the words of somebody who writes files, never of the program."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

__all__ = ["joined", "message_of", "nearest", "unknown_key"]

_SHOWN_NAMES = 12
_LONGEST_SHOWN = 60

# What each kind of mistake expected, in the words of somebody who writes files.
_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "keys with values",
    "mapping": "keys with values",
    "model": "keys with values",
    "model_attributes": "keys with values",
    "dataclass": "keys with values",
    "date": "a date such as 2027-01-31",
    "date_from_datetime": "a date such as 2027-01-31",
    "datetime": "a date and time such as 2027-01-31T12:00:00Z",
    "path": "the path of a file",
}
_COMPARISONS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
    "multiple_of": ("multiple_of", "must be a multiple of"),
}
_LENGTHS = {
    "too_short": ("min_length", "at least", "value"),
    "too_long": ("max_length", "at most", "value"),
    "string_too_short": ("min_length", "at least", "character"),
    "string_too_long": ("max_length", "at most", "character"),
}


def joined(messages: Sequence[str]) -> str:
    """Join what each alternative expected: ``expected a list or a number, found 'x'``."""
    expectations = [re.fullmatch(r"expected (.*), found (.*)", message) for message in dict.fromkeys(messages)]
    matches = [match for match in expectations if match is not None]
    if len(matches) == len(expectations):
        return f"expected {' or '.join(match[1] for match in matches)}, found {matches[0][2]}"
    return ", or ".join(dict.fromkeys(messages))


def unknown_key(key: str, valid: Sequence[str]) -> str:
    """Say that a key is unknown, and which was probably meant."""
    return f"unknown key {_quoted(key)}{nearest(key, valid)}"


def nearest(name: str, valid: Sequence[str]) -> str:
    """Return the end of a message about a wrong name: the nearest valid one, or all of them where they are few."""
    close = difflib.get_close_matches(name, valid, n=1) or difflib.get_close_matches(name.lower(), valid, n=1)
    near = [longer for longer in valid if name and longer.startswith(name)] or close
    if near:
        return f"; did you mean {near[0]!r}?"
    if valid and len(valid) <= _SHOWN_NAMES:
        return f"; expected one of: {', '.join(valid)}"
    return ""


def message_of(details: ErrorDetails) -> str:
    """Say what was expected at a place and what was found there."""
    kind, context, found = details["type"], details.get("ctx", {}), details["input"]
    if kind in {"literal_error", "enum"}:
        return _not_among(str(context["expected"]), found)
    if kind in _COMPARISONS:
        name, words = _COMPARISONS[kind]
        return f"{words} {context[name]}, found {_shown(found)}"
    if kind in _LENGTHS:
        name, words, things = _LENGTHS[kind]
        plural = "" if context[name] == 1 else "s"
        return f"expected {words} {context[name]} {things}{plural}, found {_shown(found)}"
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        expected = f": {context['expected_tags']}" if "expected_tags" in context else ""
        return f"the key {context['discriminator']} must say which kind this is{expected}"
    return _expected(details)


def _not_among(expected: str, found: object) -> str:
    near = nearest(found, re.findall(r"'([^']*)'", expected)) if isinstance(found, str) else ""
    return f"expected {expected}, found {_shown(found)}{near if near.startswith('; did') else ''}"


def _expected(details: ErrorDetails) -> str:
    kind, found = details["type"], details["input"]
    base = re.sub(r"_(type|parsing|parsing_size|from_float|inexact|exact)$", "", kind)
    if base in _EXPECTED:
        quotes = "; put it in quotes" if base == "string" and isinstance(found, int | float) else ""
        return f"expected {_EXPECTED[base]}, found {_shown(found)}{quotes}"
    if kind == "string_pattern_mismatch":
        return f"{_shown(found)} is not of the form {details.get('ctx', {})['pattern']}"
    if kind in {"value_error", "assertion_error"}:
        return str(details.get("ctx", {}).get("error", details["msg"]))
    return details["msg"].replace("Input should be", "expected").replace("Input should", "should")


def _shown(value: object) -> str:
    """Write a found value as the file would."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")
