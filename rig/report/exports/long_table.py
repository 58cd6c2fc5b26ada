"""All measurements of runs as one long table: a row per measured value and limit; what is in its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rig.evidence.record import CaseRecord, InstrumentEntry, JudgementEntry, LimitEntry, MeasurementEntry, RunRecord
    from rig.report.exports.exported import ExportedRun

__all__ = ["Row", "rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where the values of a row come from; a value without a limit has one row, and so has a case without a value.

    ``number`` counts the limits of a value from 1; 0 says that none was applied.
    """

    run: ExportedRun
    case: CaseRecord
    measurement: MeasurementEntry | None = None
    check: JudgementEntry | None = None
    number: int = 0

    @property
    def record(self) -> RunRecord:
        """The record of the run."""
        return self.run.record

    @property
    def limit(self) -> LimitEntry | None:
        """The limit that was applied."""
        return self.check.limit if self.check else None

    @property
    def source(self) -> str:
        """Instrument and channel that the value was measured with; empty where none is told."""
        origin = self.measurement.origin if self.measurement else ()
        for capture in self.case.captures:
            for one in capture.waveforms:
                if (capture.id, one.signal) == origin[:2]:
                    return one.source
        return ""

    @property
    def instrument(self) -> InstrumentEntry | None:
        """The instrument that the value was measured with."""
        named = self.source.partition(":")[0]
        entries = self.record.bench.instruments if self.record.bench else ()
        return next((one for one in entries if named and one.name == named), None)


def rows(run: ExportedRun) -> Iterator[Row]:
    """Yield the rows of a run, in the order of its cases and their measurements."""
    for case in run.record.cases:
        checks: dict[str, list[JudgementEntry]] = {}
        for check in case.judgements:
            checks.setdefault(check.limit.called, []).append(check)
        for measurement in case.measurements:
            yield from _rows(Row(run=run, case=case, measurement=measurement), checks.pop(measurement.called, []))
        for left in checks.values():
            yield from _rows(Row(run=run, case=case), left)
        if not case.measurements and not case.judgements:
            yield Row(run=run, case=case)


def _rows(row: Row, checks: Sequence[JudgementEntry]) -> Iterator[Row]:
    if not checks:
        yield row
    for number, check in enumerate(checks, 1):
        yield Row(run=row.run, case=row.case, measurement=row.measurement, check=check, number=number)
