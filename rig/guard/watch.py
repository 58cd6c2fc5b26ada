"""Hard limits held against the output while it is on: each short block of samples is looked at as it comes."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

__all__ = ["Crossing", "HardLimits", "Watch"]

WINDOW: Final = 1.0
"""Over how long rms and direct current are taken, s: half of that, and a short burst would count double."""

# So many standard deviations of noise no sample of a long watch exceeds by chance: once in 2·10^11 samples.
_NOISE = 7.0
_SQRT3 = math.sqrt(3.0)
_TWO = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HardLimits:
    """What must not flow, SI; None where nothing is said.

    Attributes
    ----------
    current_peak : largest magnitude, A
    current_rms : root mean square over a sliding second, A
    charge_per_phase : largest charge that flows in one direction without a rest, C
    dc_current : largest magnitude of the mean over a sliding second, A
    phase_duration : longest time that a current flows in one direction without a rest, s
    on_time : longest time from the first current of a train to its last, s
    rest : what flows below this is no phase: less direct current than that is for ``dc_current`` to end, A
    """

    current_peak: float | None = None
    current_rms: float | None = None
    charge_per_phase: float | None = None
    dc_current: float | None = None
    phase_duration: float | None = None
    on_time: float | None = None
    rest: float = 0.0


_MEASURANDS: Final = {
    "current_peak": ("phase_peak", Unit.AMPERE),
    "current_rms": ("rms_1s", Unit.AMPERE),
    "charge_per_phase": ("phase_charge", Unit.COULOMB),
    "dc_current": ("dc_component", Unit.AMPERE),
    "phase_duration": ("phase_duration", Unit.SECOND),
    "on_time": ("on_time", Unit.SECOND),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A hard limit crossed by more than the uncertainty of what was seen.

    Attributes
    ----------
    limit : which of the hard limits
    at : on the capture's time axis, s; the end of what shows it
    value, ceiling, allowance : what was seen, what is allowed, and how far the bench itself may have been wrong, SI
    """

    limit: str
    at: float
    value: float
    ceiling: float
    allowance: float

    @property
    def measurand(self) -> str:
        """The measurand that the limit binds."""
        return _MEASURANDS[self.limit][0]

    @property
    def unit(self) -> Unit:
        """The unit of value, ceiling and allowance."""
        return _MEASURANDS[self.limit][1]

    def __str__(self) -> str:
        value, ceiling = (format_quantity(one, self.unit, digits=4) for one in (self.value, self.ceiling))
        at = format_quantity(self.at, Unit.SECOND, digits=6)
        return f"{self.limit.replace('_', ' ')} of {value} is above the ceiling of {ceiling}, {at} into the capture"


@dataclass(slots=True)
class _Flow:
    """A current in one direction that has not ended: its sign, its charge (C) and how long it flows (s)."""

    sign: int = 0
    charge: float = 0.0
    duration: float = 0.0


