"""What a signal becomes on its way into numbers: bandwidth, errors, noise, range and bits."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

__all__ = ["Digitized", "FrontEnd", "Signal"]

# The pole has forgotten what lies further back than this many of its time constants.
_MEMORY = 40.0


class Signal(Protocol):
    """A voltage over time that is known exactly, also behind a single pole."""

    def low_passed(self, tau: float) -> Signal:
        """Return the response of a single pole with this time constant, s."""

    def sample_uniform(self, start: float, interval: float, n: int) -> NDArray[np.float64]:
        """Return n values at ``start + i·interval``, V, shape (n,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Digitized:
    """One record of one input.

    Attributes
    ----------
    codes : shape (n,), int32, two's complement: −2^(bits−1) … 2^(bits−1) − 1, 0 at the offset
    lsb : V per code
    offset : V at code 0
    clipped_low, clipped_high : shape (n,), bool: below or above what the converter can say
    """

    codes: NDArray[np.int32]
    lsb: float
    offset: float
    clipped_low: NDArray[np.bool_]
    clipped_high: NDArray[np.bool_]

    @property
    def clipped(self) -> bool:
        """Whether any sample is clipped."""
        return bool(self.clipped_low.any() or self.clipped_high.any())

    def volts(self) -> NDArray[np.float64]:
        """Return what the instrument believes it saw, V, shape (n,)."""
        return self.codes.astype(np.float64) * self.lsb + self.offset


class FrontEnd:
    """One input of one instrument: its true errors are drawn once, from the seed and the two names."""

    def __init__(self, config: InstrumentConfig, *, seed: int, instrument: str, channel: str) -> None:
        self._config = config
        self._seed, self._instrument, self._channel = seed, _key(instrument), _key(channel)
        own = np.random.default_rng([seed, self._instrument, self._channel])
        shared = np.random.default_rng([seed, self._instrument])
        self.gain = 1.0 + own.uniform(-1, 1) * config.gain_error
        self._offset, self._offset_of_range = own.uniform(-1, 1, 2) * (config.offset_error, config.offset_of_range)
        self.timebase = 1.0 + shared.uniform(-1, 1) * config.timebase_ppm * 1e-6
        self._ranges = {
            one.full_scale: FrontEnd(
                config.model_copy(update={**one.model_dump(exclude={"full_scale"}), "ranges": ()}),
                seed=seed,
                instrument=instrument,
                channel=f"{channel} in a range of {one.full_scale:.6g} V",
            )
            for one in config.ranges
        }
        self.tau = 0.0 if config.bandwidth is None else 1.0 / (2 * math.pi * config.bandwidth)

    def in_range(self, full_scale: float) -> FrontEnd:
        """Return the input as it is in a range so many volts wide: with the errors of that range, if it has its own."""
        if not self._ranges:
            return self
        return self._ranges[min(self._ranges, key=lambda width: abs(math.log(width / full_scale)))]

    def offset(self, full_scale: float) -> float:
        """Return the true offset error in a range so many volts wide, V."""
        return float(self._offset + self._offset_of_range * full_scale)

    def drift(self, full_scale: float, acquisition: int) -> float:
        """Return how far the offset has wandered when an acquisition is made, V.

        It swings about its mean like the temperature of a room, and every acquisition meets it at another moment: a
        sine at a random phase, of such an amplitude that no two acquisitions differ by more than the bound.
        """
        bound = self._config.offset_drift + self._config.drift_of_range * full_scale
        if not bound:
            return 0.0
        moment = np.random.default_rng([self._seed, self._instrument, self._channel, 2, acquisition]).uniform()
        return 0.5 * bound * math.sin(2 * math.pi * float(moment))

    def span(self, start: float, interval: float, n: int) -> tuple[float, float]:
        """Return from when to when a signal must be known for a record, s."""
        tau = max((one.tau for one in self._ranges.values()), default=self.tau)
        slack = 10 * self._config.jitter + interval + n * interval * abs(self.timebase - 1)
        return start - _MEMORY * tau - slack, start + n * interval + slack

    def digitize(
        self,
        signal: Signal,
        *,
        start: float,
        interval: float,
        n: int,
        full_scale: float,
        offset: float = 0.0,
        bits: int,
        acquisition: int,
        part: int = 0,
    ) -> Digitized:
        """Return n codes for a signal that is known over :meth:`span`.

        ``full_scale`` is the whole range, V peak to peak, around ``offset``. The same ``acquisition`` gives the same
        errors, and the same ``part`` of it (the number of its first sample) the same noise; all inputs of an instrument
        share its jitter.
        """
        if self._ranges:
            return self.in_range(full_scale).digitize(
                signal,
                start=start,
                interval=interval,
                n=n,
                full_scale=full_scale,
                offset=offset,
                bits=bits,
                acquisition=acquisition,
                part=part,
            )
        config = self._config
        seen = signal.low_passed(self.tau) if self.tau else signal
        shift = np.random.default_rng([self._seed, self._instrument, 1, acquisition]).normal() * config.jitter
        values = seen.sample_uniform(start + shift, interval * self.timebase, n)
        values *= self.gain
        values += self.offset(full_scale) + self.drift(full_scale, acquisition)
        sigma = math.hypot(config.noise, config.noise_of_range * full_scale)
        if sigma:
            own = (self._seed, self._instrument, self._channel, acquisition)
            generator = np.random.default_rng([*own, 3, part] if part else own)
            values += sigma * generator.standard_normal(n, dtype=np.float32)
        return quantize(values, full_scale=full_scale, offset=offset, bits=bits)

    def acquire(
        self,
        world: World,
        node: str,
        *,
        start: float,
        interval: float,
        n: int,
        full_scale: float,
        offset: float = 0.0,
        bits: int,
        acquisition: int,
    ) -> Digitized:
        """Return n codes of what is at a node of the world from ``start`` on."""
        signal = world.signal(node, *self.span(start, interval, n))
        return self.digitize(
            signal,
            start=start,
            interval=interval,
            n=n,
            full_scale=full_scale,
            offset=offset,
            bits=bits,
            acquisition=acquisition,
        )


def quantize(values: NDArray[np.float64], *, full_scale: float, offset: float, bits: int) -> Digitized:
    """Round to the nearest code; what lies outside the range takes the nearest code and is marked."""
    lsb = full_scale / 2**bits
    least, greatest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    steps = values - offset
    steps /= lsb
    np.rint(steps, out=steps)
    low, high = steps < least, steps > greatest
    codes = np.clip(steps, least, greatest, out=steps).astype(np.int32)
    return Digitized(codes=codes, lsb=lsb, offset=offset, clipped_low=low, clipped_high=high)


def _key(name: str) -> int:
    """Return a number for a name, the same in every process."""
    return zlib.crc32(name.encode())
