"""Virtual Rohde & Schwarz RTB2000, whose dialect the RTM3000 and RTA4000 speak as well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from rig.twin.devices.rohde_schwarz_scope import RohdeSchwarzScope, Settings
from rig.twin.devices.scope_acquisition import State
from rig.twin.devices.scope_panel import Channel, stepped
from rig.twin.devices.scope_shot import Shot

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_inputs import Samples
    from rig.twin.devices.scope_shot import Record
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command
    from rig.twin.world import World

__all__ = ["RohdeSchwarzRtb"]

ACROSS = 12
CODES_PER_DIVISION = 25
"""Of one byte."""
BITS = 10
FASTEST_RATE = 1.25e9
FEWEST, MOST = 10_000, 20_000_000
SHOWN = 1200
_SHOWN_COUPLINGS = {"DC": "DCL", "AC": "ACL", "GND": "GND"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RtbSettings(Settings):
    """The knobs of this dialect; ``automatic`` leaves the number of points to the instrument."""

    automatic: bool = True
    fine: bool = False

    @property
    @override
    def shot(self) -> Shot:
        span = ACROSS * self.time_scale
        rate = min(FASTEST_RATE, (FEWEST if self.automatic else self.points) / span)
        return Shot(
            inputs={
                number: one.input(
                    full_scale=256 / CODES_PER_DIVISION * one.scale,
                    # The middle of the screen lies between two codes of one byte.
                    offset=self.middle(number) + 0.5 * one.scale / CODES_PER_DIVISION,
                )
                for number, one in self.channels.items()
            },
            sample_rate=rate,
            depth=max(1, round(rate * span)),
            before=span * self.reference - self.delay,
            after=span * (1 - self.reference) + self.delay,
            bits=16 if self.fine else BITS,
            source=self.source,
            level=self.level,
            slope=self.slope,
            auto=self.sweep == "AUTO",
            averages=self.averages if self.kind == "AVER" else 1,
        )


class RohdeSchwarzRtb(RohdeSchwarzScope):
    """Ten bits; samples are unsigned, and a record is handed over at once."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._extent = "DEF"

    @override
    def factory_settings(self) -> RtbSettings:
        return RtbSettings()

    @override
    def reset(self) -> None:
        super().reset()
        self._extent = "DEF"

    @override
    def commands(self) -> Mapping[str, Handler]:
        root = ":CHANnel<n>"
        return {
            **self._both(),
            **self._trigger_at(":TRIGger:A"),
            f"{root}:COUPling?": self._get_channel(lambda one: _SHOWN_COUPLINGS[one.coupling]),
            ":TIMebase:POSition": self._set(lambda c: {"delay": c.number()}),
            ":TIMebase:POSition?": self._get(lambda s: f"{s.delay:.6E}"),
            ":TIMebase:REFerence": self._set(lambda c: {"reference": c.number() / 100}),
            ":TIMebase:REFerence?": self._get(lambda s: f"{100 * s.reference:.2E}"),
            ":TIMebase:DIVisions?": lambda _: str(ACROSS),
            ":TIMebase:RANGe?": self._get(lambda s: f"{ACROSS * s.time_scale:.4E}"),
            ":ACQuire:POINts:AUTomatic": self._set(lambda c: {"automatic": c.boolean()}),
            ":ACQuire:POINts:AUTomatic?": lambda _: str(int(self._knobs().automatic)),
            ":ACQuire:POINts[:VALue]": self._set(
                lambda c: {"points": int(stepped(c.number(), FEWEST, MOST)), "automatic": False}
            ),
            ":ACQuire:POINts[:VALue]?": self._get(lambda s: str(s.shot.depth)),
            ":ACQuire:POINts:ARATe?": self._get(lambda s: f"{s.shot.sample_rate:.8E}"),
            ":ACQuire:TYPE": self._set(lambda c: {"kind": c.choice("REFresh", "AVERage")}),
            ":ACQuire:TYPE?": self._get(lambda s: "AVER" if s.kind == "AVER" else "REFR"),
            ":ACQuire:AVERage:COUNt": self._set(lambda c: {"averages": int(c.number())}),
            ":ACQuire:AVERage:COUNt?": self._get(lambda s: str(s.averages)),
            ":ACQuire:HRESolution": self._set(lambda c: {"fine": c.choice("AUTO", "OFF") == "AUTO"}),
            ":ACQuire:HRESolution?": lambda _: "AUTO" if self._knobs().fine else "OFF",
            ":ACQuire:STATe": self._set_state,
            ":ACQuire:STATe?": lambda _: self._shown_state(),
            f"{root}:DATA:POINts": self._set_extent,
            f"{root}:DATA:POINts?": lambda _: str(self._extent_of()[1]),
            f"{root}:DATA:HEADer?": lambda _: self._header(),
            f"{root}:DATA:XORigin?": lambda _: self._header().split(",")[0],
            f"{root}:DATA:XINCrement?": lambda _: self._increment(),
            f"{root}:DATA:YORigin?": lambda c: f"{-self._codes() / 2 * self._step(c) + self._middle(c):.9E}",
            f"{root}:DATA:YINCrement?": lambda c: f"{self._step(c) / self._finer():.9E}",
            f"{root}:DATA:YRESolution?": lambda _: str(BITS),
            f"{root}:DATA?": self._data,
            f"{root}:OVER?": self._get_channel(lambda _: "0"),
        }

    def _knobs(self) -> RtbSettings:
        if not isinstance(self.settings, RtbSettings):
            raise TypeError
        return self.settings

    # --- acquiring ----------------------------------------------------------------------------------------------

    def _set_state(self, command: Command) -> None:
        state = command.choice("RUN", "STOP", "BREak")
        if state == "RUN":
            self._acquisition.run()
        else:
            self._halt()

    def _shown_state(self) -> str:
        if self._state() is not State.STOPPED:
            return "RUN"
        return "COMP" if self._is_complete() else "STOP"

    # --- reading out --------------------------------------------------------------------------------------------

    def _set_extent(self, command: Command) -> None:
        self._extent = command.choice("DEFault", "MAXimum", "DMAXimum")

    def _extent_of(self) -> tuple[int, int]:
        """Return every how many-th sample is handed over, and how many that are."""
        record = self._acquisition.record
        depth = (self.settings if record is None else record.settings).shot.depth
        stride = math.ceil(depth / SHOWN) if self._extent == "DEF" else 1
        return stride, depth // stride

    def _made_with(self) -> Settings:
        record = self._record()
        return self.settings if record is None else record.settings

    def _finer(self) -> float:
        """How many codes of the present format there are in one of one byte."""
        return 256.0 if self._format.endswith("16") else 1.0

    def _codes(self) -> int:
        return 255

    def _step(self, command: Command) -> float:
        """Return a code of one byte, V."""
        return self._made_with().channels[self._channel(command)].scale / CODES_PER_DIVISION

    def _middle(self, command: Command) -> float:
        return self._made_with().middle(self._channel(command))

    def _header(self) -> str:
        record = self._record()
        return "0,0,0,1" if record is None else self._head(record, self._extent_of()[0])

    def _increment(self) -> str:
        return f"{self._extent_of()[0] / self._made_with().shot.sample_rate:.9E}"

    def _data(self, command: Command) -> bytes:
        record = self._stopped() if self._extent == "MAX" else self._record()
        number = self._channel(command)
        if record is None:
            return b"#10"
        return self._values(record, number, self._inputs.samples(record, number, stride=self._extent_of()[0]))

    @override
    def integers(self, samples: Samples, bits: int) -> npt.NDArray[np.int64]:
        codes = samples.justified(bits).astype(np.int64) + (1 << (bits - 1))
        codes[samples.clipped_low], codes[samples.clipped_high] = 0, (1 << bits) - 1
        return codes

    @override
    def volts(self, record: Record[Settings], number: int, samples: Samples) -> npt.NDArray[np.float64]:
        one: Channel = record.settings.channels[number]
        step = one.scale / CODES_PER_DIVISION
        lsb = step * 256 / 2**samples.bits
        return np.asarray(samples.codes * lsb + record.settings.middle(number) + 0.5 * step)
