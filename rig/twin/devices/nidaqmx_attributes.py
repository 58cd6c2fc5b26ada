"""The DAQmx attributes that the virtual card answers: one table per remote call, the vendor's number to a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nidaqmx._stubs import nidaqmx_pb2 as pb  # noqa: PLC2701 - the vendor publishes its protocol nowhere else in Python

from rig.twin.devices import nidaqmx_output_attributes as outputs
from rig.twin.devices.nidaqmx_card import Card, bits
from rig.twin.devices.nidaqmx_output_tasks import (
    FULL_SCALE,
    LARGEST_OUTPUT_RATE,
    CounterTask,
    OutputTask,
    PulseChannel,
    VoltageChannel,
)
from rig.twin.devices.nidaqmx_tasks import (
    TIMEBASE,
    AnalogTask,
    DigitalTask,
    EdgeTrigger,
    InputChannel,
    NotOfThisTask,
    OutputChannel,
    Task,
    TimedTask,
    coerced_rate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "CALIBRATION",
    "CHANNEL",
    "DEVICE",
    "OVERWRITE",
    "PHYSICAL",
    "SMALLEST_RATE",
    "SYSTEM",
    "TASK",
    "Moment",
    "NotOfThisTask",
]

SMALLEST_RATE = 100e6 / 2**32
OVERWRITE, KEEP_UNREAD = 10252, 10159

_CHANNEL_TYPES = {InputChannel: 10100, VoltageChannel: 10102, PulseChannel: 10132, OutputChannel: 10153}
_VOLTAGE = 10322
_SAMPLE_CLOCK, _ON_DEMAND, _IMPLICIT = 10388, 10390, 10451
_NO_TRIGGER, _DIGITAL_EDGE, _ANALOG_EDGE = 10230, 10150, 10099
_BITS = 10109
_ALLOW_REGENERATION = 10097
_USB_X_SERIES = 15858
_USB = 12586
_DRIVER = (24, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A task as it is now; ``now`` in s of the world's clock."""

    task: Task
    now: float

    @property
    def analog(self) -> AnalogTask:
        """The task if it reads analogue inputs."""
        if not isinstance(self.task, AnalogTask):
            raise NotOfThisTask(self.task.name)
        return self.task

    @property
    def digital(self) -> DigitalTask:
        """The task if it writes digital lines."""
        if not isinstance(self.task, DigitalTask):
            raise NotOfThisTask(self.task.name)
        return self.task

    @property
    def timed(self) -> TimedTask:
        """The task if it may have a clock."""
        if not isinstance(self.task, TimedTask):
            raise NotOfThisTask(self.task.name)
        return self.task

    @property
    def writable(self) -> DigitalTask | OutputTask:
        """The task if something can be written to it."""
        if not isinstance(self.task, DigitalTask | OutputTask):
            raise NotOfThisTask(self.task.name)
        return self.task

    def channel_names(self) -> list[str]:
        """The virtual channels in the order they were added."""
        return [channel.name for channel in self.task.channels]

    def timing_type(self) -> int:
        """By what the task is timed."""
        if not self.timed.timed:
            return _ON_DEMAND
        return _IMPLICIT if isinstance(self.task, CounterTask) else _SAMPLE_CLOCK

    def clock_rate(self) -> float:
        """Samples per second and channel, as the card's timebase divides."""
        return self.analog.set_rate if isinstance(self.task, AnalogTask) else coerced_rate(self.timed.rate)

    def conversion_rate(self) -> float:
        """Conversions per second, where several channels share a converter."""
        if self.analog.sampler.simultaneous:
            raise NotOfThisTask(self.task.name)
        return 1.0 / self.analog.conversion

    def level(self, trigger: EdgeTrigger | None) -> float:
        """The level of a trigger on an input, V."""
        if trigger is None or trigger.source.startswith("PFI"):
            raise NotOfThisTask(self.task.name)
        return trigger.level

    def lines_per_channel(self) -> int:
        """Of the task's digital channels, the number of lines of the widest."""
        return max((len(channel.lines) for channel in self.digital.channels), default=0)


def _both_signs(ranges: Sequence[float]) -> list[float]:
    return [limit for half in ranges for limit in (-half, half)]


