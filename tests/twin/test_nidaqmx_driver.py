"""The driver of NI cards and NI's own client, both reading the virtual card's channels, triggers and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import nidaqmx
import numpy as np
import pytest
from nidaqmx.constants import Edge, Slope, TerminalConfiguration
from nidaqmx.errors import DaqError
from nidaqmx.stream_readers import AnalogMultiChannelReader
from nidaqmx.system import Device, PhysicalChannel
from numpy.typing import NDArray

from rig.bench.drivers.ni_daqmx import NiDaqmx as Driver
from rig.errors import CommunicationError, InstrumentError, NoTrigger, Refused, SamplesLost
from rig.model.setup import DigitizerSetup, DigitizerTrigger
from rig.model.waveform import Waveform
from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.nidaqmx import NiDaqmx
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

pytestmark = [pytest.mark.supports("ni-daqmx", "driver"), pytest.mark.supports("ni-daqmx", "twin")]
CLIENT = pytest.mark.supports("ni-daqmx", "third-party client")

WORLD = TwinConfig.model_validate({
    "seed": 9,
    # Flanks of 500 µs: where a channel is on one says when it was sampled.
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}, "rise_time": 400e-6},
    "loads": {"1 kohm": {"resistance": 1000.0, "relays": [103]}},
})
TRAIN = Train(points=(Point(current=20e-3, duration=2e-3), Point(current=-20e-3, duration=2e-3)), period=10e-3, count=3)
# A flank rises by 400 V/s at the card: a code is less than 0.1 µs of it.
RESOLVED = 0.2e-6


class Bench:
    """A card in a world with a load connected, and two clients of it."""

    def __init__(self, world: World, card: NiDaqmx, address: str, channel: grpc.Channel) -> None:
        self.world, self.card, self.address = world, card, address
        self.options = nidaqmx.GrpcSessionOptions(channel, "")

    @contextmanager
    def driver(self, device: str = "Dev1", **options: Any) -> Iterator[Driver]:
        driver = Driver("daq", self.address, device=device, **options)
        try:
            yield driver
        finally:
            driver.close()


@contextmanager
def bench(model: str, *faults: dict[str, Any], **errors: Any) -> Iterator[Bench]:
    world = World(WORLD)
    world.switch(frozenset({103}))
    config = InstrumentConfig.model_validate({
        "protocol": "nidaqmx-grpc",
        "identity": {"manufacturer": "NI", "model": model, "serial": "01D5F3A7", "firmware": "24.0"},
        "device": "Dev1",
        "inputs": {f"ai{n}": "current_sense" for n in range(4)} | {"PFI0": "voltage"},
        "faults": faults,
        **errors,
    })
    card = NiDaqmx(name="daq", config=config, world=world, seed=9)
    (address,) = card.start()
    channel = grpc.insecure_channel(address.removeprefix("grpc://"), options=[("grpc.max_receive_message_length", -1)])
    try:
        yield Bench(world, card, address, channel)
    finally:
        channel.close()
        card.stop()


def crossing(waveform: Waveform, level: float, *, corrected: bool = True) -> float:
    """When it first passes a level upward, s, from its own times or as if all channels were sampled at once."""
    values, times = waveform.values(), waveform.times() - (0.0 if corrected else waveform.start)
    index = int(np.flatnonzero((values[:-1] < level) & (values[1:] >= level))[0])
    part = (level - values[index]) / (values[index + 1] - values[index])
    return float(times[index] + part * (times[index + 1] - times[index]))


# --- channels one after the other -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "step"),
    [
        (10e3, 14e-6),  # 4 µs to convert and 10 µs to settle
        (62_500.0, 4e-6),  # no time for that: spread evenly
    ],
)
@CLIENT
def test_a_multiplexed_card_converts_its_channels_one_after_the_other(rate: float, step: float) -> None:
    with bench("USB-6211") as b, nidaqmx.Task(grpc_options=b.options) as task:
        device = Device("Dev1", grpc_options=b.options)
        assert not device.ai_simultaneous_sampling_supported
        assert (device.ai_max_single_chan_rate, device.ai_max_multi_chan_rate) == (250e3, 250e3)
        task.ai_channels.add_ai_voltage_chan("Dev1/ai0:3", min_val=-1.0, max_val=1.0)
        task.timing.cfg_samp_clk_timing(rate, samps_per_chan=500)
        assert task.timing.ai_conv_rate == pytest.approx(1 / step)
        task.start()
        b.world.begin(TRAIN)
        data = np.empty((4, 500))
        AnalogMultiChannelReader(task.in_stream).read_many_sample(data, 500, 10.0)
        assert b.world.now == pytest.approx(499 / rate + 3 * step)
        for place, row in enumerate(data):
            truth = b.world.signal("current_sense", 0.0, 0.1).sample_uniform(place * step, 1 / rate, 500)
            assert np.abs(row - truth).max() <= 1 / 32768


def test_without_its_place_in_the_scan_a_channel_would_be_wrong_in_time() -> None:
    rate, level = 50e3, 0.1
    with bench("USB-6211") as b, b.driver() as driver:
        setup = DigitizerSetup(channels={f"ai{n}": 1.0 for n in range(4)}, rate=rate, samples=2000)
        as_set = driver.configure(setup)
        assert as_set.rate == rate
        driver.start()
        b.world.begin(TRAIN)
        waveforms = driver.read(10.0)
    first, last = waveforms["ai0"], waveforms["ai3"]
    assert first.start == 0.0
    assert last.start == pytest.approx(3 * 5e-6)
    # All inputs are wired to one signal: its edges come at the same time in all of them.
    truth = crossing(first, level)
    assert crossing(last, level) == pytest.approx(truth, abs=RESOLVED)
    assert crossing(last, level, corrected=False) == pytest.approx(truth - 15e-6, abs=RESOLVED)


def test_a_simultaneous_card_needs_no_correction() -> None:
    with bench("USB-6366") as b, b.driver() as driver:
        driver.configure(DigitizerSetup(channels={"ai0": 1.0, "ai3": 1.0}, rate=50e3, samples=2000))
        driver.start()
        b.world.begin(TRAIN)
        waveforms = driver.read(10.0)
    assert waveforms["ai0"].start == waveforms["ai3"].start == 0.0
    assert np.array_equal(waveforms["ai0"].samples, waveforms["ai3"].samples)


@CLIENT
def test_a_rate_that_channels_share_is_refused_by_card_and_driver_alike() -> None:
    with bench("USB-6211") as b, nidaqmx.Task(grpc_options=b.options) as task, b.driver() as driver:
        task.ai_channels.add_ai_voltage_chan("Dev1/ai0:1")
        task.timing.cfg_samp_clk_timing(130e3, samps_per_chan=100)
        with pytest.raises(DaqError) as refused:
            task.start()
        assert refused.value.error_code == -200081
        with pytest.raises(InstrumentError, match="at most 125000 times per second"):
            driver.configure(DigitizerSetup(channels={"ai0": 1.0, "ai1": 1.0}, rate=130e3, samples=100))
        assert driver.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=250e3, samples=100)).rate == 250e3


# --- wiring -----------------------------------------------------------------------------------------------------------


@CLIENT
@pytest.mark.parametrize(
    ("model", "place", "wirings"),
    [("USB-6366", "ai0", ["DIFF"]), ("USB-6211", "ai7", ["RSE", "NRSE", "DIFF"]), ("USB-6211", "ai8", ["RSE", "NRSE"])],
)
def test_an_input_says_how_it_can_be_wired(model: str, place: str, wirings: list[str]) -> None:
    with bench(model) as b:
        offered = PhysicalChannel(f"Dev1/{place}", grpc_options=b.options).ai_term_cfgs
        assert [one.name for one in offered] == wirings
        for one in TerminalConfiguration:
            with nidaqmx.Task(grpc_options=b.options) as task:
                if one.name in {*wirings, "DEFAULT"}:
                    channel = task.ai_channels.add_ai_voltage_chan(f"Dev1/{place}", terminal_config=one)
                    assert channel.ai_term_cfg == (
                        offered[-1]
                        if one.name == "DEFAULT" and "DIFF" in wirings
                        else offered[0]
                        if one.name == "DEFAULT"
                        else one
                    )
                else:
                    with pytest.raises(DaqError) as refused:
                        task.ai_channels.add_ai_voltage_chan(f"Dev1/{place}", terminal_config=one)
                    assert refused.value.error_code == -200077


def test_the_driver_refuses_a_wiring_that_the_card_does_not_have() -> None:
    setup = DigitizerSetup(channels={"ai8": 1.0}, rate=1e3, samples=10)
    with bench("USB-6211") as b:
        with b.driver() as driver, pytest.raises(Refused, match="ai8 cannot be 'differential'; it can be rse, nrse"):
            driver.configure(setup)
        with b.driver(terminal="rse") as driver:
            driver.configure(setup)
            driver.start()
            assert len(driver.read(1.0)["ai8"]) == 10


# --- triggers ---------------------------------------------------------------------------------------------------------


def clients(b: Bench, trigger: DigitizerTrigger, count: int) -> NDArray[np.float64]:
    """Read ai0 with NI's client, the train beginning 30 ms after the start."""
    with nidaqmx.Task(grpc_options=b.options) as task:
        task.ai_channels.add_ai_voltage_chan("Dev1/ai0", min_val=-1.0, max_val=1.0)
        task.timing.cfg_samp_clk_timing(100e3, samps_per_chan=count)
        edge, slope = (Edge.RISING, Slope.RISING) if trigger.slope > 0 else (Edge.FALLING, Slope.FALLING)
        reference, start = task.triggers.reference_trigger, task.triggers.start_trigger
        if trigger.level is None and trigger.pretrigger:
            reference.cfg_dig_edge_ref_trig("/Dev1/PFI0", trigger.pretrigger, edge)
        elif trigger.level is None:
            start.cfg_dig_edge_start_trig("/Dev1/PFI0", edge)
        elif trigger.pretrigger:
            reference.cfg_anlg_edge_ref_trig("Dev1/ai0", trigger.pretrigger, slope, trigger.level)
            assert reference.pretrig_samples == trigger.pretrigger
        else:
            start.cfg_anlg_edge_start_trig("Dev1/ai0", slope, trigger.level)
        task.start()
        b.world.begin(TRAIN, latency=30e-3)
        return np.asarray(task.read(count, timeout=1.0))


