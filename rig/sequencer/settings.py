"""How the instruments are to look at a case, worked out from its stimulus and the bench's signals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rig.acquisition.capture import View
from rig.analysis.catalogue import CATALOGUE, Needs
from rig.model.setup import DigitizerSetup, ScopeChannel, ScopeSetup, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rig.model.limit import Limit
    from rig.model.stimulus import Stimulus
    from rig.sequencer.exposure import Exposure
    from rig.sequencer.ranges import Ranges

__all__ = [
    "Views",
    "plan_views",
    "quiet_time",
    "quiet_view",
    "ranged",
    "room_for",
    "scout_train",
    "scout_view",
    "slowest_stop",
    "widened",
]

_QUIET = 0.1
_SCOPE_PERIODS = 2.5
_SCOPE_POINTS = 100_000
_SCOUT_POINTS = 10_000
_ALL_POINTS = 1_000_000
_LEAD = 0.01
_TAIL = 0.05
_SILENT_PERIODS = 3.0
# One period holds a pulse; a shorter train than this might end before a device's first pulse has come, s.
_SHORTEST_SCOUT = 0.02
_TRIGGER_SHARE = 0.5
# Below this part of the full scale an edge trigger would fire on the oscilloscope's own noise.
_TRIGGER_FLOOR = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """How to look at nothing (zero and idle), and how to look at the train.

    ``held`` is the peak that the oscilloscope's range was chosen to hold, V at the load.
    """

    quiet: View
    signal: View
    held: float

    def with_signal(self, view: View) -> Views:
        """Return the views for other ranges: what is quiet is looked at as the train is, or no zero would hold."""
        digitizer = replace(self.quiet.digitizer, channels=view.digitizer.channels)
        return replace(self, quiet=replace(self.quiet, scope=view.scope, digitizer=digitizer), signal=view)


def room_for(limits: Iterable[Limit], exposure: Exposure) -> float:
    """Return the voltage that the oscilloscope must hold whatever load an event brings, V.

    Where no limit speaks of a voltage that is none: it shows the first load closely then, and may clip with another.
    """
    asked = [CATALOGUE[one.measurand].signal for one in limits if one.measurand in CATALOGUE]
    return exposure.voltage_peak if Needs.VOLTAGE in asked else 0.0


def slowest_stop(limits: Iterable[Limit]) -> float:
    """Return how long a device may take to stop, as far as any limit says, s."""
    bounds = (one.interval.upper for one in limits if one.measurand == "stop_time")
    return max((bound for bound in bounds if math.isfinite(bound)), default=0.0)


def quiet_time(stimulus: Stimulus) -> float:
    """How long the output is looked at while nothing is asked of the device, s."""
    return max(_QUIET, _SCOPE_PERIODS * stimulus.period)


def quiet_view(ranges: Ranges) -> View:
    """Look at an output of which nothing is asked, as closely as the bench can."""
    full_scale = ranges.full_scale(0.0)
    scope = ScopeSetup(channels=_scope_channel(ranges, full_scale), window=_QUIET, points=_SCOPE_POINTS)
    return View(scope=scope, digitizer=_digitizer_setup(ranges, ranges.half_range(0.0), _QUIET))


def plan_views(
    stimulus: Stimulus,
    exposure: Exposure,
    ranges: Ranges,
    *,
    room: float = 0.0,
    shown: float | None = None,
    stops_within: float = 0.0,
    beyond: float = 0.0,
) -> Views:
    """Choose ranges, windows and trigger for one case, for the peaks that its settings let expect.

    The oscilloscope shows a few periods at high time resolution; the digitizer records the whole train with a quiet
    stretch on either side, so that no pulse is cut. The quiet view lasts at least two periods: a device that keeps
    pulsing cannot hide between two samples of silence.

    Where something happens during the train the oscilloscope shows so many seconds of it, ``shown``, with all the
    points it has and with ``room`` for a voltage (V) that another load may bring. A device that may take so long to
    stop, ``stops_within`` (s), is looked at until no other pulse of its train could be hidden behind the end; and
    ``beyond`` s after its train in any case, for what it may do as it starts anew.
    """
    held = max(exposure.voltage_peak, room)
    full_scale = ranges.full_scale(held)
    half_range = ranges.half_range(exposure.reached)
    scope = _scope_setup(stimulus, exposure.voltage_peak, full_scale, ranges)
    if shown is not None:
        scope = replace(scope, window=shown + _TAIL, points=_ALL_POINTS, pretrigger=0.0)
    tail = max(_TAIL, beyond, stops_within + _SILENT_PERIODS * stimulus.period if stops_within else 0.0)
    duration = _LEAD + stimulus.train + tail
    return Views(
        quiet=View(scope=scope, digitizer=_digitizer_setup(ranges, half_range, quiet_time(stimulus))),
        signal=View(scope=scope, digitizer=_digitizer_setup(ranges, half_range, duration), lead=_LEAD, tail=tail),
        held=held,
    )


def ranged(
    views: Views, stimulus: Stimulus, ranges: Ranges, *, voltage: float, current: float, room: float = 0.0
) -> Views:
    """Return the same views with the smallest ranges that hold these peaks, V and A at the load.

    ``room`` is a voltage that may come later, V: the range holds it, the trigger does not wait for it.
    """
    view = views.signal
    chosen = _scope_setup(stimulus, voltage, ranges.full_scale(max(voltage, room)), ranges)
    scope = replace(view.scope, channels=chosen.channels, trigger=chosen.trigger)
    digitizer = replace(view.digitizer, channels={ranges.current.channel: ranges.half_range(current)})
    return views.with_signal(replace(view, scope=scope, digitizer=digitizer))


def scout_train(stimulus: Stimulus) -> float:
    """How long a scout lasts, s: one period, and never longer than the case's own train."""
    return min(stimulus.train, max(stimulus.period, _SHORTEST_SCOUT))


