"""Measurands of alternating currents: the frequency of the carrier, in bursts or without rest, and of its beat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.beat import beats
from rig.analysis.outcome import single, span
from rig.analysis.uncertainty import Budget
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.oscillation import Oscillation
    from rig.analysis.record import Record

__all__ = ["beat_frequency", "carrier_frequency"]

_NO_CARRIER = "there is no carrier: pulses come with a rest between them"
_NO_BEAT = "the amplitude of the alternating current does not come and go regularly"
# Distances of neighbouring half-cycles' centres that belong to one burst, of their median.
_TOGETHER = 1.5
# Two carriers of unequal size are one frequency at the beat's maximum only; by this part of the beat, times what they
# lack in being equal, it is less in the mean of the cycles about there (found by computing such beats).
_UNEQUAL = 0.06


def _none(record: Record, name: str) -> NotMeasured:
    return NotMeasured(measurand=name, reason=record.nothing or _NO_CARRIER)


def carrier_frequency(record: Record) -> Outcome:
    """Cycles per second of an alternating current while it flows, Hz; of one that beats, where it is largest."""
    if record.never_rests is not None:
        return _of_oscillation(record, record.never_rests)
    if record.nothing or not record.pulses.cyclic:
        return _none(record, "carrier_frequency")
    phases = record.phases
    centre = 0.5 * (phases.start + phases.stop)
    distance = np.diff(centre)
    together = distance <= _TOGETHER * float(np.nanmedian(distance))
    halves, length = int(np.count_nonzero(together)), float(distance[together].sum())
    bursts = 1 + int(np.count_nonzero(~together))
    frequency = halves / (2 * length * record.interval)
    edge = record.edge
    # A burst's first and last centre are crossings' means; what lies between cancels. All bursts may err alike.
    instants = math.sqrt(2) / math.sqrt(2) * math.hypot(edge.crossing * bursts, edge.jitter * math.sqrt(bursts))
    known = centre[np.isfinite(centre)]
    return single(
        record,
        "carrier_frequency",
        Unit.HERTZ,
        frequency,
        budget=Budget(
            relative={"timebase": record.path.timebase},
            systematic={"crossing interpolation": frequency * instants / (length * record.interval)},
        ),
        window=span(record, float(known[0]), float(known[-1]), f"{halves // 2} cycles in {bursts} bursts"),
        n=max(halves // 2, 1),
    )


def _instant(oscillation: Oscillation) -> float:
    """Standard uncertainty of one rise through zero, in samples: the line from level to level, and noise on both."""
    slope = 2 * math.pi * oscillation.peak / oscillation.period
    return math.hypot(1 / math.sqrt(12) / max(oscillation.swing, 1.0), oscillation.noise / slope / math.sqrt(2))


def _of_oscillation(record: Record, oscillation: Oscillation) -> Outcome:
    """Cycles by the time they take, where the amplitude is largest: two carriers that beat are one there."""
    lengths = oscillation.regular
    n = len(lengths)
    if not n:
        return NotMeasured(measurand="carrier_frequency", reason="no two cycles of the alternating current are alike")
    total = float(lengths.sum())
    frequency = n / (total * record.interval)
    instant = _instant(oscillation)
    # As many ends as there are stretches of such cycles. What noise does not explain of their spread is a frequency
    # that changes about the amplitude's maximum.
    good = oscillation.is_regular
    stretches = int(np.count_nonzero(np.diff(good.astype(np.int8)) > 0)) + int(good[0])
    wander = math.sqrt(max(float(lengths.var()) - 2 * instant**2, 0.0))
    crossings = oscillation.crossings
    found = beats(oscillation, record.sampled)
    # Of a current that beats, that is what its two carriers make of it.
    wander = wander if found is None else 0.0
    beat = 0.0 if found is None else _UNEQUAL * (1 - found.depth) / float(np.diff(found.rises).mean())
    return single(
        record,
        "carrier_frequency",
        Unit.HERTZ,
        frequency,
        budget=Budget(
            relative={"timebase": record.path.timebase},
            systematic={
                "crossing interpolation": frequency * math.sqrt(2 * stretches) * instant / total,
                "cycles of unequal length": frequency * wander * n / total,
                "carriers of unequal size": beat / record.interval / math.sqrt(3),
            },
        ),
        window=span(record, float(crossings[0]), float(crossings[-1]), f"{n} regular cycles"),
        n=n,
    )


def beat_frequency(record: Record) -> Outcome:
    """How often per second the amplitude of an alternating current that never rests comes and goes, Hz."""
    name = "beat_frequency"
    oscillation = record.never_rests
    if oscillation is None:
        why = "the alternating current comes in bursts: see burst_rate" if record.pulses.cyclic else ""
        return NotMeasured(measurand=name, reason=why or record.nothing or _NO_CARRIER)
    found = beats(oscillation, record.sampled)
    if found is None or len(found.rises) < 2:  # noqa: PLR2004 - a period lies between two
        return NotMeasured(measurand=name, reason=_NO_BEAT if found is None else "fewer than one whole beat")
    n = len(found.rises) - 1
    length = float(found.rises[-1] - found.rises[0]) * record.interval
    frequency = n / length
    # The effective value of one cycle that grows leads or lags by 1/(4π) of it, as the cycle's phase in it may be.
    instant = math.hypot(oscillation.period / (4 * math.pi) / math.sqrt(2), found.jitter) * record.interval
    return single(
        record,
        name,
        Unit.HERTZ,
        frequency,
        budget=Budget(
            relative={"timebase": record.path.timebase},
            systematic={"amplitude between cycles": math.sqrt(2) * instant * frequency / length},
        ),
        window=span(record, float(found.rises[0]), float(found.rises[-1]), f"{n} whole beats"),
        n=n,
    )
