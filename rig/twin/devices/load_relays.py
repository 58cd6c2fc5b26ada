"""The relays of the load box as the switch works them, with the defects that contacts and wiring can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.twin.faults import FaultPlan
    from rig.twin.world import World

__all__ = ["LoadRelays"]


class LoadRelays:
    """Commanded relays become closed contacts; what the switch reports is the command, whatever became of it.

    What is commanded together is struck together. A contact that stays closed comes loose, and one that stays open
    closes again, with the next command that the defect does not strike.
    """

    def __init__(self, world: World, faults: FaultPlan) -> None:
        self._world, self._faults = world, faults
        self._commanded: frozenset[int] = frozenset()
        self._contacts: dict[int, int | None] = {}
        self._welded: frozenset[int] = frozenset()

    def set(self, commanded: frozenset[int]) -> None:
        """Command exactly these relays to be closed."""
        opening, closing = self._commanded - commanded, commanded - self._commanded
        self._commanded = commanded
        if opening:
            released = {contact for relay in opening if (contact := self._contacts.pop(relay)) is not None}
            struck = self._faults.strikes("stuck_closed")
            self._welded = self._welded | released if struck else self._welded - released
        if closing:
            broken, astray = self._faults.strikes("stuck_open"), self._faults.strikes("wrong_relay")
            self._contacts |= {relay: None if broken else relay + astray for relay in closing}
        now = {contact for contact in self._contacts.values() if contact is not None}
        self._world.switch(self._welded | now)
