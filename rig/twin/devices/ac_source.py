"""The output of an AC source: a range, an effective voltage with its frequency, and what it gives to the device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.twin.devices.dc_supply import Output, Rating, outputs
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

__all__ = ["AcOutput", "Range", "ac_output", "out_of_range"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A range by its name, and the most that can be set in it: effective volts, volts of direct current, and amperes.

    ``most_amps`` is what the current limit may be set to.
    """

    name: str
    most_volts: float
    most_offset: float
    most_amps: float


class AcOutput:
    """What is set, and what follows at the terminals; the device is fed with the effective value of all that is there.

    Attributes
    ----------
    volts, offset : effective alternating voltage and direct voltage as set, V
    frequency : Hz
    coupling : ``AC``, ``DC`` or ``ACDC``: which of both are given
    place : which of the ranges, lowest first
    """

    def __init__(self, output: Output, ranges: tuple[Range, ...], frequencies: tuple[float, float]) -> None:
        self.output, self.ranges, self.frequencies = output, ranges, frequencies
        self.reset()

    def reset(self) -> None:
        """Switch off: no volts, 50 Hz, alternating, the lowest range, its greatest current."""
        self.output.reset()
        self.output.watches_volts = False
        self.volts = self.offset = 0.0
        self.frequency, self.coupling, self.place = 50.0, "AC", 0
        self.output.amps = self.range.most_amps
        self.settle()

    @property
    def range(self) -> Range:
        """The range that is set."""
        return self.ranges[self.place]

    @property
    def fits(self) -> bool:
        """Whether the range holds what is set."""
        here = self.range
        return self.volts <= here.most_volts and abs(self.offset) <= here.most_offset

    def settle(self) -> None:
        """Let a change of settings have its effect; a narrower range lowers the current limit's reach, a wider too."""
        self.output.amps = min(self.output.amps, self.range.most_amps)
        wanted = {"AC": (self.volts, 0.0), "DC": (0.0, self.offset)}.get(self.coupling, (self.volts, self.offset))
        self.output.volts = math.hypot(*wanted)
        self.output.settle()

    def set_frequency(self, hertz: float) -> None:
        """Set the frequency; −222 for one that cannot be."""
        least, most = self.frequencies
        if not least <= hertz <= most:
            raise out_of_range()
        self.frequency = hertz

    def read_volts(self) -> float:
        """Return a reading of the effective voltage, V."""
        return max(0.0, self.output.read_volts())

    def read_amps(self) -> float:
        """Return a reading of the effective current, A."""
        return max(0.0, self.output.read_amps())


def out_of_range() -> ScpiError:
    """Return the error of a value that cannot be set."""
    return ScpiError(-222, "Data out of range")


def ac_output(
    ranges: tuple[Range, ...],
    frequencies: tuple[float, float],
    *,
    name: str,
    config: InstrumentConfig,
    world: World,
    seed: int,
) -> AcOutput:
    """Make the one output, off; it feeds the device if the instrument ``powers`` it."""
    highest = ranges[-1]
    rating = Rating(
        volts=highest.most_volts,
        amps=ranges[0].most_amps,
        most_volts=highest.most_volts,
        most_amps=ranges[0].most_amps,
        gain=2e-3,
        offset=0.3,
        amps_gain=5e-3,
        amps_offset=5e-3,
        noise=1e-5,
    )
    (output,) = outputs((rating,), name=name, config=config, world=world, seed=seed)
    return AcOutput(output, ranges, frequencies)
