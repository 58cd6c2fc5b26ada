"""The stimulator's defects, asked for by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.twin.config import DeviceFault

__all__ = ["Defects"]

_EVERY_SECOND = 2
_SPARSE = frozenset({"missing_pulse", "extra_pulse"})


class Defects:
    """What is wrong with a device."""

    def __init__(self, faults: Iterable[DeviceFault]) -> None:
        self._faults = tuple(faults)

    def has(self, kind: str) -> bool:
        """Whether there is a defect of this kind."""
        return self.first(kind) is not None

    def first(self, kind: str) -> DeviceFault | None:
        """Return the first defect of this kind, if there is one."""
        return next((fault for fault in self._faults if fault.kind == kind), None)

    def total(self, kind: str) -> float:
        """Return the sum of the values of all defects of this kind; 0 when there is none."""
        return sum(fault.value or 0.0 for fault in self._faults if fault.kind == kind)

    def striking(self, index: int) -> tuple[DeviceFault, ...]:
        """Return the defects that strike the pulse with this index, from 0, of a train."""
        return tuple(fault for fault in self._faults if (index + 1) % _interval(fault) == 0)


def _interval(fault: DeviceFault) -> int:
    return fault.every or (_EVERY_SECOND if fault.kind in _SPARSE else 1)
