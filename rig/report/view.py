"""A record, put into the order, words and numbers of a report; nothing here decides anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.evidence.record import CaseRecord, FileEntry, NotEvaluatedEntry, RunRecord
from rig.evidence.signoff import Meaning
from rig.model.verdict import Verdict
from rig.report import equipment, wording
from rig.report.about import About, view_about
from rig.report.all_data import AllData, all_data
from rig.report.anomalies import Anomaly, anomalies
from rig.report.case_view import CaseView, VerdictView, view_case, view_verdict
from rig.report.issue import Issue, view_issue
from rig.report.output_view import OutputView, is_of_output, view_output
from rig.report.quantities import Quantity, quantities
from rig.report.sections import SECTIONS, Section, section
from rig.report.signoff import SignOffView, view_signoffs
from rig.report.standing import Standing
from rig.report.tests_table import TestRow, test_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Banner", "Count", "ReportView", "Trace", "Unevaluated", "incompleteness", "view_report"]

_FINDINGS = 3  # for an entry of a list of output figures, which annex A puts together
_WITHOUT_VALUE = "not evaluated:"  # begins what an entry found that found nothing
_REASONS = 2  # shown in full for an entry of a pack that was not evaluated

_BEYOND = "At least one value was measured to lie beyond its limit."
_NEAR = (
    "At least one value lies within its limit by less than its uncertainty, which the decision rule does not accept."
)
_UNSIGNED = "No key has signed this evidence: who can write its folder could also have made it."

_ENDS = {
    "completed": "completed",
    "limit_stop": "stopped by a current that did not end",
    "operator_abort": "aborted by the operator",
    "estop": "stopped by the operator through the guard",
    "guard_trip": "ended by the guard",
    "lease_lost": "ended, for the bench was taken over",
    "comms_error": "ended by a communication error",
    "crash": "ended by a crash",
    "failed_to_start": "failed to start; nothing was tested",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A word that must be seen on every page, and what it means."""

    word: str
    style: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many cases got one verdict."""

    verdict: VerdictView
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A requirement, hazard or clause, and the cases that speak of it."""

    name: str
    cases: tuple[CaseView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unevaluated:
    """An entry of a limit pack without a verdict, why, in how many cases, and what each of them found for it."""

    pack: str
    clause: str
    title: str
    reasons: tuple[str, ...]
    found: tuple[str, ...]
    cases: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """Everything that a report shows, in its order; tables are rows of ready texts."""

    title: str
    run_id: str
    verdict: VerdictView
    banners: tuple[Banner, ...]
    hashes: tuple[tuple[str, str], ...]
    identification: tuple[tuple[str, str], ...]
    tests: tuple[TestRow, ...]
    counts: tuple[Count, ...]
    case_total: int
    check_total: int
    findings: tuple[CaseView, ...]
    ranked: tuple[CaseView, ...]
    device: tuple[tuple[str, str, str], ...]
    ratings: tuple[tuple[str, str], ...]
    bench: tuple[tuple[str, str], ...]
    instruments: tuple[tuple[str, ...], ...]
    loads: tuple[tuple[str, ...], ...]
    plans: tuple[tuple[str, ...], ...]
    rules: tuple[wording.RuleText, ...]
    packs: tuple[tuple[str, ...], ...]
    anomalies: tuple[Anomaly, ...]
    unresolved: str
    traces: tuple[Trace, ...]
    unevaluated: tuple[Unevaluated, ...]
    cases: tuple[CaseView, ...]
    software: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str, str, str], ...]
    schema: str
    about: About
    data: AllData
    quantities: tuple[Quantity, ...]
    issue: Issue
    sections: tuple[Section, ...] = tuple(SECTIONS.values())
    signoffs: tuple[SignOffView, ...] = ()
    by_hand: tuple[str, ...] = ()
    output: OutputView | None = None

    def section(self, key: str) -> Section:
        """Return a section by its key."""
        return section(key)


