"""How the instruments are to look at a case, worked out from its stimulus and the bench's signals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rig.acquisition.capture import View
from rig.model.setup import DigitizerSetup, ScopeChannel, ScopeSetup, Trigger

if TYPE_CHECKING:
    from rig.bench.files import CurrentSignal, VoltageSignal
    from rig.model.stimulus import Stimulus
    from rig.sequencer.exposure import Exposure

__all__ = ["Views", "plan_views", "quiet_time", "widened"]

_QUIET = 0.1
_HEADROOM = 1.3
_WIDER = 2.5
_SCOPE_PERIODS = 2.5
_SCOPE_POINTS = 100_000
_LEAD = 0.01
_TAIL = 0.05
_TRIGGER_SHARE = 0.5
# Below this part of the full scale an edge trigger would fire on the oscilloscope's own noise.
_TRIGGER_FLOOR = 0.06
# V at the connector: an oscilloscope refuses ranges below its most sensitive one, and a stimulus of 0 mA asks for none.
_NARROWEST = 0.016


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """How to look at nothing (zero and idle), and how to look at the train."""

    quiet: View
    signal: View


def quiet_time(stimulus: Stimulus) -> float:
    """How long the output is looked at while nothing is asked of the device, s."""
    return max(_QUIET, _SCOPE_PERIODS * stimulus.period)


def plan_views(stimulus: Stimulus, exposure: Exposure, voltage: VoltageSignal, current: CurrentSignal) -> Views:
    """Choose ranges, windows and trigger for one case.

    The oscilloscope shows a few periods at high time resolution; the digitizer records the whole train with a quiet
    stretch on either side, so that no pulse is cut. The quiet view lasts at least two periods: a device that keeps
    pulsing cannot hide between two samples of silence.
    """
    scope = _scope_setup(stimulus, exposure, voltage)
    quiet = quiet_time(stimulus)
    whole = _LEAD + stimulus.train + _TAIL
    return Views(
        quiet=View(scope=scope, digitizer=_digitizer_setup(current, quiet)),
        signal=View(scope=scope, digitizer=_digitizer_setup(current, whole), lead=_LEAD, tail=_TAIL),
    )


def widened(view: View, voltage: VoltageSignal) -> View | None:
    """Return a view with a larger vertical range, after one that clipped; None where there is no larger one."""
    channels = dict(view.scope.channels)
    old = channels[voltage.channel]
    if old.full_scale >= voltage.full_scale:
        return None
    channels[voltage.channel] = replace(old, full_scale=min(_WIDER * old.full_scale, voltage.full_scale))
    return replace(view, scope=replace(view.scope, channels=channels))


def _digitizer_setup(current: CurrentSignal, duration: float) -> DigitizerSetup:
    return DigitizerSetup(
        channels={current.channel: current.half_range},
        rate=current.rate,
        samples=math.ceil(duration * current.rate),
    )


def _scope_setup(stimulus: Stimulus, exposure: Exposure, voltage: VoltageSignal) -> ScopeSetup:
    peak = exposure.voltage_peak
    full_scale = min(max(2 * _HEADROOM * peak, _NARROWEST * voltage.probe), voltage.full_scale)
    level = stimulus.polarity.sign * max(_TRIGGER_SHARE * peak, _TRIGGER_FLOOR * full_scale)
    return ScopeSetup(
        channels={voltage.channel: ScopeChannel(full_scale=full_scale, probe=voltage.probe)},
        window=max(_SCOPE_PERIODS * stimulus.period, 3 * stimulus.pulse_width),
        points=_SCOPE_POINTS,
        pretrigger=0.1,
        trigger=Trigger(channel=voltage.channel, level=level, slope=0),
    )
