"""The virtual Tektronix MSO 4/5/6 Series: 12 bits, long records, FastFrame."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.twin.devices.scope_screen import png
from rig.twin.devices.tektronix_scope import OUT_OF_RANGE, TektronixScope, checked, real, whole
from rig.twin.devices.tektronix_settings import MSO
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_panel import Channel
    from rig.twin.devices.scope_shot import Record
    from rig.twin.devices.tektronix_settings import TekKnobs
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command
    from rig.twin.world import World

__all__ = ["TektronixMso"]

_RATES = (1.25, 2.5, 3.125, 6.25, 12.5)
_LEAST_RATE = 1.25


class TektronixMso(TektronixScope):
    """An MSO 5 Series: 12 bits, long records, FastFrame."""

    family = MSO

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self._files: dict[str, bytes] = {}
        self._chosen: dict[str, int] = {}
        super().__init__(name=name, config=config, world=world, seed=seed)

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        frames = ":HORizontal:FASTframe"
        return {
            **super().commands(),
            ":DISplay:WAVEView<n>:CH<n>:STATE": self._set_shown,
            ":DISplay:WAVEView<n>:CH<n>:STATE?": self._get_shown,
            ":CH<n>:TERmination": self._set_channel(lambda c, _: _one_megohm(c)),
            ":CH<n>:TERmination?": self._get_channel(lambda _: "1.0E+6"),
            ":CH<n>:PROBEFunc:EXTAtten": self._set_attenuation,
            ":CH<n>:PROBEFunc:EXTAtten?": self._get_attenuation,
            ":CH<n>:CLIPping?": lambda c: f"{self._overdriven(self._channel(c)):d}",
            ":HORizontal:MODE": self._set_manual,
            ":HORizontal:MODE?": self._get(lambda s: "MANUAL" if s.manual else "AUTO"),
            ":HORizontal:MODE:SAMPLERate": self._set_rate,
            ":HORizontal:MODE:SAMPLERate?": self._get(lambda s: real(s.rate)),
            ":HORizontal:MODE:RECOrdlength": self._set_record,
            ":HORizontal:MODE:RECOrdlength?": self._get(lambda s: str(s.depth)),
            ":TRIGger:A:LEVel:CH<n>": lambda c: self._set_level(self._channel(c), c.number()),
            ":TRIGger:A:LEVel:CH<n>?": lambda c: real(self.settings.levels.get(self._channel(c), 0.0)),
            f"{frames}:STATE": self._set(lambda c: {"frames": max(1, self._frames) if c.boolean() else 0}),
            f"{frames}:STATE?": self._get(lambda s: f"{s.frames > 0:d}"),
            f"{frames}:COUNt": self._set_frames,
            f"{frames}:COUNt?": lambda _: str(self._frames),
            f"{frames}:REF:FRAMe": lambda c: self._choose_frame("ref", c),
            f"{frames}:SELECTED": lambda c: self._choose_frame("selected", c),
            f"{frames}:TIMEStamp:DELTa?": lambda _: self._between_frames(),
            ":ACQuire:NUMFRAMESACQuired?": lambda _: self._count(),
            ":DATa:FRAMESTARt": self._read_as(lambda c: {"first_frame": whole(c)}),
            ":DATa:FRAMESTARt?": lambda _: str(self._readout.first_frame),
            ":DATa:FRAMESTOP": self._read_as(lambda c: {"last_frame": whole(c)}),
            ":DATa:FRAMESTOP?": lambda _: str(self._readout.last_frame),
            ":SAVe:IMAGe": self._save_image,
            ":FILESystem:READFile": self._read_file,
            ":FILESystem:DELEte": lambda c: checked(self._files.pop(c.argument(), None)),
        }

    _frames = 1

    def bandwidth(self, channel: Channel) -> str:
        """Return the bandwidth of a channel, Hz."""
        return real(channel.bandwidth or 500e6)

    def zero(self, channel: Channel, settings: TekKnobs, fine: int) -> tuple[float, float]:
        """Return 0, and position and offset together."""
        del fine
        return 0.0, settings.middle(channel)

    def origin(self, record: Record[TekKnobs]) -> tuple[int, float]:
        """Return 0, and when the first sample was taken."""
        return 0, -record.shot.before

    # The sensed probe has a gain of its own, an attenuator outside of it another one.
    def _gain(self, number: int) -> float:
        return 1.0 / self._sensed().channels[number].probe

    def _get_channel_gain(self, command: Command) -> str:
        return real(self._gain(self._channel(command)))

    def _set_attenuation(self, command: Command) -> None:
        number, asked = self._channel(command), command.number()
        if not 1e-6 <= asked <= 1e6:  # noqa: PLR2004 - what can be set
            raise OUT_OF_RANGE
        channel = self.settings.channels[number].with_probe(asked / self._gain(number))
        self.settings = self.settings.with_channel(number, channel)

    def _get_attenuation(self, command: Command) -> str:
        number = self._channel(command)
        return real(self.settings.channels[number].probe * self._gain(number))

    def _set_manual(self, command: Command) -> None:
        manual = command.choice("AUTO", "MANual") == "MAN"
        settings = self.settings
        if manual and not settings.manual:
            settings = replace(settings, rate_wanted=_rate_step(settings.rate, self.family.rate))
        self.settings = replace(settings, manual=manual)

    def _set_rate(self, command: Command) -> None:
        asked = command.number()
        self.settings = replace(self.settings, rate_wanted=_rate_step(asked, self.family.rate))
        if not _LEAST_RATE <= asked <= self.family.rate * (1 + 1e-6):
            raise OUT_OF_RANGE

    def _set_frames(self, command: Command) -> None:
        self._frames = max(1, int(command.number()))
        if self.settings.frames:
            self.settings = replace(self.settings, frames=self._frames)

    def _choose_frame(self, which: str, command: Command) -> None:
        self._chosen = {**self._chosen, which: whole(command)}

    def _between_frames(self) -> str:
        """Return how long after the reference frame's trigger that of the selected one came, s, in quotes."""
        record = self._record()
        if record is None:
            raise OUT_OF_RANGE
        moments = [record.segment(self._chosen.get(which, 1))[0][1] for which in ("ref", "selected")]
        return f'"{moments[1] - moments[0]:.9f}"'

    def _overdriven(self, number: int) -> bool:
        record = self._record()
        if record is None:
            return False
        samples = self._inputs.samples(record, number)
        return bool(samples.clipped_high.any() or samples.clipped_low.any())

    def _save_image(self, command: Command) -> None:
        self._files[command.argument()] = png(self._screen())

    def _read_file(self, command: Command) -> bytes:
        data = self._files.get(command.argument())
        if data is None:
            raise ScpiError(-256, "File name not found")
        return data


def _one_megohm(command: Command) -> dict[str, Any]:
    if command.number() != 1e6:  # noqa: PLR2004 - the only input resistance that this world has
        raise OUT_OF_RANGE
    return {}


def _rate_step(asked: float, fastest: float) -> float:
    """Return the least rate of the instrument's that is not below."""
    wanted = min(max(asked, _LEAST_RATE), fastest)
    power = 10.0 ** math.floor(math.log10(wanted / 1.25) + 1e-9)
    return next(step * power for step in _RATES if wanted <= step * power * (1 + 1e-6))
