"""Opens a session to a bench's interlock; a driver and its vendor's library are loaded only when they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.identity import check_identity
from rig.errors import CommunicationError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.bench.files import InstrumentEntry
    from rig.roles import Clock, Interlock

__all__ = ["ANSWER", "open_interlock"]

TWIN = "twin"
# Half of what a healthy guard may take to open a contact is long for a board that answers within milliseconds, s.
ANSWER = 0.2


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
    if address == TWIN:
        raise CommunicationError(name, "", "the virtual bench has given no address for it; is it running?")
    opener = _OPENERS.get(entry.driver)
    if opener is None:
        msg = f"{name}: a {entry.driver} is no interlock"
        raise Refused(msg)
    interlock = opener(name, entry, address, clock, answer)
    try:
        if entry.identity is not None:
            check_identity(name, entry.identity, interlock.identify())
    except BaseException:
        interlock.close()
        raise
    return interlock


def _deadman_relay(name: str, entry: InstrumentEntry, address: str, _clock: Clock, answer: float) -> Interlock:
    from rig.bench.drivers.deadman_relay import DeadmanRelay  # noqa: PLC0415 - loads pyserial

    return DeadmanRelay(name, address, channel=entry.channel or 0, hold_time=entry.hold_time or 0.0, timeout=answer)


def _velleman_k8090(name: str, entry: InstrumentEntry, address: str, _clock: Clock, answer: float) -> Interlock:
    from rig.bench.drivers.velleman_k8090 import VellemanK8090  # noqa: PLC0415 - loads pyserial

    return VellemanK8090(name, address, channel=entry.channel or 0, timeout=answer)


def _devantech_usb_rly16(name: str, entry: InstrumentEntry, address: str, _clock: Clock, answer: float) -> Interlock:
    from rig.bench.drivers.devantech_usb_rly16 import DevantechUsbRly16  # noqa: PLC0415 - loads pyserial

    return DevantechUsbRly16(name, address, channel=entry.channel or 0, timeout=answer)


def _ni_digital_line(name: str, entry: InstrumentEntry, address: str, _clock: Clock, answer: float) -> Interlock:
    from rig.bench.drivers.ni_digital_line import NiDigitalLine  # noqa: PLC0415 - loads nidaqmx

    device, line = entry.device or "", entry.line or ""
    return NiDigitalLine(name, address, device=device, line=line, hold_time=entry.hold_time, timeout=answer)


def _scpi_switch(name: str, entry: InstrumentEntry, address: str, clock: Clock, answer: float) -> Interlock:
    from rig.bench.drivers.scpi_switch import ScpiSwitch  # noqa: PLC0415 - loads pyvisa

    channel, backend = entry.channel or 0, entry.backend
    return ScpiSwitch(name, address, channel=channel, clock=clock, backend=backend, timeout=answer)


_OPENERS: dict[str, Callable[[str, InstrumentEntry, str, Clock, float], Interlock]] = {
    "deadman-relay": _deadman_relay,
    "devantech-usb-rly16": _devantech_usb_rly16,
    "ni-digital-line": _ni_digital_line,
    "scpi-switch": _scpi_switch,
    "velleman-k8090": _velleman_k8090,
}
