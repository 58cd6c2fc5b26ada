"""The front door for people: ``rig run``, ``check``, ``analyze``, ``report``, ``explain``, ``verify``, and the rest."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from rig.errors import RigError

if TYPE_CHECKING:
    from rig.sequencer.setup import RunOptions

__all__ = ["main"]

REFUSED = 2

app = typer.Typer(
    name="rig",
    help="Test and safety-validation rig for neuromuscular electrical stimulators.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
twin_app = typer.Typer(help="The virtual bench.", no_args_is_help=True)
bench_app = typer.Typer(help="The bench on the table.", no_args_is_help=True)
app.add_typer(twin_app, name="twin")
app.add_typer(bench_app, name="bench")
key_app = typer.Typer(help="Keys that sign evidence.", no_args_is_help=True)
app.add_typer(key_app, name="key")

Bench = Annotated[Path | None, typer.Option("--bench", metavar="FILE", help="Bench file; default: the virtual bench.")]
Device = Annotated[
    Path | None, typer.Option("--dut", metavar="FILE", help="Device under test; default: the one the bench names.")
]


@app.command()
def run(
    plans: Annotated[list[Path], typer.Argument(help="Plans, or folders of plans.", metavar="PLAN...")],
    bench: Bench = None,
    dut: Device = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Where evidence is written; default: reports/out.", metavar="DIR")
    ] = None,
    operator: Annotated[str, typer.Option(help="Who is responsible for this run; goes on record.")] = "",
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
    key: Annotated[
        Path | None,
        typer.Option(help="Private key that signs the evidence; default: RIG_KEY.", metavar="FILE"),
    ] = None,
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
    options += [f"--key={key}"] if key else []
    options += [f"--alluredir={allure}"] if allure else []
    raise typer.Exit(run_plans(plans, options))


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
def report(
    bundle: Annotated[Path, typer.Argument(help="An evidence folder, reports/out/<run-id>.")],
    output: Annotated[
        Path | None, typer.Option(help="Where to write the HTML; default: standard name beside it.")
    ] = None,
) -> None:
    """Render a report again, from its evidence alone."""
    from rig.harness.rendering import render_again  # noqa: PLC0415

    typer.echo(f"report: {render_again(bundle, output)}")


@app.command()
def explain(
    bundle: Annotated[Path, typer.Argument(help="An evidence folder, reports/out/<run-id>.")],
    case: Annotated[str, typer.Argument(help="A case, for example delivery[20mA-200us-500ohm].")],
    measurand: Annotated[str, typer.Argument(help="A measurand, for example net_charge.")],
) -> None:
    """Show what one measured value's uncertainty is made of."""
    from rig.evidence.reading import read_record  # noqa: PLC0415
    from rig.report.explain import explain_measurement  # noqa: PLC0415

    typer.echo(explain_measurement(read_record(bundle), case, measurand))


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="An evidence folder, reports/out/<run-id>.")],
    key: Annotated[Path | None, typer.Option(help="Public key of who must have signed it.", metavar="PUBLIC")] = None,
) -> None:
    """Check an evidence folder, offline: every file, every link of the journal, and the signature.

    Exit code: 0 everything is as it was sealed, 1 something is not, or the run was cut off.
    """
    from rig.evidence.signing import key_id, read_public_key  # noqa: PLC0415 - as everywhere here
    from rig.evidence.verification import examine  # noqa: PLC0415

    found = examine(bundle, signed_by=None if key is None else key_id(read_public_key(key)))
    for line in (*filter(None, (found.incomplete,)), *found.problems):
        typer.echo(line)
    signature = f"signed by {found.signed_by}" if found.signed_by else "unsigned"
    if not found.intact:
        told = f"incomplete, {signature}" if not found.problems else f"NOT INTACT, {signature}"
        typer.echo(f"{bundle}: {told}")
        raise typer.Exit(1)
    typer.echo(f"{bundle}: intact, {signature}")


@key_app.command("new")
def key_new(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; the public one goes to FILE.pub.")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Lock it: ask for a passphrase, or take RIG_KEY_PASSPHRASE.")
    ] = False,
) -> None:
    """Make a key pair (Ed25519) that signs evidence."""
    from rig.evidence.signing import write_key_pair  # noqa: PLC0415
    from rig.harness.keys import PASSPHRASE  # noqa: PLC0415

    secret = os.environ.get(PASSPHRASE, "") if passphrase else ""
    if passphrase and not secret:
        secret = typer.prompt("passphrase", hide_input=True, confirmation_prompt=True, err=True)
    public, identity = write_key_pair(file, secret)
    typer.echo(f"private key: {file}\npublic key: {public}\nid: {identity}")


