"""What a person is shown of a case: the plan's line, value ± U, limit, margin and where the evidence is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.units import format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rig.evidence.record import CaseRecord, JudgementEntry

__all__ = ["explain", "shown", "summarise_check"]


def shown(path: Path, start: Path) -> str:
    """The path as a person would type it from where pytest was started."""
    try:
        return os.path.relpath(path, start)
    except ValueError:  # another drive
        return str(path)


def explain(record: CaseRecord, evidence: str) -> str:
    """The block shown for a case that did not pass: everything that kept it from passing, and nothing else."""
    lines = [f"{record.verdict}  {record.id}  {record.title}", f"  plan      {record.location}"]
    if record.error is not None:
        lines.append(f"  {record.error.type} while {record.error.stage}: {record.error.message}")
    for entry in record.judgements:
        if entry.verdict is not Verdict.PASS:
            lines.extend(_judgement(entry))
    if record.output_off is not None and record.output_off.verdict is not Verdict.PASS:
        lines.append(f"  {record.output_off.verdict}  output after the case: {record.output_off.reason}")
    if len(lines) == 2 and record.reason:  # noqa: PLR2004 - nothing but the heading so far
        lines.append(f"  {record.reason}")
    lines.append(f"  evidence  {evidence}")
    return "\n".join(lines)


def summarise_check(entry: JudgementEntry) -> str:
    """One line: verdict, measurand, value ± U, limit with its clause, and margin."""
    limit = entry.limit
    value = "no value"
    if entry.value is not None:
        value = format_result(entry.value, entry.expanded_uncertainty or 0.0, limit.unit)
    margin = "" if entry.margin is None else f", margin {format_quantity(entry.margin, limit.unit, digits=3)}"
    clause = f" [{limit.clause}, {limit.edition}]" if limit.clause else ""
    return f"{entry.verdict}  {limit.called} = {value}; limit {limit.text}{clause}{margin}"


def _judgement(entry: JudgementEntry) -> Iterator[str]:
    yield f"  {summarise_check(entry)}"
    yield f"        {entry.reason}"
    yield f"        {entry.limit.source}"
