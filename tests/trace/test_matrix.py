"""The laws of the matrix: nothing is lost, nothing untested passes, no failure makes anything better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.evidence.record import NotEvaluatedEntry
from rig.evidence.trace.entries import Pack, PackClause
from rig.evidence.trace.matrix import Matrix, build_matrix
from rig.evidence.trace.requirement import Hazard, Requirements, RiskControl
from rig.evidence.trace.results import Result, Run, Standing
from rig.model.verdict import Verdict
from tests.trace.runs import asked, case, judged, requirement, run

PASS, FAIL = Verdict.PASS, Verdict.FAIL
NAMES = ("R1", "R2", "R3", "H1", "C1", "stranger")
ASKED = asked(
    requirement("R1", hazards=("H1",)),
    requirement("R2", risk_controls=("C1",)),
    requirement("R3"),
    hazards=[Hazard(id="H1")],
    controls=[RiskControl(id="C1", hazards=("H1",))],
)

cases = st.builds(
    case,
    st.sampled_from(["a", "b[1]", "b[2]", "c"]),
    st.sampled_from(list(Verdict)),
    st.lists(st.sampled_from(NAMES), unique=True, max_size=3),
)
some_runs = st.lists(
    st.tuples(st.lists(cases, unique_by=lambda one: one.id, min_size=1, max_size=4), st.integers(0, 9), st.booleans()),
    min_size=1,
    max_size=4,
).map(lambda drawn: [run(f"r{n}", *own, day=day, virtual=virtual) for n, (own, day, virtual) in enumerate(drawn)])


def matrix(runs: list[Run], requirements: Requirements = ASKED, packs: tuple[Pack, ...] = ()) -> Matrix:
    return build_matrix(requirements, runs, packs)


def verdict_of(found: Matrix, name: str) -> Verdict | None:
    return next(row.verdict for row in found.rows if row.requirement.id == name)


@given(some_runs)
def test_every_case_of_every_run_is_in_the_matrix(runs: list[Run]) -> None:
    found = matrix(runs)
    shown = {
        (link.result.run.record.run_id, link.result.case.id)
        for links in (row.links for row in found.rows)
        for link in links
    }
    shown |= {(one.run.record.run_id, one.case.id) for one in (*found.untraced, *found.others)}
    assert shown == {(one.record.run_id, each.id) for one in runs for each in one.record.decisive}


@given(some_runs)
def test_a_requirement_that_nothing_that_counts_traces_to_has_no_verdict_and_leaves_a_gap(runs: list[Run]) -> None:
    found = matrix(runs)
    traced = {name for one in found.counting for name in one.case.traces}
    for row in found.rows:
        assert (row.verdict is None) == (row.requirement.id not in traced)
    if any(row.verdict is None for row in found.rows):
        assert found.gaps


@given(some_runs)
def test_of_every_case_something_counts_and_no_failure_is_dropped(runs: list[Run]) -> None:
    found = matrix(runs)

    def item(one: Result) -> tuple[str, bool]:
        return one.case.id, one.run.virtual

    assert {item(one) for one in found.counting} == {item(one) for one in found.results}
    failed = [one for one in found.results if one.case.verdict.failed]
    assert all(one in found.failed_before or one in found.counting for one in failed)


@given(some_runs, st.integers(0, 9))
def test_a_run_in_which_everything_failed_makes_nothing_better(runs: list[Run], day: int) -> None:
    before = matrix(runs)
    names: dict[str, set[str]] = {}
    for one in (own for each in runs for own in each.record.cases):
        names.setdefault(one.id, set()).update(one.traces)
    worse = run("zz", *(case(name, FAIL, traces) for name, traces in names.items()), day=day)
    after = matrix([*runs, worse])
    for row in before.rows:
        now = verdict_of(after, row.requirement.id)
        if row.verdict is not None:
            assert now is not None
            assert now.severity >= row.verdict.severity
    assert after.failed or not before.failed


@given(some_runs, some_runs)
def test_the_matrix_of_more_runs_holds_all_results_of_fewer(runs: list[Run], others: list[Run]) -> None:
    renamed = [run(f"x{n}", *one.record.cases, day=n, virtual=one.virtual) for n, one in enumerate(others)]
    fewer, more = matrix(runs), matrix([*runs, *renamed])

    def pairs(found: Matrix) -> set[tuple[str, str, str]]:
        return {
            (row.requirement.id, link.result.run.record.run_id, link.result.case.id)
            for row in found.rows
            for link in row.links
        }

    assert pairs(fewer) <= pairs(more)
    assert {one.name for one in fewer.unknown} <= {one.name for one in more.unknown}


@given(some_runs, st.randoms(use_true_random=False))
def test_the_order_in_which_bundles_are_named_decides_nothing(runs: list[Run], chance: Random) -> None:
    shuffled = list(runs)
    chance.shuffle(shuffled)
    one, other = matrix(runs), matrix(shuffled)
    assert [row.verdict for row in one.rows] == [row.verdict for row in other.rows]
    assert (one.failed, one.gaps) == (other.failed, other.gaps)


@pytest.mark.parametrize(
    ("verdicts", "counting", "verdict"),
    [
        ([FAIL, PASS], ["r1"], PASS),
        ([PASS, FAIL], ["r1"], FAIL),
        ([PASS, Verdict.ERROR], ["r0"], PASS),
        ([FAIL, Verdict.ABORTED], ["r0"], FAIL),
        ([FAIL, Verdict.INCONCLUSIVE], ["r0", "r1"], FAIL),
        ([PASS, Verdict.INCONCLUSIVE, Verdict.ERROR], ["r0", "r1"], Verdict.INCONCLUSIVE),
        ([FAIL, PASS, Verdict.INCONCLUSIVE], ["r1", "r2"], Verdict.INCONCLUSIVE),
        ([Verdict.ERROR, Verdict.NOT_RUN], ["r1"], Verdict.NOT_RUN),
    ],
)
def test_the_newest_result_that_came_to_a_verdict_counts(
    verdicts: list[Verdict], counting: list[str], verdict: Verdict
) -> None:
    found = matrix([run(f"r{n}", case("a", one, ["R1"]), day=n) for n, one in enumerate(verdicts)])
    assert sorted(one.run.record.run_id for one in found.counting) == counting
    assert verdict_of(found, "R1") is verdict


def test_a_failure_that_was_superseded_is_still_told() -> None:
    found = matrix([run("old", case("a", FAIL, ["R1"])), run("new", case("a", PASS, ["R1"]), day=1)])
    assert [(one.run.record.run_id, one.standing) for one in found.failed_before] == [("old", Standing.SUPERSEDED)]
    assert not found.failed
    assert [link.verdict for link in found.rows[0].links] == [FAIL, PASS]


def test_neither_another_device_nor_a_simulated_one_takes_the_place_of_a_result() -> None:
    found = matrix([
        run("one", case("a", FAIL, ["R1"])),
        run("two", case("a", PASS, ["R1"]), day=1, serial="2"),
        run("virtual", case("a", PASS, ["R1"]), day=2, virtual=True),
    ])
    assert not found.others
    assert verdict_of(found, "R1") is FAIL


@pytest.mark.parametrize(("revised", "stale"), [((2026, 6, 1), False), ((2026, 6, 2), True), (None, False)])
def test_a_result_is_stale_if_its_run_began_before_the_day_of_the_revision(
    revised: tuple[int, int, int] | None, stale: bool
) -> None:
    day = None if revised is None else date(*revised)
    found = matrix([run("r", case("a", PASS, ["R"]))], asked(requirement("R", day)))
    assert found.rows[0].stale is stale
    assert found.gaps is stale
    assert found.rows[0].verdict is PASS


def test_what_one_check_covers_is_not_failed_by_another_check() -> None:
    checks = [judged("phase_top", FAIL), judged("net_charge", PASS, traces=["R2"])]
    found = matrix([run("r", case("a", FAIL, ["R1", "R2"], checks))])
    assert (verdict_of(found, "R1"), verdict_of(found, "R2")) == (FAIL, PASS)
    assert [one.limit.measurand for one in found.rows[1].links[0].judgements] == ["net_charge"]
    assert found.failed


def test_what_is_wrong_with_a_case_beside_its_checks_concerns_every_check() -> None:
    checks = [judged("phase_top", PASS), judged("net_charge", PASS, traces=["R2"])]
    found = matrix([run("r", case("a", Verdict.ERROR, ["R1", "R2"], checks))])
    assert verdict_of(found, "R2") is Verdict.ERROR


def test_a_check_that_was_never_judged_leaves_its_requirement_with_the_verdict_of_the_case() -> None:
    found = matrix([run("r", case("a", Verdict.ERROR, ["R2"], []))])
    assert verdict_of(found, "R2") is Verdict.ERROR


def test_a_hazard_is_covered_through_what_controls_it() -> None:
    found = matrix([run("r", case("a", PASS, ["R2"]))])
    hazard, control = found.hazards[0], found.risk_controls[0]
    assert (hazard.requirements, hazard.untested, hazard.verdict) == (("R1", "R2"), ("R1",), PASS)
    assert (control.requirements, control.verdict) == (("R2",), PASS)


def test_a_risk_control_that_nothing_tests_is_a_gap() -> None:
    requirements = asked(requirement("R1"), controls=[RiskControl(id="C1")])
    assert matrix([run("r", case("a", PASS, ["R1"]))], requirements).gaps


def test_everything_covered_and_passed_leaves_no_gap() -> None:
    found = matrix([run("r", case("a", PASS, ["R1"]), case("b", PASS))], asked(requirement("R1")))
    assert not found.failed
    assert not found.gaps
    assert [one.case.id for one in found.untraced] == ["b"]


def test_a_failure_without_a_requirement_is_a_failure() -> None:
    found = matrix([run("r", case("a", PASS, ["R1"]), case("b", FAIL))], asked(requirement("R1")))
    assert found.failed


def test_names_that_nobody_knows_are_told_with_what_was_perhaps_meant() -> None:
    requirements = asked(requirement("REQ-OUT-003", clauses=("ISO 1 4.2",)))
    packs = (Pack(id="iec60601-2-10:2012", title="", edition="", entries=(PackClause(clause="201.12", title="t"),)),)
    names = ["REQ-OUT-03", "ISO-1 4.2", "IEC 60601-2-10 201.12", "IEC 60601-2-10 201.13"]
    found = matrix([run("r", case("a", PASS, names))], requirements, packs)
    told = [(one.name, one.nearest) for one in found.unknown]
    assert told == [("IEC 60601-2-10 201.13", ""), ("REQ-OUT-03", "REQ-OUT-003")]


def test_clauses_are_judged_stated_or_not_evaluated_with_the_reasons_on_record() -> None:
    entries = tuple(PackClause(clause="1", title=title) for title in ("dc", "rms", "peak", "never"))
    pack = Pack(id="p:1", title="", edition="1", entries=entries, applied=("r",))
    left_out = [
        NotEvaluatedEntry(pack="p:1", clause="1", title="rms", reason="not at this rate"),
        NotEvaluatedEntry(pack="p:1", clause="1", title="peak", reason="to be reported", found="3 V"),
    ]
    checks = [judged("dc", PASS, pack="p:1", clause="1", title="dc")]
    runs = [run("r", case("a", PASS, ["R1"], checks, left_out), case("b", PASS, ["R1"], checks, left_out[:1]))]
    rows = matrix(runs, asked(requirement("R1", clauses=("p 1",))), (pack,)).clauses
    assert [row.verdict for row in rows] == [PASS, None, None, None]
    assert [row.evaluated for row in rows] == [True, False, True, False]
    assert rows[1].reasons == (("not at this rate", 2),)
    assert rows[2].stated == ("a: 3 V",)
    assert rows[3].reasons == (("no case that was judged asked for it", 0),)
    assert all(row.requirements == ("R1",) for row in rows)


def engineering(one: Run) -> Run:
    return replace(one, record=one.record.model_copy(update={"engineering_only": ("a calibration has expired",)}))


@pytest.mark.parametrize(
    "weaken", [engineering, lambda one: replace(one, sealed=False)], ids=["engineering", "unsealed"]
)
def test_what_is_no_evidence_covers_nothing_and_takes_no_failure_away(weaken: Callable[[Run], Run]) -> None:
    only = asked(requirement("R", hazards=("H",)), hazards=[Hazard(id="H")])
    failed, passed = run("failed", case("a", FAIL, ["R"])), run("passed", case("a", PASS, ["R"]))
    alone = matrix([weaken(passed)], only)
    assert (alone.gaps, alone.rows[0].provisional, alone.hazards[0].provisional) == (True, True, True)
    later = weaken(run("later", case("a", PASS, ["R"]), day=1))
    found = matrix([failed, later], only)
    assert (found.failed, verdict_of(found, "R")) == (True, FAIL)
    assert [one.standing for one in found.results] == [Standing.COUNTS, Standing.PROVISIONAL]
    covered = matrix([passed, later], only)
    assert not covered.gaps
    assert matrix([passed, weaken(run("later", case("a", FAIL, ["R"]), day=1))], only).failed
    newer = matrix([weaken(failed), run("later", case("a", PASS, ["R"]), day=1)], only)
    assert (newer.failed, newer.gaps) == (False, False)