@CLIENT
@pytest.mark.parametrize("pretrigger", [0, 250])
@pytest.mark.parametrize("level", [None, 0.1])
@pytest.mark.parametrize("slope", [1, -1])
def test_driver_and_client_see_the_edge_at_time_zero(level: float | None, slope: int, pretrigger: int) -> None:
    source = "PFI0" if level is None else "ai0"
    trigger = DigitizerTrigger(source=source, slope=slope, level=level, pretrigger=pretrigger)
    with bench("USB-6366") as b:
        theirs = clients(b, trigger, 1000)
    with bench("USB-6366") as b, b.driver() as driver:
        as_set = driver.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=100e3, samples=1000, trigger=trigger))
        assert as_set.trigger == trigger
        driver.start()
        b.world.begin(TRAIN, latency=30e-3)
        ours = driver.read(1.0)["ai0"]
    assert np.array_equal(ours.values(), theirs)
    assert ours.start == pytest.approx(-pretrigger / 100e3)
    # The edge lies between the last sample before time 0 and the first one from it on; a TTL edge is one at 1.5 mA.
    threshold = 1.5 / 1000 * 10 if level is None else level
    assert slope * (ours.values()[pretrigger] - threshold) >= -3e-4
    assert abs(ours.values()[pretrigger] - threshold) < 8.1e-3  # a sample of the steepest flank, from +20 to -20 mA
    if pretrigger:
        assert slope * (ours.values()[pretrigger - 1] - threshold) < 3e-4


