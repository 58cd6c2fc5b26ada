"""The results of many runs: written once per run, read as runs, as all rows of one, or as values over time."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from rig.errors import HistoryError
from rig.history import tables
from rig.history.address import shown_address
from rig.history.chosen import chosen_runs
from rig.history.database import connect, reading, upgrade, writing
from rig.history.overview import Overview
from rig.history.results import (
    CaseRow,
    InstrumentRow,
    JudgementRow,
    LoadRow,
    MeasurementRow,
    PackRow,
    PlanRow,
    Results,
    RunRow,
)
from rig.history.selection import Selection
from rig.history.values import values_of
from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from sqlalchemy import Table
    from sqlalchemy.engine import URL, Connection, Engine

    from rig.history.point import Point

__all__ = ["History"]

_Row = TypeVar("_Row")


class History:
    """The database at an address, in the form that this version writes; close it, or use it as a context manager.

    Raises
    ------
    HistoryError
        if it cannot be reached, or a newer version has written it
    """

    def __init__(self, url: URL) -> None:
        self._engine: Engine = connect(url)
        try:
            self.upgraded = upgrade(self._engine)
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def add(self, results: Results) -> bool:
        """Keep a run; return whether it is new. A run that is kept already changes nothing.

        Raises
        ------
        HistoryError
            if another run is kept under the same id, or the database does not take it
        """
        if self._known(results.run):
            return False
        try:
            with writing(self._engine) as connection:
                _insert(connection, results)
        except HistoryError as error:
            # Somebody else may have kept it in the meantime, which is as good.
            if isinstance(error.__cause__, IntegrityError) and self._known(results.run):
                return False
            raise
        return True

    def _known(self, run: RunRow) -> bool:
        with reading(self._engine) as connection:
            asked = select(tables.runs.c.manifest_sha256).where(tables.runs.c.run_id == run.run_id)
            kept = connection.execute(asked).scalar()
        if kept is not None and kept != run.manifest_sha256:
            raise HistoryError(
                f"{shown_address(self._engine.url)}: another run is kept as {run.run_id}: "
                f"its manifest is {kept[:12]}…, this one's {run.manifest_sha256[:12]}…"
            )
        return kept is not None

    def runs(self, selection: Selection | None = None, *, limit: int | None = None) -> tuple[Overview, ...]:
        """Return runs, the latest first."""
        order = (tables.runs.c.started.desc(), tables.runs.c.run_id.desc())
        asked = chosen_runs(select(tables.runs), selection or Selection()).order_by(*order).limit(limit)
        with reading(self._engine) as connection:
            rows = _rows(RunRow, connection, asked)
            ids = [one.run_id for one in rows]
            plans = _plans(connection, ids)
            counts = _counts(connection, ids)
        return tuple(
            Overview(run=one, plans=plans.get(one.run_id, ()), counts=counts.get(one.run_id, {})) for one in rows
        )

    def results(self, run_id: str) -> Results:
        """Return all rows of one run.

        Raises
        ------
        HistoryError
            if no run is kept under this id
        """
        with reading(self._engine) as connection:
            found = _rows(RunRow, connection, select(tables.runs).where(tables.runs.c.run_id == run_id))
            if not found:
                raise HistoryError(f"{shown_address(self._engine.url)}: no run is kept as {run_id}")

            def of(kind: type[_Row], table: Table) -> tuple[_Row, ...]:
                return _rows(
                    kind, connection, select(table).where(table.c.run_id == run_id).order_by(*table.primary_key)
                )

            return Results(
                run=found[0],
                plans=of(PlanRow, tables.plans),
                packs=of(PackRow, tables.packs),
                instruments=of(InstrumentRow, tables.instruments),
                loads=of(LoadRow, tables.loads),
                cases=of(CaseRow, tables.cases),
                measurements=of(MeasurementRow, tables.measurements),
                judgements=of(JudgementRow, tables.judgements),
            )

    def verdicts(self, runs: Sequence[str]) -> Mapping[str, Mapping[tuple[str, str], Verdict]]:
        """Return the verdict of the last attempt at every case of runs, by run, and by plan and case."""
        kept = tables.cases
        asked = select(kept.c.run_id, kept.c.plan, kept.c.id, kept.c.verdict)
        found: dict[str, dict[tuple[str, str], Verdict]] = {run: {} for run in runs}
        with reading(self._engine) as connection:
            for run, plan, case, verdict in connection.execute(
                asked.where(kept.c.run_id.in_(runs), kept.c.retried.is_(False))
            ):
                found[run][plan, case] = verdict
        return found

    def points(self, measurand: str, selection: Selection | None = None) -> tuple[Point, ...]:
        """Return every value of a measurand, the earliest first.

        Parameters
        ----------
        measurand : by its name alone it is meant during any stretch, with ``during`` and a load during that one
        """
        with reading(self._engine) as connection:
            return tuple(values_of(connection, measurand, selection or Selection()))

    def measurands(self, selection: Selection | None = None) -> tuple[str, ...]:
        """Return the names of everything that was ever measured in certain runs, in alphabetical order."""
        kept = tables.measurements
        asked = select(kept.c.measurand).distinct().join(tables.runs, tables.runs.c.run_id == kept.c.run_id)
        asked = chosen_runs(asked.where(kept.c.value.is_not(None)), selection or Selection())
        with reading(self._engine) as connection:
            return tuple(sorted(connection.execute(asked).scalars()))


def _insert(connection: Connection, results: Results) -> None:
    connection.execute(insert(tables.runs), _values([results.run]))
    many: Sequence[tuple[Table, Sequence[Any]]] = (
        (tables.plans, results.plans),
        (tables.packs, results.packs),
        (tables.instruments, results.instruments),
        (tables.loads, results.loads),
        (tables.cases, results.cases),
        (tables.measurements, results.measurements),
        (tables.judgements, results.judgements),
    )
    for table, rows in many:
        if rows:
            connection.execute(insert(table), _values(rows))


def _values(rows: Sequence[Any]) -> list[dict[str, Any]]:
    names = [one.name for one in fields(rows[0])]
    return [{name: getattr(row, name) for name in names} for row in rows]


def _rows(kind: type[_Row], connection: Connection, asked: Any) -> tuple[_Row, ...]:  # noqa: ANN401 - any select
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type] # each kind is one of the dataclasses
    return tuple(kind(**{name: row[name] for name in names}) for row in connection.execute(asked).mappings())


def _plans(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    kept = tables.plans
    found: dict[str, tuple[str, ...]] = {}
    asked = select(kept.c.run_id, kept.c.id).where(kept.c.run_id.in_(ids)).order_by(*kept.primary_key)
    for run, plan in connection.execute(asked):
        found[run] = (*found.get(run, ()), plan)
    return found


def _counts(connection: Connection, ids: Sequence[str]) -> dict[str, dict[Verdict, int]]:
    kept = tables.cases
    asked = (
        select(kept.c.run_id, kept.c.verdict, func.count())
        .where(kept.c.run_id.in_(ids), kept.c.retried.is_(False))
        .group_by(kept.c.run_id, kept.c.verdict)
    )
    found: dict[str, dict[Verdict, int]] = {}
    for run, verdict, count in connection.execute(asked):
        found.setdefault(run, {})[verdict] = count
    return {run: dict(sorted(counts.items(), key=lambda one: one[0].severity)) for run, counts in found.items()}
