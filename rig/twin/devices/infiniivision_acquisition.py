"""When an InfiniiVision oscilloscope arms, triggers and completes, and what its converters make of the world."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.devices.infiniivision_record import Record, words
from rig.twin.devices.infiniivision_settings import CHANNELS
from rig.twin.devices.trigger import Edge, first_passage, wait_for
from rig.twin.frontend import FrontEnd
from rig.twin.signal import Piecewise

if TYPE_CHECKING:
    import numpy.typing as npt

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.infiniivision_settings import Readout, Settings
    from rig.twin.faults import FaultPlan
    from rig.twin.world import World

__all__ = ["RUN", "WAIT_TRIGGER", "Acquisition", "Inputs", "physical_probe"]

RUN, WAIT_TRIGGER = 8, 32
"""Bits of the operation status condition register."""

# From the command to the begin of filling; so long the instrument still reports what it was before, s.
ARMING_LATENCY = 5e-3
# How long a trigger may stay away before AUTO makes do without, and how long the instrument works on a record, s.
AUTO_AFTER, PROCESSING = 40e-3, 1e-3
# How long a client's wait may last in the world's time before it is left without an answer, s.
PATIENCE = 30.0

_SEAM = 1e-7
_BANDWIDTH_LIMIT = 25e6
_LIMIT_TAU = 1.0 / (2.0 * math.pi * _BANDWIDTH_LIMIT)
_LIMIT_MEMORY = 1e-6


@dataclass(slots=True, kw_only=True)
class _Pending:
    """An acquisition that was asked for and is not complete; moments in s of the world's clock."""

    settings: Settings
    number: int
    armed: float
    ready: float
    blind: bool
    searched: float = -math.inf
    trigger: float | None = None
    announced: bool = False

    @property
    def finish(self) -> float:
        """When the record will be complete."""
        return math.inf if self.trigger is None else self.trigger + max(self.settings.after, 0.0) + PROCESSING


class Acquisition:
    """One acquisition at a time, single or again and again, followed lazily as the world's time passes."""

    def __init__(self, *, world: World, config: InstrumentConfig, faults: FaultPlan) -> None:
        self._world, self._config, self._faults = world, config, faults
        self._pending: _Pending | None = None
        self._since: float | None = world.now
        self._was_running = False
        self._number = 0
        self.record: Record | None = None
        self.armed_event = self.trigger_event = False
        self.latency = ARMING_LATENCY

    # --- commands -------------------------------------------------------------------------------------------------

    def single(self, settings: Settings) -> None:
        """Ask for one acquisition with these settings; it begins after the arming latency."""
        self.update()
        now = self._world.now
        self._was_running, self._since = bool(self.condition() & RUN), None
        self._number += 1
        armed = now + self.latency
        self._pending = _Pending(
            settings=settings,
            number=self._number,
            armed=armed,
            ready=armed + max(settings.before, 0.0),
            blind=self._faults.strikes("no_trigger"),
        )

    def run(self) -> None:
        """Acquire again and again."""
        self._pending, self._since = None, self._world.now

    def stop(self, settings: Settings) -> None:
        """End acquiring; a record that is under way is kept as far as it came, the rest of it being holes."""
        self.update()
        pending, now = self._pending, self._world.now
        if pending is not None and pending.trigger is not None and pending.trigger <= now:
            self._complete(pending, until=now)
        self.refresh(settings)
        self._pending, self._since = None, None

    def force(self) -> None:
        """Take the present moment for the trigger, or the end of the pre-trigger fill if that is later."""
        self.update()
        if self._pending is not None and self._pending.trigger is None:
            self._pending.trigger = max(self._world.now, self._pending.ready)

    def clear_events(self) -> None:
        """Forget what the event registers hold."""
        self.update()
        self.armed_event = self.trigger_event = False

    # --- what has become of it ------------------------------------------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether a single acquisition is not complete yet."""
        self.update()
        return self._pending is not None

    def condition(self) -> int:
        """The operation status condition register; the old state until the instrument has truly begun."""
        self.update()
        pending, now = self._pending, self._world.now
        if pending is None:
            return 0 if self._since is None else RUN
        if now < pending.armed:
            return RUN if self._was_running else 0
        return RUN | (WAIT_TRIGGER if pending.trigger is None and now >= pending.ready else 0)

    def update(self) -> None:
        """Let happen what is due by now."""
        pending, now = self._pending, self._world.now
        if pending is None:
            return
        if now >= pending.ready and not pending.announced:
            pending.announced = self.armed_event = True
        due = self._trigger_due(pending, now)
        pending.searched = now
        if due is not None and due <= now:
            pending.trigger = due
            self.trigger_event = True
        if now >= pending.finish:
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
        trigger = self._trigger_due(pending, until)
        return None if trigger is None else trigger + max(pending.settings.after, 0.0) + PROCESSING

    def _trigger_due(self, pending: _Pending, until: float) -> float | None:
        if pending.trigger is not None:
            return pending.trigger
        # What has passed is not looked through again, but for a little, so that no jump is missed at the seam.
        begin = max(pending.ready, pending.searched - _SEAM)
        seen = None if pending.blind else self._passage(pending.settings, begin, until)
        patience = pending.ready + AUTO_AFTER
        if pending.settings.sweep == "AUTO" and patience <= until:
            return patience if seen is None else min(seen, patience)
        return seen

    def _passage(self, settings: Settings, after: float, before: float) -> float | None:
        edge = trigger_edge(self._config, settings)
        return None if edge is None else first_passage(self._world, edge, after=after, before=before)

    def _complete(self, pending: _Pending, until: float = math.inf) -> None:
        if self._faults.strikes("stale_waveform") or pending.trigger is None:
            return
        self.record = Record(
            settings=pending.settings,
            number=pending.number,
            trigger=pending.trigger,
            until=until,
            clipped=self._faults.strikes("clipped"),
        )

    def refresh(self, settings: Settings) -> None:
        """While acquiring again and again, make the record that is on the screen now."""
        if self._since is None:
            return
        now = self._world.now
        earliest = self._since + self.latency + max(settings.before, 0.0)
        latest = now - max(settings.after, 0.0)
        seen = self._passage(settings, max(earliest, latest - AUTO_AFTER), latest)
        trigger = latest if seen is None and settings.sweep == "AUTO" else seen
        if trigger is None or trigger < earliest:
            return
        self._number += 1
        self.record = Record(settings=settings, number=self._number, trigger=trigger)


