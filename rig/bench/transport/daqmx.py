"""Analogue input with NI-DAQmx, through nidaqmx: the local driver, or NI's gRPC device server."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import nidaqmx
import numpy as np
from nidaqmx.constants import AcquisitionType, LoggingMode, LoggingOperation
from nidaqmx.errors import DaqReadError
from nidaqmx.stream_readers import AnalogMultiChannelReader, AnalogUnscaledReader

from rig.bench.transport.daqmx_card import TERMINALS, DaqCard
from rig.bench.transport.daqmx_link import DaqLink, came_with_data
from rig.bench.transport.daqmx_trigger import arm
from rig.errors import InstrumentError, NoTrigger, SamplesLost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rig.model.setup import DigitizerSetup, DigitizerTrigger

__all__ = ["DaqChannel", "DaqSession"]

_CALL_TIMEOUT = 10.0
# Longer acquisitions than this many samples are read while they last, and stopped by whoever reads them.
_MOST_FINITE = 20_000_000
# How much an endless acquisition holds for a reader who is late, s.
_ROOM = 10.0
_SLACK = 1 + 1e-9
# How much longer than the acquisition itself a server may take to hand over the samples.
_READ_MARGIN = 60.0
# Codes that say "samples were lost on the way", or (−200284) did not come in time.
_NOT_YET = -200284
_SAMPLES = frozenset({-200279, -200278, -200010, -200361, -200019, -200714, _NOT_YET})


@dataclass(frozen=True, slots=True, kw_only=True)
class DaqChannel:
    """One channel as the driver has set it: limits in V, and the polynomial from code to V, lowest power first.

    ``delay`` is how long after the first channel it is sampled, s.
    """

    low: float
    high: float
    scaling: tuple[float, ...]
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What a task is made for, and is not changed for another acquisition."""

    limits: tuple[tuple[str, float], ...]
    trigger: DigitizerTrigger | None


@dataclass(slots=True, kw_only=True)
class _Made:
    """A task, its channels, and its trigger as the driver set it."""

    task: Any
    channels: dict[str, DaqChannel]
    trigger: DigitizerTrigger | None = None


