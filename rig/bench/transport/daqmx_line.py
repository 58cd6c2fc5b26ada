"""One digital output of an NI-DAQmx device, and the device's watchdog timer over it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import nidaqmx
from nidaqmx.constants import Level
from nidaqmx.system.watchdog import WatchdogTask
from nidaqmx.types import DOExpirationState

from rig.bench.transport.daqmx_link import DaqLink
from rig.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DaqLine"]


class DaqLine:
    """A line that is high or low; with a watchdog, low when nobody refreshes it in time.

    Parameters
    ----------
    instrument, address, device : as of the bench file
    line : port and line, for example ``port0/line0``
    connect_timeout, call_timeout : how long to wait for a server, and for the answer to one call, s
    """

    def __init__(
        self,
        instrument: str,
        address: str,
        device: str,
        line: str,
        *,
        connect_timeout: float = 3.0,
        call_timeout: float = 0.2,
    ) -> None:
        self._device, self._line = device, f"{device}/{line}"
        self._link = DaqLink(instrument, address, connect_timeout=connect_timeout, call_timeout=call_timeout)
        self._output: Any = None
        self._watchdog: Any = None

    @property
    def watched(self) -> bool:
        """Whether the watchdog was started."""
        return self._watchdog is not None

    def describe(self) -> tuple[str, int, str]:
        """Return product type, serial number and driver version."""
        return self._link.describe(self._device)

    def watch(self, timeout: float) -> None:
        """Start the watchdog: low after so many seconds without a refresh.

        A device does not let its watchdog be set up while a task of its lines holds them: that one is given up first.
        """
        self._release("_output")
        self._watchdog = self._link.call(
            "make the watchdog",
            lambda: WatchdogTask(self._device, timeout=timeout, grpc_options=self._link.options),
        )
        low = DOExpirationState(physical_channel=self._line, expiration_state=Level.LOW)
        try:
            self._link.call("configure the watchdog", lambda: self._watchdog.cfg_watchdog_do_expir_states([low]))
            self._link.call("start the watchdog", self._watchdog.start)
        except BaseException:
            self._release("_watchdog")
            raise

    def refresh(self) -> None:
        """Begin the watchdog's time anew."""
        self._link.call("refresh the watchdog", self._watchdog.reset_timer)

    def expired(self) -> bool:
        """Whether the watchdog's time was over, so that the line is low and cannot be written."""
        return self.watched and bool(self._link.call("ask the watchdog", lambda: self._watchdog.expired))

    def watch_again(self) -> None:
        """Start the watchdog after it has expired."""
        self._link.call("clear the watchdog", self._watchdog.clear_expiration)
        self._link.call("stop the watchdog", self._watchdog.stop)
        self._link.call("start the watchdog", self._watchdog.start)

    def write(self, *, high: bool) -> None:
        """Set the line."""
        self._with_output(f"set {self._line}", lambda task: task.write(high, auto_start=True))

    def read(self) -> bool:
        """Whether the line is high: of an output, what it was set to."""
        return bool(self._with_output(f"read {self._line}", lambda task: task.read()))

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._release("_output")
        self._release("_watchdog")
        self._link.close()

    def _with_output(self, what: str, act: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - nidaqmx is partly typed
        if self._output is None:
            self._output = self._link.call(what, self._made)
        return self._link.call(what, lambda: act(self._output))

    def _made(self) -> Any:  # noqa: ANN401 - nidaqmx is partly typed
        task: Any = nidaqmx.Task(grpc_options=self._link.options)
        try:
            task.do_channels.add_do_chan(self._line)
        except BaseException:
            task.close()
            raise
        return task

    def _release(self, which: str) -> None:
        task = getattr(self, which)
        setattr(self, which, None)
        if task is not None:
            with contextlib.suppress(InstrumentError):
                self._link.call("clear", task.close)