def view_report(record: RunRecord, standing: Standing | None = None) -> ReportView:
    """Return the view of ``record``, and of what is known of the evidence it lies in; a pure function of both."""
    known = standing or Standing()
    cases = tuple(view_case(case, index, section("cases").number) for index, case in enumerate(record.cases, 1))
    ranked = tuple(sorted(cases, key=lambda case: -case.verdict.severity))
    found = tuple(anomalies(record))
    signoffs = tuple(view_signoffs(known.signoffs))
    return ReportView(
        title=" · ".join(wording.prose(plan.title) for plan in record.plans) or "Run without a plan",
        run_id=record.run_id,
        verdict=view_verdict(record.verdict),
        banners=(*_banners(record, known), *_sign_off_banners(signoffs)),
        hashes=tuple(_hashes(known)),
        identification=tuple(_identification(record, known)),
        tests=test_rows(record),
        counts=_counts(record.decisive),
        case_total=len(cases),
        check_total=sum(len(case.checks) for case in cases),
        findings=tuple(case for case in ranked if case.verdict.word != Verdict.PASS),
        ranked=ranked,
        device=tuple(equipment.device(record)),
        ratings=tuple((name, wording.typeset(text)) for name, text in record.device.ratings.items())
        if record.device
        else (),
        bench=tuple(equipment.bench(record)),
        instruments=tuple(equipment.instruments(record)),
        loads=tuple(equipment.loads(record)),
        plans=tuple(
            (plan.id, wording.prose(plan.title), plan.revision, plan.decision_rule.value, plan.source.sha256)
            for plan in record.plans
        ),
        rules=_rules(record),
        packs=tuple((pack.id, pack.title, pack.edition, pack.source.sha256) for pack in record.packs),
        anomalies=found,
        unresolved=_unresolved(found),
        traces=_traces(cases),
        unevaluated=_unevaluated(record.cases),
        cases=cases,
        software=_software(record),
        packages=tuple(sorted(record.software.packages.items())),
        files=tuple(_files(record)),
        schema=record.schema_,
        about=view_about(record),
        data=all_data(record),
        quantities=quantities(record),
        issue=view_issue(record, known),
        signoffs=signoffs,
        by_hand=tuple(_by_hand(record, signoffs)),
        output=view_output(record, cases),
    )


def _only_near(record: RunRecord) -> bool:
    """Whether everything that failed lies within its limit, by less than a rule with a guard band accepts."""
    if any(case.output_off and case.output_off.verdict.failed for case in record.cases):
        return False
    failed = [one for case in record.cases for one in case.judgements if one.verdict.failed]
    return bool(failed) and all(one.margin is not None and one.margin >= 0 for one in failed)


def _banners(record: RunRecord, known: Standing) -> Iterable[Banner]:
    if record.verdict.failed:
        yield Banner(word="FAILED", style="bad", texts=(_NEAR if _only_near(record) else _BEYOND,))
    elif near := [case for case in record.decisive if case.verdict is Verdict.CONDITIONAL_PASS]:
        text = (
            f"{_number(len(near), 'case')} passed only conditionally: a value lies within its limit by less than its U."
        )
        yield Banner(word="CONDITIONAL PASS", style="warn", texts=(text,))
    if known.problems:
        yield Banner(word="NOT INTACT", style="bad", texts=known.problems)
    if record.engineering_only:
        yield Banner(word="ENGINEERING ONLY", style="warn", texts=record.engineering_only)
    if incomplete := (*filter(None, (known.incomplete,)), *incompleteness(record)):
        yield Banner(word="INCOMPLETE", style="warn", texts=incomplete)
    if not _signed_by(record, known):
        yield Banner(word="UNSIGNED", style="note", texts=(_UNSIGNED,))
    if record.bench and record.bench.virtual:
        text = "No physical device was tested: instruments, load and device were simulated."
        yield Banner(word="VIRTUAL BENCH", style="note", texts=(text,))


def _sign_off_banners(signoffs: tuple[SignOffView, ...]) -> Iterable[Banner]:
    """Yield that the last who decided rejected the run, and that there is a sign-off that does not stand."""
    decided = [one for one in signoffs if one.valid and one.meaning.lower() in {Meaning.APPROVED, Meaning.REJECTED}]
    if decided and decided[-1].meaning.lower() == Meaning.REJECTED:
        last = decided[-1]
        said = " ".join(last.remarks)
        yield Banner(word="REJECTED", style="bad", texts=(f"Rejected by {last.name}, {last.time}. {said}".rstrip(),))
    if broken := tuple(one.problem for one in signoffs if not one.valid):
        yield Banner(word="SIGN-OFF NOT VALID", style="bad", texts=broken)


