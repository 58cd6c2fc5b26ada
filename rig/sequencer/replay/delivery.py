"""One stimulus that was asked for, from its captures: its scout, what was delivered, and where that was ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from rig.acquisition.capture import CUT_SHORT
from rig.analysis.catalogue import CATALOGUE
from rig.bench.paths import meter_path
from rig.errors import EvidenceError
from rig.model.measurement import NotMeasured
from rig.model.reading import DcReadings
from rig.model.recording import LongCapture
from rig.model.waveform import Purpose
from rig.plan.case import Ranging
from rig.sequencer.live import clips, ended_by
from rig.sequencer.metering import METERED, Metered, compare_metered, range_of_meter, refuse_disagreement
from rig.sequencer.replay.watch import WatchedAgain, flows, watch_again
from rig.sequencer.scout import read_scout
from rig.sequencer.settings import scout_train
from rig.sequencer.work import SCOUTING
from rig.sequencer.worth import doubt_about, examine_case, judge_what_came

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rig.evidence.record import CaptureEntry, ErrorEntry, MeteredEntry
    from rig.model.judgement import Judgement
    from rig.model.measurement import Outcome
    from rig.sequencer.agreement import Agreement
    from rig.sequencer.examine import Corrected, Findings
    from rig.sequencer.happened import Happened
    from rig.sequencer.replay.kept import KeptCaptures
    from rig.sequencer.replay.sources import Sources
    from rig.sequencer.resolve import ResolvedCase

__all__ = ["OLDER_SCOUTING", "DeliveryAgain", "WorthAgain", "on_the_bench"]

OLDER_SCOUTING: Final = "scouting"
"""The stage in which a scout is delivered; in older records also that in which it is read."""

_MEASURING = "measuring"
# What goes wrong in these is found again in the captures, or not any more; all else happened on the bench.
_OF_CAPTURES = frozenset({SCOUTING, _MEASURING, "verifying the load", "comparing with the multimeter", "judging"})
_UNREACHED = "its scout would not have stopped it with this code, but nothing more was delivered"
_NOT_ENDED = "the live watch would not have ended it with this code, but nothing more was delivered"
_PART = 1 << 22


@dataclass(slots=True, kw_only=True)
class WorthAgain:
    """What the captures of an attempt are worth to today's code; for what it means see the run's own work.

    ``defects`` are by capture. ``unjudged`` says that a train broke off, and that what had come of it is not certain.
    """

    said: MeteredEntry | None = None
    doubt: str = ""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    during: dict[tuple[str, str], Sequence[Outcome]] = field(default_factory=dict)
    within: Mapping[tuple[str, str], Sequence[Outcome]] = field(default_factory=dict)
    agreements: tuple[Agreement, ...] = ()
    metered: MeteredEntry | None = None
    judgements: list[Judgement] = field(default_factory=list)
    defects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unjudged: bool = False

    def stop(self, why: str) -> dict[str, Outcome]:
        """Measure nothing, and say why."""
        self.doubt = why
        unmeasured: dict[str, Outcome] = {name: NotMeasured(measurand=name, reason=why) for name in CATALOGUE}
        self.outcomes.update(unmeasured)
        return unmeasured


def on_the_bench(error: ErrorEntry | None) -> ErrorEntry | None:
    """Return what broke an attempt, if it happened on the bench; what is wrong with captures is found in them again."""
    return None if error is None or error.stage in _OF_CAPTURES else error


class DeliveryAgain:
    """What one delivery shows; ``outcomes`` is what it gives, once it was looked at, and ``stage`` how far that came.

    Parameters
    ----------
    captures : those that it took
    worth : of its attempt; what is found is added
    """

    def __init__(self, captures: KeptCaptures, resolved: ResolvedCase, sources: Sources, worth: WorthAgain) -> None:
        self._captures, self._resolved, self._sources, self._worth = captures, resolved, sources, worth
        self._load = sources.definition.loads[resolved.case.load]
        self.stage = _MEASURING
        self.scouting = SCOUTING
        self.outcomes: Mapping[str, Outcome] = {}

    def look(self, ended: ErrorEntry | None) -> bool:
        """Find what there is to be found, and say whether it came to an end that this code gives it.

        It did not where the run was ``ended`` by what happened on the bench.

        Raises
        ------
        Exception
            whatever a run would have made an ERROR of; an EvidenceError is one of the evidence, not of what it shows
        """
        scouts, signals = self._captures.of(Purpose.SCOUT), self._captures.of(Purpose.SIGNAL)
        if not signals:
            return self._scout_alone(scouts, ended)
        if scouts and not self._scout_lets(scouts[-1]):
            return True
        for entry in signals[:-1]:
            self._measured(entry)  # it clipped, and was delivered again: what is wrong with it is on record
        return self._last(signals[-1], ended)

    def _scout_alone(self, scouts: Sequence[CaptureEntry], ended: ErrorEntry | None) -> bool:
        if scouts and scouts[-1].watched is not None:
            return self._watched(scouts[-1], ended)[0]
        broke = ended is not None and (ended.stage == OLDER_SCOUTING or _cut_short(scouts))
        if broke or not scouts:
            return False
        if self._scout_lets(scouts[-1]):
            if ended is not None:
                return False
            self.outcomes = self._worth.stop(_UNREACHED)
        return True

    def _last(self, entry: CaptureEntry, ended: ErrorEntry | None) -> bool:
        """Measure what was delivered last: what clipped before it is evidence, and was never measured."""
        has_flowed: bool | None = None
        if entry.watched is not None:
            known, watched = self._watched(entry, ended)
            if known or watched.crossing is not None:
                return known
            has_flowed = watched.has_flowed
        if ended is None:
            self._measure(entry)
            return True
        if _cut_short([entry]):
            self._judge_what_came(entry, has_flowed)
        elif entry.defects and entry.watched is None:
            self._measured(entry)  # it clipped, and what broke was to be the next
        return False

    def _watched(self, entry: CaptureEntry, ended: ErrorEntry | None) -> tuple[bool, WatchedAgain]:
        """Ask the live watch again, and say whether that came to an end of this code's."""
        signal, case = self._captures.corrected(entry), self._resolved.case
        if entry.watched is None:
            raise EvidenceError(f"{entry.id}: the record does not say what the live watch saw")
        watched = watch_again(signal, entry.watched, case.ceiling, self._sources.ratings)
        if watched.crossing is not None:
            found = ended_by(watched.crossing, case.ceiling, entry.id)
            self._worth.doubt = found.doubt
            self._worth.outcomes.update(found.outcomes)
            self._worth.judgements.append(found.judgement)
            self.outcomes = found.outcomes
        elif ended is None:
            self.outcomes = self._worth.stop(_NOT_ENDED)
        return ended is None, watched

    def _scout_lets(self, entry: CaptureEntry) -> bool:
        case = self._resolved.case
        if case.ranging is not Ranging.SCOUT:
            return True
        scout = self._captures.corrected(entry)
        self.stage = self.scouting
        scouted = read_scout(scout, replace(case.stimulus, train=scout_train(case.stimulus)), self._resolved)
        self.stage = _MEASURING
        if scouted.stop:
            self._worth.judgements.extend(scouted.judgements)
            self.outcomes = self._worth.stop(scouted.stop)
        return not scouted.stop

    def trouble_of_scout(self) -> tuple[str, Exception] | None:
        """Return what is wrong with what the scout shows, if that is an error, and in which stage it comes up."""
        scouts = self._captures.of(Purpose.SCOUT)
        kept = self.outcomes, self._worth.doubt, dict(self._worth.outcomes), list(self._worth.judgements)
        try:
            if scouts:
                self._scout_lets(scouts[-1])
        except EvidenceError:
            raise
        except Exception as problem:  # noqa: BLE001 - as in a run
            return self.stage, problem
        finally:
            self.outcomes, self._worth.doubt, self._worth.outcomes, self._worth.judgements = kept
        return None

    def _measure(self, entry: CaptureEntry) -> None:
        signal, found = self._measured(entry)
        worth, self.outcomes = self._worth, found.findings.outcomes
        worth.outcomes.update(found.findings.outcomes)
        worth.agreements, worth.within = found.findings.agreements, found.during
        self.stage = "verifying the load"
        worth.doubt = doubt_about(found, self._resolved.case, self._load, clipped=_clipped(signal)) or worth.doubt
        if worth.metered is not None and worth.metered.capture == entry.id:
            self.stage = "comparing with the multimeter"
            refuse_disagreement(worth.metered)

    def _measured(self, entry: CaptureEntry) -> tuple[Corrected, Happened]:
        signal, zero = self._captures.corrected(entry), self._captures.zero_for(entry)
        found = self._examined(signal, zero)
        self._worth.defects[entry.id] = (*signal.capture.notes, *found.findings.defects)
        if self._worth.said is not None and self._worth.said.capture == entry.id:
            self._compare_metered(self._worth.said, signal, zero, found.findings)
        return signal, found

    def _examined(self, signal: Corrected, zero: Corrected | None) -> Happened:
        return examine_case(
            signal,
            zero,
            self._resolved,
            load=self._load,
            loads=self._sources.definition.loads,
            paths=self._captures.paths,
            electrode_area=self._sources.electrode_area,
        )

    def _judge_what_came(self, entry: CaptureEntry, has_flowed: bool | None) -> None:
        """Judge the phases of a train that broke off, where any current was seen before."""
        signal, zero = self._captures.corrected(entry), self._captures.zero_for(entry)
        unreadable: list[EvidenceError] = []

        def examined() -> Happened:
            try:
                return self._examined(signal, zero)
            except EvidenceError as error:
                unreadable.append(error)
                raise

        if not (flows(signal) if has_flowed is None else has_flowed):
            return
        failed, self._worth.unjudged = judge_what_came(self._resolved, examined)
        if unreadable:
            raise unreadable[0]
        self._worth.judgements.extend(failed)

    def _compare_metered(
        self, old: MeteredEntry, signal: Corrected, zero: Corrected | None, findings: Findings
    ) -> None:
        """Hold what the multimeter had read against the samples; its readings are on record."""
        definition = self._sources.definition
        full_scale = range_of_meter(definition, old.instrument, self._captures.half_ranges()["current"])
        readings = DcReadings(
            values=old.readings,
            full_scale=old.full_scale,
            power_line_cycles=old.power_line_cycles,
            mains=float(f"{old.power_line_cycles / old.aperture:.12g}"),
        )
        metered = Metered(
            instrument=old.instrument,
            readings=readings,
            earliest=old.earliest,
            latest=old.latest,
            path=meter_path(definition, old.instrument, old.full_scale if full_scale is None else full_scale),
        )
        fit = not any(one.startswith("current: ") for one in findings.defects)
        self._worth.outcomes[METERED], self._worth.metered = compare_metered(metered, signal, zero, fit=fit)


def _cut_short(entries: Sequence[CaptureEntry]) -> bool:
    return bool(entries) and any(one.startswith(CUT_SHORT) for one in entries[-1].defects)


def _clipped(signal: Corrected) -> bool:
    """Whether the current reached the card's rails, for which the live watch ends a train."""
    held = signal.capture.waveforms.get("current")
    if held is not None:
        return clips(held)
    long = signal.capture.recordings.get("current") if isinstance(signal.capture, LongCapture) else None
    return long is not None and any(clips(part) for part in long.parts(_PART))
