"""Reading an analogue input task: waiting in the world's time until samples exist, then turning them into codes."""

from __future__ import annotations

import itertools
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.devices.nidaqmx_output_tasks import OutputTask
from rig.twin.devices.nidaqmx_tasks import AnalogTask, TimedTask
from rig.twin.devices.nidaqmx_wire import Refusal, read_f64_reply, read_i16_reply, refusal
from rig.twin.devices.trigger import Edge, first_passage, wait_for
from rig.twin.frontend import FrontEnd
from rig.twin.signal import Piecewise
from rig.twin.tdms import segment

if TYPE_CHECKING:
    import numpy.typing as npt
    from nidaqmx._stubs import nidaqmx_pb2 as pb

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.nidaqmx_service import Service
    from rig.twin.devices.nidaqmx_tasks import InputChannel
    from rig.twin.devices.nidaqmx_wire import Answer, Reply
    from rig.twin.faults import FaultPlan
    from rig.twin.world import World

__all__ = ["Reader"]

_BITS = 16
_TOP = 2 ** (_BITS - 1) - 1
_ALL_AVAILABLE = -1
_FOREVER = 1e9
_DEFECTS = ("timeout", "samples_lost", "clipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """Codes, shape (channels, samples), and the V per code of every channel."""

    codes: npt.NDArray[np.int16]
    scale: npt.NDArray[np.float64]


class Reader:
    """The converters of the card, one per input, behind the calls that read or wait."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int, faults: FaultPlan) -> None:
        self._config, self._world, self._faults = config, world, faults
        self._ends = {
            terminal: FrontEnd(config, seed=seed, instrument=name, channel=terminal) for terminal in config.inputs
        }
        self._idle = FrontEnd(config, seed=seed, instrument=name, channel="")
        self._acquisitions = itertools.count()
        self.lock = threading.RLock()

    @property
    def clock_error(self) -> float:
        """How much faster than it says the card samples, relative."""
        return 1.0 / self._idle.timebase - 1.0

    def answers(self, service: Service) -> dict[str, Answer]:
        """What is answered, by remote call; these wait without holding the lock that keeps calls apart."""
        return {
            "ReadAnalogF64": lambda request: self._read(service, request, _volts),
            "ReadBinaryI16": lambda request: self._read(service, request, _raw),
            "WaitUntilTaskDone": lambda request: self._wait_until_done(service, request),
            "IsTaskDone": lambda request: self._is_done(service, request),
        }

    # --- waiting --------------------------------------------------------------------------------------------------

    def update(self, task: AnalogTask) -> None:
        """Let a task that waits for its trigger notice that it has come."""
        self._due(task, 0, self._world.now)

    def _due(self, task: AnalogTask, sample: int, until: float) -> float | None:
        """When that sample will exist; None for not before ``until``."""
        with self.lock:
            origin = task.origin
            edge = None
            if origin is None:
                edge = self._edge(task, until)
                if edge is None:
                    return None
                origin = task.origin_at(edge)
                if edge <= self._world.now:
                    task.origin = origin
            moment = max(edge or -math.inf, origin + sample / task.true_rate + task.spread)
            return moment if moment <= until else None

    def _edge(self, task: AnalogTask, until: float) -> float | None:
        """When the edge comes that a task waits for; None for not before ``until``, or if it waits for none."""
        trigger = task.waits_for
        node = None if trigger is None else self._config.inputs.get(trigger.source)
        if trigger is None or node is None or not task.running:
            return None
        edge = Edge(node=node, level=trigger.level, slope=trigger.slope)
        return first_passage(self._world, edge, after=task.listens_from, before=until)

    def _wait_for(self, task: AnalogTask, sample: int, timeout: float) -> bool:
        deadline = self._world.now + (_FOREVER if timeout < 0 else timeout)
        return wait_for(self._world, lambda until: self._due(task, sample, until), deadline=deadline)

    def _is_done(self, service: Service, request: pb.IsTaskDoneRequest) -> Reply:
        with self.lock:
            task = service.find(TimedTask, request)
        if isinstance(task, Refusal):
            return task
        if isinstance(task, OutputTask):
            return {"is_task_done": not task.running or self._world.now >= task.end}
        if not isinstance(task, AnalogTask):
            return refusal(-200452)
        self.update(task)
        done = not task.running or (task.total is not None and task.acquired(self._world.now) >= task.total)
        return {"is_task_done": done}

    def _wait_until_done(self, service: Service, request: pb.WaitUntilTaskDoneRequest) -> Reply:
        with self.lock:
            task = service.find(TimedTask, request)
        if isinstance(task, Refusal):
            return task
        if not task.running:
            return None
        if isinstance(task, OutputTask):
            deadline = self._world.now + (_FOREVER if request.time_to_wait < 0 else request.time_to_wait)
            self._world.advance_to(min(task.end, deadline))
            return None if self._world.now >= task.end else refusal(-200560)
        if not isinstance(task, AnalogTask):
            return refusal(-200452)
        if self._faults.strikes("timeout") or task.total is None:
            self._world.advance(max(request.time_to_wait, 0.0))
            return refusal(-200560)
        return None if self._wait_for(task, task.total - 1, request.time_to_wait) else refusal(-200560)

    # --- reading --------------------------------------------------------------------------------------------------

    def _read(self, service: Service, request: pb.ReadAnalogF64Request, pack: _Pack) -> Reply:
        with self.lock:
            task = service.find(AnalogTask, request)
            if isinstance(task, Refusal):
                return task
            started_here = not task.running
            refused = self._start_if_asked(service, task)
        if refused is not None:
            return refused
        reply = self._read_running(task, request, pack)
        if started_here:
            service.stop(task)
        return reply

    def _start_if_asked(self, service: Service, task: AnalogTask) -> Refusal | None:
        if task.running:
            return None
        return service.start(task) if task.auto_start else refusal(-200278)

    def _read_running(self, task: AnalogTask, request: pb.ReadAnalogF64Request, pack: _Pack) -> Reply:
        count = self._count(task, request.num_samps_per_chan)
        if count * len(task.channels) > request.array_size_in_samps:
            return refusal(-200229)
        if task.total is not None and task.position + count > task.total:
            return refusal(-200278, samples_read=0)
        if task.acquisition is None:
            self._begin(task)
        by_scan = bool(request.fill_mode or request.fill_mode_raw)
        refused = self._wait_to_read(task, count, request.timeout)
        if refused is not None and not refused.samples_read:
            return refused
        if refused is not None:  # what did come is handed over, each channel's samples behind those of the one before
            came = refused.samples_read or 0
            return pack(self._digitize(task, came), came, by_scan, refused.code)
        record = self._digitize(task, count)
        task.position += count
        _log(task, record)
        return pack(record, count, by_scan, 0)

    def _begin(self, task: AnalogTask) -> None:
        """Number an acquisition, and draw once for the whole of it which defects show themselves."""
        task.acquisition = next(self._acquisitions)
        task.struck = frozenset(kind for kind in _DEFECTS if self._faults.strikes(kind))

    def _wait_to_read(self, task: AnalogTask, count: int, timeout: float) -> Refusal | None:
        overwritten = refusal(-200279 if task.total is None else -200361, samples_read=0)
        # Half-way: samples are lost, or do not come, while the others are being read.
        late = task.total is None or 2 * (task.position + count) > task.total
        if self._strikes(task, "timeout", late=late):
            self._world.advance(max(timeout, 0.0))
            return refusal(-200284, samples_read=0)
        if self._strikes(task, "samples_lost", late=late):
            return overwritten
        if count and not self._wait_for(task, task.position + count - 1, timeout):
            return refusal(-200284, samples_read=max(task.available(self._world.now), 0))
        return overwritten if task.overrun(self._world.now) else None

    def _strikes(self, task: AnalogTask, kind: str, *, late: bool) -> bool:
        return (late and kind in task.struck) or self._faults.begun(kind)

    def _count(self, task: AnalogTask, asked: int) -> int:
        if asked != _ALL_AVAILABLE:
            return asked
        self.update(task)
        now = self._world.now
        return task.total - task.position if task.total is not None else max(task.available(now), 0)

    def _digitize(self, task: AnalogTask, count: int) -> _Record:
        interval = 1.0 / (task.true_rate / (1.0 + task.clock_error))
        rows = np.empty((len(task.channels), count), dtype=np.int16)
        clipping = "clipped" in task.struck
        for row, channel in enumerate(task.channels):
            if count:
                rows[row] = self._convert(channel, task, interval, count, lag=task.lag(row))
            if clipping:
                _clip(rows[row])
            if count and not -_TOP - 1 < rows[row].min() <= rows[row].max() < _TOP:
                task.overloaded |= {channel.name}
        return _Record(codes=rows, scale=np.array([channel.volts_per_code for channel in task.channels]))

    def _convert(
        self, channel: InputChannel, task: AnalogTask, interval: float, count: int, *, lag: float
    ) -> npt.NDArray[np.int32]:
        start = task.instant(task.position) + lag
        node, end = self._config.inputs.get(channel.terminal), self._ends.get(channel.terminal, self._idle)
        span = end.span(start, interval, count)
        signal = Piecewise.level(0.0, *span) if node is None else self._world.signal(node, *span)
        return end.digitize(
            signal,
            start=start,
            interval=interval,
            n=count,
            full_scale=2 * channel.half_range,
            bits=_BITS,
            acquisition=task.acquisition or 0,
            part=task.position,
        ).codes


def _log(task: AnalogTask, record: _Record) -> None:
    """Append what was read to the task's file: this card logs when it is read, a real one as it samples."""
    if task.log is not None and record.codes.size:
        names = [channel.name for channel in task.channels]
        with task.log.open("ab") as file:
            file.write(segment(task.log_group, names, record.codes, list(record.scale), 1.0 / task.set_rate))


def _clip(codes: npt.NDArray[np.int16]) -> None:
    """Drive the greatest excursions of a record into the rails, as an input that is overloaded does."""
    reach = np.abs(codes.astype(np.int32))
    rail = reach >= max(1, int(reach.max(initial=0)) // 2)
    codes[rail] = np.where(codes[rail] < 0, -_TOP - 1, _TOP)


def _volts(record: _Record, count: int, by_scan: bool, status: int) -> bytes:
    volts = record.codes * record.scale[:, None]
    return read_f64_reply(volts.T if by_scan else volts, count, status=status)


def _raw(record: _Record, count: int, by_scan: bool, status: int) -> bytes:
    return read_i16_reply(record.codes.T if by_scan else record.codes, count, status=status)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Pack = Callable[[_Record, int, bool, int], bytes]
