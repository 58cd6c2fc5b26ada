"""What virtual Tektronix oscilloscopes of both generations say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.twin.devices import tektronix_events
from rig.twin.devices.scope_acquisition import State
from rig.twin.devices.scope_panel import VirtualScope, number_of, stepped
from rig.twin.devices.tektronix_settings import DIVISIONS, LEVELS, Readout, TekKnobs
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_panel import Channel
    from rig.twin.devices.scope_shot import Record
    from rig.twin.devices.tektronix_settings import Family
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command
    from rig.twin.world import World

__all__ = ["OUT_OF_RANGE", "TektronixScope", "checked", "real", "whole"]

_OPERATION_COMPLETE = 1
_SLOPES = {"RIS": 1, "FALL": -1, "EIT": 0}
_SLOPE_NAMES = {1: "RISE", -1: "FALL", 0: "EITHER"}
_KINDS = {"SAM": "SAMPLE", "AVE": "AVERAGE", "HIR": "HIRES"}
_ENCODINGS = ("ASCIi", "RIBinary", "RPBinary", "SRIbinary", "SRPbinary")
_ENCODING_NAMES = {"ASCI": "ASCII", "RIB": "RIBINARY", "RPB": "RPBINARY", "SRI": "SRIBINARY", "SRP": "SRPBINARY"}
_BANDWIDTH_LIMIT = 20e6
_FASTEST_SWEEP, _SLOWEST_SWEEP = 1e-9, 1000.0
_WIDEST, _LEAST_RECORD = 10.0, 1000
OUT_OF_RANGE = ScpiError(-222, "Data out of range")
_NOT_SHOWN = ScpiError(-2244, "Source waveform is not active")


class TektronixScope(tektronix_events.EventQueue, VirtualScope[TekKnobs]):
    """An oscilloscope of either generation; :mod:`tektronix_mso` and :mod:`tektronix_dpo` know what differs."""

    family: Family

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self._readout = Readout()
        self._header = True
        self._tell_when_complete = False
        super().__init__(name=name, config=config, world=world, seed=seed)

    def factory_settings(self) -> TekKnobs:
        """Return what ``*RST`` sets."""
        return TekKnobs(family=self.family, memory=self.config.memory, kind="SAM", averages=16)

    def reset(self) -> None:
        """Return to the factory's settings."""
        super().reset()
        self._readout, self._tell_when_complete = Readout(), False

    def wait_complete(self) -> None:
        """Wait for a single sequence."""
        self._acquisition.wait()

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does; what both generations share."""
        return {
            **self.event_commands(),
            **self._channel_commands(),
            **self._horizontal_commands(),
            **self._trigger_commands(),
            **self._acquire_commands(),
            **self._data_commands(),
            ":HEADer": self._set_header,
            ":HEADer?": lambda _: f"{self._header:d}",
            ":VERBose": lambda c: checked(c.boolean()),
            "*OPC": lambda _: self._complete_later(),
            "*OPC?": lambda _: "1" if self._acquisition.wait() else None,
            "*ESR?": lambda _: self._event_status_now(),
        }

    def _dispatch(self, unit: Command) -> str | bytes | None:
        reply = super()._dispatch(unit)
        if reply is None or not self._header or unit.header.startswith("*"):
            return reply
        header = f":{unit.header.rstrip('?')} "
        return header + reply if isinstance(reply, str) else header.encode() + reply

    def _set_header(self, command: Command) -> None:
        self._header = command.boolean()

    # --- vertical ---------------------------------------------------------------------------------------------------

    def _channel_commands(self) -> Mapping[str, Handler]:
        couplings = ("DC", "AC", *self.family.couplings)
        return {
            ":CH<n>:SCAle": self._set_scale,
            ":CH<n>:SCAle?": self._get_channel(lambda channel: real(channel.scale)),
            ":CH<n>:POSition": self._set_channel(lambda c, _: {"position": max(-5.0, min(5.0, c.number()))}),
            ":CH<n>:POSition?": self._get_channel(lambda channel: real(channel.position)),
            ":CH<n>:OFFSet": self._set_channel(lambda c, _: {"offset": c.number()}),
            ":CH<n>:OFFSet?": self._get_channel(lambda channel: real(channel.offset)),
            ":CH<n>:COUPling": self._set_channel(lambda c, _: {"coupling": c.choice(*couplings)}),
            ":CH<n>:COUPling?": self._get_channel(lambda channel: channel.coupling),
            ":CH<n>:INVert": self._set_channel(lambda c, _: {"invert": c.boolean()}),
            ":CH<n>:INVert?": self._get_channel(lambda channel: f"{channel.invert:d}"),
            ":CH<n>:PRObe:GAIN?": self._get_channel_gain,
            ":CH<n>:BANdwidth": self._set_bandwidth,
            ":CH<n>:BANdwidth?": self._get_channel(self.bandwidth),
            ":SELect:CH<n>": self._set_shown,
            ":SELect:CH<n>?": self._get_shown,
        }

    def _get_channel_gain(self, command: Command) -> str:
        return real(1.0 / self.settings.channels[self._channel(command)].probe)

    def _set_scale(self, command: Command) -> None:
        number, asked = self._channel(command), command.number()
        channel = self.settings.channels[number]
        least, greatest = self.family.narrowest * channel.probe, _WIDEST * channel.probe
        self.settings = self.settings.with_channel(number, replace(channel, scale=min(max(asked, least), greatest)))
        if not least * (1 - 1e-6) <= asked <= greatest * (1 + 1e-6):
            raise OUT_OF_RANGE

    def _set_bandwidth(self, command: Command) -> None:
        word = command.argument().upper()
        limit = None
        if word not in {"FUL", "FULL"}:
            twenty = word in {"TWE", "TWENTY"} and not self.family.modern
            asked = _BANDWIDTH_LIMIT if twenty else command.number()
            limit = _BANDWIDTH_LIMIT if asked <= _BANDWIDTH_LIMIT * 1.001 else None
        self._set_channel(lambda _c, _channel: {"bandwidth": limit})(command)

    def bandwidth(self, channel: Channel) -> str:
        """Return the bandwidth of a channel as the instrument writes it."""
        return "TWENTY" if channel.bandwidth else "FULL"

    def _set_shown(self, command: Command) -> None:
        number = command.suffixes[-1]
        if not 1 <= number <= self.channels:
            raise ScpiError(-114, "Header suffix out of range")
        channel = replace(self.settings.channels[number], display=command.boolean())
        self.settings = self.settings.with_channel(number, channel)

    def _get_shown(self, command: Command) -> str:
        number = command.suffixes[-1]
        if not 1 <= number <= self.channels:
            raise ScpiError(-114, "Header suffix out of range")
        return f"{self.settings.channels[number].display:d}"

    # --- horizontal, trigger ----------------------------------------------------------------------------------------

    def _horizontal_commands(self) -> Mapping[str, Handler]:
        return {
            ":HORizontal[:MAIn]:SCAle": self._set_sweep,
            ":HORizontal[:MAIn]:SCAle?": self._get(lambda s: real(s.depth / s.rate / DIVISIONS)),
            ":HORizontal:POSition": self._set(lambda c: {"position": max(0.0, min(100.0, c.number()))}),
            ":HORizontal:POSition?": self._get(lambda s: real(s.position)),
            ":HORizontal:DELay:MODe": self._set(lambda c: {"delayed": c.boolean()}),
            ":HORizontal:DELay:MODe?": self._get(lambda s: f"{s.delayed:d}"),
            ":HORizontal:DELay:TIMe": self._set(lambda c: {"delay": c.number()}),
            ":HORizontal:DELay:TIMe?": self._get(lambda s: real(s.delay)),
            ":HORizontal:RECOrdlength": self._set_record,
            ":HORizontal:RECOrdlength?": self._get(lambda s: str(s.depth)),
            ":HORizontal:SAMPLERate?": self._get(lambda s: real(s.rate)),
        }

    def _set_sweep(self, command: Command) -> None:
        scale = min(max(command.number(), _FASTEST_SWEEP), _SLOWEST_SWEEP)
        if self.settings.manual:
            wanted = max(_LEAST_RECORD, round(self.settings.rate * DIVISIONS * scale))
            self.settings = replace(self.settings, record=min(wanted, self.settings.longest))
            return
        self.settings = replace(self.settings, time_scale=self.sweep_step(scale))

    def sweep_step(self, scale: float) -> float:
        """Return what of a horizontal scale the instrument can do, s per division."""
        return stepped(scale, _FASTEST_SWEEP, _SLOWEST_SWEEP)

    def _set_record(self, command: Command) -> None:
        asked = command.number()
        self.settings = replace(self.settings, record=self.record_length(asked))
        if not _LEAST_RECORD <= asked <= self.settings.longest:
            raise OUT_OF_RANGE

    def record_length(self, asked: float) -> int:
        """Return what of a record length the instrument can do."""
        return int(min(max(asked, _LEAST_RECORD), self.settings.longest))

    def _trigger_commands(self) -> Mapping[str, Handler]:
        edge = ":TRIGger:A:EDGE"
        return {
            ":TRIGger": self._force,
            ":TRIGger:STATE?": lambda _: self._trigger_state(),
            ":TRIGger:A:TYPe": lambda c: checked(c.choice("EDGE")),
            ":TRIGger:A:TYPe?": lambda _: "EDGE",
            ":TRIGger:A:MODe": self._set(lambda c: {"sweep": c.choice("AUTO", "NORMal")}),
            ":TRIGger:A:MODe?": self._get(lambda s: {"AUTO": "AUTO", "NORM": "NORMAL"}[s.sweep]),
            f"{edge}:SOUrce": self._set(lambda c: {"source": number_of(c.argument(), "CH", self.channels)}),
            f"{edge}:SOUrce?": self._get(lambda s: f"CH{s.source}"),
            f"{edge}:SLOpe": self._set(lambda c: {"slope": _SLOPES[c.choice("RISe", "FALL", "EITher")]}),
            f"{edge}:SLOpe?": self._get(lambda s: _SLOPE_NAMES[s.slope]),
            f"{edge}:COUPling": lambda c: checked(c.choice("DC")),
            f"{edge}:COUPling?": lambda _: "DC",
        }

    def _set_level(self, number: int, volts: float) -> None:
        self.settings = replace(self.settings, levels={**self.settings.levels, number: volts})

    def _force(self, command: Command) -> None:
        command.choice("FORCe")
        self._acquisition.force()

    def _trigger_state(self) -> str:
        match self._state():
            case State.STOPPED:
                return "SAVE"
            case State.FREE:
                return "AUTO" if self.settings.sweep == "AUTO" else "READY"
            case State.FILLING:
                return "ARMED"
            case State.WAITING:
                return "READY"
            case State.TRIGGERED:
                return "TRIGGER"

    # --- acquiring --------------------------------------------------------------------------------------------------

    def _acquire_commands(self) -> Mapping[str, Handler]:
        return {
            ":ACQuire:MODe": self._set(lambda c: {"kind": c.choice("SAMple", "AVErage", *self.family.kinds)}),
            ":ACQuire:MODe?": self._get(lambda s: _KINDS[s.kind]),
            ":ACQuire:NUMAVg": self._set(lambda c: {"averages": self.averages(c.number())}),
            ":ACQuire:NUMAVg?": self._get(lambda s: str(s.averages)),
            ":ACQuire:STOPAfter": self._set(lambda c: {"single": c.choice("RUNSTop", "SEQuence") == "SEQ"}),
            ":ACQuire:STOPAfter?": self._get(lambda s: "SEQUENCE" if s.single else "RUNSTOP"),
            ":ACQuire:STATE": self._set_state,
            # What was commanded; what has become of it is told by BUSY?, NUMACq? and TRIGger:STATE?.
            ":ACQuire:STATE?": lambda _: f"{self._running():d}",
            ":ACQuire:NUMACq?": lambda _: self._count(),
            ":BUSY?": lambda _: f"{self._state() not in {State.STOPPED, State.FREE}:d}",
        }

    def averages(self, asked: float) -> int:
        """Return what of a number of averages the instrument can do."""
        return int(min(max(asked, 2), 10240))

    def _set_state(self, command: Command) -> None:
        word = command.argument().upper()
        running = {"RUN": True, "STOP": False}.get(word)
        if not (command.boolean() if running is None else running):
            self._stop()
        elif self.settings.single:
            self._single()
        else:
            self._acquisition.run()

    def _running(self) -> bool:
        self._acquisition.poll()
        return self._acquisition.pending or self._acquisition.state() is State.FREE

    def _count(self) -> str:
        self._acquisition.poll()
        return str(self._acquisition.acquired)

    def _clear(self) -> None:
        super()._clear()
        self._tell_when_complete = False

    def _complete_later(self) -> None:
        self._tell_when_complete = True

    def _event_status_now(self) -> str:
        self._acquisition.poll()
        if self._tell_when_complete and not self._acquisition.pending:
            self._tell_when_complete = False
            self._event_status |= _OPERATION_COMPLETE
        self.latch()
        return self._read_event_status()

    # --- reading out ------------------------------------------------------------------------------------------------

    def _data_commands(self) -> Mapping[str, Handler]:
        return {
            ":DATa:SOUrce": self._read_as(lambda c: {"source": number_of(c.argument(), "CH", self.channels)}),
            ":DATa:SOUrce?": lambda _: f"CH{self._readout.source}",
            ":DATa:ENCdg": self._read_as(_encoding),
            ":DATa:ENCdg?": lambda _: _ENCODING_NAMES[self._readout.encoding],
            ":DATa:WIDth": self._read_as(_width),
            ":DATa:WIDth?": lambda _: str(self._readout.width),
            ":DATa:STARt": self._read_as(lambda c: {"start": whole(c)}),
            ":DATa:STARt?": lambda _: str(self._readout.start),
            ":DATa:STOP": self._read_as(lambda c: {"stop": whole(c)}),
            ":DATa:STOP?": lambda _: str(self._readout.stop),
            ":WFMOutpre:ENCdg": self._read_as(lambda c: {"text": c.choice("ASCii", "BINary") == "ASC"}),
            ":WFMOutpre:BN_Fmt": self._read_as(lambda c: {"unsigned": c.choice("RI", "RP") == "RP"}),
            ":WFMOutpre:BYT_Or": self._read_as(lambda c: {"swapped": c.choice("LSB", "MSB") == "LSB"}),
            ":WFMOutpre:BYT_Nr": self._read_as(_width),
            ":WFMOutpre?": lambda _: self._describe(),
            **{f":WFMOutpre:{name}?": self._part(name) for name in _FIELDS},
            ":CURVe?": lambda _: self._curve(),
        }

    def _read_as(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            self._readout = replace(self._readout, **change(command))

        return handler

    def _source(self) -> Record[TekKnobs] | None:
        record = self._record()
        settings = self.settings if record is None else record.settings
        if not settings.channels[self._readout.source].display:
            self.fail(_NOT_SHOWN)
            return None
        if record is None:
            self.fail(ScpiError(-2225, "No waveform data available"))
        return record

    def _span(self, depth: int) -> tuple[int, int]:
        first, last = sorted((self._readout.start, self._readout.stop))
        return min(first, depth) - 1, min(last, depth)

    def _fields(self, record: Record[TekKnobs]) -> dict[str, str]:
        readout, settings, shot = self._readout, record.settings, record.shot
        channel = settings.channels[readout.source]
        first, last = self._span(shot.depth)
        yoff, yzero = self.zero(channel, settings, 256 if readout.width > 1 else 1)
        point, start = self.origin(record)
        kind = {"SAM": "Sample", "AVE": "Average", "HIR": "Hi Res"}[settings.kind]
        description = (
            f"Ch{readout.source}, {channel.coupling} coupling, {channel.scale:.4g}V/div, "
            f"{shot.depth / shot.sample_rate / DIVISIONS:.4g}s/div, {shot.depth} points, {kind} mode"
        )
        values = (
            str(readout.width),
            str(8 * readout.width),
            "ASC" if readout.text else "BIN",
            "RP" if readout.unsigned else "RI",
            "LSB" if readout.swapped else "MSB",
            f'"{description}"',
            str(last - first),
            "Y",
            '"s"',
            real(1 / shot.sample_rate),
            real(start),
            str(point),
            '"V"',
            real(channel.scale / LEVELS / (256 if readout.width > 1 else 1)),
            real(yoff + self._midway()),
            real(yzero),
        )
        return dict(zip(_FIELDS, values, strict=True))

    def _midway(self) -> float:
        """Return the code of the middle: positive encodings count from below."""
        return 2.0 ** (8 * self._readout.width - 1) if self._readout.unsigned else 0.0

    def zero(self, channel: Channel, settings: TekKnobs, fine: int) -> tuple[float, float]:
        """Return what the preamble calls YOFF (in codes, ``fine`` of them to an 8-bit one) and YZERO (V)."""
        raise NotImplementedError

    def origin(self, record: Record[TekKnobs]) -> tuple[int, float]:
        """Return what the preamble calls PT_OFF (in samples) and XZERO (s)."""
        raise NotImplementedError

    def _describe(self) -> str | None:
        record = self._source()
        return None if record is None else ";".join(self._fields(record).values())

    def _part(self, name: str) -> Handler:
        def part(_: Command) -> str | None:
            record = self._source()
            return None if record is None else self._fields(record)[name]

        return part

    def _curve(self) -> bytes | str | None:
        record = self._source()
        if record is None:
            return None
        first, last = self._span(record.shot.depth)
        frames = range(self._readout.first_frame, min(self._readout.last_frame, record.segments) + 1)
        codes = np.concatenate([self._codes(record, frame, first, last - first) for frame in frames or [1]])
        readout = self._readout
        if readout.text:
            return ",".join(map(str, codes.tolist()))
        order = "<" if readout.swapped else ">"
        values = codes + int(self._midway())
        data = values.astype(f"{order}{'u' if readout.unsigned else 'i'}{readout.width}").tobytes()
        return b"#%d%d" % (len(str(len(data))), len(data)) + data

    def _codes(self, record: Record[TekKnobs], frame: int, first: int, count: int) -> npt.NDArray[np.int32]:
        samples = self._inputs.samples(record, self._readout.source, segment=frame, first=first, count=count)
        bits = 8 * self._readout.width
        codes = np.where(samples.holes, 0, samples.justified(bits))
        codes = np.where(samples.clipped_high, 2 ** (bits - 1) - 1, codes)
        return np.where(samples.clipped_low, -(2 ** (bits - 1)), codes).astype(np.int32)


_FIELDS = (
    "BYT_Nr",
    "BIT_Nr",
    "ENCdg",
    "BN_Fmt",
    "BYT_Or",
    "WFId",
    "NR_Pt",
    "PT_Fmt",
    "XUNit",
    "XINcr",
    "XZEro",
    "PT_Off",
    "YUNit",
    "YMUlt",
    "YOFf",
    "YZEro",
)


def _encoding(command: Command) -> dict[str, Any]:
    chosen = command.choice(*_ENCODINGS)
    if chosen == "ASCI":
        return {"text": True}
    return {"text": False, "unsigned": "RP" in chosen, "swapped": chosen.startswith("S")}


def _width(command: Command) -> dict[str, Any]:
    return {"width": 2 if command.number() >= 2 else 1}  # noqa: PLR2004 - octets


def real(value: float) -> str:
    """Return a number as the instrument writes it."""
    return f"{value:.8E}"


def checked(_: object) -> None:
    """Take a setting that changes nothing here."""


def whole(command: Command) -> int:
    """Return an argument that is a position, from 1; −222 otherwise."""
    number = command.number()
    if not 1 <= number < 1e10:  # noqa: PLR2004 - beyond any memory
        raise OUT_OF_RANGE
    return int(number)
