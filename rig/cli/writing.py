"""A file that somebody asked a command to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_file"]


def write_file(file: Path, content: str | bytes) -> None:
    """Write a file, and say so where it does not mix with what is printed for programs.

    Raises
    ------
    Refused
        if it cannot be written, or lies in a run's evidence
    """
    from rig.errors import Refused  # noqa: PLC0415 - as in all commands: --help has to be quick
    from rig.evidence.sealed import write_outside  # noqa: PLC0415

    try:
        write_outside(file, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or error}") from None
    typer.echo(f"written: {file}", err=True)
