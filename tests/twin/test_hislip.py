"""HiSLIP in front of virtual instruments: pyvisa-py's client, PyMeasure's driver and ours read the same over it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import pyvisa
from pymeasure.instruments.keysight import KeysightDSOX1102G

from rig.bench.drivers.keysight_infiniivision import KeysightInfiniiVision
from rig.model.setup import ScopeChannel, ScopeSetup, Trigger
from rig.twin.config import InstrumentConfig
from rig.twin.devices.infiniivision import Infiniivision
from rig.twin.world import World
from tests.twin.scope_bench import TRAIN, WORLD

HEADER = "!2sBBIQ"


@contextmanager
def scope(**config: Any) -> Iterator[tuple[World, Infiniivision, str, str]]:
    world = World(WORLD)
    world.switch(frozenset({103}))
    section = InstrumentConfig.model_validate({
        "protocol": "infiniivision", "inputs": {"1": "voltage"}, "hislip": True, **config,
    })  # fmt: skip
    twin = Infiniivision(name="scope", config=section, world=world, seed=7)
    raw, hislip = twin.start()
    try:
        yield world, twin, raw, hislip
    finally:
        twin.stop()
        world.close()


class WorldsClock:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.now

    def sleep(self, seconds: float) -> None:
        self._world.advance(seconds)

    def utc(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.supports("keysight-infiniivision", "driver", "twin")
def test_our_driver_reads_the_same_samples_over_hislip_as_over_the_socket() -> None:
    setup = ScopeSetup(
        channels={1: ScopeChannel(full_scale=40.0, probe=10.0, offset=13.7)},
        window=2e-3,
        points=50_000,
        trigger=Trigger(channel=1, level=5.0, slope=1),
    )
    with scope(noise=0.2) as (world, _, raw, hislip):
        assert hislip.startswith("TCPIP::127.0.0.1::hislip0,")
        driver = KeysightInfiniiVision("scope", hislip, clock=WorldsClock(world), timeout=30.0)
        driver.configure(setup)
        driver.arm()
        world.begin(TRAIN)
        while not driver.done():
            world.advance(1e-3)
        over_hislip = driver.fetch(1)
        picture = driver.screenshot()
        driver.close()
        plain = KeysightInfiniiVision("scope", raw, clock=WorldsClock(world), timeout=30.0)
        plain._setup = setup
        over_socket = plain.fetch(1)
        plain.close()
    assert picture.format == "png"
    assert np.array_equal(over_hislip.samples, over_socket.samples)
    assert 0x0A in over_hislip.samples.tobytes()
    assert over_hislip.values().max() == pytest.approx(10.0, abs=1.5)


@pytest.mark.supports("keysight-infiniivision", "third-party client")
@pytest.mark.filterwarnings("ignore:It is not known whether this device support:FutureWarning")
def test_pymeasure_reads_a_record_with_every_octet_over_hislip() -> None:
    with scope() as (world, twin, _, hislip):
        client = KeysightDSOX1102G(hislip, visa_library="@py")
        try:
            client.factory_reset()
            client.ch1.setup(probe_attenuation=10, vertical_range=40, offset=0, bwlimit=False)
            client.timebase_setup(mode="main", horizontal_range=1e-3, offset=0)
            client.write(":TRIGger:EDGE:LEVel 5,CHANnel1")
            world.begin(TRAIN, latency=20e-3)
            client.digitize("channel1")
            client.waveform_format = "word"
            volts, preamble = client.download_data("channel1", points=50000)
            record = twin._acquisition.record
            assert record is not None
            times = record.trigger + preamble["xorigin"] + np.arange(50000) * preamble["xincrement"]
            truth = world.signal("voltage", times[0] - 1e-3, times[-1] + 1e-3).sample(times)
        finally:
            client.adapter.close()
            client.adapter.manager.close()
    assert np.abs(volts - truth).max() <= 40 / 199 / 2 * 1.001


def test_a_message_larger_than_agreed_comes_in_portions() -> None:
    with scope() as (_, __, ___, hislip):
        manager = pyvisa.ResourceManager("@py")
        session: Any = manager.open_resource(hislip, timeout=30000, read_termination="\n", write_termination="\n")
        session.write("*RST;:TRIGger:SWEep AUTO;:DIGitize CHANnel1;:WAV:FORM WORD;:WAV:POIN:MODE RAW;:WAV:POIN MAX")
        data = session.query_binary_values(":WAVeform:DATA?", datatype="B", container=bytes)
        assert session.query("*IDN?").startswith("nmes-rig,")
        session.close()
        manager.close()
    assert len(data) == 2_000_000


def test_device_clear_and_what_nobody_knows() -> None:
    """The rest of a message is thrown away; a type that is none is an error; what is no message ends the talk."""
    with scope() as (_, __, ___, hislip):
        port = int(hislip.partition(",")[2].partition(":")[0])
        with socket.create_connection(("127.0.0.1", port), 30) as sync:
            sync.sendall(struct.pack(HEADER, b"HS", 0, 0, 0x0100_7878, 7) + b"hislip0")
            assert struct.unpack(HEADER, receive(sync, 16))[:3] == (b"HS", 1, 0)
            sync.sendall(struct.pack(HEADER, b"HS", 6, 0, 1, 5) + b"*RST;")
            sync.sendall(struct.pack(HEADER, b"HS", 8, 0, 0, 0))
            assert struct.unpack(HEADER, receive(sync, 16))[1] == 9
            sync.sendall(struct.pack(HEADER, b"HS", 7, 0, 3, 6) + b"*OPC?\n")
            assert struct.unpack(HEADER, receive(sync, 16)) == (b"HS", 7, 0, 3, 2)
            assert receive(sync, 2) == b"1\n"
            sync.sendall(struct.pack(HEADER, b"HS", 99, 0, 0, 0))
            assert struct.unpack(HEADER, receive(sync, 16))[1:3] == (3, 1)
            sync.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert sync.recv(1) == b""


def receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data
