"""What Rigol oscilloscopes can be set to, and what follows from it for a record: DS1000Z and DHO800/900."""

from __future__ import annotations

from dataclasses import dataclass

from rig.twin.devices.scope_panel import Channel, Knobs
from rig.twin.devices.scope_shot import Input, Shot

__all__ = ["DHO", "DS1000Z", "Family", "Readout", "RigolKnobs"]

LEVELS = 25
"""8-bit codes per division."""
# Which of the depths is taken automatically.
_AUTOMATIC = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What differs between the families.

    Attributes
    ----------
    divisions : across the screen, with a hundred points each
    bits : of the converter
    reference : the 8-bit code at the middle of the screen when the offset is 0
    rate : the fastest, samples per second, shared by the channels that are on
    depths : of one channel that is on; halved or quartered by ``shares`` when more are
    shares : whether more channels have less memory each
    largest : how many points one query hands over in BYTE, WORD and ASCii
    kinds : of acquisition
    settable_while_stopped : whether the depth can be set then
    narrowest, widest : V per division at the input
    """

    divisions: int
    bits: int
    reference: int
    rate: float
    depths: tuple[int, ...]
    shares: bool
    largest: dict[str, int]
    kinds: tuple[str, ...]
    settable_while_stopped: bool
    narrowest: float
    widest: float = 10.0

    def share(self, shown: int) -> int:
        """By what the rate is divided while so many channels are on."""
        return 1 if shown <= 1 else 2 if shown == 2 else 4  # noqa: PLR2004 - one, two, or more channels


DS1000Z = Family(
    divisions=12,
    bits=8,
    reference=127,
    rate=1e9,
    depths=(12_000, 120_000, 1_200_000, 12_000_000, 24_000_000),
    shares=True,
    largest={"BYTE": 250_000, "WORD": 125_000, "ASC": 15_625},
    kinds=("NORMal", "AVERages", "HRESolution"),
    settable_while_stopped=False,
    narrowest=1e-3,
)
DHO = Family(
    divisions=10,
    bits=12,
    reference=128,
    rate=1.25e9,
    depths=(1_000, 10_000, 100_000, 1_000_000, 10_000_000, 25_000_000, 50_000_000),
    shares=False,
    largest={"BYTE": 1_000_000, "WORD": 1_000_000, "ASC": 1_000_000},
    kinds=("NORMal", "AVERages"),
    settable_while_stopped=True,
    narrowest=500e-6,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RigolKnobs(Knobs):
    """All knobs; ``depth`` None for automatic."""

    family: Family = DS1000Z
    depth: int | None = None
    memory: int | None = None
    holdoff: float = 16e-9

    @property
    def depths(self) -> tuple[int, ...]:
        """What the memory can be set to for each of the channels that are on."""
        share = self.family.share(self.shown) if self.family.shares else 1
        return tuple(depth // share for depth in self.family.depths)

    @property
    def window(self) -> float:
        """What the screen spans, s."""
        return self.time_scale * self.family.divisions

    @property
    def rate(self) -> float:
        """Samples per second: as fast as the memory lasts for the screen."""
        return min(self.family.rate / self.family.share(self.shown), self._most / self.window)

    @property
    def _most(self) -> int:
        chosen = self.depth or self.depths[_AUTOMATIC]
        return chosen if self.memory is None else min(chosen, self.memory)

    @property
    def samples(self) -> int:
        """Samples in a record: the memory that was chosen, or as much as the screen needs."""
        return self._most if self.depth is not None else max(1, round(self.rate * self.window))

    def increment(self, channel: Channel) -> float:
        """V per 8-bit code."""
        return channel.scale / LEVELS

    def origin(self, channel: Channel) -> int:
        """The 8-bit codes by which the offset moves the trace up."""
        return round(channel.offset / self.increment(channel))

    def input(self, channel: Channel) -> Input:
        """What an input does; code 0 in two's complement is the unsigned code 128."""
        step = self.increment(channel)
        middle = (128 - self.family.reference - self.origin(channel)) * step
        return channel.input(full_scale=256 * step, offset=middle)

    @property
    def shot(self) -> Shot:
        """What an acquisition with these settings is; a record is as long as the memory, about the screen's middle."""
        half = self.samples / self.rate / 2
        return Shot(
            inputs={number: self.input(channel) for number, channel in self.channels.items()},
            sample_rate=self.rate,
            depth=self.samples,
            before=half - self.delay,
            after=half + self.delay,
            bits=12 if self.kind == "HRES" else self.family.bits,
            source=self.source,
            level=self.level,
            slope=self.slope,
            auto=self.sweep == "AUTO",
            averages=self.averages if self.kind == "AVER" else 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """How a record is to be handed over; ``start`` and ``stop`` from 1, both included, None for its ends."""

    source: int = 1
    mode: str = "NORM"
    format: str = "BYTE"
    start: int = 1
    stop: int | None = None
