from __future__ import annotations

from typing import Any

import pytest

from rig.evidence.record import (
    CaseRecord,
    ErrorEntry,
    JudgementEntry,
    LimitEntry,
    OutputOffEntry,
    StimulusEntry,
)
from rig.harness.present import explain, summarise_check
from rig.model.judgement import DecisionRule
from rig.model.verdict import Verdict
from rig.units import Unit

EVIDENCE = "reports/out/20261122t093012z-0a1b2c"


def judgement(verdict: Verdict = Verdict.FAIL, measurand: str = "phase_top", **changes: Any) -> JudgementEntry:
    limit = LimitEntry(
        measurand=measurand,
        lower=0.018,
        upper=0.022,
        unit=Unit.AMPERE,
        text="within 10 % of 20 mA",
        source="testplans/output.plan.yaml:31:9",
    )
    told: dict[str, Any] = {
        "limit": limit,
        "rule": DecisionRule.GUARDED,
        "verdict": verdict,
        "reason": f"{measurand} lies above 22 mA by 2.96 mA",
        "value": 0.02496,
        "expanded_uncertainty": 0.00004,
        "margin": -0.00296,
    }
    return JudgementEntry(**{**told, **changes})


def case(verdict: Verdict, *judgements: JudgementEntry, **changes: Any) -> CaseRecord:
    stimulus = StimulusEntry(
        channel=1,
        shape="biphasic_symmetric",
        amplitude=0.02,
        phase_duration=3e-4,
        interphase=1e-4,
        rate=50.0,
        train=1.1,
        polarity="positive",
    )
    told: dict[str, Any] = {
        "id": "amplitude-accuracy[20mA-1kohm]",
        "plan": "NMES-OUT-ACC",
        "title": "Set amplitude is delivered",
        "location": "testplans/output.plan.yaml:22:5",
        "verdict": verdict,
        "decision_rule": DecisionRule.GUARDED,
        "stimulus": stimulus,
        "judgements": judgements,
        "output_off": OutputOffEntry(verdict=Verdict.PASS, reason="largest current after the stimulation 1 uA"),
    }
    return CaseRecord(**{**told, **changes})


def test_a_failure_shows_the_plan_s_line_value_limit_margin_and_evidence() -> None:
    shown = explain(case(Verdict.FAIL, judgement()), EVIDENCE)
    assert shown.splitlines() == [
        "FAIL  amplitude-accuracy[20mA-1kohm]  Set amplitude is delivered",
        "  plan      testplans/output.plan.yaml:22:5",
        "  FAIL  phase_top = 24.960 ± 0.040 mA; limit within 10 % of 20 mA, margin -2.96 mA",
        "        phase_top lies above 22 mA by 2.96 mA",
        "        testplans/output.plan.yaml:31:9",
        f"  evidence  {EVIDENCE}",
    ]


def test_what_passed_is_not_in_the_way_of_what_did_not() -> None:
    passed = judgement(Verdict.PASS, "pulse_rate")
    open_question = judgement(Verdict.INCONCLUSIVE, "net_charge", value=None, expanded_uncertainty=None, margin=None)
    shown = explain(case(Verdict.FAIL, passed, judgement(), open_question), EVIDENCE)
    assert "pulse_rate" not in shown
    assert "FAIL  phase_top" in shown
    assert "INCONCLUSIVE  net_charge = no value; limit within 10 % of 20 mA\n" in shown


def test_a_limit_of_a_standard_names_its_clause_and_edition() -> None:
    limit = judgement().limit.model_copy(update={"clause": "201.12.1.102", "edition": "2012"})
    assert "limit within 10 % of 20 mA [201.12.1.102, 2012], margin" in summarise_check(judgement(limit=limit))


def test_an_error_says_what_broke_and_when() -> None:
    error = ErrorEntry(type="CommunicationError", message="scope: ':WAVeform:DATA?': timed out", stage="stimulating")
    shown = explain(case(Verdict.ERROR, error=error), EVIDENCE)
    assert "  CommunicationError while stimulating: scope: ':WAVeform:DATA?': timed out\n" in shown


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE])
def test_an_output_that_was_not_proven_off_is_always_told(verdict: Verdict) -> None:
    off = OutputOffEntry(verdict=verdict, reason="12 mA still flows after the stimulation was stopped")
    shown = explain(case(Verdict.FAIL, judgement(), output_off=off), EVIDENCE)
    assert f"  {verdict}  output after the case: 12 mA still flows after the stimulation was stopped\n" in shown


def test_where_nothing_else_explains_the_verdict_its_reason_does() -> None:
    shown = explain(case(Verdict.INCONCLUSIVE, reason="not every declared check was evaluated"), EVIDENCE)
    assert shown.splitlines()[2] == "  not every declared check was evaluated"


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.PASS])
def test_there_is_never_a_python_traceback_and_the_evidence_comes_last(verdict: Verdict) -> None:
    shown = explain(case(verdict, judgement(verdict), reason="a reason"), EVIDENCE)
    assert shown.startswith(f"{verdict}  amplitude-accuracy[20mA-1kohm]")
    assert shown.splitlines()[-1].endswith(EVIDENCE)
    assert "Traceback" not in shown
    assert "None" not in shown
