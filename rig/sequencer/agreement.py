"""Two instruments, one truth: oscilloscope and digitizer agree about the pulses both saw, or the bench is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rig.analysis.coverage import PROBABILITY, coverage_factor
from rig.analysis.network import CheckPulse, network_points
from rig.analysis.uncertainty import combined
from rig.model.measurement import Component, Distribution
from rig.model.recording import Recording
from rig.units import Unit, format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rig.analysis.measure import Analysis, PhaseRow, PulseRow
    from rig.analysis.network import Point
    from rig.model.load import Load
    from rig.model.measurement import Measurement
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

__all__ = ["CONFIDENCE", "Agreement", "common_pulses", "compare", "compare_network", "u_of_difference"]

# A night's run makes so many comparisons. The probability that a healthy bench is stopped by any of them is that which
# 95 % leaves for one (Bonferroni): a case is compared alike, whatever else was selected with it.
_COMPARISONS = 10_000
CONFIDENCE = 1.0 - (1.0 - PROBABILITY) / _COMPARISONS
"""Probability with which the difference of a healthy bench lies within its U, in one comparison."""

# What the starts of one pulse may seem apart, as a part of the time since the first, besides half of a phase.
_CLOCKS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One quantity as two instruments saw it: values with their U of 95 %, in ``unit``.

    ``uncertainty`` is the U of their difference, for the confidence of all comparisons of a night together; ``e_n`` is
    the normalised error |a − b| / U(a − b) (ISO/IEC 17043); above 1 the two exclude each other.
    """

    quantity: str
    unit: Unit
    oscilloscope: float
    oscilloscope_uncertainty: float
    digitizer: float
    digitizer_uncertainty: float
    uncertainty: float

    @property
    def e_n(self) -> float:
        """Normalised error."""
        difference = abs(self.oscilloscope - self.digitizer)
        if self.uncertainty == 0:
            return 0.0 if difference == 0 else math.inf
        return difference / self.uncertainty

    def __str__(self) -> str:
        one = format_result(self.oscilloscope, self.oscilloscope_uncertainty, self.unit)
        other = format_result(self.digitizer, self.digitizer_uncertainty, self.unit)
        return f"{self.quantity}: oscilloscope {one}, digitizer {other}, E_n = {self.e_n:.2g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A mean over the phases of the pulses both saw, and its budget; in the quantity's unit."""

    value: float
    budget: tuple[Component, ...]

    def with_terms(self, *terms: Component) -> _Seen:
        return replace(self, budget=(*self.budget, *terms))


def compare(voltage: Analysis, current: Analysis, load: Load) -> tuple[Agreement, ...]:
    """Compare what both instruments saw: current at the top, and duration, in the mean over all phases of all pulses.

    Only pulses that both have seen are compared: the oscilloscope shows the first few, and a device may well vary after
    them. Their mean, because noise averages: what is left is systematic, and the same in every case. The voltage
    becomes a current through the load's calibrated resistance.

    A phase that slopes has no one top: the most frequent level may lie anywhere between its start and its end, and
    each instrument's noise decides where. What it slopes beyond its uncertainty bounds a further error, so that a
    device's droop is judged as the device's and not taken for a fault of the bench.
    """
    pairs = () if load.is_open or load.reactive else tuple(common_pulses(voltage, current))
    if not pairs:
        return ()
    ours, theirs = ([phase for row in rows for phase in row.phases] for rows in zip(*pairs, strict=True))
    return tuple(_comparisons(ours, theirs, voltage, current, load))


def compare_network(
    signals: Mapping[str, Waveform | Recording], paths: Mapping[str, SignalPath], current: Analysis, load: Load
) -> tuple[Agreement, ...]:
    """Compare a network's voltage with what the digitizer's current makes of it, as the first phase of all flows.

    A wrong series resistance shows at its begin, a wrong capacitance after one time constant, a wrong total at its end.
    Nothing is compared where the first pulse is not whole, since what a capacitor held before would not be known.
    """
    pulse = _check_pulse(current)
    network = load.network
    if network is None or pulse is None:
        return ()
    points = network_points(
        _held(signals["voltage"]),
        _around(signals["current"], pulse),
        pulse,
        network,
        voltage_path=paths["voltage"],
        current_path=paths["current"],
    )
    rms = current.measurement("rms_current")
    warmer = 0.0 if rms is None else abs(load.temperature_coefficient) * load.thermal_resistance * rms.value**2
    return tuple(_of_point(point, warmer * load.resistance) for point in points)


def _held(signal: Waveform | Recording) -> Waveform:
    return signal.part(0, len(signal)) if isinstance(signal, Recording) else signal


def _check_pulse(current: Analysis) -> CheckPulse | None:
    """Return the first phase of the first pulse, if the record shows all of it."""
    if not current.pulses or not current.pulses[0].whole or not current.pulses[0].phases:
        return None
    phase = current.pulses[0].phases[0]
    edges = [one.maximum for name in ("rise_time", "fall_time") if (one := current.measurement(name)) is not None]
    if phase.start is None or phase.duration is None or not edges:
        return None
    return CheckPulse(start=phase.start, duration=phase.duration, rise=max(edges), sign=phase.sign)


def _around(signal: Waveform | Recording, pulse: CheckPulse) -> Waveform:
    """Return the pulse's first phase with as long a rest before it, where the record has one."""
    recording = signal if isinstance(signal, Recording) else Recording.of(signal)
    scale = recording.scale
    begin, end = pulse.start - pulse.duration - 4 * pulse.rise, pulse.start + pulse.duration
    first, last = (math.floor((one - scale.start) / scale.interval) for one in (begin, end))
    return recording.part(max(first, 0), last + 2)


