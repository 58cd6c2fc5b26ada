"""What the fonts of a report can show; everything else is written as its code point, so that nothing is lost unseen."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from rig.report.wording import visible

__all__ = ["BREAK", "breakable", "fonts_folder", "printable"]

# PDF/A wants every letter to mean something: private ones mean nothing.
_PRIVATE = "Co"
_LONG = 24  # letters without a place to break at; a line of the narrowest column holds about as many
_PIECE = 8
_WORD = re.compile(r"\S{16,}")
_JOINT = re.compile(r"(?<=[\]_/.:,;=@)-])(?=[^\]\[_/.:,;=@()-])|(?<=[^\[(])(?=[\[(])")
BREAK = "\u200b"


@cache
def fonts_folder() -> Path:
    """Return the folder of the fonts that matplotlib brings with it: DejaVu, which looks the same everywhere."""
    from matplotlib import get_data_path  # noqa: PLC0415 - takes long to import, and only a PDF needs it

    return Path(get_data_path()) / "fonts" / "ttf"


@cache
def _not_shown() -> re.Pattern[str]:
    """Return what matches a letter that is missing in the font that typst falls back on."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - likewise

    points = FT2Font(str(fonts_folder() / "DejaVuSans.ttf")).get_charmap()
    letters = sorted(chr(point) for point in points if unicodedata.category(chr(point)) != _PRIVATE)
    return re.compile(f"[^\t\n{re.escape(''.join(letters))}]")


def printable(text: str) -> str:
    """Show hidden letters, and those that no font of the report has, as code points.

    >>> printable("20 µA into 500 Ω, 中")
    '20 µA into 500 Ω, ⟨U+4E2D⟩'
    """
    plain = visible(text)
    return plain if plain.isascii() else _not_shown().sub(lambda letter: f"⟨U+{ord(letter[0]):04X}⟩", plain)


def breakable(text: str) -> str:
    """Mark where a long word may be broken: after its punctuation, and anywhere within what has none.

    >>> breakable("amplitude-accuracy[20mA-500ohm]").replace(BREAK, "|")
    'amplitude-|accuracy|[20mA-|500ohm]'
    """
    return _WORD.sub(lambda word: BREAK.join(_pieces(word[0])), text)


def _pieces(word: str) -> list[str]:
    pieces = []
    for part in _JOINT.split(word):
        step = _PIECE if len(part) > _LONG else len(part) or 1
        pieces += [part[begin : begin + step] for begin in range(0, len(part), step)]
    return pieces
