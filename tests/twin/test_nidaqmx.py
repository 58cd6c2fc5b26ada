"""The virtual DAQ card, driven by NI's own Python package over gRPC."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import grpc
import nidaqmx
import numpy as np
import pytest
from nidaqmx.constants import (
    READ_ALL_AVAILABLE,
    AcquisitionType,
    Edge,
    LineGrouping,
    OverwriteMode,
    Slope,
    TaskMode,
    TerminalConfiguration,
)
from nidaqmx.errors import DaqError, DaqReadError, RpcError
from nidaqmx.stream_readers import AnalogMultiChannelReader, AnalogUnscaledReader
from nidaqmx.system import Device, System
from numpy.typing import NDArray

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.nidaqmx import NiDaqmx
from rig.twin.devices.nidaqmx_tasks import coerced_rate, default_buffer, expand, half_range_for
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

pytestmark = [pytest.mark.supports("ni-daqmx", "twin"), pytest.mark.supports("ni-daqmx", "third-party client")]

IDENTITY = {"manufacturer": "National Instruments", "model": "USB-6366", "serial": "01D5F3A7", "firmware": "24.0"}
WORLD = TwinConfig.model_validate({
    "seed": 9,
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {"1 kohm": {"resistance": 1000.0, "relays": [103]}},
})
# The client asks for the driver's version, in three parts, before anything else.
CALLS_TO_FIND_A_DEVICE = 3
PULSE = (
    Point(current=20e-3, duration=200e-6),
    Point(current=0.0, duration=100e-6),
    Point(current=-20e-3, duration=200e-6),
)
TRAIN = Train(points=PULSE, period=2e-3, count=3)


class Bench:
    """A world with a load connected, a card in it, and a channel to that."""

    def __init__(self, world: World, card: NiDaqmx, channel: grpc.Channel) -> None:
        self.world, self.card = world, card
        self.options = nidaqmx.GrpcSessionOptions(channel, "")
        self.device = Device("Dev1", grpc_options=self.options)

    @contextmanager
    def task(
        self,
        channels: str = "Dev1/ai0:1",
        *,
        rate: float = 1e6,
        samples: int = 5000,
        half_range: float = 2.0,
        mode: AcquisitionType = AcquisitionType.FINITE,
    ) -> Iterator[nidaqmx.Task]:
        with nidaqmx.Task(grpc_options=self.options) as task:
            task.ai_channels.add_ai_voltage_chan(
                channels, terminal_config=TerminalConfiguration.DIFF, min_val=-half_range, max_val=half_range
            )
            task.timing.cfg_samp_clk_timing(rate, sample_mode=mode, samps_per_chan=samples)
            yield task


@contextmanager
def bench(*faults: dict[str, Any], **errors: Any) -> Iterator[Bench]:
    world = World(WORLD)
    world.switch(frozenset({103}))
    config = InstrumentConfig.model_validate({
        "protocol": "nidaqmx-grpc",
        "identity": IDENTITY,
        "device": "Dev1",
        "inputs": {"ai0": "current_sense", "ai1": "voltage_divided", "PFI0": "current_sense"},
        "faults": faults,
        **errors,
    })
    card = NiDaqmx(name="daq", config=config, world=world, seed=9)
    (address,) = card.start()
    channel = grpc.insecure_channel(address.removeprefix("grpc://"), options=[("grpc.max_receive_message_length", -1)])
    try:
        yield Bench(world, card, channel)
    finally:
        channel.close()
        card.stop()
        card.stop()


def read(task: nidaqmx.Task, channels: int, samples: int, timeout: float = 10.0) -> NDArray[np.float64]:
    volts = np.empty((channels, samples))
    assert AnalogMultiChannelReader(task.in_stream).read_many_sample(volts, samples, timeout) == samples
    return volts


# --- the card ---------------------------------------------------------------------------------------------------------


def test_the_system_lists_the_card_and_the_card_describes_itself() -> None:
    with bench() as b:
        system = System.remote(grpc_options=b.options)
        assert [device.name for device in system.devices] == ["Dev1"]
        assert b.device.product_type == "USB-6366"
        assert f"{b.device.serial_num:08X}" == "01D5F3A7"
        assert b.device.ai_max_single_chan_rate == 2e6
        assert b.device.ai_simultaneous_sampling_supported
        assert b.device.ai_voltage_rngs == [
            limit for half in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) for limit in (-half, half)
        ]
        assert [channel.name for channel in b.device.ai_physical_chans] == [f"Dev1/ai{n}" for n in range(8)]
        assert b.device.ext_cal_last_date_and_time.date() == date(2026, 3, 2)
        assert b.device.ext_cal_recommended_interval == 24
        b.device.self_test_device()
        b.device.reset_device()


@pytest.mark.parametrize(("physical", "code"), [("Dev9/ai0", -200220), ("Dev1/ai8", -200170), ("Dev1/banana", -200170)])
def test_what_is_not_there_is_refused(physical: str, code: int) -> None:
    with bench() as b, nidaqmx.Task(grpc_options=b.options) as task:
        with pytest.raises(DaqError) as refused:
            task.ai_channels.add_ai_voltage_chan(physical)
        assert refused.value.error_code == code


@pytest.mark.parametrize(
    ("asked", "half_range"), [(0.05, 0.1), (0.1, 0.1), (0.3, 0.5), (1.5, 2.0), (10.0, 10.0), (10.1, None)]
)
def test_the_narrowest_range_is_taken(asked: float, half_range: float | None) -> None:
    assert half_range_for(-asked, asked) == half_range
    with bench() as b, nidaqmx.Task(grpc_options=b.options) as task:
        if half_range is None:
            with pytest.raises(DaqError) as refused:
                task.ai_channels.add_ai_voltage_chan("Dev1/ai0", min_val=-asked, max_val=asked)
            assert refused.value.error_code == -200077
            return
        channel = task.ai_channels.add_ai_voltage_chan("Dev1/ai0", min_val=-asked, max_val=asked)
        assert (channel.ai_rng_low, channel.ai_rng_high) == (-half_range, half_range)
        assert channel.ai_dev_scaling_coeff == [0.0, half_range / 32768, 0.0, 0.0]


def test_a_channel_is_added_only_once() -> None:
    with bench() as b, nidaqmx.Task(grpc_options=b.options) as task:
        task.ai_channels.add_ai_voltage_chan("Dev1/ai0")
        with pytest.raises(DaqError) as refused:
            task.ai_channels.add_ai_voltage_chan("Dev1/ai0")
        assert refused.value.error_code == -200489


@pytest.mark.parametrize(("rate", "samples"), [(2.1e6, 1000), (1e-3, 1000), (1e6, 1)])
def test_timing_that_the_card_cannot_do_is_refused_at_the_start(rate: float, samples: int) -> None:
    with bench() as b, b.task(rate=rate, samples=samples) as task:
        with pytest.raises(DaqError) as refused:
            task.start()
        assert refused.value.error_code == -200077


def test_an_unknown_call_is_unimplemented() -> None:
    with bench() as b, nidaqmx.Task(grpc_options=b.options) as task:
        with pytest.raises(RpcError) as refused:
            task.ci_channels.add_ci_count_edges_chan("Dev1/ctr0")
        assert refused.value.rpc_code == grpc.StatusCode.UNIMPLEMENTED


def test_the_card_samples_for_one_task_at_a_time() -> None:
    with bench() as b, b.task() as first, b.task("Dev1/ai5") as second:
        first.start()
        with pytest.raises(DaqError) as refused:
            second.start()
        assert refused.value.error_code == -50103
        first.stop()
        second.start()


def test_a_task_that_does_not_exist_cannot_be_attached_to() -> None:
    with bench() as b:
        options = nidaqmx.GrpcSessionOptions(
            b.options.grpc_channel,
            "ghost",
            initialization_behavior=nidaqmx.SessionInitializationBehavior.ATTACH_TO_SERVER_SESSION,
        )
        with pytest.raises(DaqError) as refused:
            nidaqmx.Task("ghost", grpc_options=options)
        assert refused.value.error_code == -200088


def test_a_named_task_is_shared_by_who_attaches_to_it() -> None:
    with bench() as b, nidaqmx.Task("shared", grpc_options=b.options) as task:
        task.ai_channels.add_ai_voltage_chan("Dev1/ai0:2", "a, b, c")
        with nidaqmx.Task("shared", grpc_options=b.options) as same:
            assert same.channel_names == ["a", "b", "c"]
            assert same.number_of_channels == 3
        new = nidaqmx.SessionInitializationBehavior.INITIALIZE_SERVER_SESSION
        options = nidaqmx.GrpcSessionOptions(b.options.grpc_channel, "shared", initialization_behavior=new)
        with pytest.raises(DaqError) as refused:
            nidaqmx.Task("shared", grpc_options=options)
        assert refused.value.error_code == -200089


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("errors", [{}, {"gain_error": 1e-3, "offset_error": 1e-3, "timebase_ppm": 50.0}])
def test_a_finite_reading_shows_the_world(errors: dict[str, float]) -> None:
    with bench(**errors) as b, b.task() as task:
        assert task.timing.samp_clk_rate == 1e6
        assert task.in_stream.input_buf_size == 5000
        task.start()
        began = b.world.now
        b.world.begin(TRAIN, latency=1e-3)
        volts = read(task, 2, 5000)
        task.wait_until_done(1.0)
        assert task.is_task_done()
        for channel, node in enumerate(("current_sense", "voltage_divided")):
            end = b.card._reader._ends[f"ai{channel}"]
            times = began + np.arange(5000, dtype=np.float64) * 1e-6 * end.timebase
            truth = b.world.signal(node, began, began + 6e-3).sample(times) * end.gain + end.offset(4.0)
            assert np.abs(volts[channel] - truth).max() <= 2 / 32768 / 2 * 1.001
        assert b.world.now == pytest.approx(began + 4999e-6 * b.card._reader._idle.timebase)
    assert volts[0].max() == pytest.approx(0.2, rel=0.02)
    assert volts[1].min() == pytest.approx(-1.0, rel=0.02)


def test_raw_codes_and_scaling_coefficients_give_the_volts() -> None:
    with bench(noise=1e-3) as b, b.task() as task:
        coefficients = task.ai_channels["Dev1/ai0"].ai_dev_scaling_coeff
        b.world.begin(TRAIN)
        task.start()
        codes = np.empty((2, 5000), dtype=np.int16)
        AnalogUnscaledReader(task.in_stream).read_int16(codes, 5000, 10.0)
        truth = b.world.signal("current_sense", 0.0, 1.0).sample_uniform(0.0, 1e-6, 5000)
    assert np.polynomial.Polynomial(coefficients)(codes[0]) == pytest.approx(truth, abs=6e-3)
    assert codes.min() < 0 < codes.max()


def test_two_readings_of_one_acquisition_join() -> None:
    with bench() as b, b.task() as task:
        b.world.begin(TRAIN)
        task.start()
        joined = np.hstack([read(task, 2, 2000), read(task, 2, 3000)])
        truth = b.world.signal("current_sense", 0.0, 1.0).sample_uniform(0.0, 1e-6, 5000)
        with pytest.raises(DaqReadError) as refused:
            read(task, 2, 1)
        assert refused.value.error_code == -200278
    assert joined[0] == pytest.approx(truth, abs=2 / 32768)


def test_a_time_out_says_how_many_samples_there_are() -> None:
    with bench() as b, b.task(rate=1000.0, samples=1000) as task:
        task.start()
        with pytest.raises(DaqReadError) as refused:
            task.read(1000, timeout=6.5e-3)
        assert (refused.value.error_code, refused.value.samps_per_chan_read) == (-200284, 7)
        assert b.world.now == pytest.approx(6.5e-3)
        assert task.in_stream.avail_samp_per_chan == 7
        with pytest.raises(DaqError) as unfinished:
            task.wait_until_done(0.1)
        assert unfinished.value.error_code == -200560


def test_continuous_sampling_loses_what_nobody_reads() -> None:
    with bench() as b, b.task(rate=10_000.0, samples=100, mode=AcquisitionType.CONTINUOUS) as task:
        task.in_stream.input_buf_size = 500
        task.start()
        read(task, 2, 400)
        b.world.advance(0.045)
        assert task.in_stream.avail_samp_per_chan == 450
        assert len(task.read(READ_ALL_AVAILABLE)[0]) == 450
        assert task.in_stream.total_samp_per_chan_acquired == 850
        b.world.advance(0.06)
        with pytest.raises(DaqReadError) as refused:
            task.read(10)
        assert refused.value.error_code == -200279
        task.stop()
        task.in_stream.overwrite = OverwriteMode.OVERWRITE_UNREAD_SAMPLES
        task.start()
        b.world.advance(0.06)
        task.read(10)


def test_a_reading_starts_a_task_that_nobody_started() -> None:
    with bench() as b, b.task(samples=100) as task:
        assert len(task.read(READ_ALL_AVAILABLE)[0]) == 100
        task.start()  # it was stopped again
        task.control(TaskMode.TASK_ABORT)
        task.in_stream.auto_start = False
        with pytest.raises(DaqError):
            task.read(10)


def test_without_timing_samples_are_taken_on_demand() -> None:
    with bench() as b, nidaqmx.Task(grpc_options=b.options) as task:
        task.ai_channels.add_ai_voltage_chan("Dev1/ai0")
        assert isinstance(task.read(), float)
        assert len(task.read(5)) == 5


@pytest.mark.supports("ni-daqmx", "clip detection")
def test_too_much_is_a_rail_and_an_overload() -> None:
    with bench() as b, b.task(half_range=0.1) as task:
        b.world.begin(TRAIN)
        task.start()
        assert not task.in_stream.overloaded_chans_exist
        codes = np.empty((2, 5000), dtype=np.int16)
        AnalogUnscaledReader(task.in_stream).read_int16(codes, 5000, 10.0)
        assert task.in_stream.overloaded_chans_exist
    assert (codes[0].min(), codes[0].max()) == (-32768, 32767)


@pytest.mark.parametrize("slope", [Slope.RISING, Slope.FALLING])
def test_a_level_starts_the_sampling(slope: Slope) -> None:
    with bench() as b, b.task(samples=1000) as task:
        level = 0.1 if slope is Slope.RISING else -0.1
        task.triggers.start_trigger.cfg_anlg_edge_start_trig("Dev1/ai0", slope, level)
        task.start()
        b.world.begin(TRAIN, latency=30e-3)
        volts = read(task, 2, 1000)[0]
    assert volts[0] == pytest.approx(level, abs=2 / 32768)
    assert abs(volts[2]) > abs(volts[0])


def test_a_terminal_without_signal_never_starts_the_sampling() -> None:
    with bench() as b, b.task(samples=1000) as task:
        task.triggers.start_trigger.cfg_dig_edge_start_trig("/Dev1/PFI5", Edge.RISING)
        task.start()
        with pytest.raises(DaqReadError) as refused:
            task.read(1000, timeout=1.0)
        assert (refused.value.error_code, refused.value.samps_per_chan_read) == (-200284, 0)
        assert b.world.now == pytest.approx(1.0)
        with pytest.raises(DaqError):
            task.triggers.start_trigger.cfg_dig_edge_start_trig("/Dev1/PFI99", Edge.RISING)
        task.stop()
        task.triggers.start_trigger.disable_start_trig()
        assert len(task.read(READ_ALL_AVAILABLE)[0]) == 1000


def test_a_million_samples_arrive() -> None:
    with bench() as b, b.task(samples=600_000) as task:
        task.start()
        assert not np.any(read(task, 2, 600_000))
        assert b.world.now == pytest.approx(599_999e-6)


# --- digital lines ----------------------------------------------------------------------------------------------------


def test_lines_follow_what_is_written() -> None:
    with bench() as b, nidaqmx.Task(grpc_options=b.options) as task:
        task.do_channels.add_do_chan("Dev1/port0/line0:2", line_grouping=LineGrouping.CHAN_PER_LINE)
        task.write([True, False, True])
        assert [b.card.lines[f"Dev1/port0/line{n}"] for n in range(4)] == [True, False, True, False]
        with nidaqmx.Task(grpc_options=b.options) as other:
            other.do_channels.add_do_chan("Dev1/port0/line2:5", line_grouping=LineGrouping.CHAN_FOR_ALL_LINES)
            with pytest.raises(DaqError) as refused:
                other.write(0b1010)
            assert refused.value.error_code == -200587
            task.stop()
            other.write(0b1010)
        assert [b.card.lines[f"Dev1/port0/line{n}"] for n in range(6)] == [True, False, False, True, False, True]
        b.device.reset_device()
        assert not any(b.card.lines.values())


def test_an_output_task_has_no_samples_to_read() -> None:
    with bench() as b, nidaqmx.Task(grpc_options=b.options) as task:
        task.do_channels.add_do_chan("Dev1/port0")
        with pytest.raises(DaqError) as refused:
            _ = task.in_stream.avail_samp_per_chan
        assert refused.value.error_code == -200452


# --- defects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "code"), [("timeout", -200284), ("samples_lost", -200361)])
def test_a_defect_strikes_when_it_is_told_to(kind: str, code: int) -> None:
    with bench({"kind": kind, "after": 1, "times": 1}) as b, b.task() as task:
        for expected in (None, code, None):
            task.start()
            if expected is None:
                read(task, 2, 5000)
            else:
                with pytest.raises(DaqReadError) as refused:
                    read(task, 2, 5000)
                assert refused.value.error_code == expected
            task.stop()


def test_clipped_drives_the_greatest_excursions_into_the_rails() -> None:
    with bench({"kind": "clipped"}) as b, b.task() as task:
        b.world.begin(TRAIN)
        task.start()
        volts = read(task, 2, 5000)
        assert task.in_stream.overloaded_chans_exist
    assert volts[0].max() == pytest.approx(2.0, rel=1e-4)
    assert volts[0].min() == -2.0


def test_a_dropped_connection_is_a_server_that_cannot_be_reached() -> None:
    with bench({"kind": "dropped_connection", "after": 10}) as b:
        for _ in range(10 - CALLS_TO_FIND_A_DEVICE):
            assert b.device.product_type == "USB-6366"
        with pytest.raises(RpcError) as refused:
            _ = b.device.product_type
        assert refused.value.rpc_code == grpc.StatusCode.UNAVAILABLE


def test_wrong_identity_is_another_serial_number() -> None:
    with bench({"kind": "wrong_identity"}) as b:
        assert b.device.serial_num != 0x01D5F3A7


def test_nothing_is_left_behind() -> None:
    before = set(threading.enumerate())
    with bench() as b:
        assert b.device.product_type
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("nidaqmx")]


# --- names and numbers ------------------------------------------------------------------------------------------------


def test_names_expand_as_daqmx_expands_them() -> None:
    assert expand("Dev1/ai0:2, Dev1/ai5") == ["Dev1/ai0", "Dev1/ai1", "Dev1/ai2", "Dev1/ai5"]
    assert expand("Dev1/ai3:Dev1/ai1") == ["Dev1/ai3", "Dev1/ai2", "Dev1/ai1"]
    assert expand("/Dev1/PFI0") == ["Dev1/PFI0"]
    assert expand("") == []


def test_rates_are_what_the_timebase_divides_to() -> None:
    assert coerced_rate(1e6) == 1e6
    assert coerced_rate(3e5) == pytest.approx(1e8 / 333)
    assert coerced_rate(2e6) == 2e6


def test_the_buffer_grows_with_the_rate() -> None:
    assert [default_buffer(rate, 10) for rate in (50.0, 5e3, 5e5, 2e6)] == [1_000, 10_000, 100_000, 1_000_000]
    assert default_buffer(50.0, 5_000) == 5_000
