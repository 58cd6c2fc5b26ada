"""The outputs of a DC supply: settings, limits and protections; one of them may feed the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.errors import BenchError

if TYPE_CHECKING:
    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

__all__ = ["Feed", "Output", "Rating", "outputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One output: rated and greatest settings, V and A, and half widths of what it may be off by.

    ``gain`` (relative) and ``offset`` (V) hold for the voltage delivered, and once more for reading it back;
    ``amps_gain`` and ``amps_offset`` (A) for reading the current back. ``noise`` is the standard deviation of a reading
    relative to the rated value.
    """

    volts: float
    amps: float
    most_volts: float
    most_amps: float
    gain: float
    offset: float
    amps_gain: float
    amps_offset: float
    noise: float = 2e-6


class Feed:
    """What hangs on an output: the device, or nothing."""

    def __init__(self, world: World | None) -> None:
        self._world = world

    def deliver(self, volts: float) -> None:
        """Put the output's terminals at a voltage, V."""
        if self._world is not None:
            self._world.supply(volts)

    def demand(self, volts: float) -> float:
        """Return what it would draw at rest, A."""
        supply = None if self._world is None else self._world.config.device.supply
        return 0.0 if supply is None or volts < supply.minimum else supply.idle_current

    def drawn(self) -> float:
        """Return what it draws now, A."""
        return 0.0 if self._world is None else self._world.supply_current


class Output:
    """One output; its errors are drawn once, its readings' noise each time.

    What the device draws at rest decides whether the current limit is reached: then the voltage falls in proportion,
    until a setting is changed.
    """

    def __init__(self, rating: Rating, feed: Feed, generator: np.random.Generator) -> None:
        self.rating, self._feed, self._generator = rating, feed, generator
        self._gain, self._offset = self._drawn(rating.gain), self._drawn(rating.offset)
        self._reading_volts = self._drawn(rating.gain), self._drawn(rating.offset)
        self._reading_amps = self._drawn(rating.amps_gain), self._drawn(rating.amps_offset)
        self.reset()

    def _drawn(self, half: float) -> float:
        return float(self._generator.uniform(-half, half))

    def reset(self) -> None:
        """Switch off, with all settings as the factory made them."""
        self.volts, self.amps, self.on = 0.0, self.rating.amps, False
        self.most_volts, self.most_amps = 1.1 * self.rating.volts, 1.1 * self.rating.amps
        self.watches_volts, self.watches_amps = True, False
        self.over_volts = self.over_amps = False
        self.settle()

    @property
    def limiting(self) -> bool:
        """Whether the current is what is held constant."""
        return self.on and self._feed.demand(self._wanted) > self.amps

    @property
    def true_volts(self) -> float:
        """The voltage at the terminals, V."""
        if not self.on:
            return 0.0
        return self._wanted * (self.amps / self._feed.demand(self._wanted) if self.limiting else 1.0)

    @property
    def _wanted(self) -> float:
        return max(0.0, self.volts * (1.0 + self._gain) + self._offset)

    def settle(self) -> None:
        """Let a change of settings have its effect, and the protections theirs."""
        if self.on and self.watches_volts and self._wanted > self.most_volts:
            self.on, self.over_volts = False, True
        if self.on and self.watches_amps and min(self._feed.demand(self._wanted), self.amps) >= self.most_amps:
            self.on, self.over_amps = False, True
        self._feed.deliver(self.true_volts)

    def read_volts(self) -> float:
        """Return a reading of the voltage, V."""
        gain, offset = self._reading_volts
        return self.true_volts * (1.0 + gain) + offset + self._noise(self.rating.volts)

    def read_amps(self) -> float:
        """Return a reading of the current, A."""
        gain, offset = self._reading_amps
        true = self.amps if self.limiting else min(self._feed.drawn(), self.amps) if self.on else 0.0
        return true * (1.0 + gain) + offset + self._noise(self.rating.amps)

    def _noise(self, rated: float) -> float:
        return float(self._generator.normal(0.0, self.rating.noise * rated))


def outputs(
    ratings: tuple[Rating, ...], *, name: str, config: InstrumentConfig, world: World, seed: int
) -> tuple[Output, ...]:
    """Make a supply's outputs, all off; the one that ``powers`` the device feeds it.

    Raises
    ------
    BenchError : there is no such output
    """
    if config.powers is not None and config.powers > len(ratings):
        msg = f"virtual instrument {name}: output {config.powers} cannot power the device: there are {len(ratings)}"
        raise BenchError(msg)
    return tuple(
        Output(rating, Feed(world if config.powers == number else None), np.random.default_rng([seed, number, 0x4443]))
        for number, rating in enumerate(ratings, 1)
    )
