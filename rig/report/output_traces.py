"""The four traces of every output mode: one pulse into 500, 2000 and 10 000 ohm, and a train into 500 ohm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import RigError
from rig.report import wording
from rig.report.declared import SETTINGS, Declared
from rig.report.drawing import Drawing
from rig.report.figure import ON_SCREEN
from rig.report.output_fields import LOADS, STANDARD_LOAD
from rig.report.output_figure import draw_output, settings_of
from rig.report.output_modes import modes_of, worst
from rig.report.output_view import asks_for_output
from rig.report.trace import read_trace
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rig.evidence.record import RunRecord
    from rig.report.case_view import CaseView
    from rig.report.drawing import ReadCapture
    from rig.report.figure import Lettering
    from rig.report.output_modes import Mode, Placed

__all__ = ["OutputTrace", "output_traces"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTrace:
    """One trace: of which mode (its place among them), its title, and the drawing or why there is none."""

    mode: int
    title: str
    drawing: Drawing


def output_traces(
    record: RunRecord, cases: Iterable[CaseView], captures: ReadCapture | None, lettering: Lettering = ON_SCREEN
) -> Iterator[OutputTrace]:
    """Yield the traces of every mode of a run that asks for them: of the case with the highest settings into a load."""
    if not asks_for_output(record):
        return
    for place, mode in enumerate(modes_of(record, cases)):
        for ohms, train in (*((ohms, False) for ohms in LOADS), (STANDARD_LOAD, True)):
            what = "Pulse train" if train else "Single pulse"
            title = f"{what} into {wording.quantity(ohms, Unit.OHM)}"
            drawing = _drawing(mode, Declared.of(mode, record.device), ohms, captures, lettering, train=train)
            yield OutputTrace(mode=place, title=title, drawing=drawing)


def _drawing(
    mode: Mode, declared: Declared, ohms: float, captures: ReadCapture | None, lettering: Lettering, *, train: bool
) -> Drawing:
    found = worst(mode, "phase_peak", ohms)
    if isinstance(found, str):
        return Drawing(caption=f"No trace in this run: {found}.")
    if captures is None:
        return Drawing(caption="No trace: the samples are not at hand.")
    return _drawn(mode, _highest(mode, declared, ohms), captures, lettering, train=train)


def _highest(mode: Mode, declared: Declared, ohms: float) -> Placed:
    """Return the usable case with the highest settings: declared ones where they were run, else those that were set."""
    at_declared = (declared.run_at(settings, ohms) for settings in declared.highest)
    if (run := next((one for one in at_declared if one is not None), None)) is not None:
        return run
    usable = (one for one in mode.with_load(ohms) if not one.unusable)
    return max(usable, key=lambda one: tuple(getattr(one.case.stimulus, name) for name in SETTINGS))


def _drawn(mode: Mode, placed: Placed, captures: ReadCapture, lettering: Lettering, *, train: bool) -> Drawing:
    case = placed.case
    last_first = tuple(reversed(case.captures))
    signal = next(one for one in last_first if one.purpose == "signal")  # a case without one gives no value either
    zero = next((one for one in last_first if one.purpose == "zero"), None)
    try:
        trace = read_trace(case, captures(signal), captures(zero) if zero else None)
    except (RigError, OSError) as error:
        return Drawing(caption=f"No trace: {signal.source.file}: {error}")
    if trace is None:
        return Drawing(caption=f"No trace: {signal.source.file} holds no samples that can be drawn.")
    settings = "; ".join(f"{name.lower()} {value}" for name, value in settings_of(case))
    what = "The whole train" if train else "One pulse from the middle of the train"
    caption = f"{what}, case {placed.number} {case.id}, capture {signal.id}."
    alt = f"{mode.name}: {what.lower()}, {trace.signal} over time, against its baseline. Set to {settings}."
    svg = draw_output(mode.name, case, trace, train=train, alt=alt, lettering=lettering)
    return Drawing(svg=svg, caption=caption, alt=alt)