class Watch:
    """Looks at the current of one train, block by block.

    A limit is crossed when what is seen exceeds it by more than the bench's own uncertainty: noise and offset do not
    trip a healthy device that is driven to its ceiling.

    Parameters
    ----------
    limits : what must not be exceeded
    path : how the current reaches the samples; it says how far they may be wrong
    """

    def __init__(self, limits: HardLimits, path: SignalPath) -> None:
        self._limits = limits
        self._relative = _TWO * math.hypot(path.gain, path.resistor, path.resistor_temperature, path.loading)
        self._offset = _SQRT3 * (path.offset + path.offset_drift) + path.resolution
        self._noise = path.noise
        self._floor = self._offset + _NOISE * path.noise
        self._flow = _Flow()
        self._sums: deque[tuple[int, float, float]] = deque()
        self._count, self._sum, self._squares = 0, 0.0, 0.0
        self._first: float | None = None
        self.last: float | None = None

    @property
    def floor(self) -> float:
        """The current below which nothing flows as far as this bench can tell, A."""
        return self._floor

    def look(self, block: Waveform) -> Crossing | None:
        """Return the first limit that a block of current crosses, in A, at the end of those before; None if none."""
        values = block.values()
        if not len(values):
            return None
        found = [crossing for crossing in self._crossings(values, block) if crossing is not None]
        return min(found, key=lambda one: one.at, default=None)

    def _crossings(self, values: NDArray[np.float64], block: Waveform) -> Iterator[Crossing | None]:
        end = block.start + len(values) * block.interval
        low, high = int(values.argmin()), int(values.argmax())
        where = high if values[high] >= -values[low] else low
        peak = abs(float(values[where]))
        yield self._over("current_peak", peak, self._floor, block.start + where * block.interval)
        yield from self._means(values, block.interval, end)
        if peak <= self._floor:
            self._flow = _Flow()
            return
        yield from self._phases(values, block)
        flows = np.flatnonzero((values > self._floor) | (values < -self._floor))
        self.last = block.start + (int(flows[-1]) + 1) * block.interval
        if self._first is None:
            self._first = block.start + int(flows[0]) * block.interval
        yield self._over("on_time", self.last - self._first, block.interval, self.last)

    def _over(self, limit: str, value: float, allowance: float, at: float) -> Crossing | None:
        ceiling = getattr(self._limits, limit)
        if ceiling is None:
            return None
        allowance += self._relative * ceiling if _MEASURANDS[limit][1] is not Unit.SECOND else 0.0
        if value <= ceiling + allowance:
            return None
        return Crossing(limit=limit, at=at, value=value, ceiling=ceiling, allowance=allowance)

    def _means(self, values: NDArray[np.float64], interval: float, end: float) -> Iterator[Crossing | None]:
        """Hold the last second, or what there is of it with nothing before, against rms and mean."""
        whole = max(round(WINDOW / interval), 1)
        part = (len(values), float(values.sum()), float(values @ values))
        self._sums.append(part)
        self._count, self._sum, self._squares = self._count + part[0], self._sum + part[1], self._squares + part[2]
        while self._count - self._sums[0][0] >= whole:
            old = self._sums.popleft()
            self._count, self._sum, self._squares = self._count - old[0], self._sum - old[1], self._squares - old[2]
        over = max(self._count, whole)
        yield self._over("current_rms", math.sqrt(max(self._squares, 0.0) / over), self._floor, end)
        mean = self._offset + _NOISE * self._noise / math.sqrt(over)
        yield self._over("dc_current", abs(self._sum) / over, mean, end)

    def _phases(self, values: NDArray[np.float64], block: Waveform) -> Iterator[Crossing | None]:
        """Follow each current in one direction to its end, across blocks; one that goes on is held against them too."""
        rest = max(self._floor, self._limits.rest)
        up, down = values > rest, values < -rest
        changes = (up[1:] != up[:-1]) | (down[1:] != down[:-1])
        begins = np.concatenate(([0], np.flatnonzero(changes) + 1))
        signs = up[begins].astype(np.int8) - down[begins].astype(np.int8)
        charges = np.add.reduceat(values, begins) * block.interval
        ends = np.append(begins[1:], len(values))
        rows = zip(begins.tolist(), ends.tolist(), signs.tolist(), charges.tolist(), strict=True)
        for begin, stop, sign, charge in rows:
            if sign != self._flow.sign:
                self._flow = _Flow(sign=sign)
            if not sign:
                continue
            self._flow.charge += charge
            self._flow.duration += (stop - begin) * block.interval
            at = block.start + stop * block.interval
            # Either edge may lie anywhere between two samples.
            mean = abs(self._flow.charge) / self._flow.duration
            wrong = self._offset * self._flow.duration + _TWO * block.interval * mean
            yield self._over("charge_per_phase", abs(self._flow.charge), wrong, at)
            yield self._over("phase_duration", self._flow.duration, _TWO * block.interval, at)
