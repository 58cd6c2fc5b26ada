"""The figure of a case as a small PNG, for readers that show no SVG."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from rig.report import wording
from rig.report.axis import fitting_unit
from rig.report.bounds import read_bounds
from rig.report.trace import Trace, read_trace
from rig.units import Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rig.evidence.record import CaseRecord
    from rig.report.trace import Signals

__all__ = ["pulse_png"]


def pulse_png(case: CaseRecord, waveforms: Signals, *, zero: Signals | None = None) -> bytes:
    """Return the measured pulse with its limits as a PNG of 640 × 280 pixels; empty where there is nothing to draw."""
    # matplotlib takes most of a second to import, and only attachments need it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    trace = read_trace(case, waveforms, zero)
    if trace is None:
        return b""
    figure = Figure(figsize=(6.4, 2.8), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    time_unit, time_factor = fitting_unit((trace.pulse.times[-1] - trace.pulse.times[0]) / 5, "s")
    unit, factor = fitting_unit(max(abs(trace.pulse.low.min()), abs(trace.pulse.high.max())), trace.unit.value)
    if trace.unit is Unit.AMPERE and trace.origin is not None:
        _draw_bounds(axes, case, time_factor, factor)
    _draw_signal(axes, trace, time_factor, factor)
    axes.set_xlabel(f"time since the pulse began / {time_unit}")
    axes.set_ylabel(f"{trace.signal} / {unit}")
    # The name comes from a plan: dollar signs are no formula, and hidden characters are shown.
    axes.set_title(wording.visible(case.id)[:80], fontsize=9, loc="left", parse_math=False)
    axes.grid(visible=True, linewidth=0.4, color="#d5d9de")
    axes.set_axisbelow(True)
    picture = BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _draw_signal(axes: Axes, trace: Trace, time_factor: float, factor: float) -> None:
    times = trace.pulse.times / time_factor
    axes.axhline(0.0, color="#6b747e", linewidth=0.8, linestyle=":")
    axes.fill_between(times, trace.pulse.low / factor, trace.pulse.high / factor, color="#0b3c6f", linewidth=0.6)
    axes.plot(times, (trace.pulse.low + trace.pulse.high) / (2 * factor), color="#0b3c6f", linewidth=1.2)
    axes.margins(x=0)


def _draw_bounds(axes: Axes, case: CaseRecord, time_factor: float, factor: float) -> None:
    bounds = read_bounds(case)
    for phase in bounds.phases:
        span = [phase.start / time_factor, phase.stop / time_factor]
        level = phase.sign * bounds.set_level / factor
        axes.plot(span, [level, level], color="#7a4a00", linewidth=1.0, linestyle="--")
        if bounds.lower is not None and bounds.upper is not None:
            low, high = (phase.sign * end / factor for end in (bounds.lower, bounds.upper))
            axes.fill_between(span, low, high, color="#2f7d55", alpha=0.2, linewidth=0.8)
