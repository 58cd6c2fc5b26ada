"""Keysight (Agilent, HP) 34970A family: relays of an actuator or multiplexer card, as the switch of a load box.

34970A, 34972A and DAQ970A number the channels of slot 100 from 101 on; a 34980A those of slot 1 from 1001 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from rig.bench.drivers.scpi import ScpiDialogue, ScpiInstrument
from rig.bench.transport.visa import VisaSession
from rig.errors import InstrumentError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening
    from rig.model.identity import Identity
    from rig.roles import Clock

__all__ = ["Keysight34970A", "Keysight34980A", "opened", "opened_34980a"]

_EMPTY_CARD = {"0", ""}
_CARD_FIELDS = 4


class Keysight34970A(ScpiInstrument):
    """A load switch made of the relay channels that the load box uses.

    Parameters
    ----------
    name, address : from the bench file
    channels : every relay channel that the load box may close, for example 101
    clock : lets the contacts settle
    settle : time that contacts may bounce, s

    Raises
    ------
    Refused
        if the instrument numbers no channel so
    """

    _slots: tuple[int, ...] = (100, 200, 300)
    _slot_size = 100

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
        self._channels = tuple(sorted(set(channels)))
        beyond = [channel for channel in self._channels if self._slot(channel) not in self._slots]
        if beyond:
            least, most = self._slots[0], self._slots[-1]
            numbers = ", ".join(map(str, beyond))
            raise Refused(f"{name}: there is no channel {numbers}; its slots are {least} to {most}")
        self._clock = clock
        self._settle = settle
        super().__init__(name, ScpiDialogue(VisaSession(name, address, backend=backend)))

    @override
    def identify(self) -> Identity:
        """Ask the instrument who it is, and each slot used whether there is a card in it."""
        identity = self._dialogue.identify()
        for slot in sorted({self._slot(channel) for channel in self._channels}):
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

    def _slot(self, channel: int) -> int:
        """Return the slot of a channel, as the query for the card in it wants it."""
        return channel // self._slot_size * self._slot_size

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


class Keysight34980A(Keysight34970A):
    """The eight slots of a 34980A, whose channels have four digits: 1001 is the first one of slot 1."""

    _slots: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    _slot_size = 1000

    @override
    def _slot(self, channel: int) -> int:
        return channel // self._slot_size


def _list(channels: Sequence[int]) -> str:
    return f"(@{','.join(map(str, channels))})"


def opened(at: Opening) -> Keysight34970A:
    """Open a session as a bench file says."""
    return Keysight34970A(at.name, at.address, channels=at.relays, clock=at.clock, backend=at.entry.backend)


def opened_34980a(at: Opening) -> Keysight34980A:
    """Open a session to a 34980A as a bench file says."""
    return Keysight34980A(at.name, at.address, channels=at.relays, clock=at.clock, backend=at.entry.backend)
