"""What was asked for against what was found: the matrix of requirements over any set of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rig.cli.writing import write_file

__all__ = ["app"]

_COVERED, _FAILED, _GAPS = 0, 1, 3

app = typer.Typer()


@app.command()
def trace(
    bundles: Annotated[list[Path], typer.Argument(help="Evidence folders, reports/out/<run-id>.", metavar="BUNDLE...")],
    requirements: Annotated[
        Path, typer.Option(help="Requirements: YAML, CSV or ReqIF, as the name ends.", metavar="FILE")
    ],
    html: Annotated[Path | None, typer.Option(help="Write the matrix for a browser.", metavar="FILE")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write one row for every check.", metavar="FILE")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the matrix on paper.", metavar="FILE")] = None,
    limits: Annotated[
        list[Path] | None,
        typer.Option(
            help="A limit pack, or a folder of them, whose clauses are looked for as well.", metavar="FILE|DIR"
        ),
    ] = None,
    attributes: Annotated[
        Path | None, typer.Option(help="How the attributes of a ReqIF file are called (YAML).", metavar="FILE")
    ] = None,
) -> None:
    """Show which requirement is covered by which cases of which runs, with their verdicts; and every gap.

    Exit code: 0 every requirement is tested and everything passed, 1 something failed, 2 an input was refused,
    3 something is not tested, undecided, older than its requirement, or no evidence.
    """
    from rig.bench.drivers.system_clock import SystemClock  # noqa: PLC0415 - as everywhere here
    from rig.report.matrix.page import render_matrix_html  # noqa: PLC0415
    from rig.report.matrix.paper import render_matrix_pdf  # noqa: PLC0415
    from rig.report.matrix.table import write_matrix_csv  # noqa: PLC0415
    from rig.report.matrix.terminal import show_matrix  # noqa: PLC0415
    from rig.report.matrix.view import view_matrix  # noqa: PLC0415
    from rig.report.wording import moment  # noqa: PLC0415
    from rig.sequencer.trace.gather import trace_bundles  # noqa: PLC0415
    from rig.sequencer.trace.reading import read_requirements  # noqa: PLC0415

    matrix = trace_bundles(read_requirements(requirements, attributes), bundles, limits or ())
    made = SystemClock().utc()
    view = view_matrix(matrix, moment(made))
    typer.echo(show_matrix(view))
    if html is not None:
        write_file(html, render_matrix_html(view))
    if csv is not None:
        write_file(csv, write_matrix_csv(matrix))
    if pdf is not None:
        write_file(pdf, render_matrix_pdf(view, made))
    raise typer.Exit(_FAILED if matrix.failed else _GAPS if matrix.gaps else _COVERED)
