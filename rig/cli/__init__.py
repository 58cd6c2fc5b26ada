"""The front door for people: what ``rig`` can be asked, and the exit code of every refusal."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from rig.cli import bench, evidence, export, history, nightly, plans, signing, tracing, trend
from rig.errors import RigError

__all__ = ["app", "main", "told"]

REFUSED = 2

app = typer.Typer(
    name="rig",
    help="Test and safety-validation rig for neuromuscular electrical stimulators.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(plans.app)
app.add_typer(evidence.app)
app.add_typer(export.app)
app.add_typer(tracing.app)
app.add_typer(signing.app)
app.add_typer(signing.key_app, name="key")
app.add_typer(history.app)
app.add_typer(nightly.app)
app.add_typer(history.history_app, name="history")
app.add_typer(trend.app)
app.add_typer(bench.twin_app, name="twin")
app.add_typer(bench.bench_app, name="bench")


def told(error: RigError) -> str:
    """Return what a refusal says; what somebody else's file put into it cannot steer the terminal."""
    from rig.evidence.plain import shown  # noqa: PLC0415 - --help has to be quick

    return "\n".join(map(shown, str(error).split("\n")))


def main() -> NoReturn:
    """Run the command line; every refusal is one message and exit code 2."""
    try:
        app(standalone_mode=True)
    except RigError as error:
        typer.echo(told(error), err=True)
        sys.exit(REFUSED)
    except OSError as error:  # a name that no file can have, a folder that nobody may read
        typer.echo(f"{error.filename}: {error.strerror}" if error.filename else str(error), err=True)
        sys.exit(REFUSED)
    sys.exit(0)
