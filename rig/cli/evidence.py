"""What is done with the evidence of a run: render, explain, verify, measure again, recover."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rig.cli.chosen import Key

__all__ = ["app"]

app = typer.Typer()


@app.command()
def report(
    bundle: Annotated[Path, typer.Argument(help="An evidence folder, reports/out/<run-id>.", metavar="BUNDLE")],
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", "--output", help="Where to write the HTML; default: BUNDLE.report.html beside it.", metavar="FILE"
        ),
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(help="Where to write the PDF/A; default: likewise.", metavar="FILE")
    ] = None,
) -> None:
    """Render a report again, from its evidence alone, as HTML and as PDF/A; it says whether the evidence is intact.

    With one of the options only that one is written.
    """
    from rig.bench.drivers.system_clock import SystemClock  # noqa: PLC0415
    from rig.harness.rendering import render_again, render_paper  # noqa: PLC0415

    now = SystemClock().utc()
    if html is not None or pdf is None:
        typer.echo(f"report: {render_again(bundle, html, now=now)}")
    if pdf is not None or html is None:
        typer.echo(f"report: {render_paper(bundle, pdf, now=now)}")


@app.command()
def explain(
    bundle: Annotated[Path, typer.Argument(help="An evidence folder, reports/out/<run-id>.", metavar="BUNDLE")],
    case: Annotated[str, typer.Argument(help="A case, for example delivery[20mA-200us-500ohm].", metavar="CASE")],
    measurand: Annotated[str, typer.Argument(help="A measurand, for example net_charge.", metavar="MEASURAND")],
) -> None:
    """Show what one measured value's uncertainty is made of."""
    from rig.evidence.reading import read_record  # noqa: PLC0415
    from rig.report.explain import explain_measurement  # noqa: PLC0415

    typer.echo(explain_measurement(read_record(bundle), case, measurand))


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="An evidence folder, reports/out/<run-id>.", metavar="BUNDLE")],
    key: Annotated[Path | None, typer.Option(help="Public key of who must have signed it.", metavar="PUBLIC")] = None,
    signoffs: Annotated[
        Path | None, typer.Option(help="Its sign-offs; default: BUNDLE.signoffs.jsonl beside it.", metavar="FILE")
    ] = None,
) -> None:
    """Check an evidence folder, offline: every file, every link of the journal, the signature, and its sign-offs.

    Exit code: 0 everything is as it was sealed and signed, 1 something is not, or the run was cut off.
    """
    from rig.evidence.plain import shown  # noqa: PLC0415 - as everywhere here
    from rig.evidence.signing import key_id, read_public_key  # noqa: PLC0415
    from rig.evidence.verification import examine  # noqa: PLC0415
    from rig.harness.sign_off import examine_signoffs  # noqa: PLC0415

    found = examine(bundle, signed_by=None if key is None else key_id(read_public_key(key)))
    signed_off = examine_signoffs(bundle, signoffs, sealed=not found.incomplete)
    for line in (*filter(None, (found.incomplete,)), *found.problems, *signed_off.told):
        typer.echo(shown(line))
    signature = f"signed by {found.signed_by}" if found.signed_by else "unsigned"
    named = shown(str(bundle))  # a folder's name may hold a line break, and look like another bundle's result
    if not found.intact:
        told = f"incomplete, {signature}" if not found.problems else f"NOT INTACT, {signature}"
        typer.echo(f"{named}: {told}")
        raise typer.Exit(1)
    typer.echo(f"{named}: intact, {signature}{signed_off.counted}")
    if signed_off.problems:
        raise typer.Exit(1)


@app.command()
def replay(
    bundles: Annotated[list[Path], typer.Argument(help="Evidence folders, reports/out/<run-id>.", metavar="BUNDLE...")],
    limits: Annotated[
        list[Path] | None,
        typer.Option(help="A limit pack, or a folder of them: in place of the run's own.", metavar="FILE|DIR"),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes side by side; default: one per processor.")] = None,
    scheduler: Annotated[
        str,
        typer.Option(help="Work on a Dask cluster that sees the same files: its scheduler.", metavar="tcp://HOST:PORT"),
    ] = "",
    values: Annotated[bool, typer.Option("--values", help="Show every value that is another.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in SI units.")] = False,
    afresh: Annotated[bool, typer.Option("--afresh", help="Take no result that is known from before.")] = False,
) -> None:
    """Measure and judge runs again from their raw captures with the code that is installed; show what is otherwise.

    Exit code: 0 all was done again and is identical to the last bit, 1 a verdict is another, 2 a bundle was refused,
    3 only values are others, 4 what was done again is identical, but not everything was.
    """
    from rig.evidence.plain import shown  # noqa: PLC0415
    from rig.sequencer.replay.many import replay_many, replays_folder  # noqa: PLC0415
    from rig.sequencer.replay.show import replay_exit_code, replays_json, show_replay  # noqa: PLC0415
    from rig.sequencer.replay.sources import pack_files  # noqa: PLC0415

    answers = []
    known, packs = None if afresh else replays_folder(), pack_files(limits or ())
    for answer in replay_many(bundles, packs, jobs=jobs, known=known, scheduler=scheduler):
        answers.append(answer)
        for line in () if as_json else show_replay(answer, values=values):
            typer.echo(shown(line))
    if as_json:
        typer.echo(replays_json(answers))
    raise typer.Exit(replay_exit_code(answers))


@app.command()
def recover(
    bundle: Annotated[Path, typer.Argument(help="The evidence folder of a run that was cut off.", metavar="BUNDLE")],
    key: Key = None,
) -> None:
    """Record and seal a run that was killed; cases that had ended keep their results, the one it was in is ABORTED."""
    from rig.bench.drivers.system_clock import SystemClock  # noqa: PLC0415
    from rig.harness.keys import chosen_signer  # noqa: PLC0415
    from rig.harness.rendering import render_all  # noqa: PLC0415
    from rig.sequencer.recover import recover_run  # noqa: PLC0415

    signer = chosen_signer(key, Path.cwd())
    record = recover_run(bundle, render=render_all, utc=SystemClock().utc, signer=signer)
    typer.echo(f"{bundle}: {record.verdict}, {record.notes[-1] if record.notes else 'it had recorded itself'}")
