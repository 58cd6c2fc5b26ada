"""What an InfiniiVision oscilloscope can be set to, and what follows from it for a record."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from rig.twin.devices.scope_shot import Input, Shot

__all__ = [
    "CHANNELS",
    "DIVISIONS_ACROSS",
    "DIVISIONS_HIGH",
    "LEVELS",
    "ChannelSettings",
    "Readout",
    "Settings",
]

CHANNELS = 4
DIVISIONS_HIGH, DIVISIONS_ACROSS = 8, 10
LEVELS = 199
"""Codes of the 8-bit converter within the eight divisions of the screen."""
NARROWEST_RANGE, WIDEST_RANGE = 8e-3, 40.0
SHORTEST_WINDOW, LONGEST_WINDOW = 20e-9, 500.0
FASTEST_RATE = 2e9
MEMORY = 1_000_000
_BANDWIDTH_LIMIT = 25e6

# Where the time reference stands on the screen: one division from its edge, or in its middle.
_REFERENCE = {"LEFT": 1 / DIVISIONS_ACROSS, "CENT": 0.5, "RIGH": 1 - 1 / DIVISIONS_ACROSS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """One channel; ``range`` over eight divisions and ``offset`` at the screen's centre, V at the probe tip."""

    label: str
    probe: float = 1.0
    range: float = 4.0
    offset: float = 0.0
    display: bool = False
    bandwidth_limit: bool = False
    invert: bool = False
    impedance: str = "ONEM"
    coupling: Literal["DC", "AC"] = "DC"

    def with_probe(self, probe: float) -> ChannelSettings:
        """The same setting of the input seen through another probe: range and offset are scaled along."""
        ratio = probe / self.probe
        return replace(self, probe=probe, range=self.range * ratio, offset=self.offset * ratio)

    @property
    def full_scale(self) -> float:
        """What all 256 levels of the converter span, V."""
        return self.range * 256 / LEVELS

    @property
    def input(self) -> Input:
        """What the input does."""
        return Input(
            full_scale=self.full_scale,
            offset=self.offset,
            probe=self.probe,
            invert=self.invert,
            bandwidth=_BANDWIDTH_LIMIT if self.bandwidth_limit else None,
            coupling=self.coupling,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that decides what an acquisition becomes; never changed in place, so that a record can keep its own."""

    channels: dict[int, ChannelSettings] = field(default_factory=dict)
    window: float = 1e-3
    position: float = 0.0
    reference: str = "CENT"
    trigger_channel: int = 1
    trigger_slope: int = 1
    trigger_levels: dict[int, float] = field(default_factory=dict)
    sweep: str = "AUTO"
    acquisition: str = "NORM"
    averages: int = 8
    segmented: bool = False
    segments: int = 2
    memory: int = MEMORY

    def with_channel(self, number: int, channel: ChannelSettings) -> Settings:
        """These settings with one channel replaced."""
        return replace(self, channels={**self.channels, number: channel})

    @property
    def before(self) -> float:
        """How much of the window lies before the trigger, s; negative when it begins after it."""
        return self.window * _REFERENCE[self.reference] - self.position

    @property
    def after(self) -> float:
        """How much of the window lies after the trigger, s."""
        return self.window - self.before

    @property
    def sample_rate(self) -> float:
        """The fastest rate whose record fits into the memory or its segment, samples per second."""
        memory = self.memory // self.segments if self.segmented else self.memory
        return FASTEST_RATE / max(1, math.ceil(FASTEST_RATE * self.window / memory * (1 - 1e-12)))

    @property
    def depth(self) -> int:
        """Samples in a record."""
        return max(1, round(self.sample_rate * self.window))

    @property
    def bits(self) -> int:
        """Resolution of the samples: averaging within the sample interval gains four bits."""
        return 12 if self.acquisition == "HRES" else 8

    @property
    def shot(self) -> Shot:
        """What an acquisition with these settings is."""
        return Shot(
            inputs={number: channel.input for number, channel in self.channels.items()},
            sample_rate=self.sample_rate,
            depth=self.depth,
            before=self.before,
            after=self.after,
            bits=self.bits,
            source=self.trigger_channel,
            level=self.trigger_levels.get(self.trigger_channel, 0.0),
            slope=self.trigger_slope,
            auto=self.sweep == "AUTO",
            averages=self.averages if self.acquisition == "AVER" and not self.segmented else 1,
            segments=self.segments if self.segmented else 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """How a record is to be handed over; ``points`` None for as many as there are."""

    source: int = 1
    mode: str = "NORM"
    points: int | None = None
    format: str = "BYTE"
    most_significant_first: bool = True
    unsigned: bool = True
    segment: int = 1

    def stride(self, depth: int) -> int:
        """Every how many-th sample of a record so deep is handed over."""
        most = depth if self.points is None else max(1, self.points)
        if self.mode == "NORM":
            most = min(most, _MEASUREMENT_RECORD)
        return max(1, math.ceil(depth / most))


_MEASUREMENT_RECORD = 62_500
