"""The acquisition engine of every virtual oscilloscope: when it arms, triggers and completes.

A family brings its settings: a frozen dataclass whose property ``shot`` says what an acquisition with them is
(:class:`rig.twin.devices.scope_shot.Shot`). Its device then holds one of each::

    self._acquisition = Acquisition(world=world, config=config, faults=self.faults)
    self._inputs = Inputs(name=name, config=config, world=world, seed=seed)

and translates: ``:SINGle`` is ``single(settings)``; a status query is ``state()``, after letting a little of the
world's time pass (:meth:`Acquisition.poll`), without which polling alone would never see anything happen; a query that
blocks until the end is ``wait()``. A completed acquisition is ``record``, with the settings that it was made with; its
samples are ``self._inputs.samples(record, channel)`` as codes of the converter, which the family turns into its own
codes, clip marks and bytes. For so long as ``latency`` after a command to arm, state, record and count are those of
before. The defects ``no_trigger``, ``stale_waveform`` and ``clipped`` are seen to here, those of the conversation in
:class:`rig.twin.scpi.ScpiDevice`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic

from rig.twin.devices.scope_inputs import trigger_edge
from rig.twin.devices.scope_shot import Record, SettingsT
from rig.twin.devices.trigger import first_passage, wait_for

if TYPE_CHECKING:
    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_shot import Shot
    from rig.twin.faults import FaultPlan
    from rig.twin.world import World

__all__ = ["Acquisition", "State"]

# From the command to the begin of filling; so long the instrument still reports what it was before, s.
ARMING_LATENCY = 5e-3
# How long a trigger may stay away before AUTO makes do without, and how long the instrument works on a record, s.
AUTO_AFTER, PROCESSING = 40e-3, 1e-3
# From the end of a segment to the begin of filling the next one, s.
REARMING = 1e-6
# How long a client's wait may last in the world's time before it is left without an answer, s.
PATIENCE = 30.0
# What a poll takes, s.
POLL = 1e-3

_SEAM = 1e-7


class State(Enum):
    """What the instrument says that it does."""

    STOPPED = "stopped"
    FREE = "acquiring again and again"
    FILLING = "filling what lies before the trigger"
    WAITING = "waiting for a trigger"
    TRIGGERED = "filling what lies after the trigger"


@dataclass(slots=True, kw_only=True)
class _Pending(Generic[SettingsT]):
    """An acquisition that was asked for and is not complete; moments in s of the world's clock."""

    settings: SettingsT
    shot: Shot
    number: int
    armed: float
    blind: bool
    searched: float = -math.inf
    triggers: list[float] = field(default_factory=list)
    announced: bool = False
    told: int = 0

    def ready(self, triggers: list[float]) -> float:
        """From when on the next trigger counts."""
        begin = triggers[-1] + max(self.shot.after, 0.0) + REARMING if triggers else self.armed
        return begin + max(self.shot.before, 0.0)

    def finish(self, triggers: list[float]) -> float:
        """When the record will be complete."""
        complete = len(triggers) >= self.shot.triggers
        return triggers[-1] + max(self.shot.after, 0.0) + PROCESSING if complete else math.inf


