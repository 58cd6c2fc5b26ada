"""A test in Python from its record: what it had measured and judged of captures is done again, its own code is not."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rig.errors import EvidenceError
from rig.evidence import mapping
from rig.evidence.plain import shown
from rig.model.waveform import Purpose
from rig.sequencer import case_record
from rig.sequencer.live import LIVE_WATCH
from rig.sequencer.replay.case import CUT_OFF, Again, cut_off, said_of_meter, unseen_stop, with_defects, with_off
from rig.sequencer.replay.delivery import DeliveryAgain, WorthAgain, on_the_bench
from rig.sequencer.replay.kept import KeptCaptures, Untold
from rig.sequencer.replay.proof import NO_PROOF, RECORDED_OFF, off_again
from rig.sequencer.scripted import scripted_case
from rig.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rig.evidence.record import CaseRecord, DeliveryEntry, ErrorEntry, JudgementEntry, OutputOffEntry
    from rig.model.judgement import Judgement
    from rig.model.measurement import Outcome
    from rig.plan.case import Case
    from rig.sequencer.replay.sources import Sources

__all__ = ["ScriptAgain"]

_OWN_CODE: Final = "a test in Python: what its own code did, computed and asserted is the record's, its limits as well"
_OWN_VALUES: Final = "a test in Python judged values that it had not measured, or had changed: they are the record's"
_OLDER: Final = "a test in Python of an older rig: the record does not say what it had asked for"
_WITHOUT_PACKS: Final = "limit packs are not applied to a test in Python"
_WOULD_GO_ON: Final = "with this code its test would have gone on, and what it would have done is in no capture"
_EARLIER_READINGS: Final = "what the multimeter read in earlier deliveries of a test in Python is not on record"


class ScriptAgain:
    """What the captures of a test in Python show to today's code. Its captures can be read until :meth:`close`."""

    def __init__(self, folder: Path, record: CaseRecord, sources: Sources, *, beside: bool) -> None:
        self._folder, self._record, self._sources = folder, record, sources
        self._stack = ExitStack()
        self._worth = WorthAgain(said=record.metered)
        self._given: dict[str, Mapping[str, Outcome]] = {}
        self._taken = [_OWN_CODE, *([_WITHOUT_PACKS] if beside else [])]

    def close(self) -> None:
        """Close the captures."""
        self._stack.close()

    def record_anew(self) -> Again:
        """Return the test's case as today's code makes it.

        Raises
        ------
        EvidenceError
            if a capture cannot be read
        """
        old, whole = self._record, self._captures(None)
        off, error, why = old.output_off, None, CUT_OFF if cut_off(old) else unseen_stop(old, old.captures)
        if not old.deliveries and whole.of(Purpose.SIGNAL, Purpose.SCOUT):
            why = why or _OLDER
        try:
            off, seen = off_again(whole, old.output_off)
            self._taken += [] if seen else [RECORDED_OFF]
            error = None if why else self._perform()
        except Untold as gap:
            why = why or str(gap)
        if why or off is None:
            taken = (*self._taken, why or NO_PROOF)
            return Again(record=old if off is None else with_off(old, off), taken=taken)
        return Again(record=old.model_copy(update=self._told(error, off)), taken=tuple(self._taken))

    def _captures(self, delivery: DeliveryEntry | None) -> KeptCaptures:
        definition = self._sources.definition
        if delivery is None:
            load = next(iter(definition.loads))
            found = KeptCaptures(self._folder, self._record, definition, load)
        else:
            only, ranges = delivery.captures, delivery.ranges
            found = KeptCaptures(self._folder, self._record, definition, delivery.load, only=only, ranges=ranges)
        self._stack.callback(found.close)
        return found

    def _told(self, error: ErrorEntry | None, off: OutputOffEntry) -> dict[str, object]:
        old, worth = self._record, self._worth
        resolved = self._sources.resolver.anew(self._case(None))
        told = case_record.concluded(resolved, worth, error=error, off=off, aborted=False)
        known = {one.measurand for one in told["measurements"]}
        own = tuple(one for one in old.measurements if one.measurand not in known)
        return told | {
            "measurements": (*told["measurements"], *own),
            "not_evaluated": old.not_evaluated,
            "captures": with_defects(old, worth),
        }

    def _case(self, delivery: DeliveryEntry | None) -> Case:
        """Return the test as a case that asks for one of its deliveries, or for nothing at all."""
        old, loads = self._record, self._sources.definition.loads
        load = next(iter(loads)) if delivery is None else delivery.load
        if load not in loads:
            raise EvidenceError(f"{old.id}: the bench of the evidence has no load {shown(load)}")
        return scripted_case(
            name=old.id,
            plan=old.plan,
            title=old.title,
            load=load,
            traces=old.traces,
            location=(old.location, 1, 1),
            stimulus=mapping.stimulus_of((delivery or old).stimulus),
        )

    def _perform(self) -> ErrorEntry | None:
        """Do every delivery again and every judgement of what it gave; return what the test ended by."""
        old = self._record
        said_of_meter(old, self._worth)
        found = [self._delivered(one) for one in old.deliveries]
        self._judge()
        if len(old.deliveries) > 1 and self._sources.definition.named("multimeter") is not None:
            self._taken.append(_EARLIER_READINGS)
        raised = next((now for one, now in zip(old.deliveries, found, strict=True) if now and not one.error), None)
        if raised is not None:
            return raised  # the test had values, and would have had none
        if old.deliveries and old.error is not None and old.error == old.deliveries[-1].error:
            if found[-1] is None:
                self._worth.doubt = self._worth.doubt or _WOULD_GO_ON
            return found[-1]
        return old.error

    def _delivered(self, delivery: DeliveryEntry) -> ErrorEntry | None:
        ended = on_the_bench(delivery.error)
        resolved = self._sources.resolver.anew(self._case(delivery))
        again = DeliveryAgain(self._captures(delivery), resolved, self._sources, self._worth)
        try:
            broke = None if again.look(ended) else ended
        except EvidenceError:
            raise
        except Exception as problem:  # noqa: BLE001 - as in a run
            broke = case_record.error_entry(problem, again.stage)
        if delivery.captures:
            self._given[delivery.captures[-1]] = again.outcomes
        return broke

    def _judge(self) -> None:
        """Judge in the test's order, for the first that is as bad as the verdict gives its reason."""
        of_watch, self._worth.judgements = self._worth.judgements, []
        for entry in self._record.judgements:
            if entry.limit.source == LIVE_WATCH:
                self._worth.judgements += of_watch[:1]
                of_watch = of_watch[1:]
            else:
                self._worth.judgements.append(self._judged(entry))
        self._worth.judgements += of_watch

    def _judged(self, entry: JudgementEntry) -> Judgement:
        outcome = self._given.get(entry.capture, {}).get(entry.limit.measurand)
        if outcome is None:
            if _OWN_VALUES not in self._taken:
                self._taken.append(_OWN_VALUES)
            return mapping.judgement_of(entry)
        return replace(judge(outcome, mapping.limit_of(entry.limit), entry.rule), capture=entry.capture)
