"""A page of tables, whatever it is about: the same for a terminal, as Markdown and as self-contained HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from rig.model.verdict import Verdict
from rig.report import wording
from rig.report.listing import listing
from rig.report.render import page_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cell", "Link", "Paper", "Section", "html_paper", "markdown_paper", "show_paper"]

_MARKUP = re.compile(r"([\\`*_\[\]|~#])")
_LINES = re.compile(r"[\r\n\u2028\u2029]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file, as it may be opened from where the page is, by its path."""

    text: str
    path: str

    @property
    def address(self) -> str:
        """The path as an address: what is not of the plainest letters is written by its code."""
        written = quote(self.path.replace("\\", "/"))
        return f"./{written}" if ":" not in written and not written.startswith("/") else written


Cell = str | Verdict | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table, or what is said where it would be empty; ``note`` stands before it, ``left_out`` counts further rows."""

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    empty: str = ""
    note: str = ""
    left_out: int = 0

    @property
    def rest(self) -> str:
        """How much is not shown."""
        return f"and {self.left_out} more" if self.left_out else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A page: what it is, of what, the verdict it is about, one sentence that says all, facts, and its tables."""

    kind: str
    title: str
    verdict: Verdict | None
    sentence: str
    marks: tuple[str, ...] = ()
    facts: tuple[tuple[str, Cell], ...] = ()
    sections: tuple[Section, ...] = ()


def show_paper(paper: Paper) -> Iterator[str]:
    """Yield lines for a terminal."""
    yield f"{_plain(paper.title)}: {paper.sentence}"
    for mark in paper.marks:
        yield f"NOTE  {_plain(mark)}"
    yield from listing(("", ""), [(name, _plain(cell)) for name, cell in paper.facts])
    for section in paper.sections:
        yield ""
        yield f"{section.title}{':' if section.rows else f': {section.empty}'}"
        if section.note and section.rows:
            yield section.note
        if section.rows:
            yield from listing(section.head, [tuple(_plain(cell) for cell in row) for row in section.rows])
        yield from filter(None, (section.rest,))


def markdown_paper(paper: Paper) -> str:
    """Return Markdown as GitHub and GitLab show it; no text of a record is markup."""
    lines = [f"# {_marked(paper.title)}", "", f"{_bold(paper.verdict)}{_marked(paper.sentence)}", ""]
    lines += [f"> {_marked(mark)}\n" for mark in paper.marks]
    if paper.facts:
        lines += [*_markdown_table(("", ""), paper.facts), ""]
    for section in paper.sections:
        lines += [f"## {section.title}", ""]
        if not section.rows:
            lines += [_marked(section.empty), ""]
            continue
        lines += [_marked(section.note), ""] if section.note else []
        lines += [*_markdown_table(section.head, section.rows), ""]
        lines += [section.rest, ""] if section.rest else []
    return "\n".join(lines)


def html_paper(paper: Paper) -> str:
    """Return one self-contained HTML page without any script."""
    template = page_environment().get_template("paper.html.j2")
    return template.render(paper=paper, kind_of=lambda cell: type(cell).__name__)


def _plain(cell: Cell) -> str:
    text = cell.path if isinstance(cell, Link) else str(cell)
    return wording.visible(_LINES.sub(" ", text).replace("\u202f", " "))


def _bold(verdict: Verdict | None) -> str:
    return "" if verdict is None else f"**{verdict.value.replace('_', ' ')}** · "


def _marked(cell: Cell) -> str:
    """Write a cell so that none of its letters is markup, and it stays in its line."""
    if isinstance(cell, Link):
        return f"[{_marked(cell.text)}]({cell.address})"
    text = wording.visible(_LINES.sub(" ", str(cell))).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _MARKUP.sub(r"\\\1", text)
    return f"**{text}**" if isinstance(cell, Verdict) and cell is not Verdict.PASS else text


def _markdown_table(head: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_marked(cell) for cell in row)} |"
