"""A Keysight 34461A multimeter, as far as direct voltages go; also in the words of its predecessor, the 34401A."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.devices.voltmeter import Accuracy, Settings, Voltmeter, shown
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["Keysight34461A"]

# Within a year of calibration, at 23 °C ± 5 °C, of reading and of range.
_RANGES = (
    Accuracy(full_scale=0.1, gain=50e-6, offset=35e-6),
    Accuracy(full_scale=1.0, gain=40e-6, offset=7e-6),
    Accuracy(full_scale=10.0, gain=35e-6, offset=5e-6),
    Accuracy(full_scale=100.0, gain=45e-6, offset=6e-6),
    Accuracy(full_scale=1000.0, gain=45e-6, offset=10e-6),
)
_NOISE = {0.02: 3.0, 0.2: 1.0, 1.0: 0.3, 10.0: 0.1, 100.0: 0.03}
_MOST_READINGS = 10_000
_WORDS = {"MIN", "MAX", "DEF", "MINIMUM", "MAXIMUM", "DEFAULT"}


class Keysight34461A(ScpiDevice):
    """Triggered at once or by ``*TRG``; it measures the node that ``inputs`` names, the sense resistor's if none."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        node = next(iter(config.inputs.values()), "current_sense")
        self._meter = Voltmeter(
            config=config, world=world, seed=seed, name=name, channel="input", node=node, ranges=_RANGES, noise=_NOISE
        )
        self._samples = self._triggers = 1
        self._source = "IMM"
        self._awaited = self._under_way = 0
        self._begun = 0.0
        self._readings: list[float] = []
        super().__init__(name=name, config=config, world=world, seed=seed)

    @override
    def commands(self) -> Mapping[str, Handler]:
        sense = "[:SENSe]:VOLTage[:DC]"
        return {
            ":CONFigure[:VOLTage][:DC]": self._configure,
            ":CONFigure?": lambda _: self._configuration(),
            ":MEASure[:VOLTage][:DC]?": self._measure,
            "[:SENSe]:FUNCtion[:ON]": self._function,
            "[:SENSe]:FUNCtion[:ON]?": lambda _: '"VOLT"',
            f"{sense}:NPLCycles": self._set_cycles,
            f"{sense}:NPLCycles?": lambda _: shown(self._settings.cycles),
            f"{sense}:RANGe[:UPPer]": self._set_range,
            f"{sense}:RANGe[:UPPer]?": lambda _: shown(self._meter.full_scale),
            f"{sense}:RANGe:AUTO": self._set_autorange,
            f"{sense}:RANGe:AUTO?": lambda _: str(int(self._settings.full_scale is None)),
            f"{sense}:RESolution": lambda c: self._changing(self._meter.resolve_to, c),
            f"{sense}:RESolution?": lambda _: shown(self._meter.resolution),
            **self._switches(f"{sense}:ZERO:AUTO", "autozero"),
            **self._switches("[:SENSe]:ZERO:AUTO", "autozero"),
            **self._switches(f"{sense}:IMPedance:AUTO", "impedance_auto"),
            **self._switches(":INPut:IMPedance:AUTO", "impedance_auto"),
            ":SAMPle:COUNt": lambda c: self._set_count(c, "_samples"),
            ":SAMPle:COUNt?": lambda _: shown(self._samples),
            ":TRIGger:SOURce": self._set_source,
            ":TRIGger:SOURce?": lambda _: self._source,
            ":TRIGger:COUNt": lambda c: self._set_count(c, "_triggers"),
            ":TRIGger:COUNt?": lambda _: shown(self._triggers),
            ":ABORt": lambda _: self._abandon(),
            ":INITiate[:IMMediate]": lambda _: self._initiate(),
            "*TRG": lambda _: self._trigger(),
            ":FETCh?": lambda _: self._fetch(),
            ":READ?": lambda _: self._read(),
            ":DATA:POINts?": lambda _: shown(len(self._done())),
            ":ROUTe:TERMinals?": lambda _: "FRON",
            ":SYSTem:VERSion?": lambda _: "1994.0",
        }

    @override
    def reset(self) -> None:
        self._meter.settings = Settings()
        self._samples, self._triggers, self._source = 1, 1, "IMM"
        self._abandon()

    @override
    def wait_complete(self) -> None:
        """Wait until readings under way are taken."""
        self._done()

    # --- settings -----------------------------------------------------------------------------------------------------

    @property
    def _settings(self) -> Settings:
        return self._meter.settings

    def _switches(self, header: str, attribute: str) -> dict[str, Handler]:
        def switch(command: Command) -> None:
            self._abandon()
            once = command.argument().upper() == "ONCE"
            setattr(self._settings, attribute, False if once else command.boolean())

        return {header: switch, f"{header}?": lambda _: str(int(getattr(self._settings, attribute)))}

    def _changing(self, change: Callable[[float], None], command: Command) -> None:
        """Make a change, after which readings under way are gone."""
        self._abandon()
        change(command.number())

    def _set_cycles(self, command: Command) -> None:
        word = command.argument().upper()
        if word in _WORDS:
            self._abandon()
            self._settings.cycles = {"MIN": min(_NOISE), "MAX": max(_NOISE), "DEF": 10.0}[word[:3]]
        else:
            self._changing(self._meter.set_cycles, command)

    def _set_range(self, command: Command) -> None:
        self._abandon()
        self._apply_range(command, 0)

    def _set_autorange(self, command: Command) -> None:
        self._abandon()
        if command.argument().upper() != "ONCE" and command.boolean():
            self._settings.full_scale = None
        elif self._settings.full_scale is None:
            self._settings.full_scale = self._meter.full_scale

    def _set_count(self, command: Command, attribute: str) -> None:
        word = command.argument().upper()
        named = {"MIN": 1.0, "DEF": 1.0, "MAX": float(_MOST_READINGS)}
        count = named[word[:3]] if word in _WORDS else command.number()
        if not 1 <= count <= _MOST_READINGS:
            raise ScpiError(-222, "Data out of range")
        self._abandon()
        setattr(self, attribute, int(count))

    def _set_source(self, command: Command) -> None:
        self._abandon()
        self._source = command.choice("IMMediate", "EXTernal", "BUS")

    def _function(self, command: Command) -> None:
        if command.argument().upper().removesuffix(":DC") not in {"VOLT", "VOLTAGE"}:
            raise ScpiError(-224, "Illegal parameter value")
        self._abandon()

    def _configure(self, command: Command) -> None:
        self.reset()
        if command.arguments:
            self._apply_range(command, 0)
        if len(command.arguments) > 1 and command.argument(1).upper() not in _WORDS:
            self._meter.resolve_to(command.number(1))

    def _apply_range(self, command: Command, index: int) -> None:
        word = command.argument(index).upper()
        if word in {"AUTO", "DEF", "DEFAULT"}:
            self._settings.full_scale = None
        elif word in _WORDS:
            self._settings.full_scale = _RANGES[0 if word.startswith("MIN") else -1].full_scale
        else:
            self._meter.set_range(command.number(index))

    def _configuration(self) -> str:
        return f'"VOLT {shown(self._meter.full_scale)},{shown(self._meter.resolution)}"'

    # --- readings -----------------------------------------------------------------------------------------------------

    def _abandon(self) -> None:
        """Forget readings: they were taken otherwise than is set now."""
        self._awaited, self._under_way, self._readings = 0, 0, []

    def _initiate(self) -> None:
        self._abandon()
        self._awaited = self._triggers
        if self._source == "IMM":
            self._begin(self._triggers)

    def _trigger(self) -> None:
        """Take a trigger over the bus; one that comes while readings are taken is not heard."""
        busy = self._under_way and self.world.now < self._begun + self._under_way * self._meter.duration
        if not self._awaited or self._source != "BUS" or busy:
            raise ScpiError(-211, "Trigger ignored")
        self._done()
        self._begin(1)

    def _begin(self, triggers: int) -> None:
        """Begin to take the readings of so many triggers; who commanded that need not wait for them."""
        self._awaited -= triggers
        self._begun, self._under_way = self.world.now, triggers * self._samples

    def _done(self) -> list[float]:
        """Return the readings so far, when those under way are all taken; none before anything was triggered."""
        begun, each, count = self._begun, self._meter.duration, self._under_way
        if count:
            self.world.advance_to(begun + count * each)
            self._readings += [self._meter.read(begun + k * each) for k in range(count)]
            self._under_way = 0
        return self._readings

    def _fetch(self) -> str:
        readings = self._done()
        if not readings:
            raise ScpiError(-230, "Data corrupt or stale")
        return ",".join(map(shown, readings))

    def _read(self) -> str | None:
        if self._source == "BUS":
            raise ScpiError(-214, "Trigger deadlock")
        self._initiate()
        if self._source == "EXT":  # nothing is wired to that input: whoever asks waits in vain
            return None
        return self._fetch()

    def _measure(self, command: Command) -> str | None:
        self._configure(command)
        return self._read()
