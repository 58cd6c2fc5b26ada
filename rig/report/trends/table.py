"""Trends and gauge studies as tables in a terminal."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rig.report.trends.rows import HEAD, introduction, left_out, numbered, row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rig.history.studies.trend import Trends

__all__ = ["plain_table", "show_trends"]

_WIDTH = 170
_WIDEST = 44


def show_trends(trends: Trends) -> str:
    """Return one line per series, and below the table what was found, with the numbers of the series it is true of."""
    rows = [row_of(number, trend) for number, trend in enumerate(trends.trends, 1)]
    lines = [introduction(trends), ""]
    lines.append(plain_table(HEAD, (row.line for row in rows)) if rows else "no value counts")
    same: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        for text in (*row.found, *row.notes):
            same[text].append(index)
    lines += [f"{numbered(indices)}: {text}" for text, indices in same.items()]
    left = left_out(trends.left_out)
    return "\n".join([*lines, left] if left else lines)


def plain_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table without lines; long texts are broken, and no text is taken for markup."""
    page = io.StringIO()
    table = Table(box=None, pad_edge=False, header_style="")
    for name in head:
        table.add_column(name, overflow="fold", max_width=_WIDEST)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=page, width=_WIDTH, highlight=False, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())
