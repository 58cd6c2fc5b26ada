"""Virtual Siglent SDS1000X-E: the older dialect, whose replies have headers and units, and no error queue."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from rig.twin.devices.scope_acquisition import State
from rig.twin.devices.scope_panel import VirtualScope
from rig.twin.devices.scope_screen import bmp
from rig.twin.devices.siglent_descriptor import Descriptor
from rig.twin.devices.siglent_sds1000xe_settings import (
    CODES_PER_DIVISION,
    SIZES,
    Settings,
    clamped,
    one_of,
    only,
    quantity,
    scale_of,
    step_down,
    way_of,
)
from rig.twin.scpi_syntax import ScpiError, split_outside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_panel import Channel
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command
    from rig.twin.world import World

__all__ = ["SiglentSds1000xe"]

NEW_SIGNAL, READY = 1, 8192
_LIMIT = 20e6
_SLOPES = {"POS": 1, "NEG": -1, "WINDOW": 0}
_COUPLINGS = {"D1M": "DC", "D50": "DC", "A1M": "AC", "A50": "AC", "GND": "GND"}
_SHOWN_COUPLINGS = {"DC": "D1M", "AC": "A1M", "GND": "GND"}
_STATES = {State.STOPPED: "Stop", State.FILLING: "Armed", State.WAITING: "Ready", State.TRIGGERED: "Trig'd"}
_LONG = {
    "VDIV": "VOLT_DIV",
    "OFST": "OFFSET",
    "ATTN": "ATTENUATION",
    "CPL": "COUPLING",
    "TRA": "TRACE",
    "TDIV": "TIME_DIV",
    "TRDL": "TRIG_DELAY",
    "MSIZ": "MEMORY_SIZE",
    "TRLV": "TRIG_LEVEL",
    "TRSL": "TRIG_SLOPE",
    "TRCP": "TRIG_COUPLING",
    "TRMD": "TRIG_MODE",
    "TRSE": "TRIG_SELECT",
    "BWL": "BANDWIDTH_LIMIT",
    "SAST": "SAMPLE_STATUS",
    "SARA": "SAMPLE_RATE",
    "SANU": "SAMPLE_NUM",
    "WF": "WAVEFORM",
    "WFSU": "WAVEFORM_SETUP",
    "ACQW": "ACQUIRE_WAY",
    "AVGA": "AVERAGE_ACQUIRE",
}


class SiglentSds1000xe(VirtualScope[Settings]):
    """Four channels of 8 bits; how much of a reply is header and unit is chosen with ``CHDR``."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._headers = "SHORT"
        self._every, self._most, self._first = 0, 0, 0

    @override
    def factory_settings(self) -> Settings:
        return Settings(kind="SAMPLING", averages=16)

    @override
    def reset(self) -> None:
        super().reset()
        self._headers, self._every, self._most, self._first = "SHORT", 0, 0, 0

    @override
    def is_block(self, reply: bytes) -> bool:
        return b",#9" in reply[:40]

    @override
    def execute(self, message: str) -> list[bytes]:
        # Every header stands for itself: none continues where the one before was.
        units = [unit if unit.startswith(("*", ":")) else f":{unit}" for unit in split_outside(message, ";") if unit]
        return super().execute(";".join(units))

    @override
    def _common(self) -> dict[str, Handler]:
        return {header: handler for header, handler in super()._common().items() if "ERRor" not in header}

    @override
    def identity(self) -> str:
        head = {"OFF": "", "SHORT": "*IDN ", "LONG": "*IDN "}[self._headers]
        return head + super().identity()

    @override
    def commands(self) -> Mapping[str, Handler]:
        return {**self._channel_commands(), **self._other_commands(), **self._readout_commands()}

    def _channel_commands(self) -> Mapping[str, Handler]:
        return {
            ":C<n>:TRA": self._set_channel(lambda c, _: {"display": c.boolean()}),
            ":C<n>:TRA?": self._told("TRA", lambda one: "ON" if one.display else "OFF"),
            ":C<n>:ATTN": self._set_probe,
            ":C<n>:ATTN?": self._told("ATTN", lambda one: f"{one.probe:g}"),
            ":C<n>:CPL": self._set_channel(lambda c, _: {"coupling": _COUPLINGS[one_of(c, *_COUPLINGS)]}),
            ":C<n>:CPL?": self._told("CPL", lambda one: _SHOWN_COUPLINGS[one.coupling]),
            ":C<n>:VDIV": self._set_channel(scale_of),
            ":C<n>:VDIV?": self._told("VDIV", lambda one: f"{one.scale:.2E}", "V"),
            ":C<n>:OFST": self._set_channel(lambda c, _: {"offset": quantity(c.argument())}),
            ":C<n>:OFST?": self._told("OFST", lambda one: f"{one.offset:.2E}", "V"),
            ":C<n>:UNIT?": self._told("UNIT", lambda _: "V"),
            ":C<n>:TRLV": self._set_trigger(lambda c: {"level": quantity(c.argument())}),
            ":C<n>:TRLV?": self._told("TRLV", lambda _: f"{self.settings.level:.2E}", "V"),
            ":C<n>:TRSL": self._set_trigger(lambda c: {"slope": _SLOPES[one_of(c, *_SLOPES)]}),
            ":C<n>:TRSL?": self._told("TRSL", lambda _: self._slope()),
            ":C<n>:TRCP": lambda c: only(c, "DC"),
            ":C<n>:TRCP?": self._told("TRCP", lambda _: "DC"),
        }

    def _other_commands(self) -> Mapping[str, Handler]:
        return {
            ":CHDR": self._set_headers,
            ":CHDR?": lambda _: self._say("", "CHDR", self._headers),
            ":BWL": self._set_limits,
            ":BWL?": lambda _: self._say("", "BWL", self._limits()),
            ":TDIV": self._set(lambda c: {"time_scale": clamped(step_down(quantity(c.argument())))}),
            ":TDIV?": lambda _: self._say("", "TDIV", f"{self.settings.time_scale:.2E}", "S"),
            ":TRDL": self._set(lambda c: {"delay": quantity(c.argument())}),
            ":TRDL?": lambda _: self._say("", "TRDL", f"{self.settings.delay:.2E}", "S"),
            ":MSIZ": self._set(lambda c: {"size": SIZES[one_of(c, *SIZES)]}),
            ":MSIZ?": lambda _: self._say("", "MSIZ", next(n for n, s in SIZES.items() if s == self.settings.size)),
            ":ACQW": self._set(way_of),
            ":ACQW?": lambda _: self._say("", "ACQW", self._way()),
            ":AVGA": self._set(lambda c: {"averages": int(c.number())}),
            ":AVGA?": lambda _: self._say("", "AVGA", str(self.settings.averages)),
            ":TRSE": self._select_trigger,
            ":TRSE?": lambda _: self._say("", "TRSE", f"EDGE,SR,C{self.settings.source},HT,OFF"),
            ":TRMD": self._set_mode,
            ":TRMD?": lambda _: self._say("", "TRMD", self._mode()),
            ":ARM": lambda _: self._single(),
            ":STOP": lambda _: self._stop(),
            ":FRTR": lambda _: self._acquisition.force(),
            ":SAST?": lambda _: self._say("", "SAST", self._shown_state()),
            ":INR?": lambda _: self._say("", "INR", str(self._internal_state())),
            ":SARA?": lambda _: self._say("", "SARA", f"{self.settings.shot.sample_rate:.2E}", "Sa/s"),
            ":SANU?": lambda _: self._say("", "SANU", *self._sample_number()),
            ":SCDP": lambda _: bmp(self._screen()),
        }

    def _readout_commands(self) -> Mapping[str, Handler]:
        return {
            ":WFSU": self._set_readout,
            ":WFSU?": lambda _: self._say("", "WFSU", f"SP,{self._every},NP,{self._most},FP,{self._first}"),
            ":C<n>:WF?": self._waveform,
        }

    # --- replies ------------------------------------------------------------------------------------------------

    def _say(self, prefix: str, short: str, value: str, unit: str = "") -> str:
        if self._headers == "OFF":
            return value
        name = short if self._headers == "SHORT" else _LONG.get(short, short)
        return f"{prefix}{name} {value}{unit}"

    def _told(self, short: str, show: Callable[[Channel], str], unit: str = "") -> Handler:
        def handler(command: Command) -> str:
            number = self._channel(command)
            return self._say(f"C{number}:", short, show(self.settings.channels[number]), unit)

        return handler

    def _sample_number(self) -> tuple[str, str]:
        depth = self.settings.shot.depth
        if self._headers == "OFF":
            return f"{depth:.2E}", ""
        scale, name = (1e6, "M") if depth >= 1e6 else (1e3, "K") if depth >= 1e3 else (1, "")  # noqa: PLR2004
        return f"{depth / scale:g}{name}", "pts"

    # --- settings -----------------------------------------------------------------------------------------------

    def _set_headers(self, command: Command) -> None:
        self._headers = one_of(command, "OFF", "SHORT", "LONG")

    def _set_limits(self, command: Command) -> None:
        words = [argument.upper() for argument in command.arguments]
        if len(words) == 1:
            words = [one for number in self.settings.channels for one in (f"C{number}", words[0])]
        for name, state in zip(words[::2], words[1::2], strict=False):
            number = int(name.removeprefix("C"))
            one = replace(self.settings.channels[number], bandwidth=_LIMIT if state in {"ON", "20M"} else None)
            self.settings = self.settings.with_channel(number, one)

    def _limits(self) -> str:
        states = ((number, "OFF" if one.bandwidth is None else "ON") for number, one in self.settings.channels.items())
        return ",".join(f"C{number},{state}" for number, state in states)

    def _set_trigger(self, change: Callable[[Command], dict[str, Any]]) -> Handler:
        def handler(command: Command) -> None:
            if self._channel(command) == self.settings.source:
                self.settings = replace(self.settings, **change(command))

        return handler

    def _select_trigger(self, command: Command) -> None:
        words = [argument.upper() for argument in command.arguments]
        if words[:2] != ["EDGE", "SR"] or not re.fullmatch("C[1-4]", words[2] if len(words) > 2 else ""):  # noqa: PLR2004
            raise ScpiError(-224, "Illegal parameter value")
        self.settings = replace(self.settings, source=int(words[2][1]))

    def _slope(self) -> str:
        return next(word for word, slope in _SLOPES.items() if slope == self.settings.slope)

    def _set_mode(self, command: Command) -> None:
        mode = one_of(command, "AUTO", "NORM", "SINGLE", "STOP")
        if mode == "STOP":
            self._stop()
            return
        self.settings = replace(self.settings, sweep=mode)
        if mode == "SINGLE":
            self._single()
        else:
            self._acquisition.run()

    def _mode(self) -> str:
        return "STOP" if self._acquisition.state() is State.STOPPED else self.settings.sweep

    def _way(self) -> str:
        return f"AVERAGE,{self.settings.averages}" if self.settings.kind == "AVERAGE" else self.settings.kind

    # --- acquiring ----------------------------------------------------------------------------------------------

    @override
    def _single(self) -> None:
        self.settings = replace(self.settings, sweep="SINGLE")
        super()._single()

    def _shown_state(self) -> str:
        state = self._state()
        if state is State.FREE:
            return "Auto" if self.settings.sweep == "AUTO" else "Trig'd"
        return _STATES[state]

    def _internal_state(self) -> int:
        """Return what has changed since the last time: a trigger awaited, a new signal."""
        acquisition = self._acquisition
        if self._state() is State.FREE:
            return NEW_SIGNAL | READY
        changed = READY * acquisition.armed_event | NEW_SIGNAL * acquisition.completed_event
        acquisition.armed_event = acquisition.completed_event = False
        return changed

    # --- reading out --------------------------------------------------------------------------------------------

    def _set_readout(self, command: Command) -> None:
        words = [argument.upper() for argument in command.arguments]
        for name, value in zip(words[::2], words[1::2], strict=False):
            number = int(float(value))
            if name == "SP":
                self._every = number
            elif name == "NP":
                self._most = number
            elif name == "FP":
                self._first = number

    def _waveform(self, command: Command) -> bytes:
        part = one_of(command, "DAT2", "DESC", "ALL")
        number, every = self._channel(command), max(1, self._every)
        record = self._record()
        data = b""
        if record is not None and part != "DESC":
            first = self._first // every
            samples = self._inputs.samples(record, number, first=first, count=self._most or None, stride=every)
            codes = samples.justified(8)
            codes[samples.clipped_low], codes[samples.clipped_high] = -128, 127
            data = codes.astype(np.int8).tobytes()
        if part != "DAT2":
            data = self._descriptor(number, every, len(data)).encode() + data
        told = "ALL" if part == "DESC" else part
        head = self._say(f"C{number}:", "WF", f"{told},#9{len(data):09d}")
        return head.encode() + data + b"\n"

    def _descriptor(self, number: int, every: int, size: int) -> Descriptor:
        record = self._record()
        settings = self.settings if record is None else record.settings
        shot, one = settings.shot, settings.channels[number]
        return Descriptor(
            word=False,
            data=size,
            points=self._most or shot.depth // every,
            first=self._first,
            every=every,
            gain=one.scale / CODES_PER_DIVISION,
            offset=one.offset,
            codes_per_division=CODES_PER_DIVISION,
            bits=8,
            interval=every / shot.sample_rate,
            delay=-shot.before,
            time_scale=settings.time_scale,
            coupling=("DC", "AC", "GND").index(one.coupling),
            probe=one.probe,
            limited=one.bandwidth is not None,
            source=number,
        )
