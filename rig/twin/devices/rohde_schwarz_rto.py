"""Virtual Rohde & Schwarz RTO and MXO oscilloscopes; the MXO's trigger has headers of its own beside the RTO's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from rig.twin.devices.rohde_schwarz_scope import RohdeSchwarzScope, Settings
from rig.twin.devices.scope_acquisition import State
from rig.twin.devices.scope_shot import Shot
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from rig.twin.devices.scope_inputs import Samples
    from rig.twin.devices.scope_shot import Record
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command

__all__ = ["RohdeSchwarzRto"]

ACROSS = 10
DIVISIONS, LEVELS = 10, 253
"""Divisions of the voltage axis, and codes of one byte within them."""
BITS, FINE_BITS = 12, 16
FASTEST_RATE = 5e9
FEWEST, MOST = 1000, 400_000_000
WAITING, MEASURING = 8, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RtoSettings(Settings):
    """The knobs of this dialect."""

    fine: bool = False

    @property
    def span(self) -> float:
        """What a record lasts, s."""
        return ACROSS * self.time_scale

    @property
    @override
    def shot(self) -> Shot:
        rate = min(FASTEST_RATE, self.points / self.span)
        return Shot(
            inputs={
                number: one.input(full_scale=256 / LEVELS * DIVISIONS * one.scale, offset=self.middle(number))
                for number, one in self.channels.items()
            },
            sample_rate=rate,
            depth=max(1, round(rate * self.span)),
            before=self.span * self.reference - self.delay,
            after=self.span * (1 - self.reference) + self.delay,
            bits=FINE_BITS if self.fine else BITS,
            source=self.source,
            level=self.level,
            slope=self.slope,
            auto=self.sweep == "AUTO",
            averages=self.averages if self.kind == "AVER" else 1,
        )


class RohdeSchwarzRto(RohdeSchwarzScope):
    """Twelve bits; samples are signed, and long records are handed over in parts."""

    @override
    def factory_settings(self) -> RtoSettings:
        return RtoSettings(kind="SAMP", averages=1)

    @override
    def commands(self) -> Mapping[str, Handler]:
        root = ":CHANnel<n>"
        data = f"{root}[:WAVeform<n>]:DATA"
        average = self._set(lambda c: {"kind": {"OFF": "SAMP"}.get(c.choice("OFF", "AVERage"), "AVER")})
        return {
            **self._both(),
            **self._trigger_at(":TRIGger<n>", ":TRIGger:EVENt<n>"),
            f"{root}:COUPling?": self._get_channel(lambda one: {"DC": "DCL"}.get(one.coupling, one.coupling)),
            ":PROBe<n>:SETup:ATTenuation:MODE": lambda c: _only(c, "MANual"),
            ":PROBe<n>:SETup:ATTenuation:MODE?": lambda _: "MAN",
            ":TIMebase:HORizontal:POSition": self._set(lambda c: {"delay": c.number()}),
            ":TIMebase:HORizontal:POSition?": self._get(lambda s: f"{s.delay:.9E}"),
            ":TIMebase:REFerence": self._set(lambda c: {"reference": c.number() / 100}),
            ":TIMebase:REFerence?": self._get(lambda s: f"{100 * s.reference:g}"),
            ":TIMebase:RANGe?": self._get(lambda s: f"{ACROSS * s.time_scale:.9E}"),
            ":ACQuire:POINts:MODE": lambda c: _only(c, "AUTO", "MANual"),
            ":ACQuire:POINts[:VALue]": self._set(lambda c: {"points": _points(c.number())}),
            ":ACQuire:POINts[:VALue]?": self._get(lambda s: str(s.shot.depth)),
            ":ACQuire:SRATe": self._set(lambda c: {"points": _points(c.number() * ACROSS * self.settings.time_scale)}),
            ":ACQuire:COUNt": self._set(lambda c: {"averages": int(c.number())}),
            ":ACQuire:COUNt?": self._get(lambda s: str(s.averages)),
            ":ACQuire:CURRent?": lambda _: self._count(),
            ":ACQuire:TYPE": self._set(_type),
            ":ACQuire:TYPE?": lambda _: "HRES" if self._fine() else self.settings.kind,
            f"{root}:ARIThmetics": average,
            f"{root}:ARIThmetics?": self._get(lambda s: "AVER" if s.kind == "AVER" else "OFF"),
            f"{root}:TYPE": self._set(lambda c: {"fine": c.choice("SAMPle", "HRESolution") == "HRES"}),
            ":HDEFinition:STATe": self._set(lambda c: {"fine": c.boolean()}),
            ":HDEFinition:STATe?": lambda _: str(int(self._fine())),
            ":STATus:OPERation:CONDition?": lambda _: self._condition(),
            ":EXPort:WAVeform:INCXvalues": lambda c: _only(c, "OFF"),
            f"{data}:HEADer?": lambda _: self._header(),
            f"{data}[:VALues]?": self._data,
            f"{root}:OVERload?": self._overload,
            f"{root}:OVERload": lambda _: None,
        }

    def _fine(self) -> bool:
        return isinstance(self.settings, RtoSettings) and self.settings.fine

    @override
    def _set_level(self, command: Command) -> None:
        # The trigger's number stands before that of the source.
        if command.suffixes[-1] == self.settings.source:
            self.settings = replace(self.settings, level=command.number())

    # --- acquiring ----------------------------------------------------------------------------------------------

    def _count(self) -> str:
        self._acquisition.poll()
        return str(self._acquisition.acquired)

    def _condition(self) -> str:
        state = self._state()
        return str({State.STOPPED: 0, State.WAITING: WAITING | MEASURING}.get(state, MEASURING))

    # --- reading out --------------------------------------------------------------------------------------------

    def _header(self) -> str:
        record = self._record()
        return "0,0,0,1" if record is None else self._head(record)

    def _data(self, command: Command) -> bytes:
        record, number = self._record(), self._channel(command)
        if record is None:
            return b"#10"
        first = int(command.number()) if command.arguments else 0
        count = int(command.number(1)) if len(command.arguments) > 1 else None
        if first < 0 or first >= record.shot.depth or (count is not None and count < 1):
            raise ScpiError(-222, "Data out of range")
        return self._values(record, number, self._inputs.samples(record, number, first=first, count=count))

    def _overload(self, command: Command) -> str:
        record, number = self._record(), self._channel(command)
        if record is None:
            return "0"
        samples = self._inputs.samples(record, number)
        return str(int(samples.clipped_low.any() or samples.clipped_high.any()))

    @override
    def integers(self, samples: Samples, bits: int) -> npt.NDArray[np.int64]:
        codes = samples.justified(bits).astype(np.int64)
        codes[samples.clipped_low], codes[samples.clipped_high] = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        return codes

    @override
    def volts(self, record: Record[Settings], number: int, samples: Samples) -> npt.NDArray[np.float64]:
        scale = record.settings.channels[number].scale
        lsb = scale * DIVISIONS * 256 / LEVELS / 2**samples.bits
        return np.asarray(samples.codes * lsb + record.settings.middle(number))


def _only(command: Command, *words: str) -> None:
    command.choice(*words)


def _type(command: Command) -> dict[str, Any]:
    chosen = command.choice("SAMPle", "NORMal", "HRESolution", "AVERage")
    return {"kind": "AVER" if chosen == "AVER" else "SAMP", "fine": chosen == "HRES"}


def _points(asked: float) -> int:
    if not FEWEST <= asked <= MOST:
        raise ScpiError(-222, "Data out of range")
    return round(asked)
