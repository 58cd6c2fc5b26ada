"""One figure per case, written as SVG: the measured pulse with its limits drawn in, and the whole record below it.

Written by hand and not by matplotlib: fifty times faster and a tenth of the size, and its text is text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import escape

from rig.report import wording
from rig.report.axis import Axis, fitting_unit
from rig.report.bounds import Bounds, read_bounds
from rig.report.events import events_of
from rig.report.fine import packed
from rig.report.trace import Envelope, Trace, pulse_width, read_trace
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import CaseRecord
    from rig.report.trace import Signals

    Point = tuple[float, float]

__all__ = ["ON_SCREEN", "Lettering", "describe", "draw", "path_of", "pulse_svg"]

_WIDTH, _HEIGHT = 720, 352
_LEFT, _RIGHT = 56.0, 622.0
_PULSE_TOP, _PULSE_BOTTOM = 30.0, 222.0
_RECORD_TOP, _RECORD_BOTTOM = 272.0, 316.0
_INK, _FAINT, _TRACE, _BAND, _SET, _BASE = "#20262d", "#6b747e", "#0b3c6f", "#2f7d55", "#7a4a00", "#8a3ffc"
_LINE_HEIGHT = 12.5
_FAR = 1.6  # a limit further out than this times the signal is named, not drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """Fonts by preference, and the size of letters in the units of a figure that is 720 wide."""

    family: str
    size: float


ON_SCREEN = Lettering(family="Segoe UI, Helvetica Neue, Arial, sans-serif", size=11)


def pulse_svg(case: CaseRecord, waveforms: Signals, *, zero: Signals | None = None) -> str:
    """Return the figure of one capture of ``case`` as an SVG element; empty where there is nothing to draw.

    ``zero`` is the capture taken with the output off, if there is one: the baseline is its mean.
    """
    trace = read_trace(case, waveforms, zero)
    return draw(case, trace) if trace else ""


def describe(case: CaseRecord, trace: Trace) -> str:
    """Return the caption: what is drawn, under which settings, into which load, with which baseline."""
    what = "One pulse from the middle of the record" if trace.origin is not None else "No pulse was found; the trigger"
    removed = wording.quantity(trace.baseline, trace.unit, digits=3)
    return (
        f"{what} (above) and the whole record (below): {trace.signal} measured by {trace.source}. "
        f"Set to {wording.stimulus(case.stimulus)}; load {wording.load(case.load)}. "
        f"Baseline: {trace.baseline_from}, {removed} removed.{' Dashed: events.' if _event_times(case, trace) else ''}"
    )


def draw(case: CaseRecord, trace: Trace, lettering: Lettering = ON_SCREEN) -> str:
    """Return the SVG element for what was read from a capture."""
    bounds = read_bounds(case) if trace.unit is Unit.AMPERE else None
    levels = _level_axis(trace, bounds)
    times = _time_axis(trace, _LEFT, _RIGHT)
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(wording.visible(describe(case, trace)))}" '
        f'font-family="{lettering.family}" font-size="{lettering.size:g}" fill="{_INK}" '
        'stroke-linecap="round" stroke-linejoin="round">'
    )
    parts = [
        root,
        *_legend(trace, bounds),
        _panel(trace, trace.pulse_closer, times, levels, named="time since the pulse began"),
        *_grid(trace, times, levels),
        *_pulse_plot(trace, bounds, times, levels),
        *(_level_labels(bounds, levels) if bounds else ()),
        "</g>",
        *_record_plot(trace, levels, pulse_width(case), _event_times(case, trace)),
        "</svg>",
    ]
    return "".join(parts)


def _event_times(case: CaseRecord, trace: Trace) -> list[float]:
    """Return when something happened, s on the record's axis: what is drawn must be the current, whose axis that is."""
    if trace.signal != "current":
        return []
    first, last = float(trace.record.times[0]), float(trace.record.times[-1])
    return [one.begun for one in events_of(case) if first <= one.begun <= last]


def _level_axis(trace: Trace, bounds: Bounds | None) -> Axis:
    """Choose the range so that the signal and every limit that is not far off can be seen."""
    low, high = float(trace.pulse.low.min()), float(trace.pulse.high.max())
    if bounds:
        largest = max(bounds.set_level, high, -low)
        ends = [bounds.set_level, *(end for end in (bounds.lower, bounds.upper) if end and end < _FAR * largest)]
        for phase in bounds.phases:
            low = min(low, *(phase.sign * end for end in ends))
            high = max(high, *(phase.sign * end for end in ends))
    low, high = min(low, 0.0), max(high, 0.0)
    margin = 0.1 * (high - low) or 1.0
    return Axis(low=low - margin, high=high + margin, start=_PULSE_BOTTOM, stop=_PULSE_TOP)


