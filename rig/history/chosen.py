"""A selection, as conditions of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, exists, select

from rig.history.tables import plans, runs

if TYPE_CHECKING:
    from rig.history.selection import Selection

__all__ = ["chosen_runs"]

_Asked = TypeVar("_Asked", bound=Select[Any])

# How a list without an entry is written, see rig.history.columns.
_NO_REASON: tuple[str, ...] = ()


def chosen_runs(asked: _Asked, selection: Selection) -> _Asked:
    """Return a query over runs that takes only those that are meant."""
    given = {
        runs.c.device_serial: selection.device,
        runs.c.bench: selection.bench,
        runs.c.operator: selection.operator,
    }
    for column, value in given.items():
        if value:
            asked = asked.where(column == value)
    if selection.plan:
        asked = asked.where(
            exists(select(plans.c.id).where(plans.c.run_id == runs.c.run_id, plans.c.id == selection.plan))
        )
    if selection.since is not None:
        asked = asked.where(runs.c.started >= selection.since)
    if selection.until is not None:
        asked = asked.where(runs.c.started <= selection.until)
    if selection.virtual is not None:
        asked = asked.where(runs.c.virtual.is_(selection.virtual))
    if selection.complete:
        asked = asked.where(runs.c.end_reason == "completed")
    if selection.evidence:
        asked = asked.where(runs.c.engineering_only == _NO_REASON)
    return asked
