"""The virtual card's analogue and counter outputs, set by NI's own Python package, and what they let flow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import nidaqmx
import numpy as np
import pytest
from nidaqmx.constants import AcquisitionType, Level
from nidaqmx.errors import DaqError
from nidaqmx.stream_writers import AnalogSingleChannelWriter
from nidaqmx.system import Device

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.nidaqmx import NiDaqmx
from rig.twin.world import World

pytestmark = [pytest.mark.supports("analog-ttl", "twin"), pytest.mark.supports("analog-ttl", "third-party client")]

WORLD = TwinConfig.model_validate({
    "seed": 9,
    "device": {
        "identity": {"manufacturer": "Digitimer", "model": "DS5", "serial": "1", "firmware": "1"},
        "gain_error": 0.0,
        "phase_mismatch": 0.0,
        "timebase_error": 0.0,
    },
    "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
})


class Bench:
    def __init__(self, world: World, channel: grpc.Channel) -> None:
        self.world = world
        self.options = nidaqmx.GrpcSessionOptions(channel, "")

    def task(self) -> nidaqmx.Task:
        return nidaqmx.Task(grpc_options=self.options)

    def demand(self, task: nidaqmx.Task, volts: float) -> None:
        task.ao_channels.add_ao_voltage_chan("Dev1/ao0", min_val=-10.0, max_val=10.0)
        task.write(volts)

    @property
    def currents(self) -> tuple[float, float]:
        return self.world.signal("current", 0.0, self.world.now).extremes(0.0, self.world.now)

    @property
    def phases(self) -> list[tuple[int, int, int]]:
        """Begin, end, us, and sign of every phase, from the first pulse on."""
        pulses = self.world.pulses(0.0, self.world.now)
        return [
            (round((pulse.start + a - pulses[0].start) * 1e6), round((pulse.start + b - pulses[0].start) * 1e6), sign)
            for pulse in pulses
            for a, b, sign in pulse.phases
        ]


@contextmanager
def bench(**drives: Any) -> Iterator[Bench]:
    world = World(WORLD)
    world.switch(frozenset({101}))
    config = InstrumentConfig.model_validate({
        "protocol": "nidaqmx-grpc",
        "device": "Dev1",
        "drives": {"gain": 0.01, **drives},
    })
    card = NiDaqmx(name="out", config=config, world=world, seed=9)
    (address,) = card.start()
    channel = grpc.insecure_channel(address.removeprefix("grpc://"))
    try:
        yield Bench(world, channel)
    finally:
        channel.close()
        card.stop()
        world.close()


def test_a_gated_stimulator_delivers_while_the_counter_is_high() -> None:
    with bench() as b, b.task() as demand, b.task() as trigger:
        b.demand(demand, 2.0)
        b.world.advance(0.1)
        assert not b.world.stimulating, "a demand alone lets nothing flow"
        pulses = trigger.co_channels.add_co_pulse_chan_time("Dev1/ctr0", low_time=19.7e-3, high_time=300e-6)
        trigger.timing.cfg_implicit_timing(sample_mode=AcquisitionType.CONTINUOUS)
        assert (pulses.co_pulse_high_time, pulses.co_pulse_low_time) == pytest.approx((300e-6, 19.7e-3))
        trigger.start()
        b.world.advance(0.1)
        trigger.stop()
        b.world.advance(0.1)
        assert b.phases == [(k * 20_000, k * 20_000 + 300, 1) for k in range(5)]
        assert b.currents == pytest.approx((0.0, 20e-3), rel=1e-3)


def test_a_gate_that_closes_cuts_its_pulse() -> None:
    with bench() as b, b.task() as demand, b.task() as trigger:
        b.demand(demand, 1.0)
        trigger.co_channels.add_co_pulse_chan_time("Dev1/ctr0", low_time=10e-3, high_time=10e-3)
        trigger.start()
        b.world.advance(3e-3)
        trigger.stop()
        b.world.advance(0.1)
        ((begin, end, _),) = b.phases
        assert end - begin == pytest.approx(3000, abs=1)


def test_a_triggered_stimulator_gives_its_own_pulse_at_every_edge() -> None:
    with bench(phase_duration=200e-6, interphase=100e-6, biphasic=True) as b, b.task() as demand, b.task() as trigger:
        b.demand(demand, 3.0)
        channel = trigger.co_channels.add_co_pulse_chan_freq(
            "Dev1/ctr0", freq=50.0, duty_cycle=0.01, initial_delay=1e-3
        )
        trigger.timing.cfg_implicit_timing(sample_mode=AcquisitionType.FINITE, samps_per_chan=3)
        assert channel.co_pulse_freq == pytest.approx(50.0)
        assert channel.co_pulse_duty_cyc == pytest.approx(0.01)
        trigger.start()
        assert not trigger.is_task_done()
        trigger.wait_until_done(timeout=1.0)
        assert b.world.now == pytest.approx(0.061)
        assert b.phases == [
            place for k in (0, 20_000, 40_000) for place in ((k, k + 200, 1), (k + 300, k + 500, -1))
        ]  # fmt: skip
        assert b.currents == pytest.approx((-30e-3, 30e-3), rel=1e-3)
        trigger.stop()


def test_a_demand_that_changes_keeps_the_rhythm() -> None:
    with bench() as b, b.task() as demand, b.task() as trigger:
        b.demand(demand, 1.0)
        trigger.co_channels.add_co_pulse_chan_time("Dev1/ctr0", low_time=9e-3, high_time=1e-3)
        trigger.timing.cfg_implicit_timing(sample_mode=AcquisitionType.FINITE, samps_per_chan=6)
        trigger.start()
        b.world.advance(0.025)
        demand.write(-4.0)
        b.world.advance(0.02)
        demand.write(0.0)
        b.world.advance(0.1)
        signs = [1, 1, 1, -1, -1]
        assert b.phases == [(k * 10_000, k * 10_000 + 1000, sign) for k, sign in enumerate(signs)]
        assert b.currents == pytest.approx((-40e-3, 10e-3), rel=1e-3)


def test_without_a_trigger_the_current_follows_a_waveform() -> None:
    """Samples of 100 us: rest, a pulse of both signs, and rest for the remainder of 20 ms."""
    wave = np.zeros(200)
    wave[1:4], wave[5:8] = 2.0, -2.0
    with bench(trigger=None) as b, b.task() as task:
        task.ao_channels.add_ao_voltage_chan("Dev1/ao0", min_val=-10.0, max_val=10.0)
        task.timing.cfg_samp_clk_timing(10e3, sample_mode=AcquisitionType.CONTINUOUS, samps_per_chan=len(wave))
        with pytest.raises(DaqError) as refused:
            task.start()
        assert refused.value.error_code == -200462
        AnalogSingleChannelWriter(task.out_stream, auto_start=False).write_many_sample(wave)
        task.start()
        b.world.advance(0.1)
        task.stop()
        b.world.advance(0.1)
        begins = [(k * 20_000, k * 20_000 + 400) for k in range(5)]
        assert b.phases == [part for a, c in begins for part in ((a, a + 300, 1), (c, c + 300, -1))]
        assert b.currents == pytest.approx((-20e-3, 20e-3), rel=1e-3)


def test_an_output_that_is_stopped_stays_where_it_is_until_it_is_set_to_zero() -> None:
    wave = np.array([0.0, 3.0, 3.0, 0.0])
    with bench(trigger=None) as b:
        with b.task() as task:
            task.ao_channels.add_ao_voltage_chan("Dev1/ao0")
            task.timing.cfg_samp_clk_timing(100.0, sample_mode=AcquisitionType.FINITE, samps_per_chan=4)
            task.write(wave, auto_start=True)
            b.world.advance(0.015)
        b.world.advance(1.0)
        assert b.world.signal("current", 1.0, 1.01).at(1.005) == pytest.approx(30e-3, rel=1e-3)
        with b.task() as task:
            b.demand(task, 0.0)
        stopped = b.world.now
        b.world.advance(0.1)
        assert b.world.signal("current", stopped + 1e-4, b.world.now).extremes(stopped + 1e-4, b.world.now) == (0, 0)


def test_a_finite_waveform_is_done_and_a_reset_ends_everything() -> None:
    with bench(trigger=None) as b, b.task() as task:
        task.ao_channels.add_ao_voltage_chan("Dev1/ao0")
        task.timing.cfg_samp_clk_timing(1000.0, sample_mode=AcquisitionType.FINITE, samps_per_chan=20)
        task.write([1.0, 0.0], auto_start=True)
        task.wait_until_done(timeout=1.0)
        assert b.world.now == pytest.approx(0.020)
        b.world.advance(0.1)
        assert len(b.phases) == 10
        task.stop()
        with b.task() as held:
            b.demand(held, 1.0)
            assert b.world.stimulating
            Device("Dev1", grpc_options=b.options).reset_device()
            assert not b.world.stimulating


def test_what_the_card_lists_and_refuses() -> None:
    with bench() as b, b.task() as task:
        device = Device("Dev1", grpc_options=b.options)
        assert [channel.name for channel in device.ao_physical_chans] == ["Dev1/ao0", "Dev1/ao1"]
        assert [channel.name for channel in device.co_physical_chans] == [f"Dev1/ctr{n}" for n in range(4)]
        with pytest.raises(DaqError) as beyond:
            task.ao_channels.add_ao_voltage_chan("Dev1/ao0", min_val=-11.0, max_val=11.0)
        assert beyond.value.error_code == -200077
        task.ao_channels.add_ao_voltage_chan("Dev1/ao0", min_val=0.0, max_val=5.0)
        with pytest.raises(DaqError) as large:
            task.write(5.1)
        assert large.value.error_code == -200561
        task.write(5.0)
        with b.task() as other:
            other.ao_channels.add_ao_voltage_chan("Dev1/ao0")
            with pytest.raises(DaqError) as reserved:
                other.write(1.0)
            assert reserved.value.error_code == -50103
        with b.task() as counter, pytest.raises(DaqError) as idle:
            counter.co_channels.add_co_pulse_chan_time("Dev1/ctr0", idle_state=Level.HIGH)
        assert idle.value.error_code == -200077
        with b.task() as counter, pytest.raises(DaqError) as absent:
            counter.co_channels.add_co_pulse_chan_freq("Dev1/ctr4")
        assert absent.value.error_code == -200170


@pytest.mark.parametrize("volts", [1.0, 0.1234, 9.9999])
def test_the_converter_has_sixteen_bits(volts: float) -> None:
    with bench(trigger=None) as b, b.task() as task:
        b.demand(task, volts)
        b.world.advance(0.1)
        step = 20 / 65536
        assert b.world.signal("current", 0.05, 0.06).at(0.055) * 100 == pytest.approx(
            min(round(volts / step), 32767) * step, abs=1e-9
        )