@app.command()
def replay(
    bundles: Annotated[list[Path], typer.Argument(help="Evidence folders, reports/out/<run-id>.", metavar="BUNDLE...")],
    limits: Annotated[
        list[Path] | None,
        typer.Option(help="A limit pack, or a folder of them: in place of the run's own.", metavar="FILE|DIR"),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes side by side; default: one per processor.")] = None,
    values: Annotated[bool, typer.Option("--values", help="Show every value that is another.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in SI units.")] = False,
    afresh: Annotated[bool, typer.Option("--afresh", help="Take no result that is known from before.")] = False,
) -> None:
    """Measure and judge runs again from their raw captures with the code that is installed; show what is otherwise.

    Exit code: 0 all is identical to the last bit, 1 a verdict is another, 2 a bundle was refused, 3 only values are.
    """
    from rig.sequencer.replay.many import replay_many, replays_folder  # noqa: PLC0415
    from rig.sequencer.replay.show import replay_exit_code, replays_json, show_replay  # noqa: PLC0415
    from rig.sequencer.replay.sources import pack_files  # noqa: PLC0415

    answers = []
    for answer in replay_many(bundles, pack_files(limits or ()), jobs=jobs, known=None if afresh else replays_folder()):
        answers.append(answer)
        for line in () if as_json else show_replay(answer, values=values):
            typer.echo(line)
    if as_json:
        typer.echo(replays_json(answers))
    raise typer.Exit(replay_exit_code(answers))


@app.command()
def recover(
    bundle: Annotated[Path, typer.Argument(help="The evidence folder of a run that was cut off.")],
    key: Annotated[
        Path | None, typer.Option(help="Private key that signs what is recovered; default: RIG_KEY.", metavar="FILE")
    ] = None,
) -> None:
    """Record and seal a run that was killed; cases that had ended keep their results, the one it was in is ABORTED."""
    from rig.bench.drivers.system_clock import SystemClock  # noqa: PLC0415
    from rig.harness.keys import chosen_signer  # noqa: PLC0415
    from rig.harness.rendering import render_all  # noqa: PLC0415
    from rig.sequencer.recover import recover_run  # noqa: PLC0415

    signer = chosen_signer(key, Path.cwd())
    record = recover_run(bundle, render=render_all, utc=SystemClock().utc, signer=signer)
    typer.echo(f"{bundle}: {record.verdict}, {record.notes[-1] if record.notes else 'it had recorded itself'}")


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(help="plan, bench, device, loadbox, resistor, calibration, limits or record.")
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


@twin_app.command("serve")
def twin_serve(
    bench: Bench = None,
    dut: Device = None,
    ports: Annotated[
        str, typer.Option(help='Fixed ports, for example "scope=5025,switch=5026"; the others are free ones.')
    ] = "",
    real_time: Annotated[bool, typer.Option("--real-time", help="Time passes by itself.")] = False,
) -> None:
    """Keep the virtual instruments running on loopback for any client, until Ctrl-C."""
    from rig.sequencer.serve import serve_twin  # noqa: PLC0415
    from rig.sequencer.setup import RunOptions  # noqa: PLC0415

    options = RunOptions.of(root=Path.cwd(), directory=Path.cwd(), bench=bench, device=dut, real_time=real_time)
    serve_twin(options, ports, typer.echo)


@bench_app.command("check")
def bench_check(
    bench: Bench = None,
    dut: Device = None,
    loads: Annotated[
        bool, typer.Option("--loads", help="Also measure every load by a small stimulus; this energises the bench.")
    ] = False,
    evidence: Annotated[
        Path | None, typer.Option(help="Where that of the loads is written; default: reports/out.", metavar="DIR")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in SI units.")] = False,
) -> None:
    """Open every instrument of a bench: who it is, self-test, errors, calibration; and the noise of both signals.

    Exit code: 0 all in order, 1 something is not, 2 refused.
    """
    from rig.harness.bench_table import show_bench  # noqa: PLC0415 - all of this takes time to load
    from rig.harness.rendering import render_all  # noqa: PLC0415
    from rig.sequencer.bench_check import examine_bench  # noqa: PLC0415
    from rig.sequencer.load_check import check_loads  # noqa: PLC0415

    options = _bench_options(bench, dut, evidence=evidence)
    state = examine_bench(options)
    if loads and not state.problems:
        measured, evidence = check_loads(options, render=render_all)
        state = state.model_copy(update={"loads": measured, "evidence": str(evidence)})
    typer.echo(state.model_dump_json(indent=2) if as_json else show_bench(state))
    raise typer.Exit(1 if state.problems else 0)


@bench_app.command("scan")
def bench_scan(
    address: Annotated[
        list[str] | None, typer.Argument(help="VISA addresses to be asked as well.", metavar="ADDRESS...")
    ] = None,
    backend: Annotated[str, typer.Option(help="VISA library: @py, or @ivi for a vendor's.")] = "@py",
) -> None:
    """List VISA resources, serial ports and NI devices, and propose a bench file; nothing is changed."""
    from rig.bench.scan import proposal, scan  # noqa: PLC0415 - loads every vendor's library

    found = scan(backend=backend, also=address or ())
    for one in found:
        drivers = ", ".join(driver.name for driver in one.drivers) or "no driver recognises it"
        typer.echo(f"# {one.address}  {one.problem or one.says or 'unknown'}  [{drivers}]")
    typer.echo(proposal(found) if any(one.drivers for one in found) else "# nothing was found that a driver recognises")


Reason = Annotated[str, typer.Option("--reason", help="Why; goes on record.")]
Operator = Annotated[str, typer.Option(help="On whose behalf; default: who is logged in.")]


def _bench_options(
    bench: Path | None, dut: Path | None, operator: str = "", *, evidence: Path | None = None
) -> RunOptions:
    from rig.harness.terminal import Terminal  # noqa: PLC0415
    from rig.sequencer.setup import RunOptions  # noqa: PLC0415

    here, terminal = Path.cwd(), Terminal()
    return RunOptions.of(
        root=here,
        directory=here,
        bench=bench,
        device=dut,
        evidence=evidence,
        operator=operator,
        attendant=terminal if terminal.attended else None,
    )


@bench_app.command("status")
def bench_status(bench: Bench = None, dut: Device = None) -> None:
    """Show whose a bench is, whether it is energised, and whether it is latched."""
    from rig.sequencer.bench_state import say_standing  # noqa: PLC0415

    for line in say_standing(_bench_options(bench, dut)):
        typer.echo(line)


@bench_app.command("safe")
def bench_safe(bench: Bench = None, dut: Device = None, reason: Reason = "") -> None:
    """Stop whatever runs on a bench: its guard opens the interlock and latches it."""
    from rig.sequencer.bench_state import stop_bench  # noqa: PLC0415

    typer.echo(stop_bench(_bench_options(bench, dut), reason))


@bench_app.command("reset")
def bench_reset(reason: Reason, bench: Bench = None, dut: Device = None, operator: Operator = "") -> None:
    """Release a latched bench, once its output was measured to be off."""
    from rig.sequencer.bench_state import reset_bench  # noqa: PLC0415

    for line in reset_bench(_bench_options(bench, dut, operator), reason):
        typer.echo(line)


@bench_app.command("take")
def bench_take(reason: Reason, bench: Bench = None, dut: Device = None, operator: Operator = "") -> None:
    """Keep a bench for work by hand, until Ctrl-C."""
    from rig.sequencer.bench_state import take_bench  # noqa: PLC0415

    take_bench(_bench_options(bench, dut, operator), reason, steal=False, say=typer.echo)


@bench_app.command("steal")
def bench_steal(reason: Reason, bench: Bench = None, dut: Device = None, operator: Operator = "") -> None:
    """Take a bench from whoever has it: its guard makes safe first. Keeps it until Ctrl-C."""
    from rig.sequencer.bench_state import take_bench  # noqa: PLC0415

    take_bench(_bench_options(bench, dut, operator), reason, steal=True, say=typer.echo)


@bench_app.command("release")
def bench_release(bench: Bench = None, dut: Device = None, operator: Operator = "") -> None:
    """Give back a bench that you have, or that a run left behind."""
    from rig.sequencer.bench_state import release_bench  # noqa: PLC0415

    typer.echo(release_bench(_bench_options(bench, dut, operator)))


def main() -> NoReturn:
    """Run the command line; every refusal is one message and exit code 2."""
    try:
        app(standalone_mode=True)
    except RigError as error:
        typer.echo(str(error), err=True)
        sys.exit(REFUSED)
    sys.exit(0)
