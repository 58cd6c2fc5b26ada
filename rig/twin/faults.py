"""When an instrument's configured defects strike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.twin.config import InstrumentFault

__all__ = ["FaultPlan"]


class FaultPlan:
    """Counts the operations in which each kind of defect could have shown itself."""

    def __init__(self, faults: Iterable[InstrumentFault]) -> None:
        self._faults = tuple(faults)
        self._operations: dict[str, int] = {}
        self._begun: frozenset[str] = frozenset()

    def begin(self, kind: str) -> None:
        """Let a defect show itself from now on; may be called from any thread."""
        self._begun |= {kind}

    def begun(self, kind: str) -> bool:
        """Whether :meth:`begin` was called for it: then it does not wait for the next operation to begin."""
        return kind in self._begun

    def strikes(self, kind: str) -> bool:
        """Count one operation, and say whether the defect shows itself in it."""
        count = self._operations.get(kind, 0)
        self._operations[kind] = count + 1
        return kind in self._begun or any(
            fault.kind == kind and fault.after <= count and (fault.times is None or count < fault.after + fault.times)
            for fault in self._faults
        )
