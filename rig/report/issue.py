"""Which report this is: the one that was sealed with the evidence, or a later rendering of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.report import wording

if TYPE_CHECKING:
    from datetime import datetime

    from rig.evidence.record import RunRecord
    from rig.report.standing import Standing

__all__ = ["Issue", "view_issue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """The report's own identification, and its history from the first one on."""

    id: str
    issued: str
    rows: tuple[tuple[str, str], ...]


def view_issue(record: RunRecord, known: Standing) -> Issue:
    """Return which report this is.

    A later rendering shows the same evidence: what is otherwise in it is the software that rendered it, or what people
    signed since.
    """
    first = f"{record.run_id}, issued {_day(record.finished or record.started)}, by nmes-rig {record.software.version}"
    if known.rendered is None:
        return Issue(
            id=record.run_id,
            issued=_day(record.finished or record.started),
            rows=(("This report", f"{first}; the first, sealed with the evidence"),),
        )
    name = f"{record.run_id}-r{known.rendered:%Y%m%dt%H%M%Sz}"
    software = f", by nmes-rig {known.software}" if known.software else ""
    return Issue(
        id=name,
        issued=_day(known.rendered),
        rows=(
            ("First report", f"{first}; it lies in the evidence"),
            ("This report", f"{name}, issued {_day(known.rendered)}{software}; a rendering of the same evidence"),
            ("What was changed", "Nothing in the evidence: record and captures are those of the first report."),
        ),
    )


def _day(moment: datetime) -> str:
    return wording.moment(moment).partition(" ")[0]
