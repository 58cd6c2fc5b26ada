"""The key that a run is signed with: named on the command line or in the environment, opened by a passphrase."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rig.errors import EvidenceError
from rig.evidence.signing import read_signer
from rig.harness.terminal import Terminal

if TYPE_CHECKING:
    from rig.evidence.signing import Signer

__all__ = ["KEY", "PASSPHRASE", "chosen_signer"]

KEY = "RIG_KEY"
PASSPHRASE = "RIG_KEY_PASSPHRASE"


def chosen_signer(named: str | Path | None, directory: Path) -> Signer | None:
    """Return who signs, None where no key was named; a locked key asks for its passphrase where none is set.

    Raises
    ------
    EvidenceError
        if the key cannot be read or opened
    """
    named = named or os.environ.get(KEY)
    return read_signer(directory / named, _passphrase) if named else None


def _passphrase() -> str:
    known = os.environ.get(PASSPHRASE)
    if known is not None:
        return known
    if not Terminal().attended:
        raise EvidenceError(f"the key is locked, nobody is at the terminal to open it, and {PASSPHRASE} is not set")
    asked: str = typer.prompt("passphrase of the key", hide_input=True, err=True)
    return asked
