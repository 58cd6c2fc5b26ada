"""Between two blocks of samples: the limits are looked at, the guard is asked, and its permission is renewed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rig.acquisition.correct import correct
from rig.analysis.catalogue import CATALOGUE
from rig.guard.watch import HardLimits, Watch
from rig.model.happening import Action
from rig.model.judgement import DecisionRule
from rig.model.limit import Interval, Limit
from rig.model.measurement import Measurement, NotMeasured, Window
from rig.units import format_quantity
from rig.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rig.bench.device_file import Ratings
    from rig.guard.watch import Crossing
    from rig.model.happening import Happening
    from rig.model.judgement import Judgement
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform
    from rig.plan.case import Ceiling
    from rig.sequencer.guarded import Guardian

__all__ = ["LIVE_WATCH", "PERMIT", "Ended", "LiveWatch", "clips", "ended_by", "hard_limits"]

PERMIT: Final = 10.0
"""For so long the guard's permission holds when it is not renewed, s: a run that hangs lets it end."""

LIVE_WATCH: Final = "the live watch"
"""Where a hard limit comes from that was crossed while current flowed."""

_ENDED: Final = "the live watch ended the train"
_RENEW = 2.0
# So many changes of a block's length are put on record: they take place when a word to the device is due.
_MOST_CHANGES = 20_000
# A phase ten times as long as was set is none any more, and nothing shorter than this is worth a trip, s.
_STUCK, _SHORTEST_STUCK = 10.0, 0.01
# A train may be so much longer than was set before it counts as one that does not end, s.
_OVERTIME = 1.0
# A device at its largest setting may deliver this much of it; more is no tolerance of its output stage any more.
_TOLERANCE = 1.2
_COVERAGE = 2.0
# The last pulse may have begun just before the stop; and of a train that has ended no pulse comes for so many periods.
_WIDTHS, _SILENT = 2.0, 1.25
_REST = 0.05
_CEILINGS = {
    "current_peak": "current_peak",
    "current_rms": "rms_current",
    "charge_per_phase": "charge_per_phase",
    "dc_current": "dc_current",
    "on_time": "exposure",
}


def hard_limits(stimulus: Stimulus, ceiling: Ceiling, ratings: Ratings) -> HardLimits:
    """Return what trips while a stimulus is delivered: the lower of the plan's ceiling and the device's rating.

    A current that flows in one direction ten times as long as a phase was set to, or pulses that go on for a second
    after they should have ended, trip as well, whatever the plan says: the device is stuck.
    """
    stuck = max(_STUCK * stimulus.phase_duration, _SHORTEST_STUCK)
    return HardLimits(
        current_peak=_lower(ceiling.current_peak, _rated(ratings.current)),
        dc_current=ceiling.dc_current,
        current_rms=_lower(ceiling.rms_current, _rated(ratings.rms_current)),
        charge_per_phase=_lower(ceiling.charge_per_phase, _rated(ratings.charge_per_phase)),
        phase_duration=_lower(stuck, _rated(ratings.phase_duration)),
        on_time=_lower(ceiling.exposure, stimulus.train + _OVERTIME),
        rest=_REST * stimulus.amplitude,
    )


def _rated(rating: float | None) -> float | None:
    """Return how far above a rating is too much.

    >>> _rated(0.022)  # and not 0.026399999999999996, which a report would show
    0.0264
    """
    return None if rating is None else float(f"{_TOLERANCE * rating:.12g}")


