"""What a plain scalar means: the core rules of YAML 1.2, and text wherever those would be a guess."""

from __future__ import annotations

import math
import re

__all__ = ["Scalar", "resolve_scalar"]

Scalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def resolve_scalar(text: str) -> Scalar:
    """Return what an unquoted scalar stands for.

    Narrower than YAML 1.2 on purpose: ``010``, ``0x1F``, ``.inf``, ``.nan`` and numbers too large for a float stay
    text, so that a serial number keeps its zeros and no infinity comes in by the file's door.

    >>> [resolve_scalar(text) for text in ("no", "1:30", "010", "1e-3", "12", "~")]
    ['no', '1:30', '010', 0.001, 12, None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
