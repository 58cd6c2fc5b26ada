"""One attempt at one case: connect, look at nothing, stimulate, measure, judge; and what was seen on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.acquisition.capture import Instruments, View, capture_quiet, capture_stimulus
from rig.acquisition.delivery import BLOCK
from rig.analysis.catalogue import CATALOGUE
from rig.bench.paths import signal_path
from rig.errors import BenchError, InterlockTripped
from rig.evidence.record import MadeSafeEntry, RangeEntry, SafetyStepEntry
from rig.model.measurement import NotMeasured
from rig.model.waveform import Purpose
from rig.plan.case import Ranging
from rig.sequencer.eventful import Eventful
from rig.sequencer.examine import residual_current
from rig.sequencer.exposure import AT_REST
from rig.sequencer.happened import is_held
from rig.sequencer.keeping import Keeping
from rig.sequencer.live import PERMIT, LiveWatch, ended_by, hard_limits
from rig.sequencer.metering import METERED, Metered, compare_metered, metering, refuse_disagreement
from rig.sequencer.scout import read_scout
from rig.sequencer.settings import ranged, room_for, scout_train, scout_view, widened
from rig.sequencer.worth import bound_outcomes, doubt_about, examine_case, judge_what_came
from rig.units import Unit
from rig.verdict.judge import judge, judge_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rig.bench.build import Bench, SafetyStep
    from rig.bench.device_file import Ratings
    from rig.evidence.record import CaptureEntry, ChosenFor, DeliveryEntry, MeteredEntry, OutputOffEntry
    from rig.evidence.store import Bundle
    from rig.guard.watch import Crossing
    from rig.model.judgement import DecisionRule, Judgement
    from rig.model.limit import Limit
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.plan.case import Ceiling
    from rig.sequencer.agreement import Agreement
    from rig.sequencer.examine import Corrected, Findings
    from rig.sequencer.guarded import Guardian
    from rig.sequencer.happened import Happened
    from rig.sequencer.metering import Metering
    from rig.sequencer.resolve import ResolvedCase
    from rig.sequencer.settings import Views

__all__ = ["SCOUTING", "CaseWork"]

SCOUTING = "reading the scout"
"""The stage in which a scout is held against what must not be exceeded."""


class CaseWork:
    """What was done, captured, measured and judged in one case so far; it grows until the case is recorded.

    ``doubt`` is why nothing of this case can be a PASS, whatever was judged: its load was never verified, or its train
    was ended before its time. ``unjudged`` says that a train broke off and what had come of it could not be judged:
    then it must not be tried again. ``crossing`` is the hard limit that ended it.
    """

    def __init__(
        self,
        plan: str,
        case_id: str,
        *,
        attempt: int = 1,
        bench: Bench,
        bundle: Bundle,
        rule: DecisionRule,
        guardian: Guardian,
        ratings: Ratings,
        now: Callable[[], float],
        block: float = BLOCK,
    ) -> None:
        self.attempt = attempt
        self.plan, self.id, self.bench, self.bundle, self.rule = plan, case_id, bench, bundle, rule
        self.guardian, self._ratings, self._now, self._block = guardian, ratings, now, block
        self.stage = "preparing"
        self.load: Load | None = None
        self.asked: Stimulus | None = None
        self.views: Views | None = None
        self.realised: Stimulus | None = None
        self._keeping = Keeping(bundle, bench.definition)
        self.outcomes: dict[str, Outcome] = {}
        self.during: dict[tuple[str, str], Sequence[Outcome]] = {}
        self.judgements: list[Judgement] = []
        self._during: Mapping[tuple[str, str], Sequence[Outcome]] = {}
        self._clipped = False
        self.doubt = ""
        self.deliveries: list[DeliveryEntry] = []
        self.crossing: Crossing | None = None
        self.unjudged = False
        self._electrode_area: float | None = None
        self.made_safe: list[MadeSafeEntry] = []
        self.agreements: tuple[Agreement, ...] = ()
        self.metered: MeteredEntry | None = None
        self._reading: Metered | NotMeasured | None = None
        self.ranges: tuple[RangeEntry, ...] = ()
        self._zero: Corrected | None = None
        self._zero_ranges: Mapping[str, float] = {}

    @property
    def instruments(self) -> Instruments:
        """The bench's roles, as captures need them."""
        bench, definition = self.bench, self.bench.definition
        if bench.oscilloscope is None or bench.digitizer is None or not (definition.voltage and definition.current):
            raise BenchError(f"{definition.id}: a case needs both an oscilloscope and a digitizer")
        return Instruments(
            oscilloscope=bench.oscilloscope,
            digitizer=bench.digitizer,
            clock=bench.clock,
            voltage_channel=definition.voltage.channel,
            current_channel=definition.current.channel,
            block=self._block,
        )

    def perform(self, resolved: ResolvedCase, *, electrode_area: float | None) -> None:
        """Do everything that a plan's case asks for."""
        if resolved.case.zero and resolved.case.ranging is Ranging.EXPECTED:
            self.take_zero(resolved.views)
        self.connect(resolved.load)
        self.stimulate(resolved, electrode_area=electrode_area)
        self.judge(resolved.limits)

    def take_zero(self, views: Views) -> None:
        """Capture with every relay open: what is seen then is the bench's own, not a device that leaks while off."""
        self.stage = "taking the zero capture"
        self.bench.load_switch.open_all()
        self._zero, self._zero_ranges = self._look(Purpose.ZERO, views), dict(views.quiet.digitizer.channels)

    def connect(self, load: Load) -> None:
        """Connect a load, the output being off."""
        self.stage = f"connecting {load.name}"
        self.bench.select_load(load.name)
        self.load = load

    def stimulate(self, resolved: ResolvedCase, *, electrode_area: float | None) -> Mapping[str, Outcome]:
        """Deliver a case's stimulus into the connected load, capture it, and measure all that can be measured of it.

        What clipped is kept as evidence and never measured: the stimulus is delivered again with more room, twice at
        most. Where the scout shows that the case must not go on, nothing is measured, for that reason.

        Raises
        ------
        InterlockTripped
            if a hard limit was crossed in this case before: a test in Python may ask for more, and gets none
        """
        case = resolved.case
        if self.crossing is not None:
            raise InterlockTripped(self.doubt)
        if self.load is None:
            raise BenchError(f"{self.id}: no load has been connected")
        self.asked, self._electrode_area = case.stimulus, electrode_area
        self._choose(resolved.views, resolved.views.held, resolved.exposure.reached, "expected peak")
        if case.ranging is Ranging.SCOUT and not self._scout(resolved):
            return self.outcomes
        found = self._deliver(resolved, self.load, electrode_area)
        for last in (False, True):
            if found is None:
                return self.outcomes
            view = self._views.signal
            wider = widened(view, case.stimulus, resolved.ranges, found.findings.clipped, last=last)
            if wider is None:
                break
            self._choose(self._views.with_signal(wider), None, None, "clipped capture")
            found = self._deliver(resolved, self.load, electrode_area)
        if found is None:
            return self.outcomes
        self.outcomes.update(found.findings.outcomes)
        self.agreements, self._during = found.findings.agreements, found.during
        self.stage = "verifying the load"
        self.doubt = doubt_about(found, case, self.load, clipped=self._clipped) or self.doubt
        if self.metered is not None:
            self.stage = "comparing with the multimeter"
            refuse_disagreement(self.metered)
        return found.findings.outcomes

    def _scout(self, resolved: ResolvedCase) -> bool:
        """Deliver the least there is of a stimulus, choose ranges by what it shows, and say whether to go on."""
        stimulus = resolved.case.stimulus
        piece = replace(stimulus, train=scout_train(stimulus))
        self.stage = "scouting"
        view = scout_view(piece, resolved.exposure, resolved.ranges)
        scout = self._capture_stimulus(Purpose.SCOUT, piece, view, resolved)
        self._keeping.note(scout.capture.notes)
        if self.crossing is not None:
            return False
        self.stage = SCOUTING
        scouted = read_scout(scout, piece, resolved)
        if scouted.stop:
            self.doubt = scouted.stop
            self.judgements.extend(scouted.judgements)
            self.outcomes.update({name: NotMeasured(measurand=name, reason=scouted.stop) for name in CATALOGUE})
            return False
        voltage, current, room = scouted.voltage, scouted.current, 0.0
        if resolved.case.events:  # another load may show more than the one that was scouted
            current = max(current, resolved.exposure.reached)
            room = room_for(resolved.limits, resolved.exposure)
        found = ranged(self._views, stimulus, resolved.ranges, voltage=voltage, current=current, room=room)
        self._choose(found, max(voltage, room), current, "expected peak" if room > voltage else "scouted peak")
        return True

    def _deliver(self, resolved: ResolvedCase, load: Load, electrode_area: float | None) -> Happened | None:
        """Stimulate once, and measure what was seen; nothing where the live watch ended it."""
        views, stimulus = self._views, resolved.case.stimulus
        if resolved.case.zero and self._zero_for(views) is None:
            self.take_zero(views)
            self.connect(load)
        signal = self._capture_stimulus(Purpose.SIGNAL, stimulus, views.signal, resolved)
        if self.crossing is not None:
            return None
        self.stage = "measuring"
        found = self._examined(signal, resolved, load, electrode_area)
        self._keeping.note((*signal.capture.notes, *found.findings.defects))
        self._compare_metered(signal, found.findings)
        return found

    def _compare_metered(self, signal: Corrected, findings: Findings) -> None:
        """Hold what the multimeter has read against the samples, where it has."""
        self.metered, reading = None, self._reading
        if isinstance(reading, NotMeasured):
            self.outcomes[METERED] = reading
        elif reading is not None:
            fit = not any(one.startswith("current: ") for one in findings.defects)
            found, self.metered = compare_metered(reading, signal, self._zero_for(self._views), fit=fit)
            self.outcomes[METERED] = found

    def _judge_what_came(self, kept: Corrected, resolved: ResolvedCase) -> None:
        """Judge the phases that a broken capture shows."""
        load = self.load or resolved.load
        failed, self.unjudged = judge_what_came(
            resolved, lambda: self._examined(kept, resolved, load, self._electrode_area)
        )
        self.judgements.extend(failed)

    def _examined(
        self, signal: Corrected, resolved: ResolvedCase, load: Load, electrode_area: float | None
    ) -> Happened:
        """Measure a capture; where something happened in it, or is asked in time, also what followed what was done."""
        return examine_case(
            signal,
            self._zero_for(self._views),
            resolved,
            load=load,
            loads=self.bench.loads,
            paths=lambda name: self._paths(self.bench.loads[name]),
            electrode_area=electrode_area,
        )

    def _paths(self, load: Load) -> Mapping[str, SignalPath]:
        """Return the ways of both signals, as they are looked at, with a load connected."""
        view, definition = self._views.signal, self.bench.definition
        return {
            "current": signal_path(definition, "current", view.digitizer, load),
            "voltage": signal_path(definition, "voltage", view.scope, load),
        }

    def _zero_for(self, views: Views) -> Corrected | None:
        """Return the zero capture if it was taken in these ranges: it holds for no others."""
        return self._zero if self._zero_ranges == views.quiet.digitizer.channels else None

    def _capture_stimulus(self, purpose: Purpose, stimulus: Stimulus, view: View, resolved: ResolvedCase) -> Corrected:
        """Set and deliver a stimulus with the guard's permission, and keep what both instruments saw of it.

        Raises
        ------
        RigError
            what broke the capture, after its samples were kept
        """
        stage = self.stage
        self.stage = "setting the stimulus"
        realised = self.bench.stimulator.prepare(stimulus)
        if purpose is Purpose.SIGNAL:
            self.realised = realised
        self.stage = stage if purpose is Purpose.SCOUT else "stimulating"
        watch = self._live_watch(realised, view, resolved)
        meter = self._metering(purpose, realised, view, resolved)
        eventful = Eventful(self.bench, self.load, resolved.case.events if purpose is Purpose.SIGNAL else ())
        capture_id = self._capture_id(purpose.value)
        train = eventful.train(realised.train, watch=watch, endless=resolved.case.endless)
        seen = capture_stimulus(
            capture_id,
            train if meter is None else meter.joined(train),
            view,
            self.instruments,
            permission=self.guardian.energised(resolved.exposure.intent, PERMIT),
            watcher=watch,
            sink=self._keeping.sink(
                capture_id, purpose, view.digitizer.samples, held=is_held(resolved.case, resolved.limits)
            ),
            purpose=purpose,
        )
        self._clipped = watch.clipped
        ended, broke = seen.stopped and not watch.clipped, seen.broken is not None
        end = view.digitizer.samples / view.digitizer.rate
        if broke or ended or watch.flows_on(seen.capture.happenings, end, realised):
            self.make_safe()  # first: what follows only writes down what was
        kept, self.crossing = self._keeping.keep(seen, self.load), watch.crossing
        if purpose is Purpose.SIGNAL and (zero := self._zero_for(self._views)) is not None:
            self._keeping.against(zero.capture.id)
        if broke or ended:
            self._keeping.watched(watch, realised, kept)
            self._keeping.note(seen.capture.notes)
        if self.crossing is not None:  # whatever else broke: a device that was seen to give too much has failed
            self._judge_crossing(self.crossing, resolved.case.ceiling, kept.capture.id)
        if seen.broken is not None:
            if purpose is Purpose.SIGNAL and watch.has_flowed and self.crossing is None:
                self._judge_what_came(kept, resolved)
            raise seen.broken
        eventful.restore()
        self._picture(purpose)
        if ended and self.crossing is None:
            raise InterlockTripped(self.guardian.tripped or "the train was ended")
        if meter is not None and not seen.stopped:  # the current has ended: now there is time to wait for it
            self._reading = meter.fetch(seen.capture.happenings)
        return kept

    def _picture(self, purpose: Purpose) -> None:
        voltage = self.bench.definition.voltage
        if purpose is Purpose.SIGNAL and voltage is not None and voltage.screenshot:
            self._keeping.picture(self.instruments.oscilloscope.screenshot)

    def _judge_crossing(self, crossing: Crossing, ceiling: Ceiling, capture: str) -> None:
        """Judge the hard limit that was crossed; nothing else of a train that was cut off is measured."""
        found = ended_by(crossing, ceiling, capture)
        self.doubt = found.doubt
        self.outcomes.update(found.outcomes)
        self.judgements.append(found.judgement)

    def _metering(self, purpose: Purpose, stimulus: Stimulus, view: View, resolved: ResolvedCase) -> Metering | None:
        """Say how the multimeter reads along with a stimulus that is measured."""
        self._reading = None
        if purpose is not Purpose.SIGNAL:
            return None
        (half_range,) = view.digitizer.channels.values()
        return metering(self.bench, half_range=half_range, train=stimulus.train, eventful=bool(resolved.case.events))

    def _live_watch(self, stimulus: Stimulus, view: View, resolved: ResolvedCase) -> LiveWatch:
        return LiveWatch(
            hard_limits(stimulus, resolved.case.ceiling, self._ratings),
            self.bench.signal_path("current", view.digitizer),
            self.guardian,
            stop=self.bench.stimulator.stop,
            make_safe=self.make_safe,
            now=self._now,
        )

    def _choose(self, views: Views, voltage: float | None, current: float | None, chosen_for: ChosenFor) -> None:
        """Look at the case like this from now on, and put on record why."""
        self.views = views
        (full_scale,) = (channel.full_scale for channel in views.signal.scope.channels.values())
        (half_range,) = views.signal.digitizer.channels.values()
        self.ranges = (
            RangeEntry(
                signal="voltage", half_range=full_scale / 2, chosen_for=chosen_for, peak=voltage, unit=Unit.VOLT
            ),
            RangeEntry(signal="current", half_range=half_range, chosen_for=chosen_for, peak=current, unit=Unit.AMPERE),
        )

    @property
    def _views(self) -> Views:
        if self.views is None:
            raise BenchError(f"{self.id}: no ranges have been chosen")
        return self.views

    def judge(self, limits: Iterable[Limit]) -> tuple[Judgement, ...]:
        """Judge what was measured against limits; a measurand without an outcome is INCONCLUSIVE, never dropped."""
        self.stage = "judging"
        decided = tuple(judge_each(self._outcomes_for(limit), limit, self.rule) for limit in limits)
        self.judgements.extend(decided)
        return decided

    def connect_for_proof(self) -> None:
        """See that a resistor is connected: the case's own load, or the first there is where that was open."""
        if self.bench.selected is None or self.bench.selected.is_open:
            resistors = [load for load in self.bench.loads.values() if not load.is_open]
            own = self.load if self.load is not None and not self.load.is_open else resistors[0]
            self.bench.select_load(own.name)

    def look_idle(self, views: Views) -> OutputOffEntry:
        """Measure what flows now that nothing is asked of the device, and nothing but the device stops it.

        After a trip the contact stays open: what is measured then is that it truly is.
        """
        if self.guardian.tripped:
            idle = self._look(Purpose.IDLE, views)
        else:
            digitizer = views.quiet.digitizer
            with self.guardian.energised(AT_REST, digitizer.samples / digitizer.rate + PERMIT):
                idle = self._look(Purpose.IDLE, views)
        return residual_current(idle, self._zero_for(views))

    @property
    def captures(self) -> Sequence[CaptureEntry]:
        """What has been captured so far."""
        return self._keeping.entries

    def make_safe(self, *, for_good: bool = False) -> tuple[SafetyStep, ...]:
        """Make the bench safe, and put on record how that went."""
        steps = self.bench.make_safe(for_good=for_good)
        entries = tuple(SafetyStepEntry(name=one.name, seconds=one.seconds, problem=one.detail) for one in steps)
        self.made_safe.append(MadeSafeEntry(by="run", seconds=sum(one.seconds for one in steps), steps=entries))
        return steps

    def close(self) -> None:
        """Let go of what is read part by part; nothing can be measured after that."""
        self._keeping.close()

    def judge_outcome(self, outcome: Outcome, limit: Limit, *, capture: str = "") -> Judgement:
        """Judge one given outcome against one limit; ``capture`` is the id of that which showed it, if one did."""
        self.outcomes.setdefault(outcome.measurand, outcome)
        decided = replace(judge(outcome, limit, self.rule), capture=capture)
        self.judgements.append(decided)
        return decided

    @property
    def zero(self) -> Corrected | None:
        """The case's zero capture, if one was taken."""
        return self._zero

    def _outcomes_for(self, limit: Limit) -> Sequence[Outcome]:
        """Return what a limit binds: one outcome, or one of every stretch while its load was connected."""
        connected = "" if self.load is None else self.load.name
        found, of_stretches = bound_outcomes(limit, self.outcomes, self._during, connected)
        if of_stretches:
            self.during[limit.during, limit.measurand] = found
        return found

    def _capture_id(self, kind: str) -> str:
        again = "" if self.attempt == 1 else f"{self.attempt}-"
        return f"{self.plan}.{self.id}.{again}{len(self.captures) + 1:02d}-{kind}"

    def _look(self, purpose: Purpose, views: Views) -> Corrected:
        seen = capture_quiet(self._capture_id(purpose.value), purpose, views.quiet, self.instruments)
        return self._keeping.keep(seen, self.bench.selected)