class DaqSession:
    """One device, with a task for each set of channels and ranges, of which at most one is running.

    Parameters
    ----------
    instrument : its name in the bench file, for messages
    address : ``local`` for the driver on this machine, ``grpc://host:port`` for a device server
    device : the device's name, for example ``Dev1``
    terminal : how its inputs are wired, one of :data:`TERMINALS`
    log : names a TDMS file, on the driver's computer, for each acquisition that is read while it lasts; None for none
    connect_timeout : how long to wait for a server, s
    """

    def __init__(
        self,
        instrument: str,
        address: str,
        device: str,
        *,
        terminal: str = "differential",
        log: Callable[[], str] | None = None,
        connect_timeout: float = 3.0,
    ) -> None:
        self.instrument = instrument
        self._log = log
        self._device, self._terminal = device, terminal
        self._link = DaqLink(instrument, address, connect_timeout=connect_timeout, call_timeout=_CALL_TIMEOUT)
        self.card = DaqCard(self._link, device)
        self._task: Any = None
        self._channels: dict[str, DaqChannel] = {}
        self._trigger: DigitizerTrigger | None = None
        self._tasks: list[Any] = []
        self._made: dict[_Kind, _Made] = {}
        self._at_rest = False

    def describe(self) -> tuple[str, int, str]:
        """Return product type, serial number and driver version."""
        return self._link.describe(self._device)

    def configure(self, setup: DigitizerSetup) -> tuple[float, dict[str, DaqChannel], DigitizerTrigger | None]:
        """Prepare a task; return rate (Hz), channels and trigger as the driver set them.

        A task of the same channels, ranges and trigger that has done its work is only given its new clock: to make one
        takes a dozen calls. And a task that is given up runs its finaliser whenever the collector gets to it, where a
        Ctrl-C that came in the meantime would be lost; so none is given up before there is a need.

        Raises
        ------
        InstrumentError
            if the card cannot do it, with its limits
        Refused
            if an input cannot be wired as it should be
        """
        if not self._at_rest:
            self.clear()
        self._at_rest = False
        what = f"configure {', '.join(setup.channels)} at {setup.rate:g} samples per second"
        self._check_rate(what, len(setup.channels), setup.rate)
        kind = _Kind(limits=tuple(setup.channels.items()), trigger=setup.trigger)
        if kind not in self._made:
            for channel in setup.channels:
                self.card.check_terminal(channel, self._terminal)
        rate = self._link.call(what, lambda: self._configure(kind, setup))
        self._at_rest = True
        return rate, dict(self._channels), self._trigger

    def _check_rate(self, what: str, channels: int, rate: float) -> None:
        limits = self.card.limits()
        fastest = limits.fastest(channels)
        if rate > fastest * _SLACK:
            each = "1 channel" if channels == 1 else f"{channels} channels"
            shared = "" if channels == 1 or limits.simultaneous else ": they share one converter"
            answer = f"{self._device} samples {each} at most {fastest:g} times per second each{shared}"
            raise InstrumentError(self.instrument, what, answer)

    def _configure(self, kind: _Kind, setup: DigitizerSetup) -> float:
        new = kind not in self._made
        if new:
            self._made[kind] = self._make(setup.channels)
        made = self._made[kind]
        self._task = made.task
        timing = self._task.timing
        # A finite acquisition has room for all of its samples; an endless one for what its reader may be late.
        endless = setup.samples > _MOST_FINITE and setup.trigger is None
        mode = AcquisitionType.CONTINUOUS if endless else AcquisitionType.FINITE
        room = math.ceil(_ROOM * setup.rate) if endless else setup.samples
        timing.cfg_samp_clk_timing(setup.rate, sample_mode=mode, samps_per_chan=room)
        if endless and self._log is not None:
            stream = self._task.in_stream
            stream.configure_logging(self._log(), LoggingMode.LOG_AND_READ, operation=LoggingOperation.CREATE)
        if new and setup.trigger is not None:
            made.trigger = arm(made.task, self._device, setup.trigger)
        self._trigger = made.trigger
        # Channels that share a converter are converted one after the other, in the order they were added.
        apart = len(made.channels) > 1 and not self.card.limits().simultaneous
        step = 1.0 / float(timing.ai_conv_rate) if apart else 0.0
        self._channels = {
            name: replace(channel, delay=place * step) for place, (name, channel) in enumerate(made.channels.items())
        }
        return float(timing.samp_clk_rate)

    def _make(self, limits: Mapping[str, float]) -> _Made:
        task = nidaqmx.Task(grpc_options=self._link.options)
        self._tasks.append(task)
        made = {
            channel: task.ai_channels.add_ai_voltage_chan(
                f"{self._device}/{channel}",
                terminal_config=TERMINALS[self._terminal],
                min_val=-limit,
                max_val=limit,
            )
            for channel, limit in limits.items()
        }
        channels = {
            channel: DaqChannel(
                low=float(each.ai_rng_low),
                high=float(each.ai_rng_high),
                scaling=tuple(float(coefficient) for coefficient in each.ai_dev_scaling_coeff),
            )
            for channel, each in made.items()
        }
        return _Made(task=task, channels=channels)

    def start(self) -> None:
        """Begin to sample, or to wait for the trigger."""
        self._at_rest = False
        self._link.call("start", lambda: self._the_task().start())

    def read_codes(self, channels: int, samples: int, timeout: float) -> NDArray[np.int16]:
        """Wait for the codes of all channels, shape (channels, samples).

        Raises
        ------
        SamplesLost
            if fewer came; ``partial`` holds them, shape (channels, fewer)
        NoTrigger
            if none came, because the trigger did not
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
            # An older server refuses the call as a whole, and says only how many samples it does not hand over.
            count = min(int(cause.samps_per_chan_read), wanted) if came_with_data(cause) else 0
            raise self._lost(count, data, cause) from error
        if count != wanted:
            raise self._lost(count, data, None)

    def _lost(self, count: int, data: NDArray[Any], cause: Any) -> SamplesLost | NoTrigger:  # noqa: ANN401 - a vendor's error
        why = f" (DAQmx {cause.error_code})" if cause else ""
        # DAQmx moves the samples of a short read together: the second channel begins where the first one ends.
        partial = data.reshape(-1)[: len(data) * count].reshape(len(data), count)
        if not count and self._trigger is not None and cause and cause.error_code == _NOT_YET:
            return NoTrigger(f"{self.instrument}: {self._trigger.source} did not trigger{why}", partial=partial)
        message = f"{self.instrument}: {count} of {data.shape[1]} samples per channel came{why}"
        return SamplesLost(message, partial=partial)
