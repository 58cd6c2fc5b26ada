"""Text cut into lines that fit a width, where nothing can measure it: for figures whose text stays text."""

from __future__ import annotations

import textwrap

from rig.report import wording

__all__ = ["fitted"]

# Mean width of a letter in the sans serif faces that are asked for, in pixels at a size of 11, with some room.
_LETTER, _BOLD = 6.0, 6.5
_CAPITAL = 0.25  # how much wider a capital is


def fitted(text: str, width: float, lines: int, *, bold: bool = False) -> list[str]:
    """Return ``text`` in at most so many ``lines`` of at most ``width`` pixels; what is cut off leaves an ellipsis.

    >>> fitted("an oscilloscope with a long name", 102, 2)
    ['an oscilloscope', 'with a long name']
    >>> fitted("an oscilloscope with a long name", 102, 1)
    ['an oscilloscope…']
    """
    shown = wording.visible(text)
    capitals = sum(letter.isupper() for letter in shown) / max(len(shown), 1)
    room = max(1, int(width / ((_BOLD if bold else _LETTER) * (1 + _CAPITAL * capitals))))
    wrapped = textwrap.wrap(shown, room, break_long_words=True, break_on_hyphens=False) or [""]
    if len(wrapped) <= lines:
        return wrapped
    last = wrapped[lines - 1]
    return [*wrapped[: lines - 1], f"{last[: room - 1].rstrip()}…"]
