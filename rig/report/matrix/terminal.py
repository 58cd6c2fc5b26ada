"""The matrix in a terminal: one line a requirement, the gaps, and the numbers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rig.report import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rig.report.matrix.groups import GroupView
    from rig.report.matrix.view import MatrixView, RequirementView

__all__ = ["show_matrix"]

_WIDTH = 150


def show_matrix(matrix: MatrixView) -> str:
    """Return the matrix as lines; how the checks came out, the other forms tell."""
    page = io.StringIO()
    console = Console(file=page, width=_WIDTH, highlight=False, markup=False, emoji=False)
    console.print(_text(f"{matrix.title}: {len(matrix.rows)} requirements against {_number(matrix.runs, 'run')}"))
    for run in matrix.runs:
        marks = f" ({', '.join(run.marks)})" if run.marks else ""
        console.print(_text(f"  {run.id}  {run.started}  {run.device}  {run.verdict.word}{marks}"), soft_wrap=True)
    columns = ("requirement", "verdict", "cases", "revised", "hazards and risk controls", "title")
    console.print(_table(columns, map(_row, matrix.rows)))
    for heading, lines in _lists(matrix):
        found = list(lines)
        if found:
            console.print(_text(f"{heading} ({len(found)})"))
            for line in found:
                console.print(_text(f"  {line}"), soft_wrap=True)
    for note in matrix.notes:
        console.print(_text(f"note: {note}"), soft_wrap=True)
    told = ", ".join(f"{count} {what}" for count, what in matrix.counts if count or what in {"passed", "not tested"})
    console.print(_text(f"{matrix.state.word}: {told}"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _text(text: str) -> Text:
    """Return text that is neither markup nor able to steer the terminal."""
    return Text(wording.visible(text.replace("\n", " ")))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _row(row: RequirementView) -> tuple[str, ...]:
    verdict = f"{row.state.word}, stale" if row.stale else row.state.word
    risks = ", ".join((*row.hazards, *row.risk_controls))
    return row.id, verdict, str(row.cases), row.revised, risks, row.title or row.text


def _lists(matrix: MatrixView) -> Iterator[tuple[str, Iterable[str]]]:
    yield "requirements and risk controls without a test", (f"{name}  {text}" for name, text in matrix.untested)
    yield (
        "results older than the requirement's revision",
        (f"{row.id} of {row.revised}: {_group(group)}" for row, group in matrix.stale),
    )
    wrong = [group for row in matrix.rows for group in row.groups if not group.standing]
    reasons = dict.fromkeys(reason for group in (*wrong, *matrix.untraced) for reason in group.reasons)
    yield "what did not pass", reasons
    yield (
        "cases without a requirement",
        (f"{_group(group)}{': ' if group.traces else ''}{', '.join(group.traces)}" for group in matrix.untraced),
    )
    yield (
        "names that no requirement, hazard or clause has",
        (
            f"{name}  in {cases}{f'; did you mean {nearest!r}?' if nearest else ''}"
            for name, cases, nearest in matrix.unknown
        ),
    )
    yield (
        "results that do not count",
        (f"{group.standing}: {_group(group)}: {group.verdict.word}" for group in matrix.others),
    )
    packs = dict.fromkeys(one.pack for one in matrix.unevaluated)
    yield (
        "limit packs with clauses that were not evaluated; --html and --csv say which and why",
        (
            f"{pack}: {sum(one.pack == pack for one in matrix.unevaluated)} of {_entries(matrix, pack)}"
            for pack in packs
        ),
    )


def _entries(matrix: MatrixView, pack: str) -> int:
    return sum(one.pack == pack for one in (*matrix.judged, *matrix.stated, *matrix.unevaluated))


def _group(group: GroupView) -> str:
    number = f" ({group.number} cases)" if group.number > 1 else ""
    return f"{group.plan} {group.name}{number} in {group.run}"


def _number(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
