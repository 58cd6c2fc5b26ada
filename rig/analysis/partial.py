"""Pulses near the threshold of which only some phases are seen: they are left out."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from rig.analysis.segment import Pulses, Runs
from rig.analysis.shape import Phases

__all__ = ["without_partial"]

# A phase is seen for certain from this many times the least peak that a run has on: noise lifts some, and others not.
_CERTAIN = 1.3


def without_partial(runs: Runs, pulses: Pulses, phases: Phases) -> tuple[Runs, Pulses, Phases]:
    """Return a record's phases without those of pulses that may have others, too small to be seen.

    Notes
    -----
    Such a pulse has fewer phases than the others have, and one as much smaller than its largest as theirs are would not
    be seen for certain.
    """
    numbers = pulses.stop - pulses.first
    if pulses.cyclic or not len(numbers) or (numbers == numbers[0]).all():
        return runs, pulses, phases
    usual = int(np.bincount(numbers).argmax())
    largest = np.maximum.reduceat(phases.peak, pulses.first)
    smallest = np.minimum.reduceat(phases.peak, pulses.first)
    part = float(np.median((smallest / largest)[numbers == usual]))
    dropped = pulses.whole & (numbers < usual) & (part * largest < _CERTAIN * runs.visible)
    if not dropped.any():
        return runs, pulses, phases
    kept = ~dropped[pulses.of_phase]
    counts = numbers[~dropped]
    stop = np.cumsum(counts)
    return (
        replace(runs, first=runs.first[kept], stop=runs.stop[kept], sign=runs.sign[kept]),
        replace(pulses, first=stop - counts, stop=stop, whole=pulses.whole[~dropped]),
        Phases(**{one.name: getattr(phases, one.name)[kept] for one in fields(Phases)}),
    )
