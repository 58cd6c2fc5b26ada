"""A plan says what the stimulator must do; the run has it done, judged and recorded, and leaves the output off."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.acquisition.delivery import BLOCK
from rig.errors import BenchError, CommunicationError, InterlockTripped, RigError
from rig.evidence.record import (
    CaseRecord,
    ErrorEntry,
    OutputOffEntry,
)
from rig.guard.terms import Kind
from rig.model.verdict import Verdict
from rig.sequencer import case_record
from rig.sequencer.guarded import GuardedStimulator, Unguarded
from rig.sequencer.proof import prove_off
from rig.sequencer.series import conclude, found_in
from rig.sequencer.uninterrupted import uninterrupted
from rig.sequencer.work import CaseWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from rig.bench.build import Bench
    from rig.bench.definition import DeviceDefinition
    from rig.evidence.journal import Journal
    from rig.evidence.record import EndReason, RunRecord
    from rig.evidence.store import Bundle
    from rig.plan.case import Case
    from rig.sequencer.guarded import Guardian
    from rig.sequencer.resolve import ResolvedCase, Resolver
    from rig.sequencer.series import Found

__all__ = ["Run"]

_ENDINGS: Mapping[Kind, EndReason] = {
    Kind.GUARD: "guard_trip",
    Kind.OPERATOR: "estop",
    Kind.LEASE: "lease_lost",
}


@dataclass(frozen=True, slots=True)
class _Begun:
    """When something began: for people, and on a clock that never jumps, s."""

    at: datetime
    on: float


class Run:
    """One run on one open bench: executes cases one by one and keeps a record of each.

    ``latched`` says why the bench refuses everything from now on; it is never cleared. ``ending`` is how the run ends
    if nothing else ends it: by a current that did not stop, or by instruments that could not show that it had.
    """

    def __init__(
        self,
        cases: Sequence[ResolvedCase],
        *,
        resolver: Resolver,
        device: DeviceDefinition,
        bundle: Bundle,
        journal: Journal,
        utc: Callable[[], datetime],
        now: Callable[[], float],
        block: float = BLOCK,
    ) -> None:
        self._cases: Mapping[tuple[str, str], ResolvedCase] = {(one.case.plan, one.case.id): one for one in cases}
        self._records: dict[tuple[str, str], CaseRecord] = {}
        self._earlier: list[CaseRecord] = []
        self._found: dict[tuple[str, str], Found] = {}
        self._open: dict[tuple[str, str], Callable[[], CaseRecord]] = {}
        self._bench: Bench | None = None
        self._resolver, self.device, self.bundle, self.journal, self._utc = resolver, device, bundle, journal, utc
        self._now, self._block = now, block
        self.guardian: Guardian = Unguarded()
        self.latched = ""
        self.ending = "completed"
        self.record: RunRecord | None = None
        self.sealed = False
        self.report: Path | None = None
        self.trouble = ""

    @property
    def is_open(self) -> bool:
        """Whether the bench was opened."""
        return self._bench is not None

    @property
    def bench(self) -> Bench:
        """The open bench."""
        if self._bench is None:
            raise BenchError("the bench is not open")
        return self._bench

    def begin(self, bench: Bench, guardian: Guardian | None = None) -> None:
        """Give the run its bench, and the guard without whose permission nothing is energised."""
        self._bench = bench
        if guardian is not None:
            self.guardian = guardian
            bench.stimulator = GuardedStimulator(bench.stimulator, guardian)

    @property
    def electrode_area(self) -> float:
        """Of the device's smallest electrode, m²."""
        return self.device.file.electrodes.smallest_area

    def resolve(self, case: Case) -> ResolvedCase:
        """Resolve a case that no plan declares; raises what a plan's case would be refused with."""
        return self._resolver.resolve([case])[0]

    @property
    def evidence(self) -> str:
        """Where the evidence of this run is being written."""
        return str(self.bundle.folder)

    @property
    def records(self) -> tuple[CaseRecord, ...]:
        """A record of every attempt at every case, in the plans' order; a case that was never started is NOT_RUN."""
        reason = self.latched or "the run ended before this case"
        known = {key: still_open() for key, still_open in self._open.items()} | self._records
        planned = [known[key] if key in known else case_record.not_run(one, reason) for key, one in self._cases.items()]
        others = [record for key, record in known.items() if key not in self._cases]
        return tuple(attempt for record in (*planned, *others) for attempt in (*self._before(record), record))

    def _before(self, record: CaseRecord) -> list[CaseRecord]:
        """Return the earlier attempts at a record's case."""
        known = self._records.get((record.plan, record.id))
        earlier = [one for one in self._earlier if (one.plan, one.id) == (record.plan, record.id)]
        return earlier if known is record or known is None else [*earlier, known]

    def execute(self, case: Case) -> CaseRecord:
        """Run one case to its record; what goes wrong in it becomes its ERROR, after the bench was made safe."""
        resolved = self._cases[case.plan, case.id]
        if self.latched:
            return self.decline(resolved)
        if case.series:
            return self._conclude(resolved)
        for number in range(1, case.attempts + 1):
            with self.attempt(resolved, number=number) as work:
                work.perform(resolved, electrode_area=self.electrode_area)
            if not self._records[case.plan, case.id].retried:
                break
        return self._records[case.plan, case.id]

    def recorded(self, case: Case) -> CaseRecord:
        """Return the record of a case that has ended."""
        return self._records[case.plan, case.id]

    def decline(self, resolved: ResolvedCase) -> CaseRecord:
        """Record a case that the latched bench refuses."""
        return self._keep(case_record.not_run(resolved, self.latched))

    def _begin(self) -> _Begun:
        return _Begun(self._utc(), self._now())

    def _conclude(self, resolved: ResolvedCase) -> CaseRecord:
        """Judge a series from what its cases have found; the bench is not touched."""
        case, begun = resolved.case, self._begin()
        self.journal.write("case started", plan=case.plan, case=case.id)
        try:
            record = self._series_record(resolved, begun)
        except RigError as problem:
            record = case_record.broken_series(resolved, problem, started=begun.at)
        return self._keep(record)

    def _series_record(self, resolved: ResolvedCase, begun: _Begun) -> CaseRecord:
        case = resolved.case
        found = {name: one for (plan, name), one in self._found.items() if plan == case.plan}
        selected = {name for plan, name in self._cases if plan == case.plan}
        outcomes, judgements = conclude(
            case, resolved.limits, resolved.not_applicable, found, self.bench.loads.values(), selected=selected
        )
        return case_record.series(resolved, outcomes, judgements, started=begun.at, duration=self._now() - begun.on)

    @contextmanager
    def attempt(self, resolved: ResolvedCase, *, number: int = 1) -> Iterator[CaseWork]:
        """Give a case the bench; afterwards the output is off and measured to be off, and the case has its record.

        Only an attempt whose dialogue with an instrument broke is followed by another, where the plan allows one.
        This is the one place where an exception becomes an ERROR: it de-energises first and records second.

        Raises
        ------
        InterlockTripped
            if the bench is latched; nothing is touched then.
        """
        if self.latched:
            raise InterlockTripped(self.latched)
        case, begun = resolved.case, self._begin()
        work = CaseWork(
            case.plan,
            case.id,
            attempt=number,
            bench=self.bench,
            bundle=self.bundle,
            rule=case.decision_rule,
            guardian=self.guardian,
            ratings=self.device.file.ratings,
            now=self._now,
            block=self._block,
        )
        self.journal.write("case started", plan=case.plan, case=case.id)
        self._open[case.plan, case.id] = lambda: self._cut_off(resolved, work, begun)
        raised: BaseException | None = None
        try:
            try:
                yield work
            finally:
                work.close()
        except BaseException as problem:  # noqa: BLE001 - Ctrl-C too: off first, recorded second, raised third
            raised = problem
        with uninterrupted():
            self._finish(resolved, work, begun, raised)
        if raised is not None and not isinstance(raised, Exception):
            raise raised

    def _finish(self, resolved: ResolvedCase, work: CaseWork, begun: _Begun, raised: BaseException | None) -> None:
        """Switch off, measure that it is off, and record an attempt, whatever has ended it."""
        case = resolved.case
        if raised is not None:
            self._make_safe(work)
        error = None if raised is None else case_record.error_entry(raised, work.stage)
        # What was last delivered says for how long to look: a slow device could hide between two pulses.
        try:
            off = prove_off(work, work.views or resolved.views)
        except BaseException:
            self._make_safe(work)
            raise
        self._latch(case, work, off)
        trouble = work.doubt if error is None else error.message
        trouble = trouble or ("" if off.verdict is Verdict.PASS else off.reason)
        self._found[case.plan, case.id] = found_in(work.outcomes, work.captures, work.realised, trouble)
        record = case_record.attempted(
            resolved,
            work,
            started=begun.at,
            duration=self._now() - begun.on,
            error=error,
            off=off,
            aborted=not isinstance(raised, Exception | None),
        )
        failed = any(one.verdict is Verdict.FAIL for one in work.judgements)
        broke = isinstance(raised, CommunicationError)
        again = broke and work.attempt < case.attempts and not (self.latched or failed or work.unjudged)
        self._keep(record.model_copy(update={"attempt": work.attempt, "retried": again}))

    def _latch(self, case: Case, work: CaseWork, off: OutputOffEntry) -> None:
        """Energise nothing more after what was found in a case, if it was such."""
        if off.verdict is not Verdict.PASS:
            self._make_safe(work, for_good=True)
            self.latched = f"the bench is latched since {case.id}: {off.reason}"
            self.ending = "limit_stop" if off.verdict is Verdict.FAIL else "comms_error"
        if work.crossing is not None:
            self.latched = self.latched or f"the bench is latched since {case.id}: {work.doubt}"
            self.ending = "limit_stop"
        if self.guardian.tripped and not self.latched:
            self.latched = f"the guard has tripped in {case.id}: {self.guardian.tripped}"
            self.ending = _ENDINGS[self.guardian.tripped_by]
        if self.bench.unsettled and not self.latched:
            self.latched = f"the bench is latched since {case.id}: {self.bench.unsettled}"
            self.ending = "comms_error"

    def _make_safe(self, work: CaseWork, *, for_good: bool = False) -> None:
        """Make the bench safe, and put on record what of it could not be done; for good also without power."""
        steps = work.make_safe(for_good=for_good or bool(self.guardian.tripped))
        self.journal.write("made safe", **{step.name: step.detail or "done" for step in steps})

    def _cut_off(self, resolved: ResolvedCase, work: CaseWork, begun: _Begun) -> CaseRecord:
        """Return the record of a case that the end of the run cut off."""
        off = OutputOffEntry(verdict=Verdict.ABORTED, reason="the run ended before the output was measured to be off")
        error = ErrorEntry(type="Interrupted", message="the run ended within this case", stage=work.stage)
        duration = self._now() - begun.on
        record = case_record.attempted(
            resolved, work, started=begun.at, duration=duration, error=error, off=off, aborted=True
        )
        return record.model_copy(update={"attempt": work.attempt})

    def _keep(self, record: CaseRecord) -> CaseRecord:
        if self.record is not None:  # sealed: what is recorded stays as it is
            return record
        self._open.pop((record.plan, record.id), None)
        if record.attempt > 1:
            self._earlier.append(self._records[record.plan, record.id])
        self._records[record.plan, record.id] = record
        kept = self.bundle.write_case(record)
        facts = {"verdict": str(record.verdict), "reason": record.reason, "attempt": record.attempt}
        facts |= {"file": kept.file, "sha256": kept.sha256}  # what is cut off can be checked up to here
        self.journal.write("case ended", plan=record.plan, case=record.id, **facts)
        return record
