"""Whether the output is off: the largest current seen, and what noise and offset alone could look like."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.coverage import coverage_factor
from rig.analysis.rest import rest_of
from rig.analysis.uncertainty import Budget, combined, expected_extreme, relative_of, rounding, spread_of_extreme
from rig.errors import AnalysisError
from rig.model.measurement import Measurement, Window

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

__all__ = ["Idle", "load_resistance", "measure_idle"]

# The largest of many samples scatters to one side: of the error, more lies above the mean than below.
_SKEW = 1.25
# A sample that sits near the border of two codes reads a whole code off its level, more often than not.
_ONE_CODE = 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What a capture with the output off shows; A or V.

    Attributes
    ----------
    residual : largest magnitude of any sample, zero removed
    threshold : the largest residual that noise, quantisation and offset alone explain; what is above is output
    mean, rms : over the whole capture, zero removed
    expanded_uncertainty : of ``residual`` (k = 2)
    """

    residual: float
    threshold: float
    mean: float
    rms: float
    expanded_uncertainty: float
    outcome: Measurement

    @property
    def off(self) -> bool:
        """Whether nothing was seen that noise and offset do not explain."""
        return self.residual <= self.threshold


def measure_idle(waveform: Waveform, path: SignalPath, zero: Waveform | None, *, capture: str = "idle") -> Idle:
    """Measure what flows with the output off.

    Parameters
    ----------
    waveform : in A or V, corrected, taken with the output commanded off
    zero : an earlier capture known to be without output, or None: then the path's absolute offset is allowed for

    Raises
    ------
    AnalysisError
        if there are no samples, or some are not numbers

    Notes
    -----
    What noise and offset alone could look like is said by :func:`rig.analysis.rest.rest_of`.
    """
    values = waveform.values()
    if not len(values) or not np.isfinite(values).all():
        message = f"{waveform.source}: no samples, or samples that are not numbers, cannot show that the output is off"
        raise AnalysisError(message)
    rest = rest_of(path, None if zero is None else zero.values(), samples=len(values))
    noise = rest.noise
    values = values - rest.level
    residual = float(np.abs(values).max())
    mean = float(values.mean())
    # What is stated as the largest current is what is left of it once noise is taken off: of n samples of normal noise
    # the largest lies that far out, and what the whole capture carries on average is not noise.
    analogue = rest.analogue_noise
    reach = analogue * expected_extreme(2.0 * len(values))
    found = max(residual - reach, abs(mean))
    beyond = found > abs(mean)
    # A single sample and the zero are rounded each; a mean of dithered samples hardly is.
    rounded = _ONE_CODE * path.resolution if beyond else math.sqrt(2) * rounding(path.resolution, analogue)
    budget = Budget(
        relative=relative_of(path),
        systematic={
            "offset": rest.offset,
            "quantisation": rounded,
            "noise": _SKEW * spread_of_extreme(len(values)) * noise if beyond else noise / math.sqrt(len(values)),
        },
    )
    components = budget.components(found)
    u = combined(components)
    k = coverage_factor(components)
    window = Window(
        start=waveform.start, stop=waveform.start + waveform.duration, description="whole capture, output off"
    )
    outcome = Measurement(
        measurand="idle_current",
        value=found,
        unit=waveform.unit,
        minimum=found,
        maximum=found,
        standard_uncertainty=u,
        single_uncertainty=u,
        components=components,
        coverage_factor=k,
        window=window,
        origin=(capture, path.signal, "idle_current"),
    )
    return Idle(
        residual=residual,
        threshold=rest.threshold,
        mean=mean,
        rms=float(np.sqrt(np.square(values).mean())),
        expanded_uncertainty=k * u,
        outcome=outcome,
    )


def load_resistance(voltage_tops: Measurement, current_tops: Measurement) -> tuple[float, float]:
    """Return the load's resistance as it was during the pulses, and its standard uncertainty, ohm: top over top.

    Raises
    ------
    AnalysisError
        if the current is not distinguishable from zero
    """
    if current_tops.value <= current_tops.expanded_uncertainty:
        message = "the load's resistance cannot be told: no current flowed"
        raise AnalysisError(message)
    value = voltage_tops.value / current_tops.value
    relative = math.hypot(
        voltage_tops.standard_uncertainty / max(voltage_tops.value, 1e-30),
        current_tops.standard_uncertainty / current_tops.value,
    )
    return value, value * relative
