from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from rig.errors import BenchError, InterlockTripped, Refused
from rig.guard.client import GuardClient, ask_status, ask_stop
from rig.guard.messages import LONGEST_LINE, encode
from rig.guard.server import GuardServer
from rig.guard.terms import Kind
from tests.guard.pretend import HandClock
from tests.guard.served import MODEST, PATIENCE, SECRET, Served, served, within

# A harness that energises and then does nothing but live.
HARNESS = """
import sys
from rig.guard.client import GuardClient
from rig.model.intent import Intent
client = GuardClient(("127.0.0.1", int(sys.argv[1])), sys.argv[2], owner="harness")
client.permit(Intent(current_peak=0.02), 60.0)
print("energised", flush=True)
sys.stdin.readline()
"""


class Raw:
    """A client that says what it is told to, and no more."""

    def __init__(self, guard: Served) -> None:
        self.sock = socket.create_connection(guard.server.address, timeout=PATIENCE)
        self._file = self.sock.makefile("rb")

    def say(self, **message: Any) -> None:
        self.sock.sendall(encode(message))

    def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._file.readline() or b'{"closed": true}')
        return message

    def ask(self, **message: Any) -> dict[str, Any]:
        self.say(id=1, **message)
        while (reply := self.hear()).get("re") != 1 and "closed" not in reply:
            continue
        return reply

    def close(self) -> None:
        self._file.close()
        self.sock.close()


def energise(raw: Raw, seconds: float = 60.0) -> None:
    assert "patience" in raw.ask(do="begin", secret=SECRET, owner="raw")
    assert "token" in raw.ask(do="permit", intent={"current_peak": 0.02}, seconds=seconds)