def _lower(*bounds: float | None) -> float | None:
    return min((one for one in bounds if one is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What is found of a train that was cut off at a hard limit: the judgement of that limit, and no other value."""

    doubt: str
    outcomes: Mapping[str, Outcome]
    judgement: Judgement


def ended_by(crossing: Crossing, ceiling: Ceiling, capture: str) -> Ended:
    """Judge a hard limit that was crossed while current flowed; nothing else of such a train is measured."""
    seen = _found(crossing, capture)
    unmeasured = {name: NotMeasured(measurand=name, reason=_ENDED) for name in CATALOGUE}
    return Ended(
        doubt=f"{_ENDED}: {crossing}",
        outcomes={**unmeasured, seen.measurand: seen},
        judgement=judge(seen, _crossed(crossing, ceiling), DecisionRule.GUARDED),
    )


def _found(crossing: Crossing, capture: str) -> Measurement:
    """Return what crossed a limit as a measurement, with what the bench itself may have been wrong by."""
    u = crossing.allowance / _COVERAGE
    return Measurement(
        measurand=crossing.measurand,
        value=crossing.value,
        unit=crossing.unit,
        minimum=crossing.value,
        maximum=crossing.value,
        standard_uncertainty=u,
        single_uncertainty=u,
        window=Window(start=crossing.at, stop=crossing.at, description="the moment at which the live watch tripped"),
        origin=(capture, "current", "live watch"),
    )


def _crossed(crossing: Crossing, ceiling: Ceiling) -> Limit:
    """Return the hard limit as a limit that a measurand is judged against, and say whose it is."""
    asked = _CEILINGS.get(crossing.limit)
    own = asked is not None and getattr(ceiling, asked) == crossing.ceiling
    whose = f"{'the plan' if own else 'the rig'}'s ceiling on {crossing.limit.replace('_', ' ')}"
    text = f"at most {format_quantity(crossing.ceiling, crossing.unit)}: {whose}"
    upper = Interval(upper=crossing.ceiling)
    return Limit(measurand=crossing.measurand, interval=upper, unit=crossing.unit, text=text, source=LIVE_WATCH)


class LiveWatch:
    """What is asked after every block of a train.

    Parameters
    ----------
    stop : ends the train, because its samples clip: how much flows is not known then, in a wider range it will be
    make_safe : ends the current: called at once when a limit is crossed or the guard has tripped
    now : the computer's seconds, which the guard's permission is counted in
    """

    def __init__(
        self,
        limits: HardLimits,
        path: SignalPath,
        guardian: Guardian,
        *,
        stop: Callable[[], object],
        make_safe: Callable[[], object],
        now: Callable[[], float],
    ) -> None:
        self._watch, self.path, self._guardian = Watch(limits, path), path, guardian
        self._stop, self._make_safe, self._now = stop, make_safe, now
        self._renewed = now()
        self.crossing: Crossing | None = None
        self.clipped = False
        self._begin, self._looked_at = 0.0, 0
        self._blocks: list[tuple[int, int]] = []

    @property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """What was looked at: so many blocks, of so many samples each; nothing if that changed too often to be kept."""
        return tuple(self._blocks) if len(self._blocks) < _MOST_CHANGES else ()

    def look(self, block: Waveform) -> bool:
        """Whether the train may go on; otherwise the current has been ended."""
        begun = self._now()
        if self._guardian.tripped:
            self._make_safe()
            return False
        self.crossing = self._watch.look(self._placed(correct(block, self.path)))
        if self.crossing is not None:
            # The contact first, and by somebody else: the stimulator's own line may take a second to time out.
            self._guardian.trip(str(self.crossing))
            self._make_safe()
            return False
        if clips(block):
            self.clipped = True
            self._stop()
            return False
        if begun - self._renewed > _RENEW:
            self._guardian.renew()
            self._renewed = begun
        return True

    def _placed(self, block: Waveform) -> Waveform:
        """Note a block, and give it the time that its place among the samples has: that can be told again later."""
        if not self._looked_at:
            self._begin = block.start
        placed = replace(block, start=self._begin + self._looked_at * block.interval)
        self._looked_at += len(block)
        if self._blocks and self._blocks[-1][1] == len(block):
            self._blocks[-1] = self._blocks[-1][0] + 1, len(block)
        elif len(self._blocks) < _MOST_CHANGES:
            self._blocks.append((1, len(block)))
        return placed

    @property
    def has_flowed(self) -> bool:
        """Whether any current was seen."""
        return self._watch.last is not None

    def flows_on(self, happenings: Sequence[Happening], end: float, stimulus: Stimulus) -> bool:
        """Whether pulses go on at the ``end`` of a capture (s, on its axis) though the train was stopped in it."""
        stops = [one.ended for one in happenings if one.action is Action.STOP]
        last = self._watch.last
        if not stops or last is None:
            return False
        return last > max(stops) + _WIDTHS * stimulus.pulse_width and end - last < _SILENT * stimulus.period

    def at_rest(self, now: float, quiet: float) -> bool:
        """Whether nothing has flowed for the last ``quiet`` s before ``now``, s on the capture's time axis."""
        return self._watch.last is None or now - self._watch.last >= quiet


def clips(block: Waveform) -> bool:
    """Whether any sample lies at or beyond the instrument's rails."""
    if block.rails is None or not len(block):
        return False
    low, high = block.rails
    return bool(block.samples.min() <= low or block.samples.max() >= high)
