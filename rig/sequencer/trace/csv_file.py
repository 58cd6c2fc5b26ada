"""Requirements from a table: one a row, a header that names the columns, whatever the separator."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rig.documents import nearest
from rig.errors import DocumentInvalid, Problem
from rig.sequencer.trace.written import Written, incoherent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rig.evidence.trace.requirement import Requirements

__all__ = ["COLUMNS", "MAX_BYTES", "items", "read_bytes", "read_csv"]

COLUMNS = ("kind", "id", "title", "text", "revision", "revised", "hazard", "risk_control", "clauses")
MAX_BYTES = 64_000_000

_LISTS = {"hazard": "hazards", "risk_control": "risk_controls", "clauses": "clauses"}
_OTHER_NAMES = {"hazards": "hazard", "risk_controls": "risk_control", "clause": "clauses"}
_KINDS = {"": "requirements", "requirement": "requirements", "hazard": "hazards", "risk_control": "risk_controls"}
_FIELDS = {
    "requirements": set(COLUMNS) - {"kind"},
    "hazards": {"id", "text"},
    "risk_controls": {"id", "text", "hazard"},
}
_SEPARATORS = ",;\t|"
_BETWEEN = re.compile(r"[;\n]")
_LONGEST_CELL = 1_000_000


class _Rows:
    """The rows of a table by kind, each with the line that it begins on, and what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.parts: dict[str, list[dict[str, Any]]] = {"hazards": [], "risk_controls": [], "requirements": []}
        self.lines: dict[str, list[int]] = {kind: [] for kind in self.parts}

    def tell(self, line: int, column: str, message: str) -> None:
        self.problems.append(Problem(file=self.file, line=line, column=1, key=column, message=message))

    def place(self, loc: Sequence[str | int]) -> tuple[int, str]:
        """Return line and column's name of a place in the parts."""
        if len(loc) < 2 or not isinstance(loc[1], int):  # noqa: PLR2004 - kind and index
            return 1, ""
        key = str(loc[2]) if len(loc) > 2 else ""  # noqa: PLR2004 - and the key below them
        return self.lines[str(loc[0])][loc[1]], next((name for name, one in _LISTS.items() if one == key), key)


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """Read a whole file of at most so many bytes; raise DocumentInvalid where that cannot be done."""

    def problem(message: str) -> DocumentInvalid:
        return DocumentInvalid([Problem(file=str(path), line=1, column=1, key="", message=message)])

    try:
        if not path.is_file():
            raise problem("there is no such file" if not path.exists() else "is not an ordinary file")
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise problem(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > most:
        raise problem(f"is larger than {most // 1_000_000} MB")
    return content


def read_csv(path: Path) -> Requirements:
    """Read a table of requirements.

    Raises
    ------
    DocumentInvalid
        with every mistake, each at its line
    """
    content = read_bytes(path)
    rows = _Rows(str(path))
    _read_rows(rows, _text(rows, content))
    if rows.problems:
        raise DocumentInvalid(rows.problems)
    try:
        written = Written.model_validate_json(json.dumps(rows.parts))
    except ValidationError as error:
        raise DocumentInvalid(list(_problems(rows, error))) from error
    for loc, message in incoherent(written):
        rows.tell(*rows.place(loc), message)
    if rows.problems:
        raise DocumentInvalid(rows.problems)
    return written.as_read(str(path), hashlib.sha256(content).hexdigest())


def _text(rows: _Rows, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        rows.tell(line, "", f"is not UTF-8 text: byte 0x{content[error.start]:02x}")
        raise DocumentInvalid(rows.problems) from error
    if "\x00" in text:
        rows.tell(text[: text.index("\x00")].count("\n") + 1, "", "holds a NUL, which no text does")
        raise DocumentInvalid(rows.problems)
    return text


def _read_rows(rows: _Rows, text: str) -> None:
    skipped = 0
    first, _, rest = text.partition("\n")
    if first.casefold().startswith("sep="):  # how Excel is told of the separator
        text, skipped = rest, 1
    head_line = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=lambda one: (_known(head_line, one), -_SEPARATORS.index(one)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    csv.field_size_limit(_LONGEST_CELL)
    columns: list[str] = []
    begun = skipped + 1
    try:
        for cells in reader:
            line, begun = begun, skipped + reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(rows, cells, line)
            else:
                _row(rows, columns, cells, line)
            if rows.problems and "id" not in columns:
                return
    except csv.Error as error:
        rows.tell(begun, "", f"is not CSV: {error}")
    if not columns:
        rows.tell(1, "", f"has no header; the columns are {', '.join(COLUMNS)}")


def _named(cell: str) -> str:
    name = re.sub(r"[\s-]+", "_", cell.strip().casefold())
    return _OTHER_NAMES.get(name, name)


def _known(head: str, separator: str) -> int:
    return sum(_named(cell.strip('"')) in COLUMNS for cell in head.split(separator))


def _columns(rows: _Rows, cells: Iterable[str], line: int) -> list[str]:
    columns = [_named(cell) for cell in cells]
    for name in dict.fromkeys(columns):
        if name not in COLUMNS:
            rows.tell(line, name, f"unknown column {name!r}{nearest(name, COLUMNS)}")
        if columns.count(name) > 1:
            rows.tell(line, name, "the column is given twice")
    if "id" not in columns:
        rows.tell(line, "", "the required column 'id' is missing")
    return columns


def _row(rows: _Rows, columns: Sequence[str], cells: Sequence[str], line: int) -> None:
    if len(cells) != len(columns):
        rows.tell(line, "", f"has {len(cells)} cells, and the header has {len(columns)}")
        return
    found = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    written = _named(found.pop("kind", ""))
    if written not in _KINDS:
        rows.tell(line, "kind", f"expected requirement, hazard or risk_control, found {written!r}")
        return
    kind = _KINDS[written]
    for name in [name for name, cell in found.items() if cell and name not in _FIELDS[kind]]:
        if name in COLUMNS:
            rows.tell(line, name, f"a {written.replace('_', ' ')} has no {name.replace('_', ' ')}")
    part: dict[str, Any] = {}
    for name, cell in found.items():
        if cell and name in _FIELDS[kind]:
            part[_LISTS.get(name, name)] = tuple(items(cell)) if name in _LISTS else cell.replace("\r\n", "\n")
    rows.parts[kind].append(part)
    rows.lines[kind].append(line)


def items(cell: str) -> Iterator[str]:
    """Yield the names in a cell, which stand between semicolons or on lines of their own; a clause may hold commas."""
    yield from filter(None, (item.strip() for item in _BETWEEN.split(cell)))


def _problems(rows: _Rows, error: ValidationError) -> Iterator[Problem]:
    for details in error.errors(include_url=False):
        line, key = rows.place(details["loc"])
        if details["type"] == "missing":
            message = "is missing"
        elif details["type"] == "too_short" and len(details["loc"]) == 1:
            if rows.lines["requirements"]:  # each of them is told of by itself
                continue
            message = "holds no requirement"
        elif "date" in details["type"]:
            message = f"expected a date such as 2027-01-31, found {details['input']!r}"
        else:
            message = details["msg"]
        yield Problem(file=rows.file, line=line, column=1, key=key, message=message)