def _signed_by(record: RunRecord, known: Standing) -> str:
    """Return whose valid signature was found, or before the bundle could be examined, who was to sign it."""
    return known.signed_by if known.examined else record.signed_by


def _hashes(known: Standing) -> Iterable[tuple[str, str]]:
    """Yield of what, and its SHA-256: of the whole bundle where it has a manifest, and of the record."""
    if known.bundle_sha256:
        yield "manifest.json", known.bundle_sha256
    if known.record_sha256:
        yield "record.json", known.record_sha256


def incompleteness(record: RunRecord) -> tuple[str, ...]:
    """Return everything for which a run is marked as incomplete; empty if it is complete."""
    return tuple(_incomplete(record))


def _incomplete(record: RunRecord) -> Iterable[str]:
    if record.end_reason != "completed":
        yield f"Run {_ENDS[record.end_reason]}."
    elif record.finished is None:
        yield "Run without a recorded end."
    counts = Counter(case.verdict for case in record.decisive)
    for verdict in (Verdict.NOT_RUN, Verdict.ABORTED, Verdict.ERROR, Verdict.INCONCLUSIVE):
        if counts[verdict]:
            yield f"{_number(counts[verdict], 'case')} {wording.words(verdict.value)}."
    if record.not_selected:
        yield f"{_number(record.not_selected, 'case')} of the plan not selected for this run."
    if not record.cases:
        yield "The record holds no case."


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _identification(record: RunRecord, known: Standing) -> Iterable[tuple[str, str]]:
    issue = view_issue(record, known)
    yield "Report", f"{issue.id}, issued {issue.issued}"
    yield "Run", record.run_id
    yield "Started", wording.moment(record.started)
    yield "Finished", wording.moment(record.finished)
    if record.finished:
        yield "Duration", wording.span((record.finished - record.started).total_seconds())
    yield "End", _ENDS[record.end_reason]
    yield "Operator", record.operator or "not recorded"
    key = _signed_by(record, known)
    yield "Signature", f"by the key {key}" if key else "none: this evidence is not signed"
    if record.device:
        who = record.device
        yield "Device under test", f"{who.manufacturer} {who.model}, serial {who.serial}, firmware {who.firmware}"
    yield "Bench", f"{record.bench.id}: {record.bench.title}" if record.bench else "not built"
    for plan in record.plans:
        yield "Plan", f"{plan.id}, revision {plan.revision}" if plan.revision else plan.id
    yield from ((f"SHA-256 of {name}", digest) for name, digest in _hashes(known))
    yield "Software", f"nmes-rig {record.software.version}, commit {record.software.commit or 'unknown'}"


def _counts(cases: Iterable[CaseRecord]) -> tuple[Count, ...]:
    counts = Counter(case.verdict for case in cases)
    return tuple(
        Count(verdict=view_verdict(verdict), number=counts[verdict])
        for verdict in sorted(Verdict, key=lambda verdict: -verdict.severity)
        if counts[verdict]
    )


def _rules(record: RunRecord) -> tuple[wording.RuleText, ...]:
    used = {plan.decision_rule for plan in record.plans} | {case.decision_rule for case in record.cases}
    return tuple(text for rule, text in wording.RULES.items() if rule in used)


def _by_hand(record: RunRecord, signoffs: tuple[SignOffView, ...]) -> Iterable[str]:
    """Yield what neither the record nor an electronic signature says, and what people therefore write down."""
    if not (record.bench and record.bench.laboratory):
        yield "Laboratory and location"
    if not any(plan.about and plan.about.customer for plan in record.plans):
        yield "Customer"
    signed = {one.meaning.lower() for one in signoffs if one.valid}
    if "reviewed" not in signed:
        yield "Reviewed by"
    if not signed & {"approved", "responsible"}:
        yield "Authorised by"


def _unresolved(found: tuple[Anomaly, ...]) -> str:
    """Say how many anomalies are unresolved, and what that means."""
    number = sum(one.unresolved for one in found)
    if not number:
        return "None of these entries is unresolved."
    told = f"{number} of {_number(len(found), 'entry').replace('entrys', 'entries')}"
    return (
        f"{told} {'is' if number == 1 else 'are'} unresolved: there the case did not pass in the end, or a person has "
        "to accept what is stated. Whether that may be deferred is for whoever authorises this report to say."
    )


