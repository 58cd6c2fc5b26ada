"""The key that is signed with: a file or of the keyring, named on the command line or in the environment."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rig.errors import EvidenceError, Refused
from rig.evidence.key_ring import PREFIX, new_key_in_ring, signer_from_ring
from rig.evidence.sealed import refuse_in_evidence
from rig.evidence.signing import read_signer, write_key_pair, write_public_key
from rig.harness.terminal import Terminal

if TYPE_CHECKING:
    from rig.evidence.signing import Signer

__all__ = ["KEY", "PASSPHRASE", "chosen_signer", "needed_signer", "new_key"]

KEY = "RIG_KEY"
PASSPHRASE = "RIG_KEY_PASSPHRASE"


def chosen_signer(named: str | Path | None, directory: Path) -> Signer | None:
    """Return who signs, None where no key was named; a locked key asks for its passphrase where none is set.

    ``keyring:NAME`` names a key of the operating system's keyring, anything else a file.

    Raises
    ------
    EvidenceError
        if the key cannot be read or opened
    """
    named = str(named or os.environ.get(KEY) or "")
    if named.startswith(PREFIX):
        return signer_from_ring(named.removeprefix(PREFIX), _passphrase)
    if not named:
        return None
    signer = read_signer(directory / named, _passphrase)
    if _is_open(directory / named):
        typer.echo(f"{named} can be read by others, who can then sign with it: chmod 600 {named}", err=True)
    return signer


def needed_signer(named: str | None, directory: Path) -> Signer:
    """Return who signs; raises Refused where no key was named, otherwise as :func:`chosen_signer`."""
    signer = chosen_signer(named, directory)
    if signer is None:
        raise Refused(f"a signature needs a key: --key FILE, --key {PREFIX}NAME, or {KEY}")
    return signer


def new_key(file: Path | None, keyring: str, passphrase: str) -> tuple[str, ...]:
    """Make a key pair, of which the private key goes to a file or to the keyring; return what to tell of it.

    Of a key in the keyring the public one goes to ``file``, if one is named.

    Raises
    ------
    Refused
        if neither was named, or the file lies in a run's evidence
    EvidenceError
        if a file or a key exists already, or cannot be written
    """
    if file is not None:
        refuse_in_evidence(file)
    if keyring:
        public = None if file is None else file.with_name(f"{file.name}.pub")
        if public is not None and public.exists():
            raise EvidenceError(f"{public} exists already; a key is never overwritten")
        signer, called = new_key_in_ring(keyring, passphrase)
        if public is not None:
            write_public_key(public, signer)
        shown = str(public) if public else f"\n{signer.public_pem.decode().rstrip()}"
        return f"private key: {PREFIX}{keyring} ({called})", f"public key: {shown}", f"id: {signer.id}"
    if file is None:
        raise Refused("where does the private key go? Name a file, or --keyring NAME")
    made, identity = write_key_pair(file, passphrase)
    return f"private key: {file}", f"public key: {made}", f"id: {identity}"


def _is_open(path: Path) -> bool:
    """Whether others than its owner have rights on a key's file, where the system knows such rights."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _passphrase() -> str:
    known = os.environ.get(PASSPHRASE)
    if known is not None:
        return known
    if not Terminal().attended:
        raise EvidenceError(f"the key is locked, nobody is at the terminal to open it, and {PASSPHRASE} is not set")
    asked: str = typer.prompt("passphrase of the key", hide_input=True, err=True)
    return asked
