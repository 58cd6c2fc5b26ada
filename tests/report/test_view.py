"""What a report gathers from a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from rig.evidence.about import DeviationEntry
from rig.evidence.record import CaseRecord, IdentityEntry, NotEvaluatedEntry, OutputOffEntry, RunRecord
from rig.evidence.signoff import CheckedSignOff, Meaning, SignOff, Statement
from rig.model.verdict import Verdict
from rig.report.case_view import view_case
from rig.report.render import render_html
from rig.report.standing import Standing
from rig.report.view import view_report


def kinds(record: RunRecord) -> list[tuple[str, str]]:
    return [(anomaly.kind, anomaly.text) for anomaly in view_report(record).anomalies]


def test_a_clean_run_has_no_anomaly(make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]) -> None:
    assert kinds(make_run((make_case(1, 0.02, "500 ohm"),))) == []


def test_a_device_that_says_it_is_another_is_an_anomaly(record: RunRecord, make_run: Callable[..., RunRecord]) -> None:
    assert record.device
    reported = IdentityEntry(manufacturer="HASOMED", model="P24", serial="P24-999", firmware="3.2.1")
    other = make_run((), device=record.device.model_copy(update={"reported": reported}))
    assert ("identity", "The device reports serial 'P24-999'; its file says 'P24-000123'.") in kinds(other)


def test_an_output_not_measured_to_be_off_is_an_anomaly(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    stuck = OutputOffEntry(verdict=Verdict.FAIL, residual=0.02, threshold=1e-4, reason="current still flows")
    run = make_run((make_case(1, 0.02, "500 ohm", output_off=stuck), make_case(2, 0.02, "500 ohm", output_off=None)))
    assert [kind for kind, _ in kinds(run)] == ["output off", "output off"]


def test_modified_software_is_an_anomaly(record: RunRecord, make_run: Callable[..., RunRecord]) -> None:
    run = make_run((), software=record.software.model_copy(update={"modified": True}))
    assert [kind for kind, _ in kinds(run)] == ["software"]
    assert "with uncommitted changes" in dict(view_report(run).software)["Commit"]


def test_untriggered_captures_and_defects_are_anomalies(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    case = make_case(1, 0.02, "500 ohm")
    zero, signal = case.captures
    blind = signal.model_copy(update={"triggered": False, "defects": ("clipped at the upper rail",)})
    run = make_run((case.model_copy(update={"captures": (zero, blind)}),))
    assert kinds(run) == [("capture", "signal-1: clipped at the upper rail"), ("capture", "signal-1: not triggered")]


def test_entries_that_were_not_evaluated_are_listed_once(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    def entry(rate: int) -> NotEvaluatedEntry:
        return NotEvaluatedEntry(
            pack="p:1", clause="1.2", title="AC rms", reason=f"applies above 400 Hz, not {rate} Hz"
        )

    cases = tuple(make_case(rate, 0.02, "500 ohm", not_evaluated=(entry(rate),)) for rate in (10, 20, 30, 40))
    (found,) = view_report(make_run(cases)).unevaluated
    assert found.cases == "4 of 4 cases"
    assert len(found.reasons) == 3
    assert found.reasons[-1] == "and 2 more of this kind"


def test_what_does_not_apply_stands_apart_from_what_was_found(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    def entry(reason: str, found: str = "") -> NotEvaluatedEntry:
        return NotEvaluatedEntry(pack="p:1", clause="3", title="Peak", reason=reason, found=found)

    asked = entry("to be reported", "peak_output_voltage 66.6 ± 2.9 V")
    cases = tuple(make_case(50, 0.02, "500 ohm", not_evaluated=(one,)) for one in (entry("the load is open"), asked))
    (found,) = view_report(make_run(cases)).unevaluated
    assert found.reasons == ("to be reported", "in other cases: the load is open")
    assert found.cases == "1 of 2 cases"
    assert found.found[0].endswith(": peak output voltage 66.6 ± 2.9\u202fV")


def test_a_case_names_every_check_that_gave_its_verdict(make_case: Callable[..., CaseRecord]) -> None:
    case = make_case(50, 0.02, "500 ohm")
    one = case.judgements[0]
    bad = [
        one.model_copy(
            update={
                "verdict": Verdict.FAIL,
                "reason": f"{name} lies above",
                "limit": one.limit.model_copy(update={"measurand": name, "during": ""}),
            }
        )
        for name in ("net_charge", "dc_component")
    ]
    failed = case.model_copy(update={"verdict": Verdict.FAIL, "judgements": tuple(bad), "reason": bad[0].reason})
    assert view_case(failed, 1, 8).reason == "net charge lies above; FAIL as well: dc component"
    unjudged = failed.model_copy(update={"reason": "no such file: net_charge"})
    assert view_case(unjudged, 1, 8).reason == "no such file: net_charge"


def test_a_failure_within_the_guard_band_is_not_said_to_lie_beyond_its_limit(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    case = make_case(50, 0.02, "500 ohm")

    def told(margin: float) -> tuple[str, ...]:
        bad = case.judgements[0].model_copy(update={"verdict": Verdict.FAIL, "margin": margin})
        failed = case.model_copy(update={"verdict": Verdict.FAIL, "judgements": (bad,)})
        return view_report(make_run((failed,))).banners[0].texts

    assert "within its limit by less than its uncertainty" in told(1e-5)[0]
    assert "beyond its limit" in told(-1e-5)[0]


def test_the_budget_is_sorted_and_shared(record: RunRecord) -> None:
    lines = view_report(record).cases[0].measurements[0].budget
    assert [line.name for line in lines] == ["gain", "offset", "noise", "sense resistor"]
    assert [line.share for line in lines] == ["62\u202f%", "32\u202f%", "5\u202f%", "1\u202f%"]
    assert not any(line.minor for line in lines)


def test_traces_lead_to_their_cases(record: RunRecord) -> None:
    traces = {trace.name: [case.number for case in trace.cases] for trace in view_report(record).traces}
    assert traces["REQ-<b>bold</b>"] == ["8.8"]
    assert len(traces["REQ-OUT-003"]) == len(record.cases) - 1


def test_what_every_case_found_for_an_entry_is_shown(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    entry = NotEvaluatedEntry(pack="p:1", clause="3", title="Peak", reason="to be reported", found="5.00 ± 0.10 mA")
    cases = tuple(make_case(50, top, "500 ohm", not_evaluated=(entry,)) for top in (0.01, 0.02, 0.03, 0.04))
    (found,) = view_report(make_run(cases)).unevaluated
    assert found.reasons == ("to be reported",)
    assert [line.rpartition(": ")[2] for line in found.found] == ["5.00 ± 0.10\u202fmA"] * 4
    assert len(set(found.found)) == 4, "each names its case"


def test_figures_that_the_annex_puts_together_are_not_listed_case_by_case(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], record: RunRecord
) -> None:
    entry = NotEvaluatedEntry(pack="fda-pms:1999", clause="3", title="Peak", reason="to be reported", found="5.00 mA")
    cases = tuple(make_case(50, top, "500 ohm", not_evaluated=(entry,)) for top in (0.01, 0.02, 0.03, 0.04))
    pack = record.packs[0].model_copy(update={"id": "fda-pms:1999"})
    report = view_report(make_run(cases, packs=(pack,)))
    assert report.unevaluated[0].found == (
        "found in 4 cases: the worst of each output mode in annex A, every one in section 8",
    )
    assert report.output is not None
    nothing = entry.model_copy(update={"found": "not evaluated: idle_current was not measured"})
    half = tuple(one.model_copy(update={"not_evaluated": (nothing,)}) for one in cases[:2])
    (some,) = view_report(make_run((*half, *cases[2:]), packs=(pack,))).unevaluated
    assert some.found == (
        "found in 2 cases: the worst of each output mode in annex A, every one in section 8",
        "in 2 cases not evaluated: idle current was not measured",
    )
    (few,) = view_report(make_run(cases[:3], packs=(pack,))).unevaluated
    assert len(few.found) == 3


def test_sign_offs_are_rows_with_their_state(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    run = make_run((make_case(1, 0.02, "500 ohm"),))
    assert view_report(run).signoffs == ()
    signed = SignOff(
        number=1,
        run_id=run.run_id,
        manifest="a" * 64,
        record="b" * 64,
        verdict=run.verdict,
        statement=Statement(name="A. Reviewer", meaning=Meaning.APPROVED, role="head", override="it broke"),
        time=datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=1))),
        key="c" * 64,
        public_key="",
        previous="0" * 64,
    )
    checked = (
        CheckedSignOff(line=1, signoff=signed),
        CheckedSignOff(line=2, signoff=signed, problem="altered"),
        CheckedSignOff(line=3, signoff=None, problem="no sign-off"),
    )
    view = view_report(run, Standing(signoffs=checked))
    assert [(one.word, one.texts) for one in view.banners][-1] == ("SIGN-OFF NOT VALID", ("altered", "no sign-off"))
    good, altered, nothing = view.signoffs
    assert "Reviewed by" in view.by_hand
    assert "Authorised by" not in view.by_hand
    assert (good.meaning, good.name, good.role, good.time) == (
        "Approved",
        "A. Reviewer",
        "head",
        "2026-11-23 09:00:00 UTC",
    )
    assert good.remarks == ("Signed although the run is incomplete: it broke",)
    assert [(one.valid, one.state, one.problem) for one in (good, altered, nothing)] == [
        (True, "valid", ""),
        (False, "NOT VALID", "altered"),
        (False, "NOT VALID", "no sign-off"),
    ]


@pytest.mark.parametrize(
    ("meanings", "rejected"),
    [
        (("rejected",), True),
        (("approved", "rejected", "reviewed"), True),
        (("rejected", "approved"), False),
        (("reviewed",), False),
    ],
)
def test_a_rejection_marks_every_page_until_somebody_approves(
    record: RunRecord, meanings: tuple[str, ...], *, rejected: bool
) -> None:
    signed = tuple(
        CheckedSignOff(
            line=number,
            signoff=SignOff(
                number=number,
                run_id=record.run_id,
                manifest="a" * 64,
                record="b" * 64,
                verdict=record.verdict,
                statement=Statement(name="A. Reviewer", meaning=Meaning(meaning), comment="the load was wrong"),
                time=datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=1))),
                key="c" * 64,
                public_key="",
                previous="0" * 64,
            ),
        )
        for number, meaning in enumerate(meanings, 1)
    )
    banners = {one.word: one.texts for one in view_report(record, Standing(signoffs=signed)).banners}
    assert ("REJECTED" in banners) is rejected
    assert not rejected or "A. Reviewer" in banners["REJECTED"][0]
    assert not rejected or "the load was wrong" in banners["REJECTED"][0]
    broken = tuple(replace(one, problem="altered") for one in signed)
    assert "REJECTED" not in {one.word for one in view_report(record, Standing(signoffs=broken)).banners}


def test_only_a_valid_sign_off_takes_the_place_of_a_hand(record: RunRecord) -> None:
    broken = CheckedSignOff(line=1, signoff=None, problem="altered <b>")
    assert "Reviewed by" in render_html(record, None)
    page = render_html(record, None, Standing(signoffs=(broken,)))
    assert "Reviewed by" in page
    assert "altered &lt;b&gt;" in page


def test_a_waived_check_is_seen_with_its_reason_and_its_outcome(record: RunRecord) -> None:
    first = record.cases[0]
    waived = first.judgements[0].model_copy(
        update={"limit": first.judgements[0].limit.model_copy(update={"waiver": "the card is what it is"})}
    )
    undecided = waived.model_copy(update={"verdict": Verdict.INCONCLUSIVE})
    for judgement, impact in ((waived, "none: it could be decided"), (undecided, "a check of this run did not pass")):
        case = first.model_copy(update={"judgements": (judgement, *first.judgements[1:])})
        report = view_report(record.model_copy(update={"cases": (case,)}))
        (told,) = [one for one in report.anomalies if one.kind == "waiver"]
        assert told.text.endswith("the card is what it is")
        assert (told.impact, told.outcome) == (impact, f"1 {judgement.verdict.value}")
        assert told.unresolved == (judgement is undecided)
        shown = "waived, if this bench cannot decide it: the card is what it is"
        assert report.cases[0].checks[0].caution == shown
        assert any(shown in line for line in report.tests[0].criteria)


def test_a_conditional_pass_is_said_on_every_page(record: RunRecord, make_run: Callable[..., RunRecord]) -> None:
    first = record.cases[0]
    near = first.model_copy(update={"verdict": Verdict.CONDITIONAL_PASS})
    report = view_report(make_run((first.model_copy(update={"verdict": Verdict.PASS}), near)))
    (told,) = [one for one in report.banners if one.word == "CONDITIONAL PASS"]
    assert told.texts == ("1 case passed only conditionally: a value lies within its limit by less than its U.",)
    assert "CONDITIONAL PASS" not in [one.word for one in view_report(make_run((first,))).banners]


def test_where_all_is_resolved_the_report_says_that(make_run: Callable[..., RunRecord]) -> None:
    told = DeviationEntry(text="Another cable.", cause="broken", impact="none")
    assert view_report(make_run((), deviations=(told,))).unresolved == "None of these entries is unresolved."
