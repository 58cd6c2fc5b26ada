"""Virtual Rigol oscilloscopes: DS1000Z and DHO800/900, which share a dialect and differ in its edges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.twin.devices.rigol_settings import DHO, DS1000Z, Readout, RigolKnobs
from rig.twin.devices.scope_acquisition import State
from rig.twin.devices.scope_panel import VirtualScope, number_of, stepped
from rig.twin.devices.scope_screen import bmp, png
from rig.twin.scpi_syntax import ScpiError, block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.rigol_settings import Family
    from rig.twin.devices.scope_shot import Record
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command
    from rig.twin.world import World

__all__ = ["RigolDho", "RigolDs1000z"]

_FASTEST_SWEEP, _SLOWEST_SWEEP = 5e-9, 50.0
_BANDWIDTH_LIMIT = 20e6
_SLOPES = {"POS": 1, "NEG": -1, "RFAL": 0}
_FORMATS, _MODES = {"BYTE": 0, "WORD": 1, "ASC": 2}, {"NORM": 0, "MAX": 1, "RAW": 2}
_SUFFIXES = {"K": 1e3, "M": 1e6}
_MOST_AVERAGES = 1024
_CONFLICT = ScpiError(-221, "Settings conflict")
_OUT_OF_RANGE = ScpiError(-222, "Data out of range")


class _Rigol(VirtualScope[RigolKnobs]):
    """What both families say."""

    family: Family

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self._readout = Readout()
        super().__init__(name=name, config=config, world=world, seed=seed)

    def factory_settings(self) -> RigolKnobs:
        """Return what ``*RST`` sets."""
        return RigolKnobs(family=self.family, memory=self.config.memory)

    def reset(self) -> None:
        """Return to the factory's settings."""
        super().reset()
        self._readout = Readout()

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does. ``*OPC?`` does not wait for an acquisition."""
        return {
            **self._channel_commands(),
            **self._timebase_commands(),
            **self._trigger_commands(),
            **self._readout_commands(),
            ":RUN": lambda _: self._run(),
            ":STOP": lambda _: self._stop(),
            ":SINGle": lambda _: self._once(),
            ":TFORce": lambda _: self._acquisition.force(),
            ":CLEar": lambda _: None,
            ":DISPlay:DATA?": self._picture,
            ":SYSTem:ERRor[:NEXT]?": lambda _: self._next_error().removeprefix("+"),
        }

    def _channel_commands(self) -> Mapping[str, Handler]:
        root = ":CHANnel<n>"
        return {
            f"{root}:DISPlay": self._set_channel(lambda c, _: {"display": c.boolean()}),
            f"{root}:DISPlay?": self._get_channel(lambda channel: f"{channel.display:d}"),
            f"{root}:PROBe": self._set_probe,
            f"{root}:PROBe?": self._get_channel(lambda channel: f"{channel.probe:.6e}"),
            f"{root}:COUPling": self._set_channel(lambda c, _: {"coupling": c.choice("DC", "AC", "GND")}),
            f"{root}:COUPling?": self._get_channel(lambda channel: channel.coupling),
            f"{root}:BWLimit": self._set_channel(
                lambda c, _: {"bandwidth": _BANDWIDTH_LIMIT if c.choice("20M", "OFF") == "20M" else None}
            ),
            f"{root}:BWLimit?": self._get_channel(lambda channel: "20M" if channel.bandwidth else "OFF"),
            f"{root}:INVert": self._set_channel(lambda c, _: {"invert": c.boolean()}),
            f"{root}:INVert?": self._get_channel(lambda channel: f"{channel.invert:d}"),
            f"{root}:OFFSet": self._set_channel(lambda c, _: {"offset": c.number()}),
            f"{root}:OFFSet?": self._get_channel(lambda channel: f"{channel.offset:.6e}"),
            f"{root}:SCALe": self._set_scale,
            f"{root}:SCALe?": self._get_channel(lambda channel: f"{channel.scale:.6e}"),
            f"{root}:RANGe?": self._get_channel(lambda channel: f"{channel.scale * 8:.6e}"),
            f"{root}:UNITs?": self._get_channel(lambda _: "VOLT"),
        }

    def _timebase_commands(self) -> Mapping[str, Handler]:
        return {
            ":TIMebase:MODE": lambda c: _only(c, "MAIN"),
            ":TIMebase:MODE?": lambda _: "MAIN",
            ":TIMebase[:MAIN]:SCALe": self._set_sweep,
            ":TIMebase[:MAIN]:SCALe?": self._get(lambda s: f"{s.time_scale:.6e}"),
            ":TIMebase[:MAIN]:OFFSet": self._set(lambda c: {"delay": c.number()}),
            ":TIMebase[:MAIN]:OFFSet?": self._get(lambda s: f"{s.delay:.6e}"),
            ":ACQuire:TYPE": self._set(lambda c: {"kind": c.choice(*self.family.kinds)}),
            ":ACQuire:TYPE?": self._get(lambda s: s.kind),
            ":ACQuire:AVERages": self._set(lambda c: {"averages": _averages(c)}),
            ":ACQuire:AVERages?": self._get(lambda s: str(s.averages)),
            ":ACQuire:MDEPth": self._set_depth,
            ":ACQuire:MDEPth?": self._get(lambda s: "AUTO" if s.depth is None else self.depth_text(s.depth)),
            ":ACQuire:SRATe?": self._get(lambda s: f"{s.rate:.6e}"),
        }

    def _trigger_commands(self) -> Mapping[str, Handler]:
        return {
            ":TRIGger:MODE": lambda c: _only(c, "EDGE"),
            ":TRIGger:MODE?": lambda _: "EDGE",
            ":TRIGger:STATus?": lambda _: self._status(),
            ":TRIGger:SWEep": self._set_sweep_mode,
            ":TRIGger:SWEep?": self._get(lambda s: s.sweep),
            ":TRIGger:COUPling": lambda c: _only(c, "DC"),
            ":TRIGger:COUPling?": lambda _: "DC",
            ":TRIGger:HOLDoff": self._set(lambda c: {"holdoff": c.number()}),
            ":TRIGger:HOLDoff?": self._get(lambda s: f"{s.holdoff:.6e}"),
            ":TRIGger:EDGe:SOURce": self._set(lambda c: {"source": number_of(c.argument(), "CHANnel", self.channels)}),
            ":TRIGger:EDGe:SOURce?": self._get(lambda s: f"CHAN{s.source}"),
            ":TRIGger:EDGe:SLOPe": self._set(lambda c: {"slope": _SLOPES[c.choice("POSitive", "NEGative", "RFALl")]}),
            ":TRIGger:EDGe:SLOPe?": self._get(lambda s: {1: "POS", -1: "NEG", 0: "RFAL"}[s.slope]),
            ":TRIGger:EDGe:LEVel": self._set(lambda c: {"level": c.number()}),
            ":TRIGger:EDGe:LEVel?": self._get(lambda s: f"{s.level:.6e}"),
        }

    def _readout_commands(self) -> Mapping[str, Handler]:
        root = ":WAVeform"
        return {
            f"{root}:SOURce": self._read_as(lambda c: {"source": number_of(c.argument(), "CHANnel", self.channels)}),
            f"{root}:SOURce?": lambda _: f"CHAN{self._readout.source}",
            f"{root}:MODE": self._read_as(lambda c: {"mode": c.choice("NORMal", "MAXimum", "RAW"), **self.turned()}),
            f"{root}:MODE?": lambda _: self._readout.mode,
            f"{root}:FORMat": self._read_as(lambda c: {"format": c.choice("BYTE", "WORD", "ASCii")}),
            f"{root}:FORMat?": lambda _: self._readout.format,
            f"{root}:STARt": self._read_as(lambda c: {"start": _position(c)}),
            f"{root}:STARt?": lambda _: str(self._readout.start),
            f"{root}:STOP": self._read_as(lambda c: {"stop": _position(c)}),
            f"{root}:STOP?": lambda _: str(self._last()),
            f"{root}:PREamble?": lambda _: ",".join(self._preamble()),
            **{f"{root}:{name}?": self._part(index) for name, index in _PARTS.items()},
            f"{root}:DATA?": lambda _: self._data(),
        }

    def _read_as(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            self._readout = replace(self._readout, **change(command))

        return handler

    # --- settings that are not simply kept --------------------------------------------------------------------------

    def _set_scale(self, command: Command) -> None:
        number, asked = self._channel(command), command.number()
        channel = self.settings.channels[number]
        least, greatest = self.family.narrowest * channel.probe, self.family.widest * channel.probe
        legal = stepped(asked, least, greatest)
        self.settings = self.settings.with_channel(number, replace(channel, scale=legal))
        if not least * (1 - 1e-6) <= asked <= greatest * (1 + 1e-6):
            raise _OUT_OF_RANGE

    def _set_sweep(self, command: Command) -> None:
        asked = command.number()
        self.settings = replace(self.settings, time_scale=stepped(asked, _FASTEST_SWEEP, _SLOWEST_SWEEP))
        if not _FASTEST_SWEEP * (1 - 1e-6) <= asked <= _SLOWEST_SWEEP * (1 + 1e-6):
            raise _OUT_OF_RANGE

    def _set_depth(self, command: Command) -> None:
        text = command.argument().upper()
        if not self.family.settable_while_stopped and self._acquisition.state() is State.STOPPED:
            # Not refused, but not done either: the instrument takes it only while it runs.
            return
        if text == "AUTO":
            self.settings = replace(self.settings, depth=None)
            return
        factor = _SUFFIXES.get(text[-1:], 1.0)
        depth = (
            float(text.rstrip("KM")) * factor if text.rstrip("KM").replace(".", "").isdecimal() else command.number()
        )
        if depth not in self.settings.depths:
            raise _OUT_OF_RANGE
        self.settings = replace(self.settings, depth=int(depth))

    def _set_sweep_mode(self, command: Command) -> None:
        sweep = command.choice("AUTO", "NORMal", "SINGle")
        self.settings = replace(self.settings, sweep=sweep)
        if sweep == "SING":
            self._single()

    def _once(self) -> None:
        self.settings = replace(self.settings, sweep="SING")
        self._single()

    def _run(self) -> None:
        if self.settings.sweep == "SING":
            self._single()
        else:
            self._acquisition.run()

    def _status(self) -> str:
        match self._state():
            case State.STOPPED:
                return "STOP"
            case State.FREE:
                return "AUTO" if self.settings.sweep == "AUTO" else "WAIT"
            case State.FILLING:
                return "RUN"
            case State.WAITING:
                return "WAIT"
            case State.TRIGGERED:
                return "TD"

    # --- reading out ------------------------------------------------------------------------------------------------

    def depth_text(self, depth: int) -> str:
        """Return a depth as the instrument writes it."""
        return str(depth)

    def turned(self) -> dict[str, Any]:
        """Return what of the readout changes with its mode."""
        return {}

    def points(self, whole: int) -> int:
        """Return what the preamble says that there are, of a record of so many."""
        return whole

    @property
    def _raw(self) -> bool:
        stopped = self._acquisition.state() is State.STOPPED
        return self._readout.mode == "RAW" or (self._readout.mode == "MAX" and stopped)

    def _source(self) -> Record[RigolKnobs] | None:
        """Return the record to be read: what the memory holds, or what of it is on the screen."""
        record = self._record()
        if record is None or self._raw:
            return record
        settings, points = record.settings, 100 * self.family.divisions
        half = settings.window / 2
        shown = replace(
            record.shot,
            sample_rate=points / settings.window,
            depth=points,
            before=half - settings.delay,
            after=half + settings.delay,
        )
        return replace(record, shot=shown)

    def _last(self) -> int:
        record = self._source()
        depth = 0 if record is None else record.shot.depth
        return depth if self._readout.stop is None else min(self._readout.stop, depth)

    def _preamble(self) -> list[str]:
        record = self._source()
        settings = self.settings if record is None else record.settings
        shot = settings.shot if record is None else record.shot
        channel = settings.channels[self._readout.source]
        fine = 256 if self._readout.format == "WORD" and self.family.bits > 8 else 1  # noqa: PLR2004 - bits of a byte
        return [
            str(_FORMATS[self._readout.format]),
            str(_MODES[self._readout.mode]),
            str(0 if record is None else self.points(shot.depth)),
            str(shot.averages),
            f"{1 / shot.sample_rate:.6e}",
            f"{-shot.before:.6e}",
            "0",
            f"{settings.increment(channel) / fine:.6e}",
            str(settings.origin(channel) * fine),
            str(self.family.reference * fine),
        ]

    def _part(self, index: int) -> Handler:
        return lambda _: self._preamble()[index]

    def _data(self) -> bytes:
        record, readout = self._source(), self._readout
        if readout.mode == "RAW" and self._acquisition.state() is not State.STOPPED:
            self.fail(_CONFLICT)
            return block(b"", 9)
        first, last = readout.start - 1, self._last()
        if record is None or last - first > self.family.largest[readout.format] or last <= first:
            self.fail(_OUT_OF_RANGE)
            return block(b"", 9)
        samples = self._inputs.samples(record, readout.source, first=first, count=last - first)
        # A stopped record ends where it was stopped: what was never acquired reads as the middle code.
        codes = np.where(samples.holes, 0, samples.justified(16))
        codes = np.where(samples.clipped_high, 0x7FFF, np.where(samples.clipped_low, -0x8000, codes)) + 0x8000
        return self.encoded(codes.astype(np.uint16), record)

    def encoded(self, codes: npt.NDArray[np.uint16], record: Record[RigolKnobs]) -> bytes:
        """Return unsigned left-justified codes as the format asks for them."""
        raise NotImplementedError

    def _volts(self, codes: npt.NDArray[Any], record: Record[RigolKnobs]) -> bytes:
        channel, settings = record.settings.channels[self._readout.source], record.settings
        step = settings.increment(channel) / 256
        middle = (settings.origin(channel) + self.family.reference) * 256
        return ",".join(f"{(code - middle) * step:.6e}" for code in codes.tolist()).encode()

    def _picture(self, command: Command) -> bytes:
        words = [argument.upper() for argument in command.arguments]
        pixels = self._screen()
        return block(png(pixels) if "PNG" in words else bmp(pixels), 9)


class RigolDs1000z(_Rigol):
    """A DS1104Z of 8 bits; its memory is read in pieces of at most 250 000 points."""

    family = DS1000Z

    def encoded(self, codes: npt.NDArray[np.uint16], record: Record[RigolKnobs]) -> bytes:
        """Return 8 bits, also in words of which they are the lower half; text has a header as data have."""
        octets = _octets(codes)
        match self._readout.format:
            case "BYTE":
                return block(octets.tobytes(), 9)
            case "WORD":
                return block(octets.astype("<u2").tobytes(), 9)
            case _:
                return block(self._volts(octets.astype(np.int64) << 8, record), 9)


class RigolDho(_Rigol):
    """A DHO of 12 bits, left-justified in words; another mode of reading begins again at the first point."""

    family = DHO

    def depth_text(self, depth: int) -> str:
        """Return a depth as the instrument writes it."""
        return f"{depth:.4E}"

    def turned(self) -> dict[str, Any]:
        """Return the whole record as what is to be read."""
        return {"start": 1, "stop": None}

    def points(self, whole: int) -> int:
        """Return how many points the present page has, not how deep the memory is."""
        return max(0, min(self._last(), whole) - self._readout.start + 1)

    def encoded(self, codes: npt.NDArray[np.uint16], record: Record[RigolKnobs]) -> bytes:
        """Return 8 bits, or 12 in words; text comes without any header."""
        match self._readout.format:
            case "BYTE":
                return block(_octets(codes).tobytes(), 9)
            case "WORD":
                return block(codes.astype("<u2").tobytes(), 9)
            case _:
                return self._volts(codes, record)


_PARTS = {"XINCrement": 4, "XORigin": 5, "XREFerence": 6, "YINCrement": 7, "YORigin": 8, "YREFerence": 9}


def _octets(codes: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Round left-justified codes to 8 bits."""
    rounded = np.right_shift(codes.astype(np.int64) + 0x80, 8)
    return np.minimum(rounded, 0xFF).astype(np.uint8)


def _only(command: Command, word: str) -> None:
    """Take a setting that has one value only."""
    command.choice(word)


def _averages(command: Command) -> int:
    number = int(command.number())
    if not 2 <= number <= _MOST_AVERAGES or number & (number - 1):  # noqa: PLR2004 - the least there is
        raise _OUT_OF_RANGE
    return number


def _position(command: Command) -> int:
    number = command.number()
    if not 1 <= number < 1e9:  # noqa: PLR2004 - beyond any memory
        raise _OUT_OF_RANGE
    return int(number)
