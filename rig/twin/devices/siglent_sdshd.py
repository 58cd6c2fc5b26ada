"""Virtual Siglent SDS800X HD and SDS2000X HD: the newer dialect, whose records are described by 346 bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from rig.twin.devices.scope_acquisition import State
from rig.twin.devices.scope_panel import Channel, Knobs, VirtualScope, number_of, stepped
from rig.twin.devices.scope_screen import bmp, png
from rig.twin.devices.scope_shot import Shot
from rig.twin.devices.siglent_descriptor import Descriptor
from rig.twin.scpi_syntax import Command, ScpiError, block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["SiglentSdsHd"]

ACROSS = 10
CODES_PER_DIVISION = 30
"""Of one byte; of two, 256 times as many."""
BITS = 12
FASTEST_RATE = 2e9
NARROWEST, WIDEST = 500e-6, 10.0
SHORTEST, LONGEST = 1e-9, 1000.0
MOST_POINTS = 5_000_000
"""Samples in one reply."""
_DEPTHS = {"10K": 10_000, "100K": 100_000, "1M": 1_000_000, "10M": 10_000_000, "50M": 50_000_000, "100M": 100_000_000}
_LIMITS = {"FULL": None, "OFF": None, "20M": 20e6, "ON": 20e6, "200M": 200e6}
_SLOPES = {"RIS": 1, "FALL": -1, "ALT": 0}
_STATES = {State.STOPPED: "Stop", State.FILLING: "Arm", State.WAITING: "Ready", State.TRIGGERED: "Trig'd"}
_FINEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Knobs):
    """All knobs; ``memory`` is the greatest number of samples, ``more_bits`` what enhanced resolution gains."""

    memory: int = 10_000_000
    more_bits: float = 0.5

    @property
    @override
    def shot(self) -> Shot:
        span = ACROSS * self.time_scale
        rate = min(FASTEST_RATE, self.memory / span)
        return Shot(
            inputs={
                number: one.input(full_scale=256 / CODES_PER_DIVISION * one.scale, offset=-one.offset)
                for number, one in self.channels.items()
            },
            sample_rate=rate,
            depth=max(1, round(rate * span)),
            before=span / 2 - self.delay,
            after=span / 2 + self.delay,
            bits=min(_FINEST, BITS + math.ceil(self.more_bits)) if self.kind == "ERES" else BITS,
            source=self.source,
            level=self.level,
            slope=self.slope,
            auto=self.sweep == "AUTO",
            averages=self.averages if self.kind == "AVER" else 1,
        )


class SiglentSdsHd(VirtualScope[Settings]):
    """Four channels of 12 bits; a state of before is told until an acquisition has begun."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        super().__init__(name=name, config=config, world=world, seed=seed)
        self.most_points = MOST_POINTS
        self._forget_readout()

    def _forget_readout(self) -> None:
        self._source, self._word = 1, False
        self._first, self._every, self._most = 0, 1, 0

    @override
    def factory_settings(self) -> Settings:
        return Settings(averages=4)

    @override
    def reset(self) -> None:
        super().reset()
        self._forget_readout()

    @override
    def commands(self) -> Mapping[str, Handler]:
        return {
            **self._channel_commands(),
            **self._time_commands(),
            **self._trigger_commands(),
            **self._waveform_commands(),
        }

    def _channel_commands(self) -> Mapping[str, Handler]:
        root = ":CHANnel<n>"
        return {
            f"{root}:SWITch": self._set_channel(lambda c, _: {"display": c.boolean()}),
            f"{root}:SWITch?": self._get_channel(lambda one: "ON" if one.display else "OFF"),
            f"{root}:PROBe": self._set_probe,
            f"{root}:PROBe?": self._get_channel(lambda one: f"{one.probe:.2E}"),
            f"{root}:COUPling": self._set_channel(lambda c, _: {"coupling": c.choice("DC", "AC", "GND")}),
            f"{root}:COUPling?": self._get_channel(lambda one: one.coupling),
            f"{root}:IMPedance": lambda c: _only(c, "ONEMeg"),
            f"{root}:IMPedance?": lambda _: "ONEMeg",
            f"{root}:SCALe": self._set_channel(_scale),
            f"{root}:SCALe?": self._get_channel(lambda one: f"{one.scale:.2E}"),
            f"{root}:OFFSet": self._set_channel(lambda c, _: {"offset": c.number()}),
            f"{root}:OFFSet?": self._get_channel(lambda one: f"{one.offset:.2E}"),
            f"{root}:BWLimit": self._set_channel(lambda c, _: {"bandwidth": _limit(c)}),
            f"{root}:BWLimit?": self._get_channel(_shown_limit),
        }

    def _time_commands(self) -> Mapping[str, Handler]:
        return {
            ":TIMebase:SCALe": self._set(lambda c: {"time_scale": stepped(c.number(), SHORTEST, LONGEST)}),
            ":TIMebase:SCALe?": self._get(lambda s: f"{s.time_scale:.2E}"),
            ":TIMebase:DELay": self._set(lambda c: {"delay": c.number()}),
            ":TIMebase:DELay?": self._get(lambda s: f"{s.delay:.6E}"),
            ":ACQuire:MDEPth": self._set(lambda c: {"memory": _depth(c)}),
            ":ACQuire:MDEPth?": self._get(
                lambda s: next(name for name, depth in _DEPTHS.items() if depth == s.memory).replace("K", "k")
            ),
            ":ACQuire:SRATe?": self._get(lambda s: f"{s.shot.sample_rate:.2E}"),
            ":ACQuire:POINts?": self._get(lambda s: f"{s.shot.depth:.2E}"),
            ":ACQuire:TYPE": self._set(_kind),
            ":ACQuire:TYPE?": self._get(_shown_kind),
        }

    def _trigger_commands(self) -> Mapping[str, Handler]:
        edge = ":TRIGger:EDGE"
        return {
            ":TRIGger:TYPE": lambda c: _only(c, "EDGE"),
            ":TRIGger:TYPE?": lambda _: "EDGE",
            f"{edge}:SOURce": self._set(lambda c: {"source": number_of(c.argument(), "C", self.channels)}),
            f"{edge}:SOURce?": self._get(lambda s: f"C{s.source}"),
            f"{edge}:SLOPe": self._set(lambda c: {"slope": _SLOPES[c.choice("RISing", "FALLing", "ALTernate")]}),
            f"{edge}:SLOPe?": self._get(lambda s: {1: "RISing", -1: "FALLing", 0: "ALTernate"}[s.slope]),
            f"{edge}:LEVel": self._set(lambda c: {"level": c.number()}),
            f"{edge}:LEVel?": self._get(lambda s: f"{s.level:.2E}"),
            f"{edge}:COUPling": lambda c: _only(c, "DC"),
            f"{edge}:COUPling?": lambda _: "DC",
            ":TRIGger:MODE": self._set_mode,
            ":TRIGger:MODE?": self._get(lambda s: {"SING": "SINGle", "NORM": "NORMal"}.get(s.sweep, s.sweep)),
            ":TRIGger:RUN": lambda _: self._run(),
            ":TRIGger:STOP": lambda _: self._stop(),
            ":TRIGger:STATus?": lambda _: self._shown_state(),
        }

    def _waveform_commands(self) -> Mapping[str, Handler]:
        return {
            ":WAVeform:SOURce": self._set_source,
            ":WAVeform:SOURce?": lambda _: f"C{self._source}",
            ":WAVeform:STARt": self._set_first,
            ":WAVeform:STARt?": lambda _: str(self._first),
            ":WAVeform:INTerval": self._set_every,
            ":WAVeform:INTerval?": lambda _: str(self._every),
            ":WAVeform:POINt": self._set_most,
            ":WAVeform:POINt?": lambda _: str(self._most),
            ":WAVeform:MAXPoint?": lambda _: str(self.most_points),
            ":WAVeform:WIDTh": self._set_width,
            ":WAVeform:WIDTh?": lambda _: "WORD" if self._word else "BYTE",
            ":WAVeform:PREamble?": lambda _: self._preamble(),
            ":WAVeform:DATA?": lambda _: self._data(),
            ":PRINt?": self._print,
            # Of the older dialect, and not in the newer one's guide; it is understood all the same.
            ":SCDP": lambda _: bmp(self._screen()),
        }

    # --- acquiring ----------------------------------------------------------------------------------------------

    def _set_mode(self, command: Command) -> None:
        mode = command.choice("AUTO", "NORMal", "SINGle", "FTRIG")
        if mode == "FTRIG":
            self._acquisition.force()
            return
        self.settings = replace(self.settings, sweep=mode)
        self._run()

    def _run(self) -> None:
        if self.settings.sweep == "SING":
            self._single()
        else:
            self._acquisition.run()

    def _shown_state(self) -> str:
        state = self._state()
        if state is State.FREE:
            return "Auto" if self.settings.sweep == "AUTO" else "Trig'd"
        return _STATES[state]

    # --- reading out --------------------------------------------------------------------------------------------

    def _set_source(self, command: Command) -> None:
        self._source = number_of(command.argument(), "C", self.channels)

    def _set_first(self, command: Command) -> None:
        self._first = _whole(command, 0)

    def _set_every(self, command: Command) -> None:
        self._every = _whole(command, 1)

    def _set_most(self, command: Command) -> None:
        self._most = _whole(command, 0)

    def _set_width(self, command: Command) -> None:
        self._word = command.choice("BYTE", "WORD") == "WORD"

    def _preamble(self) -> bytes:
        record = self._record()
        settings = self.settings if record is None else record.settings
        shot, one = settings.shot, settings.channels[self._source]
        points = shot.depth // self._every
        return _ended(
            Descriptor(
                word=self._word,
                data=points * (1 + self._word),
                points=points,
                first=self._first,
                every=self._every,
                # At the input: the probe's factor stands in a field of its own.
                gain=one.scale / one.probe,
                offset=one.offset / one.probe,
                codes_per_division=CODES_PER_DIVISION * (256 if self._word else 1),
                bits=BITS,
                interval=self._every / shot.sample_rate,
                delay=settings.delay,
                time_scale=settings.time_scale,
                coupling=("DC", "AC", "GND").index(one.coupling),
                probe=one.probe,
                limited=one.bandwidth is not None,
                source=self._source,
            ).encode()
        )

    def _data(self) -> bytes:
        record = self._record()
        if record is None:
            return _ended(b"")
        most = min(self._most or self.most_points, self.most_points)
        first = self._first // self._every
        samples = self._inputs.samples(record, self._source, first=first, count=most, stride=self._every)
        bits = 16 if self._word else 8
        codes = samples.justified(bits)
        # Left-justified: of sixteen bits the highest is not reached.
        highest = ((1 << (samples.bits - 1)) - 1) << max(0, bits - samples.bits)
        codes[samples.clipped_low], codes[samples.clipped_high] = (
            -(1 << (bits - 1)),
            min(highest, (1 << (bits - 1)) - 1),
        )
        return _ended(codes.astype("<i2" if self._word else "i1").tobytes())

    def _print(self, command: Command) -> bytes:
        pixels = self._screen()
        return png(pixels) if command.choice("BMP", "PNG") == "PNG" else bmp(pixels)

    @override
    def _set_probe(self, command: Command) -> None:
        if command.argument().upper() in {"VALUE", "VAL"}:
            command = Command(header=command.header, suffixes=command.suffixes, arguments=command.arguments[1:])
        super()._set_probe(command)


