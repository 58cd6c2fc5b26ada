"""The guard of one run as the process that it is, with a virtual interlock and a supply behind a socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.bench.reading import load_bench, load_device
from rig.guard.client import GuardClient, ask_stop
from rig.guard.terms import Kind
from rig.model.intent import Intent
from rig.sequencer.guard_process import Reached, Task
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.server import serve
from rig.twin.world import World
from tests.bench.fake_supply import ENTRY, FakeSupply
from tests.bench.scripted_peer import Peer

FIXTURES = Path(__file__).parents[2] / "fixtures"
MODEST = Intent(current_peak=0.02)
PATIENCE = 60.0
HOLD_TIME = 600.0


@dataclass
class Guarded:
    """A guard's process, the client of it, and what it watches over."""

    process: subprocess.Popen[str]
    client: GuardClient
    supply: FakeSupply
    world: World
    task: Task

    def closed(self) -> bool:
        return self.world.contact_closed

    def powered(self) -> bool:
        return self.supply.on

    def leave(self, word: str = "bye\n") -> int:
        """End the run: in order, or without a word; return the guard's exit code."""
        if word:
            self.client.close()
        else:
            self.client._sock.close()
        assert self.process.stdin is not None
        self.process.stdin.write(word)
        self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.task.journal.read_text(encoding="utf-8").splitlines()]

    def noted(self, event: str) -> dict[str, Any]:
        (facts,) = (line["facts"] for line in self.journal() if line["event"] == event)
        return dict(facts)


@contextmanager
def _started(task: Task) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "rig.sequencer.guard_process"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{task.model_dump_json()}\n")
        process.stdin.flush()
        try:
            yield process, process.stdout.readline().strip()
        finally:
            if not process.stdin.closed:
                process.stdin.close()
            process.wait(PATIENCE)


@contextmanager
def _tasked(folder: Path, supply: FakeSupply, answer: float) -> Iterator[tuple[Task, World]]:
    definition = load_bench(FIXTURES / "benches" / "virtual-guarded.bench.yaml")
    device = load_device(definition.device_path)
    assert definition.interlock is not None
    name, entry = definition.interlock
    entry = entry.model_copy(update={"hold_time": HOLD_TIME})
    with ExitStack() as stack:
        twin = stack.enter_context(serve(TwinConfig.model_validate(twin_configuration(definition, device))))
        address = next(one.address for one in twin.listening if one.name == name)
        peer = stack.enter_context(Peer(supply))
        for made in ("scratch", "evidence"):
            (folder / made).mkdir()
        yield (
            Task(
                bench=definition.id,
                state=folder / "scratch",
                owner="Ada",
                reason="a test",
                journal=folder / "evidence" / "guard.jsonl",
                scratch=folder / "scratch",
                secret="open sesame",  # noqa: S106 - of a test
                interlock=Reached(name=name, entry=entry, address=address),
                supply=Reached(name="supply", entry=ENTRY, address=peer.visa),
                heartbeat=PATIENCE,
                answer=answer,
                ceilings={"current_peak": 0.13},
                evidence=folder / "evidence",
            ),
            twin.world,
        )


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    with _guarded(tmp_path, answer=PATIENCE) as found:
        yield found


@contextmanager
def _guarded(folder: Path, answer: float) -> Iterator[Guarded]:
    supply = FakeSupply(on=True)
    with _tasked(folder, supply, answer) as (task, world), _started(task) as (process, said):
        word, host, port = said.split()
        assert word == "ready"
        client = GuardClient((host, int(port)), task.secret, owner="Ada", silence=PATIENCE)
        try:
            yield Guarded(process, client, supply, world, task)
        finally:
            client.close()


def _wait(what: Callable[[], object]) -> None:
    deadline, waiting = time.monotonic() + PATIENCE, threading.Event()
    while not what():
        assert time.monotonic() < deadline
        waiting.wait(0.01)


def test_a_trip_opens_the_contact_then_takes_the_power_and_tells_each_step(guarded: Guarded) -> None:
    guarded.client.permit(MODEST, HOLD_TIME)
    assert guarded.closed()
    assert guarded.powered()
    host, port = guarded.client._sock.getpeername()
    trip = ask_stop((host, port), "smoke")
    assert trip["safe"]
    assert trip["kind"] == "operator"
    assert not guarded.closed()
    assert not guarded.powered()
    names = [step["name"] for step in trip["steps"]]
    assert names == ["open the interlock", "see that it is open", "switch the supply off", "latch"]
    assert all(step["seconds"] >= 0 and not step["problem"] for step in trip["steps"])
    _wait(lambda: guarded.client.tripped)
    assert guarded.client.tripped_by is Kind.OPERATOR
    assert guarded.leave() == 0
    assert [step["name"] for step in guarded.noted("tripped")["steps"]] == names
    assert guarded.task.scratch is not None
    assert guarded.task.scratch.exists(), "it belongs to a run that is still there"


def test_a_supply_that_says_nothing_keeps_the_contact_from_nothing(tmp_path: Path) -> None:
    with _guarded(tmp_path, answer=1.0) as guarded:
        guarded.client.permit(MODEST, HOLD_TIME)
        guarded.supply.mute = True
        host, port = guarded.client._sock.getpeername()
        trip = ask_stop((host, port), "smoke")
        assert trip["safe"]
        assert not guarded.closed()
        problems = {step["name"]: step["problem"] for step in trip["steps"]}
        assert "no reply in time" in problems.pop("switch the supply off")
        assert not any(problems.values())
        assert guarded.leave() == 0
        assert "no reply in time" in guarded.noted("supply off")["problem"]


def test_a_run_that_is_gone_leaves_a_device_without_power_and_no_folder_behind(guarded: Guarded) -> None:
    guarded.client.permit(MODEST, HOLD_TIME)
    assert guarded.leave(word="") == 0
    assert not guarded.closed()
    assert not guarded.powered()
    assert guarded.task.scratch is not None
    assert not guarded.task.scratch.exists()
    assert guarded.noted("tripped")["reason"].startswith("the connection to the client was lost")
    assert guarded.noted("supply off")["problem"] == ""


def test_a_run_that_is_gone_while_nothing_was_energised_leaves_no_power_either(guarded: Guarded) -> None:
    assert guarded.leave(word="") == 0
    assert not guarded.powered()
    assert "tripped" not in [line["event"] for line in guarded.journal()]


def test_a_guard_that_cannot_reach_the_supply_does_not_start(tmp_path: Path) -> None:
    supply = FakeSupply(on=True, mute=True)
    with _tasked(tmp_path, supply, answer=1.0) as (task, world), _started(task) as (process, said):
        word, _, rest = said.partition(" ")
        assert word == "refused"
        kind, message = json.loads(rest)
        assert kind == "CommunicationError"
        assert message.startswith("supply: '*IDN?': no reply in time")
        assert process.wait(PATIENCE) == 2
        assert not world.contact_closed
