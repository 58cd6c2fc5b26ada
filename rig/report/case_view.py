"""One case of a record, put into the words and numbers that its page shows."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.evidence.record import (
    CaptureEntry,
    CaseRecord,
    JudgementEntry,
    MeasurementEntry,
    OutputOffEntry,
    RangeEntry,
    WaveformEntry,
)
from rig.model.verdict import Verdict
from rig.report import wording
from rig.report.events import told
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.about import SettingEntry

__all__ = [
    "BudgetLine",
    "CaptureView",
    "CaseView",
    "CheckView",
    "MeasurementView",
    "VerdictView",
    "view_case",
    "view_verdict",
]

_USUAL_COVERAGE = 2.0
_MINOR = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """A verdict as a word, and the style that goes with it; the word alone carries the meaning."""

    word: str
    style: str
    severity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """One judgement as a row of a table."""

    number: int
    measurand: str
    value: str
    limit: str
    limit_text: str
    clause: str
    source: str
    caution: str
    binds: str
    rule: str
    margin: str
    probability: str
    verdict: VerdictView
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One contribution to an uncertainty, and which ``part`` of the variance it makes; of ``minor`` ones below 1 %."""

    name: str
    standard_uncertainty: float
    unit: Unit
    part: float

    @property
    def minor(self) -> bool:
        """Whether it is left out on paper."""
        return self.part < _MINOR

    @property
    def value(self) -> str:
        """The standard uncertainty with its unit."""
        return wording.quantity(self.standard_uncertainty, self.unit, digits=2)

    @property
    def share(self) -> str:
        """The share of the variance, in per cent."""
        return f"{100 * self.part:.0f}\u202f%" if not self.minor else "<\u202f1\u202f%"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementView:
    """One measurand as a row of a table; without a value, ``reason`` says why."""

    measurand: str
    value: str
    single: str
    n: str
    minimum: str
    maximum: str
    std: str
    basis: str
    budget: tuple[BudgetLine, ...]
    reason: str

    @property
    def made_of(self) -> str:
        """Its items and their spread, its signal and window, and what its uncertainty consists of, in one text."""
        items = f"n = {self.n}"
        if self.n != "1":  # a single item has no spread
            items += f", from {self.minimum} to {self.maximum}, std. dev. {self.std}, U of one {self.single}"
        budget = " · ".join(f"{line.name} {line.value} ({line.share})" for line in self.budget if not line.minor)
        return "; ".join(part for part in (items, self.basis, budget) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureView:
    """One capture: why, from where, how, and whether it was fit to be judged."""

    id: str
    purpose: str
    triggered: str
    signals: tuple[str, ...]
    defects: tuple[str, ...]
    file: str
    sha256: str
    screenshot: str
    no_screenshot: str
    zero: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One attempt at one case; ``key`` is its anchor, ``number`` its section."""

    key: str
    number: str
    id: str
    name: str
    attempt: int
    title: str
    plan: str
    location: str
    traces: tuple[str, ...]
    verdict: VerdictView
    reason: str
    settings: str
    amplitude: str
    realised: str
    load: str
    load_name: str
    ranges: str
    events: str
    started: str
    duration: str
    decision_rule: str
    checks: tuple[CheckView, ...]
    measured_in: str
    measurements: tuple[MeasurementView, ...]
    captures: tuple[CaptureView, ...]
    output_off: str
    output_off_verdict: VerdictView | None
    error: str
    judged_from: tuple[str, ...]

    @property
    def ranked_checks(self) -> tuple[CheckView, ...]:
        """The checks with the worst first, otherwise as they were made."""
        return tuple(sorted(self.checks, key=lambda check: -check.verdict.severity))


def view_verdict(verdict: Verdict) -> VerdictView:
    """Return a verdict as it is written."""
    return VerdictView(
        word=wording.words(verdict.value), style=verdict.value.lower().replace("_", "-"), severity=verdict.severity
    )


def view_case(case: CaseRecord, index: int, section: int) -> CaseView:
    """Return the view of ``case``, the ``index``-th (from 1) of section ``section``."""
    off = case.output_off
    usual = _usual_capture(case)
    return CaseView(
        key=f"case-{index}",
        number=f"{section}.{index}",
        id=case.id,
        name=case.id if case.attempt == 1 else f"{case.id} (attempt {case.attempt})",
        attempt=case.attempt,
        title=case.title,
        plan=case.plan,
        location=case.location,
        traces=case.traces,
        verdict=view_verdict(case.verdict),
        reason=_why(case),
        settings=wording.stimulus(case.stimulus),
        amplitude=wording.quantity(case.stimulus.amplitude, Unit.AMPERE),
        realised=_realised(case),
        load=wording.load(case.load),
        load_name=wording.typeset(case.load.name) if case.load else wording.MISSING,
        ranges="; ".join(map(_range, case.ranges)),
        events=told(case),
        started=wording.moment(case.started),
        duration=wording.span(case.duration),
        decision_rule=case.decision_rule.value,
        checks=tuple(_check(judgement, number) for number, judgement in enumerate(case.judgements, 1)),
        measured_in=usual,
        measurements=tuple(_measurement(entry, usual) for entry in case.measurements),
        captures=tuple(map(_capture, case.captures)),
        output_off=_output_off(off) if off else "",
        output_off_verdict=view_verdict(off.verdict) if off else None,
        judged_from=case.judged_from,
        error=f"{case.error.type} while {case.error.stage}: {case.error.message}" if case.error else "",
    )


def _why(case: CaseRecord) -> str:
    """Say why a case has its verdict: the first check that gave it, and the names of the others that did."""
    same = [one for one in case.judgements if one.verdict is case.verdict]
    if not same or same[0].reason != case.reason:
        return wording.prose(case.reason)
    told = wording.named(wording.prose(case.reason))
    others = dict.fromkeys(wording.words(wording.prose(one.limit.called)) for one in same[1:])
    return f"{told}; {wording.words(case.verdict.value)} as well: {', '.join(others)}" if others else told


def _range(entry: RangeEntry) -> str:
    """Say how wide an instrument was set, and for what peak."""
    peak = "" if entry.peak is None else f" of {wording.quantity(entry.peak, entry.unit, digits=3)}"
    why = (
        "after a capture that clipped" if entry.chosen_for == "clipped capture" else f"for the {entry.chosen_for}{peak}"
    )
    return f"{entry.signal}: input ±{wording.quantity(entry.half_range, Unit.VOLT, digits=3)} {why}"


def _realised(case: CaseRecord) -> str:
    """Say what the device was really set to, where it could not do exactly what was asked."""
    return wording.stimulus(case.realised) if case.realised and case.realised != case.stimulus else ""


def _check(judgement: JudgementEntry, number: int) -> CheckView:
    limit = judgement.limit
    return CheckView(
        number=number,
        measurand=wording.prose(limit.called),
        value=wording.result(judgement.value, judgement.expanded_uncertainty, limit.unit),
        limit=wording.limit(limit),
        limit_text=wording.prose(limit.text),
        clause=wording.clause(limit),
        source=limit.edition or limit.source,
        caution=wording.caution(limit),
        binds=wording.pieces(limit.statistic),
        rule=judgement.rule.value,
        margin=wording.signed(judgement.margin, limit.unit),
        probability=wording.probability(judgement.probability_conforming),
        verdict=view_verdict(judgement.verdict),
        reason=wording.named(wording.prose(judgement.reason)),
    )


def _measurement(entry: MeasurementEntry, usual: str) -> MeasurementView:
    unit = entry.unit or Unit.ONE
    single = entry.expanded_single
    spread = entry.n != 1  # a single item has none, and its uncertainty stands beside the value
    return MeasurementView(
        measurand=entry.called,
        value=wording.result(entry.value, entry.expanded_uncertainty, unit),
        single=wording.quantity(single, unit, digits=2) if spread else wording.MISSING,
        n=str(entry.n) if entry.value is not None else wording.MISSING,
        minimum=wording.rounded(entry.minimum, single, unit) if spread else wording.MISSING,
        maximum=wording.rounded(entry.maximum, single, unit) if spread else wording.MISSING,
        std=wording.quantity(entry.std, unit, digits=2) if spread else wording.MISSING,
        basis=_basis(entry, usual),
        budget=_budget(entry, unit),
        reason=wording.prose(entry.reason),
    )


def _usual_capture(case: CaseRecord) -> str:
    """Return the capture that most measurements of a case come from; the others name theirs."""
    named = Counter(entry.origin[0] for entry in case.measurements if entry.origin)
    return named.most_common(1)[0][0] if named else ""


def _basis(entry: MeasurementEntry, usual: str) -> str:
    """Say what a value was measured from: signal, window, and all that is not as usual."""
    parts = [part for part in entry.origin if part not in {usual, entry.measurand}]
    if entry.window is not None:
        start, stop, description = entry.window
        ends = " to ".join(wording.quantity(end, Unit.SECOND, digits=5) for end in (start, stop))
        parts += [part for part in (ends, wording.prose(description)) if part]
    if entry.coverage_factor != _USUAL_COVERAGE:
        parts.append(f"k = {entry.coverage_factor:.2f}")
    return ", ".join(parts)


def _budget(entry: MeasurementEntry, unit: Unit) -> tuple[BudgetLine, ...]:
    """Return the contributions, largest first, with their shares of the variance."""
    total = math.hypot(*(component.standard_uncertainty for component in entry.components))
    return tuple(
        BudgetLine(
            name=component.name,
            standard_uncertainty=component.standard_uncertainty,
            unit=unit,
            part=(component.standard_uncertainty / total) ** 2 if total else 0.0,
        )
        for component in sorted(entry.components, key=lambda component: -component.standard_uncertainty)
    )


def _capture(entry: CaptureEntry) -> CaptureView:
    return CaptureView(
        id=entry.id,
        purpose=entry.purpose,
        triggered="triggered" if entry.triggered else "not triggered",
        signals=tuple(map(_signal, entry.waveforms)),
        defects=entry.defects,
        file=entry.source.file,
        sha256=entry.source.sha256,
        screenshot="" if entry.screenshot is None else entry.screenshot.file,
        no_screenshot=entry.no_screenshot,
        zero=entry.zero,
    )


def _signal(entry: WaveformEntry) -> str:
    """Say how a signal was acquired: rate and length of its record, and how its input was set."""
    count = f"{entry.samples:,}".replace(",", "\u202f")
    told = [f"{entry.signal} from {entry.source}: {count} samples at {wording.quantity(entry.sample_rate, Unit.HERTZ)}"]
    if entry.sample_rate > 0:
        told.append(f"{wording.quantity(entry.samples / entry.sample_rate, Unit.SECOND, digits=5)} long")
    if entry.setting is not None:
        told += _setting(entry.setting)
    return ", ".join(told)


def _setting(entry: SettingEntry) -> Iterator[str]:
    probe = f" at the tip of a {entry.probe:g}:1 probe" if entry.probe != 1.0 else ""
    yield f"range {wording.quantity(entry.full_scale, Unit.VOLT, digits=4)} peak to peak{probe}"
    if entry.offset:
        yield f"offset {wording.quantity(entry.offset, Unit.VOLT, digits=4)}"
    yield f"{entry.coupling} coupling"
    limited = ", limited in the instrument" if entry.bandwidth_limited else ""
    yield f"bandwidth {wording.quantity(entry.bandwidth, Unit.HERTZ, digits=3)}{limited}"
    if entry.reduction != "normal":
        yield entry.reduction


def _output_off(entry: OutputOffEntry) -> str:
    """Say what was seen after the case; the verdict is shown beside it."""
    seen = wording.prose(entry.reason)
    if entry.residual is not None and not seen:
        seen = f"largest current {wording.result(entry.residual, entry.expanded_uncertainty, Unit.AMPERE)}"
    if entry.threshold is not None:
        seen += f"; counts as off below {wording.quantity(entry.threshold, Unit.AMPERE, digits=3)}"
    return seen
