"""The bench on the table, and the virtual one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli.chosen import Bench, Device

if TYPE_CHECKING:
    from rig.sequencer.setup import RunOptions

__all__ = ["bench_app", "twin_app"]

twin_app = typer.Typer(help="The virtual bench.", no_args_is_help=True)
bench_app = typer.Typer(help="The bench on the table.", no_args_is_help=True)


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
