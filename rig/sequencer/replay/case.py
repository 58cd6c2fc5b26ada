"""One attempt at a case, measured and judged again from its captures, in the order in which a run does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rig.errors import EvidenceError
from rig.evidence import mapping
from rig.model.measurement import NotMeasured
from rig.model.verdict import Verdict, worst
from rig.model.waveform import Purpose
from rig.sequencer import case_record
from rig.sequencer.live import LIVE_WATCH
from rig.sequencer.metering import METERED
from rig.sequencer.replay.delivery import OLDER_SCOUTING, DeliveryAgain, WorthAgain, on_the_bench
from rig.sequencer.replay.kept import KeptCaptures, Untold
from rig.sequencer.replay.proof import NO_PROOF, RECORDED_OFF, off_again
from rig.sequencer.replay.result import PLANNED
from rig.sequencer.series import Found, found_in
from rig.sequencer.worth import bound_outcomes
from rig.verdict.judge import judge_each

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, CaseRecord, ErrorEntry, OutputOffEntry
    from rig.model.limit import Limit
    from rig.model.measurement import Outcome
    from rig.sequencer.replay.sources import Sources
    from rig.sequencer.resolve import ResolvedCase

__all__ = [
    "CUT_OFF",
    "RECORDED_ERROR",
    "Again",
    "AttemptAgain",
    "cut_off",
    "said_of_meter",
    "unseen_stop",
    "with_defects",
    "with_off",
]

RECORDED_ERROR: Final = (
    "what broke it happened on the bench, which no capture shows; what had been captured was done again"
)
CUT_OFF: Final = "it was cut off: what had come of it by then is the record's"
_RECORDED_STOP = (
    "the record does not say what the live watch saw when it ended it: its values and judgements are the record's"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """An attempt as today's code makes it.

    Attributes
    ----------
    found : what the case leaves for its series; None where it found something which this code cannot find again
    taken : what of it is the record's although it might have come out otherwise, and why
    noted : what of it is the record's because it is no result: it happened
    """

    record: CaseRecord
    found: Found | None = None
    taken: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()


class AttemptAgain:
    """What the captures of one attempt show to today's code. Its captures can be read until :meth:`close`."""

    def __init__(self, folder: Path, record: CaseRecord, resolved: ResolvedCase, sources: Sources) -> None:
        self._record, self._resolved = record, resolved
        self._captures = KeptCaptures(folder, record, sources.definition, resolved.case.load)
        self._worth = WorthAgain(said=record.metered)
        self._delivery = DeliveryAgain(self._captures, resolved, sources, self._worth)

    def close(self) -> None:
        """Close the captures."""
        self._captures.close()

    def record_anew(self) -> Again:
        """Return the attempt as today's code makes it.

        Raises
        ------
        EvidenceError
            if a capture cannot be read
        """
        old, worth = self._record, self._worth
        off, why, error, taken = old.output_off, self._why_recorded(), None, []
        found: Found | None = None
        try:
            off, seen = off_again(self._captures, old.output_off)
            taken += [] if seen else [RECORDED_OFF]
            if why:
                trouble = old.error.message if old.error is not None else old.reason
                found = Found(outcomes={}, trouble=trouble or why)
            else:
                error = self._perform()
        except Untold as gap:
            why = why or str(gap)
        if why or off is None:
            return Again(
                record=old if off is None else with_off(old, off), found=found, taken=(*taken, why or NO_PROOF)
            )
        told = case_record.concluded(self._resolved, worth, error=error, off=off, aborted=False)
        trouble = worth.doubt if error is None else error.message
        trouble = trouble or ("" if off.verdict is Verdict.PASS else off.reason)
        realised = None if old.realised is None else mapping.stimulus_of(old.realised)
        told |= {**_planned(self._resolved), "captures": with_defects(old, worth), "retried": self._again(error, off)}
        return Again(
            record=old.model_copy(update=told),
            found=found_in(worth.outcomes, old.captures, realised, trouble),
            taken=tuple(taken),
            noted=() if on_the_bench(error) is None else (RECORDED_ERROR,),
        )

    def _why_recorded(self) -> str:
        """Say why the captures cannot show what a run would find, or nothing where they can."""
        if cut_off(self._record):
            return CUT_OFF
        return unseen_stop(self._record, self._captures.of(Purpose.SIGNAL, Purpose.SCOUT)[-1:])

    def _again(self, error: ErrorEntry | None, off: OutputOffEntry) -> bool:
        """Whether another attempt may make up for this one, as a run decides it; the one that came was made anyway."""
        failed = any(one.verdict is Verdict.FAIL for one in self._worth.judgements)
        broke = on_the_bench(error) is not None and off.verdict is Verdict.PASS
        return self._record.retried and broke and not (failed or self._worth.unjudged)

    def _ended(self) -> ErrorEntry | None:
        """Return what broke the attempt on the bench; in an older record that may be what its scout shows."""
        error = self._record.error
        if error is None or error.stage != OLDER_SCOUTING:
            return on_the_bench(error)
        self._delivery.scouting = OLDER_SCOUTING
        found = self._delivery.trouble_of_scout()
        of_scout = found is not None and case_record.error_entry(found[1], found[0]) == error
        return None if of_scout else error

    def _perform(self) -> ErrorEntry | None:
        try:
            ended = self._ended()
            said_of_meter(self._record, self._worth)
            if not self._delivery.look(ended):
                return ended
            self._delivery.stage = "judging"
            for limit in self._resolved.limits:
                self._worth.judgements.append(judge_each(self._bound(limit), limit, self._resolved.case.decision_rule))
        except EvidenceError:
            raise  # of the evidence, not of what it shows
        except Exception as problem:  # noqa: BLE001 - whatever it is, a run would have made an ERROR of it
            return case_record.error_entry(problem, self._delivery.stage)
        return None

    def _bound(self, limit: Limit) -> Sequence[Outcome]:
        found, of_stretches = bound_outcomes(limit, self._worth.outcomes, self._worth.within, self._resolved.load.name)
        if of_stretches:
            self._worth.during[limit.during, limit.measurand] = found
        return found


