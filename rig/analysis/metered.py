"""The mean of a current over a stretch that begins within bounds, to compare with a slow instrument's reading.

Notes
-----
A stretch of length T that begins at some moment t of [t₁, t₂] has the mean m(t) = ∫ i dt / T from t to t + T. It is
read from the samples for every such t: the middle between the least and the greatest is the value, half their distance
a bound of what the unknown t leaves open. An edge of height h somewhere between two samples Δt apart moves the sum of
samples by up to h·Δt/2; that of all edges together is bounded by their sum.

References
----------
JCGM 100:2008 (GUM), 4.3.7 (bounds as rectangular distributions).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.uncertainty import rounding
from rig.errors import AnalysisError
from rig.model.measurement import Component, Distribution
from rig.model.recording import Recording

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

__all__ = ["StretchMean", "budget_of_meter", "budget_of_samples", "mean_of_stretch", "resistor_terms"]

# A step between two samples that is larger than so many times their noise is an edge.
_EDGE = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchMean:
    """A mean, A; bounds of its errors from the stretch's begin and from edges between samples, A; how many samples."""

    value: float
    begin: float
    edges: float
    samples: int


def mean_of_stretch(
    signal: Waveform | Recording, path: SignalPath, *, earliest: float, latest: float, length: float
) -> StretchMean:
    """Return the mean over ``length`` s from a moment between ``earliest`` and ``latest``, s on the signal's axis.

    Parameters
    ----------
    signal : corrected, in ``path``'s unit

    Raises
    ------
    AnalysisError
        if the signal does not cover every such stretch, or the stretch holds no sample
    """
    recording = signal if isinstance(signal, Recording) else Recording.of(signal)
    scale = recording.scale
    # What is searched is at most a sample wider on either side.
    first = math.floor((earliest - scale.start) / scale.interval)
    last = math.ceil((latest - scale.start) / scale.interval)
    count = round(length / scale.interval)
    if count < 1 or last < first or first < 0 or last + count > len(recording):
        raise AnalysisError(f"{scale.source}: the record does not hold the whole stretch")
    values = recording.part(first, last + count).values()
    if not np.isfinite(values).all():
        raise AnalysisError(f"{scale.source}: samples of the stretch are not numbers")
    total = np.concatenate(([0.0], np.cumsum(values)))
    means = (total[count:] - total[:-count]) / count
    least, greatest = float(means.min()), float(means.max())
    steps = np.abs(np.diff(values))
    noise = math.hypot(path.noise, path.resolution)
    edges = float(steps[steps > _EDGE * noise].sum()) / (2 * count)
    return StretchMean(value=(least + greatest) / 2, begin=(greatest - least) / 2, edges=edges, samples=count)


def budget_of_samples(mean: StretchMean, path: SignalPath, *, zero: float | None) -> tuple[Component, ...]:
    """Return the budget of a mean of samples, A, without what the sense resistor adds.

    ``zero`` is the standard uncertainty of the zero that was taken off, A; None where the value is as it was read.
    """
    offset = [_bound("offset", path.offset)] if zero is None else []
    return tuple(
        line
        for line in (
            _bound("gain", abs(mean.value) * path.gain),
            *offset,
            _bound("offset drift", path.offset_drift),
            Component(name="zero capture", standard_uncertainty=zero or 0.0),
            _bound("quantisation", rounding(path.resolution, path.noise)),
            Component(name="noise", standard_uncertainty=path.noise / math.sqrt(mean.samples)),
            _bound("begin of the reading", mean.begin / math.sqrt(3)),
            _bound("edges between samples", mean.edges / math.sqrt(3)),
        )
        if line.standard_uncertainty > 0
    )


def budget_of_meter(value: float, path: SignalPath, *, readings: int) -> tuple[Component, ...]:
    """Return the budget of the mean of a multimeter's readings, A, without what the sense resistor adds."""
    return tuple(
        line
        for line in (
            _bound("gain", abs(value) * path.gain),
            _bound("offset", path.offset),
            _bound("quantisation", path.resolution / math.sqrt(12)),
            Component(name="noise", standard_uncertainty=path.noise / math.sqrt(readings)),
        )
        if line.standard_uncertainty > 0
    )


def resistor_terms(value: float, path: SignalPath) -> tuple[Component, ...]:
    """Return what the sense resistor adds to a current: it is common to all that read the voltage across it."""
    return tuple(
        line
        for line in (
            Component(name="resistor calibration", standard_uncertainty=abs(value) * path.resistor),
            _bound("resistor temperature", abs(value) * path.resistor_temperature),
        )
        if line.standard_uncertainty > 0
    )


def _bound(name: str, standard: float) -> Component:
    return Component(name=name, standard_uncertainty=standard, distribution=Distribution.RECTANGULAR)