def scout_view(stimulus: Stimulus, exposure: Exposure, ranges: Ranges) -> View:
    """Look at a scout with all the room there is: the digitizer in its widest range, the oscilloscope in a wide one.

    Sixteen bits show a peak well enough in any range; the oscilloscope's would not trigger on a small signal in its
    widest. ``stimulus`` is the scout's own.
    """
    peak = ranges.scout_peak(exposure.voltage_peak)
    scope = _scope_setup(stimulus, 0.0, ranges.full_scale(peak), ranges)
    scope = replace(scope, points=_SCOUT_POINTS)
    whole = _LEAD + stimulus.train + _TAIL
    return View(scope=scope, digitizer=_digitizer_setup(ranges, ranges.half_ranges[-1], whole), lead=_LEAD, tail=_TAIL)


def widened(view: View, stimulus: Stimulus, ranges: Ranges, clipped: frozenset[str], *, last: bool) -> View | None:
    """Return a view with more room for the signals that clipped; None where there is no more.

    The ``last`` time there is all that the instrument has.
    """
    number, name = ranges.voltage.channel, ranges.current.channel
    full_scale, half_range = view.scope.channels[number].full_scale, view.digitizer.channels[name]
    wider_scale = ranges.wider_full_scale(full_scale, last=last) if "voltage" in clipped else full_scale
    wider_range = ranges.wider_half_range(half_range, last=last) if "current" in clipped else half_range
    if wider_scale <= full_scale and wider_range <= half_range:
        return None
    trigger = view.scope.trigger
    level = 0.0 if trigger is None else abs(trigger.level)
    return replace(
        view,
        scope=replace(
            view.scope,
            channels={number: replace(view.scope.channels[number], full_scale=wider_scale)},
            trigger=_trigger(stimulus, level, wider_scale, ranges),
        ),
        digitizer=replace(view.digitizer, channels={name: wider_range}),
    )


def _digitizer_setup(ranges: Ranges, half_range: float, duration: float) -> DigitizerSetup:
    current = ranges.current
    return DigitizerSetup(
        channels={current.channel: half_range}, rate=current.rate, samples=math.ceil(duration * current.rate)
    )


def _scope_setup(stimulus: Stimulus, peak: float, full_scale: float, ranges: Ranges) -> ScopeSetup:
    return ScopeSetup(
        channels=_scope_channel(ranges, full_scale),
        window=max(_SCOPE_PERIODS * stimulus.period, 3 * stimulus.pulse_width),
        points=_SCOPE_POINTS,
        pretrigger=0.1,
        trigger=_trigger(stimulus, _TRIGGER_SHARE * peak, full_scale, ranges),
    )


def _scope_channel(ranges: Ranges, full_scale: float) -> Mapping[int, ScopeChannel]:
    entry = ranges.voltage
    channel = ScopeChannel(full_scale=full_scale, probe=entry.probe, bandwidth_limit=entry.bandwidth_limit)
    return {entry.channel: channel}


def _trigger(stimulus: Stimulus, level: float, full_scale: float, ranges: Ranges) -> Trigger:
    level = stimulus.polarity.sign * max(level, _TRIGGER_FLOOR * full_scale)
    return Trigger(channel=ranges.voltage.channel, level=level, slope=0)