def _traces(cases: Iterable[CaseView]) -> tuple[Trace, ...]:
    found: dict[str, list[CaseView]] = {}
    for case in cases:
        for name in dict.fromkeys(case.traces):
            found.setdefault(name, []).append(case)
    return tuple(Trace(name=name, cases=tuple(found[name])) for name in sorted(found))


def _unevaluated(cases: tuple[CaseRecord, ...]) -> tuple[Unevaluated, ...]:
    """Return each entry of a pack once, with its reasons and the number of cases it concerns."""
    entries: dict[tuple[str, str, str], list[tuple[CaseRecord, NotEvaluatedEntry]]] = {}
    for case in cases:
        for entry in {(entry.pack, entry.clause, entry.title): entry for entry in case.not_evaluated}.values():
            entries.setdefault((entry.pack, entry.clause, entry.title), []).append((case, entry))
    return tuple(_without_verdict(name, concerned, len(cases)) for name, concerned in entries.items())


def _without_verdict(
    name: tuple[str, str, str], concerned: list[tuple[CaseRecord, NotEvaluatedEntry]], number: int
) -> Unevaluated:
    """Return one entry; where cases found something for it, the reasons of the others stand after theirs."""
    finding = [(case, entry) for case, entry in concerned if entry.found]
    reasons = _few(entry.reason for _, entry in finding)
    elsewhere = _few(entry.reason for _, entry in concerned if not entry.found)
    if finding and elsewhere:
        elsewhere = (f"in other cases: {elsewhere[0]}", *elsewhere[1:])
    pack, clause, title = name
    return Unevaluated(
        pack=pack,
        clause=clause,
        title=wording.prose(title),
        reasons=(*reasons, *elsewhere),
        found=_found(pack, finding),
        cases=f"{len(finding) or len(concerned)} of {_number(number, 'case')}",
    )


def _found(pack: str, finding: list[tuple[CaseRecord, NotEvaluatedEntry]]) -> tuple[str, ...]:
    """Return what each case found; for a list of output figures, of many cases, where these are put together."""
    if not is_of_output(pack) or len(finding) <= _FINDINGS:
        return tuple(f"{case.id}: {wording.named(wording.prose(entry.found))}" for case, entry in finding)
    without = Counter(entry.found for _, entry in finding if entry.found.startswith(_WITHOUT_VALUE))
    valued = len(finding) - without.total()
    together = f"the worst of each output mode in annex A, every one in section {section('cases').number}"
    return (
        *((f"found in {_number(valued, 'case')}: {together}",) if valued else ()),
        *(f"in {_number(number, 'case')} {wording.named(wording.prose(told))}" for told, number in without.items()),
    )


def _few(told: Iterable[str]) -> tuple[str, ...]:
    """Return the first of different reasons, and how many more of the kind the record holds."""
    reasons = [wording.named(wording.prose(one)) for one in dict.fromkeys(told)]
    more = len(reasons) - _REASONS
    return (*reasons[:_REASONS], f"and {more} more of this kind") if more > 0 else tuple(reasons)


def _software(record: RunRecord) -> tuple[tuple[str, str], ...]:
    software = record.software
    state = " with uncommitted changes" if software.modified else ""
    return (
        ("nmes-rig", software.version),
        ("Commit", f"{software.commit or 'unknown'}{state}"),
        ("Python", software.python),
        ("Platform", software.platform),
        ("Record schema", record.schema_),
    )


def _files(record: RunRecord) -> Iterable[tuple[str, str, str, str]]:
    """Yield what, where from, name in the bundle, SHA-256; captures are listed with their cases."""
    named: list[tuple[str, FileEntry]] = [(f"plan {plan.id}", plan.source) for plan in record.plans]
    if record.bench:
        named.append((f"bench {record.bench.id}", record.bench.source))
    if record.device:
        named.append(("device under test", record.device.source))
    if record.environment and record.environment.source:
        named.append(("surroundings", record.environment.source))
    if record.bench:
        named += [(f"photograph: {one.caption}", one.source) for one in record.bench.photographs]
    named += [(f"limit pack {pack.id}", pack.source) for pack in record.packs]
    for name, source in named:
        yield name, source.origin, source.file, source.sha256