def _ended(data: bytes) -> bytes:
    """Return a block with the first of the two line ends that follow it."""
    return block(data, 9) + b"\n"


def _whole(command: Command, least: int) -> int:
    value = command.number()
    if not (value.is_integer() and value >= least):
        raise ScpiError(-222, "Data out of range")
    return int(value)


def _only(command: Command, word: str) -> None:
    command.choice(word)


def _scale(command: Command, channel: Channel) -> dict[str, Any]:
    """What lies outside the range takes its nearest end, without a word."""
    return {"scale": min(max(command.number(), NARROWEST * channel.probe), WIDEST * channel.probe)}


def _limit(command: Command) -> float | None:
    word = command.argument().upper()
    if word not in _LIMITS:
        raise ScpiError(-224, "Illegal parameter value")
    return _LIMITS[word]


def _shown_limit(channel: Channel) -> str:
    return next(word for word, limit in _LIMITS.items() if limit == channel.bandwidth)


def _depth(command: Command) -> int:
    word = command.argument().upper()
    if word not in _DEPTHS:
        raise ScpiError(-224, "Illegal parameter value")
    return _DEPTHS[word]


def _kind(command: Command) -> dict[str, Any]:
    kind = command.choice("NORMal", "PEAK", "AVERage", "ERES")
    if len(command.arguments) < 2:  # noqa: PLR2004 - the word alone
        return {"kind": kind}
    if kind == "AVER":
        return {"kind": kind, "averages": int(command.number(1))}
    return {"kind": kind, "more_bits": command.number(1)}


def _shown_kind(settings: Settings) -> str:
    if settings.kind == "AVER":
        return f"AVERage,{settings.averages}"
    return f"ERES,{settings.more_bits:g}" if settings.kind == "ERES" else settings.kind.replace("NORM", "NORMal")
