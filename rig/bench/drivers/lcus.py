"""LCUS relay boards with a CH340 converter: the switch of a load box that answers nothing at all.

Neither who the board is nor what it does can be read back. What its identity says is what the bench file says of it,
and that nothing of it was verified; whether a load is connected is shown by current and voltage alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.relay_loads import RelayLoads
from rig.bench.transport.serial_port import SerialLine
from rig.errors import Refused
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening

__all__ = ["UNVERIFIED", "LcusLoads", "opened"]

UNVERIFIED = "unverified: the board answers nothing"
"""What stands for the firmware of a board that cannot be asked."""

_BAUD = 9600
_START = 0xA0
_MOST = 255


class _Board:
    """The board's dialogue, of which it hears its part alone."""

    def __init__(self, name: str, address: str, *, relays: int, timeout: float) -> None:
        if not 1 <= relays <= _MOST:
            raise Refused(f"{name}: such a board has 1 to {_MOST} relays, not {relays}")
        self.relays = relays
        self._line = SerialLine(name, address, baud=_BAUD, timeout=timeout)

    def identify(self) -> Identity:
        """Return what the bench file says: the board cannot be asked."""
        return Identity(manufacturer="LCUS", model=f"LCUS-{self.relays}", serial="0", firmware=UNVERIFIED)

    def switch(self, relays: Sequence[int], *, closed: bool) -> None:
        """Tell the board to close or open some relays, one after the other."""
        frames = b"".join(_frame(relay, closed) for relay in relays)
        self._line.write(frames, command=f"relay {', '.join(map(str, relays))} {'on' if closed else 'off'}")

    def closed(self, _among: Sequence[int]) -> None:
        """Return nothing: what the board did is not known."""

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._line.close()


def _frame(relay: int, closed: bool) -> bytes:
    content = bytes([_START, relay, int(closed)])
    return content + bytes([sum(content) & 0xFF])


class LcusLoads(RelayLoads):
    """The relays of a board as the switch of a load box; their state is never verified by the board."""


def opened(at: Opening) -> LcusLoads:
    """Open a session as a bench file says; the option ``relays`` is how many the board has."""
    board = _Board(at.name, at.address, relays=at.option("relays", 1), timeout=at.patience(1.0))
    return LcusLoads(at.name, board, relays=at.relays, clock=at.clock)
