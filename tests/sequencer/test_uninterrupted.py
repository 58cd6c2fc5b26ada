"""What has to be finished first: signals wait for it, and do afterwards what they would have done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rig.sequencer.uninterrupted import SIGNALS, uninterrupted

Handle = Callable[[int, Any], object]


@pytest.fixture
def handle() -> Iterator[Handle]:
    """Handle a signal in a way of one's own, until the end of the test."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield signal.signal
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_and_is_heard_afterwards(number: int, handle: Handle) -> None:
    happened: list[object] = []
    handle(number, lambda heard, _: happened.append(heard))
    with uninterrupted():
        signal.raise_signal(number)
        happened.append("finished")
    assert happened == ["finished", number]
    signal.raise_signal(number)  # and is handled as before
    assert happened == ["finished", number, number]


def test_who_presses_ctrl_c_ends_the_run_after_it(handle: Handle) -> None:
    handle(signal.SIGINT, signal.default_int_handler)
    finished: list[str] = []

    def work() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            finished.append("all")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert finished == ["all"]


def test_an_error_is_not_lost_and_neither_is_the_signal(handle: Handle) -> None:
    handle(signal.SIGINT, signal.default_int_handler)

    def work() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("something else")

    with pytest.raises(KeyboardInterrupt) as caught:
        work()
    assert isinstance(caught.value.__context__, ValueError)


def test_what_was_ignored_is_ignored(handle: Handle) -> None:
    handle(signal.SIGINT, signal.SIG_IGN)
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_beside_the_main_thread_nothing_is_changed() -> None:
    seen: list[bool] = []

    def elsewhere() -> None:
        before = signal.getsignal(signal.SIGINT)
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [True]
