"""Opens the sessions of the process that watches over a run: to the bench's interlock, and to its supply."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rig.bench.drivers.system_clock import SystemClock
from rig.bench.opening import Opening, open_checked

if TYPE_CHECKING:
    from rig.bench.bench_file import InstrumentEntry
    from rig.roles import Clock, Interlock, Supply

__all__ = ["ANSWER", "open_interlock", "open_supply"]

# Half of what a healthy guard may take to open a contact is long for a board that answers within milliseconds, s.
ANSWER = 0.2
_PATIENCE = 5.0


def open_interlock(
    name: str, entry: InstrumentEntry, address: str, *, clock: Clock, answer: float = ANSWER
) -> Interlock:
    """Open a session to an interlock and see that it is the one the bench file names; its contact is not touched.

    Parameters
    ----------
    name, entry : from the bench file, :attr:`rig.bench.definition.BenchDefinition.interlock`
    address : where it is reached; not ``twin``, which the virtual bench replaces
    clock : lets contacts settle where a driver waits for that
    answer : how long it is waited for at most, s

    Raises
    ------
    CommunicationError
        if it cannot be reached
    IdentityMismatch
        if it is another instrument
    Refused
        if its driver is not one of an interlock
    """
    opening = Opening(name=name, entry=entry, address=address, clock=clock, timeout=answer)
    return cast("Interlock", open_checked(opening, "interlock"))


def open_supply(name: str, entry: InstrumentEntry, address: str, *, timeout: float = _PATIENCE) -> Supply:
    """Open a session to a supply and see that it is the one the bench file names; its output is not touched.

    Parameters
    ----------
    name, entry : from the bench file, :attr:`rig.bench.definition.BenchDefinition.supply`
    address : where it is reached; not ``twin``, which the virtual bench replaces
    timeout : how long to wait for an answer, s

    Raises
    ------
    CommunicationError
        if it cannot be reached
    IdentityMismatch
        if it is another instrument
    Refused
        if its driver is not one of a supply
    """
    opening = Opening(name=name, entry=entry, address=address, clock=SystemClock(), timeout=timeout)
    return cast("Supply", open_checked(opening, "supply"))