def test_what_lies_before_the_trigger_is_read_only_once_it_came() -> None:
    trigger = DigitizerTrigger(source="ai0", level=0.1, pretrigger=100)
    with bench("USB-6366") as b, b.driver() as driver:
        driver.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=100e3, samples=1000, trigger=trigger))
        driver.start()
        with pytest.raises(NoTrigger, match=r"daq: ai0 did not trigger \(DAQmx -200284\)"):
            driver.read(0.5)
        assert b.world.now == pytest.approx(0.5)
        b.world.begin(TRAIN)
        first, rest = driver.read_block(100, 1.0)["ai0"], driver.read(1.0)["ai0"]
    assert first.start == pytest.approx(-1e-3)
    assert rest.start == pytest.approx(0.0, abs=1e-12)
    assert first.values().max() < 0.1 <= rest.values()[0]


def test_a_card_that_has_no_level_trigger_says_so() -> None:
    trigger = DigitizerTrigger(source="ai0", level=0.1)
    with bench("USB-6211") as b, b.driver() as driver:
        with pytest.raises(InstrumentError, match="DAQmx -200452"):
            driver.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=1e3, samples=10, trigger=trigger))
        driver.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=1e3, samples=10))


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_what_came_before_a_time_out_is_kept_for_every_channel() -> None:
    with bench("USB-6211") as b, b.driver() as driver:
        driver.configure(DigitizerSetup(channels={"ai0": 1.0, "ai1": 1.0}, rate=50e3, samples=2000))
        driver.start()
        b.world.begin(TRAIN)
        driver.read_block(100, 1.0)
        with pytest.raises(SamplesLost, match=r"300 of 1900 samples per channel came \(DAQmx -200284\)") as caught:
            driver.read(6e-3 + 1e-6)
        partial: Any = caught.value.partial
        for place, name in enumerate(("ai0", "ai1")):
            truth = b.world.signal("current_sense", 0.0, 0.1).sample_uniform(2e-3 + place * 10e-6, 20e-6, 300)
            assert np.abs(partial[name].values() - truth).max() <= 1 / 32768
            assert partial[name].start == pytest.approx(2e-3 + place * 10e-6)