def _of_point(point: Point, warmer: float) -> Agreement:
    seen = _Seen(value=point.seen, budget=point.seen_budget)
    expected = _Seen(value=point.expected, budget=point.expected_budget).with_terms(
        _bounded("load self-heating", abs(point.expected) * warmer)
    )
    after = format_quantity(point.after, Unit.SECOND, digits=3)
    return _agreement(f"voltage {after} after the first phase begins ({point.shows})", Unit.VOLT, seen, expected, 0.0)


def common_pulses(voltage: Analysis, current: Analysis) -> Iterator[tuple[PulseRow, PulseRow]]:
    """Yield the pulses that both saw, from the first on, for as long as they come at the same times."""
    ours, theirs = ([row for row in one.pulses if row.whole] for one in (voltage, current))
    for one, other in zip(ours, theirs, strict=False):
        since, also = one.start - ours[0].start, other.start - theirs[0].start
        slack = _CLOCKS * also + 0.5 * (other.phases[0].duration or 0.0)
        if len(one.phases) != len(other.phases) or abs(since - also) > slack:
            return
        yield one, other


def _comparisons(
    ours: list[PhaseRow], theirs: list[PhaseRow], voltage: Analysis, current: Analysis, load: Load
) -> Iterator[Agreement]:
    n, slope = len(ours), _slope(current)
    volts, amperes = voltage.measurement("phase_top"), current.measurement("phase_top")
    if volts is not None and amperes is not None:
        seen = _through(_seen(volts, [phase.top for phase in ours]), load, current)
        read = _seen(amperes, [phase.top for phase in theirs])
        yield _agreement(f"mean top of {n} phases", Unit.AMPERE, seen, read, slope * read.value)
    durations = [
        (one.duration, other.duration)
        for one, other in zip(ours, theirs, strict=True)
        if one.duration is not None and other.duration is not None
    ]
    t_ours, t_theirs = voltage.measurement("phase_duration"), current.measurement("phase_duration")
    if t_ours is not None and t_theirs is not None and durations:
        seen, read = _seen(t_ours, [one for one, _ in durations]), _seen(t_theirs, [one for _, one in durations])
        yield _agreement(f"mean duration of {len(durations)} phases", Unit.SECOND, seen, read, slope * _edges(current))


def _agreement(quantity: str, unit: Unit, seen: _Seen, read: _Seen, sloping: float) -> Agreement:
    both = (*seen.budget, *read.budget, _bounded("slope of the plateau", sloping))
    return Agreement(
        quantity=quantity,
        unit=unit,
        oscilloscope=seen.value,
        oscilloscope_uncertainty=coverage_factor(seen.budget) * combined(seen.budget),
        digitizer=read.value,
        digitizer_uncertainty=coverage_factor(read.budget) * combined(read.budget),
        uncertainty=u_of_difference(both),
    )


def u_of_difference(budget: Collection[Component]) -> float:
    """Return by how much two results may differ that speak of the same, from the budgets of both together.

    Half-widths are bounds: several of them together never exceed their sum, which far from the middle is less than what
    the central limit theorem makes of them.
    """
    bounded = [line for line in budget if line.distribution is Distribution.RECTANGULAR]
    others = [line for line in budget if line.distribution is not Distribution.RECTANGULAR]
    bound = math.sqrt(3) * math.fsum(line.standard_uncertainty for line in bounded)
    bound += coverage_factor(others, CONFIDENCE) * combined(others)
    return min(bound, coverage_factor(budget, CONFIDENCE) * combined(budget))


def _seen(measurement: Measurement, values: list[float]) -> _Seen:
    """Return the mean of some items; its budget is the measurement's own if it speaks of them all, else one item's.

    How an error averages over some of the items only is not known; one item's budget is never too small for it.
    """
    every = measurement.n == len(values)
    budget = measurement.components if every else measurement.single_components or measurement.components
    return _Seen(value=math.fsum(values) / len(values), budget=budget)


def _through(volts: _Seen, load: Load, current: Analysis) -> _Seen:
    """Return the current through the load that a voltage over it says, with what is known of the load."""
    value = volts.value / load.resistance
    rms = current.measurement("rms_current")
    watts = 0.0 if rms is None else rms.value**2 * load.resistance
    warmer = abs(load.temperature_coefficient) * load.thermal_resistance * watts
    return _Seen(value=value, budget=tuple(_scaled(volts.budget, 1 / load.resistance))).with_terms(
        Component(name="load calibration", standard_uncertainty=value * load.uncertainty / load.resistance),
        _bounded("load self-heating", value * warmer),
    )


def _scaled(budget: Iterable[Component], factor: float) -> Iterator[Component]:
    return (replace(line, standard_uncertainty=line.standard_uncertainty * factor) for line in budget)


def _bounded(name: str, half_width: float) -> Component:
    return Component(name=name, standard_uncertainty=half_width / math.sqrt(3), distribution=Distribution.RECTANGULAR)


def _slope(analysis: Analysis) -> float:
    """Return by which part of its top the worst phase certainly falls or rises."""
    droop = analysis.measurement("droop")
    if droop is None:
        return 0.0
    return max(0.0, max(abs(droop.minimum), abs(droop.maximum)) - droop.expanded_single)


def _edges(analysis: Analysis) -> float:
    """Return how much later or earlier a phase begins and ends, s, per part by which the top is another.

    Half of it moves the 50 % level, along edges that take their 10 % to 90 % for 80 % of the top.
    """
    return sum(one.maximum for name in ("rise_time", "fall_time") if (one := analysis.measurement(name))) / 1.6
