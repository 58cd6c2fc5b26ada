"""Being told to end is heard once, as Ctrl-C is; the second time, what is under way is finished."""

from __future__ import annotations

import signal
import sys

import pytest

from rig.harness.interruption import ending_as_by_ctrl_c

NUMBERS = [signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP])]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_to_end_interrupts_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    finished = False

    def told_twice() -> None:
        nonlocal finished
        with ending_as_by_ctrl_c():
            try:
                signal.raise_signal(number)
            finally:
                signal.raise_signal(number)
                finished = True

    with pytest.raises(KeyboardInterrupt):
        told_twice()
    assert finished
    assert signal.getsignal(number) == before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_is_lost_in_a_finaliser_is_raised_at_the_next_step() -> None:
    class Finalised:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with ending_as_by_ctrl_c() as interruption:
        interruption.check()
        Finalised()
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
