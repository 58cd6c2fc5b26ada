"""The virtual Tektronix DPO2000 and TBS2000: 8 bits, positions in codes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.twin.devices.scope_screen import png
from rig.twin.devices.tektronix_scope import OUT_OF_RANGE, TektronixScope, checked, real
from rig.twin.devices.tektronix_settings import DPO, LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.devices.scope_panel import Channel
    from rig.twin.devices.scope_shot import Record
    from rig.twin.devices.tektronix_settings import TekKnobs
    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command

__all__ = ["TektronixDpo"]


class TektronixDpo(TektronixScope):
    """A DPO2000 of 8 bits: one record length for all, one trigger level, positions in codes."""

    family = DPO

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        return {
            **super().commands(),
            ":CH<n>:PRObe:GAIN": self._set_gain,
            ":TRIGger:A:LEVel": lambda c: self._set_level(self.settings.source, c.number()),
            ":TRIGger:A:LEVel?": self._get(lambda s: real(s.levels.get(s.source, 0.0))),
            ":SAVe:IMAGe:FILEFormat": lambda c: checked(c.choice("PNG")),
            ":HARDCopy": self._hardcopy,
        }

    def zero(self, channel: Channel, settings: TekKnobs, fine: int) -> tuple[float, float]:
        """Return the position in codes, and the offset."""
        del settings
        return channel.position * LEVELS * fine, channel.offset

    def origin(self, record: Record[TekKnobs]) -> tuple[int, float]:
        """Return the number of the sample before the trigger, and what is left of a sample until there."""
        point = math.floor(record.shot.before * record.shot.sample_rate)
        return point, point / record.shot.sample_rate - record.shot.before

    def sweep_step(self, scale: float) -> float:
        """Return the next of 1, 2, 4 times a power of ten, s per division."""
        power = 10.0 ** math.floor(math.log10(scale) + 1e-9)
        step = next(step for step in (1, 2, 4, 10) if scale <= step * power * (1 + 1e-6))
        return min(float(f"{step * power:.3g}"), 100.0)

    def record_length(self, asked: float) -> int:
        """Return the least power of ten that is enough."""
        return super().record_length(10.0 ** math.ceil(math.log10(max(asked, 1.0)) - 1e-9))

    def averages(self, asked: float) -> int:
        """Return the next power of two, up to 512."""
        return int(min(max(2 ** math.ceil(math.log2(max(asked, 2)) - 1e-9), 2), 512))

    def _set_gain(self, command: Command) -> None:
        number, gain = self._channel(command), command.number()
        if not 1e-4 <= gain <= 100.0:  # noqa: PLR2004 - what can be set
            raise OUT_OF_RANGE
        self.settings = self.settings.with_channel(number, self.settings.channels[number].with_probe(1.0 / gain))

    def _hardcopy(self, command: Command) -> bytes:
        command.choice("STARt")
        return png(self._screen())
