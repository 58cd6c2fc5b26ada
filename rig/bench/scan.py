"""Looks for instruments that can be reached from this computer, and proposes a bench file; nothing is changed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.bench.catalog import drivers_for
from rig.bench.drivers.scpi import ScpiDialogue, ScpiInstrument
from rig.bench.transport import discovery
from rig.bench.transport.visa import VisaSession
from rig.errors import RigError
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rig.bench.catalog import Driver
    from rig.bench.transport.discovery import CardFound, PortFound

__all__ = ["Found", "Surroundings", "proposal", "scan"]

_PATIENCE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Who tells what there is; tests tell other things."""

    resources: Callable[[str], Sequence[str]] = discovery.resources
    ports: Callable[[], Sequence[PortFound]] = discovery.serial_ports
    cards: Callable[[], Sequence[CardFound]] = discovery.cards


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that can be reached.

    Attributes
    ----------
    address : as a bench file names it
    says : who it says it is, or what its port is; ``problem`` is why it says nothing
    identity : for a bench file, if it is known
    drivers : that recognise it, the likeliest first
    device : of a DAQ card: its name in the driver
    """

    address: str
    says: str
    identity: Identity | None = None
    drivers: tuple[Driver, ...] = ()
    device: str = ""
    problem: str = ""


def scan(*, backend: str = "@py", also: Sequence[str] = (), around: Surroundings | None = None) -> tuple[Found, ...]:
    """Ask every VISA resource who it is, and list serial ports and NI cards.

    Parameters
    ----------
    backend : of VISA
    also : VISA addresses to be asked too: instruments in a network rarely announce themselves

    Raises
    ------
    CommunicationError
        if there is no such VISA library
    """
    around = around or Surroundings()
    visa = dict.fromkeys((*around.resources(backend), *also))
    asked = (_asked(address, backend) for address in visa)
    return (*asked, *map(_port, around.ports()), *map(_card, around.cards()))


def _asked(address: str, backend: str) -> Found:
    try:
        session = VisaSession(address, address, backend=backend, timeout=_PATIENCE)
        with closing(ScpiInstrument(address, ScpiDialogue(session))) as instrument:
            identity = instrument.identify()
    except RigError as error:
        return Found(address=address, says="", problem=str(error).removeprefix(f"{address}: "))
    known = drivers_for(f"{identity.manufacturer},{identity.model}")
    return Found(address=address, says=str(identity), identity=identity, drivers=known)


def _port(one: PortFound) -> Found:
    says = " ".join(part for part in (one.description, one.usb, one.serial and f"serial {one.serial}") if part)
    return Found(address=one.address, says=says, drivers=drivers_for(f"usb:{one.usb}"))


def _card(one: CardFound) -> Found:
    identity = Identity(manufacturer="National Instruments", model=one.model, serial=one.serial, firmware="")
    return Found(
        address="local",
        says=f"National Instruments {one.model}, serial {one.serial}",
        identity=identity,
        drivers=drivers_for(f"National Instruments,{one.model}"),
        device=one.device,
    )


def proposal(found: Sequence[Found]) -> str:
    """Return a bench file with what a driver recognises; what nobody can know is left to be filled in."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Sequence[Found]) -> Iterator[str]:
    yield "# A proposal: fill in what is in <angle brackets>, and delete what does not belong to the bench."
    yield "bench: <name>"
    yield "title: <what it is>"
    yield "device: <file of the device under test>"
    yield "instruments:"
    taken: dict[str, int] = {}
    for one in found:
        if not one.drivers:
            continue
        driver = one.drivers[0]
        taken[driver.role] = taken.get(driver.role, 0) + 1
        number = "" if taken[driver.role] == 1 else f"-{taken[driver.role]}"
        yield f"  {driver.role}{number}:"
        yield f"    role: {driver.role}"
        others = [other.name for other in one.drivers[1:]]
        yield f"    driver: {driver.name}" + (f"  # or {', '.join(others)}" if others else "")
        yield f"    address: {one.address}"
        if one.device:
            yield f"    device: {one.device}"
        identity = one.identity
        if identity is not None:
            fields = [key for key in ("manufacturer", "model", "serial", "firmware") if getattr(identity, key)]
            yield f"    identity: {{{', '.join(f'{key}: {_quoted(getattr(identity, key))}' for key in fields)}}}"
        yield from _of_the_role(driver)
    yield "signals:"
    yield "  voltage: {instrument: oscilloscope, channel: 1, probe: <attenuation>, full_scale: <widest range>}"
    yield "  current: {instrument: digitizer, channel: ai0, rate: <sample rate>, sense_resistor: <file of it>}"
    yield "loads: {box: <file of the load box>}"


def _of_the_role(driver: Driver) -> Iterator[str]:
    if driver.role in {"oscilloscope", "digitizer"}:
        yield "    calibration: <file of the calibration record>"
    for key in driver.needs:
        if key != "device":
            yield f"    {key}: <{key}>"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