SYSTEM: Mapping[str, Mapping[int, Callable[[Card], object]]] = {
    "GetSystemInfoAttributeUInt32": {
        pb.SYSTEM_ATTRIBUTE_NIDAQ_MAJOR_VERSION: lambda _: _DRIVER[0],
        pb.SYSTEM_ATTRIBUTE_NIDAQ_MINOR_VERSION: lambda _: _DRIVER[1],
        pb.SYSTEM_ATTRIBUTE_NIDAQ_UPDATE_VERSION: lambda _: _DRIVER[2],
    },
    "GetSystemInfoAttributeString": {
        pb.SYSTEM_ATTRIBUTE_DEV_NAMES: lambda card: card.device,
        pb.SYSTEM_ATTRIBUTE_TASKS: lambda _: "",
        pb.SYSTEM_ATTRIBUTE_SCALES: lambda _: "",
        pb.SYSTEM_ATTRIBUTE_GLOBAL_CHANS: lambda _: "",
    },
}

DEVICE: Mapping[str, Mapping[int, Callable[[Card], object]]] = {
    "GetDeviceAttributeString": {
        pb.DEVICE_ATTRIBUTE_PRODUCT_TYPE: lambda card: card.product,
        pb.DEVICE_ATTRIBUTE_AI_PHYSICAL_CHANS: lambda card: ", ".join(card.input_names()),
        pb.DEVICE_ATTRIBUTE_AO_PHYSICAL_CHANS: lambda card: ", ".join(card.output_names()),
        pb.DEVICE_ATTRIBUTE_CO_PHYSICAL_CHANS: lambda card: ", ".join(card.counter_names()),
        pb.DEVICE_ATTRIBUTE_DO_LINES: lambda card: ", ".join(card.line_names()),
        pb.DEVICE_ATTRIBUTE_DO_PORTS: lambda card: f"{card.device}/port0",
        pb.DEVICE_ATTRIBUTE_TERMINALS: lambda card: ", ".join(card.terminal_names()),
    },
    "GetDeviceAttributeUInt32": {
        pb.DEVICE_ATTRIBUTE_SERIAL_NUM: lambda card: card.serial,
        pb.DEVICE_ATTRIBUTE_PRODUCT_NUM: lambda _: 0x7424,
    },
    "GetDeviceAttributeBool": {
        pb.DEVICE_ATTRIBUTE_IS_SIMULATED: lambda _: False,
        pb.DEVICE_ATTRIBUTE_AI_SIMULTANEOUS_SAMPLING_SUPPORTED: lambda card: card.can.sampler.simultaneous,
        pb.DEVICE_ATTRIBUTE_ANLG_TRIG_SUPPORTED: lambda card: card.can.level_triggers,
        pb.DEVICE_ATTRIBUTE_DIG_TRIG_SUPPORTED: lambda _: True,
    },
    "GetDeviceAttributeInt32": {
        pb.DEVICE_ATTRIBUTE_PRODUCT_CATEGORY: lambda _: _USB_X_SERIES,
        pb.DEVICE_ATTRIBUTE_BUS_TYPE: lambda _: _USB,
    },
    "GetDeviceAttributeDouble": {
        pb.DEVICE_ATTRIBUTE_AI_MAX_SINGLE_CHAN_RATE: lambda card: card.can.sampler.largest_rate,
        pb.DEVICE_ATTRIBUTE_AI_MAX_MULTI_CHAN_RATE: lambda card: card.can.sampler.largest_rate,
        pb.DEVICE_ATTRIBUTE_AI_MIN_RATE: lambda _: SMALLEST_RATE,
        pb.DEVICE_ATTRIBUTE_AO_MAX_RATE: lambda _: LARGEST_OUTPUT_RATE,
        pb.DEVICE_ATTRIBUTE_CO_MAX_TIMEBASE: lambda _: TIMEBASE,
    },
    "GetDeviceAttributeDoubleArray": {
        pb.DEVICE_ATTRIBUTE_AI_VOLTAGE_RNGS: lambda card: [
            limit for half in card.can.ranges for limit in (-half, half)
        ],
        pb.DEVICE_ATTRIBUTE_AO_VOLTAGE_RNGS: lambda _: [-FULL_SCALE, FULL_SCALE],
    },
}

