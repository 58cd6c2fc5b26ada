"""The event queue of Tektronix instruments: nothing is told before ``*ESR?`` has been read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import ScpiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.scpi import Handler
    from rig.twin.scpi_syntax import Command

__all__ = ["EventQueue"]

_NONE = '0,"No events to report - queue empty"'
_PENDING = '1,"No events to report - new events pending *ESR?"'


class EventQueue(ScpiDevice):
    """Keeps its errors as events with positive codes; there is no ``SYSTem:ERRor?``."""

    _told: tuple[ScpiError, ...] = ()

    def event_commands(self) -> Mapping[str, Handler]:
        """Return what reads the events."""
        return {
            ":ALLEv?": lambda _: self._take(len(self._told)),
            ":EVMsg?": lambda _: self._take(1),
            ":EVENT?": lambda _: self._take(1).partition(",")[0],
            ":EVQty?": lambda _: str(len(self._told)),
            ":SYSTem:ERRor[:NEXT]?": _unknown,
        }

    def latch(self) -> None:
        """Let the events so far be told, in place of those before them."""
        self._told = tuple(self._errors)
        self._errors.clear()

    def _clear(self) -> None:
        super()._clear()
        self._told = ()

    def _take(self, count: int) -> str:
        if not self._told:
            return _PENDING if self._errors else _NONE
        taken, self._told = self._told[:count], self._told[count:]
        return ",".join(f'{abs(error.code)},"{error.text}"' for error in taken)


def _unknown(_: Command) -> None:
    raise ScpiError(-113, "Undefined header")