def cut_off(record: CaseRecord) -> bool:
    """Whether the run, or a person, had ended before the case had."""
    off = record.output_off
    return record.verdict is Verdict.ABORTED or (off is not None and off.verdict is Verdict.ABORTED)


def unseen_stop(record: CaseRecord, captures: Iterable[CaptureEntry]) -> str:
    """Say that the live watch ended a train and none of these ``captures`` says what it saw, or nothing."""
    stops = sum(one.limit.source == LIVE_WATCH for one in record.judgements)
    return _RECORDED_STOP if sum(one.watched is not None for one in captures) < stops else ""


def said_of_meter(record: CaseRecord, worth: WorthAgain) -> None:
    """Take from the record why the multimeter had not read, if it says so."""
    said = None if record.metered else next((one for one in record.measurements if one.measurand == METERED), None)
    if said is not None:
        worth.outcomes[METERED] = NotMeasured(measurand=METERED, reason=said.reason)


def with_defects(record: CaseRecord, worth: WorthAgain) -> tuple[CaptureEntry, ...]:
    """Return the captures with what is wrong with them now; what was not measured in the run is not now either."""
    return tuple(one.model_copy(update={"defects": worth.defects.get(one.id, one.defects)}) for one in record.captures)


def with_off(record: CaseRecord, off: OutputOffEntry) -> CaseRecord:
    """Return a record that is kept as it is, but for the proof that the output was off."""
    if record.output_off is not None and off.verdict is record.output_off.verdict:
        return record.model_copy(update={"output_off": off})
    broken = [] if record.error is None else [Verdict.ERROR]
    verdict = worst((*(one.verdict for one in record.judgements), *broken, Verdict.INCONCLUSIVE, off.verdict))
    reason = off.reason if off.verdict is verdict else record.reason
    return record.model_copy(update={"output_off": off, "verdict": verdict, "reason": reason})


def _planned(resolved: ResolvedCase) -> dict[str, Any]:
    """Return what a record says of its case before anything is done in it, as today's code reads its plan."""
    fresh = case_record.not_run(resolved, "")
    return {name: getattr(fresh, name) for name in PLANNED}
