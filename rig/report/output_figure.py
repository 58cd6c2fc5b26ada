"""One trace of an output mode as an SVG figure: with the mode's name, axes, its baseline, all settings and the load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import escape

from rig.report import wording
from rig.report.axis import Axis, fitting_unit
from rig.report.figure import ON_SCREEN, path_of
from rig.report.fitted_text import fitted
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import CaseRecord
    from rig.report.figure import Lettering
    from rig.report.trace import Envelope, Trace

__all__ = ["draw_output", "settings_of"]

_WIDTH, _HEIGHT = 720, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 458.0, 14.0, 204.0
_TEXT, _ROOM, _LINE = 520.0, 196.0, 14.5
_INK, _FAINT, _TRACE = "#20262d", "#515b66", "#0b3c6f"


def settings_of(case: CaseRecord) -> list[tuple[str, str]]:
    """Return name and value of everything that was set, and the load."""
    stimulus = case.stimulus
    rest = [("Interphase", wording.quantity(stimulus.interphase, Unit.SECOND))] if stimulus.interphase else []
    return [
        ("Load", wording.load(case.load)),
        ("Shape", f"{wording.words(stimulus.shape)}, {stimulus.polarity} first"),
        ("Amplitude", wording.quantity(stimulus.amplitude, Unit.AMPERE)),
        ("Phase duration", wording.quantity(stimulus.phase_duration, Unit.SECOND)),
        *rest,
        ("Frequency", wording.quantity(stimulus.rate, Unit.HERTZ)),
        ("Train", wording.quantity(stimulus.train, Unit.SECOND)),
        ("Channel", str(stimulus.channel)),
    ]


def draw_output(
    mode: str, case: CaseRecord, trace: Trace, *, train: bool, alt: str, lettering: Lettering = ON_SCREEN
) -> str:
    """Return the SVG element of a single pulse, or of the whole ``train``; ``alt`` says in words what it shows."""
    seen = trace.record if train else trace.pulse
    levels, times = _levels(seen), _times(seen)
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(wording.visible(alt))}" font-family="{escape(lettering.family)}" '
        f'font-size="{lettering.size}" fill="{_INK}" stroke-linejoin="round">'
    )
    parts = (root, *_axes(trace, times, levels, train=train), *_signal(seen, times, levels, train=train))
    return "".join((*parts, *_told(mode, case, trace), "</svg>"))


def _levels(seen: Envelope) -> Axis:
    low, high = min(float(seen.low.min()), 0.0), max(float(seen.high.max()), 0.0)
    margin = 0.08 * (high - low) or 1.0
    return Axis(low=low - margin, high=high + margin, start=_BOTTOM, stop=_TOP)


def _times(seen: Envelope) -> Axis:
    first, last = float(seen.times[0]), float(seen.times[-1])
    return Axis(low=first, high=last if last > first else first + 1e-6, start=_LEFT, stop=_RIGHT)


def _text(x: float, y: float, text: str, *, anchor: str = "start", style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(wording.visible(text))}</text>'


def _axes(trace: Trace, times: Axis, levels: Axis, *, train: bool) -> Iterator[str]:
    """Draw the frame, round ticks and what the axes are."""
    unit, factor = fitting_unit(max(abs(levels.low), abs(levels.high)), trace.unit.value)
    grid, labels = "", []
    for y, label in levels.ticks(factor, 6):
        grid += f"M{_LEFT} {y:.1f}H{_RIGHT}"
        labels.append(_text(_LEFT - 6, y + 4, label, anchor="end"))
    extent = max(abs(times.low), abs(times.high)) if train else (times.high - times.low) / 5
    time_unit, time_factor = fitting_unit(extent, "s")
    for x, label in times.ticks(time_factor, 7):
        grid += f"M{x:.1f} {_TOP}V{_BOTTOM}"
        labels.append(_text(x, _BOTTOM + 15, label, anchor="middle"))
    yield f'<path d="{grid}" stroke="#dfe3e7" fill="none"/>'
    yield from labels
    middle = (_TOP + _BOTTOM) / 2
    turned = f' transform="translate(13 {middle:.0f}) rotate(-90)"'
    yield _text(0, 0, f"{trace.signal.partition(' ')[0]} / {unit}", anchor="middle", style=turned)
    since = "time" if train or trace.origin is None else "time since the pulse began"
    yield _text((_LEFT + _RIGHT) / 2, _BOTTOM + 31, f"{since} / {time_unit}", anchor="middle")


def _signal(seen: Envelope, times: Axis, levels: Axis, *, train: bool) -> Iterator[str]:
    """Draw the signal and, named, the baseline that its levels are counted from."""
    zero = levels.at(0.0)
    yield f'<path d="M{_LEFT} {zero:.1f}H{_RIGHT + 6}" stroke="{_INK}" stroke-width=".9" stroke-dasharray="5 3"/>'
    yield _text(_RIGHT + 9, zero + 4, "baseline")
    width = 0.9 if train else 1.6
    yield f'<path d="{path_of(seen, times, levels)}" stroke="{_TRACE}" stroke-width="{width}" fill="none"/>'
    size = f'width="{_RIGHT - _LEFT:.0f}" height="{_BOTTOM - _TOP:.0f}"'
    yield f'<rect x="{_LEFT:.0f}" y="{_TOP:.0f}" {size} fill="none" stroke="{_FAINT}" stroke-width=".8"/>'


def _told(mode: str, case: CaseRecord, trace: Trace) -> Iterator[str]:
    """Write beside the plot what it shows: the mode, the load, every setting, and what the baseline is."""
    y = _TOP + 9
    for line in fitted(mode, _ROOM, 2, bold=True):
        yield _text(_TEXT, y, line, style=' font-weight="600"')
        y += _LINE
    taken_off = wording.quantity(trace.baseline, trace.unit, digits=3)
    rows = [*settings_of(case), ("Measured by", trace.source), ("Baseline", f"{trace.baseline_from}, {taken_off}")]
    for name, value in rows:
        lines = fitted(f"{name}: {value}", _ROOM, 2)
        for line in lines:
            yield _text(_TEXT, y, line)
            y += _LINE
