"""The virtual device with a text protocol: lines in and out, its table, its watchdog, and what flows."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import serial
from pydantic import ValidationError

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.text_device import TextDevice
from rig.twin.world import World

pytestmark = pytest.mark.supports("text-protocol", "twin")

IDENTITY = {"manufacturer": "Example", "model": "LS-4", "serial": "0007", "firmware": "1.2"}
# Counts tenths of a milliampere and periods of a quarter of a millisecond; speaks in its own way of everything.
OTHER: dict[str, Any] = {
    "receive_end": "\r", "send_end": "\r", "echo": True, "greeting": "",
    "identify": "V", "identity": "V{firmware} S{serial}",
    "start": "G1", "stop": "G0", "reset": "Z", "state": "?", "state_answer": "S={state}", "alive": None,
    "keep_alive": None, "idle": "0", "running": "1", "done": ">", "unknown": "E0", "range": "E1", "busy": "E2",
    "misfit": "E3",
    "amplitude": {"set": "A", "unit": 1e-4, "least": 0, "most": 500, "start": 0},
    "phase_duration": {"set": "W", "unit": 1e-6, "least": 50, "most": 500, "start": 50},
    "interphase": None,
    "rate": None,
    "period": {"set": "P", "ask": "P?", "unit": 0.25e-3, "least": 8, "most": 4000, "start": 80},
    "channel": None, "shape": None, "polarity": None,
}  # fmt: skip


@contextmanager
def device(
    *faults: dict[str, Any], table: dict[str, Any] | None = None, **more: Any
) -> Iterator[tuple[World, TextDevice]]:
    config = TwinConfig.model_validate({
        "seed": 3,
        "device": {"identity": IDENTITY, "gain_error": 0.0, "phase_mismatch": 0.0, "timebase_error": 0.0, **more},
        "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
    })
    world = World(config)
    world.switch(frozenset({101}))
    section = InstrumentConfig.model_validate({"protocol": "text-device", "faults": faults, "table": table or {}})
    yield world, TextDevice(name="stimulator", config=section, world=world, seed=3)
    world.close()


@contextmanager
def line(made: TextDevice) -> Iterator[serial.SerialBase]:
    (address,) = made.start()
    port = serial.serial_for_url(address, timeout=20.0)
    try:
        yield port
    finally:
        port.close()
        made.stop()


def say(made: TextDevice, *lines: str) -> list[str]:
    return [made.answer(one) for one in lines]


SETTINGS = ("CHAN 1", "SHAPE BI", "POL NEG", "AMP 20.5", "WIDTH 300", "GAP 100", "RATE 50.0")


def test_who_connects_is_greeted() -> None:
    with device() as (_world, made):
        (address,) = made.start()
        place = urlsplit(address)
        # Not through pyserial, which throws away what had come by the time that its port was open.
        with (
            socket.create_connection((place.hostname, place.port), 20.0) as connection,
            connection.makefile("rb") as port,
        ):
            assert port.readline() == b"# ready\r\n"
        made.stop()


def test_a_train_over_the_line() -> None:
    with device(table={"greeting": ""}) as (world, made), line(made) as port:
        for sent, answer in [
            ("*IDN?", "Example,LS-4,0007,1.2"),
            *((setting, "OK") for setting in SETTINGS),
            ("AMP?", "20.5 mA"),
            ("WIDTH?", "300 us"),
            ("RATE?", "50.0 Hz"),
            ("POL?", "NEG"),
            ("STATE?", "IDLE"),
            ("RUN", "OK"),
            ("STATE?", "RUNNING"),
        ]:
            port.write(f"{sent}\r\n".encode())
            assert port.read_until() == f"{answer}\r\n".encode()
        for _ in range(4):
            world.advance(0.5)
            port.write(b"PI")
            port.write(b"NG\r\nSTATE?\r\n")
            assert port.read_until() == b"PONG RUNNING\r\n"
            assert port.read_until() == b"RUNNING\r\n"
        port.write(b"HALT\r\nSTATE?\r\n")
        assert (port.read_until(), port.read_until()) == (b"OK\r\n", b"IDLE\r\n")
        world.advance(0.5)
        pulses = world.pulses(0.0, world.now)
        assert len(pulses) == 100
        assert [(round(a * 1e6), round(b * 1e6), sign) for a, b, sign in pulses[0].phases] == [
            (0, 300, -1),
            (400, 700, 1),
        ]
        assert world.signal("current", 0.0, world.now).extremes(0.0, world.now) == pytest.approx((-20.5e-3, 20.5e-3))


def test_a_device_that_nobody_keeps_alive_stops() -> None:
    with device() as (world, made):
        say(made, "AMP 10", "RUN")
        world.advance(0.9)
        assert say(made, "PING") == ["PONG RUNNING"]
        world.advance(1.1)
        assert not world.stimulating
        assert say(made, "PING", "STATE?") == ["PONG IDLE", "IDLE"]


def test_complaints() -> None:
    with device() as (world, made):
        unknown, beyond, busy = "ERR 1 unknown command", "ERR 2 out of range", "ERR 3 not while running"
        assert say(made, "HELLO", "AMP", "AMP x", "AMP 1e3", "AMP -1", "AMP 1.2.3", "") == [unknown] * 7
        assert say(made, "AMP 100.1", "WIDTH 9", "CHAN 5", "SHAPE TRI") == [beyond] * 4
        assert say(made, "AMP 10.04", "AMP?") == ["OK", "10.0 mA"]
        assert say(made, "WIDTH 1000", "RATE 500", "RUN") == ["OK", "OK", "ERR 4 pulses do not fit the rate"]
        assert not world.stimulating
        assert say(made, "RATE 20", "RUN", "RUN", "AMP 5", "CHAN 2") == ["OK", "OK", busy, busy, busy]


def test_another_channel_and_a_reset() -> None:
    with device() as (world, made):
        assert say(made, "CHAN 2", "AMP 10", "RUN", "STATE?") == ["OK", "OK", "OK", "RUNNING"]
        assert not world.stimulating
        assert say(made, "*RST", "STATE?", "AMP?", "CHAN?") == ["OK", "IDLE", "0.0 mA", "1"]


def test_another_table_is_another_device() -> None:
    with device(table=OTHER) as (world, made), line(made) as port:
        for sent, answer in [
            ("V", "V1.2 S0007"),
            ("A205", "E0"),
            ("A 205", ">"),
            ("W 300", ">"),
            ("P 80", ">"),
            ("P?", "80"),
        ]:
            port.write(f"{sent}\r".encode())
            assert port.read_until(b"\r") == f"{sent}\r".encode(), "the echo"
            assert port.read_until(b"\r") == f"{answer}\r".encode()
        assert say(made, "W 501", "G1", "?", "A 1") == ["E1", ">", "S=1", "E2"]
        world.advance(10.0)
        assert say(made, "?", "G0", "?") == ["S=1", ">", "S=0"]
        assert len(world.pulses(0.0, world.now)) == 500
        assert world.signal("current", 0.0, 1.0).extremes(0.0, 1.0)[1] == pytest.approx(20.5e-3)


@pytest.mark.parametrize(
    "table", [{"rate": None}, {"period": OTHER["period"]}, {"colour": "red"}, {"done": ""}, {"send_end": "\0"}]
)
def test_tables_that_make_no_device(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError), device(table=table):
        pass


def test_defects_of_the_device_and_of_the_line() -> None:
    with device(faults=[{"kind": "ignores_stop"}]) as (world, made):
        assert say(made, "AMP 10", "RUN", "HALT", "STATE?") == ["OK", "OK", "OK", "IDLE"]
        assert world.stimulating
    faults = ({"kind": "wrong_identity", "times": 1}, {"kind": "timeout", "after": 1, "times": 1},
              {"kind": "dropped_connection", "after": 3})  # fmt: skip
    with device(*faults, table={"greeting": ""}) as (_, made), line(made) as port:
        port.write(b"*IDN?\r\nSTATE?\r\n*IDN?\r\n")
        assert port.read_until() == b"Example,LS-4,0,1.2\r\n"
        assert port.read_until() == b"Example,LS-4,0007,1.2\r\n"
        port.write(b"STATE?\r\n")
        with pytest.raises(serial.SerialException):
            port.read_until()
