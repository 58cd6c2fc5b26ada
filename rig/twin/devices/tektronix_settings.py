"""What Tektronix oscilloscopes can be set to, and what follows from it: MSO 4/5/6 and the older DPO2000/TBS2000."""

from __future__ import annotations

from dataclasses import dataclass, field

from rig.twin.devices.scope_panel import Channel, Knobs
from rig.twin.devices.scope_shot import Input, Shot

__all__ = ["DPO", "MSO", "Family", "Readout", "TekKnobs"]

DIVISIONS = 10
LEVELS = 25
"""8-bit codes per division; there are ten divisions up and down as well."""
_BITS = {"SAM": 0, "AVE": 0, "HIR": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What differs: the converter, the fastest rate (samples per second) and the longest record.

    ``modern`` instruments have rate and record length set apart from each other, a trigger level for each channel, fold
    the position into the zero of the waveform, and can tell that a converter was overdriven. ``kinds`` of acquisition
    and ``couplings`` are those that not all have.
    """

    bits: int
    rate: float
    longest: int
    narrowest: float
    modern: bool
    kinds: tuple[str, ...]
    couplings: tuple[str, ...]


MSO = Family(bits=12, rate=6.25e9, longest=62_500_000, narrowest=500e-6, modern=True, kinds=("HIRes",), couplings=())
DPO = Family(bits=8, rate=1e9, longest=1_000_000, narrowest=2e-3, modern=False, kinds=(), couplings=("GND",))


@dataclass(frozen=True, slots=True, kw_only=True)
class TekKnobs(Knobs):
    """All knobs; ``position`` is the part of the record before the trigger, per cent; ``sweep`` AUTO or NORM.

    ``rate`` and ``record`` are what was asked for. ``delay`` moves the window behind the trigger if ``delayed``.
    """

    family: Family = MSO
    levels: dict[int, float] = field(default_factory=dict)
    manual: bool = False
    rate_wanted: float = 3.125e9
    record: int = 10_000
    position: float = 50.0
    delayed: bool = False
    single: bool = False
    frames: int = 0
    memory: int | None = None

    @property
    def longest(self) -> int:
        """The longest record that there can be."""
        return self.family.longest if self.memory is None else min(self.family.longest, self.memory)

    @property
    def rate(self) -> float:
        """Samples per second."""
        if self.manual:
            return self.rate_wanted
        return min(self.family.rate, self.record / (DIVISIONS * self.time_scale))

    @property
    def depth(self) -> int:
        """Samples in a record: fewer than were asked for where the fastest rate does not give so many."""
        if self.manual:
            return min(self.record, self.longest)
        return max(1, min(self.longest, round(self.rate * DIVISIONS * self.time_scale)))

    def increment(self, channel: Channel) -> float:
        """V per 16-bit code."""
        return channel.scale / (LEVELS * 256)

    def middle(self, channel: Channel) -> float:
        """V at code 0, the middle of the screen."""
        return channel.offset - channel.position * channel.scale

    def input(self, channel: Channel) -> Input:
        """What an input does."""
        return channel.input(full_scale=65536 * self.increment(channel), offset=self.middle(channel))

    @property
    def shot(self) -> Shot:
        """What an acquisition with these settings is."""
        window = self.depth / self.rate
        before = -self.delay + window / 2 if self.delayed else window * self.position / 100
        return Shot(
            inputs={number: self.input(channel) for number, channel in self.channels.items()},
            sample_rate=self.rate,
            depth=self.depth,
            before=before,
            after=window - before,
            bits=min(16, self.family.bits + _BITS[self.kind]),
            source=self.source,
            level=self.levels.get(self.source, 0.0),
            slope=self.slope,
            auto=self.sweep == "AUTO",
            averages=self.averages if self.kind == "AVE" else 1,
            segments=max(1, self.frames),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """How a record is to be handed over; ``start`` and ``stop`` from 1, both included, as are the frames.

    As ``text``, or as binary codes: ``unsigned`` ones count from below, ``swapped`` ones begin with the least octet.
    """

    source: int = 1
    text: bool = False
    unsigned: bool = False
    swapped: bool = False
    width: int = 1
    start: int = 1
    stop: int = 10_000
    first_frame: int = 1
    last_frame: int = 1

    @property
    def encoding(self) -> str:
        """All three in one word."""
        if self.text:
            return "ASCI"
        kind = "RP" if self.unsigned else "RI"
        return f"S{kind}" if self.swapped else f"{kind}B"
