"""What can be reached from this computer: VISA resources, serial ports and NI devices."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass

import nidaqmx.system
import pyvisa
from nidaqmx.errors import DaqError, DaqNotFoundError, Error
from serial.tools import list_ports

from rig.errors import CommunicationError

__all__ = ["CardFound", "PortFound", "cards", "resources", "serial_ports"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortFound:
    """A serial port; ``usb`` is vendor and product in hexadecimal, ``0483:5740``, empty where it is no USB device."""

    address: str
    usb: str = ""
    serial: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFound:
    """A device that NI's driver on this computer knows."""

    device: str
    model: str
    serial: str


def resources(backend: str) -> tuple[str, ...]:
    """Return the names of all VISA resources but serial ports, which are found otherwise.

    Raises
    ------
    CommunicationError
        if there is no such VISA library
    """
    try:
        with warnings.catch_warnings():
            # pyvisa-py warns of each kind of interface for which a package is missing.
            warnings.simplefilter("ignore")
            names = pyvisa.ResourceManager(backend).list_resources("?*")
    except (OSError, ValueError, pyvisa.errors.Error) as error:
        raise CommunicationError("VISA", "", f"{backend}: {error}") from error
    return tuple(name for name in names if name.upper().endswith(("::INSTR", "::SOCKET")) and _is_no_port(name))


def _is_no_port(name: str) -> bool:
    return not name.upper().startswith("ASRL")


def serial_ports() -> tuple[PortFound, ...]:
    """Return the serial ports of this computer."""
    return tuple(
        PortFound(
            address=port.device,
            usb="" if port.vid is None or port.pid is None else f"{port.vid:04X}:{port.pid:04X}",
            serial=port.serial_number or "",
            description=port.description or "",
        )
        for port in sorted(list_ports.comports(), key=lambda one: one.device)
    )


def cards() -> tuple[CardFound, ...]:
    """Return the devices of the NI-DAQmx driver on this computer; none where there is no such driver."""
    found: list[CardFound] = []
    with contextlib.suppress(DaqNotFoundError, DaqError, Error):
        for device in nidaqmx.system.System.local().devices:
            number = f"{int(device.serial_num):08X}"
            found.append(CardFound(device=str(device.name), model=str(device.product_type), serial=number))
    return tuple(found)
