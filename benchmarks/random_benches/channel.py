"""One input of one instrument: what it makes of a signal, and what the rig knows of it."""

from __future__ import annotations

from dataclasses import dataclass

from rig.acquisition.correct import correct
from rig.bench.definition import BenchDefinition
from rig.bench.paths import signal_path
from rig.model.load import Load
from rig.model.setup import DigitizerSetup, ScopeChannel, ScopeSetup
from rig.model.signal_path import SignalPath
from rig.model.waveform import Waveform
from rig.twin.config import TwinConfig
from rig.twin.frontend import Digitized, FrontEnd, Signal
from rig.twin.world import World
from rig.units import Unit

__all__ = ["Channel", "current_channel", "voltage_channel"]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One input, set up.

    Attributes
    ----------
    node : what it is connected to in the world
    interval : between samples, by the instrument's own clock, s
    span : the whole range, V
    """

    source: str
    node: str
    path: SignalPath
    end: FrontEnd
    interval: float
    span: float
    bits: int

    def acquired(self, world: World, start: float, samples: int, number: int) -> Waveform:
        """Return what the rig takes the channel's node for, from ``start`` on; ``number`` is the acquisition's."""
        signal = world.signal(self.node, *self.end.span(start, self.interval, samples))
        return self.digitized(signal, start, samples, number)

    def digitized(self, volts: Signal, start: float, samples: int, number: int) -> Waveform:
        """Return what the rig takes a voltage at the channel's input for."""
        record = self.end.digitize(
            volts,
            start=start,
            interval=self.interval,
            n=samples,
            full_scale=self.span,
            bits=self.bits,
            acquisition=number,
        )
        return self.corrected(record)

    def corrected(self, record: Digitized) -> Waveform:
        """Return a record as the rig corrects it, in A or V."""
        raw = Waveform(
            samples=record.codes,
            gain=record.lsb,
            offset=record.offset,
            interval=self.interval,
            unit=Unit.VOLT,
            source=self.source,
            rails=(-(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1),
        )
        return correct(raw, self.path)


def current_channel(
    definition: BenchDefinition, config: TwinConfig, load: Load, *, interval: float, samples: int
) -> Channel:
    """The acquisition device's input across the sense resistor."""
    assert definition.current is not None
    name, reach = definition.current.channel, definition.half_ranges[0]
    setup = DigitizerSetup(channels={name: reach}, rate=1 / interval, samples=samples)
    return Channel(
        source=f"daq:{name}",
        node="current_sense",
        path=signal_path(definition, "current", setup, load),
        end=FrontEnd(config.instruments["daq"], seed=config.seed, instrument="daq", channel=name),
        interval=interval,
        span=2 * reach,
        bits=config.instruments["daq"].bits or 16,
    )


def voltage_channel(
    definition: BenchDefinition, config: TwinConfig, load: Load, *, interval: float, samples: int, full_scale: float
) -> Channel:
    """The oscilloscope's input across the load."""
    assert definition.voltage is not None
    number = definition.voltage.channel
    setup = ScopeSetup(
        channels={number: ScopeChannel(full_scale=full_scale)}, window=interval * samples, points=samples
    )
    return Channel(
        source=f"scope:{number}",
        node="voltage",
        path=signal_path(definition, "voltage", setup, load),
        end=FrontEnd(config.instruments["scope"], seed=config.seed, instrument="scope", channel=str(number)),
        interval=interval,
        span=full_scale,
        bits=config.instruments["scope"].bits or 16,
    )
