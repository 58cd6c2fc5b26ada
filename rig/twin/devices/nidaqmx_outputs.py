"""What remote calls do to the analogue and counter outputs of the card."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.twin.devices.driven_stimulator import Gate, Voltages
from rig.twin.devices.nidaqmx_output_tasks import (
    FULL_SCALE,
    LARGEST_OUTPUT_RATE,
    CounterTask,
    OutputTask,
    PulseChannel,
    VoltageChannel,
    VoltageTask,
)
from rig.twin.devices.nidaqmx_setup import known, virtual_names
from rig.twin.devices.nidaqmx_tasks import TIMEBASE, SampleMode, coerced_rate
from rig.twin.devices.nidaqmx_wire import Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nidaqmx._stubs import nidaqmx_pb2 as pb

    from rig.twin.devices.driven_stimulator import DrivenStimulator
    from rig.twin.devices.nidaqmx_card import Card
    from rig.twin.devices.nidaqmx_tasks import Task
    from rig.twin.devices.nidaqmx_wire import Reply

__all__ = ["Outputs"]

_CODES = 32768
_FEWEST_TICKS = 2
_LOW, _SECONDS, _HERTZ, _VOLTS = 10214, 10364, 10373, 10348
_ALLOW_REGENERATION = 10097


class Outputs:
    """The output channels of a card, and who is driven by them, if anybody; ``start`` starts a task."""

    def __init__(
        self, driven: DrivenStimulator | None, *, now: Callable[[], float], start: Callable[[Task], Refusal | None]
    ) -> None:
        self._driven, self._now, self._start = driven, now, start
        self.volts: dict[str, float] = {}

    # --- channels -------------------------------------------------------------------------------------------------

    @staticmethod
    def add_voltage(card: Card, task: VoltageTask, request: pb.CreateAOVoltageChanRequest) -> Refusal | None:
        """Append one voltage channel per physical name."""
        physical = known(card, request.physical_channel, card.output_names())
        if isinstance(physical, Refusal):
            return physical
        if not -FULL_SCALE <= request.min_val < request.max_val <= FULL_SCALE:
            return refusal(-200077)
        if (request.units or request.units_raw) != _VOLTS:
            return refusal(-200077)
        names = virtual_names(physical, request.name_to_assign_to_channel)
        if {channel.name for channel in task.channels} & set(names):
            return refusal(-200489)
        task.channels += [
            VoltageChannel(name=name, physical=place, minimum=request.min_val, maximum=request.max_val)
            for name, place in zip(names, physical, strict=True)
        ]
        return None

    def add_frequency(self, card: Card, task: CounterTask, request: pb.CreateCOPulseChanFreqRequest) -> Refusal | None:
        """Append counter outputs that are asked for by frequency and duty cycle."""
        sound = request.freq > 0 and math.isfinite(request.freq) and 0 < request.duty_cycle < 1
        if not sound or (request.units or request.units_raw) != _HERTZ:
            return refusal(-200077)
        high = request.duty_cycle / request.freq
        return _add_pulses(card, task, request, high=high, low=1.0 / request.freq - high)

    def add_time(self, card: Card, task: CounterTask, request: pb.CreateCOPulseChanTimeRequest) -> Refusal | None:
        """Append counter outputs that are asked for by the times that they are high and low."""
        if (request.units or request.units_raw) != _SECONDS:
            return refusal(-200077)
        return _add_pulses(card, task, request, high=request.high_time, low=request.low_time)

    # --- timing and samples ---------------------------------------------------------------------------------------

    @staticmethod
    def set_count(task: CounterTask, request: pb.CfgImplicitTimingRequest) -> Refusal | None:
        """Take over how many pulses are given."""
        mode = request.sample_mode or request.sample_mode_raw
        if mode not in set(SampleMode) or request.samps_per_chan < 1:
            return refusal(-200077)
        task.timed, task.mode, task.samples = True, SampleMode(mode), request.samps_per_chan
        return None

    @staticmethod
    def set_regeneration(_: VoltageTask, request: pb.SetWriteAttributeInt32Request) -> Refusal | None:
        """Accept that samples are repeated: there is no other way here."""
        return None if (request.value or request.value_raw) == _ALLOW_REGENERATION else refusal(-200077)

    def write(self, task: VoltageTask, request: pb.WriteAnalogF64Request) -> Reply:
        """Take samples: to be played once started where the task is timed, else the last of them stands at once."""
        count, channels = request.num_samps_per_chan, len(task.channels)
        if count < 1 or len(request.write_array) != count * channels:
            return refusal(-200524)
        by_channel = not (request.data_layout or request.data_layout_raw)
        rows = [
            tuple(request.write_array[k * count : (k + 1) * count] if by_channel else request.write_array[k::channels])
            for k in range(channels)
        ]
        refused = self._take(task, rows)
        if refused is None and request.auto_start and not task.running:
            refused = self._start(task)
        return {"samps_per_chan_written": count} if refused is None else refused

    def write_scalar(self, task: VoltageTask, request: pb.WriteAnalogScalarF64Request) -> Reply:
        """Let the only channel stand at a voltage."""
        if len(task.channels) != 1:
            return refusal(-200524)
        refused = self._take(task, [(request.value,)])
        if refused is None and request.auto_start and not task.running:
            refused = self._start(task)
        return refused

    def _take(self, task: VoltageTask, rows: list[tuple[float, ...]]) -> Refusal | None:
        for channel, row in zip(task.channels, rows, strict=True):
            if not all(channel.minimum <= volts <= channel.maximum for volts in row):
                return refusal(-200561)
        if task.timed and task.running:
            return refusal(-200077)
        task.written = [tuple(_converted(volts) for volts in row) for row in rows]
        if task.running:
            self._stand(task)
        return None

    # --- from start to stop ---------------------------------------------------------------------------------------

    def start(self, task: OutputTask, others: Iterable[Task]) -> Refusal | None:
        """Begin to give out what was asked for, unless another running task holds one of the channels."""
        held = {channel.physical for other in others if isinstance(other, OutputTask) for channel in other.channels}
        if held & {channel.physical for channel in task.channels}:
            return refusal(-50103)
        task.began, task.end = self._now(), math.inf
        refused = None
        if isinstance(task, VoltageTask):
            refused = self._play(task) if task.timed else None
            if refused is None and not task.timed and task.written:
                self._stand(task)
        elif isinstance(task, CounterTask):
            self._count(task)
        task.running = refused is None
        return refused

    def stop(self, task: OutputTask) -> None:
        """End it: an analogue output stays where it is, a counter output goes low."""
        if not task.running:
            return
        task.running = False
        if isinstance(task, VoltageTask) and task.timed:
            elapsed = self._now() - task.began
            for channel, voltages in _voltages(task):
                self._hold(channel, voltages.at(elapsed))
        if isinstance(task, CounterTask) and self._driven is not None:
            for pulses in task.channels:
                self._driven.rest(pulses.terminal)

    def reset(self) -> None:
        """Let every analogue output stand at 0 V."""
        for terminal, volts in self.volts.items():
            if volts and self._driven is not None:
                self._driven.hold(terminal, 0.0)
        self.volts.clear()

    def _stand(self, task: VoltageTask) -> None:
        for channel, row in zip(task.channels, task.written, strict=True):
            self._hold(channel, row[-1])

    def _hold(self, channel: VoltageChannel, volts: float) -> None:
        self.volts[channel.terminal] = volts
        if self._driven is not None:
            self._driven.hold(channel.terminal, volts)

    def _play(self, task: VoltageTask) -> Refusal | None:
        if not task.written:
            return refusal(-200462)
        if not task.rate <= LARGEST_OUTPUT_RATE:
            return refusal(-200077)
        if task.mode is SampleMode.FINITE and task.samples % len(task.written[0]):
            return refusal(-200077)
        for channel, voltages in _voltages(task):
            if self._driven is not None and not self._driven.play(channel.terminal, voltages):
                return refusal(-200077)
        if task.mode is SampleMode.FINITE:
            task.end = task.began + task.samples / coerced_rate(task.rate)
        return None

    def _count(self, task: CounterTask) -> None:
        count = None if task.timed and task.mode is SampleMode.CONTINUOUS else task.samples if task.timed else 1
        for channel in task.channels:
            gate = Gate(high=channel.high, low=channel.low, delay=channel.delay, count=count)
            if count is not None:
                task.end = task.began + gate.delay + count * gate.period
            if self._driven is not None:
                self._driven.pulse(channel.terminal, gate)


def _add_pulses(
    card: Card,
    task: CounterTask,
    request: pb.CreateCOPulseChanFreqRequest | pb.CreateCOPulseChanTimeRequest,
    *,
    high: float,
    low: float,
) -> Refusal | None:
    physical = known(card, request.counter, card.counter_names())
    if isinstance(physical, Refusal):
        return physical
    ticks = [seconds * TIMEBASE for seconds in (high, low)]
    if not all(math.isfinite(one) and round(one) >= _FEWEST_TICKS for one in ticks) or request.initial_delay < 0:
        return refusal(-200077)
    if (request.idle_state or request.idle_state_raw) != _LOW:
        return refusal(-200077)
    names = virtual_names(physical, request.name_to_assign_to_channel)
    if {channel.name for channel in task.channels} & set(names):
        return refusal(-200489)
    task.channels += [
        PulseChannel(
            name=name,
            physical=place,
            high=round(ticks[0]) / TIMEBASE,
            low=round(ticks[1]) / TIMEBASE,
            delay=max(_FEWEST_TICKS, round(request.initial_delay * TIMEBASE)) / TIMEBASE,
            by_frequency=hasattr(request, "freq"),
        )
        for name, place in zip(names, physical, strict=True)
    ]
    return None


def _voltages(task: VoltageTask) -> Iterable[tuple[VoltageChannel, Voltages]]:
    for channel, row in zip(task.channels, task.written, strict=True):
        repeats = task.samples // len(row) if task.mode is SampleMode.FINITE else None
        yield channel, Voltages(samples=row, interval=1.0 / coerced_rate(task.rate), repeats=repeats)


def _converted(volts: float) -> float:
    """Return the nearest voltage of the 16-bit converter, V."""
    step = FULL_SCALE / _CODES
    return min(round(volts / step), _CODES - 1) * step
