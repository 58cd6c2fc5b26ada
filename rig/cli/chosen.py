"""Options that many commands take: which bench, which device, which key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Bench", "Device", "Key"]

Bench = Annotated[Path | None, typer.Option("--bench", metavar="FILE", help="Bench file; default: the virtual bench.")]
Device = Annotated[
    Path | None, typer.Option("--dut", metavar="FILE", help="Device under test; default: the one the bench names.")
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Private key that signs: a file, or keyring:NAME; default: RIG_KEY."),
]
