"""Keysight (Agilent, HP) 34970A family: relays of an actuator or multiplexer card, as the switch of a load box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.transport.visa import VisaSession
from rig.errors import InstrumentError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening
    from rig.model.identity import Identity
    from rig.roles import Clock

__all__ = ["Keysight34970A", "opened"]

_SLOT = 100
_EMPTY_CARD = {"0", ""}
_CARD_FIELDS = 4


class Keysight34970A:
    """A load switch made of the relay channels that the load box uses.

    Parameters
    ----------
    name, address : from the bench file
    channels : every relay channel that the load box may close, for example 101
    clock : lets the contacts settle
    settle : time that contacts may bounce, s
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        channels: Sequence[int],
        clock: Clock,
        settle: float = 0.02,
        backend: str = "@py",
    ) -> None:
        self.name = name
        self._channels = tuple(sorted(set(channels)))
        self._clock = clock
        self._settle = settle
        self._dialogue = ScpiDialogue(VisaSession(name, address, backend=backend))

    def identify(self) -> Identity:
        """Ask the instrument who it is, and each slot used whether there is a card in it."""
        identity = self._dialogue.identify()
        for slot in sorted({channel // _SLOT * _SLOT for channel in self._channels}):
            query = f"SYSTem:CTYPe? {slot}"
            fields = self._dialogue.text(query).split(",")
            if len(fields) != _CARD_FIELDS or fields[1].strip() in _EMPTY_CARD:
                raise InstrumentError(self.name, query, f"there is no card in slot {slot}: {','.join(fields)}")
        return identity

    def select(self, channels: tuple[int, ...]) -> None:
        """Open everything, then close exactly these relay channels, and see that they report so."""
        unknown = sorted(set(channels) - set(self._channels))
        if unknown:
            msg = f"{self.name}: the load box does not use relay channel {', '.join(map(str, unknown))}"
            raise Refused(msg)
        self.open_all()
        if channels:
            self._dialogue.command(f"ROUTe:CLOSe {_list(channels)}")
            self._verify(closed=set(channels))

    def open_all(self) -> None:
        """Open every relay of the load box, and see that they report so; may be called at any time."""
        if self._channels:
            self._dialogue.command("*CLS", f"ROUTe:OPEN {_list(self._channels)}")
            self._verify(closed=set())

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._dialogue.close()

    def _verify(self, closed: set[int]) -> None:
        self._clock.sleep(self._settle)
        query = f"ROUTe:CLOSe? {_list(self._channels)}"
        states = self._dialogue.numbers(query, len(self._channels))
        wrong = [
            f"{channel} is {'closed' if state else 'open'}"
            for channel, state in zip(self._channels, states, strict=True)
            if bool(state) != (channel in closed)
        ]
        if wrong:
            raise InstrumentError(self.name, query, f"relay {', '.join(wrong)}, against the command")


def _list(channels: Sequence[int]) -> str:
    return f"(@{','.join(map(str, channels))})"


def opened(at: Opening) -> Keysight34970A:
    """Open a session as a bench file says."""
    return Keysight34970A(at.name, at.address, channels=at.relays, clock=at.clock, backend=at.entry.backend)
