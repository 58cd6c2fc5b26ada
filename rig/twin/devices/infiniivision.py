"""The virtual oscilloscope: an InfiniiVision's SCPI dialect on a raw socket."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.twin.devices import infiniivision_settings as scope
from rig.twin.devices.infiniivision_acquisition import Acquisition, Inputs, physical_probe
from rig.twin.devices.infiniivision_record import encode, preamble
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
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError, block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

    Handler = Callable[[Command], str | bytes | None]

__all__ = ["Infiniivision"]

_SLOPES = {"POS": 1, "NEG": -1, "EITH": 0, "ALT": 0}
_LARGEST_PROBE, _SMALLEST_PROBE = 10_000.0, 0.1
# A poll takes its time on a real instrument too; without this, polling alone would never see anything happen.
_POLL = 1e-3
_OPERATION_COMPLETE = 1


class Infiniivision(ScpiDevice):
    """A four-channel oscilloscope of 8 bits; ``inputs`` of its configuration wires ``"1"`` … ``"4"`` to nodes."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._inputs = Inputs(name=name, config=config, world=world, seed=seed)
        self._acquisition = Acquisition(world=world, config=config, faults=self.faults)
        self._settings, self._readout = self._defaults(), Readout()
        self._digitizing = self._tell_when_complete = False

    @property
    def arming_latency(self) -> float:
        """From ``:SINGle`` to the begin of acquiring, s; the old state is reported meanwhile."""
        return self._acquisition.latency

    @arming_latency.setter
    def arming_latency(self, seconds: float) -> None:
        self._acquisition.latency = seconds

    def _defaults(self) -> Settings:
        settings = Settings(memory=self.config.memory or scope.MEMORY)
        for number in range(1, scope.CHANNELS + 1):
            plain = ChannelSettings(label=str(number), display=number == 1)
            settings = settings.with_channel(number, plain.with_probe(physical_probe(self.config, number)))
        return settings

    def reset(self) -> None:
        """Return to the factory's settings, acquiring again and again."""
        self._settings, self._readout = self._defaults(), Readout()
        latency = self._acquisition.latency
        self._acquisition = Acquisition(world=self.world, config=self.config, faults=self.faults)
        self._acquisition.latency = latency
        self._digitizing = self._tell_when_complete = False

    def wait_complete(self) -> None:
        """Wait for a ``:DIGitize``; a ``:SINGle`` is nothing that ``*WAI`` would wait for."""
        if self._digitizing:
            self._digitizing = not self._acquisition.wait()

    # --- the commands ---------------------------------------------------------------------------------------------

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does; ``:DIGitize`` holds up everything that follows it."""
        free = {":STOP": self._stop, ":RUN": self._run, ":TRIGger:FORCe": self._force}
        table = {
            **self._channel_commands(),
            **self._timebase_commands(),
            **self._trigger_commands(),
            **self._acquisition_commands(),
            **self._waveform_commands(),
        }
        return {**{header: self._after_digitizing(handler) for header, handler in table.items()}, **free}

    def _channel_commands(self) -> Mapping[str, Handler]:
        root = ":CHANnel<n>"
        return {
            f"{root}?": self._describe_channel,
            f"{root}:DISPlay": self._set_channel(lambda c: {"display": c.boolean()}),
            f"{root}:DISPlay?": self._get_channel(lambda channel: flag(channel.display)),
            f"{root}:PROBe": self._set_probe,
            f"{root}:PROBe?": self._get_channel(lambda channel: real(channel.probe)),
            f"{root}:COUPling": _only("DC"),
            f"{root}:COUPling?": self._get_channel(lambda _: "DC"),
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
                f":TIM:MODE MAIN;REF {self._settings.reference};"
                f"MAIN:RANG {self._settings.window:+.2E};POS {self._settings.position:+.1E}"
            ),
            ":TIMebase:MODE": _only("MAIN"),
            ":TIMebase:MODE?": lambda _: "MAIN",
            ":TIMebase:REFerence": self._set(lambda c: {"reference": c.choice("LEFT", "CENTer", "RIGHt")}),
            ":TIMebase:REFerence?": lambda _: self._settings.reference,
            ":TIMebase:POSition": self._set(lambda c: {"position": seconds(c)}),
            ":TIMebase:POSition?": lambda _: f"{self._settings.position:+.12E}",
            ":TIMebase:RANGe": lambda c: self._set_window(seconds(c)),
            ":TIMebase:RANGe?": lambda _: f"{self._settings.window:+.12E}",
            ":TIMebase:SCALe": lambda c: self._set_window(seconds(c) * scope.DIVISIONS_ACROSS),
            ":TIMebase:SCALe?": lambda _: f"{self._settings.window / scope.DIVISIONS_ACROSS:+.12E}",
        }

    def _trigger_commands(self) -> Mapping[str, Handler]:
        return {
            ":TRIGger:MODE": _only("EDGE"),
            ":TRIGger:MODE?": lambda _: "EDGE",
            ":TRIGger:SWEep": self._set(lambda c: {"sweep": c.choice("AUTO", "NORMal")}),
            ":TRIGger:SWEep?": lambda _: self._settings.sweep,
            ":TRIGger[:EDGE]:SOURce": self._set(lambda c: {"trigger_channel": channel_number(c.argument())}),
            ":TRIGger[:EDGE]:SOURce?": lambda _: f"CHAN{self._settings.trigger_channel}",
            ":TRIGger[:EDGE]:SLOPe": self._set(
                lambda c: {"trigger_slope": _SLOPES[c.choice("POSitive", "NEGative", "EITHer", "ALTernate")]}
            ),
            ":TRIGger[:EDGE]:SLOPe?": lambda _: {1: "POS", -1: "NEG", 0: "EITH"}[self._settings.trigger_slope],
            ":TRIGger[:EDGE]:COUPling": _only("DC"),
            ":TRIGger[:EDGE]:COUPling?": lambda _: "DC",
            ":TRIGger[:EDGE]:LEVel": self._set_level,
            ":TRIGger[:EDGE]:LEVel?": lambda c: real(self._settings.trigger_levels.get(self._level_source(c, 0), 0.0)),
        }

    def _acquisition_commands(self) -> Mapping[str, Handler]:
        return {
            ":ACQuire:TYPE": self._set(lambda c: {"acquisition": c.choice("NORMal", "HRESolution")}),
            ":ACQuire:TYPE?": lambda _: self._settings.acquisition,
            ":ACQuire:POINts?": lambda _: f"{self._settings.depth:+d}",
            ":ACQuire:SRATe?": lambda _: real(self._settings.sample_rate),
            ":SINGle": self._single,
            ":DIGitize": self._digitize,
            ":AER?": lambda _: self._read_event("armed_event"),
            ":TER?": lambda _: self._read_event("trigger_event"),
            ":OPERegister:CONDition?": lambda _: self._condition(),
            ":OVLRegister?": lambda _: "+0",
            "*CLS": lambda _: self._clear_all(),
            "*ESR?": lambda _: self._event_status_now(),
            "*OPC": lambda _: self._complete_later(),
            "*OPC?": lambda _: None if self._acquisition.pending and self._digitizing else "1",
        }

    def _waveform_commands(self) -> Mapping[str, Handler]:
        return {
            ":WAVeform?": lambda _: self._describe_waveform(),
            ":WAVeform:SOURce": self._read_as(lambda c: {"source": channel_number(c.argument())}),
            ":WAVeform:SOURce?": lambda _: f"CHAN{self._readout.source}",
            ":WAVeform:POINts:MODE": self._read_as(lambda c: {"mode": c.choice("NORMal", "MAXimum", "RAW")}),
            ":WAVeform:POINts:MODE?": lambda _: self._readout.mode,
            ":WAVeform:POINts": self._read_as(lambda c: {"points": points(c)}),
            ":WAVeform:POINts?": lambda _: f"{preamble(self._shown(), self._readout).points:+d}",
            ":WAVeform:FORMat": self._read_as(lambda c: {"format": c.choice("BYTE", "WORD", "ASCii")}),
            ":WAVeform:FORMat?": lambda _: self._readout.format,
            ":WAVeform:BYTeorder": self._read_as(
                lambda c: {"most_significant_first": c.choice("MSBFirst", "LSBFirst") == "MSBF"}
            ),
            ":WAVeform:BYTeorder?": lambda _: "MSBF" if self._readout.most_significant_first else "LSBF",
            ":WAVeform:UNSigned": self._read_as(lambda c: {"unsigned": c.boolean()}),
            ":WAVeform:UNSigned?": lambda _: flag(self._readout.unsigned),
            ":WAVeform:PREamble?": lambda _: str(preamble(self._shown(), self._readout)),
            ":WAVeform:DATA?": lambda _: self._data(),
        }

    # --- setting --------------------------------------------------------------------------------------------------

    def _set(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            self._settings = replace(self._settings, **change(command))

        return handler

    def _read_as(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            self._readout = replace(self._readout, **change(command))

        return handler

    def _set_channel(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            number = channel_suffix(command)
            self._settings = self._settings.with_channel(
                number, replace(self._settings.channels[number], **change(command))
            )

        return handler

    def _get_channel(self, show: Callable[[ChannelSettings], str]) -> Handler:
        return lambda command: show(self._settings.channels[channel_suffix(command)])

    def _set_probe(self, command: Command) -> None:
        number, probe = channel_suffix(command), command.number()
        if not _SMALLEST_PROBE <= probe <= _LARGEST_PROBE:
            raise ScpiError(-222, "Data out of range")
        channel = self._settings.channels[number]
        levels = dict(self._settings.trigger_levels)
        if number in levels:
            levels[number] *= probe / channel.probe
        self._settings = replace(self._settings.with_channel(number, channel.with_probe(probe)), trigger_levels=levels)

    def _set_range(self, command: Command, asked: float) -> None:
        number = channel_suffix(command)
        channel = self._settings.channels[number]
        least, greatest = scope.NARROWEST_RANGE * channel.probe, scope.WIDEST_RANGE * channel.probe
        legal = min(max(asked, least), greatest)
        self._settings = self._settings.with_channel(number, replace(channel, range=legal))
        if not math.isclose(legal, asked, rel_tol=1e-9):
            raise ScpiError(-222, "Data out of range")

    def _set_window(self, asked: float) -> None:
        legal = min(max(asked, scope.SHORTEST_WINDOW), scope.LONGEST_WINDOW)
        self._settings = replace(self._settings, window=legal)
        if not math.isclose(legal, asked, rel_tol=1e-9):
            raise ScpiError(-222, "Data out of range")

    def _level_source(self, command: Command, index: int) -> int:
        explicit = len(command.arguments) > index
        return channel_number(command.argument(index)) if explicit else self._settings.trigger_channel

    def _set_level(self, command: Command) -> None:
        source = self._level_source(command, 1)
        levels = {**self._settings.trigger_levels, source: volts(command)}
        self._settings = replace(self._settings, trigger_levels=levels)

    def _describe_channel(self, command: Command) -> str:
        number = channel_suffix(command)
        channel = self._settings.channels[number]
        return (
            f":CHAN{number}:RANG {engineering(channel.range)};OFFS {channel.offset:+.5E};COUP DC;"
            f"IMP {channel.impedance};DISP {channel.display:d};BWL {channel.bandwidth_limit:d};"
            f'INV {channel.invert:d};LAB "{channel.label}";UNIT VOLT;PROB {engineering(channel.probe, 2)};'
            "PROB:SKEW +0.00E+00;STYP SING"
        )

    def _describe_waveform(self) -> str:
        readout = self._readout
        order = "MSBF" if readout.most_significant_first else "LSBF"
        return (
            f":WAV:UNS {readout.unsigned:d};VIEW MAIN;BYT {order};FORM {readout.format};"
            f"POIN {preamble(self._shown(), readout).points:+d};SOUR CHAN{readout.source};SOUR:SUBS NONE"
        )

    # --- acquiring ------------------------------------------------------------------------------------------------

    def _after_digitizing(self, handler: Handler) -> Handler:
        def handled(command: Command) -> str | bytes | None:
            self.wait_complete()
            reply = handler(command)
            self._notice_completion()
            return reply

        return handled

    def _single(self, _: Command) -> None:
        self._settings = replace(self._settings, sweep="NORM")
        self._acquisition.single(self._settings)

    def _digitize(self, command: Command) -> None:
        for source in command.arguments:
            number = channel_number(source)
            shown = replace(self._settings.channels[number], display=True)
            self._settings = self._settings.with_channel(number, shown)
        self._acquisition.single(self._settings)
        self._digitizing = True

    def _run(self, _: Command) -> None:
        self._digitizing = False
        self._acquisition.run()

    def _stop(self, _: Command) -> None:
        self._digitizing = False
        self._acquisition.stop(self._settings)
        self._notice_completion()

    def _force(self, _: Command) -> None:
        self._acquisition.force()

    def _poll(self) -> None:
        self.world.advance(_POLL)
        self._acquisition.update()

    def _condition(self) -> str:
        self._poll()
        return f"{self._acquisition.condition():+d}"

    def _read_event(self, event: str) -> str:
        self._poll()
        happened = bool(getattr(self._acquisition, event))
        setattr(self._acquisition, event, False)
        return flag(happened)

    def _clear_all(self) -> None:
        self._clear()
        self._acquisition.clear_events()

    def _event_status_now(self) -> str:
        self._poll()
        self._notice_completion()
        return self._read_event_status()

    def _complete_later(self) -> None:
        self._tell_when_complete = True

    def _notice_completion(self) -> None:
        if self._tell_when_complete and not self._acquisition.pending:
            self._tell_when_complete = False
            self._event_status |= _OPERATION_COMPLETE

    # --- reading out ----------------------------------------------------------------------------------------------

    def _shown(self) -> Settings:
        """The settings that the present record was made with, or those that the next one would be."""
        self._acquisition.update()
        self._acquisition.refresh(self._settings)
        record = self._acquisition.record
        return self._settings if record is None else record.settings

    def _data(self) -> bytes:
        settings, record = self._shown(), self._acquisition.record
        if record is None:
            self.fail(ScpiError(-230, "Data corrupt or stale"))
            return block(b"")
        return block(encode(self._inputs.words(record, self._readout), self._readout, settings))


def _only(word: str) -> Handler:
    """A setting that has one value only."""

    def handler(command: Command) -> None:
        command.choice(word)

    return handler
