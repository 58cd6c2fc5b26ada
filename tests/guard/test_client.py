from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.errors import BenchError, InterlockTripped, Refused
from rig.guard.client import GuardClient
from rig.guard.terms import Kind
from rig.model.intent import Intent
from tests.guard.pretend import HandClock
from tests.guard.served import MODEST, PATIENCE, SECRET, Served, served, within

ROOT = Path(__file__).parents[2]
# A guard in a process of its own, which says its port.
GUARD = """
from tests.guard.served import Served
guard = Served()
print(guard.server.address[1], flush=True)
guard.server.serve()
"""


@pytest.fixture
def guard() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    with subprocess.Popen([sys.executable, "-c", GUARD], cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        yield child, ("127.0.0.1", int(child.stdout.readline()))
        child.kill()


def test_a_permit_closes_beating_keeps_it_and_a_release_opens() -> None:
    clock = HandClock()
    with served(clock=clock) as guard:
        client = GuardClient(guard.server.address, SECRET, owner="Ada", now=clock)
        token = client.permit(MODEST, 60.0)
        assert token.expires == clock.time + 60
        guard.live(client, 1.5)  # longer than the guard's patience
        assert guard.closed()
        assert client.tripped is None
        client.check()
        client.release()
        assert not guard.closed()
        client.close()
        client.close()
        guard.thread.join(PATIENCE)
        assert guard.supervisor.tripped == ""
        assert guard.journal.events == ["begun", "permitted", "released", "ended"]


def test_what_is_refused_is_refused_here_and_nothing_trips(guard: Served) -> None:
    client = GuardClient(guard.server.address, SECRET)
    with pytest.raises(Refused, match=r"peak current 0\.2 A exceeds"):
        client.permit(Intent(current_peak=0.2), 1.0)
    with pytest.raises(Refused, match="not known"):
        client.permit(Intent(), 1.0)
    client.check()
    client.permit(MODEST, 1.0)
    client.close()


def test_a_trip_of_the_guard_is_known_at_once_and_for_good(guard: Served) -> None:
    losses: list[str] = []
    client = GuardClient(guard.server.address, SECRET, on_loss=losses.append)
    client.permit(MODEST, 0.1)
    within(PATIENCE, lambda: client.tripped)
    assert client.tripped == "token 1 expired"
    assert client.last_trip is not None
    assert client.last_trip["safe"]
    for forbidden in (client.check, client.release, lambda: client.permit(MODEST, 1.0)):
        with pytest.raises(InterlockTripped, match="token 1 expired"):
            forbidden()
    client.close()
    assert losses == []


def test_a_client_trips_with_its_own_reason(guard: Served) -> None:
    client = GuardClient(guard.server.address, SECRET)
    client.permit(MODEST, 60.0)
    client.trip("the current crossed its ceiling")
    assert not guard.closed()
    assert client.tripped == guard.supervisor.tripped == "the current crossed its ceiling"
    assert client.tripped_by is Kind.GUARD
    client.close()


def test_within_energised_the_contact_is_closed_and_afterwards_open(guard: Served) -> None:
    client = GuardClient(guard.server.address, SECRET)
    with client.energised(MODEST, 60.0):
        assert guard.closed()
    assert not guard.closed()
    with pytest.raises(ZeroDivisionError), client.energised(MODEST, 60.0):
        assert 1 // 0
    assert not guard.closed()

    def fail() -> None:
        client.trip("and this second")
        raise BenchError("what went wrong first")

    with pytest.raises(BenchError, match="what went wrong first"), client.energised(MODEST, 60.0):
        fail()
    with pytest.raises(InterlockTripped), client.energised(MODEST, 60.0):
        pytest.fail("energised in spite of a trip")
    client.close()


def test_a_wrong_secret_and_no_guard_are_said_in_words(guard: Served) -> None:
    with pytest.raises(Refused, match="not the secret"):
        GuardClient(guard.server.address, "guess")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()
    with pytest.raises(BenchError, match="there is no guard"):
        GuardClient(free, SECRET)


def test_a_killed_guard_is_noticed_once_and_at_once(
    process: tuple[subprocess.Popen[bytes], tuple[str, int]],
) -> None:
    child, address = process
    losses: list[str] = []
    client = GuardClient(address, SECRET, on_loss=losses.append)
    client.permit(MODEST, 60.0)
    child.kill()
    within(PATIENCE, lambda: losses)
    assert client.tripped == losses[0]
    assert losses[0].startswith("the guard is gone")
    assert "said nothing" not in losses[0]  # it was not waited for
    with pytest.raises(InterlockTripped, match="the guard is gone"):
        client.check()
    client.trip("too late")
    client.close()
    assert len(losses) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a process is suspended by a signal here")
def test_a_guard_that_hangs_is_as_good_as_gone(process: tuple[subprocess.Popen[bytes], tuple[str, int]]) -> None:
    child, address = process
    losses: list[str] = []
    clock = HandClock()
    client = GuardClient(address, SECRET, on_loss=losses.append, now=clock, silence=0.6)
    client.permit(MODEST, 60.0)
    os.kill(child.pid, signal.SIGSTOP)
    begun = clock.time

    def lost_later() -> bool:
        clock.time += 0.5
        threading.Event().wait(0.1)
        return bool(losses)

    within(PATIENCE, lost_later)
    assert "said nothing for" in losses[0]
    assert clock.time - begun > 0.6
    client.close()


def test_a_client_that_was_held_up_itself_does_not_blame_its_guard() -> None:
    clock = HandClock()
    losses: list[str] = []
    with served(clock=clock, heartbeat=1e6, hold_time=None) as guard:
        client = GuardClient(guard.server.address, SECRET, on_loss=losses.append, now=clock, silence=0.6)
        client._interval = 0.1
        for _ in range(5):
            clock.time += 100.0
            within(PATIENCE, lambda: losses or guard.supervisor._heard == clock.time)
        assert losses == []
        client.close()


def test_closing_is_no_loss(process: tuple[subprocess.Popen[bytes], tuple[str, int]]) -> None:
    child, address = process
    losses: list[str] = []
    client = GuardClient(address, SECRET, on_loss=losses.append)
    client.permit(MODEST, 60.0)
    client.close()
    assert child.wait(PATIENCE) == 0
    assert losses == []
    assert client.tripped is None


def test_no_thread_is_left(guard: Served) -> None:
    before = threading.active_count()
    client = GuardClient(guard.server.address, SECRET)
    client.close()
    guard.thread.join(PATIENCE)
    assert threading.active_count() < before
