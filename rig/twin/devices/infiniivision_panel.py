"""The settings of an InfiniiVision oscilloscope, and the commands that make and tell them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.twin.devices import infiniivision_settings as scope
from rig.twin.devices.infiniivision_settings import ChannelSettings, Readout, Settings
from rig.twin.devices.infiniivision_text import (
    channel_number,
    channel_suffix,
    engineering,
    flag,
    points,
    real,
    seconds,
    volts,
)
from rig.twin.devices.scope_inputs import physical_probe
from rig.twin.scpi_syntax import Command, ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rig.twin.config import InstrumentConfig

    Handler = Callable[[Command], str | bytes | None]

__all__ = ["Panel"]

_SLOPES = {"POS": 1, "NEG": -1, "EITH": 0, "ALT": 0}
_LARGEST_PROBE, _SMALLEST_PROBE = 10_000.0, 0.1
_MOST_SEGMENTS = 1000


class Panel:
    """All knobs: ``settings`` for the next acquisition and ``readout`` for handing over a record."""

    def __init__(self, config: InstrumentConfig) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Return to the factory's settings; probes are sensed."""
        self.settings, self.readout = self._defaults(), Readout()

    def _defaults(self) -> Settings:
        settings = Settings(memory=self._config.memory or scope.MEMORY)
        for number in range(1, scope.CHANNELS + 1):
            plain = ChannelSettings(label=str(number), display=number == 1)
            settings = settings.with_channel(number, plain.with_probe(physical_probe(self._config, number)))
        return settings

    def commands(self) -> Mapping[str, Handler]:
        """Header → what it does."""
        return {
            **self._channel_commands(),
            **self._timebase_commands(),
            **self._trigger_commands(),
            **self._readout_commands(),
        }

    def _channel_commands(self) -> Mapping[str, Handler]:
        root = ":CHANnel<n>"
        return {
            f"{root}?": self._describe_channel,
            f"{root}:DISPlay": self._set_channel(lambda c: {"display": c.boolean()}),
            f"{root}:DISPlay?": self._get_channel(lambda channel: flag(channel.display)),
            f"{root}:PROBe": self._set_probe,
            f"{root}:PROBe?": self._get_channel(lambda channel: real(channel.probe)),
            f"{root}:COUPling": self._set_channel(lambda c: {"coupling": c.choice("DC", "AC")}),
            f"{root}:COUPling?": self._get_channel(lambda channel: channel.coupling),
            f"{root}:IMPedance": self._set_channel(lambda c: {"impedance": c.choice("ONEMeg")}),
            f"{root}:IMPedance?": self._get_channel(lambda channel: channel.impedance),
            f"{root}:BWLimit": self._set_channel(lambda c: {"bandwidth_limit": c.boolean()}),
            f"{root}:BWLimit?": self._get_channel(lambda channel: flag(channel.bandwidth_limit)),
            f"{root}:INVert": self._set_channel(lambda c: {"invert": c.boolean()}),
            f"{root}:INVert?": self._get_channel(lambda channel: flag(channel.invert)),
            f"{root}:LABel": self._set_channel(lambda c: {"label": c.argument()[:10].upper()}),
            f"{root}:LABel?": self._get_channel(lambda channel: f'"{channel.label}"'),
            f"{root}:OFFSet": self._set_channel(lambda c: {"offset": volts(c)}),
            f"{root}:OFFSet?": self._get_channel(lambda channel: real(channel.offset)),
            f"{root}:RANGe": lambda c: self._set_range(c, volts(c)),
            f"{root}:RANGe?": self._get_channel(lambda channel: real(channel.range)),
            f"{root}:SCALe": lambda c: self._set_range(c, volts(c) * scope.DIVISIONS_HIGH),
            f"{root}:SCALe?": self._get_channel(lambda channel: real(channel.range / scope.DIVISIONS_HIGH)),
            f"{root}:UNITs": _only("VOLT"),
            f"{root}:UNITs?": self._get_channel(lambda _: "VOLT"),
        }

    def _timebase_commands(self) -> Mapping[str, Handler]:
        return {
            ":TIMebase?": lambda _: (
                f":TIM:MODE MAIN;REF {self.settings.reference};"
                f"MAIN:RANG {self.settings.window:+.2E};POS {self.settings.position:+.1E}"
            ),
            ":TIMebase:MODE": _only("MAIN"),
            ":TIMebase:MODE?": lambda _: "MAIN",
            ":TIMebase:REFerence": self._set(lambda c: {"reference": c.choice("LEFT", "CENTer", "RIGHt")}),
            ":TIMebase:REFerence?": lambda _: self.settings.reference,
            ":TIMebase:POSition": self._set(lambda c: {"position": seconds(c)}),
            ":TIMebase:POSition?": lambda _: f"{self.settings.position:+.12E}",
            ":TIMebase:RANGe": lambda c: self._set_window(seconds(c)),
            ":TIMebase:RANGe?": lambda _: f"{self.settings.window:+.12E}",
            ":TIMebase:SCALe": lambda c: self._set_window(seconds(c) * scope.DIVISIONS_ACROSS),
            ":TIMebase:SCALe?": lambda _: f"{self.settings.window / scope.DIVISIONS_ACROSS:+.12E}",
        }

    def _trigger_commands(self) -> Mapping[str, Handler]:
        return {
            ":TRIGger:MODE": _only("EDGE"),
            ":TRIGger:MODE?": lambda _: "EDGE",
            ":TRIGger:SWEep": self._set(lambda c: {"sweep": c.choice("AUTO", "NORMal")}),
            ":TRIGger:SWEep?": lambda _: self.settings.sweep,
            ":TRIGger[:EDGE]:SOURce": self._set(lambda c: {"trigger_channel": channel_number(c.argument())}),
            ":TRIGger[:EDGE]:SOURce?": lambda _: f"CHAN{self.settings.trigger_channel}",
            ":TRIGger[:EDGE]:SLOPe": self._set(
                lambda c: {"trigger_slope": _SLOPES[c.choice("POSitive", "NEGative", "EITHer", "ALTernate")]}
            ),
            ":TRIGger[:EDGE]:SLOPe?": lambda _: {1: "POS", -1: "NEG", 0: "EITH"}[self.settings.trigger_slope],
            ":TRIGger[:EDGE]:COUPling": _only("DC"),
            ":TRIGger[:EDGE]:COUPling?": lambda _: "DC",
            ":TRIGger[:EDGE]:LEVel": self._set_level,
            ":TRIGger[:EDGE]:LEVel?": lambda c: real(self.settings.trigger_levels.get(self._level_source(c, 0), 0.0)),
        }

    def _readout_commands(self) -> Mapping[str, Handler]:
        return {
            ":ACQuire:TYPE": self._set(lambda c: {"acquisition": c.choice("NORMal", "AVERage", "HRESolution")}),
            ":ACQuire:TYPE?": lambda _: self.settings.acquisition,
            ":ACQuire:COUNt": self._set(lambda c: {"averages": _within(c, 2, 65536)}),
            ":ACQuire:COUNt?": lambda _: f"{self.settings.averages:+d}",
            ":ACQuire:MODE": self._set(lambda c: {"segmented": c.choice("RTIMe", "SEGMented") == "SEGM"}),
            ":ACQuire:MODE?": lambda _: "SEGM" if self.settings.segmented else "RTIM",
            ":ACQuire:SEGMented:COUNt": self._set(lambda c: {"segments": _within(c, 2, _MOST_SEGMENTS)}),
            ":ACQuire:SEGMented:COUNt?": lambda _: f"{self.settings.segments:+d}",
            ":ACQuire:SEGMented:INDex": self._read_as(lambda c: {"segment": _within(c, 1, _MOST_SEGMENTS)}),
            ":ACQuire:SEGMented:INDex?": lambda _: f"{self.readout.segment:+d}",
            ":ACQuire:POINts?": lambda _: f"{self.settings.depth:+d}",
            ":ACQuire:SRATe?": lambda _: real(self.settings.sample_rate),
            ":WAVeform:SOURce": self._read_as(lambda c: {"source": channel_number(c.argument())}),
            ":WAVeform:SOURce?": lambda _: f"CHAN{self.readout.source}",
            ":WAVeform:POINts:MODE": self._read_as(lambda c: {"mode": c.choice("NORMal", "MAXimum", "RAW")}),
            ":WAVeform:POINts:MODE?": lambda _: self.readout.mode,
            ":WAVeform:POINts": self._read_as(lambda c: {"points": points(c)}),
            ":WAVeform:FORMat": self._read_as(lambda c: {"format": c.choice("BYTE", "WORD", "ASCii")}),
            ":WAVeform:FORMat?": lambda _: self.readout.format,
            ":WAVeform:BYTeorder": self._read_as(
                lambda c: {"most_significant_first": c.choice("MSBFirst", "LSBFirst") == "MSBF"}
            ),
            ":WAVeform:BYTeorder?": lambda _: "MSBF" if self.readout.most_significant_first else "LSBF",
            ":WAVeform:UNSigned": self._read_as(lambda c: {"unsigned": c.boolean()}),
            ":WAVeform:UNSigned?": lambda _: flag(self.readout.unsigned),
        }

    def _set(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            self.settings = replace(self.settings, **change(command))

        return handler

    def _read_as(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            self.readout = replace(self.readout, **change(command))

        return handler

    def _set_channel(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            number = channel_suffix(command)
            self.settings = self.settings.with_channel(
                number, replace(self.settings.channels[number], **change(command))
            )

        return handler

    def _get_channel(self, show: Callable[[ChannelSettings], str]) -> Handler:
        return lambda command: show(self.settings.channels[channel_suffix(command)])

    def _set_probe(self, command: Command) -> None:
        number, probe = channel_suffix(command), command.number()
        if not _SMALLEST_PROBE <= probe <= _LARGEST_PROBE:
            raise ScpiError(-222, "Data out of range")
        channel = self.settings.channels[number]
        levels = dict(self.settings.trigger_levels)
        if number in levels:
            levels[number] *= probe / channel.probe
        self.settings = replace(self.settings.with_channel(number, channel.with_probe(probe)), trigger_levels=levels)

    def _set_range(self, command: Command, asked: float) -> None:
        number = channel_suffix(command)
        channel = self.settings.channels[number]
        least, greatest = scope.NARROWEST_RANGE * channel.probe, scope.WIDEST_RANGE * channel.probe
        legal = min(max(asked, least), greatest)
        self.settings = self.settings.with_channel(number, replace(channel, range=legal))
        if not math.isclose(legal, asked, rel_tol=1e-9):
            raise ScpiError(-222, "Data out of range")

    def _set_window(self, asked: float) -> None:
        legal = min(max(asked, scope.SHORTEST_WINDOW), scope.LONGEST_WINDOW)
        self.settings = replace(self.settings, window=legal)
        if not math.isclose(legal, asked, rel_tol=1e-9):
            raise ScpiError(-222, "Data out of range")

    def _level_source(self, command: Command, index: int) -> int:
        explicit = len(command.arguments) > index
        return channel_number(command.argument(index)) if explicit else self.settings.trigger_channel

    def _set_level(self, command: Command) -> None:
        source = self._level_source(command, 1)
        levels = {**self.settings.trigger_levels, source: volts(command)}
        self.settings = replace(self.settings, trigger_levels=levels)

    def _describe_channel(self, command: Command) -> str:
        number = channel_suffix(command)
        channel = self.settings.channels[number]
        return (
            f":CHAN{number}:RANG {engineering(channel.range)};OFFS {channel.offset:+.5E};COUP {channel.coupling};"
            f"IMP {channel.impedance};DISP {channel.display:d};BWL {channel.bandwidth_limit:d};"
            f'INV {channel.invert:d};LAB "{channel.label}";UNIT VOLT;PROB {engineering(channel.probe, 2)};'
            "PROB:SKEW +0.00E+00;STYP SING"
        )


def _within(command: Command, least: int, greatest: int) -> int:
    number = command.number()
    if not least <= number <= greatest:
        raise ScpiError(-222, "Data out of range")
    return int(number)


def _only(word: str) -> Handler:
    """A setting that has one value only."""

    def handler(command: Command) -> None:
        command.choice(word)

    return handler