def _time_axis(trace: Trace, start: float, stop: float) -> Axis:
    first, last = float(trace.pulse.times[0]), float(trace.pulse.times[-1])
    return Axis(low=first, high=last if last > first else first + 1e-6, start=start, stop=stop)


def _text(x: float, y: float, text: str, *, anchor: str = "start", style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"


def _legend(trace: Trace, bounds: Bounds | None) -> Iterator[str]:
    """Name the kinds of line, each by a short piece of itself, from left to right."""
    x, y = _LEFT, 14.0
    entries = [(f"measured {trace.signal}", f'stroke="{_TRACE}" stroke-width="1.6"')]
    if bounds:
        entries.append(("set", f'stroke="{_SET}" stroke-width="1.2" stroke-dasharray="5 3"'))
        if bounds.lower is not None or bounds.upper is not None:
            entries.append(("accepted amplitude", f'stroke="{_BAND}" stroke-width="9" stroke-opacity=".3"'))
        if None not in bounds.end:
            entries.append(("accepted end of phase", f'stroke="{_BASE}" stroke-width="9" stroke-opacity=".22"'))
    entries.append(("baseline", f'stroke="{_FAINT}" stroke-width="1" stroke-dasharray="1 3"'))
    for name, style in entries:
        yield f'<path d="{_line(x, y - 4, x + 20, y - 4)}" stroke-linecap="butt" {style}/>'
        yield _text(x + 26, y, name)
        x += 44 + 5.6 * len(name)


def _panel(trace: Trace, seen: Envelope | None, times: Axis, levels: Axis, *, named: str) -> str:
    """Begin a panel: with a closer look, it says in SI units what its frame shows, and holds that look."""
    if seen is None:
        return "<g>"
    data, (least, greatest) = packed(seen.times, seen.low, seen.high, (times.low, times.high))
    # The pulse's own axis shows fractions of its width, the record's a place in it; amplitudes have labels only there.
    across = "extent" if named.startswith("time") else "place"
    unit = trace.unit.value if across == "extent" else ""
    return (
        f'<g class="panel" data-x="{times.low!r} {times.high!r}" data-y="{levels.low!r} {levels.high!r}" '
        f'data-values="{least!r} {greatest!r}" data-across="{across}" data-unit="{unit}" '
        f'data-time="{escape(_time_title(trace, named))}" data-level="{escape(trace.signal.partition(" ")[0])}" '
        f'data-trace="{data}">'
    )


def _time_title(trace: Trace, named: str) -> str:
    return named if trace.origin is not None or not named.startswith("time") else "time on the capture's axis"


def _plot(top: float, bottom: float) -> str:
    """Begin what is drawn within a frame and cut off at it: a viewport of its own, which may be looked at closer."""
    box = f'x="{_LEFT:.0f}" y="{top:.0f}" width="{_RIGHT - _LEFT:.0f}" height="{bottom - top:.0f}"'
    view = f"{_LEFT:.0f} {top:.0f} {_RIGHT - _LEFT:.0f} {bottom - top:.0f}"
    return f'<svg class="plot" {box} viewBox="{view}" preserveAspectRatio="none" overflow="hidden">'


def _frame(top: float, bottom: float) -> str:
    box = f'x="{_LEFT:.0f}" y="{top:.0f}" width="{_RIGHT - _LEFT:.0f}" height="{bottom - top:.0f}"'
    return f'<rect {box} fill="none" stroke="{_FAINT}" stroke-width=".8"/>'


def _grid(trace: Trace, times: Axis, levels: Axis) -> Iterator[str]:
    """Draw frame, grid, ticks and axis titles of the pulse."""
    unit, factor = fitting_unit(max(abs(levels.low), abs(levels.high)), trace.unit.value)
    grid, labels = "", []
    for y, label in levels.ticks(factor, 5):
        grid += _line(_LEFT, y, _RIGHT, y)
        labels.append(_text(_LEFT - 6, y + 4, label, anchor="end"))
    time_unit, time_factor = fitting_unit((times.high - times.low) / 5, "s")
    for x, label in times.ticks(time_factor, 8):
        grid += _line(x, _PULSE_TOP, x, _PULSE_BOTTOM)
        labels.append(_text(x, _PULSE_BOTTOM + 15, label, anchor="middle"))
    yield f'<g class="axes"><path d="{grid}" stroke="#e3e6ea" fill="none"/>'
    yield from labels
    middle = (_PULSE_TOP + _PULSE_BOTTOM) / 2
    yield _text(
        0, 0, f"{trace.signal.partition(' ')[0]} / {unit}", anchor="middle",
        style=f' transform="translate(13 {middle:.0f}) rotate(-90)"',
    )  # fmt: skip
    since = _time_title(trace, "time since the pulse began")
    yield _text((_LEFT + _RIGHT) / 2, _PULSE_BOTTOM + 30, f"{since} / {time_unit}", anchor="middle")
    yield "</g>"


def _pulse_plot(trace: Trace, bounds: Bounds | None, times: Axis, levels: Axis) -> Iterator[str]:
    """Draw limits, baseline and signal, cut to the frame by a nested viewport."""
    yield _plot(_PULSE_TOP, _PULSE_BOTTOM)
    if bounds and trace.origin is not None:
        yield from _bands(bounds, times, levels)
    zero = levels.at(0.0)
    yield f'<path d="{_line(_LEFT, zero, _RIGHT, zero)}" stroke="{_FAINT}" stroke-dasharray="1 3"/>'
    curve = path_of(trace.pulse, times, levels)
    yield f'<path class="trace" d="{curve}" stroke="{_TRACE}" stroke-width="1.6" fill="none"/>'
    if bounds and bounds.duration is not None and trace.origin is not None:
        yield from _dimension(bounds, times, levels)
    yield "</svg>"
    yield _frame(_PULSE_TOP, _PULSE_BOTTOM)


def _bands(bounds: Bounds, times: Axis, levels: Axis) -> Iterator[str]:
    """Draw, phase by phase, the accepted amplitude, its edges, the set level, and the accepted end."""
    edges, marks = "", ""
    lower, upper = bounds.lower, bounds.upper
    for phase in bounds.phases:
        x1, x2 = times.at(phase.start), times.at(phase.stop)
        for end in (lower, upper):
            if end is not None:
                edges += _line(x1, levels.at(phase.sign * end), x2, levels.at(phase.sign * end))
        marks += _line(x1, levels.at(phase.sign * bounds.set_level), x2, levels.at(phase.sign * bounds.set_level))
        if upper is not None and (lower is None or lower <= upper):
            y1, y2 = sorted((levels.at(phase.sign * (lower or 0.0)), levels.at(phase.sign * upper)))
            yield f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" fill="{_BAND}" '
            yield f'fill-opacity="{".16" if lower is not None else ".07"}"/>'
        early, late = bounds.end
        if early is not None and late is not None:
            a, b = times.at(phase.start + early), times.at(phase.start + late)
            y1, y2 = sorted((levels.at(0.0), levels.at(phase.sign * bounds.set_level)))
            yield f'<rect x="{a:.1f}" y="{y1:.1f}" width="{max(b - a, 0.6):.1f}" height="{y2 - y1:.1f}" '
            yield f'fill="{_BASE}" fill-opacity=".13"/>'
    yield f'<path d="{edges}" stroke="{_BAND}" stroke-width=".9" fill="none"/>' if edges else ""
    yield f'<path d="{marks}" stroke="{_SET}" stroke-width="1.2" stroke-dasharray="5 3" fill="none"/>'


def path_of(thinned: Envelope, times: Axis, levels: Axis) -> str:
    """Return the path through least and greatest of each column, turning as little as possible."""
    x, low, high = times.all_at(thinned.times), levels.all_at(thinned.high), levels.all_at(thinned.low)
    # low and high change places on the page; a column that spans less than a hair is one point.
    points: list[Point] = []
    last = float(low[0])
    for across, top, bottom in zip(x.round(1).tolist(), low.round(1).tolist(), high.round(1).tolist(), strict=True):
        if bottom - top < 0.5:  # noqa: PLR2004 - half a pixel cannot be seen
            points.append((across, (top + bottom) / 2))
        else:
            pair = (top, bottom) if abs(last - top) <= abs(last - bottom) else (bottom, top)
            points += ((across, pair[0]), (across, pair[1]))
        last = points[-1][1]
    bends = [points[0], *(here for before, here, after in _threes(points) if not before[1] == here[1] == after[1])]
    bends += points[1:][-1:]
    return "M" + "L".join(f"{across:g} {down:.4g}" for across, down in bends)


def _threes(points: list[Point]) -> Iterator[tuple[Point, Point, Point]]:
    """Yield every point that has neighbours between them."""
    return zip(points, points[1:], points[2:], strict=False)


def _dimension(bounds: Bounds, times: Axis, levels: Axis) -> Iterator[str]:
    """Mark the measured duration of the leading phase at half its height, as on a drawing."""
    x1, x2 = times.at(0.0), times.at(bounds.duration or 0.0)
    y = levels.at(bounds.phases[0].sign * bounds.set_level / 2)
    path = _line(x1, y, x2, y) + "".join(_line(x, y - 4, x, y + 4) for x in (x1, x2))
    yield f'<path d="{path}" stroke="{_INK}" stroke-width=".9" fill="none"/>'
    inside = x2 - x1 > 6.0 * len(bounds.duration_text)
    x, anchor = ((x1 + x2) / 2, "middle") if inside else (x2 + 8, "start")
    halo = ' stroke="#fff" stroke-width="3" paint-order="stroke"'
    yield _text(x, y - 6 if inside else y + 4, bounds.duration_text, anchor=anchor, style=halo)


def _level_labels(bounds: Bounds, levels: Axis) -> Iterator[str]:
    """Name the levels at the right edge, for the leading phase, moved apart where they would touch."""
    sign = bounds.phases[0].sign
    named = [("set", bounds.set_level, _SET)]
    named += [(name, end, _BAND) for name, end in (("min", bounds.lower), ("max", bounds.upper)) if end is not None]
    labels = sorted((levels.at(sign * level), name, level, colour) for name, level, colour in named)
    yield '<g class="levels">'
    for place, (y, name, level, colour) in zip(_places([label[0] for label in labels]), labels, strict=True):
        yield f'<g data-at="{y:.2f}">'
        outside = not levels.low <= sign * level <= levels.high
        if not outside:
            yield f'<path d="{_line(_RIGHT, y, _RIGHT + 5, place)}" stroke="{colour}" fill="none"/>'
        text = f"{name} {wording.quantity(level, Unit.AMPERE, digits=4)}{' (beyond)' if outside else ''}"
        yield _text(_RIGHT + 8, place + 4, text, style=f' fill="{colour}"')
        yield "</g>"
    yield "</g>"


def _places(wanted: list[float]) -> list[float]:
    """Return where labels go that want to be at ``wanted`` (ascending) and must not touch or leave the frame."""
    inside = [min(max(y, _PULSE_TOP + 4), _PULSE_BOTTOM) for y in wanted]
    room = _LINE_HEIGHT * (len(inside) - 1)
    if inside[-1] - inside[0] < room:
        first = min(max(sum(inside) / len(inside) - room / 2, _PULSE_TOP + 4), _PULSE_BOTTOM - room)
        return [first + _LINE_HEIGHT * index for index in range(len(inside))]
    for index in range(1, len(inside)):
        inside[index] = max(inside[index], inside[index - 1] + _LINE_HEIGHT)
    return inside


def _record_plot(trace: Trace, levels: Axis, width: float, events: list[float]) -> Iterator[str]:
    """Draw the whole record as a strip, and mark where the pulse above was taken from, and when something happened."""
    first, last = float(trace.record.times[0]), float(trace.record.times[-1])
    times = Axis(low=first, high=last if last > first else first + 1e-6, start=_LEFT, stop=_RIGHT)
    low = min(float(trace.record.low.min()), levels.low)
    high = max(float(trace.record.high.max()), levels.high)
    strip = Axis(low=low, high=high, start=_RECORD_BOTTOM, stop=_RECORD_TOP)
    yield _panel(trace, trace.record_closer, times, strip, named="whole record, time")
    if trace.origin is not None:
        x = times.at(trace.origin + width / 2)
        yield f'<path class="mark" data-at="{x:.2f}" d="M{x - 4:.1f} {_RECORD_TOP - 7:.1f}h8l-4 6z" fill="{_SET}"/>'
        yield _text(_RIGHT + 8, _RECORD_TOP + 12, "▼ pulse above", style=f' fill="{_SET}"')
    yield _plot(_RECORD_TOP, _RECORD_BOTTOM)
    curve = path_of(trace.record, times, strip)
    yield f'<path class="trace" d="{curve}" stroke="{_TRACE}" stroke-width=".8" fill="none"/>'
    if events:
        marks = "".join(_line(x, _RECORD_TOP, x, _RECORD_BOTTOM) for x in map(times.at, events))
        yield f'<path d="{marks}" stroke="{_SET}" stroke-dasharray="3 2" fill="none"/>'
    yield "</svg>"
    if events:
        yield f'<path d="{_line(_RIGHT + 12, _RECORD_TOP + 20, _RIGHT + 12, _RECORD_TOP + 31)}" '
        yield f'stroke="{_SET}" stroke-dasharray="3 2"/>'
        yield _text(_RIGHT + 20, _RECORD_TOP + 29, "event", style=f' fill="{_SET}"')
    yield _frame(_RECORD_TOP, _RECORD_BOTTOM)
    yield '<g class="axes">'
    unit, factor = fitting_unit(max(abs(first), abs(last)), "s")
    for x, label in times.ticks(factor, 8):
        yield f'<path d="{_line(x, _RECORD_BOTTOM, x, _RECORD_BOTTOM + 3)}" stroke="{_FAINT}"/>'
        yield _text(x, _RECORD_BOTTOM + 15, label, anchor="middle")
    yield _text((_LEFT + _RIGHT) / 2, _RECORD_BOTTOM + 30, f"whole record, time / {unit}", anchor="middle")
    yield "</g></g>"
