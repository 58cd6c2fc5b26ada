"""Evidence for other programs: test servers, spreadsheets, and what reads waveforms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer()

_FORMATS = "junit, allure, atml, csv, parquet, waveform-csv, npz, tdms"


@app.command()
def export(
    bundles: Annotated[list[Path], typer.Argument(help="Evidence folders, reports/out/<run-id>.", metavar="BUNDLE...")],
    to: Annotated[str, typer.Option("--to", help=f"One of: {_FORMATS}.", metavar="FORMAT")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write; default: beside the bundle.", metavar="FILE|DIR"),
    ] = None,
    case: Annotated[str, typer.Option(help="Only cases whose id is like this; * and ? stand for others.")] = "",
    capture: Annotated[str, typer.Option(help="Of samples: only this capture.", metavar="ID")] = "",
    signal: Annotated[str, typer.Option(help="Of samples: only this signal, for example current.")] = "",
) -> None:
    """Write runs in a format that other programs read, from their evidence alone.

    A bundle is examined first: one that is not as it was sealed is refused, one of a run that was cut off is marked.
    """
    from rig.harness.exporting import Chosen, export_bundles  # noqa: PLC0415

    typer.echo(f"{to}: {export_bundles(bundles, to, output, Chosen(case=case, capture=capture, signal=signal))}")
