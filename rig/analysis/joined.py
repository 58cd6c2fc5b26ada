"""Outcomes of one recording that was measured in stretches, joined.

Neighbouring stretches share one pulse, so that what lies between two pulses is seen as well. Errors are taken for the
same in all stretches: that of a joined mean is the mean of theirs, never less; a stretch holds tens of thousands of
pulses, so what is random in its mean is little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from rig.analysis.analysed import MOST_ROWS, Analysis, Statistics
from rig.analysis.coverage import coverage_factor
from rig.analysis.uncertainty import combined
from rig.model.measurement import Component, Measurement, NotMeasured, Outcome, Window

__all__ = ["SLIDING", "joined"]

SLIDING: Final = frozenset({"rms_1s", "rms_5s", "power_density"})
"""What sliding windows give: one may begin in one stretch and end in the next."""

_LARGEST: Final = SLIDING | {"peak_output_voltage", "max_phase_charge", "phase_charge_density", "shannon_k"}
_SUMS: Final = frozenset({"missing_pulses", "extra_pulses"})
_EFFECTIVE: Final = frozenset({"rms_current", "ac_rms", "current_density_rms"})
_OF_TIME: Final = _EFFECTIVE | {"dc_component", "average_current"}
# What they tell of a whole recording does not follow from what they tell of its stretches.
_NEVER: Final = frozenset({"period_jitter", "period_jitter_peak_to_peak", "amplitude_modulation", "width_range"})


def joined(stretches: Sequence[Analysis], between: Sequence[Mapping[str, Outcome]], *, samples: int) -> Analysis:
    """Return the analysis of a recording.

    Parameters
    ----------
    stretches : analyses of its stretches, in order, at least one
    between : what sliding windows give about the places at which it was parted
    samples : of the whole recording
    """
    lost = next((one for one in stretches if _is_lost(one)), None)
    outcomes: dict[str, Outcome] = dict(stretches[0].outcomes if lost is None else lost.outcomes)
    for name in outcomes if lost is None else ():
        about = [one[name] for one in between if name in one]
        unseen = next((one for one in about if isinstance(one, NotMeasured)), None)
        outcomes[name] = unseen or _joined(name, [*(one.outcomes[name] for one in stretches), *about])
    rows = [row for one in stretches for row in one.pulses][:MOST_ROWS]
    shared = len(stretches) - 1
    return Analysis(
        outcomes=MappingProxyType(outcomes),
        pulses=tuple(rows),
        whole=sum(one.whole for one in stretches) - shared,
        cut=sum(one.cut for one in stretches),
        statistics=_statistics([one.statistics for one in stretches], samples),
        baseline=stretches[0].baseline,
    )


def _is_lost(stretch: Analysis) -> bool:
    """Whether nothing at all was measured: then nothing can be said of the whole."""
    return not any(isinstance(one, Measurement) for one in stretch.outcomes.values())


def _joined(name: str, outcomes: Sequence[Outcome]) -> Outcome:
    found = [one for one in outcomes if isinstance(one, Measurement)]
    missing = [one for one in outcomes if isinstance(one, NotMeasured)]
    # A stretch without a phase in one direction, or too short for a window, has nothing to add; but a mean over time
    # has to speak of all of it.
    if not found or (missing and name in _OF_TIME):
        return missing[0]
    if name in _NEVER:
        reason = f"of a recording of so many pulses it is not told, for it was measured in {len(outcomes)} stretches"
        return NotMeasured(measurand=name, reason=reason)
    return max(found, key=lambda one: one.value) if name in _LARGEST else _mean(name, found)


def _weighted(weights: Sequence[float]) -> Callable[[Sequence[float]], float]:
    total = math.fsum(weights)
    return lambda values: math.fsum(w * value for w, value in zip(weights, values, strict=True)) / total


def _way(name: str, found: Sequence[Measurement]) -> tuple[Sequence[float], Callable[[Sequence[float]], float]]:
    """Return how much each stretch counts, and how the values are joined."""
    if name in _SUMS:
        return [1.0] * len(found), math.fsum
    weights = [one.window.duration if name in _OF_TIME else float(one.n) for one in found]
    mean = _weighted(weights)
    if name in _EFFECTIVE:
        return weights, lambda values: math.sqrt(mean([value**2 for value in values]))
    if name == "pulse_rate":
        return weights, lambda values: 1 / mean([1 / value for value in values])
    return weights, mean


def _mean(name: str, found: Sequence[Measurement]) -> Measurement:
    """Join measurements of items, or of means over time."""
    first, last = found[0], found[-1]
    weights, of = _way(name, found)
    value = of([one.value for one in found])
    whole = name in _SUMS or name in _OF_TIME
    components = _components(found, _weighted(weights))
    worst = max(found, key=lambda one: one.single_uncertainty)
    n = sum(one.n for one in found)
    squares = math.fsum((one.n - 1) * one.std**2 + one.n * (one.value - value) ** 2 for one in found)
    return replace(
        first,
        value=value,
        n=1 if whole else n,
        minimum=value if whole else min(one.minimum for one in found),
        maximum=value if whole else max(one.maximum for one in found),
        std=math.sqrt(squares / (n - 1)) if n > 1 and not whole else 0.0,
        standard_uncertainty=combined(components),
        single_uncertainty=worst.single_uncertainty,
        components=components,
        coverage_factor=coverage_factor(components),
        single_components=worst.single_components,
        single_coverage_factor=worst.single_coverage_factor,
        window=Window(
            start=first.window.start,
            stop=last.window.stop,
            description=f"{len(found)} stretches that share one pulse each; the first: {first.window.description}",
        ),
    )


def _components(found: Sequence[Measurement], mean: Callable[[Sequence[float]], float]) -> tuple[Component, ...]:
    lines = {line.name: line for one in found for line in one.components}
    parts = {
        name: mean([
            next((line.standard_uncertainty for line in one.components if line.name == name), 0.0) for one in found
        ])
        for name in lines
    }
    return tuple(replace(line, standard_uncertainty=parts[name]) for name, line in lines.items())


def _statistics(parts: Sequence[Statistics], samples: int) -> Statistics:
    """Plain figures of all samples; those of the shared pulses count twice in means."""
    mean = _weighted([float(one.samples) for one in parts])
    middle = mean([one.mean for one in parts])
    variance = mean([one.standard_deviation**2 + (one.mean - middle) ** 2 for one in parts])
    low, high = min(one.minimum for one in parts), max(one.maximum for one in parts)
    return Statistics(
        samples=samples,
        sample_rate=parts[0].sample_rate,
        duration=samples / parts[0].sample_rate,
        peak_to_peak=high - low,
        mean=middle,
        standard_deviation=math.sqrt(variance),
        minimum=low,
        maximum=high,
    )
