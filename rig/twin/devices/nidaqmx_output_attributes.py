"""The DAQmx attributes of output channels: one table per remote call, the vendor's number to a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from nidaqmx._stubs import nidaqmx_pb2 as pb  # noqa: PLC2701 - the vendor publishes its protocol nowhere else in Python

from rig.twin.devices.nidaqmx_output_tasks import FULL_SCALE, PulseChannel, VoltageChannel
from rig.twin.devices.nidaqmx_tasks import TIMEBASE, NotOfThisTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CHANNEL"]

_Kind = TypeVar("_Kind")

_VOLTAGE, _PULSE_FREQUENCY, _PULSE_TIME, _LOW = 10322, 10119, 10269, 10214


def _of(kind: type[_Kind], get: Callable[[_Kind], object]) -> Callable[[Any], object]:
    """Make a getter that is for one kind of channel alone."""

    def got(channel: object) -> object:
        if not isinstance(channel, kind):
            raise NotOfThisTask(str(channel))
        return get(channel)

    return got


CHANNEL: Mapping[str, Mapping[int, Callable[[Any], object]]] = {
    "GetChanAttributeInt32": {
        pb.CHANNEL_ATTRIBUTE_AO_OUTPUT_TYPE: _of(VoltageChannel, lambda _: _VOLTAGE),
        pb.CHANNEL_ATTRIBUTE_CO_OUTPUT_TYPE: _of(
            PulseChannel, lambda channel: _PULSE_FREQUENCY if channel.by_frequency else _PULSE_TIME
        ),
        pb.CHANNEL_ATTRIBUTE_CO_PULSE_IDLE_STATE: _of(PulseChannel, lambda _: _LOW),
    },
    "GetChanAttributeDouble": {
        pb.CHANNEL_ATTRIBUTE_AO_MIN: _of(VoltageChannel, lambda channel: channel.minimum),
        pb.CHANNEL_ATTRIBUTE_AO_MAX: _of(VoltageChannel, lambda channel: channel.maximum),
        pb.CHANNEL_ATTRIBUTE_AO_DAC_RNG_LOW: _of(VoltageChannel, lambda _: -FULL_SCALE),
        pb.CHANNEL_ATTRIBUTE_AO_DAC_RNG_HIGH: _of(VoltageChannel, lambda _: FULL_SCALE),
        pb.CHANNEL_ATTRIBUTE_AO_RESOLUTION: _of(VoltageChannel, lambda _: 16.0),
        pb.CHANNEL_ATTRIBUTE_CO_PULSE_FREQ: _of(PulseChannel, lambda channel: channel.frequency),
        pb.CHANNEL_ATTRIBUTE_CO_PULSE_DUTY_CYC: _of(PulseChannel, lambda channel: channel.duty_cycle),
        pb.CHANNEL_ATTRIBUTE_CO_PULSE_FREQ_INITIAL_DELAY: _of(PulseChannel, lambda channel: channel.delay),
        pb.CHANNEL_ATTRIBUTE_CO_PULSE_HIGH_TIME: _of(PulseChannel, lambda channel: channel.high),
        pb.CHANNEL_ATTRIBUTE_CO_PULSE_LOW_TIME: _of(PulseChannel, lambda channel: channel.low),
        pb.CHANNEL_ATTRIBUTE_CO_PULSE_TIME_INITIAL_DELAY: _of(PulseChannel, lambda channel: channel.delay),
        pb.CHANNEL_ATTRIBUTE_CO_CTR_TIMEBASE_RATE: _of(PulseChannel, lambda _: TIMEBASE),
    },
}
