"""The load box behind a relay board: everything opens before anything closes, and what the board reports is compared.

A board reports what it was commanded, if anything; that the right load is connected is shown by current and voltage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rig.errors import InstrumentError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rig.model.identity import Identity
    from rig.roles import Clock

__all__ = ["RelayBoard", "RelayLoads"]

_SETTLE = 0.02


class RelayBoard(Protocol):
    """What a board can do, its relays counted from 1."""

    @property
    def relays(self) -> int:
        """How many relays it has."""

    def identify(self) -> Identity:
        """Return who the board says it is."""

    def switch(self, relays: Sequence[int], *, closed: bool) -> None:
        """Close or open some relays and leave the others as they are."""

    def closed(self, _among: Sequence[int], /) -> frozenset[int] | None:
        """Return those of some relays that it reports as closed; None from a board that reports nothing."""

    def close(self) -> None:
        """End the session; may be called twice, never raises."""


class RelayLoads:
    """A load switch made of the relays that the load box uses; other relays of the board are left alone.

    Parameters
    ----------
    name : from the bench file
    board : the board, which this owns from now on
    relays : every relay that the load box may close
    clock : lets the contacts settle
    settle : time that contacts may bounce, s

    Raises
    ------
    Refused
        if the board has no such relay
    """

    def __init__(
        self, name: str, board: RelayBoard, *, relays: Iterable[int], clock: Clock, settle: float = _SETTLE
    ) -> None:
        self.name = name
        self._board, self._clock, self._settle = board, clock, settle
        self._used = tuple(sorted(set(relays)))
        beyond = [relay for relay in self._used if not 1 <= relay <= board.relays]
        if beyond:
            board.close()
            raise Refused(f"{name}: the load box uses relay {_shown(beyond)}; the board has 1 to {board.relays}")

    def identify(self) -> Identity:
        """Ask the board who it is."""
        return self._board.identify()

    def select(self, channels: tuple[int, ...]) -> None:
        """Open everything, then close exactly these relays, and see that they are reported so."""
        unknown = sorted(set(channels) - set(self._used))
        if unknown:
            raise Refused(f"{self.name}: the load box does not use relay {_shown(unknown)}")
        self.open_all()
        if channels:
            self._switch(sorted(set(channels)), closed=True)

    def open_all(self) -> None:
        """Open every relay of the load box, and see that they are reported so; may be called at any time."""
        if self._used:
            self._switch(self._used, closed=False)

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._board.close()

    def _switch(self, relays: Sequence[int], *, closed: bool) -> None:
        self._board.switch(relays, closed=closed)
        self._clock.sleep(self._settle)
        reported = self._board.closed(self._used)
        if reported is None:
            return
        wanted = frozenset(relays) if closed else frozenset()
        wrong = [
            f"{one} is {'closed' if one in reported else 'open'}"
            for one in self._used
            if (one in reported) != (one in wanted)
        ]
        if wrong:
            what = f"relay {_shown(relays)} {'on' if closed else 'off'}"
            raise InstrumentError(self.name, what, f"relay {', '.join(wrong)}, against the command")


def _shown(relays: Iterable[int]) -> str:
    return ", ".join(map(str, relays))
