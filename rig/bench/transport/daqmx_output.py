"""A voltage and a train of logic pulses from an NI-DAQmx card, through nidaqmx."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import nidaqmx
from nidaqmx.constants import AcquisitionType, Level

from rig.bench.transport.daqmx_link import DaqLink
from rig.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DaqOutput"]


class DaqOutput:
    """One analogue output that holds a voltage, and one counter output that is high for a while, again and again.

    Parameters
    ----------
    instrument, address, device : as of the bench file
    demand, trigger : the outputs, for example ``ao0`` and ``ctr0``
    span : the greatest voltage that may be put out, either sign, V
    connect_timeout, call_timeout : how long to wait for a server, and for the answer to one call, s
    """

    def __init__(
        self,
        instrument: str,
        address: str,
        device: str,
        *,
        demand: str,
        trigger: str,
        span: float,
        connect_timeout: float = 3.0,
        call_timeout: float = 5.0,
    ) -> None:
        self._instrument, self._device, self._span = instrument, device, span
        self._demand, self._trigger = f"{device}/{demand}", f"{device}/{trigger}"
        self._link = DaqLink(instrument, address, connect_timeout=connect_timeout, call_timeout=call_timeout)
        self._voltage: Any = None
        self._pulses: Any = None

    def describe(self) -> tuple[str, int, str]:
        """Return product type, serial number and driver version."""
        return self._link.describe(self._device)

    def hold(self, volts: float) -> None:
        """Put out a voltage from now on; raises unless the driver says that it was written."""
        what = f"put {volts:g} V out at {self._demand}"
        if self._voltage is None:
            self._voltage = self._link.call(what, self._voltage_task)
        written = self._link.call(what, lambda: self._voltage.write(volts, auto_start=True))
        if written != 1:
            raise InstrumentError(self._instrument, what, f"{written} values were written instead of one")

    def prepare_pulses(self, period: float, width: float) -> tuple[float, float]:
        """Set pulses, output still low; return period and width as the counter will give them, s."""
        self.end_pulses()
        return self._link.call(f"set pulses at {self._trigger}", lambda: self._pulse_task(period, width))

    def begin_pulses(self) -> None:
        """Begin to give the pulses that were set."""
        if self._pulses is None:
            raise InstrumentError(self._instrument, "begin pulses", "no pulses have been set")
        self._link.call(f"begin pulses at {self._trigger}", self._pulses.start)

    def end_pulses(self) -> None:
        """End the pulses, output low; raises unless the driver says that they have ended."""
        if self._pulses is None:
            return
        what = f"end pulses at {self._trigger}"
        self._link.call(what, self._pulses.stop)
        if not self._link.call(what, self._pulses.is_task_done):
            raise InstrumentError(self._instrument, what, "the driver says that they go on")
        task, self._pulses = self._pulses, None
        self._link.call(what, task.close)

    def drop(self) -> None:
        """Give up the connection without a word to the card."""
        self._voltage = self._pulses = None
        self._link.close()

    def close(self) -> None:
        """End the session; may be called twice, never raises. What is put out stays as it is."""
        for task in (self._voltage, self._pulses):
            if task is not None:
                with contextlib.suppress(InstrumentError):
                    self._link.call("clear", task.close)
        self._voltage = self._pulses = None
        self._link.close()

    def _voltage_task(self) -> Any:  # noqa: ANN401 - nidaqmx is partly typed
        return self._made(
            lambda task: task.ao_channels.add_ao_voltage_chan(self._demand, min_val=-self._span, max_val=self._span)
        )[0]

    def _pulse_task(self, period: float, width: float) -> tuple[float, float]:
        self._pulses, channel = self._made(
            lambda task: task.co_channels.add_co_pulse_chan_time(
                self._trigger, idle_state=Level.LOW, low_time=period - width, high_time=width
            )
        )
        self._pulses.timing.cfg_implicit_timing(sample_mode=AcquisitionType.CONTINUOUS)
        high = float(channel.co_pulse_high_time)
        return float(channel.co_pulse_low_time) + high, high

    def _made(self, fill: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Return a task and the channel that was put into it; no half-made task is left behind."""
        task = nidaqmx.Task(grpc_options=self._link.options)
        try:
            return task, fill(task)
        except BaseException:
            task.close()
            raise
