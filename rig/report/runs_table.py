"""Runs of the past as a list for a terminal, a spreadsheet or a script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.report.listing import listing
from rig.report.tables import csv_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rig.history.overview import Overview

__all__ = ["runs_csv", "runs_json", "show_runs"]

_SHORT = 8  # letters of a commit that tell it from others
_HEAD = ("started (UTC)", "run", "plans", "device", "firmware", "bench", "verdict", "cases", "commit", "remarks")
_COLUMNS = (
    "run", "started", "finished", "end_reason", "verdict", "plans", "bench", "virtual", "device", "firmware",
    "operator", *(verdict.value for verdict in Verdict), "not_selected", "engineering_only", "signed_by", "version",
    "commit", "modified", "bundle", "manifest_sha256",
)  # fmt: skip


def show_runs(runs: Sequence[Overview]) -> Iterator[str]:
    """Yield the lines of a table of runs."""
    if not runs:
        yield "no run is kept that is so"
        return
    yield from listing(_HEAD, [_row(one) for one in runs])


def _row(one: Overview) -> tuple[str, ...]:
    run = one.run
    commit = run.software_commit[:_SHORT] + ("+" if run.software_modified else "")
    remarks = [
        "" if run.end_reason == "completed" else run.end_reason.replace("_", " "),
        "engineering only" if run.engineering_only else "",
        "virtual" if run.virtual else "",
        f"{run.not_selected} not selected" if run.not_selected else "",
    ]
    return (
        f"{run.started:%Y-%m-%d %H:%M}",
        run.run_id,
        " ".join(one.plans),
        run.device_serial or "-",
        run.device_firmware or "-",
        run.bench or "-",
        run.verdict,
        ", ".join(f"{count} {verdict}" for verdict, count in one.counts.items()) or "none",
        commit or run.software_version,
        ", ".join(filter(None, remarks)),
    )


def _flat(one: Overview) -> dict[str, str | int | bool | None]:
    run = one.run
    values = (
        run.run_id, run.started.isoformat(), run.finished.isoformat() if run.finished else None, run.end_reason,
        run.verdict.value, " ".join(one.plans), run.bench, run.virtual, run.device_serial, run.device_firmware,
        run.operator, *(one.counts.get(verdict, 0) for verdict in Verdict), run.not_selected,
        "; ".join(run.engineering_only), run.signed_by, run.software_version, run.software_commit,
        run.software_modified, run.bundle, run.manifest_sha256,
    )  # fmt: skip
    return dict(zip(_COLUMNS, values, strict=True))


def runs_csv(runs: Sequence[Overview]) -> str:
    """Return one row per run."""
    rows = (tuple(_flat(one).values()) for one in runs)
    return csv_table(
        _COLUMNS, [tuple(str(cell).lower() if isinstance(cell, bool) else cell for cell in row) for row in rows]
    )


def runs_json(runs: Sequence[Overview]) -> str:
    """Return a list of objects, each with lists of plans and of the reasons why a run is for engineering only."""
    entries = [
        {**_flat(one), "plans": list(one.plans), "engineering_only": list(one.run.engineering_only)} for one in runs
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False)