CALIBRATION: Mapping[str, Mapping[int, Callable[[Card], object]]] = {
    "GetCalInfoAttributeBool": {pb.CALIBRATIONINFO_ATTRIBUTE_SELF_CAL_SUPPORTED: lambda _: True},
    "GetCalInfoAttributeUInt32": {pb.CALIBRATIONINFO_ATTRIBUTE_EXT_CAL_RECOMMENDED_INTERVAL: lambda _: 24},
    "GetCalInfoAttributeDouble": {
        pb.CALIBRATIONINFO_ATTRIBUTE_CAL_DEV_TEMP: lambda _: 31.5,
        pb.CALIBRATIONINFO_ATTRIBUTE_EXT_CAL_LAST_TEMP: lambda _: 30.8,
        pb.CALIBRATIONINFO_ATTRIBUTE_SELF_CAL_LAST_TEMP: lambda _: 31.1,
    },
}

PHYSICAL: Mapping[str, Mapping[int, Callable[[tuple[int, ...]], object]]] = {
    "GetPhysicalChanAttributeInt32": {pb.PHYSICALCHANNEL_ATTRIBUTE_PHYSICAL_CHAN_AI_TERM_CFGS: bits},
}

CHANNEL: Mapping[str, Mapping[int, Callable[[Any], object]]] = {
    "GetChanAttributeInt32": {
        pb.CHANNEL_ATTRIBUTE_CHAN_TYPE: lambda channel: _CHANNEL_TYPES[type(channel)],
        pb.CHANNEL_ATTRIBUTE_AI_MEAS_TYPE: lambda _: _VOLTAGE,
        pb.CHANNEL_ATTRIBUTE_AI_TERM_CFG: lambda channel: channel.configuration,
        pb.CHANNEL_ATTRIBUTE_AI_RESOLUTION_UNITS: lambda _: _BITS,
        **outputs.CHANNEL["GetChanAttributeInt32"],
    },
    "GetChanAttributeUInt32": {pb.CHANNEL_ATTRIBUTE_AI_RAW_SAMP_SIZE: lambda _: 16},
    "GetChanAttributeString": {pb.CHANNEL_ATTRIBUTE_PHYSICAL_CHAN_NAME: lambda channel: channel.physical},
    "GetChanAttributeDouble": {
        pb.CHANNEL_ATTRIBUTE_AI_RNG_HIGH: lambda channel: channel.half_range,
        pb.CHANNEL_ATTRIBUTE_AI_RNG_LOW: lambda channel: -channel.half_range,
        pb.CHANNEL_ATTRIBUTE_AI_MAX: lambda channel: channel.maximum,
        pb.CHANNEL_ATTRIBUTE_AI_MIN: lambda channel: channel.minimum,
        pb.CHANNEL_ATTRIBUTE_AI_RESOLUTION: lambda _: 16.0,
        **outputs.CHANNEL["GetChanAttributeDouble"],
    },
    "GetChanAttributeDoubleArray": {
        pb.CHANNEL_ATTRIBUTE_AI_DEV_SCALING_COEFF: lambda channel: [0.0, channel.volts_per_code, 0.0, 0.0],
    },
}

