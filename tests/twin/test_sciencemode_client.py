"""An independent client of the same protocol talks to the virtual stimulator over a pseudo-terminal."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator

import pytest

from rig.twin.config import TwinConfig
from rig.twin.server import VirtualBench, serve

if sys.platform == "win32":
    pytest.skip("this system has no pseudo-terminals", allow_module_level=True)

from science_mode_4 import (
    ChannelPoint,
    DeviceP24,
    LayerLowLevel,
    LayerMidLevel,
    LowLevelHighVoltageSource,
    LowLevelMode,
    MidLevelChannelConfiguration,
    SerialPortConnection,
)
from science_mode_4.low_level.low_level_channel_config import PacketLowLevelChannelConfigAck
from science_mode_4.protocol.types import Channel, Connector


@pytest.fixture
def bench() -> Iterator[VirtualBench]:
    config = TwinConfig.model_validate({
        "seed": 7,
        "device": {
            "identity": {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"},
            "gain_error": 0.0,
            "phase_mismatch": 0.0,
        },
        "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
        "instruments": {"stimulator": {"protocol": "sciencemode4", "pty": True}},
    })
    logging.getLogger("science_mode_4").setLevel(logging.ERROR)
    with serve(config) as bench:
        bench.world.switch(frozenset({101}))
        yield bench


def _points() -> list[ChannelPoint]:
    return [ChannelPoint(200, 20), ChannelPoint(100, 0), ChannelPoint(200, -20)]


async def _mid_level(bench: VirtualBench) -> dict[str, object]:
    connection = SerialPortConnection(bench.listening[1].address)
    connection.open()
    try:
        device = DeviceP24(connection)
        await device.initialize()
        general, layer = device.get_layer_general(), device.get_layer_mid_level()
        assert isinstance(layer, LayerMidLevel)
        await layer.init(do_stop_on_all_errors=False)
        await layer.update([MidLevelChannelConfiguration(is_active=True, ramp=0, period_in_ms=20, points=_points())])
        bench.world.advance(1.0)
        data = await layer.get_current_data()
        during = await general.get_stim_status()
        bench.world.advance(0.5)
        await layer.stop()
        after = await general.get_stim_status()
    finally:
        connection.close()
    return {
        "id": general.device_id,
        "firmware": general.firmware_version,
        "active": data.is_stimulation_active_per_channel,
        "errors": {error.name for error in data.channel_error},
        "during": during.stim_status.name,
        "after": after.stim_status.name,
    }


@pytest.mark.supports("hasomed-sciencemode4", "twin", "third-party client")
def test_a_third_party_client_runs_a_train(bench: VirtualBench) -> None:
    seen = asyncio.run(_mid_level(bench))
    assert seen == {
        "id": "P24-000123",
        "firmware": "4.5.6",
        "active": [True] + [False] * 7,
        "errors": {"NO_ERROR"},
        "during": "MID_LEVEL_RUNNING",
        "after": "NO_LEVEL_INITIALIZED",
    }
    bench.world.advance(1.0)
    pulses = bench.world.pulses(0.0, bench.world.now)
    assert len(pulses) == 75
    current = bench.world.signal("current", 0.0, bench.world.now)
    low, high = current.extremes(0.0, bench.world.now)
    assert (low, high) == pytest.approx((-0.020, 0.020))
    assert current.integral(0.0, bench.world.now) == pytest.approx(0.0, abs=1e-15)


async def _low_level(bench: VirtualBench, mode: LowLevelMode) -> PacketLowLevelChannelConfigAck:
    connection = SerialPortConnection(bench.listening[1].address)
    connection.open()
    try:
        device = DeviceP24(connection)
        await device.initialize()
        layer = device.get_layer_low_level()
        assert isinstance(layer, LayerLowLevel)
        await layer.init(mode, LowLevelHighVoltageSource.STANDARD)
        layer.send_channel_config(
            execute_stimulation=True, channel=Channel.RED, connector=Connector.YELLOW, points=_points()
        )
        packet = None
        for _ in range(6000):
            packet = layer.packet_buffer.get_packet_from_buffer()
            if packet is not None:
                break
            await asyncio.sleep(0.005)
        await layer.stop()
    finally:
        connection.close()
    assert isinstance(packet, PacketLowLevelChannelConfigAck)
    return packet


@pytest.mark.supports("hasomed-sciencemode4-low", "third-party client")
def test_a_third_party_client_reads_what_the_device_measures(bench: VirtualBench) -> None:
    answer = asyncio.run(_low_level(bench, LowLevelMode.STIM_CURRENT))
    assert (answer.result.name, answer.mode, answer.sampling_time_in_microseconds) == (
        "NO_ERROR",
        LowLevelMode.STIM_CURRENT,
        4,
    )
    assert max(answer.measurement_samples) == pytest.approx(20.0, rel=1e-3)


@pytest.mark.supports("hasomed-sciencemode4-low", "third-party client")
def test_a_third_party_client_gives_a_single_pulse(bench: VirtualBench) -> None:
    assert asyncio.run(_low_level(bench, LowLevelMode.NO_MEASUREMENT)).result.name == "NO_ERROR"
    (pulse,) = bench.world.pulses(0.0, bench.world.now + 1.0)
    current = bench.world.signal("current", 0.0, bench.world.now + 1.0)
    first, second = ((pulse.start + begin, pulse.start + end) for begin, end, _ in pulse.phases)
    assert current.integral(first[0], first[1] + 5e-6) == pytest.approx(20e-3 * 200e-6, rel=1e-4)
    assert current.integral(second[0], pulse.stop) == pytest.approx(-20e-3 * 200e-6, rel=1e-4)
