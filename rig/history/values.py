"""Values of one measurand over many runs, with what was demanded of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, and_, or_, select

from rig.history.chosen import chosen_runs
from rig.history.point import Point
from rig.history.results import called
from rig.history.tables import cases, instruments, judgements, measurements, runs
from rig.model.verdict import worst
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection, RowMapping

    from rig.history.selection import Selection

__all__ = ["values_of"]

_Asked = TypeVar("_Asked", bound=Select[Any])
_DURING = " during "


def values_of(connection: Connection, measurand: str, selection: Selection) -> Iterator[Point]:
    """Yield every value of a measurand, the earliest first, with the tightest limits that were applied to it."""
    name, _, during = measurand.partition(_DURING)
    demanded = _demanded(connection, name, during, selection)
    kept, of = measurements, instruments
    asked = (
        select(
            kept,
            runs.c.bench, runs.c.device_serial, runs.c.device_firmware, runs.c.operator, runs.c.engineering_only,
            runs.c.virtual, runs.c.end_reason, runs.c.started.label("run_started"),
            cases.c.plan, cases.c.id.label("case_id"), cases.c.attempt, cases.c.retried, cases.c.load, cases.c.started,
            of.c.serial, of.c.driver, of.c.certificate, of.c.calibrated,
        )
        .select_from(kept)
        .join(cases, and_(cases.c.run_id == kept.c.run_id, cases.c.position == kept.c.case_position))
        .join(runs, runs.c.run_id == kept.c.run_id)
        .outerjoin(of, and_(of.c.run_id == kept.c.run_id, of.c.name == kept.c.instrument))
        .where(kept.c.value.is_not(None), kept.c.unit.is_not(None))
    )  # fmt: skip
    asked = _meant(asked, kept, name, during, selection)
    if selection.instrument:
        asked = asked.where(or_(kept.c.instrument == selection.instrument, of.c.serial == selection.instrument))
    asked = asked.order_by(runs.c.started, runs.c.run_id, kept.c.case_position, kept.c.position)
    for row in connection.execute(asked).mappings():
        yield _point(row, demanded.get(_place(row), ()))


def _meant(asked: _Asked, kept: Table, name: str, during: str, selection: Selection) -> _Asked:
    asked = chosen_runs(asked, selection).where(kept.c.measurand == name)
    if during:
        asked = asked.where(kept.c.during == during)
    if selection.plan:
        asked = asked.where(cases.c.plan == selection.plan)
    if selection.case:
        asked = asked.where(cases.c.id == selection.case)
    if selection.load:
        asked = asked.where(cases.c.load == selection.load)
    return asked if selection.retried else asked.where(cases.c.retried.is_(False))


def _place(row: RowMapping) -> tuple[str, int, str]:
    return row["run_id"], row["case_position"], row["during"]


def _demanded(
    connection: Connection, name: str, during: str, selection: Selection
) -> dict[tuple[str, int, str], list[RowMapping]]:
    kept = judgements
    asked = (
        select(kept)
        .join(cases, and_(cases.c.run_id == kept.c.run_id, cases.c.position == kept.c.case_position))
        .join(runs, runs.c.run_id == kept.c.run_id)
    )
    found: dict[tuple[str, int, str], list[RowMapping]] = defaultdict(list)
    for row in connection.execute(_meant(asked, kept, name, during, selection)).mappings():
        found[_place(row)].append(row)
    return found


def _point(row: RowMapping, checks: Sequence[RowMapping]) -> Point:
    certificate, calibrated = row["certificate"], row["calibrated"]
    return Point(
        run_id=row["run_id"],
        started=row["started"] or row["run_started"],
        bench=row["bench"],
        device_serial=row["device_serial"],
        device_firmware=row["device_firmware"],
        instrument=row["instrument"],
        instrument_serial=row["serial"] or "",
        instrument_driver=row["driver"] or "",
        instrument_calibration=f"{certificate} {calibrated}" if calibrated else "",
        operator=row["operator"],
        plan=row["plan"],
        case=row["case_id"],
        attempt=row["attempt"],
        retried=row["retried"],
        load=row["load"],
        measurand=called(row["measurand"], row["during"]),
        unit=Unit(row["unit"]),
        value=row["value"],
        expanded_uncertainty=row["expanded_uncertainty"],
        coverage_factor=row["coverage_factor"],
        n=row["n"],
        std=row["std"],
        lower=max((one["lower"] for one in checks if one["lower"] is not None), default=None),
        upper=min((one["upper"] for one in checks if one["upper"] is not None), default=None),
        verdict=worst(one["verdict"] for one in checks) if checks else None,
        engineering_only=bool(row["engineering_only"]),
        virtual=row["virtual"],
        complete=row["end_reason"] == "completed",
    )
