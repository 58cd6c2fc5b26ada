"""A digital output of a National Instruments device that drives the interlock's relay: high closes the contact.

With a hold time the device's own watchdog timer sets the line low when it is not refreshed; not every device has one.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from rig.bench.transport.daqmx_line import DaqLine
from rig.errors import InstrumentError, RigError
from rig.model.identity import Identity

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["NiDigitalLine", "opened"]


class NiDigitalLine:
    """One line, set and read back; may be called by several threads.

    Parameters
    ----------
    name, address, device : from the bench file; ``device`` is the device's name in the driver, for example ``Dev1``
    line : port and line, for example ``port0/line0``
    hold_time : of the device's watchdog, s; None for none
    timeout : how long to wait for the answer to one call, s
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        device: str,
        line: str,
        hold_time: float | None = None,
        timeout: float = 0.2,
    ) -> None:
        self.name = name
        self._hold_time = hold_time
        self._line = DaqLine(name, address, device, line, call_timeout=timeout)
        self._held = False
        self._one_at_a_time = threading.RLock()

    @property
    def hold_time(self) -> float | None:
        """The watchdog's time, s; None without watchdog."""
        return self._hold_time

    def identify(self) -> Identity:
        """Ask the driver for product type and serial number; its own version stands for the firmware."""
        with self._one_at_a_time:
            product, serial, version = self._line.describe()
        return Identity(
            manufacturer="National Instruments",
            model=product,
            serial=f"{serial:08X}",
            firmware=f"NI-DAQmx {version}",
        )

    def enable(self) -> None:
        """Set the line high, the watchdog first; see that it is high."""
        with self._one_at_a_time:
            self._held = True
            if self._hold_time is not None:
                self._keep_watch(self._hold_time)
            self._line.write(high=True)
            self._must_be(high=True)

    def disable(self) -> None:
        """Set the line low and see that it is."""
        with self._one_at_a_time:
            # An expired watchdog has set it low already, and refuses to have it written.
            if not self._line.expired():
                self._line.write(high=False)
            self._must_be(high=False)
            self._held = False

    def enabled(self) -> bool:
        """Whether the line is high."""
        with self._one_at_a_time:
            return self._line.read()

    def close(self) -> None:
        """Set the line low if this session set it high, and end the session; may be called twice, never raises."""
        with self._one_at_a_time:
            if self._held:
                with contextlib.suppress(RigError):
                    self.disable()
            self._held = False
            self._line.close()

    def _keep_watch(self, hold_time: float) -> None:
        if not self._line.watched:
            self._line.watch(hold_time)
        elif self._line.expired():
            self._line.watch_again()
        else:
            self._line.refresh()

    def _must_be(self, *, high: bool) -> None:
        if self._line.read() != high:
            is_, told = ("low", "high") if high else ("high", "low")
            raise InstrumentError(self.name, f"set the line {told}", f"it is read back {is_}")


def opened(at: Opening) -> NiDigitalLine:
    """Open a session as a bench file says."""
    return NiDigitalLine(
        at.name,
        at.address,
        device=at.entry.device or "",
        line=at.entry.line or "",
        hold_time=at.entry.hold_time,
        timeout=at.patience(0.2),
    )
