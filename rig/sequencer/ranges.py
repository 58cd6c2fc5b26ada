"""Which vertical ranges may be chosen on a bench, and which of them holds a peak: only calibrated ones ever do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.bench_file import CurrentSignal, VoltageSignal
    from rig.bench.definition import BenchDefinition

__all__ = ["HEADROOM", "SCOUT_ROOM", "Ranges"]

# A range must hold the peak times this: later pulses may be larger than the one that was seen, edges overshoot, noise
# lies on top and the range's own offset takes up to an eightieth; a device a quarter too strong is still held.
HEADROOM = 1.3
# What a scout is looked at with, against what is expected: a device twice as strong as it is set is still seen.
SCOUT_ROOM = 2.0
# After a clip nothing is known of the peak but that it is larger; two and a half times is one range up, or two.
_WIDER = 2.5
# V at the connector: an oscilloscope refuses ranges below its most sensitive one, and a stimulus of 0 mA asks for none.
_NARROWEST = 0.016


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The ranges of both signals.

    Attributes
    ----------
    voltage, current : the bench's signals
    full_scales : calibrated ranges of the voltage, V peak to peak at the probe's tip, ascending; empty where the
        calibration holds for every range
    half_ranges : calibrated ranges of the current, ±V at the card's input, ascending; one if the bench names it
    sense : resistance across which the current is read, ohm
    compliance : largest voltage that the device can drive, V
    """

    voltage: VoltageSignal
    current: CurrentSignal
    full_scales: tuple[float, ...]
    half_ranges: tuple[float, ...]
    sense: float
    compliance: float

    @classmethod
    def of(cls, definition: BenchDefinition, *, compliance: float) -> Ranges:
        """Read them from a bench; raises Refused where it lacks one of the signals."""
        voltage, current, sense = definition.voltage, definition.current, definition.sense_resistor
        if voltage is None or current is None or sense is None:
            raise Refused(f"{definition.path}: running a plan takes both a 'voltage' and a 'current' signal")
        return cls(
            voltage=voltage,
            current=current,
            full_scales=definition.full_scales,
            half_ranges=definition.half_ranges,
            sense=sense.resistance,
            compliance=compliance,
        )

    @property
    def widest_voltage(self) -> float:
        """The largest voltage of either sign that the oscilloscope can be set to show, V."""
        return (self.full_scales[-1] if self.full_scales else self.voltage.full_scale) / 2

    @property
    def widest_current(self) -> float:
        """The largest current of either sign that the digitizer can be set to show, A."""
        return self.half_ranges[-1] / self.sense

    def full_scale(self, peak: float) -> float:
        """Return the narrowest range for a voltage of either sign with headroom, V peak to peak, or the widest."""
        return self._full_scale(2 * HEADROOM * peak)

    def half_range(self, peak: float) -> float:
        """Return the narrowest range for a current of either sign with headroom, ±V at the card, or the widest."""
        return _smallest(self.half_ranges, HEADROOM * peak * self.sense)

    def scout_peak(self, expected: float) -> float:
        """Return the voltage that a scout of an expected one is looked at for: no device exceeds its compliance."""
        return max(expected, min(SCOUT_ROOM * expected, self.compliance))

    def wider_full_scale(self, clipped: float, *, last: bool) -> float:
        """Return a range with more room than one that clipped, V peak to peak; the widest the ``last`` time."""
        return 2 * self.widest_voltage if last else self._full_scale(_WIDER * clipped)

    def wider_half_range(self, clipped: float, *, last: bool) -> float:
        """Return a range with more room than one that clipped, ±V at the card; the widest the ``last`` time."""
        return self.half_ranges[-1] if last else _smallest(self.half_ranges, _WIDER * clipped)

    def _full_scale(self, width: float) -> float:
        if self.full_scales:
            return _smallest(self.full_scales, width)
        return min(max(width, _NARROWEST * self.voltage.probe), self.voltage.full_scale)


def _smallest(calibrated: Sequence[float], least: float) -> float:
    """Return the smallest calibrated range that is wide enough; the widest if none is."""
    return next((width for width in calibrated if width >= least), calibrated[-1])
