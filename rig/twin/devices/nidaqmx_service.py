"""NI-DAQmx as it answers remote calls: which task, channel or device is meant, and what is done to it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeVar

from rig.twin.devices import nidaqmx_attributes as attributes
from rig.twin.devices import nidaqmx_setup as setup
from rig.twin.devices.nidaqmx_lines import LineCalls
from rig.twin.devices.nidaqmx_output_tasks import CounterTask, OutputTask, VoltageTask
from rig.twin.devices.nidaqmx_outputs import Outputs
from rig.twin.devices.nidaqmx_tasks import AnalogTask, DigitalTask, Lines, Task, TimedTask, WatchdogTask, expand
from rig.twin.devices.nidaqmx_wire import Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nidaqmx._stubs import nidaqmx_pb2 as pb

    from rig.twin.devices.driven_stimulator import DrivenStimulator
    from rig.twin.devices.nidaqmx_card import Card
    from rig.twin.devices.nidaqmx_watchdog import Watchdog
    from rig.twin.devices.nidaqmx_wire import Answer, Reply

__all__ = ["Service"]

_Kind = TypeVar("_Kind", bound=Task)

_START, _STOP, _VERIFY, _COMMIT, _RESERVE, _UNRESERVE, _ABORT = range(7)
_NEW_TASK_ONLY, _EXISTING_TASK_ONLY = 1, 2


class Service:
    """The tasks of one card, and every call that makes, changes, starts or asks about them; reading is elsewhere."""

    def __init__(
        self,
        card: Card,
        *,
        lines: Lines,
        watchdog: Watchdog,
        driven: DrivenStimulator | None,
        now: Callable[[], float],
        clock_error: float,
    ) -> None:
        self._card, self._now, self._clock_error = card, now, clock_error
        self._tasks: dict[str, Task] = {}
        self._numbers = itertools.count()
        self._lines, self._watchdog = lines, watchdog
        self._line_calls = LineCalls(lines, start=self.start)
        self._outputs = Outputs(driven, now=now, start=self.start)

    def answers(self) -> dict[str, Answer]:
        """What is answered, by remote call."""
        card = self._card
        return {
            "CreateTask": self._create_task,
            "ClearTask": self._clear_task,
            "StartTask": self._on(Task, lambda task, _: self.start(task)),
            "StopTask": self._on(Task, lambda task, _: self.stop(task)),
            "TaskControl": self._on(Task, self._control),
            "CreateAIVoltageChan": self._creating(AnalogTask, setup.add_input_channels),
            "CreateDOChan": self._creating(DigitalTask, setup.add_output_channels),
            "CreateAOVoltageChan": self._creating(VoltageTask, self._outputs.add_voltage),
            "CreateCOPulseChanFreq": self._creating(CounterTask, self._outputs.add_frequency),
            "CreateCOPulseChanTime": self._creating(CounterTask, self._outputs.add_time),
            "CfgSampClkTiming": self._on(TimedTask, setup.set_clock),
            "CfgImplicitTiming": self._on(CounterTask, self._outputs.set_count),
            "SetWriteAttributeInt32": self._on(VoltageTask, self._outputs.set_regeneration),
            "WriteAnalogF64": self._on(VoltageTask, self._outputs.write),
            "WriteAnalogScalarF64": self._on(VoltageTask, self._outputs.write_scalar),
            "CfgInputBuffer": self._on(AnalogTask, lambda task, ask: setup.set_buffer(task, ask.num_samps_per_chan)),
            "CfgDigEdgeStartTrig": self._on(AnalogTask, lambda task, ask: setup.start_on_terminal(card, task, ask)),
            "CfgAnlgEdgeStartTrig": self._on(AnalogTask, lambda task, ask: setup.start_on_level(card, task, ask)),
            "DisableStartTrig": self._on(AnalogTask, setup.no_trigger),
            "CfgDigEdgeRefTrig": self._on(AnalogTask, lambda task, ask: setup.refer_to_terminal(card, task, ask)),
            "CfgAnlgEdgeRefTrig": self._on(AnalogTask, lambda task, ask: setup.refer_to_level(card, task, ask)),
            "DisableRefTrig": self._on(AnalogTask, setup.no_reference),
            "ConfigureLogging": self._on(AnalogTask, setup.log_to),
            "SetBufferAttributeUInt32": self._on(AnalogTask, lambda task, ask: setup.set_buffer(task, ask.value)),
            "SetReadAttributeInt32": self._on(AnalogTask, setup.set_overwrite),
            "SetReadAttributeBool": self._on(AnalogTask, setup.set_auto_start),
            "ReadDigitalLines": self._on(DigitalTask, self._line_calls.read),
            "CreateWatchdogTimerTaskEx": self._create_watchdog,
            "CfgWatchdogDOExpirStates": self._on(WatchdogTask, self._watchdog.configure),
            "ControlWatchdogTask": self._on(WatchdogTask, self._watchdog.control),
            "GetWatchdogAttributeBool": self._on(WatchdogTask, lambda _, ask: self._watchdog.attribute(ask)),
            "WriteDigitalLines": self._on(DigitalTask, self._line_calls.write_lines),
            "WriteDigitalU32": self._on(DigitalTask, self._line_calls.write_words),
            "WriteDigitalScalarU32": self._on(DigitalTask, self._line_calls.write_scalar),
            "GetErrorString": lambda ask: {"error_string": refusal(ask.error_code).message},
            "SelfTestDevice": self._on_device(lambda: None),
            "DeviceSupportsCal": self._on_device(lambda: {"cal_supported": True}),
            "SelfCal": self._on_device(lambda: None),
            "ResetDevice": self._on_device(self.lose_power),
            "GetSelfCalLastDateAndTime": self._on_device(self._calibrated),
            "GetExtCalLastDateAndTime": self._on_device(self._calibrated),
            **_tables(attributes.SYSTEM, lambda _: card),
            **_tables(attributes.DEVICE, self._device),
            **_tables(attributes.CALIBRATION, self._device),
            **_tables(attributes.PHYSICAL, self._wirings),
            **_tables(attributes.CHANNEL, self._channel),
            **_tables(attributes.TASK, self._moment),
        }

    # --- what a request speaks of ---------------------------------------------------------------------------------

    def find(self, kind: type[_Kind], request: pb.StartTaskRequest) -> _Kind | Refusal:
        """The task of a request, if there is one and it is of that kind."""
        task = self._tasks.get(request.task.name)
        if task is None:
            return refusal(-200088)
        if isinstance(task, kind):
            return task
        return refusal(-200478 if type(task) is Task else -200452)

    def _on(self, kind: type[_Kind], act: Callable[[_Kind, Any], Reply]) -> Answer:
        def answer(request: pb.StartTaskRequest) -> Reply:
            task = self.find(kind, request)
            return task if isinstance(task, Refusal) else act(task, request)

        return answer

    def _on_device(self, act: Callable[[], Reply]) -> Answer:
        def answer(request: pb.SelfTestDeviceRequest) -> Reply:
            card = self._device(request)
            return card if isinstance(card, Refusal) else act()

        return answer

    def _device(self, request: pb.SelfTestDeviceRequest) -> Card | Refusal:
        ours = request.device_name.strip("/").casefold() == self._card.device.casefold()
        return self._card if ours else refusal(-200220)

    def _moment(self, request: pb.StartTaskRequest) -> attributes.Moment | Refusal:
        task = self.find(Task, request)
        return task if isinstance(task, Refusal) else attributes.Moment(task=task, now=self._now())

    # --- the life of a task ---------------------------------------------------------------------------------------

    def _create_task(self, request: pb.CreateTaskRequest) -> Reply:
        handle = request.session_name or f"_unnamedTask<{next(self._numbers)}>"
        existing = handle in self._tasks
        if existing and request.initialization_behavior == _NEW_TASK_ONLY:
            return refusal(-200089)
        if not existing and request.initialization_behavior == _EXISTING_TASK_ONLY:
            return refusal(-200088)
        if not existing:
            self._tasks[handle] = Task(name=handle)
        return {"task": {"name": handle}, "new_session_initialized": not existing}

    def _create_watchdog(self, request: pb.CreateWatchdogTimerTaskExRequest) -> Reply:
        card = self._device(request)
        if isinstance(card, Refusal):
            return card
        if not card.has_watchdog:
            return refusal(-200662)
        reply = self._create_task(request)
        if isinstance(reply, dict):
            name = reply["task"]["name"]
            self._tasks[name] = WatchdogTask(name=name, timeout=request.timeout)
        return reply

    def _clear_task(self, request: pb.ClearTaskRequest) -> Reply:
        task = self._tasks.pop(request.task.name, None)
        if task is None:
            return refusal(-200088)
        if isinstance(task, WatchdogTask):
            self._watchdog.stop()
        if isinstance(task, OutputTask):
            self._outputs.stop(task)
        return None

    def _creating(self, kind: type[_Kind], add: Callable[[Card, _Kind, Any], Refusal | None]) -> Answer:
        """A task becomes one for input or for output with its first channel, and stays it."""

        def answer(request: pb.CreateAIVoltageChanRequest) -> Reply:
            task = self.find(Task, request)
            if isinstance(task, Refusal):
                return task
            if type(task) is Task:
                task = kind(name=task.name)
            if not isinstance(task, kind):
                return refusal(-200452)
            refused = add(self._card, task, request)
            if refused is None:
                self._tasks[task.name] = task
            return refused

        return answer

    def start(self, task: Task) -> Refusal | None:
        """Start a task, unless it is not ready or another one holds what it needs."""
        others = [other for other in self._tasks.values() if other is not task and other.running]
        if isinstance(task, AnalogTask):
            refused = setup.verify(task)
            if refused is not None:
                return refused
            if any(isinstance(other, AnalogTask) for other in others):
                return refusal(-50103)
            task.clock_error = self._clock_error
            task.start(self._now())
        elif isinstance(task, DigitalTask):
            if any(isinstance(other, DigitalTask) and set(other.lines) & set(task.lines) for other in others):
                return refusal(-200587)
            task.running = True
        elif isinstance(task, OutputTask):
            return self._outputs.start(task, others)
        elif isinstance(task, WatchdogTask):
            self._watchdog.start(task)
            task.running = True
        else:
            return refusal(-200478)
        return None

    def stop(self, task: Task) -> None:
        """Stop a task; what it sampled and nobody read is gone."""
        if isinstance(task, AnalogTask):
            task.stop()
        if isinstance(task, WatchdogTask):
            self._watchdog.stop()
        if isinstance(task, OutputTask):
            self._outputs.stop(task)
        task.running = False

    def _control(self, task: Task, request: pb.TaskControlRequest) -> Reply:
        action = request.action or request.action_raw
        if action == _START:
            return self.start(task)
        if action in {_VERIFY, _COMMIT, _RESERVE}:
            return setup.verify(task) if isinstance(task, AnalogTask) else None
        if action in {_STOP, _UNRESERVE, _ABORT}:
            self.stop(task)
            return None
        return refusal(-200077)

    def lose_power(self) -> None:
        """Abort every task and let every output be at rest, as a reset does too."""
        for task in self._tasks.values():
            self.stop(task)
        self._watchdog.clear()
        self._outputs.reset()
        self._lines.set(dict.fromkeys(self._lines.states, False))

    def _calibrated(self) -> Reply:
        day = self._card.calibrated
        return {"year": day.year, "month": day.month, "day": day.day, "hour": 9, "minute": 30}

    # --- channels ------------------------------------------------------------------------------------------------

    def _wirings(self, request: pb.GetPhysicalChanAttributeInt32Request) -> tuple[int, ...] | Refusal:
        if request.physical_channel.strip("/").partition("/")[0].casefold() != self._card.device.casefold():
            return refusal(-200220)
        return self._card.wirings(request.physical_channel.strip("/")) or refusal(-200170)

    def _channel(self, request: pb.GetChanAttributeDoubleRequest) -> object:
        task = self.find(Task, request)
        if isinstance(task, Refusal):
            return task
        names = {request.channel, *expand(request.channel)}
        return next((channel for channel in task.channels if channel.name in names), refusal(-200170))


def _tables(
    tables: Mapping[str, Mapping[int, Callable[[Any], object]]], subject: Callable[[Any], object]
) -> dict[str, Answer]:
    return {name: _from_table(name, table, subject) for name, table in tables.items()}


def _from_table(name: str, table: Mapping[int, Callable[[Any], object]], subject: Callable[[Any], object]) -> Answer:
    """Answer one kind of attribute; protobuf has a place of its own for numbers that stand for names."""
    place = "value_raw" if name.endswith("AttributeInt32") else "value"

    def answer(request: pb.GetTaskAttributeStringRequest) -> Reply:
        whose = subject(request)
        if isinstance(whose, Refusal):
            return whose
        get = table.get(request.attribute or request.attribute_raw)
        if get is None:
            return refusal(-200452)
        try:
            return {place: get(whose)}
        except attributes.NotOfThisTask:
            return refusal(-200452)

    return answer
