"""One attempt at a case, measured and judged again from its captures, in the order in which a run does it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rig.analysis.catalogue import CATALOGUE
from rig.bench.paths import meter_path
from rig.errors import EvidenceError
from rig.model.measurement import NotMeasured
from rig.model.reading import DcReadings
from rig.model.recording import LongCapture
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.model.verdict import Verdict, worst
from rig.model.waveform import Purpose
from rig.plan.case import Ranging
from rig.sequencer import case_record
from rig.sequencer.examine import residual_current
from rig.sequencer.live import LIVE_WATCH, clips
from rig.sequencer.metering import METERED, Metered, compare_metered, range_of_meter, refuse_disagreement
from rig.sequencer.proof import unproven, with_end
from rig.sequencer.replay.kept import KeptCaptures, Untold
from rig.sequencer.replay.result import PLANNED
from rig.sequencer.scout import read_scout
from rig.sequencer.series import Found, found_in
from rig.sequencer.settings import scout_train
from rig.sequencer.worth import bound_outcomes, doubt_about, examine_case
from rig.verdict.judge import judge_each

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, CaseRecord, ErrorEntry, MeteredEntry, OutputOffEntry, StimulusEntry
    from rig.model.judgement import Judgement
    from rig.model.limit import Limit
    from rig.model.measurement import Outcome
    from rig.sequencer.agreement import Agreement
    from rig.sequencer.examine import Corrected, Findings
    from rig.sequencer.replay.sources import Sources
    from rig.sequencer.resolve import ResolvedCase

__all__ = ["RECORDED_ERROR", "AttemptAgain"]

RECORDED_ERROR: Final = "what ended it happened on the bench: its values and judgements are the record's"
_RECORDED_STOP = "a hard limit was crossed while current flowed: its values and judgements are the record's"
_NO_PROOF = "the record does not say whether its output was off"
_RECORDED_OFF = "the proof that the output was off is the record's: no capture shows it"
_CUT_OFF = "it was cut off: what had come of it by then is the record's"
_UNREACHED = "its scout would not have stopped it with this code, but nothing more was delivered"
# What goes wrong in these is found again in the captures, or not any more; all else happened on the bench.
_SCOUTING, _MEASURING = "scouting", "measuring"
_OF_CAPTURES = frozenset({_MEASURING, "verifying the load", "comparing with the multimeter", "judging"})
_PART = 1 << 22


class AttemptAgain:
    """What the captures of one attempt show to today's code. Its captures can be read until :meth:`close`."""

    def __init__(self, folder: Path, record: CaseRecord, resolved: ResolvedCase, sources: Sources) -> None:
        self._record, self._resolved, self._sources = record, resolved, sources
        self._load = sources.definition.loads[resolved.case.load]
        self._captures = KeptCaptures(folder, record, sources.definition, self._load.name)
        self.stage = _MEASURING
        self.doubt = ""
        self.outcomes: dict[str, Outcome] = {}
        self.during: dict[tuple[str, str], Sequence[Outcome]] = {}
        self.agreements: tuple[Agreement, ...] = ()
        self.metered: MeteredEntry | None = None
        self.judgements: list[Judgement] = []
        self.taken: list[str] = []
        self._defects: dict[str, tuple[str, ...]] = {}
        self._within: Mapping[tuple[str, str], Sequence[Outcome]] = {}

    def close(self) -> None:
        """Close the captures."""
        self._captures.close()

    def record_anew(self) -> tuple[CaseRecord, Found | None]:
        """Return the record as today's code makes it, and what the case leaves for its series.

        That is None where it found something which this code cannot find again.

        Raises
        ------
        EvidenceError
            if a capture cannot be read
        """
        old = self._record
        off, why, error = old.output_off, "", None
        found: Found | None = None
        try:
            why = self._why_recorded()
            off = self._off()
            if why:
                trouble = old.error.message if old.error is not None else old.reason
                found = Found(outcomes={}, trouble=trouble or why)
            else:
                error = self._perform()
        except Untold as gap:
            why = why or str(gap)
        if why or off is None:
            self.taken.append(why or _NO_PROOF)
            return (old if off is None else _with_off(old, off)), found
        told = case_record.concluded(self._resolved, self, error=error, off=off, aborted=False)
        trouble = self.doubt if error is None else error.message
        trouble = trouble or ("" if off.verdict is Verdict.PASS else off.reason)
        realised = None if old.realised is None else _stimulus(old.realised)
        told |= {**_planned(self._resolved), "captures": tuple(self._with_defects(one) for one in old.captures)}
        return old.model_copy(update=told), found_in(self.outcomes, old.captures, realised, trouble)

    def _why_recorded(self) -> str:
        """Say why the captures cannot show what a run would find, or nothing where they can."""
        record = self._record
        if any(one.limit.source == LIVE_WATCH for one in record.judgements):
            return _RECORDED_STOP
        if record.verdict is Verdict.ABORTED or (record.output_off and record.output_off.verdict is Verdict.ABORTED):
            return _CUT_OFF
        if not self._captures.of(Purpose.SIGNAL, Purpose.SCOUT):
            return RECORDED_ERROR
        if record.error is None or record.error.stage in _OF_CAPTURES:
            return ""
        return "" if record.error.stage == _SCOUTING and self._trouble_of_scout() == record.error else RECORDED_ERROR

    def _trouble_of_scout(self) -> ErrorEntry | None:
        """Return what is wrong with what the scout shows, if that is an error of the bench."""
        try:
            self._scout_lets()
        except EvidenceError:
            raise
        except Exception as problem:  # noqa: BLE001 - as in a run
            return case_record.error_entry(problem, self.stage)
        return None

    def _perform(self) -> ErrorEntry | None:
        try:
            if self._scout_lets():
                self._measure()
            self.stage = "judging"
            for limit in self._resolved.limits:
                self.judgements.append(judge_each(self._bound(limit), limit, self._resolved.case.decision_rule))
        except EvidenceError:
            raise  # of the evidence, not of what it shows
        except Exception as problem:  # noqa: BLE001 - whatever it is, a run would have made an ERROR of it
            return case_record.error_entry(problem, self.stage)
        return None

    def _scout_lets(self) -> bool:
        scouts = self._captures.of(Purpose.SCOUT)
        case = self._resolved.case
        if not scouts or case.ranging is not Ranging.SCOUT:
            return True
        self.stage = _SCOUTING
        scout = self._captures.corrected(scouts[-1])
        piece = replace(case.stimulus, train=scout_train(case.stimulus))
        scouted = read_scout(scout, piece, self._resolved)
        self.stage = _MEASURING
        stop = scouted.stop or ("" if self._captures.of(Purpose.SIGNAL) else _UNREACHED)
        if not stop:
            return True
        self.doubt = stop
        self.judgements.extend(scouted.judgements)
        self.outcomes.update({name: NotMeasured(measurand=name, reason=stop) for name in CATALOGUE})
        return False

    def _measure(self) -> None:
        """Measure what was delivered last: what clipped before it is evidence, and was never measured."""
        entry = self._captures.of(Purpose.SIGNAL)[-1]
        signal = self._captures.corrected(entry)
        found = examine_case(
            signal,
            self._captures.zero_for(entry),
            self._resolved,
            load=self._load,
            loads=self._sources.definition.loads,
            paths=self._captures.paths,
            electrode_area=self._sources.electrode_area,
        )
        self._defects[entry.id] = (*signal.capture.notes, *found.findings.defects)
        self._compare_metered(signal, self._captures.zero_for(entry), found.findings)
        self.outcomes.update(found.findings.outcomes)
        self.agreements, self._within = found.findings.agreements, found.during
        self.stage = "verifying the load"
        self.doubt = doubt_about(found, self._resolved.case, self._load, clipped=_clipped(signal))
        if self.metered is not None:
            self.stage = "comparing with the multimeter"
            refuse_disagreement(self.metered)

    def _compare_metered(self, signal: Corrected, zero: Corrected | None, findings: Findings) -> None:
        """Hold what the multimeter had read against the samples; its readings are on record, or why there are none."""
        old = self._record.metered
        if old is None:
            said = next((one for one in self._record.measurements if one.measurand == METERED), None)
            if said is not None:
                self.outcomes[METERED] = NotMeasured(measurand=METERED, reason=said.reason)
            return
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
        self.outcomes[METERED], self.metered = compare_metered(metered, signal, zero, fit=fit)

    def _with_defects(self, entry: CaptureEntry) -> CaptureEntry:
        """Return a capture with what is wrong with it now; what was not measured in the run is not now either."""
        return entry.model_copy(update={"defects": self._defects.get(entry.id, entry.defects)})

    def _bound(self, limit: Limit) -> Sequence[Outcome]:
        found, of_stretches = bound_outcomes(limit, self.outcomes, self._within, self._load.name)
        if of_stretches:
            self.during[limit.during, limit.measurand] = found
        return found

    def _off(self) -> OutputOffEntry:
        """Measure again what flowed after the case; the record's word stands where no capture shows it."""
        recorded, idle = self._record.output_off, self._captures.of(Purpose.IDLE)
        if recorded is None:
            raise Untold(_NO_PROOF)
        if recorded.verdict is Verdict.ABORTED:
            return recorded  # the run had ended before it could conclude anything from what flowed
        if not idle or (recorded.verdict is Verdict.ERROR and self._residual(idle[0]).verdict is not Verdict.ERROR):
            self.taken.append(_RECORDED_OFF)
            return recorded
        residual = self._residual(idle[0])
        if residual.verdict in {Verdict.PASS, Verdict.ERROR} or recorded.verdict is Verdict.PASS:
            return residual
        ended = len(idle) > 1 and self._residual(idle[1]).verdict is Verdict.PASS
        return with_end(residual, ended=ended)

    def _residual(self, entry: CaptureEntry) -> OutputOffEntry:
        idle, zero = self._captures.corrected(entry), self._captures.zero_for(entry)
        try:
            return residual_current(idle, zero)
        except Exception as error:  # noqa: BLE001 - as in a run
            return unproven(error)


