"""The matrix as PDF/A, in the report's own frame; its texts are values, and never markup."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from rig.report.pdf.letters import breakable, printable
from rig.report.pdf.render import moment_parts, typeset

if TYPE_CHECKING:
    from datetime import datetime

    from rig.report.matrix.view import MatrixView

__all__ = ["render_matrix_pdf"]

_NAMES = frozenset({"key", "style"})  # what the template looks up and never shows


def render_matrix_pdf(matrix: MatrixView, made: datetime) -> bytes:
    """Return the matrix as a PDF that says it was ``made`` at that moment.

    Raises
    ------
    EvidenceError
        if typst refuses what would not conform
    """
    dated = (made.astimezone(UTC) if made.tzinfo else made.replace(tzinfo=UTC)).replace(microsecond=0)
    framed = {
        "run_id": "traceability matrix",
        "running": f"Traceability matrix, {matrix.made}",
        "description": "Traceability matrix",
        "verdict": dataclasses.asdict(matrix.state),
        "hashes": [],
        "dated": moment_parts(dated),
    }
    data = {name: _value(getattr(matrix, name)) for name in (field.name for field in dataclasses.fields(matrix))}
    return typeset("matrix.typ", json.dumps(data | framed, ensure_ascii=False), "the matrix")


def _value(one: object) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(one, str):
        return breakable(printable(one))
    if dataclasses.is_dataclass(one):
        named = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
        return {name: part if name in _NAMES else _value(part) for name, part in named.items()}
    return [_value(part) for part in one] if isinstance(one, tuple) else one