class Acquisition(Generic[SettingsT]):
    """One acquisition at a time, single or again and again, followed lazily as the world's time passes.

    Attributes
    ----------
    record : the completed acquisition; None when there is none yet
    latency : from a command to arm to the begin of acquiring, s
    armed_event, trigger_event, completed_event : set when that happens, for registers that are cleared by reading
    """

    def __init__(self, *, world: World, config: InstrumentConfig, faults: FaultPlan) -> None:
        self._world, self._config, self._faults = world, config, faults
        self._pending: _Pending[SettingsT] | None = None
        self._since: float | None = world.now
        self._was_running = False
        self._number = self._acquired = 0
        self.record: Record[SettingsT] | None = None
        self.armed_event = self.trigger_event = self.completed_event = False
        self.latency = ARMING_LATENCY

    # --- commands -------------------------------------------------------------------------------------------------

    def single(self, settings: SettingsT) -> None:
        """Ask for one acquisition with these settings; it begins after the arming latency."""
        self.update()
        self._was_running, self._since = self.state() is not State.STOPPED, None
        shot = settings.shot
        self._pending = _Pending(
            settings=settings,
            shot=shot,
            number=self._number + 1,
            armed=self._world.now + self.latency,
            blind=self._faults.strikes("no_trigger"),
        )
        self._number += shot.triggers

    def run(self) -> None:
        """Acquire again and again."""
        self._pending, self._since = None, self._world.now

    def stop(self, settings: SettingsT) -> None:
        """End acquiring; a record that is under way is kept as far as it came, the rest of it being holes."""
        self.update()
        pending, now = self._pending, self._world.now
        if pending is not None and pending.triggers and pending.triggers[0] <= now:
            self._complete(pending, until=now)
        self.refresh(settings)
        self._pending, self._since = None, None

    def force(self) -> None:
        """Take the present moment for the trigger, or the end of the pre-trigger fill if that is later."""
        self.update()
        pending = self._pending
        if pending is not None and len(pending.triggers) < pending.shot.triggers:
            pending.triggers.append(max(self._world.now, pending.ready(pending.triggers)))

    def clear_events(self) -> None:
        """Forget what the event registers hold."""
        self.update()
        self.armed_event = self.trigger_event = self.completed_event = False

    # --- what has become of it ------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Let pass what a poll takes, and happen what is due."""
        self._world.advance(POLL)
        self.update()

    @property
    def pending(self) -> bool:
        """Whether a single acquisition is not complete yet."""
        self.update()
        return self._pending is not None

    @property
    def acquired(self) -> int:
        """How many triggers the present or last single acquisition has taken; the old number while it arms."""
        self.update()
        pending, now = self._pending, self._world.now
        if pending is None or now < pending.armed:
            return self._acquired
        return sum(trigger + max(pending.shot.after, 0.0) <= now for trigger in pending.triggers)

    def state(self) -> State:
        """Return what the instrument does; the old state until it has truly begun."""
        self.update()
        pending, now = self._pending, self._world.now
        if pending is None:
            return State.STOPPED if self._since is None else State.FREE
        if now < pending.armed:
            return State.FREE if self._was_running else State.STOPPED
        if len(pending.triggers) >= pending.shot.triggers:
            return State.TRIGGERED
        if now >= pending.ready(pending.triggers):
            return State.WAITING
        return State.TRIGGERED if pending.triggers else State.FILLING

    def update(self) -> None:
        """Let happen what is due by now."""
        pending, now = self._pending, self._world.now
        if pending is None:
            return
        if now >= pending.ready([]) and not pending.announced:
            pending.announced = self.armed_event = True
        pending.triggers = self._foreseen(pending, now)
        pending.searched = now
        come = sum(trigger <= now for trigger in pending.triggers)
        if come > pending.told:
            pending.told, self.trigger_event = come, True
        if now >= pending.finish(pending.triggers):
            self._complete(pending)
            self._pending = None

    def wait(self) -> bool:
        """Let time pass until the acquisition is complete, or for as long as any client would wait; whether it is."""
        self.update()
        if self._pending is not None:
            wait_for(self._world, self._completion_due, deadline=self._world.now + PATIENCE)
            self.update()
        return self._pending is None

    def _completion_due(self, until: float) -> float | None:
        pending = self._pending
        if pending is None:
            return self._world.now
        finish = pending.finish(self._foreseen(pending, until))
        return finish if finish < math.inf else None

    def _foreseen(self, pending: _Pending[SettingsT], until: float) -> list[float]:
        """Return all triggers of an acquisition that come by then, if nothing intervenes."""
        triggers = list(pending.triggers)
        while len(triggers) < pending.shot.triggers:
            due = self._trigger_due(pending, pending.ready(triggers), until)
            if due is None or due > until:
                break
            triggers.append(due)
        return triggers

    def _trigger_due(self, pending: _Pending[SettingsT], ready: float, until: float) -> float | None:
        # What has passed is not looked through again, but for a little, so that no jump is missed at the seam.
        begin = max(ready, pending.searched - _SEAM)
        seen = None if pending.blind else self._passage(pending.shot, begin, until)
        patience = ready + AUTO_AFTER
        if pending.shot.auto and patience <= until:
            return patience if seen is None else min(seen, patience)
        return seen

    def _passage(self, shot: Shot, after: float, before: float) -> float | None:
        edge = trigger_edge(self._config, shot)
        return None if edge is None else first_passage(self._world, edge, after=after, before=before)

    def _complete(self, pending: _Pending[SettingsT], until: float = math.inf) -> None:
        self.completed_event = True
        taken = tuple(trigger for trigger in pending.triggers if trigger <= until)
        self._acquired = len(taken)
        if self._faults.strikes("stale_waveform") or not taken:
            return
        self.record = Record(
            settings=pending.settings,
            shot=pending.shot,
            number=pending.number,
            triggers=taken,
            until=until,
            clipped=self._faults.strikes("clipped"),
        )

    def refresh(self, settings: SettingsT) -> None:
        """While acquiring again and again, make the record that is on the screen now."""
        if self._since is None:
            return
        shot, now = settings.shot, self._world.now
        earliest = self._since + self.latency + max(shot.before, 0.0)
        latest = now - max(shot.after, 0.0)
        seen = self._passage(shot, max(earliest, latest - AUTO_AFTER), latest)
        trigger = latest if seen is None and shot.auto else seen
        if trigger is None or trigger < earliest:
            return
        self._number += 1
        self.record = Record(settings=settings, shot=shot, number=self._number, triggers=(trigger,))