def test_samples_that_nobody_reads_in_time_are_lost_by_name() -> None:
    with bench("USB-6366") as b, b.driver() as driver:
        driver.configure(DigitizerSetup(channels={"ai0": 1.0}, rate=1e3, samples=20_000_001))  # endless for DAQmx
        driver.start()
        assert len(driver.read_block(100, 1.0)["ai0"]) == 100
        b.world.advance(9.9)
        assert driver.read_block(100, 1.0)["ai0"].start == pytest.approx(0.1)
        b.world.advance(10.2)
        with pytest.raises(SamplesLost, match=r"0 of 100 samples per channel came \(DAQmx -200279\)"):
            driver.read_block(100, 1.0)


def test_a_card_in_use_and_a_wrong_name_are_said_as_such() -> None:
    setup = DigitizerSetup(channels={"ai0": 1.0}, rate=1e3, samples=10)
    with bench("USB-6366") as b, b.driver() as first, b.driver() as second:
        first.configure(setup)
        first.start()
        second.configure(setup)
        with pytest.raises(InstrumentError, match=r"-50103: .*\(another task or program holds the card\)"):
            second.start()
        assert len(first.read(1.0)["ai0"]) == 10
        with b.driver("Dev7") as lost, pytest.raises(InstrumentError, match=r"-200220: .*\(cards there: Dev1\)"):
            lost.identify()


@CLIENT
def test_a_card_that_is_unplugged_stays_away_without_power() -> None:
    setup = DigitizerSetup(channels={"ai0": 1.0}, rate=1e3, samples=100)
    with (
        bench("USB-6366", {"kind": "unplugged", "after": 2}) as b,
        b.driver() as driver,
        nidaqmx.Task(grpc_options=b.options) as task,
        nidaqmx.Task(grpc_options=b.options) as lines,
    ):
        lines.do_channels.add_do_chan("Dev1/port0/line0")
        lines.write([True])
        task.ai_channels.add_ai_voltage_chan("Dev1/ai0")
        driver.configure(setup)
        driver.start()
        assert [len(driver.read_block(10, 1.0)["ai0"]) for _ in range(2)] == [10, 10]
        powered = b.card.lines["Dev1/port0/line0"]
        with pytest.raises(CommunicationError, match=r"-88709: .*\(the card was unplugged, reset or lost its power\)"):
            driver.read_block(10, 1.0)
        assert (powered, b.card.lines["Dev1/port0/line0"]) == (True, False)
        driver.halt()
        with pytest.raises(CommunicationError, match=r"-201003: .*\(the card is unplugged, or has no power\)"):
            driver.configure(setup)
        with pytest.raises(CommunicationError, match="-201003"):
            driver.self_test()
        with pytest.raises(DaqError) as gone:
            task.read(10)
        assert gone.value.error_code == -201003


def test_the_card_remembers_when_it_was_calibrated() -> None:
    with bench("USB-6366", options={"calibrated": "2024-02-29"}) as b, b.driver() as driver:
        assert str(driver.calibration_dates()) == "calibrated 2024-02-29, due 2026-02-28, by itself 2024-02-29"
        assert driver.self_test() == ""
