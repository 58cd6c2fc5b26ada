"""Measurements and judgements as CSV, in SI units and unrounded, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.evidence.record import RunRecord

__all__ = ["Cell", "cell", "csv_table", "unformulated", "write_judgements_csv", "write_measurements_csv"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_FORMULA = ("=", "+", "-", "@")
_SPLIT_FORMULA = re.compile(r"([,;|\"]\s*)(?=[=+\-@])")

Cell = str | float | None

_WHERE = ("run", "plan", "case", "attempt", "load", "set_amplitude_A")
_MEASUREMENTS = (
    *_WHERE, "measurand", "unit", "value", "expanded_uncertainty", "coverage_factor", "n", "minimum", "maximum", "std",
    "expanded_single", "window_start_s", "window_stop_s", "window", "origin", "reason",
)  # fmt: skip
_JUDGEMENTS = (
    *_WHERE, "measurand", "unit", "value", "expanded_uncertainty", "lower", "lower_closed", "upper", "upper_closed",
    "limit", "binds", "source", "edition", "clause", "confidence", "rule", "margin", "probability_conforming",
    "verdict", "reason",
)  # fmt: skip


def write_measurements_csv(record: RunRecord) -> str:
    """Return one row per measurand of every case; without a value the row says why."""
    return csv_table(_MEASUREMENTS, _measurements(record))


def write_judgements_csv(record: RunRecord) -> str:
    """Return one row per check of every case."""
    return csv_table(_JUDGEMENTS, _judgements(record))


def csv_table(head: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> str:
    """Return a table as RFC 4180 has it; no cell of it is a formula."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Cell) -> str:
    """Write a number so that it reads back exactly, and text so that no spreadsheet takes it for a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    clean = _CONTROL.sub(" ", value)
    return f"'{clean}" if clean.lstrip().startswith(_FORMULA) else clean


def unformulated(text: str) -> str:
    """Return text for a line of comment, of which no part is a formula, wherever a spreadsheet splits the line."""
    return _SPLIT_FORMULA.sub(r"\1'", _CONTROL.sub(" ", text))


def _places(record: RunRecord) -> Iterable[tuple[Cell, ...]]:
    for case in record.cases:
        load = case.load.name if case.load else None
        yield record.run_id, case.plan, case.id, case.attempt, load, case.stimulus.amplitude


def _measurements(record: RunRecord) -> Iterable[tuple[Cell, ...]]:
    for where, case in zip(_places(record), record.cases, strict=True):
        for entry in case.measurements:
            start, stop, window = entry.window or (None, None, None)
            yield (
                *where, entry.called, entry.unit.value if entry.unit else None, entry.value,
                entry.expanded_uncertainty, entry.coverage_factor, entry.n, entry.minimum, entry.maximum, entry.std,
                entry.expanded_single, start, stop, window, " > ".join(entry.origin), entry.reason,
            )  # fmt: skip


def _judgements(record: RunRecord) -> Iterable[tuple[Cell, ...]]:
    for where, case in zip(_places(record), record.cases, strict=True):
        for entry in case.judgements:
            limit = entry.limit
            yield (
                *where, limit.called, limit.unit.value, entry.value, entry.expanded_uncertainty, limit.lower,
                str(limit.lower_closed).lower(), limit.upper, str(limit.upper_closed).lower(), limit.text,
                limit.statistic.value, limit.source, limit.edition, limit.clause, limit.confidence.value,
                entry.rule.value, entry.margin, entry.probability_conforming, entry.verdict.value, entry.reason,
            )  # fmt: skip
