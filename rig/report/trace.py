"""From samples to what a figure draws: one pulse and the whole record, thinned without losing an extreme."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.errors import AnalysisError
from rig.model.recording import Overview, Recording
from rig.report.fine import cells
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rig.evidence.record import CaseRecord
    from rig.model.waveform import Waveform
    from rig.report.fine import Budget

    Array = NDArray[np.float64]
    Signals = Mapping[str, Waveform | Recording]

__all__ = ["Envelope", "Trace", "closer", "envelope", "pulse_width", "read_trace", "thinned"]

_PULSE_COLUMNS = 420
_RECORD_COLUMNS = 600
_SEARCHED = 4_000_000  # samples in the middle of a record in which a pulse is looked for
_FAINTEST = 1e-30  # of any unit: what is scaled by less, or by more than its inverse, is no signal
_LEAST = 0.05  # a signal below this part of the set amplitude is not taken for a pulse
_PRETRIGGER = 16  # samples before the trigger that make a baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A stretch of signal, thinned: least and greatest value at each time (equal where nothing was thinned)."""

    times: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What there is to draw of a case's capture.

    Attributes
    ----------
    unit : A, or V where no current can be told
    signal : in words, for the axis
    source : instrument and channel
    pulse : around one pulse; times from its first 50 % crossing, s; baseline removed
    record : all of it; times on the capture's axis, s; baseline removed
    origin : where the pulse begins on the capture's axis, s; None where there is none
    baseline, baseline_from : what was removed, in ``unit``, and where it comes from
    pulse_closer, record_closer : the same stretches for a closer look; None where there is none
    """

    unit: Unit
    signal: str
    source: str
    pulse: Envelope
    record: Envelope
    origin: float | None
    baseline: float
    baseline_from: str
    pulse_closer: Envelope | None = None
    record_closer: Envelope | None = None


def pulse_width(case: CaseRecord) -> float:
    """Return how long one pulse is set to last, interphase interval included, s."""
    phases = 1 if case.stimulus.shape == "monophasic" else 2
    return phases * case.stimulus.phase_duration + (phases - 1) * case.stimulus.interphase


def envelope(waveform: Waveform, first: int, last: int, columns: int) -> Envelope:
    """Thin the samples ``first`` to ``last`` (excluded) to at most ``columns`` pairs of least and greatest."""
    step = max(1, -(-(last - first) // columns))
    return _parted(waveform, first, last, np.arange(0, last - first, step))


def closer(waveform: Waveform, first: int, last: int, columns: int) -> Envelope:
    """Thin the same samples where they are flat, and not where they change."""
    return _parted(waveform, first, last, cells(waveform.samples[first:last], columns))


def _parted(waveform: Waveform, first: int, last: int, starts: NDArray[np.int64]) -> Envelope:
    """Return least and greatest of the parts that begin at ``starts``, counted from ``first``."""
    samples = waveform.samples[first:last]
    low, high = (_scaled(waveform, ends.reduceat(samples, starts)) for ends in (np.minimum, np.maximum))
    middles = first + (starts + np.append(starts[1:], len(samples)) - 1) / 2
    times = waveform.start + waveform.interval * middles
    return Envelope(times=times, low=np.minimum(low, high), high=np.maximum(low, high))


def thinned(recording: Recording, columns: int) -> Envelope:
    """Thin a recording to at most so many pairs of least and greatest, or little more; read in parts, or not at all."""
    seen = recording.overview() if recording.overview is not None else None
    if seen is None or len(seen.begins) < columns:
        seen = _overview(recording, columns)
    step = max(1, -(-len(seen.begins) // columns))
    starts = np.arange(0, len(seen.begins), step)
    ends = np.concatenate((seen.begins[starts[1:]], [len(recording)]))
    low, high = (
        _scaled(recording.scale, extreme.reduceat(samples, starts))
        for extreme, samples in ((np.minimum, seen.least), (np.maximum, seen.greatest))
    )
    times = recording.scale.start + recording.scale.interval * (seen.begins[starts] + ends - 1) / 2
    return Envelope(times=times, low=np.minimum(low, high), high=np.maximum(low, high))


def _overview(recording: Recording, columns: int) -> Overview:
    bounds = np.unique(np.linspace(0, len(recording), columns + 1).astype(np.int64))
    spans = (recording.read(int(begin), int(stop)) for begin, stop in itertools.pairwise(bounds))
    extremes = np.array([(span.min(), span.max()) for span in spans])
    return Overview(begins=bounds[:-1], least=extremes[:, 0], greatest=extremes[:, 1])


def _held(signals: Signals) -> dict[str, Waveform]:
    """Return of each signal what can be held: of a long recording its middle."""
    return {name: _middle(one) if isinstance(one, Recording) else one for name, one in signals.items()}


def _middle(recording: Recording) -> Waveform:
    first = max(0, (len(recording) - _SEARCHED) // 2)
    return recording.part(first, first + _SEARCHED)


def read_trace(case: CaseRecord, signals: Signals, zero: Signals | None, budget: Budget | None = None) -> Trace | None:
    """Return what to draw of a capture of ``case``; None where it holds no samples, or some that are no numbers.

    ``zero`` is the capture with the output off: its mean is the baseline, if there is one. With a ``budget`` there is
    also a closer look; a long recording has none of its whole, which would have to be read a second time.

    Raises
    ------
    AnalysisError
        if they are scaled as no signal is
    """
    waveforms = _as_recorded(case, "signal", _held(signals))
    zeros = _as_recorded(case, "zero", _held(zero or {}))
    name, signal, scale = _choose(case, waveforms)
    waveform = waveforms.get(name)
    if waveform is None or not len(waveform) or not np.isfinite(waveform.samples).all():
        return None
    if scale != 1:
        waveform = waveform.rescaled(gain=scale, offset=0.0, unit=Unit.AMPERE, note="voltage over load")
    gain, offset = waveform.gain, waveform.offset
    if not (_FAINTEST <= abs(gain) <= 1 / _FAINTEST and abs(offset) <= 1 / _FAINTEST):
        raise AnalysisError(f"{name}: samples that are scaled by {gain!r} and {offset!r} cannot be drawn")
    baseline, origin_of_baseline = _baseline(waveform, zeros.get(name), scale)
    least = _LEAST * case.stimulus.amplitude if waveform.unit is Unit.AMPERE else 0.0
    found = _middle_pulse(waveform, baseline, least, _rest(case))
    first, last = found or _expected(waveform, pulse_width(case))
    # An output that is stuck on has no end; what was set sets the scale.
    last = min(last, first + max(2, round(3 * pulse_width(case) / waveform.interval)))
    origin = _crossing(waveform, first, baseline) if found else None
    margin = max(8, round((last - first) * 0.3))
    span = max(0, first - margin), min(len(waveform), last + margin)
    around = envelope(waveform, *span, _PULSE_COLUMNS)
    whole = signals[name]
    if isinstance(whole, Recording):
        record = thinned(replace(whole, scale=_of_scale(waveform, whole)), _RECORD_COLUMNS)
    else:
        record = envelope(waveform, 0, len(waveform), _RECORD_COLUMNS)
    near = far = None
    if budget is not None:
        near = _shifted(closer(waveform, *span, budget.pulse), time=origin or 0.0, level=baseline)
        if not isinstance(whole, Recording):
            far = _shifted(closer(waveform, 0, len(waveform), budget.record), time=0.0, level=baseline)
    return Trace(
        unit=waveform.unit,
        signal=signal,
        source=waveform.source,
        pulse=_shifted(around, time=origin or 0.0, level=baseline),
        record=_shifted(record, time=0.0, level=baseline),
        origin=origin,
        baseline=baseline,
        baseline_from=origin_of_baseline,
        pulse_closer=near,
        record_closer=far,
    )


def _of_scale(waveform: Waveform, recording: Recording) -> Waveform:
    """Return the scale of a recording of which a part has been read in another quantity."""
    return replace(waveform, samples=recording.scale.samples, start=recording.scale.start)


def _as_recorded(case: CaseRecord, purpose: str, waveforms: Mapping[str, Waveform]) -> Mapping[str, Waveform]:
    """Read raw samples in the quantity that the record gives them, where the capture's file has another unit."""
    entries = {
        entry.signal: entry for capture in case.captures if capture.purpose == purpose for entry in capture.waveforms
    }
    return {
        name: replace(waveform, gain=entry.gain, offset=entry.offset, unit=entry.unit)
        if (entry := entries.get(name)) and entry.unit is not waveform.unit
        else waveform
        for name, waveform in waveforms.items()
    }


