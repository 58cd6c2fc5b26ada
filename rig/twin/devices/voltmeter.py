"""The direct-voltage function of a digital multimeter: a mean over some cycles of the mains, with its errors."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.scpi_syntax import ScpiError
from rig.twin.truth import mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rig.twin.config import InstrumentConfig
    from rig.twin.signal import Piecewise
    from rig.twin.world import World

__all__ = ["OVERLOAD", "Accuracy", "Settings", "Voltmeter", "shown"]

OVERLOAD = 9.9e37
"""What is read where the input is beyond the range."""

_LINE = 50.0
_OVERRANGE = 1.2
_PPM = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """One range, ± ``full_scale`` V: half widths of its errors, relative to the reading and to the range."""

    full_scale: float
    gain: float
    offset: float


@dataclass(slots=True, kw_only=True)
class Settings:
    """How one input is read, over so many ``cycles`` of the mains; ``full_scale`` None chooses the range by itself."""

    full_scale: float | None = None
    cycles: float = 10.0
    autozero: bool = True
    impedance_auto: bool = False


@dataclass(kw_only=True)
class Voltmeter:
    """One input of one instrument; its true errors are drawn once from the seed, and once more for every range.

    Attributes
    ----------
    node : of the world, what is measured
    ranges : ascending
    noise : standard deviation of a reading by the cycles that it is integrated over, in millionths of the range
    """

    config: InstrumentConfig
    world: World
    seed: int
    name: str
    channel: str
    node: str
    ranges: Sequence[Accuracy]
    noise: Mapping[float, float]
    settings: Settings = field(default_factory=Settings)
    _readings: int = 0
    _ranged: float | None = None

    # --- what may be set ----------------------------------------------------------------------------------------------

    def set_cycles(self, cycles: float) -> None:
        """Integrate over so many cycles of the mains; what lies between two choices is rounded up to the next."""
        allowed = sorted(self.noise)
        if not 0 < cycles <= allowed[-1]:
            raise ScpiError(-222, "Data out of range")
        self.settings.cycles = next(one for one in allowed if cycles <= one * (1 + 1e-9))

    def set_range(self, volts: float) -> None:
        """Read in the narrowest range that holds so many volts."""
        wide_enough = [one.full_scale for one in self.ranges if abs(volts) <= one.full_scale * (1 + 1e-9)]
        if not wide_enough:
            raise ScpiError(-222, "Data out of range")
        self.settings.full_scale = wide_enough[0]

    def resolve_to(self, volts: float) -> None:
        """Integrate for as short as gives so fine a resolution; not possible while the range is chosen by itself."""
        full_scale = self.settings.full_scale
        if full_scale is None:
            raise ScpiError(-221, "Settings conflict; cannot set resolution while autoranging")
        fine_enough = [one for one, ppm in sorted(self.noise.items()) if ppm * _PPM * full_scale <= volts * (1 + 1e-9)]
        if not fine_enough:
            raise ScpiError(-222, "Data out of range")
        self.settings.cycles = fine_enough[0]

    @property
    def full_scale(self) -> float:
        """The range that it is in, ±V: where it chooses by itself, that of the last reading, at first the widest."""
        return self.settings.full_scale or self._ranged or self.ranges[-1].full_scale

    @property
    def resolution(self) -> float:
        """What a reading is resolved to as it is set, V."""
        return self.noise[self.settings.cycles] * _PPM * self.full_scale

    # --- measuring --------------------------------------------------------------------------------------------------

    @property
    def aperture(self) -> float:
        """For how long a reading is integrated, s."""
        return self.settings.cycles / float(self.config.options.get("mains", _LINE))

    @property
    def duration(self) -> float:
        """How long a reading takes, s: with autozero, the input is looked at and then a short circuit."""
        return self.aperture * (2 if self.settings.autozero else 1)

    def read(self, start: float) -> float:
        """Return the reading that begins at a moment, V; the world must have come to its end."""
        stop = start + self.aperture
        signal = self.world.signal(self.node, start, stop)
        accuracy = self._range(signal, start, stop)
        self._readings += 1
        if accuracy is None:
            return OVERLOAD
        own = np.random.default_rng([self.seed, *self._keys(), round(accuracy.full_scale * 1000)])
        gain, offset = own.uniform(-1, 1, 2).tolist()
        sigma = self.noise[self.settings.cycles] * _PPM * accuracy.full_scale
        noise = sigma * float(np.random.default_rng([self.seed, *self._keys(), 1, self._readings]).standard_normal())
        known = bool(self.config.gain_error or self.config.offset_error)
        gain *= self.config.gain_error if known else accuracy.gain
        offset *= self.config.offset_error if known else accuracy.offset * accuracy.full_scale
        return float(mean(signal, start, stop) * (1 + gain) + offset + noise)

    def _range(self, signal: Piecewise, start: float, stop: float) -> Accuracy | None:
        """Return the range that is read in: an amplifier that is driven beyond it spoils the mean, however short."""
        low, high = signal.extremes(start, stop)
        peak, chosen = max(-low, high), self.settings.full_scale
        held = [one for one in self.ranges if peak <= one.full_scale * _OVERRANGE and chosen in {None, one.full_scale}]
        self._ranged = held[0].full_scale if held else self.ranges[-1].full_scale
        return held[0] if held else None

    def _keys(self) -> tuple[int, int]:
        return zlib.crc32(self.name.encode()), zlib.crc32(self.channel.encode())


def shown(volts: float) -> str:
    """Return a reading or setting as such instruments write it.

    >>> shown(0.00125), shown(OVERLOAD)
    ('+1.25000000E-03', '+9.90000000E+37')
    """
    return f"{volts:+.8E}"
