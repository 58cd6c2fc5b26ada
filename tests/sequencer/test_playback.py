"""Dialogues recorded with the virtual bench's instruments, and played back without them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from rig.bench.drivers.keysight_infiniivision import KeysightInfiniiVision
from rig.bench.drivers.ni_daqmx import NiDaqmx
from rig.bench.recording import SUFFIX, recorded_dialogues
from rig.bench.stimulators.sciencemode4 import ScienceMode4
from rig.errors import BenchError, InstrumentError, RigError
from rig.model.dialogue import exchange_of
from rig.model.setup import DigitizerSetup, ScopeChannel, ScopeSetup
from rig.model.stimulus import Shape, Stimulus
from rig.twin.config import TwinConfig
from rig.twin.replay import Replayed, replay, steps_of
from rig.twin.server import serve
from tests.bench.scripted_peer import ManualClock

IDENTITY = {"manufacturer": "Hasomed", "model": "P24", "serial": "0123456789", "firmware": "4.0"}
CONFIG = TwinConfig.model_validate({
    "seed": 5,
    "device": {"identity": IDENTITY},
    "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
    "instruments": {
        "scope": {"protocol": "infiniivision", "inputs": {"1": "voltage"}, "noise": 0.01},
        "daq": {"protocol": "nidaqmx-grpc", "device": "Dev1", "inputs": {"ai0": "current_sense"}, "noise": 1e-4},
        "stimulator": {"protocol": "sciencemode4", "identity": IDENTITY},
    },
})
SCOPE = ScopeSetup(channels={1: ScopeChannel(full_scale=20.0)}, window=0.01, points=2000)
DAQ = DigitizerSetup(channels={"ai0": 1.0}, rate=100e3, samples=1000)
STIMULUS = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=10e-3,
    phase_duration=200e-6,
    interphase=100e-6,
    rate=50.0,
    train=0.2,
)


def see(address: str) -> bytes:
    scope = KeysightInfiniiVision("scope", address, clock=ManualClock())
    scope.identify()
    scope.configure(SCOPE)
    scope.arm()
    record = scope.fetch(1).samples.tobytes()
    scope.close()
    return record


def sample(address: str) -> bytes:
    daq = NiDaqmx("daq", address, device="Dev1")
    daq.identify()
    daq.configure(DAQ)
    daq.start()
    record = daq.read(30.0)["ai0"].samples.tobytes()
    with pytest.raises(InstrumentError, match="DAQmx"):  # a refusal is part of the dialogue
        daq.configure(DigitizerSetup(channels={"ai0": 500.0}, rate=100e3, samples=10))
    daq.close()
    return record


def stimulate(address: str) -> bytes:
    device = ScienceMode4("stimulator", address)
    device.identify()
    device.prepare(STIMULUS)
    device.start()
    device.keep_alive()
    device.stop()
    device.close()
    return b""


USES = {"scope": see, "daq": sample, "stimulator": stimulate}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("recording") / "dialogues"
    with serve(CONFIG.model_copy(update={"real_time": True})) as bench, recorded_dialogues(folder):
        addresses = {one.name: one.address for one in bench.listening}
        return folder, {name: use(addresses[name]) for name, use in USES.items()}


def lines(folder: Path, name: str) -> list[str]:
    return (folder / f"{name}{SUFFIX}").read_text(encoding="ascii").splitlines()


def played(folder: Path) -> dict[str, list[str]]:
    return {name: lines(folder, name) for name in USES}


@pytest.mark.parametrize("name", USES)
def test_a_recorded_dialogue_gives_every_byte_again(recording: tuple[Path, dict[str, bytes]], name: str) -> None:
    folder, before = recording
    with replay(played(folder)) as again:
        assert USES[name](again.addresses[name]) == before[name]
        assert not again.instruments[name].complaint()


@pytest.mark.parametrize("name", USES)
def test_what_was_not_asked_for_again_is_told(recording: tuple[Path, dict[str, bytes]], name: str) -> None:
    with replay({name: lines(recording[0], name)}) as again:
        (complaint,) = again.complaints()
        assert complaint.startswith(f"{name}: ")


def test_another_question_gets_no_answer(recording: tuple[Path, dict[str, bytes]]) -> None:
    wanted = DigitizerSetup(channels={"ai0": 2.0}, rate=100e3, samples=1000)
    with replay({"daq": lines(recording[0], "daq")}) as again:
        daq = NiDaqmx("daq", again.addresses["daq"], device="Dev1")
        daq.identify()
        with pytest.raises(BenchError):
            daq.configure(wanted)
        daq.close()
        assert "with other arguments" in _complaint(again)


def test_other_bytes_are_shown_where_they_differ(recording: tuple[Path, dict[str, bytes]]) -> None:
    with replay({"stimulator": lines(recording[0], "stimulator")}) as again:
        device = ScienceMode4("stimulator", again.addresses["stimulator"], timeout=0.5)
        device.identify()
        with pytest.raises(RigError):
            device.stop()
        device.close()
        assert "was said where" in _complaint(again)


def _complaint(again: Replayed) -> str:
    (complaint,) = again.complaints()
    return complaint


def test_nothing_is_written_when_nobody_records(tmp_path: Path) -> None:
    folder = tmp_path / "dialogues"
    with serve(CONFIG) as bench:
        addresses = {one.name: one.address for one in bench.listening}
        with recorded_dialogues(folder):
            pass
        see_identity(addresses["scope"])
    assert list(folder.iterdir()) == []


def see_identity(address: str) -> None:
    scope = KeysightInfiniiVision("scope", address, clock=ManualClock())
    scope.identify()
    scope.close()


def test_what_came_by_itself_is_not_taken_for_the_answer_before() -> None:
    """A device that greets half a second after its answer does so again: at once, it would be another answer."""
    lines = (
        '{"t":0.0,"open":"socket://127.0.0.1:9"}',
        '{"t":0.1,"out":"ask"}',
        '{"t":0.11,"in":"an"}',
        '{"t":0.12,"in":"swer"}',
        '{"t":0.62,"in":"greeting"}',
        '{"t":0.63,"out":"thanks"}',
    )
    (answered, thanked) = steps_of([exchange_of(line) for line in lines])
    assert (answered.said, answered.heard) == (b"ask", b"answer")
    ((pause, greeting),) = answered.later
    assert (round(pause, 3), greeting) == (0.5, b"greeting")
    assert (thanked.said, thanked.heard, thanked.later) == (b"thanks", b"", ())
    with replay({"box": lines}) as replayed, socket.socket() as client:
        host, port = replayed.addresses["box"].removeprefix("socket://").split(":")
        client.connect((host, int(port)))
        client.sendall(b"ask")
        assert client.recv(100) == b"answer"
        assert client.recv(100) == b"greeting"
        client.sendall(b"thanks")
