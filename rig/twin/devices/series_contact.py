"""The interlock's contact as the relay that works it sees it, with the defect that a relay can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.twin.faults import FaultPlan
    from rig.twin.world import World

__all__ = ["SeriesContact"]


class SeriesContact:
    """Opens at once when it is made: without power, a relay is open."""

    def __init__(self, world: World, faults: FaultPlan) -> None:
        self._world, self._faults = world, faults
        world.interlock(closed=False)

    def set(self, *, closed: bool) -> None:
        """Close or open it; a contact that is stuck stays closed."""
        stuck = not closed and self._world.contact_closed and self._faults.strikes("stuck_closed")
        if not stuck:
            self._world.interlock(closed)
