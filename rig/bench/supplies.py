"""Opens a session to the supply of a device; a driver and its vendor's library are loaded only when they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.identity import check_identity
from rig.errors import CommunicationError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.bench.files import InstrumentEntry
    from rig.roles import Supply

__all__ = ["connect_supply", "open_supply"]

TWIN = "twin"
_PATIENCE = 5.0


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
    if address == TWIN:
        raise CommunicationError(name, "", "the virtual bench has given no address for it; is it running?")
    supply = connect_supply(name, entry, address, timeout=timeout)
    try:
        if entry.identity is not None:
            check_identity(name, entry.identity, supply.identify())
    except BaseException:
        supply.close()
        raise
    return supply


def connect_supply(name: str, entry: InstrumentEntry, address: str, *, timeout: float = _PATIENCE) -> Supply:
    """Open a session to a supply, whoever it is; raises CommunicationError, or Refused if it is none."""
    opener = _OPENERS.get(entry.driver)
    if opener is None:
        msg = f"{name}: a {entry.driver} is no supply"
        raise Refused(msg)
    return opener(name, entry, address, timeout)


def _keysight_e36300(name: str, entry: InstrumentEntry, address: str, timeout: float) -> Supply:
    from rig.bench.drivers.keysight_e36300 import KeysightE36300  # noqa: PLC0415 - loads pyvisa

    return KeysightE36300(name, address, output=entry.output or 0, backend=entry.backend, timeout=timeout)


def _rigol_dp800(name: str, entry: InstrumentEntry, address: str, timeout: float) -> Supply:
    from rig.bench.drivers.rigol_dp800 import RigolDp800  # noqa: PLC0415 - loads pyvisa

    return RigolDp800(name, address, output=entry.output or 0, backend=entry.backend, timeout=timeout)


_OPENERS: dict[str, Callable[[str, InstrumentEntry, str, float], Supply]] = {
    "keysight-e36300": _keysight_e36300,
    "rigol-dp800": _rigol_dp800,
}
