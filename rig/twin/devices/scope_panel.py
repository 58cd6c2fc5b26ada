"""What the front panels of virtual oscilloscopes share: knobs, never turned in place, and a device around them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar

from rig.twin.devices.scope_acquisition import Acquisition, State
from rig.twin.devices.scope_inputs import Inputs, physical_probe
from rig.twin.devices.scope_screen import screen
from rig.twin.devices.scope_shot import Input
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_shot import Record, Shot
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command
    from rig.twin.world import World

__all__ = ["Channel", "Knobs", "KnobsT", "VirtualScope", "number_of", "stepped"]

Coupling = Literal["DC", "AC", "GND"]
_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel: ``scale`` V per division and ``offset`` V at the probe tip, ``position`` in divisions."""

    display: bool = False
    probe: float = 1.0
    scale: float = 1.0
    offset: float = 0.0
    position: float = 0.0
    coupling: Coupling = "DC"
    bandwidth: float | None = None
    invert: bool = False

    def with_probe(self, probe: float) -> Channel:
        """The same setting of the input seen through another probe: scale and offset are scaled along."""
        ratio = probe / self.probe
        return replace(self, probe=probe, scale=self.scale * ratio, offset=self.offset * ratio)

    def input(self, *, full_scale: float, offset: float) -> Input:
        """What the input does, when all codes of the converter span ``full_scale`` V around ``offset`` V."""
        return Input(
            full_scale=full_scale,
            offset=offset,
            probe=self.probe,
            invert=self.invert,
            bandwidth=self.bandwidth,
            coupling=self.coupling,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """The knobs that all families have; a family's own class adds ``shot`` and what else there is to turn.

    ``time_scale`` is s per division, ``delay`` how far the reference point of the screen lies behind the trigger, s.
    """

    channels: dict[int, Channel] = field(default_factory=dict)
    time_scale: float = 1e-6
    delay: float = 0.0
    source: int = 1
    level: float = 0.0
    slope: int = 1
    sweep: str = "AUTO"
    kind: str = "NORM"
    averages: int = 2

    @property
    def shot(self) -> Shot:
        """What an acquisition with these settings is."""
        raise NotImplementedError

    @property
    def shown(self) -> int:
        """How many channels are on."""
        return sum(channel.display for channel in self.channels.values())

    def with_channel(self, number: int, channel: Channel) -> Self:
        """These settings with one channel replaced."""
        return replace(self, channels={**self.channels, number: channel})


KnobsT = TypeVar("KnobsT", bound=Knobs)


class VirtualScope(ScpiDevice, Generic[KnobsT]):
    """A four-channel oscilloscope; ``inputs`` of its configuration wires ``"1"`` … ``"4"`` to nodes."""

    channels = 4

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.config = config
        self.settings = self._sensed()
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._inputs = Inputs(name=name, config=config, world=world, seed=seed, channels=self.channels)
        self._acquisition = Acquisition[KnobsT](world=world, config=config, faults=self.faults)

    def factory_settings(self) -> KnobsT:
        """Return what ``*RST`` sets, without channels."""
        raise NotImplementedError

    def _sensed(self) -> KnobsT:
        settings = self.factory_settings()
        for number in range(1, self.channels + 1):
            plain = Channel(display=number == 1).with_probe(physical_probe(self.config, number))
            settings = settings.with_channel(number, plain)
        return settings

    @property
    def arming_latency(self) -> float:
        """From the command to arm to the begin of acquiring, s; the old state is reported meanwhile."""
        return self._acquisition.latency

    @arming_latency.setter
    def arming_latency(self, seconds: float) -> None:
        self._acquisition.latency = seconds

    def reset(self) -> None:
        """Return to the factory's settings, acquiring again and again; probes are sensed."""
        self.settings = self._sensed()
        latency = self._acquisition.latency
        self._acquisition = Acquisition[KnobsT](world=self.world, config=self.config, faults=self.faults)
        self._acquisition.latency = latency

    # --- what handlers are made of ----------------------------------------------------------------------------------

    def _set(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            self.settings = replace(self.settings, **change(command))

        return handler

    def _get(self, show: Callable[[KnobsT], str]) -> Handler:
        return lambda _: show(self.settings)

    def _set_channel(self, change: Callable[[Command, Channel], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            number = self._channel(command)
            channel = self.settings.channels[number]
            self.settings = self.settings.with_channel(number, replace(channel, **change(command, channel)))

        return handler

    def _get_channel(self, show: Callable[[Channel], str]) -> Handler:
        return lambda command: show(self.settings.channels[self._channel(command)])

    def _set_probe(self, command: Command) -> None:
        number, probe = self._channel(command), command.number()
        if not math.isclose(probe, stepped(probe, 1e-4, 1e5), rel_tol=1e-6):
            raise ScpiError(-222, "Data out of range")
        self.settings = self.settings.with_channel(number, self.settings.channels[number].with_probe(probe))

    def _channel(self, command: Command) -> int:
        number = command.suffixes[0]
        if not 1 <= number <= self.channels:
            raise ScpiError(-114, "Header suffix out of range")
        return number

    def _state(self) -> State:
        """Let a poll take its time, and return what the instrument does."""
        self._acquisition.poll()
        return self._acquisition.state()

    def _single(self) -> None:
        self._acquisition.single(self.settings)

    def _stop(self) -> None:
        self._acquisition.stop(self.settings)

    def _record(self) -> Record[KnobsT] | None:
        """Return the record that there is, made anew while acquiring again and again."""
        self._acquisition.update()
        self._acquisition.refresh(self.settings)
        return self._acquisition.record

    def _screen(self) -> npt.NDArray[Any]:
        """Return the pixels of the screen."""
        record = self._record()
        traces = []
        for number, channel in self.settings.channels.items():
            if record is not None and channel.display:
                stride = max(1, record.shot.depth // 1000)
                samples = self._inputs.samples(record, number, stride=stride)
                traces.append((number, samples.codes / 2.0 ** (samples.bits - 1)))
        return screen(traces)


def stepped(value: float, least: float, greatest: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is not below, but for rounding, within the bounds.

    >>> stepped(0.0041, 1e-3, 10.0), stepped(5e-3, 1e-3, 10.0), stepped(700.0, 1e-3, 10.0)
    (0.005, 0.005, 10.0)
    """
    if not value > least:
        return least
    power = math.floor(math.log10(value) + 1e-9)
    step = next(step for step in _STEPS if value <= step * 10.0**power * (1 + 1e-6))
    return min(float(f"{step}e{power}"), greatest)


def number_of(text: str, prefix: str, most: int) -> int:
    """Return the number that a name like ``CHANnel2`` or ``CHAN2`` ends in; −224 when there is none such."""
    name, short = text.upper(), "".join(letter for letter in prefix if not letter.islower())
    for begin in (prefix.upper(), short):
        digits = name.removeprefix(begin)
        if digits != name and digits.isdecimal() and 1 <= int(digits) <= most:
            return int(digits)
    raise ScpiError(-224, "Illegal parameter value")
