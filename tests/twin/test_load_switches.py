"""Virtual switches of the load box: what they are told, what they say, what is then connected; our drivers use them."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pyvisa

from rig.bench.bench_file import InstrumentEntry
from rig.bench.drivers import keysight_34970a, lcus, numato
from rig.bench.opening import Opening
from rig.errors import InstrumentError
from rig.roles import LoadSwitch
from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.lcus import Lcus
from rig.twin.devices.numato import Numato
from rig.twin.devices.serial_board import SerialBoard
from rig.twin.devices.switch_34970a import Switch34970A
from rig.twin.devices.velleman_k8090 import VellemanK8090
from rig.twin.world import World
from tests.bench.scripted_peer import ManualClock

DEVICE = {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}}
PATIENCE = 30.0


def world_of(*relays: int) -> World:
    """A box with 100 ohm at the first relay, 200 ohm at the second, and so on."""
    loads = {f"{100 * n} ohm": {"resistance": 100.0 * n, "relays": [relay]} for n, relay in enumerate(relays, 1)}
    return World(TwinConfig.model_validate({"device": DEVICE, "loads": loads}))


class Line:
    """A plain socket to a board."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("socket://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=PATIENCE)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self, count: int) -> bytes:
        got = b""
        while len(got) < count and (more := self._socket.recv(count - len(got))):
            got += more
        return got

    def is_silent(self) -> bool:
        self._socket.settimeout(0.1)
        try:
            return not self._socket.recv(100)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(PATIENCE)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def board(kind: type[SerialBoard], *faults: dict[str, Any], **more: Any) -> Iterator[tuple[World, SerialBoard, Line]]:
    world = world_of(1, 2, 3)
    config = InstrumentConfig.model_validate({"protocol": "board", "faults": faults, **more})
    twin = kind(name="switch", config=config, world=world, seed=1)
    line = Line(twin.start()[0])
    try:
        yield world, twin, line
    finally:
        line.close()
        twin.stop()


def connected(world: World) -> float | None:
    """The resistance that the stimulator meets now, ohm."""
    load = world.load(world.now)
    return None if load is None else load.resistance


# --- a board that a third party speaks to -----------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
@pytest.mark.supports("velleman-k8090-loads", "third-party client")
def test_pymeasure_connects_a_load_with_a_k8090() -> None:
    from pymeasure.instruments.velleman import VellemanK8090 as Client  # noqa: PLC0415 - its adapters are slow to load

    world = world_of(1, 2, 3)
    config = InstrumentConfig.model_validate({"protocol": "board", "pty": True})
    twin = VellemanK8090(name="switch", config=config, world=world, seed=1)
    _, path = twin.start()
    try:
        client = Client(f"ASRL{path}::INSTR", visa_library="@py", timeout=30000)
        client.switch_on = [3]
        assert int(client.status[1]) == 0b100
        assert connected(world) == 300.0
        client.switch_off = [3]
        assert int(client.status[1]) == 0
        assert connected(world) is None
        client.adapter.close()
    finally:
        twin.stop()


# --- LCUS -------------------------------------------------------------------------------------------------------------


@pytest.mark.supports("lcus", "twin")
def test_an_lcus_does_what_its_four_bytes_say_and_never_answers() -> None:
    with board(Lcus) as (world, twin, line):
        line.send(bytes.fromhex("a0 02 01 a3"))
        assert line.is_silent()
        assert twin.states == 0b10
        assert connected(world) == 200.0
        line.send(bytes.fromhex("a0 02 00 a2") + bytes.fromhex("a0 01 01 a2"))
        assert line.is_silent()
        assert connected(world) == 100.0


@pytest.mark.parametrize(
    "damaged", ["a0 02 01 a4", "a0 00 01 a1", "a0 09 01 aa", "a0 02 02 a4", "ff", "a1 02 01 a4"], ids=str
)
def test_an_lcus_ignores_what_is_damaged_or_not_for_it(damaged: str) -> None:
    with board(Lcus) as (world, twin, line):
        line.send(bytes.fromhex(damaged) + bytes.fromhex("a0 01 01 a2"))
        assert line.is_silent()
        assert twin.states == 0b1
        assert connected(world) == 100.0