TASK: Mapping[str, Mapping[int, Callable[[Moment], object]]] = {
    "GetTaskAttributeString": {
        pb.TASK_ATTRIBUTE_NAME: lambda at: at.task.name,
        pb.TASK_ATTRIBUTE_CHANNELS: lambda at: ", ".join(at.channel_names()),
    },
    "GetTaskAttributeUInt32": {
        pb.TASK_ATTRIBUTE_NUM_CHANS: lambda at: len(at.channel_names()),
        pb.TASK_ATTRIBUTE_NUM_DEVICES: lambda at: 1 if at.channel_names() else 0,
    },
    "GetReadAttributeUInt32": {
        pb.READ_ATTRIBUTE_NUM_CHANS: lambda at: len(at.channel_names()),
        pb.READ_ATTRIBUTE_DIGITAL_LINES_BYTES_PER_CHAN: lambda at: at.lines_per_channel(),
        pb.READ_ATTRIBUTE_AVAIL_SAMP_PER_CHAN: lambda at: at.analog.available(at.now),
        pb.READ_ATTRIBUTE_RAW_DATA_WIDTH: lambda at: 2 * len(at.analog.channels),
    },
    "GetReadAttributeUInt64": {
        pb.READ_ATTRIBUTE_TOTAL_SAMP_PER_CHAN_ACQUIRED: lambda at: at.analog.acquired(at.now),
        pb.READ_ATTRIBUTE_CURR_READ_POS: lambda at: at.analog.position,
    },
    "GetReadAttributeString": {
        pb.READ_ATTRIBUTE_CHANNELS_TO_READ: lambda at: ", ".join(at.channel_names()),
        pb.READ_ATTRIBUTE_OVERLOADED_CHANS: lambda at: ", ".join(sorted(at.analog.overloaded)),
    },
    "GetReadAttributeBool": {
        pb.READ_ATTRIBUTE_OVERLOADED_CHANS_EXIST: lambda at: bool(at.analog.overloaded),
        pb.READ_ATTRIBUTE_AUTO_START: lambda at: at.analog.auto_start,
        pb.READ_ATTRIBUTE_READ_ALL_AVAIL_SAMP: lambda _: False,
    },
    "GetReadAttributeInt32": {
        pb.READ_ATTRIBUTE_OVERWRITE: lambda at: OVERWRITE if at.analog.overwrite else KEEP_UNREAD,
    },
    "GetBufferAttributeUInt32": {
        pb.BUFFER_ATTRIBUTE_INPUT_BUF_SIZE: lambda at: at.analog.buffer,
        pb.BUFFER_ATTRIBUTE_INPUT_ONBRD_BUF_SIZE: lambda _: 32 << 20,
    },
    "GetTimingAttributeDouble": {
        pb.TIMING_ATTRIBUTE_SAMP_CLK_RATE: lambda at: at.clock_rate(),
        pb.TIMING_ATTRIBUTE_SAMP_CLK_MAX_RATE: lambda at: at.analog.fastest,
        pb.TIMING_ATTRIBUTE_SAMP_CLK_TIMEBASE_RATE: lambda at: at.analog.sampler.timebase,
        pb.TIMING_ATTRIBUTE_AI_CONV_RATE: lambda at: at.conversion_rate(),
        pb.TIMING_ATTRIBUTE_AI_CONV_MAX_RATE: lambda at: at.analog.sampler.largest_rate,
    },
    "GetTimingAttributeUInt64": {pb.TIMING_ATTRIBUTE_SAMP_QUANT_SAMP_PER_CHAN: lambda at: at.timed.samples},
    "GetTimingAttributeInt32": {
        pb.TIMING_ATTRIBUTE_SAMP_QUANT_SAMP_MODE: lambda at: int(at.timed.mode),
        pb.TIMING_ATTRIBUTE_SAMP_TIMING_TYPE: lambda at: at.timing_type(),
    },
    "GetTimingAttributeString": {pb.TIMING_ATTRIBUTE_SAMP_CLK_SRC: lambda _: "OnboardClock"},
    "GetTrigAttributeInt32": {
        pb.TRIGGER_ATTRIBUTE_START_TRIG_TYPE: lambda at: _trigger_type(at.analog.trigger),
        pb.TRIGGER_ATTRIBUTE_REF_TRIG_TYPE: lambda at: _trigger_type(at.analog.reference),
    },
    "GetTrigAttributeDouble": {
        pb.TRIGGER_ATTRIBUTE_ANLG_EDGE_START_TRIG_LVL: lambda at: at.level(at.analog.trigger),
        pb.TRIGGER_ATTRIBUTE_ANLG_EDGE_REF_TRIG_LVL: lambda at: at.level(at.analog.reference),
    },
    "GetTrigAttributeUInt32": {
        pb.TRIGGER_ATTRIBUTE_REF_TRIG_PRETRIG_SAMPLES: lambda at: at.analog.pretrigger,
    },
    "GetWriteAttributeInt32": {pb.WRITE_ATTRIBUTE_REGEN_MODE: lambda _: _ALLOW_REGENERATION},
    "GetWriteAttributeUInt32": {
        pb.WRITE_ATTRIBUTE_NUM_CHANS: lambda at: len(at.writable.channels),
        pb.WRITE_ATTRIBUTE_DIGITAL_LINES_BYTES_PER_CHAN: lambda at: at.lines_per_channel(),
    },
}


def _trigger_type(trigger: EdgeTrigger | None) -> int:
    if trigger is None:
        return _NO_TRIGGER
    return _DIGITAL_EDGE if trigger.source.startswith("PFI") else _ANALOG_EDGE
