"""Plans are checked and run; files that plans and benches are written in; a single capture measured."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rig.cli.chosen import Bench, Device, Key

__all__ = ["app"]

app = typer.Typer()


@app.command()
def run(
    plans: Annotated[list[Path], typer.Argument(help="Plans, or folders of plans.", metavar="PLAN...")],
    bench: Bench = None,
    dut: Device = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Where evidence is written; default: reports/out.", metavar="DIR")
    ] = None,
    operator: Annotated[str, typer.Option(help="Who is responsible for this run; goes on record.")] = "",
    environment: Annotated[
        str,
        typer.Option(help='Temperature and relative humidity, "23.1 degC, 41 %", or a YAML file; goes on record.'),
    ] = "",
    note: Annotated[
        list[str] | None,
        typer.Option(help='A deviation from the plan, "what; cause: why; impact: what it means"; may be repeated.'),
    ] = None,
    keyword: Annotated[str, typer.Option("-k", help="Run only the cases whose names match, as pytest does.")] = "",
    first: Annotated[
        bool, typer.Option("-x", "--exitfirst", help="Stop at the first case that does not pass.")
    ] = False,
    last_failed: Annotated[bool, typer.Option("--lf", help="Run only what did not pass last time.")] = False,
    real_time: Annotated[bool, typer.Option("--real-time", help="Let the virtual bench take its time.")] = False,
    record_io: Annotated[
        bool, typer.Option("--record-io", help="Keep every dialogue with an instrument in the evidence.")
    ] = False,
    play_back: Annotated[
        Path | None,
        typer.Option(
            "--play-back",
            help="Evidence of a run whose recorded dialogues answer instead of instruments.",
            metavar="RUN",
        ),
    ] = None,
    key: Key = None,
    history: Annotated[
        str | None,
        typer.Option(
            help="Database of results, or none; default: RIG_HISTORY, or a file with the evidence.", metavar="URL"
        ),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also set the report as PDF/A, beside the evidence.")] = False,
    allure: Annotated[Path | None, typer.Option(help="Also write Allure results here.", metavar="DIR")] = None,
) -> None:
    """Run plans on a bench and leave evidence.

    Exit code: 0 all passed, 1 a FAIL, 2 refused, 3 nothing failed but something is undecided, 4 aborted.
    """
    from rig.harness.run import run_plans  # noqa: PLC0415 - pytest is not needed to show help

    options = ["-k", keyword] if keyword else []
    options += ["-x"] if first else []
    options += ["--lf"] if last_failed else []
    options += ["--real-time"] if real_time else []
    options += ["--record-io"] if record_io else []
    options += [f"--play-back={play_back}"] if play_back else []
    options += [f"--bench={bench}"] if bench else []
    options += [f"--dut={dut}"] if dut else []
    options += [f"--evidence={evidence}"] if evidence else []
    options += [f"--operator={operator}"] if operator else []
    options += [f"--environment={environment}"] if environment else []
    options += [f"--note={one}" for one in note or ()]
    options += [f"--key={key}"] if key else []
    options += [f"--history={history}"] if history else []
    options += [f"--alluredir={allure}"] if allure else []
    raise typer.Exit(run_plans(plans, options, pdf=pdf))


@app.command()
def check(
    plans: Annotated[list[Path], typer.Argument(help="Plans, or folders of plans.", metavar="PLAN...")],
    bench: Bench = None,
    dut: Device = None,
    uncertainty: Annotated[
        bool, typer.Option("--uncertainty", help="Show the expected uncertainty of every check.")
    ] = False,
) -> None:
    """Show every mistake of plans, and whether this bench can run and decide them; nothing is opened or energised."""
    from rig.sequencer.setup import RunOptions  # noqa: PLC0415
    from rig.sequencer.start import check_plans  # noqa: PLC0415

    options = RunOptions.of(root=Path.cwd(), directory=Path.cwd(), bench=bench, device=dut)
    for line in check_plans(plans, options, uncertainty=uncertainty):
        typer.echo(line)


@app.command()
def analyze(
    file: Annotated[
        Path,
        typer.Argument(help="File of an oscilloscope or DAQ (docs/files.md), or capture of a run.", metavar="FILE"),
    ],
    load: Annotated[str, typer.Option(help='The load it was taken across, for example "500 ohm".')],
    zero: Annotated[Path | None, typer.Option(help="A capture of the same channel with the output off.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in SI units.")] = False,
    pulses: Annotated[bool, typer.Option("--pulses", help="Add a row per pulse.")] = False,
    signal: Annotated[
        str | None,
        typer.Option(
            "--signal",
            "--channel",
            help='Which channel or signal, for example "current"; default: the only one, or voltage.',
        ),
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help='Time between samples, for example "1 us", of a file that does not say it.')
    ] = None,
    unit: Annotated[str | None, typer.Option(help="V or A, of a file that does not say it.")] = None,
    resume_in: Annotated[
        Path | None,
        typer.Option(
            help="Where steps of a long analysis are kept until it ends; default: ~/.rig/analyses.", metavar="DIR"
        ),
    ] = None,
) -> None:
    """Measure an oscilloscope's file, or a capture of a run, with the same code that judges a run.

    Of a long capture, each step is kept as soon as it is done: an analysis that was killed goes on when it is called
    again, and gives the same result to the last bit.
    """
    from rig.sequencer.offline import analyze_file, show_analysis, show_json  # noqa: PLC0415
    from rig.sequencer.resumable import analyses_folder  # noqa: PLC0415

    summary = analyze_file(
        file,
        load=load,
        zero=zero,
        pulses=pulses,
        signal=signal,
        interval=interval,
        unit=unit,
        steps=resume_in or analyses_folder(),
        say=partial(typer.echo, err=True),
    )
    typer.echo(show_json(summary) if as_json else show_analysis(summary))


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(help="plan, bench, device, loadbox, resistor, calibration, limits, environment or record.")
    ] = "",
    write: Annotated[Path | None, typer.Option(help="Write all schemas into this folder.", metavar="DIR")] = None,
    check_folder: Annotated[
        Path | None, typer.Option("--check", help="Fail if a schema in this folder is not current.", metavar="DIR")
    ] = None,
) -> None:
    """Export the JSON Schemas of all the files a person writes, and of the record."""
    from rig.sequencer import schemas  # noqa: PLC0415

    if write is not None:
        schemas.write_all(write)
    elif check_folder is not None:
        for stale in schemas.stale(check_folder):
            typer.echo(f"{stale}: not current; run: rig schema --write {check_folder}")
            raise typer.Exit(1)
    else:
        typer.echo(schemas.export(name))