def _choose(case: CaseRecord, waveforms: Mapping[str, Waveform]) -> tuple[str, str, float]:
    """Return the signal to draw, its name on the axis, and the factor to A: current, else voltage over the load."""
    current = waveforms.get("current")
    if current is not None and current.unit is Unit.AMPERE:
        return "current", "current", 1.0
    voltage = waveforms.get("voltage")
    if voltage is not None and voltage.unit is Unit.VOLT:
        if case.load and case.load.resistance:
            return "voltage", "current (voltage ÷ load)", 1.0 / case.load.resistance
        return "voltage", "voltage", 1.0
    name = "current" if current is not None else next(iter(waveforms), "")
    return name, name, 1.0


def _scaled(waveform: Waveform, samples: NDArray[Any]) -> Array:
    return np.asarray(samples * waveform.gain + waveform.offset, dtype=np.float64)


def _shifted(thinned: Envelope, *, time: float, level: float) -> Envelope:
    return Envelope(times=thinned.times - time, low=thinned.low - level, high=thinned.high - level)


def _baseline(waveform: Waveform, zero: Waveform | None, scale: float) -> tuple[float, str]:
    """Return the level to be drawn as zero, and where it comes from."""
    if zero is not None and len(zero):
        return (float(np.mean(zero.samples)) * zero.gain + zero.offset) * scale, "zero capture"
    before = int(-waveform.start / waveform.interval) if waveform.start < 0 else 0
    if before >= _PRETRIGGER:
        return _typical(waveform, slice(before)), "before the trigger"
    step = max(1, len(waveform) // 20_000)
    return _typical(waveform, slice(None, None, step)), "median of the record"


def _typical(waveform: Waveform, part: slice) -> float:
    return float(np.median(waveform.samples[part])) * waveform.gain + waveform.offset


def _middle_pulse(waveform: Waveform, baseline: float, least: float, rest: float) -> tuple[int, int] | None:
    """Return first and last sample beyond half of the peak, of the pulse in the middle.

    A rest longer than ``rest`` (s) parts two pulses; a signal of at most ``least`` holds none.
    """
    start = max(0, (len(waveform) - _SEARCHED) // 2)
    samples = waveform.samples[start : start + _SEARCHED]
    zero = (baseline - waveform.offset) / waveform.gain
    peak = max(float(samples.max()) - zero, zero - float(samples.min()))
    if not peak * abs(waveform.gain) > least:
        return None
    beyond = np.flatnonzero((samples > zero + peak / 2) | (samples < zero - peak / 2))
    gap = max(2, round(min(rest / waveform.interval, len(samples))))
    breaks = np.flatnonzero(np.diff(beyond) > gap)
    firsts = beyond[np.concatenate(([0], breaks + 1))]
    lasts = beyond[np.concatenate((breaks, [len(beyond) - 1]))]
    chosen = len(firsts) // 2
    return start + int(firsts[chosen]), start + int(lasts[chosen])


def _rest(case: CaseRecord) -> float:
    """Return a time between the rest inside a pulse and that between pulses, s."""
    rate, within = case.stimulus.rate, case.stimulus.interphase
    between = (1.0 / rate if rate > 0 else math.inf) - pulse_width(case)
    return (within + between) / 2 if between > within else 1.2 * within


def _expected(waveform: Waveform, width: float) -> tuple[int, int]:
    """Return where a pulse should have been: at the trigger."""
    first = min(max(0, round(-waveform.start / waveform.interval)), len(waveform) - 1)
    return first, min(len(waveform), first + max(2, round(width / waveform.interval)))


def _crossing(waveform: Waveform, first: int, baseline: float) -> float:
    """Return when the level halfway to the sample after ``first`` is crossed, s."""
    time = waveform.start + first * waveform.interval
    if first == 0:
        return time
    before, here = _scaled(waveform, waveform.samples[first - 1 : first + 1]) - baseline
    ahead = _scaled(waveform, waveform.samples[first : first + 8]) - baseline
    half = float(ahead[np.abs(ahead).argmax()]) / 2
    part = (half - before) / (here - before) if here != before else 1.0
    return time - waveform.interval * (1.0 - min(max(float(part), 0.0), 1.0))