def test_a_killed_harness_leaves_an_open_contact() -> None:
    with served(hold_time=None) as guard:
        harness = subprocess.Popen(
            [sys.executable, "-c", HARNESS, str(guard.server.address[1]), SECRET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with harness:
            assert harness.stdout is not None
            assert harness.stdout.readline().strip() == b"energised"
            assert guard.closed()
            harness.kill()
            within(PATIENCE, guard.opened)
        guard.thread.join(PATIENCE)
        assert guard.supervisor.tripped.startswith("the connection to the client was lost")
        assert guard.journal.events == ["begun", "permitted", "tripped", "ended"]


@pytest.mark.realtime
def test_the_loss_of_the_connection_trips_within_100_ms() -> None:
    times = []
    for _ in range(5):
        with served(hold_time=None) as guard:
            raw = Raw(guard)
            energise(raw)
            raw.close()
            times.append(within(PATIENCE, guard.opened))
            guard.thread.join(PATIENCE)
            assert guard.supervisor.tripped
    # What a busy machine adds is not the guard's: it holds up one or the other, not all of them.
    assert sorted(times)[1] < 0.1, times


def test_a_client_that_lives_but_says_nothing_trips() -> None:
    clock = HandClock()
    with served(clock=clock, hold_time=None) as guard:
        raw = Raw(guard)
        energise(raw)
        clock.time += 0.4
        assert ask_status(guard.server.address)["energised"]  # it has looked at the clock before it answers
        assert guard.closed()
        clock.time += 0.2
        within(PATIENCE, guard.opened)
        told = raw.hear()
        assert told["tripped"].startswith("no heartbeat for 0.6")
        assert told["trip"]["safe"]
        raw.close()


def test_a_client_that_goes_without_a_token_latches_nothing() -> None:
    with served() as guard:
        raw = Raw(guard)
        raw.ask(do="begin", secret=SECRET, owner="raw")
        raw.close()
        guard.thread.join(PATIENCE)
        assert guard.supervisor.tripped == ""


def test_a_permit_of_a_client_that_has_gone_since_closes_nothing() -> None:
    with served() as guard:
        raw = Raw(guard)
        raw.ask(do="begin", secret=SECRET, owner="raw")
        # Both arrive at once: what was asked for, and that nobody is there any more.
        raw.say(do="permit", id=2, intent={"current_peak": 0.02}, seconds=60.0)
        raw.close()
        guard.thread.join(PATIENCE)
        assert not guard.closed()


def test_only_who_knows_the_secret_may_energise_and_only_one() -> None:
    with served() as guard:
        stranger, client, second = Raw(guard), Raw(guard), Raw(guard)
        for guess in ("guess", "\udc80", None, SECRET[:-1]):
            assert stranger.ask(do="begin", secret=guess, owner="x")["refused"] == "that is not the secret"
        for do in ("permit", "release", "beat", "end"):
            assert "knows the secret" in stranger.ask(do=do)["refused"]
        assert "patience" in client.ask(do="begin", secret=SECRET, owner="Ada")
        assert "client already" in second.ask(do="begin", secret=SECRET, owner="Grace")["refused"]
        assert guard.interlock.closings == 0
        for raw in (stranger, client, second):
            raw.close()


def test_a_guard_without_a_secret_is_none() -> None:
    with served() as guard, pytest.raises(Refused):
        GuardServer(guard.supervisor, secret="", now=time.monotonic)


def test_anybody_may_ask_and_stop() -> None:
    with served() as guard:
        address = guard.server.address
        client = GuardClient(address, SECRET, owner="Ada")
        client.permit(MODEST, 60.0)
        status = ask_status(address)
        assert (status["owner"], status["energised"], status["tripped"]) == ("Ada", True, "")
        trip = ask_stop(address, "Grace pressed stop")
        assert trip["safe"]
        assert [step["name"] for step in trip["steps"]] == ["open the interlock", "see that it is open"]
        assert not guard.closed()
        within(PATIENCE, lambda: client.tripped)
        assert client.tripped == "stopped by the operator: Grace pressed stop"
        assert client.tripped_by is Kind.OPERATOR
        assert ask_status(address)["tripped"] == "stopped by the operator: Grace pressed stop"
        client.close()


def test_a_stop_counts_also_from_somebody_who_does_not_wait_for_the_answer() -> None:
    with served() as guard:
        client = GuardClient(guard.server.address, SECRET)
        client.permit(MODEST, 60.0)
        hasty = Raw(guard)
        hasty.say(do="stop", reason="hasty")
        hasty.close()
        within(PATIENCE, lambda: not guard.closed())
        client.close()
        assert guard.supervisor.tripped == "stopped by the operator: hasty"


@pytest.mark.parametrize("nonsense", [b"\n", b"[]\n", b"x" * (LONGEST_LINE + 2), b'{"do": "fly"}\n', b"{}\n"])
def test_nonsense_of_others_disturbs_nobody(nonsense: bytes) -> None:
    with served() as guard:
        client = GuardClient(guard.server.address, SECRET)
        client.permit(MODEST, 60.0)
        other = Raw(guard)
        other.sock.sendall(nonsense)
        other.hear()
        other.close()
        threading.Event().wait(0.05)
        client.check()
        assert guard.closed()
        client.release()
        client.close()
        assert guard.supervisor.tripped == ""


def test_nonsense_of_the_client_trips() -> None:
    with served() as guard:
        raw = Raw(guard)
        energise(raw)
        raw.sock.sendall(b"garbage\n")
        within(PATIENCE, lambda: not guard.closed())
        within(PATIENCE, lambda: "not a message" in guard.supervisor.tripped)
        raw.close()


def test_clients_that_never_read_or_never_end_a_line_hold_nobody_up() -> None:
    clock = HandClock()
    with served(clock=clock) as guard:
        client = GuardClient(guard.server.address, SECRET, now=clock)
        client.permit(MODEST, 60.0)
        crowd = [Raw(guard) for _ in range(12)]
        for raw in crowd:
            try:
                raw.sock.settimeout(0.2)
                raw.sock.sendall(encode({"do": "status", "id": 1}) * 3000)
            except OSError:
                continue
        guard.live(client, 1.0)  # longer than the patience: the heartbeats have come through
        client.check()
        assert guard.closed()
        client.close()
        for raw in crowd:
            raw.close()


def test_a_lost_lease_trips_while_a_token_is_out() -> None:
    lost: list[str] = []
    with served(lost=lambda: lost[0] if lost else "") as guard:
        client = GuardClient(guard.server.address, SECRET)
        client.permit(MODEST, 60.0)
        lost.append("Grace takes the bench")
        within(PATIENCE, lambda: not guard.closed())
        within(PATIENCE, lambda: client.tripped)
        assert client.tripped == "the lease was lost: Grace takes the bench"
        assert client.tripped_by is Kind.LEASE
        client.close()
        assert guard.supervisor.tripped


def test_a_lease_lost_without_a_token_ends_the_guard_and_latches_nothing() -> None:
    lost: list[str] = []
    with served(lost=lambda: lost[0] if lost else "") as guard:
        client = GuardClient(guard.server.address, SECRET)
        lost.append("Grace takes the bench")
        within(PATIENCE, lambda: client.tripped)
        assert client.tripped == "the lease was lost: Grace takes the bench"
        assert client.tripped_by is Kind.LEASE
        client.close()
        assert guard.supervisor.tripped == ""


def test_a_lease_that_cannot_be_asked_for_is_lost() -> None:
    def fail() -> str:
        raise OSError(5, "Input/output error")

    with served(lost=fail) as guard:
        guard.thread.join(PATIENCE)
        assert not guard.thread.is_alive()


def test_a_guard_to_which_nobody_comes_ends() -> None:
    with served(arrival=0.05) as guard:
        guard.thread.join(PATIENCE)
        assert not guard.thread.is_alive()
        with pytest.raises(BenchError, match="there is no guard"):
            ask_status(guard.server.address)


def test_a_latched_guard_takes_no_client_and_says_why() -> None:
    with served(tripped="no heartbeat yesterday") as guard:
        with pytest.raises(InterlockTripped, match="yesterday"):
            GuardClient(guard.server.address, SECRET)
        guard.thread.join(PATIENCE)
        assert not guard.thread.is_alive()


def test_a_contact_that_does_not_open_is_told_again_after_the_client_has_gone() -> None:
    clock = HandClock()
    with served(clock=clock, hold_time=None) as guard:
        raw = Raw(guard)
        energise(raw)
        guard.interlock.faults.add("deaf")
        raw.close()
        within(PATIENCE, lambda: "ended" in guard.journal.events)
        guard.interlock.faults.clear()
        clock.time += 5.0
        guard.thread.join(PATIENCE)
        assert guard.supervisor.safe
        assert not guard.closed()
        assert dict(guard.journal.entries)["tripped"]["safe"] is False


def test_a_guard_that_fails_makes_safe_before_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as guard:
        raw = Raw(guard)
        energise(raw)
        monkeypatch.setattr(guard.supervisor, "status", lambda: 1 // 0)
        raw.say(do="status", id=1)
        guard.thread.join(PATIENCE)
        assert not guard.closed()
        assert "the guard failed: ZeroDivisionError" in guard.supervisor.tripped
        assert isinstance(guard.errors[0], ZeroDivisionError)
        raw.close()
