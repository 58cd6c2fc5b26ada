"""The virtual load switch: a 34970A-style mainframe with one 34903A actuator card, 20 relays, in slot 100."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rig.twin.devices.load_relays import LoadRelays
from rig.twin.devices.series_contact import SeriesContact
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError, channel_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

    Handler = Callable[[Command], str | bytes | None]

__all__ = ["RELAYS", "SETTLING", "Switch34970A"]

RELAYS = tuple(range(101, 121))
"""The channels of the actuator card."""

SETTLING = 5e-3
"""How long a relay takes until the instrument calls its operation done, s."""

_SLOTS = {100: "34903A,0,1.0", 200: "0,0,0", 300: "0,0,0"}
_POLL = 1e-3
_MOST_CYCLES = 1000


class Switch34970A(ScpiDevice):
    """Closes and opens relays; all of them are open at ``*RST``.

    They are those of the load box, unless one of them is the interlock's: then the others are connected to nothing.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._contact = None if config.contact is None else SeriesContact(world, self.faults)
        self._loads = LoadRelays(world, self.faults)
        self._place = None if config.contact is None else int(config.contact)
        self._closed: frozenset[int] = frozenset()
        self._settled = world.now
        used = np.random.default_rng([seed, len(RELAYS)]).integers(0, _MOST_CYCLES, len(RELAYS))
        self._cycles = dict(zip(RELAYS, used.tolist(), strict=True))

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        return {
            ":ROUTe:CLOSe": lambda c: self._change(close=channels(c)),
            ":ROUTe:CLOSe?": lambda c: self._states(c, "1", "0"),
            ":ROUTe:CLOSe:EXCLusive": self._close_only,
            ":ROUTe:OPEN": lambda c: self._change(open_=channels(c)),
            ":ROUTe:OPEN?": lambda c: self._states(c, "0", "1"),
            ":ROUTe:DONE?": lambda _: self._done(),
            ":SYSTem:CTYPe?": _card_type,
            ":DIAGnostic:RELay:CYCLes?": lambda c: ",".join(f"{self._cycles[n]:+d}" for n in channels(c)),
            ":DIAGnostic:RELay:CYCLes:CLEar": self._clear_cycles,
        }

    def reset(self) -> None:
        """Open every relay."""
        self._change(open_=RELAYS)

    def wait_complete(self) -> None:
        """Wait until the relays have settled."""
        self.world.advance_to(self._settled)

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
        wanted = channels(command)
        self._change(open_=tuple(set(RELAYS) - set(wanted)))
        self.wait_complete()
        self._change(close=wanted)

    def _states(self, command: Command, closed: str, opened: str) -> str:
        return ",".join(closed if number in self._closed else opened for number in channels(command))

    def _done(self) -> str:
        # A poll takes its time on a real instrument too; without this, polling alone would never end.
        self.world.advance(_POLL)
        return "1" if self.world.now >= self._settled else "0"

    def _clear_cycles(self, command: Command) -> None:
        for number in channels(command):
            self._cycles[number] = 0


def channels(command: Command) -> tuple[int, ...]:
    """The relays that a channel list names, in its order: ``(@101,103:105)``."""
    return tuple(channel_numbers(command.argument(), RELAYS))


def _card_type(command: Command) -> str:
    slot = command.number()
    if slot not in _SLOTS:
        raise ScpiError(111, "Channel list: slot number out of range")
    return f"HEWLETT-PACKARD,{_SLOTS[int(slot)]}"
