"""The virtual digital card as an interlock, driven by NI's own Python package over gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import nidaqmx
import pytest
from nidaqmx.constants import Level
from nidaqmx.errors import DaqError
from nidaqmx.system.watchdog import WatchdogTask
from nidaqmx.types import DOExpirationState

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.nidaqmx import NiDaqmx
from rig.twin.world import World
from tests.twin.hand_time import HandTime

WORLD = TwinConfig.model_validate({
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}}
})
LINE = "Dev2/port0/line3"


@contextmanager
def card(
    *faults: dict[str, Any], model: str = "PCIe-6509", pace: HandTime | None = None
) -> Iterator[tuple[World, nidaqmx.GrpcSessionOptions]]:
    world = World(WORLD, pace=pace)
    config = InstrumentConfig.model_validate({
        "protocol": "nidaqmx-grpc",
        "identity": {"manufacturer": "National Instruments", "model": model, "serial": "01D5F3A7", "firmware": "24.0"},
        "device": "Dev2",
        "contact": "port0/line3",
        "faults": faults,
    })
    twin = NiDaqmx(name="interlock", config=config, world=world, seed=1)
    channel = grpc.insecure_channel(twin.start()[0].removeprefix("grpc://"))
    try:
        yield world, nidaqmx.GrpcSessionOptions(channel, "")
    finally:
        channel.close()
        twin.stop()


@contextmanager
def watched(options: nidaqmx.GrpcSessionOptions, timeout: float) -> Iterator[WatchdogTask]:
    with WatchdogTask("Dev2", timeout=timeout, grpc_options=options) as watchdog:
        watchdog.cfg_watchdog_do_expir_states([DOExpirationState(LINE, Level.LOW)])
        watchdog.start()
        yield watchdog


def closed(world: World) -> bool:
    return world.contact_closed


def refused(error: pytest.ExceptionInfo[DaqError]) -> int:
    return int(error.value.error_code)


def test_a_line_closes_the_contact_and_is_read_back() -> None:
    with card() as (world, options), nidaqmx.Task(grpc_options=options) as task:
        task.do_channels.add_do_chan(LINE)
        assert not closed(world)
        assert task.read() is False
        task.write(data=True)
        assert closed(world)
        assert task.read() is True
        task.write(data=False)
        assert not closed(world)


def test_another_line_is_none_of_the_interlocks() -> None:
    with card() as (world, options), nidaqmx.Task(grpc_options=options) as task:
        task.do_channels.add_do_chan("Dev2/port0/line0:2")
        task.write(7)
        assert not closed(world)


def test_an_expired_watchdog_sets_the_line_and_lets_nobody_write_it() -> None:
    pace = HandTime()
    with (
        card(pace=pace) as (world, options),
        watched(options, 0.3) as watchdog,
        nidaqmx.Task(grpc_options=options) as task,
    ):
        task.do_channels.add_do_chan(LINE)
        task.write(data=True)
        world.advance(3600.0)  # of the bench's time: the card watches whether processes live, and they live in ours
        pace.advance(0.29)
        assert not watchdog.expired
        assert closed(world)
        pace.advance(0.02)
        assert not closed(world)
        assert watchdog.expired
        assert task.read() is False
        with pytest.raises(DaqError) as write:
            task.write(data=True)
        with pytest.raises(DaqError) as reset:
            watchdog.reset_timer()
        assert (refused(write), refused(reset)) == (-200678, -200644)
        watchdog.clear_expiration()
        assert not watchdog.expired
        task.write(data=True)
        assert closed(world)


def test_a_watchdog_that_is_reset_in_time_never_expires() -> None:
    pace = HandTime()
    with (
        card(pace=pace) as (world, options),
        watched(options, 0.4) as watchdog,
        nidaqmx.Task(grpc_options=options) as task,
    ):
        task.do_channels.add_do_chan(LINE)
        task.write(data=True)
        for _ in range(8):
            pace.advance(0.3)
            watchdog.reset_timer()
        assert closed(world)
        watchdog.stop()
        pace.advance(0.6)
        assert closed(world)  # a stopped watchdog watches nothing: whoever stops it must open the contact first


def test_multifunction_cards_have_no_watchdog() -> None:
    with card(model="USB-6366") as (_, options), pytest.raises(DaqError) as error:
        WatchdogTask("Dev2", timeout=1.0, grpc_options=options)
    assert refused(error) == -200662


def test_mistakes_are_refused() -> None:
    with card() as (_, options):
        with pytest.raises(DaqError) as error:
            WatchdogTask("Dev9", timeout=1.0, grpc_options=options)
        assert refused(error) == -200220
        with WatchdogTask("Dev2", timeout=1.0, grpc_options=options) as watchdog:
            with pytest.raises(DaqError) as error:
                watchdog.cfg_watchdog_do_expir_states([DOExpirationState("Dev2/port0/line99", Level.LOW)])
            assert refused(error) == -200170
            with pytest.raises(DaqError) as error:
                watchdog.cfg_watchdog_do_expir_states([DOExpirationState(LINE, Level.TRISTATE)])
            assert refused(error) == -200077
            with pytest.raises(DaqError) as error:
                watchdog.reset_timer()
            assert refused(error) == -200644


def test_a_stuck_contact_is_read_back_as_commanded() -> None:
    with card({"kind": "stuck_closed"}) as (world, options), nidaqmx.Task(grpc_options=options) as task:
        task.do_channels.add_do_chan(LINE)
        task.write(data=True)
        task.write(data=False)
        assert task.read() is False
        assert closed(world)


def test_a_mute_card_answers_no_call() -> None:
    with card({"kind": "mute"}) as (_, options):
        ask = options.grpc_channel.unary_unary("/nidaqmx_grpc.NiDAQmx/GetSystemInfoAttributeUInt32")
        with pytest.raises(grpc.RpcError) as error:
            ask(b"", timeout=0.3)
        assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
