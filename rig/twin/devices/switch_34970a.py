"""The virtual load switch: a 34970A, 34972A, DAQ970A or 34980A with an actuator card of 20 relays in its first slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.devices.load_relays import LoadRelays
from rig.twin.devices.scanning import Scanning
from rig.twin.devices.series_contact import SeriesContact
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError, channel_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

    Handler = Callable[[Command], str | bytes | None]

__all__ = ["RELAYS", "SETTLING", "Switch34970A"]

RELAYS = tuple(range(101, 121))
"""The channels of the actuator card, as all but the 34980A number them."""

SETTLING = 5e-3
"""How long a relay takes until the instrument calls its operation done, s."""

_CARD_RELAYS = 20
_POLL = 1e-3
_MOST_CYCLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mainframe:
    """How a model numbers its slots and channels, and what it says of its cards, where ``{}`` stands for their type."""

    slots: tuple[int, ...]
    first: int
    actuator: str
    multiplexer: str
    card: str
    empty: str

    @property
    def relays(self) -> tuple[int, ...]:
        """The channels of the actuator card in the first slot."""
        return tuple(range(self.first, self.first + _CARD_RELAYS))


_HUNDREDS = (100, 200, 300)
_MODELS = {
    "34970A": Mainframe(
        slots=_HUNDREDS,
        first=101,
        actuator="34903A",
        multiplexer="34901A",
        card="HEWLETT-PACKARD,{},0,1.0",
        empty="HEWLETT-PACKARD,0,0,0",
    ),
    "34972A": Mainframe(
        slots=_HUNDREDS,
        first=101,
        actuator="34903A",
        multiplexer="34901A",
        card="Agilent Technologies,{},0,1.0",
        empty="Agilent Technologies,0,0,0",
    ),
    "DAQ970A": Mainframe(
        slots=_HUNDREDS,
        first=101,
        actuator="DAQM903A",
        multiplexer="DAQM901A",
        card="Keysight Technologies,{},MY59000001,1.0",
        empty="Keysight Technologies,0,0,0",
    ),
    "34980A": Mainframe(
        slots=tuple(range(1, 9)),
        first=1001,
        actuator="34938A",
        multiplexer="34921A",
        card="AGILENT TECHNOLOGIES,{},0,1.0",
        empty="AGILENT TECHNOLOGIES,0,0,0",
    ),
}


class Switch34970A(ScpiDevice):
    """Closes and opens relays; all of them are open at ``*RST``. Which model it is, its identity says.

    They are those of the load box, unless one of them is the interlock's: then the others are connected to nothing.
    With ``inputs`` its second slot holds a multiplexer, through which its multimeter measures them.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        model = "" if config.identity is None else config.identity.model
        self._frame = _MODELS.get(model, _MODELS["34970A"])
        self._relays = self._frame.relays
        self._scanning = Scanning(name=name, config=config, world=world, seed=seed) if config.inputs else None
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._loads = LoadRelays(world, self.faults)
        self._contact = None if config.contact is None else SeriesContact(world, self.faults)
        self._place = None if config.contact is None else int(config.contact)
        self._closed: frozenset[int] = frozenset()
        self._settled = world.now
        used = np.random.default_rng([seed, _CARD_RELAYS]).integers(0, _MOST_CYCLES, _CARD_RELAYS)
        self._cycles = dict(zip(self._relays, used.tolist(), strict=True))

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        return {
            **({} if self._scanning is None else self._scanning.commands()),
            ":ROUTe:CLOSe": lambda c: self._change(close=self._named(c)),
            ":ROUTe:CLOSe?": lambda c: self._states(c, "1", "0"),
            ":ROUTe:CLOSe:EXCLusive": self._close_only,
            ":ROUTe:OPEN": lambda c: self._change(open_=self._named(c)),
            ":ROUTe:OPEN:ALL": lambda _: self._open_all(),
            ":ROUTe:OPEN?": lambda c: self._states(c, "0", "1"),
            ":ROUTe:DONE?": lambda _: self._done(),
            ":SYSTem:CTYPe?": self._card_type,
            ":DIAGnostic:RELay:CYCLes?": lambda c: ",".join(f"{self._cycles[n]:+d}" for n in self._named(c)),
            ":DIAGnostic:RELay:CYCLes:CLEar": self._clear_cycles,
        }

    def reset(self) -> None:
        """Open every relay."""
        self._change(open_=self._relays)
        if self._scanning is not None:
            self._scanning.reset()

    def wait_complete(self) -> None:
        """Wait until the relays have settled, and a scan is done."""
        self.world.advance_to(self._settled)
        if self._scanning is not None:
            self._scanning.finish()

    def _change(self, *, close: tuple[int, ...] = (), open_: tuple[int, ...] = ()) -> None:
        before = self._closed
        after = (before - frozenset(open_)) | frozenset(close)
        if after == before:
            return
        for number in after - before:
            self._cycles[number] += 1
        self._closed = after
        if self._contact is None:
            self._loads.set(after)
        else:
            self._contact.set(closed=self._place in after)
        self._settled = self.world.now + SETTLING

    def _close_only(self, command: Command) -> None:
        """Break before make: what else is closed opens and settles first."""
        wanted = self._named(command)
        self._change(open_=tuple(set(self._relays) - set(wanted)))
        self.world.advance_to(self._settled)
        self._change(close=wanted)

    def _states(self, command: Command, closed: str, opened: str) -> str:
        return ",".join(closed if number in self._closed else opened for number in self._named(command))

    def _done(self) -> str:
        # A poll takes its time on a real instrument too; without this, polling alone would never end.
        self.world.advance(_POLL)
        return "1" if self.world.now >= self._settled else "0"

    def _clear_cycles(self, command: Command) -> None:
        for number in self._named(command):
            self._cycles[number] = 0

    def _named(self, command: Command) -> tuple[int, ...]:
        return channels(command, self._relays)

    def _open_all(self) -> None:
        if self._frame is not _MODELS["34980A"]:
            raise ScpiError(-113, "Undefined header")
        self._change(open_=self._relays)

    def _card_type(self, command: Command) -> str:
        frame, slot = self._frame, command.number()
        if slot not in frame.slots:
            raise ScpiError(111, "Channel list: slot number out of range")
        if slot == frame.slots[0]:
            return frame.card.format(frame.actuator)
        if slot == frame.slots[1] and self._scanning is not None:
            return frame.card.format(frame.multiplexer)
        return frame.empty


def channels(command: Command, allowed: Collection[int] = RELAYS) -> tuple[int, ...]:
    """The relays that a channel list names, in its order: ``(@101,103:105)``."""
    return tuple(channel_numbers(command.argument(), allowed))
