"""One attempt at one case: connect, look at nothing, stimulate, measure, judge; and what was seen on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.acquisition.capture import Instruments, Seen, View, capture_quiet, capture_stimulus
from rig.errors import BenchError
from rig.evidence import mapping
from rig.model.measurement import Measurement, NotMeasured
from rig.model.waveform import Purpose
from rig.sequencer.examine import Corrected, Findings, examine, residual_current, verify_load
from rig.sequencer.settings import widened
from rig.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rig.bench.build import Bench
    from rig.evidence.record import CaptureEntry, OutputOffEntry
    from rig.evidence.store import Bundle
    from rig.model.judgement import DecisionRule, Judgement
    from rig.model.limit import Limit
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.stimulus import Stimulus
    from rig.sequencer.agreement import Agreement
    from rig.sequencer.resolve import ResolvedCase
    from rig.sequencer.settings import Views

__all__ = ["CaseWork"]


class CaseWork:
    """What was done, captured, measured and judged in one case so far; it grows until the case is recorded.

    ``doubt`` is why nothing of this case can be a PASS, whatever was judged: its load was never verified.
    """

    def __init__(self, plan: str, case_id: str, bench: Bench, bundle: Bundle, rule: DecisionRule) -> None:
        self.plan, self.id, self.bench, self.bundle, self.rule = plan, case_id, bench, bundle, rule
        self.stage = "preparing"
        self.load: Load | None = None
        self.asked: Stimulus | None = None
        self.views: Views | None = None
        self.realised: Stimulus | None = None
        self.captures: list[CaptureEntry] = []
        self.outcomes: dict[str, Outcome] = {}
        self.judgements: list[Judgement] = []
        self.doubt = ""
        self.agreements: tuple[Agreement, ...] = ()
        self._zero: Corrected | None = None

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
        )

    def perform(self, resolved: ResolvedCase, *, electrode_area: float | None) -> None:
        """Do everything that a plan's case asks for."""
        case = resolved.case
        if case.zero:
            self.take_zero(resolved.views)
        self.connect(resolved.load)
        self.stimulate(case.stimulus, resolved.views, electrode_area=electrode_area)
        self.judge(resolved.limits)

    def take_zero(self, views: Views) -> None:
        """Capture with every relay open: what is seen then is the bench's own, not a device that leaks while off."""
        self.stage = "taking the zero capture"
        self.bench.load_switch.open_all()
        self._zero = self._look(Purpose.ZERO, views)

    def connect(self, load: Load) -> None:
        """Connect a load, the output being off."""
        self.stage = f"connecting {load.name}"
        self.bench.select_load(load.name)
        self.load = load

    def stimulate(self, stimulus: Stimulus, views: Views, *, electrode_area: float | None) -> Mapping[str, Outcome]:
        """Deliver a stimulus, capture it, and measure everything that can be measured of it."""
        if self.load is None:
            raise BenchError(f"{self.id}: no load has been connected")
        self.asked, self.views = stimulus, views
        view: View | None = views.signal
        findings: Findings | None = None
        while view is not None:
            findings = self._deliver(stimulus, view, self.load, electrode_area=electrode_area)
            view = self._wider(view) if "voltage" in findings.clipped else None
        if findings is None:
            raise BenchError(f"{self.id}: nothing was captured")
        self.outcomes.update(findings.outcomes)
        self.agreements = findings.agreements
        self.stage = "verifying the load"
        self.doubt = verify_load(findings, self.load) or self.doubt
        return findings.outcomes

    def _deliver(self, stimulus: Stimulus, view: View, load: Load, *, electrode_area: float | None) -> Findings:
        """Stimulate once, and measure what was seen."""
        self.stage = "setting the stimulus"
        self.realised = realised = self.bench.stimulator.prepare(stimulus)
        self.stage = "stimulating"
        capture_id = self._capture_id("signal")
        signal = self._keep(capture_stimulus(capture_id, realised, view, self.bench.stimulator, self.instruments))
        self.stage = "measuring"
        findings = examine(signal, self._zero, stimulus=stimulus, load=load, electrode_area=electrode_area)
        self._note_defects((*signal.capture.notes, *findings.defects))
        return findings

    def _wider(self, view: View) -> View | None:
        """Return the same view with more room on the oscilloscope, or None where it has no more to offer."""
        voltage = self.bench.definition.voltage
        return None if voltage is None else widened(view, voltage)

    def judge(self, limits: Iterable[Limit]) -> tuple[Judgement, ...]:
        """Judge what was measured against limits; a measurand without an outcome is INCONCLUSIVE, never dropped."""
        self.stage = "judging"
        decided = tuple(judge(self._outcome(limit.measurand), limit, self.rule) for limit in limits)
        self.judgements.extend(decided)
        return decided

    def connect_for_proof(self) -> None:
        """See that a resistor is connected: the case's own load, or the first there is where that was open."""
        if self.bench.selected is None or self.bench.selected.is_open:
            resistors = [load for load in self.bench.loads.values() if not load.is_open]
            own = self.load if self.load is not None and not self.load.is_open else resistors[0]
            self.bench.select_load(own.name)

    def look_idle(self, views: Views) -> OutputOffEntry:
        """Measure what flows now that nothing is asked of the device."""
        return residual_current(self._look(Purpose.IDLE, views), self._zero)

    def judge_outcome(self, outcome: Outcome, limit: Limit) -> Judgement:
        """Judge one given outcome against one limit."""
        self.outcomes.setdefault(outcome.measurand, outcome)
        decided = judge(outcome, limit, self.rule)
        self.judgements.append(decided)
        return decided

    @property
    def zero(self) -> Corrected | None:
        """The case's zero capture, if one was taken."""
        return self._zero

    def _outcome(self, measurand: str) -> Measurement | NotMeasured:
        return self.outcomes.get(measurand) or NotMeasured(measurand=measurand, reason=f"{measurand} was not measured")

    def _capture_id(self, kind: str) -> str:
        return f"{self.plan}.{self.id}.{len(self.captures) + 1:02d}-{kind}"

    def _look(self, purpose: Purpose, views: Views) -> Corrected:
        return self._keep(capture_quiet(self._capture_id(purpose.value), purpose, views.quiet, self.instruments))

    def _keep(self, seen: Seen) -> Corrected:
        """Write the raw samples before anything is made of them; return them as current and voltage at the load."""
        entry = self.bundle.write_capture(seen.capture)
        paths = {name: self.bench.signal_path(name, setup) for name, setup in seen.setups.items()}
        corrected = Corrected.of(seen.capture, paths)
        self.captures.append(mapping.capture_entry(corrected.capture, entry, paths=paths))
        return corrected

    def _note_defects(self, defects: tuple[str, ...]) -> None:
        """Put what is wrong with the last capture on record."""
        self.captures[-1] = self.captures[-1].model_copy(update={"defects": defects})
