"""Results of many runs: list them, put them into the database, compare them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli.chosen import Database, Evidence, evidence_folder
from rig.cli.writing import write_file

if TYPE_CHECKING:
    from rig.history.results import Results
    from rig.history.store import History

__all__ = ["app", "history_app"]

app = typer.Typer()
history_app = typer.Typer(help="Runs of the past, from the database of results.", invoke_without_command=True)

Device = Annotated[str, typer.Option(metavar="SERIAL", help="Only runs of the device with this serial number.")]
Plan = Annotated[str, typer.Option(metavar="ID", help="Only runs of this plan.")]


def opened(history: str | None, evidence: Path, *, new: bool = False) -> History:
    """Open the database that is meant; a file that is not there is only made where something goes into it.

    Raises
    ------
    HistoryError
        if there is none, or it cannot be opened
    """
    from rig.errors import HistoryError  # noqa: PLC0415 - as everywhere here: --help has to be quick
    from rig.evidence.sealed import refuse_in_evidence  # noqa: PLC0415
    from rig.history.address import chosen_address  # noqa: PLC0415
    from rig.history.store import History  # noqa: PLC0415

    address = chosen_address(history, evidence)
    if address is None:
        raise HistoryError("results are kept nowhere: RIG_HISTORY or --history says none")
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        if not new and not file.is_file():
            raise HistoryError(f"no run was kept yet: there is no {file} (rig history add BUNDLE...)")
        refuse_in_evidence(file)
        file.parent.mkdir(parents=True, exist_ok=True)
    return History(address)


@history_app.callback()
def history(
    context: typer.Context,
    device: Device = "",
    plan: Plan = "",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only runs begun since, UTC.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 30,
    csv: Annotated[Path | None, typer.Option(help="Also write the runs as CSV.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    evidence: Evidence = None,
    database: Database = None,
) -> None:
    """List runs of the past, the latest first: when, which, what came out, of how many cases, by which software."""
    if context.invoked_subcommand is not None:
        return
    from rig.history.selection import Selection  # noqa: PLC0415
    from rig.report.runs_table import runs_csv, runs_json, show_runs  # noqa: PLC0415

    chosen = Selection(device=device, plan=plan, since=since and since.replace(tzinfo=UTC))
    with opened(database, evidence_folder(evidence)) as kept:
        runs = kept.runs(chosen, limit=limit)
    if csv is not None:
        write_file(csv, runs_csv(runs))
    if as_json:
        typer.echo(runs_json(runs))
        return
    for line in show_runs(runs):
        typer.echo(line)


@history_app.command("add")
def add(
    bundles: Annotated[list[Path], typer.Argument(help="Evidence folders, reports/out/<run-id>.", metavar="BUNDLE...")],
    evidence: Evidence = None,
    database: Database = None,
) -> None:
    """Put runs into the database from their evidence, which is verified first; those that are in it stay as they are.

    Exit code: 0 all are in the database, 2 one was refused, whatever became of the others.
    """
    from rig.errors import RigError  # noqa: PLC0415
    from rig.evidence.plain import shown  # noqa: PLC0415
    from rig.evidence.verification import refuse_unless_whole  # noqa: PLC0415
    from rig.history.spool import results_of  # noqa: PLC0415

    refused = False
    with opened(database, evidence_folder(evidence), new=True) as kept:
        for bundle in bundles:
            try:
                refuse_unless_whole(bundle)
                new = kept.add(results_of(bundle))
                typer.echo(f"{shown(str(bundle))}: {'added' if new else 'known already'}")
            except RigError as error:
                refused = True
                typer.echo(shown(str(error)), err=True)
    raise typer.Exit(2 if refused else 0)


@history_app.command("push")
def push(evidence: Evidence = None, database: Database = None) -> None:
    """Put runs into the database that wait for it, because it could not be reached when they ended.

    Exit code: 0 nothing waits any more, 2 something still does.
    """
    from rig.errors import HistoryError  # noqa: PLC0415
    from rig.history.address import chosen_address  # noqa: PLC0415
    from rig.history.spool import deliver  # noqa: PLC0415

    folder = evidence_folder(evidence)
    address = chosen_address(database, folder)
    if address is None:
        raise HistoryError("results are kept nowhere: RIG_HISTORY or --history says none")
    delivery = deliver(folder, address)
    for run in delivery.kept:
        typer.echo(f"{run}: added")
    for run, problem in delivery.left:
        typer.echo(f"{run}: still waits: {problem}", err=True)
    if not delivery.kept and not delivery.left:
        typer.echo("no run waits")
    raise typer.Exit(2 if delivery.left else 0)


@history_app.command("upgrade")
def upgrade(evidence: Evidence = None, database: Database = None) -> None:
    """Bring the database to the form that this version writes, which opening it does as well."""
    with opened(database, evidence_folder(evidence), new=True) as kept:
        typer.echo("upgraded" if kept.upgraded else "nothing to do")


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run: its evidence folder, or its id.", metavar="A")],
    after: Annotated[str, typer.Argument(help="The run that is held against it.", metavar="B")],
    csv: Annotated[
        Path | None, typer.Option(help="Also write a row per difference, in SI units.", metavar="FILE")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write a page for a browser.", metavar="FILE")] = None,
    evidence: Evidence = None,
    database: Database = None,
) -> None:
    """Compare two runs: verdicts, values beyond their uncertainty, limits, device, instruments, software.

    Exit code: 0 nothing is otherwise beyond uncertainty, 1 a verdict is, 2 refused, 3 only values or cases are, or no
    value could be compared.
    """
    from rig.evidence.plain import shown  # noqa: PLC0415
    from rig.history.compare import compare as held_against  # noqa: PLC0415
    from rig.report.comparison import compare_exit_code, comparison_csv, comparison_paper  # noqa: PLC0415
    from rig.report.paper import html_paper, show_paper  # noqa: PLC0415

    folder = evidence_folder(evidence)
    first, second = (results_called(one, folder, database) for one in (before, after))
    if first.run.run_id == second.run.run_id:
        same = first.run.manifest_sha256 == second.run.manifest_sha256
        told = "A and B are one run" if same else "A and B differ, and both say that they are one run"
        typer.echo(f"note: {told}, {shown(first.run.run_id)}", err=True)
    difference = held_against(first, second)
    paper = comparison_paper(difference)
    if html is not None:
        write_file(html, html_paper(paper))
    if csv is not None:
        write_file(csv, comparison_csv(difference))
    for line in show_paper(paper):
        typer.echo(line)
    raise typer.Exit(compare_exit_code(difference))


def results_called(name: str, evidence: Path, database: str | None) -> Results:
    """Return the results of a run by the folder of its evidence, which is verified, or by its id.

    Raises
    ------
    RigError
        if the evidence is not whole, or no run is called so
    """
    from rig.evidence.plain import is_folder  # noqa: PLC0415
    from rig.evidence.verification import refuse_unless_whole  # noqa: PLC0415
    from rig.history.spool import results_of  # noqa: PLC0415

    for bundle in (Path(name), evidence / name):
        if is_folder(bundle):
            refuse_unless_whole(bundle)
            return results_of(bundle)
    with opened(database, evidence) as kept:
        return kept.results(name)
