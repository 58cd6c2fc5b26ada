"""Opens one instrument of a bench file by the driver that it names."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rig import roles
from rig.bench.catalog import driver_of
from rig.bench.identity import check_identity
from rig.errors import CommunicationError, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from rig.bench.bench_file import InstrumentEntry, Role
    from rig.bench.device_file import DeviceFile
    from rig.bench.dialogue.entries import DialogueFile
    from rig.roles import Attendant, Clock, Instrument

__all__ = ["BY_HAND", "TWIN", "Opening", "open_checked", "open_instrument"]

TWIN = "twin"
BY_HAND = "operator"
"""The address that stands for the person at the bench."""

ValueT = TypeVar("ValueT", str, int, float, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """All that a driver may want to know when it is made.

    Attributes
    ----------
    name, entry : from the bench file
    address : where it is reached; ``twin`` until the virtual bench has given another
    clock : the bench's clock, with which every wait is made
    timeout : how long to wait for an answer, s; None leaves it to the driver
    relays : of a load switch: every relay channel that the load box may close
    device, device_path : of a stimulator: the device file's content, and where it was read from
    attendant : the person at the bench; None where there is none
    dialogue : of a stimulator that is spoken to as a file describes: that file's content
    """

    name: str
    entry: InstrumentEntry
    address: str
    clock: Clock
    timeout: float | None = None
    relays: tuple[int, ...] = ()
    device: DeviceFile | None = None
    device_path: Path | None = None
    dialogue: DialogueFile | None = None
    attendant: Attendant | None = None

    def patience(self, otherwise: float) -> float:
        """Return how long to wait for an answer, s."""
        return otherwise if self.timeout is None else self.timeout

    def option(self, key: str, otherwise: ValueT) -> ValueT:
        """Return what the bench file says under ``options``, in the type of what holds otherwise."""
        return type(otherwise)(self.entry.options.get(key, otherwise))


def open_instrument(opening: Opening) -> Instrument:
    """Open a session to an instrument, whoever it is; nothing of it is changed. It has the methods of its role.

    Raises
    ------
    CommunicationError
        if it cannot be reached
    Refused
        if its driver is unknown, or not one for the role that it has on this bench
    """
    name, entry = opening.name, opening.entry
    if opening.address == TWIN:
        raise CommunicationError(name, "", "the virtual bench has given no address for it; is it running?")
    driver = driver_of(entry.driver)
    if driver is None:
        raise Refused(f"{name}: there is no driver {entry.driver!r}")
    if driver.role != entry.role:
        raise Refused(f"{name}: a {driver.name} is no {entry.role}, but a {driver.role}")
    made = pkgutil.resolve_name(driver.factory)(opening)
    if not isinstance(made, _ROLES[entry.role]):
        raise Refused(f"{name}: what {driver.factory} makes is no {entry.role}")
    return made


def open_checked(opening: Opening, role: Role) -> Instrument:
    """Open a session to an instrument of a role, and see that it is the one that the bench file names.

    Raises
    ------
    CommunicationError
        if it cannot be reached
    IdentityMismatch
        if it is another instrument
    Refused
        if its driver is unknown, or not one for the role that it has on this bench
    """
    if opening.entry.role != role:
        raise Refused(f"{opening.name}: a {opening.entry.driver} is no {role}")
    instrument = open_instrument(opening)
    try:
        if opening.entry.identity is not None:
            check_identity(opening.name, opening.entry.identity, instrument.identify())
    except BaseException:
        instrument.close()
        raise
    return instrument


_ROLES = {
    "oscilloscope": roles.Oscilloscope,
    "digitizer": roles.Digitizer,
    "load-switch": roles.LoadSwitch,
    "stimulator": roles.Stimulator,
    "interlock": roles.Interlock,
    "supply": roles.Supply,
    "multimeter": roles.Multimeter,
}
