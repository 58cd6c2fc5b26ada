"""What a morning needs to know of the night: ``rig digest``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli.chosen import Database, Evidence, evidence_folder
from rig.cli.history import opened, results_called
from rig.cli.writing import write_file

if TYPE_CHECKING:
    from rig.history.results import Results, RunRow
    from rig.history.selection import Selection
    from rig.history.store import History

__all__ = ["app"]

app = typer.Typer()


@app.command()
def digest(
    run: Annotated[
        str, typer.Argument(help="The id of a run, or its evidence folder; default: the last one.", metavar="RUN")
    ] = "",
    last: Annotated[bool, typer.Option("--last", help="The last run, which is what is meant without RUN.")] = False,
    device: Annotated[str, typer.Option(metavar="SERIAL", help="The last run of this device.")] = "",
    plan: Annotated[str, typer.Option(metavar="ID", help="The last run of this plan.")] = "",
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write Markdown.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one page for a browser.")] = None,
    evidence: Evidence = None,
    database: Database = None,
) -> None:
    """Tell on one page what changed since the last run of the same plans, bench and device that passed.

    Exit code: 0 it could be written, whatever it says, 2 refused.
    """
    from rig.bench.drivers.system_clock import SystemClock  # noqa: PLC0415 - as everywhere here
    from rig.errors import Refused  # noqa: PLC0415
    from rig.history.digest import digest_of  # noqa: PLC0415
    from rig.history.selection import Selection  # noqa: PLC0415
    from rig.report.digest_page import digest_paper  # noqa: PLC0415
    from rig.report.paper import html_paper, markdown_paper, show_paper  # noqa: PLC0415

    if run and (last or device or plan):
        raise Refused("either a run is named, or the last one is meant")
    folder, today = evidence_folder(evidence), SystemClock().utc().date()
    named = results_called(run, folder, database) if run else None
    with opened(database, folder) as kept:
        results = named or _last(kept, Selection(device=device, plan=plan))
        found = digest_of(results, kept, today)
    for file, write in ((markdown, markdown_paper), (html, html_paper)):
        if file is not None:
            write_file(file, write(digest_paper(found, today, _reports(found.run, folder, file.absolute().parent))))
    if markdown is None and html is None:
        for line in show_paper(digest_paper(found, today, _reports(found.run, folder, None))):
            typer.echo(line)


def _last(kept: History, chosen: Selection) -> Results:
    from rig.errors import HistoryError  # noqa: PLC0415

    runs = kept.runs(chosen, limit=1)
    if not runs:
        raise HistoryError("no run is kept that is so")
    return kept.results(runs[0].run.run_id)


def _reports(run: RunRow, evidence: Path, seen_from: Path | None) -> list[str]:
    """Return the paths of a run's reports, as they are opened from a folder."""
    from rig.evidence.plain import is_folder, stays_inside  # noqa: PLC0415

    places = [evidence.absolute() / run.run_id] if stays_inside(run.run_id) else []
    bundle = next((one for one in (*places, Path(run.bundle)) if is_folder(one)), None)
    files = [] if bundle is None else [bundle / name for name in ("report.html", "report.pdf")]
    return [_path(one, seen_from) for one in files if one.is_file()]


def _path(file: Path, seen_from: Path | None) -> str:
    if seen_from is None:
        return str(file)
    try:
        return os.path.relpath(file, seen_from)
    except ValueError:  # on another drive
        return file.as_uri()
