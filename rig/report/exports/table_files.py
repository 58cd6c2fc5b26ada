"""The long table as files: CSV for any program, Parquet with types, units and provenance."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from rig.errors import Refused
from rig.report.exports.columns import COLUMNS, FORMAT, Kind, Value
from rig.report.exports.long_table import rows
from rig.report.tables import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rig.report.exports.exported import ExportedRun
    from rig.report.exports.long_table import Row

__all__ = ["write_csv", "write_parquet"]

_TOGETHER = 20_000  # rows of a Parquet row group, and the most that are held


def write_csv(runs: Sequence[ExportedRun], path: Path) -> None:
    """Write the table as CSV: UTF-8, RFC 4180, numbers that read back exactly, times in UTC, ``true`` and ``false``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([column.name for column in COLUMNS])
        for row in _all(runs):
            writer.writerow([_written(column.of(row)) for column in COLUMNS])


def _all(runs: Sequence[ExportedRun]) -> Iterator[Row]:
    for run in runs:
        yield from rows(run)


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return cell(value)


def write_parquet(runs: Sequence[ExportedRun], path: Path) -> None:
    """Write the table as Parquet: each column with its type, unit and meaning, each run with its hashes.

    Raises
    ------
    Refused
        if the extra ``parquet`` is not installed
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise Refused("Parquet is written with pyarrow: pip install 'nmes-rig[parquet]'") from None
    schema = _schema(pa, runs)
    remaining = _all(runs)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(remaining, _TOGETHER)):
            columns = [
                pa.array([column.of(row) for row in batch], type=field.type)
                for column, field in zip(COLUMNS, schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _schema(pa: Any, runs: Sequence[ExportedRun]) -> Any:  # noqa: ANN401 - an optional package without types
    types = {
        Kind.NAME: pa.dictionary(pa.int32(), pa.string()),
        Kind.TEXT: pa.string(),
        Kind.NUMBER: pa.float64(),
        Kind.WHOLE: pa.int64(),
        Kind.TRUTH: pa.bool_(),
        Kind.MOMENT: pa.timestamp("us", tz="UTC"),
        Kind.DAY: pa.date32(),
    }
    fields = [
        pa.field(
            column.name,
            types[column.kind],
            metadata={"description": column.meaning, **({"unit": column.unit} if column.unit else {})},
        )
        for column in COLUMNS
    ]
    told = [dict(run.provenance()) for run in runs]
    return pa.schema(fields, metadata={"format": FORMAT, "runs": json.dumps(told, ensure_ascii=False)})
