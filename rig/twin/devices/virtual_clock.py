"""The virtual bench's clock as an instrument: whoever waits on the bench waits through it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.scpi import Handler

__all__ = ["VirtualClock"]

_LONGEST_STEP = 86400.0


class VirtualClock(ScpiDevice):
    """``SYSTem:TIME?`` tells the bench's time in s, ``SYSTem:TIME:ADVance <s>`` lets that much pass."""

    @override
    def commands(self) -> Mapping[str, Handler]:
        return {":SYSTem:TIME?": lambda _: repr(self.world.now), ":SYSTem:TIME:ADVance": self._advance}

    def _advance(self, command: Command) -> None:
        seconds = command.number()
        if not (math.isfinite(seconds) and 0 <= seconds <= _LONGEST_STEP):
            raise ScpiError(-222, "Data out of range")
        self.world.advance(seconds)
