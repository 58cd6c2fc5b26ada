"""The state of a bench as tables in a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from rig.sequencer.bench_check import CANNOT
from rig.units import Unit, format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rig.sequencer.bench_check import BenchState, InstrumentState, NoiseState
    from rig.sequencer.load_check import LoadState

__all__ = ["show_bench"]

_WIDTH = 160


def show_bench(state: BenchState) -> str:
    """Return tables of instruments, noise and loads, and everything that is wrong."""
    page = io.StringIO()
    console = Console(file=page, width=_WIDTH, soft_wrap=False, highlight=False)
    console.print(f"{state.bench}: {state.title}", markup=False)
    columns = ("instrument", "role", "who it is", "firmware", "self-test", "error queue", "calibration")
    console.print(_table(columns, (_instrument_row(one) for one in state.instruments)))
    for one in state.instruments:
        if one.own_calibration:
            console.print(f"{one.name} says of itself: {one.own_calibration}", markup=False)
    if state.noise:
        shown = ("signal", "instrument", "noise rms", "stated", "offset", "stated")
        console.print(_table(shown, (_noise_row(one) for one in state.noise)))
    if state.loads:
        console.print(_table(("load", "calibrated", "measured"), (_load_row(one) for one in state.loads)))
    for reason in state.engineering_only:
        console.print(f"ENGINEERING ONLY: {reason}", markup=False)
    for problem in state.problems:
        console.print(f"PROBLEM  {problem}", markup=False)
    console.print(_conclusion(state))
    if state.evidence:
        console.print(f"evidence: {state.evidence}", markup=False, soft_wrap=True)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _conclusion(state: BenchState) -> str:
    if state.problems:
        return "1 problem" if len(state.problems) == 1 else f"{len(state.problems)} problems"
    return "in order, for engineering only" if state.engineering_only else "in order"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    return table


def _instrument_row(one: InstrumentState) -> tuple[str, ...]:
    looked = one.self_test and one.self_test != CANNOT
    errors = f"{len(one.errors)} errors" if one.errors else "empty" if looked else "-"
    return (
        one.name,
        one.role,
        one.identity or "NOT FOUND",
        one.firmware or "-",
        one.reported or one.self_test or "-",
        errors,
        one.calibration or "none on file",
    )


def _noise_row(one: NoiseState) -> tuple[str, ...]:
    def shown(value: float) -> str:
        return format_quantity(value, one.unit, digits=3)

    stated = (shown(one.rms_stated), shown(one.offset), f"±{shown(one.offset_stated)}")
    return (one.signal, one.instrument, shown(one.rms), *stated)


def _load_row(one: LoadState) -> tuple[str, ...]:
    if one.measured is None or one.expanded_uncertainty is None:
        return (one.load, format_quantity(one.nominal, Unit.OHM), one.note or "NOT MEASURED")
    measured = format_result(one.measured, one.expanded_uncertainty, Unit.OHM)
    return (one.load, format_quantity(one.nominal, Unit.OHM), measured)
