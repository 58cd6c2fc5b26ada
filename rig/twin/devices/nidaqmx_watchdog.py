"""The watchdog timer of a digital card: not reset in time, it sets lines and lets nobody write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.clock import Countdown
from rig.twin.devices.nidaqmx_tasks import expand
from rig.twin.devices.nidaqmx_wire import Refusal, refusal

if TYPE_CHECKING:
    import threading

    from nidaqmx._stubs import nidaqmx_pb2 as pb

    from rig.twin.clock import Pace
    from rig.twin.devices.nidaqmx_tasks import Lines, WatchdogTask
    from rig.twin.devices.nidaqmx_wire import Reply

__all__ = ["Watchdog"]

_RESET_TIMER, _CLEAR_EXPIRATION = 0, 1
_HAS_EXPIRED = 8616
_LEVELS = {10192: True, 10214: False}
_NO_CHANGE = 10160


class Watchdog:
    """The card's timer, which runs at the pace of processes; ``lock`` keeps it and the calls apart."""

    def __init__(self, lines: Lines, lock: threading.RLock, pace: Pace) -> None:
        self._lines, self._lock, self._pace = lines, lock, pace
        self._task: WatchdogTask | None = None
        self._countdown: Countdown | None = None

    def configure(self, task: WatchdogTask, request: pb.CfgWatchdogDOExpirStatesRequest) -> Refusal | None:
        """Say which state each line takes."""
        names = expand(request.channel_names)
        if len(names) != len(request.expir_state_array) or not set(names) <= self._lines.states.keys():
            return refusal(-200170)
        for name, level in zip(names, request.expir_state_array, strict=True):
            if level in _LEVELS:
                task.safe[name] = _LEVELS[level]
            elif level != _NO_CHANGE:
                return refusal(-200077)
        return None

    def start(self, task: WatchdogTask) -> None:
        """Let the time run."""
        if self._countdown is None:
            self._countdown = Countdown(self._expire, self._lock, self._pace)
        self._task = task
        if task.timeout >= 0:
            self._countdown.restart(task.timeout)

    def stop(self) -> None:
        """Let no time run; lines stay as they are, and may be written again."""
        if self._countdown is not None:
            self._countdown.cancel()
        self._task = None
        self.clear()

    def clear(self) -> None:
        """Let lines be written again after an expiration."""
        self._lines.locked = False

    def close(self) -> None:
        """End the timer's thread; may be called twice."""
        if self._countdown is not None:
            self._countdown.close()

    def control(self, task: WatchdogTask, request: pb.ControlWatchdogTaskRequest) -> Refusal | None:
        """Begin the time anew, or unlock the lines after it was over."""
        action = request.action or request.action_raw
        if action == _CLEAR_EXPIRATION:
            self.clear()
            return None
        if action != _RESET_TIMER:
            return refusal(-200077)
        if self._lines.locked or task is not self._task:
            return refusal(-200644)
        self.start(task)
        return None

    def attribute(self, request: pb.GetWatchdogAttributeBoolRequest) -> Reply:
        """Tell whether the time was over."""
        if (request.attribute or request.attribute_raw) != _HAS_EXPIRED:
            return refusal(-200452)
        return {"value": self._lines.locked}

    def _expire(self) -> None:
        if self._task is not None:
            self._lines.locked = True
            self._lines.set(self._task.safe)
