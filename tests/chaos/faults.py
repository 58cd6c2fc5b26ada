"""Everything that is tried: what is done to a run at a random moment, and how soon no current may flow any more."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tests.chaos.table import Run

__all__ = ["FAULTS", "Fault"]

# The dead-man relay's, of the bench file, and what may be added to it, s.
_HOLD_TIME, _MORE = 1.0, 0.2
_SOON = 1.0
# A driver waits for an answer for a second before it is missed, s.
_MISSED = 1.0
# The device ends its pulses when nobody has spoken to it for two seconds: so long a card may keep the run waiting.
_GIVES_UP = 2.0
# Whether a device that was told to stop has stopped is measured with the contact closed, s.
_PROOF = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Attributes
    ----------
    does : what is done at the moment
    allowed : for so long current may flow on, s
    after_train : that counts from the end of the train, as nothing that goes wrong here need end it before
    device : defects that the device has from the beginning
    goes_wrong : what was prepared within the processes of the run, and waits for its sign
    passes : whether the run must pass all the same; otherwise it must not
    latches : whether the bench must be latched afterwards
    """

    does: Callable[[Run], object]
    allowed: float = _SOON
    after_train: bool = False
    device: tuple[Mapping[str, Any], ...] = ()
    goes_wrong: str = ""
    passes: bool = False
    latches: bool = False


def _kill(run: Run) -> None:
    run.process.kill()


def _kill_guard(run: Run) -> None:
    run.guard().kill()


def _kill_both(run: Run) -> None:
    _kill_guard(run)
    _kill(run)


def _tell(run: Run) -> None:
    run.process.send_signal(signal.SIGTERM)


def _interrupt_twice(run: Run) -> None:
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.05)  # noqa: TID251 - another process, in real time
    run.process.send_signal(signal.SIGINT)


def _sign(run: Run) -> None:
    run.bench.sign.touch()


def _fill_disk(run: Run) -> None:
    """No file of the run or of its guard can grow any more, whatever is written to it: a disk that is full."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not everywhere

        for process in (run.process.pid, run.guard().pid):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def _breaks(instrument: str, kind: str) -> Callable[[Run], None]:
    return lambda run: run.bench.break_down(instrument, kind)


def _weld_and_tell(run: Run) -> None:
    run.bench.break_down("interlock", "stuck_closed")
    _tell(run)


_IGNORES = {"kind": "ignores_stop"}

FAULTS: Mapping[str, Fault] = MappingProxyType({
    "SIGKILL of the run": Fault(does=_kill),
    "SIGKILL of the guard": Fault(does=_kill_guard, allowed=_HOLD_TIME + _MORE),
    "SIGKILL of both": Fault(does=_kill_both, allowed=_HOLD_TIME + _MORE),
    "SIGTERM of the run": Fault(does=_tell),
    "SIGINT, twice": Fault(does=_interrupt_twice),
    "exception in analysis": Fault(does=_sign, goes_wrong="analysis", after_train=True),
    "exception in the live watch": Fault(does=_sign, goes_wrong="live watch"),
    "full disk": Fault(does=_fill_disk, after_train=True),
    "time-out of the DAQ card": Fault(does=_breaks("daq", "timeout"), allowed=_GIVES_UP + _MORE),
    "time-out of the stimulator": Fault(does=_breaks("stimulator", "timeout"), allowed=_MISSED + _SOON),
    "time-out of the oscilloscope": Fault(does=_breaks("scope", "timeout"), after_train=True),
    "connection reset by the DAQ card": Fault(does=_breaks("daq", "dropped_connection")),
    "connection reset by the stimulator": Fault(does=_breaks("stimulator", "dropped_connection")),
    "connection reset by the oscilloscope": Fault(does=_breaks("scope", "dropped_connection"), after_train=True),
    "truncated block": Fault(does=_breaks("scope", "truncated_block"), after_train=True),
    "DAQ overrun (-200279)": Fault(does=_breaks("daq", "samples_lost")),
    "SIGTERM, and a device that ignores stop": Fault(does=_tell, device=(_IGNORES,)),
    "device stuck on": Fault(
        does=lambda _run: None, device=({"kind": "stuck_on"},), allowed=_PROOF + _SOON, after_train=True, latches=True
    ),
    "SIGTERM, ignored stop, welded contact": Fault(does=_weld_and_tell, device=(_IGNORES,), latches=True),
    "wall clock an hour ahead": Fault(does=_sign, goes_wrong="clock forwards", after_train=True, passes=True),
    "wall clock an hour back": Fault(does=_sign, goes_wrong="clock backwards", after_train=True, passes=True),
})