# --- Numato -----------------------------------------------------------------------------------------------------------


@pytest.mark.supports("numato", "twin")
def test_a_numato_echoes_answers_and_prompts() -> None:
    with board(Numato) as (world, _, line):
        for said, answer in (
            (b"relay read 1\r", b"relay read 1\n\roff\n\r>"),
            (b"relay on 1\r", b"relay on 1\n\r>"),
            (b"relay read 1\r", b"relay read 1\n\ron\n\r>"),
            (b"relay readall\r", b"relay readall\n\r02\n\r>"),
        ):
            line.send(said)
            assert line.read(len(answer)) == answer
        assert connected(world) == 200.0
        line.send(b"relay off 1\rver\r")
        assert line.read(30) == b"relay off 1\n\r>ver\n\r00000008\n\r>"
        assert connected(world) is None


def test_a_numato_sets_all_its_relays_at_once() -> None:
    with board(Numato) as (world, twin, line):
        line.send(b"relay writeall 04\r")
        assert line.read(20) == b"relay writeall 04\n\r>"
        assert connected(world) == 300.0
        line.send(b"reset\r")
        assert line.read(8) == b"reset\n\r>"
        assert twin.states == 0


@pytest.mark.parametrize("said", [b"relay on 8\r", b"relay on\r", b"relay blink 1\r", b"nonsense\r", b"\r"])
def test_a_numato_prompts_for_what_it_does_not_know_and_does_nothing(said: bytes) -> None:
    with board(Numato) as (_, twin, line):
        line.send(said)
        answer = said.rstrip(b"\r") + b"\n\r>"
        assert line.read(len(answer)) == answer
        assert line.is_silent()
        assert twin.states == 0


def test_a_numato_s_command_may_come_in_pieces() -> None:
    with board(Numato) as (world, _, line):
        line.send(b"relay o")
        assert line.is_silent()
        line.send(b"n 0\r")
        assert line.read(13) == b"relay on 0\n\r>"
        assert connected(world) == 100.0


# --- the mainframes ---------------------------------------------------------------------------------------------------

MODELS = {
    "34970A": (101, 100, "HEWLETT-PACKARD,34903A,0,1.0"),
    "34972A": (101, 100, "Agilent Technologies,34903A,0,1.0"),
    "DAQ970A": (101, 100, "Keysight Technologies,DAQM903A,MY59000001,1.0"),
    "34980A": (1001, 1, "AGILENT TECHNOLOGIES,34938A,0,1.0"),
}


@contextmanager
def mainframe(model: str, *faults: dict[str, Any]) -> Iterator[tuple[World, Any]]:
    world = world_of(MODELS[model][0], MODELS[model][0] + 1)
    identity = {"manufacturer": "M", "model": model, "serial": "MY1", "firmware": "1.0"}
    config = InstrumentConfig.model_validate({"protocol": "34970a", "identity": identity, "faults": faults})
    twin = Switch34970A(name="switch", config=config, world=world, seed=5)
    (address,) = twin.start()
    manager = pyvisa.ResourceManager("@py")
    session = manager.open_resource(address, read_termination="\n", write_termination="\n", timeout=30000)
    try:
        yield world, session
    finally:
        session.close()
        manager.close()
        twin.stop()


@pytest.mark.supports("keysight-34970a", "twin")
@pytest.mark.parametrize("model", MODELS)
def test_every_model_numbers_its_channels_and_cards_in_its_own_way(model: str) -> None:
    first, slot, card = MODELS[model]
    with mainframe(model) as (world, session):
        assert session.query(f"SYSTem:CTYPe? {slot}") == card
        session.write(f"ROUTe:CLOSe (@{first + 1})")
        assert session.query(f"ROUTe:CLOSe? (@{first}:{first + 2})") == "0,1,0"
        assert connected(world) == 200.0
        wrong = 101 if model == "34980A" else 1001
        session.write(f"ROUTe:CLOSe (@{wrong})")
        assert session.query("SYSTem:ERRor?").startswith("112,")
        session.write("ROUTe:OPEN:ALL")
        opened = session.query(f"ROUTe:CLOSe? (@{first + 1})")
        assert (opened, session.query("SYSTem:ERRor?")[:4]) == (("0", '+0,"') if model == "34980A" else ("1", "-113"))


