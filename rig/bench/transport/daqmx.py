"""Finite analogue input with NI-DAQmx, through nidaqmx: the local driver, or NI's gRPC device server."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nidaqmx
import numpy as np
from nidaqmx.constants import AcquisitionType, TerminalConfiguration
from nidaqmx.errors import DaqReadError
from nidaqmx.stream_readers import AnalogMultiChannelReader, AnalogUnscaledReader

from rig.bench.transport.daqmx_link import DaqLink
from rig.errors import InstrumentError, SamplesLost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["DaqChannel", "DaqSession"]

_CALL_TIMEOUT = 10.0
# Longer acquisitions than this many samples are read while they last, and stopped by whoever reads them.
_MOST_FINITE = 20_000_000
# How much an endless acquisition holds for a reader who is late, s.
_ROOM = 10.0
# How much longer than the acquisition itself a server may take to hand over the samples.
_READ_MARGIN = 60.0
# Codes that say "samples were lost on the way", or (−200284) did not come in time.
_SAMPLES = frozenset({-200279, -200278, -200010, -200361, -200019, -200714, -200284})


@dataclass(frozen=True, slots=True, kw_only=True)
class DaqChannel:
    """One channel as the driver has set it: limits in V, and the polynomial from code to V, lowest power first."""

    low: float
    high: float
    scaling: tuple[float, ...]


class DaqSession:
    """One device, with a task for each set of channels and ranges, of which at most one is running.

    Parameters
    ----------
    instrument : its name in the bench file, for messages
    address : ``local`` for the driver on this machine, ``grpc://host:port`` for a device server
    device : the device's name, for example ``Dev1``
    connect_timeout : how long to wait for a server, s
    """

    def __init__(self, instrument: str, address: str, device: str, *, connect_timeout: float = 3.0) -> None:
        self.instrument = instrument
        self._device = device
        self._link = DaqLink(instrument, address, connect_timeout=connect_timeout, call_timeout=_CALL_TIMEOUT)
        self._task: Any = None
        self._channels: dict[str, DaqChannel] = {}
        self._tasks: list[Any] = []
        self._made: dict[tuple[tuple[str, float], ...], tuple[Any, dict[str, DaqChannel]]] = {}
        self._at_rest = False

    def describe(self) -> tuple[str, int, str]:
        """Return product type, serial number and driver version."""
        return self._link.describe(self._device)

    def configure(self, limits: Mapping[str, float], rate: float, samples: int) -> tuple[float, dict[str, DaqChannel]]:
        """Prepare a task for differential voltages; return the rate (Hz) and the channels as the driver set them.

        A task of the same channels and ranges that has done its work is only given its new clock: to make one takes a
        dozen calls. And a task that is given up runs its finaliser whenever the collector gets to it, where a Ctrl-C
        that came in the meantime would be lost; so none is given up before there is a need.
        """
        if not self._at_rest:
            self.clear()
        self._at_rest = False
        rate_as_set = self._link.call(
            f"configure {', '.join(limits)} at {rate:g} samples per second",
            lambda: self._configure(limits, rate, samples),
        )
        self._at_rest = True
        return rate_as_set, dict(self._channels)

    def _configure(self, limits: Mapping[str, float], rate: float, samples: int) -> float:
        wanted = tuple(limits.items())
        if wanted not in self._made:
            self._made[wanted] = self._make(limits)
        self._task, self._channels = self._made[wanted]
        timing = self._task.timing
        # A finite acquisition has room for all of its samples; an endless one for what its reader may be late.
        endless = samples > _MOST_FINITE
        mode = AcquisitionType.CONTINUOUS if endless else AcquisitionType.FINITE
        room = math.ceil(_ROOM * rate) if endless else samples
        timing.cfg_samp_clk_timing(rate, sample_mode=mode, samps_per_chan=room)
        return float(timing.samp_clk_rate)

    def _make(self, limits: Mapping[str, float]) -> tuple[Any, dict[str, DaqChannel]]:
        task = nidaqmx.Task(grpc_options=self._link.options)
        self._tasks.append(task)
        made = {
            channel: task.ai_channels.add_ai_voltage_chan(
                f"{self._device}/{channel}",
                terminal_config=TerminalConfiguration.DIFF,
                min_val=-limit,
                max_val=limit,
            )
            for channel, limit in limits.items()
        }
        return task, {
            channel: DaqChannel(
                low=float(each.ai_rng_low),
                high=float(each.ai_rng_high),
                scaling=tuple(float(coefficient) for coefficient in each.ai_dev_scaling_coeff),
            )
            for channel, each in made.items()
        }

    def start(self) -> None:
        """Begin to sample."""
        self._at_rest = False
        self._link.call("start", lambda: self._the_task().start())

    def read_codes(self, channels: int, samples: int, timeout: float) -> NDArray[np.int16]:
        """Wait for the codes of all channels, shape (channels, samples).

        Raises
        ------
        SamplesLost
            if fewer came; ``partial`` holds them, shape (channels, fewer)
        """
        data = np.zeros((channels, samples), dtype=np.int16)
        self._read(lambda task: AnalogUnscaledReader(task.in_stream).read_int16(data, samples, timeout), data, timeout)
        return data

    def read_volts(self, channels: int, samples: int, timeout: float) -> NDArray[np.float64]:
        """Wait for the voltages of all channels, shape (channels, samples); raises as :meth:`read_codes`."""
        data = np.zeros((channels, samples), dtype=np.float64)
        self._read(
            lambda task: AnalogMultiChannelReader(task.in_stream).read_many_sample(data, samples, timeout),
            data,
            timeout,
        )
        return data

    def stop(self) -> None:
        """End the acquisition; the task can be started again."""
        if self._task is not None:
            self._link.call("stop", self._task.stop)
            self._at_rest = True

    def clear(self) -> None:
        """Give up all tasks; each is tried whatever became of the others."""
        tasks, self._tasks, self._made, self._task = self._tasks, [], {}, None
        self._at_rest = False
        with contextlib.ExitStack() as stack:
            for task in tasks:
                stack.callback(self._link.call, "clear", task.close)

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        with contextlib.suppress(InstrumentError):
            self.clear()
        self._link.close()

    def _the_task(self) -> Any:  # noqa: ANN401 - nidaqmx is partly typed
        if self._task is None:
            raise InstrumentError(self.instrument, "start", "no acquisition has been configured")
        return self._task

    def _read(self, read: Callable[[Any], int], data: NDArray[Any], timeout: float) -> None:
        wanted = data.shape[1]
        try:
            count = self._link.call("read", lambda: read(self._the_task()), timeout=timeout + _READ_MARGIN)
        except InstrumentError as error:
            cause = error.__cause__
            if not (isinstance(cause, DaqReadError) and cause.error_code in _SAMPLES):
                raise
            count = min(int(cause.samps_per_chan_read), wanted)
            raise self._lost(count, data, cause) from error
        if count != wanted:
            raise self._lost(count, data, None)

    def _lost(self, count: int, data: NDArray[Any], cause: Any) -> SamplesLost:  # noqa: ANN401 - a vendor's error
        why = f" (DAQmx {cause.error_code})" if cause else ""
        message = f"{self.instrument}: {count} of {data.shape[1]} samples per channel came{why}"
        return SamplesLost(message, partial=data[:, :count])