def _planned(resolved: ResolvedCase) -> dict[str, Any]:
    """Return what a record says of its case before anything is done in it, as today's code reads its plan."""
    fresh = case_record.not_run(resolved, "")
    return {name: getattr(fresh, name) for name in PLANNED}


def _clipped(signal: Corrected) -> bool:
    """Whether the current reached the card's rails, for which the live watch ends a train."""
    held = signal.capture.waveforms.get("current")
    if held is not None:
        return clips(held)
    long = signal.capture.recordings.get("current") if isinstance(signal.capture, LongCapture) else None
    return long is not None and any(clips(part) for part in long.parts(_PART))


def _with_off(record: CaseRecord, off: OutputOffEntry) -> CaseRecord:
    """Return a record that is kept as it is, but for the proof that the output was off."""
    if record.output_off is not None and off.verdict is record.output_off.verdict:
        return record.model_copy(update={"output_off": off})
    broken = [] if record.error is None else [Verdict.ERROR]
    verdict = worst((*(one.verdict for one in record.judgements), *broken, Verdict.INCONCLUSIVE, off.verdict))
    reason = off.reason if off.verdict is verdict else record.reason
    return record.model_copy(update={"output_off": off, "verdict": verdict, "reason": reason})


def _stimulus(entry: StimulusEntry) -> Stimulus:
    told = entry.model_dump()
    return Stimulus(**{**told, "shape": Shape(told["shape"]), "polarity": Polarity(told["polarity"])})
