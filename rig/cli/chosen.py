"""Options that many commands take: which bench, which device, which key, which evidence, which database of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Bench", "Database", "Device", "Evidence", "Key", "evidence_folder"]

Bench = Annotated[Path | None, typer.Option("--bench", metavar="FILE", help="Bench file; default: the virtual bench.")]
Device = Annotated[
    Path | None, typer.Option("--dut", metavar="FILE", help="Device under test; default: the one the bench names.")
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Private key that signs: a file, or keyring:NAME; default: RIG_KEY."),
]
Evidence = Annotated[
    Path | None, typer.Option("--evidence", help="Where evidence is; default: reports/out.", metavar="DIR")
]
Database = Annotated[
    str | None,
    typer.Option(
        "--history", help="Database of results; default: RIG_HISTORY, or a file with the evidence.", metavar="URL"
    ),
]


def evidence_folder(named: Path | None) -> Path:
    """Return the folder that holds the evidence of many runs."""
    return Path("reports/out") if named is None else named
