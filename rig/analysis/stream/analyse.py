"""The front of the streaming analysis: chunks of raw codes in, every figure of phases, pulses and record out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rig.analysis.stream.collect import Collector, Periods, Spread
from rig.analysis.stream.feed import Feed
from rig.analysis.stream.tables import PhaseTable, PulseTable, Scale
from rig.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from rig.analysis.stream.levels import Levels
    from rig.model.stimulus import Stimulus

__all__ = ["RecordFigures", "SlidingRms", "StreamAnalysis", "analyse_stream"]

_WINDOWS = {"rms_1s": 1.0, "rms_5s": 5.0}
_LEAST_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidingRms:
    """Worst √(mean i²) of the windows that begin at multiples of ``step`` seconds.

    ``bound`` is what no window of this length exceeds, wherever it begins; ``start`` and ``duration`` in s.
    """

    rms: float
    bound: float
    start: float
    duration: float
    step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFigures:
    """Figures of the record, A or V; means over whole periods from ``begin`` to ``end`` (s), or over all samples.

    ``mean`` to ``maximum`` are of the plain values of all samples, the others about the baseline.
    """

    samples: int
    duration: float
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float
    at_low_rail: int
    at_high_rail: int
    begin: float
    end: float
    whole_periods: bool
    dc: float
    rms: float
    ac_rms: float
    average_magnitude: float | None
    extreme: float
    sliding: Mapping[str, SlidingRms]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamAnalysis:
    """What was found in a stream.

    Attributes
    ----------
    phases, pulses : of the first batch; all there are where ``tables_complete``
    spreads : of the items of all whole pulses, by measurand; ``pulse_square`` is ∫ i² dt, ``period`` start to start
    whole, cut, unresolved : pulses, pulses that an edge of the record cuts, phases too long for their shape
    """

    record: RecordFigures
    phases: PhaseTable
    pulses: PulseTable
    tables_complete: bool
    spreads: Mapping[str, Spread]
    whole: int
    cut: int
    unresolved: int

    @property
    def pulse_rate(self) -> float | None:
        """1 / mean period, Hz; None with fewer than two pulses."""
        period = self.spreads.get("period")
        return None if period is None else 1 / period.mean


def analyse_stream(
    chunks: Iterable[NDArray[Any]],
    *,
    gain: float,
    offset: float,
    interval: float,
    levels: Levels,
    start: float = 0.0,
    rails: tuple[float, float] | None = None,
    expected: Stimulus | None = None,
    longest: int = 1 << 20,
    lead: int = 4096,
    batch: int = 1 << 16,
) -> StreamAnalysis:
    """Analyse a stream of raw codes in one pass, with bounded memory.

    The result is the same to the last bit however the stream is cut into chunks.

    Parameters
    ----------
    chunks : arrays of shape (n,) of one integer type of at most 16 bits, in order; any lengths
    gain, offset : ``value = gain · code + offset``, A or V
    interval : s between samples
    levels : rest, noise, threshold and baseline, in codes (:func:`rig.analysis.stream.levels_from`)
    start : time of the first sample, s
    rails : codes at or beyond which a sample is clipped
    expected : what the device was set to, or None
    longest : samples of the longest phase whose shape is measured; of a longer one charge and peak are
    lead : samples before a crossing in which a phase's begin is looked for
    batch : phases that are held at a time; the tables are of the first so many

    Raises
    ------
    AnalysisError
        if the stream is empty, its codes are not integers of at most 16 bits, or a scale is not usable
    """
    _refuse(gain, offset, interval, start, batch)
    feed = Feed(
        levels,
        windows=tuple(max(1, round(seconds / interval)) for seconds in _WINDOWS.values()),
        rails=rails,
        longest=longest,
        lead=lead,
    )
    scale = Scale(
        gain=gain,
        offset=offset,
        interval=interval,
        start=start,
        reference=feed.reference,
        fraction=levels.quiet - feed.reference,
        pedestal=levels.baseline - feed.reference,
    )
    collector = Collector(levels=levels, scale=scale, expected=expected, batch=batch)
    for chunk in chunks:
        for phases in feed.take(chunk):
            collector.add(phases)
    if not feed.samples:
        message = "the stream holds no samples"
        raise AnalysisError(message)
    collector.add(feed.finish())
    phases_of, pulses_of = collector.finish(feed.samples)
    return StreamAnalysis(
        record=_record(feed, scale, collector.periods),
        phases=phases_of,
        pulses=pulses_of,
        tables_complete=collector.complete,
        spreads=MappingProxyType(collector.spreads),
        whole=collector.whole,
        cut=collector.cut,
        unresolved=collector.unresolved,
    )


def _refuse(gain: float, offset: float, interval: float, start: float, batch: int) -> None:
    usable = all(map(math.isfinite, (gain, offset, interval, start)))
    if not (usable and gain != 0 and interval > 0 and batch >= _LEAST_BATCH):
        message = (
            f"a stream cannot be read with gain {gain!r}, offset {offset!r}, interval {interval!r} s, "
            f"start {start!r} s, batch {batch}"
        )
        raise AnalysisError(message)


def _record(feed: Feed, scale: Scale, periods: Periods) -> RecordFigures:
    n = feed.samples
    size, pedestal = abs(scale.gain), scale.pedestal
    mean = feed.total / n
    # Whole numbers up to the division: no figure is lost in a difference of large ones.
    variance = (n * feed.squares - feed.total**2) / n**2
    low, high = (scale.value(int(feed.carry[name][0])) for name in ("low", "high"))
    whole = periods.length > 0
    dc = periods.integral / periods.length if whole else mean - pedestal
    square = periods.square / periods.length if whole else variance + (mean - pedestal) ** 2
    begin, end = (periods.begin, periods.end) if whole else (0.0, float(n))
    zero = scale.value(pedestal)
    return RecordFigures(
        samples=n,
        duration=n * scale.interval,
        mean=scale.value(mean),
        standard_deviation=size * math.sqrt(max(variance, 0.0)),
        minimum=min(low, high),
        maximum=max(low, high),
        at_low_rail=int(feed.carry["at_low_rail"][0]),
        at_high_rail=int(feed.carry["at_high_rail"][0]),
        begin=scale.start + scale.interval * begin,
        end=scale.start + scale.interval * end,
        whole_periods=whole,
        dc=scale.gain * dc,
        rms=size * math.sqrt(max(square, 0.0)),
        ac_rms=size * math.sqrt(max(square - dc**2, 0.0)),
        average_magnitude=size * periods.magnitude / periods.length if whole else None,
        extreme=max(abs(low - zero), abs(high - zero)),
        sliding=MappingProxyType(_sliding(feed, scale, periods)),
    )


def _sliding(feed: Feed, scale: Scale, _periods: Periods) -> dict[str, SlidingRms]:
    """Worst windows; none of those that are longer than the record."""
    size, pedestal = abs(scale.gain), scale.pedestal
    found: dict[str, SlidingRms] = {}
    for (name, _), window in zip(_WINDOWS.items(), feed.windows, strict=True):
        if not window["found"]:
            continue
        samples = int(window["strides"]) * feed.stride
        spanning = int(window["spanning"]) * feed.stride
        worst = max(float(window["worst"]) + pedestal**2 * samples, 0.0)
        bound = float(window["bound"]) + pedestal**2 * spanning
        if not math.isfinite(bound):
            # No stretch of so many strides: the whole record bounds it.
            bound = feed.squares - 2 * pedestal * feed.total + pedestal**2 * feed.samples
        found[name] = SlidingRms(
            rms=size * math.sqrt(worst / samples),
            bound=size * math.sqrt(max(bound, worst) / samples),
            start=scale.start + scale.interval * feed.stride * int(window["begin"]),
            duration=samples * scale.interval,
            step=feed.stride * scale.interval,
        )
    return found