def test_a_mainframe_s_relay_may_be_the_wrong_one() -> None:
    with mainframe("34970A", {"kind": "wrong_relay"}) as (world, session):
        session.write("ROUTe:CLOSe (@101)")
        assert session.query("ROUTe:CLOSe? (@101,102)") == "1,0"
        assert connected(world) == 200.0


# --- our drivers, which were written apart ----------------------------------------------------------------------------


def opening(driver: str, address: str, *relays: int, **options: int) -> Opening:
    entry = InstrumentEntry(role="load-switch", driver=driver, address="twin", options=options)
    return Opening(name="switch", entry=entry, address=address, clock=ManualClock(), timeout=60.0, relays=relays)


def selections(world: World, switch: LoadSwitch, first: int) -> list[float | None]:
    seen = []
    for wanted in ((first,), (first + 1,), (), (first, first + 1)):
        switch.select(wanted)
        seen.append(connected(world))
    switch.open_all()
    return [*seen, connected(world)]


def soon_connected(world: World, resistance: float | None) -> bool:
    """Nobody answers: that a board has heard what it was told shows in the world alone."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while connected(world) != resistance and time.monotonic() < deadline:
        pause.wait(0.01)
    return connected(world) == resistance


SELECTED = [100.0, 200.0, None, pytest.approx(1 / (1 / 100 + 1 / 200)), None]


@pytest.mark.supports("lcus", "twin")
def test_our_driver_switches_loads_with_a_virtual_lcus() -> None:
    world = world_of(1, 2, 3)
    twin = Lcus(name="switch", config=InstrumentConfig(protocol="lcus"), world=world, seed=1)
    switch = lcus.opened(opening("lcus", twin.start()[0], 1, 2, 3, relays=8))
    try:
        switch.select((2,))
        assert soon_connected(world, 200.0)
        switch.open_all()
        assert soon_connected(world, None)
    finally:
        switch.close()
        twin.stop()


@pytest.mark.supports("numato", "twin")
def test_our_driver_switches_loads_with_a_virtual_numato() -> None:
    world = world_of(1, 2, 3)
    identity = {"manufacturer": "Numato", "model": "8 channel relay", "serial": "LOADBOX1", "firmware": "00000009"}
    config = InstrumentConfig.model_validate({"protocol": "numato", "identity": identity})
    twin = Numato(name="switch", config=config, world=world, seed=1)
    switch = numato.opened(opening("numato", twin.start()[0], 1, 2, 3))
    try:
        known = switch.identify()
        assert (known.serial, known.firmware) == ("LOADBOX1", "00000009")
        assert selections(world, switch, 1) == SELECTED
    finally:
        switch.close()
        twin.stop()


@pytest.mark.supports("keysight-34970a", "twin")
@pytest.mark.supports("keysight-34980a", "twin")
@pytest.mark.parametrize("model", MODELS)
def test_our_driver_switches_loads_with_every_virtual_mainframe(model: str) -> None:
    first = MODELS[model][0]
    identity = {"manufacturer": "M", "model": model, "serial": "MY1", "firmware": "1.0"}
    world = world_of(first, first + 1)
    config = InstrumentConfig.model_validate({"protocol": "34970a", "identity": identity})
    twin = Switch34970A(name="switch", config=config, world=world, seed=5)
    driver, opened = "keysight-34970a", keysight_34970a.opened
    if model == "34980A":
        driver, opened = "keysight-34980a", keysight_34970a.opened_34980a
    switch = opened(opening(driver, twin.start()[0], first, first + 1))
    try:
        assert switch.identify().model == model
        assert selections(world, switch, first) == SELECTED
    finally:
        switch.close()
        twin.stop()


def test_a_box_that_is_wired_to_an_empty_slot_is_told() -> None:
    twin = Switch34970A(name="switch", config=InstrumentConfig(protocol="34970a"), world=world_of(201), seed=5)
    switch = keysight_34970a.opened(opening("keysight-34970a", twin.start()[0], 201))
    try:
        with pytest.raises(InstrumentError, match="there is no card in slot 200"):
            switch.identify()
    finally:
        switch.close()
        twin.stop()
