from __future__ import annotations

import threading
import time

import pytest

from rig.errors import BenchError, CommunicationError
from rig.guard.make_safe import Step, in_time, perform


def test_a_step_that_fails_or_hangs_stops_no_other() -> None:
    hung, taken = threading.Event(), []

    def fail() -> None:
        taken.append("stop")
        raise CommunicationError("relay", "OUT 0", "no answer")

    steps = [
        Step(name="stop", action=fail, limit=60),
        Step(name="hang", action=lambda: hung.wait(60), limit=0.02),
        Step(name="open", action=lambda: taken.append("open"), limit=60),
        Step(name="defect", action=lambda: dict[str, str]()["missing"], limit=60),
    ]
    stop, hang, opened, defect = perform(steps, now=time.monotonic)
    hung.set()
    assert taken == ["stop", "open"]
    assert stop.problem == "relay: 'OUT 0': no answer"
    assert hang.problem == "did not end within 0.02 s"
    assert 0.02 <= hang.seconds < 30
    assert not opened.problem
    assert defect.problem == "KeyError: 'missing'"


def test_what_an_action_returns_or_raises_reaches_who_waits() -> None:
    assert in_time(lambda: 42, 60) == 42
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 // 0, 60)


def test_what_ends_after_its_time_is_undone() -> None:
    go, events, undone = threading.Event(), [], threading.Event()

    def close() -> None:
        go.wait(60)
        events.append("closed")

    def undo() -> None:
        events.append("opened")
        undone.set()

    with pytest.raises(BenchError):
        in_time(close, 0.01, if_late=undo)
    assert events == []
    go.set()
    assert undone.wait(60)
    assert events == ["closed", "opened"]


def test_what_ends_in_time_is_not_undone() -> None:
    undone = threading.Event()
    for _ in range(50):
        in_time(lambda: None, 60, if_late=undone.set)
    assert not undone.is_set()
