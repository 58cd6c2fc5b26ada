"""Who signs: keys, and sign-offs of sealed runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rig.cli.chosen import Key

__all__ = ["app", "key_app"]

app = typer.Typer()
key_app = typer.Typer(help="Keys that sign evidence.", no_args_is_help=True)


@app.command()
def sign(
    bundle: Annotated[Path, typer.Argument(help="An evidence folder, reports/out/<run-id>.", metavar="BUNDLE")],
    name: Annotated[str, typer.Option(help="Who signs: the name as it is to be printed.")],
    meaning: Annotated[str, typer.Option(help="authored, reviewed, approved, responsible or rejected.")],
    role: Annotated[str, typer.Option(help="As what, for example head of the laboratory.")] = "",
    comment: Annotated[str, typer.Option(help="What else is to be said; it is signed as well.")] = "",
    incomplete: Annotated[
        str, typer.Option(help="Why a run is signed that is incomplete; it is signed as well.", metavar="REASON")
    ] = "",
    key: Key = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sign without asking.")] = False,
) -> None:
    """Sign a sealed run off: verify it, show what is signed, and add an electronic signature beside the evidence."""
    from rig.bench.drivers.system_clock import SystemClock  # noqa: PLC0415 - as everywhere here
    from rig.evidence.signoff import Statement  # noqa: PLC0415
    from rig.harness.keys import needed_signer  # noqa: PLC0415
    from rig.harness.sign_off import agreed, sign_off  # noqa: PLC0415

    statement = Statement.of(name=name, meaning=meaning, role=role, comment=comment, override=incomplete)
    signed, file = sign_off(
        bundle,
        statement,
        needed_signer(key, Path.cwd()),
        tell=typer.echo,
        agreed=(lambda: True) if yes else agreed,
        utc=SystemClock().utc,
    )
    typer.echo(f"{file}: number {signed.number}, {statement.meaning} by {statement.name}, key {signed.key}")


@key_app.command("new")
def key_new(
    file: Annotated[
        Path | None, typer.Argument(help="Where the private key goes, but for --keyring; the public one: FILE.pub.")
    ] = None,
    keyring: Annotated[
        str,
        typer.Option(
            help="Keep the private key in the operating system's keyring instead, under this name.", metavar="NAME"
        ),
    ] = "",
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Lock it: ask for a passphrase, or take RIG_KEY_PASSPHRASE.")
    ] = False,
) -> None:
    """Make a key pair (Ed25519) that signs evidence."""
    from rig.harness.keys import PASSPHRASE, new_key  # noqa: PLC0415

    secret = os.environ.get(PASSPHRASE, "") if passphrase else ""
    if passphrase and not secret:
        secret = typer.prompt("passphrase", hide_input=True, confirmation_prompt=True, err=True)
    for line in new_key(file, keyring, secret):
        typer.echo(line)
