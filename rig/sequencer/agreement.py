"""Two instruments, one truth: oscilloscope and digitizer must agree about the first pulse, or the bench is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.units import Unit, format_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.analysis.measure import Analysis, PulseRow
    from rig.model.load import Load
    from rig.model.measurement import Measurement

__all__ = ["Agreement", "compare"]

# A night's run makes thousands of comparisons: at 95 % each, a healthy bench would be stopped every hour.
_WIDE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One quantity as two instruments saw it: values with their uncertainties, expanded with k = 3, in ``unit``.

    ``e_n`` is the normalised error |a − b| / √(U_a² + U_b²) (ISO/IEC 17043); above 1 the two exclude each other.
    """

    quantity: str
    unit: Unit
    oscilloscope: float
    oscilloscope_uncertainty: float
    digitizer: float
    digitizer_uncertainty: float

    @property
    def e_n(self) -> float:
        """Normalised error."""
        spread = math.hypot(self.oscilloscope_uncertainty, self.digitizer_uncertainty)
        difference = abs(self.oscilloscope - self.digitizer)
        if spread == 0:
            return 0.0 if difference == 0 else math.inf
        return difference / spread

    def __str__(self) -> str:
        one = format_result(self.oscilloscope, self.oscilloscope_uncertainty, self.unit)
        other = format_result(self.digitizer, self.digitizer_uncertainty, self.unit)
        return f"{self.quantity}: oscilloscope {one}, digitizer {other}, E_n = {self.e_n:.2g}"


def compare(voltage: Analysis, current: Analysis, load: Load) -> tuple[Agreement, ...]:
    """Compare what both instruments saw of the first pulse: current at the top, and duration, of every phase.

    Only one and the same pulse is compared: the oscilloscope shows the first few, and a device may well vary after
    them. The voltage becomes a current through the load's calibrated resistance.

    A phase that slopes has no one top: the most frequent level may lie anywhere between its start and its end, and
    each instrument's noise decides where. What it slopes beyond its uncertainty is added to both uncertainties, so
    that a device's droop is judged as the device's and not taken for a fault of the bench.
    """
    ours, theirs = _first_whole(voltage), _first_whole(current)
    if ours is None or theirs is None or load.is_open or len(ours.phases) != len(theirs.phases):
        return ()
    return tuple(_phases(ours, theirs, voltage, current, load))


def _first_whole(analysis: Analysis) -> PulseRow | None:
    return next((row for row in analysis.pulses if row.whole), None)


def _phases(ours: PulseRow, theirs: PulseRow, voltage: Analysis, current: Analysis, load: Load) -> Iterator[Agreement]:
    slope, edges = _slope(current), _edges(current)
    u_volt, u_current = (one.measurement("phase_top") for one in (voltage, current))
    t_volt, t_current = (one.measurement("phase_duration") for one in (voltage, current))
    for number, (seen, read) in enumerate(zip(ours.phases, theirs.phases, strict=True), start=1):
        if u_volt is not None and u_current is not None:
            through = seen.top / load.resistance
            known = _wide(u_volt) / max(seen.top, 1e-12), _WIDE * load.uncertainty / load.resistance
            yield Agreement(
                quantity=f"top of phase {number} of the first pulse",
                unit=Unit.AMPERE,
                oscilloscope=through,
                oscilloscope_uncertainty=through * math.hypot(*known, slope),
                digitizer=read.top,
                digitizer_uncertainty=math.hypot(_wide(u_current), slope * read.top),
            )
        if t_volt is not None and t_current is not None and seen.duration is not None and read.duration is not None:
            yield Agreement(
                quantity=f"duration of phase {number} of the first pulse",
                unit=Unit.SECOND,
                oscilloscope=seen.duration,
                oscilloscope_uncertainty=math.hypot(_wide(t_volt), slope * edges),
                digitizer=read.duration,
                digitizer_uncertainty=math.hypot(_wide(t_current), slope * edges),
            )


def _wide(measurement: Measurement) -> float:
    return _WIDE * measurement.single_uncertainty


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
