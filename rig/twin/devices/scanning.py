"""The measuring function of a 34970A: a multimeter that scans the channels of a multiplexer for direct voltages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.devices.voltmeter import Accuracy, Settings, Voltmeter, shown
from rig.twin.scpi_syntax import Command, ScpiError, channel_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["Scanning"]

# Within a year of calibration, at 23 °C ± 5 °C, of reading and of range.
_RANGES = (
    Accuracy(full_scale=0.1, gain=50e-6, offset=40e-6),
    Accuracy(full_scale=1.0, gain=40e-6, offset=7e-6),
    Accuracy(full_scale=10.0, gain=35e-6, offset=5e-6),
    Accuracy(full_scale=100.0, gain=45e-6, offset=6e-6),
    Accuracy(full_scale=300.0, gain=45e-6, offset=30e-6),
)
_NOISE = {0.02: 25.0, 0.2: 2.5, 1.0: 0.8, 2.0: 0.55, 10.0: 0.3, 20.0: 0.2, 100.0: 0.1, 200.0: 0.06}
_RELAY = 2e-3
"""How long a multiplexer's channel takes to close before it is measured, s."""

_MOST_SCANS, _LONGEST_PERIOD = 50_000, 359_999.0


class Scanning:
    """The channels that the configuration's ``inputs`` name, each with settings of its own."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self._world = world
        self._meters = {
            int(channel): Voltmeter(
                config=config,
                world=world,
                seed=seed,
                name=name,
                channel=channel,
                node=node,
                ranges=_RANGES,
                noise=_NOISE,
                settings=Settings(cycles=1.0),
            )
            for channel, node in config.inputs.items()
        }
        self._scan: tuple[int, ...] = ()
        self._source, self._triggers, self._period = "IMM", 1, 10.0
        self._abandon()

    def reset(self) -> None:
        """Scan nothing, and forget what was set."""
        self._scan, self._source, self._triggers, self._period = (), "IMM", 1, 10.0
        self._abandon()
        for meter in self._meters.values():
            meter.settings = Settings(cycles=1.0)

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        sense = "[:SENSe]:VOLTage[:DC]"
        return {
            ":CONFigure[:VOLTage][:DC]": self._configure,
            ":MEASure[:VOLTage][:DC]?": self._measure,
            ":ROUTe:SCAN": self._set_scan,
            ":ROUTe:SCAN?": lambda _: self._shown_scan(),
            f"{sense}:NPLCycles": lambda c: self._each(c, 1, lambda meter: meter.set_cycles(c.number())),
            f"{sense}:NPLCycles?": lambda c: self._told(c, lambda meter: shown(meter.settings.cycles)),
            f"{sense}:RANGe": lambda c: self._each(c, 1, lambda meter: meter.set_range(c.number())),
            f"{sense}:RANGe?": lambda c: self._told(c, lambda meter: shown(meter.full_scale)),
            f"{sense}:RANGe:AUTO": lambda c: self._each(c, 1, lambda meter: _autorange(meter, on=c.boolean())),
            f"{sense}:RANGe:AUTO?": lambda c: self._told(c, lambda one: str(int(one.settings.full_scale is None))),
            "[:SENSe]:ZERO:AUTO": lambda c: self._each(c, 1, lambda meter: _autozero(meter, on=c.boolean())),
            "[:SENSe]:ZERO:AUTO?": lambda c: self._told(c, lambda meter: str(int(meter.settings.autozero))),
            ":TRIGger:SOURce": self._set_source,
            ":TRIGger:SOURce?": lambda _: self._source,
            ":TRIGger:COUNt": self._set_triggers,
            ":TRIGger:COUNt?": lambda _: shown(self._triggers),
            ":TRIGger:TIMer": self._set_period,
            ":TRIGger:TIMer?": lambda _: shown(self._period),
            ":INITiate[:IMMediate]": lambda _: self._initiate(),
            ":ABORt": lambda _: self._abandon(),
            "*TRG": lambda _: self._trigger(),
            ":FETCh?": lambda _: self._fetch(),
            ":READ?": lambda _: self._read(),
            ":INSTrument:DMM?": lambda _: "1",
            ":INSTrument:DMM:INSTalled?": lambda _: "1",
        }

    # --- channel lists ------------------------------------------------------------------------------------------------

    def _list(self, text: str) -> tuple[int, ...]:
        return tuple(channel_numbers(text, self._meters))

    def _named(self, command: Command, index: int) -> tuple[int, ...]:
        """Return the channels that a command names, or those of the scan list where it names none."""
        return self._list(command.argument(index)) if index < len(command.arguments) else self._scan

    def _each(self, command: Command, index: int, change: Callable[[Voltmeter], None]) -> None:
        for number in self._named(command, index):
            change(self._meters[number])

    def _told(self, command: Command, tell: Callable[[Voltmeter], str]) -> str:
        return ",".join(tell(self._meters[number]) for number in self._named(command, 0))

    # --- scanning -----------------------------------------------------------------------------------------------------

    def _set_scan(self, command: Command) -> None:
        empty = command.argument().replace(" ", "") == "(@)"
        self._scan = () if empty else self._list(command.argument())
        self._abandon()

    def _shown_scan(self) -> str:
        text = f"(@{','.join(map(str, self._scan))})"
        return f"#{len(str(len(text)))}{len(text)}{text}"

    def _configure(self, command: Command) -> None:
        *settings, channels = command.arguments or ("",)
        if not channels.startswith("(@"):
            raise ScpiError(-109, "Missing parameter")
        self._scan, self._source, self._triggers = self._list(channels), "IMM", 1
        self._abandon()
        for number in self._scan:
            meter = self._meters[number]
            meter.settings = Settings(cycles=1.0)
            if settings and settings[0].upper() not in {"AUTO", "DEF", "DEFAULT"}:
                meter.set_range(command.number(0))
            if len(settings) > 1 and settings[1].upper() not in {"DEF", "DEFAULT"}:
                meter.resolve_to(command.number(1))

    def _set_source(self, command: Command) -> None:
        source = command.choice("IMMediate", "BUS", "TIMer", "EXTernal")
        self._abandon()
        self._source = source

    def _set_triggers(self, command: Command) -> None:
        count = command.number()
        if not 1 <= count <= _MOST_SCANS:
            raise ScpiError(-222, "Data out of range")
        self._abandon()
        self._triggers = int(count)

    def _set_period(self, command: Command) -> None:
        period = command.number()
        if not 0 <= period <= _LONGEST_PERIOD:
            raise ScpiError(-222, "Data out of range")
        self._abandon()
        self._period = period

    def _abandon(self) -> None:
        """Forget readings, and what was to be read yet."""
        self._awaited, self._planned, self._free = 0, list[tuple[int, float]](), 0.0
        self._readings: list[float] = []

    def _initiate(self) -> None:
        if not self._scan:
            raise ScpiError(-221, "Settings conflict; scan list is empty")
        self._abandon()
        self._awaited = self._triggers
        begun = self._world.now
        for k in range(self._triggers if self._source in {"IMM", "TIM"} else 0):
            self._sweep(max(begun + k * self._period, self._free) if self._source == "TIM" else self._free or begun)

    def _trigger(self) -> None:
        if not self._awaited or self._source != "BUS" or self._world.now < self._free:
            raise ScpiError(-211, "Trigger ignored")
        self._sweep(self._world.now)

    def _sweep(self, begun: float) -> None:
        """Plan one scan of the list: whoever commanded it need not wait for it."""
        self._awaited -= 1
        for number in self._scan:
            begun += _RELAY
            self._planned.append((number, begun))
            begun += self._meters[number].duration
        self._free = begun

    def finish(self) -> None:
        """Wait until what is planned has been read."""
        planned, self._planned = self._planned, []
        for number, begun in planned:
            meter = self._meters[number]
            self._world.advance_to(begun + meter.duration)
            self._readings.append(meter.read(begun))

    def _fetch(self) -> str:
        self.finish()
        if not self._readings:
            raise ScpiError(-230, "Data stale")
        return ",".join(map(shown, self._readings))

    def _read(self) -> str | None:
        if self._source == "BUS":
            raise ScpiError(-214, "Trigger deadlock")
        self._initiate()
        return None if self._source == "EXT" else self._fetch()  # nothing is wired to that input: it waits in vain

    def _measure(self, command: Command) -> str | None:
        self._configure(command)
        return self._read()


def _autorange(meter: Voltmeter, *, on: bool) -> None:
    meter.settings.full_scale = None if on else meter.full_scale


def _autozero(meter: Voltmeter, *, on: bool) -> None:
    meter.settings.autozero = on