def physical_probe(config: InstrumentConfig, number: int) -> float:
    """The attenuation of the probe that is really there: 10:1 where high voltage is looked at, else a plain cable."""
    return 10.0 if config.inputs.get(str(number)) in {"voltage", "output_voltage"} else 1.0


def trigger_edge(config: InstrumentConfig, settings: Settings) -> Edge | None:
    """What the trigger waits for in the world; None when nothing is connected to its source."""
    number = settings.trigger_channel
    node = config.inputs.get(str(number))
    if node is None:
        return None
    channel = settings.channels[number]
    gain = channel.probe / physical_probe(config, number) * (-1.0 if channel.invert else 1.0)
    slope = settings.trigger_slope if gain > 0 else -settings.trigger_slope
    return Edge(node=node, level=settings.trigger_levels.get(number, 0.0) / gain, slope=slope)


class Inputs:
    """The four inputs with their true errors."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self._config, self._world = config, world
        self._ends = {
            number: FrontEnd(config, seed=seed, instrument=name, channel=str(number))
            for number in range(1, CHANNELS + 1)
        }

    def words(self, record: Record, readout: Readout) -> npt.NDArray[np.uint16]:
        """The samples of one channel of a record as unsigned left-justified words, special codes included."""
        settings, number = record.settings, readout.source
        channel, end = settings.channels[number], self._ends[number]
        stride = readout.stride(settings.depth)
        n, interval = settings.depth // stride, stride / settings.sample_rate
        start = record.trigger - settings.before * end.timebase
        digitized = end.digitize(
            self._signal(settings, number, end.span(start, interval, n)),
            start=start,
            interval=interval,
            n=n,
            full_scale=channel.full_scale,
            offset=channel.offset,
            bits=settings.bits,
            acquisition=record.number,
        )
        low, high = digitized.clipped_low, digitized.clipped_high
        if record.clipped:
            reach = np.abs(digitized.codes)
            rail = reach >= max(1, int(reach.max(initial=0)) // 2)
            low, high = low | (rail & (digitized.codes < 0)), high | (rail & (digitized.codes >= 0))
        holes = np.arange(n) * interval > record.until - start
        return words(digitized.codes, settings.bits, clipped_low=low, clipped_high=high, holes=holes)

    def _signal(self, settings: Settings, number: int, span: tuple[float, float]) -> Piecewise:
        node, channel = self._config.inputs.get(str(number)), settings.channels[number]
        begin = span[0] - (_LIMIT_MEMORY if channel.bandwidth_limit else 0.0)
        if node is None:
            return Piecewise.level(0.0, begin, span[1])
        gain = channel.probe / physical_probe(self._config, number) * (-1.0 if channel.invert else 1.0)
        signal = self._world.signal(node, begin, span[1]) * gain
        return signal.low_passed(_LIMIT_TAU) if channel.bandwidth_limit else signal
