"""Tables for a terminal: columns as wide as what stands in them, and no text that steers the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.report.wording import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["listing"]

_GAP = "  "


def listing(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table.

    >>> list(listing(("run", "verdict"), [("a", "PASS"), ("longer", "FAIL")]))
    ['run     verdict', 'a       PASS', 'longer  FAIL']
    """
    shown = [tuple(head), *(tuple(visible(cell) for cell in row) for row in rows)]
    widths = [max(len(row[index]) for row in shown) for index in range(len(head))]
    for row in shown:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
