"""The matrix as people and programs get it: nothing in it is taken for markup, a formula or a terminal's command."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pypdf

from rig.evidence.trace.matrix import Matrix, build_matrix
from rig.evidence.trace.requirement import Hazard, Requirement, Requirements
from rig.model.verdict import Verdict
from rig.report.matrix.page import render_matrix_html
from rig.report.matrix.paper import render_matrix_pdf
from rig.report.matrix.table import write_matrix_csv
from rig.report.matrix.terminal import show_matrix
from rig.report.matrix.view import view_matrix
from tests.trace.runs import asked, case, judged, requirement, run

PASS, FAIL = Verdict.PASS, Verdict.FAIL
MADE = "2026-11-22 10:00:00 UTC"
HOSTILE = "=cmd()</style><script>alert(1)</script>\x1b[2J\u202e"


def hostile() -> Matrix:
    one = Requirement(id=HOSTILE, title=HOSTILE, text=HOSTILE, revision=HOSTILE, hazards=(HOSTILE,), clauses=(HOSTILE,))
    requirements = Requirements(
        file=HOSTILE, sha256="0" * 64, title=HOSTILE, requirements=(one,), hazards=(Hazard(id=HOSTILE, text=HOSTILE),)
    )
    runs = [run(HOSTILE, case(HOSTILE, FAIL, [HOSTILE]), case("b", PASS, ["@" + HOSTILE]), marks=[HOSTILE])]
    return build_matrix(requirements, runs, (), [HOSTILE])


def shown(matrix: Matrix) -> str:
    return show_matrix(view_matrix(matrix, MADE))


def test_no_text_becomes_markup_on_the_page() -> None:
    page = render_matrix_html(view_matrix(hostile(), MADE))
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert not set(page) & {"\x1b", "\u202e"}
    assert "script-src" not in page
    assert re.search(r"default-src 'none'", page)


def test_the_paper_shows_hostile_text_as_it_is_and_every_gap_of_the_page() -> None:
    made = render_matrix_pdf(view_matrix(hostile(), MADE), datetime(2026, 11, 22, 10, 0, tzinfo=UTC))
    document = pypdf.PdfReader(io.BytesIO(made))
    words = "".join("".join(page.extract_text() for page in document.pages).split())
    assert "<script>alert(1)</script>⟨U+001B⟩[2J⟨U+202E⟩" in words
    assert "Namesinplansthatnorequirement,hazardorclausehas" in words
    assert all("Traceabilitymatrix," in "".join(page.extract_text().split()) for page in document.pages)


def test_no_text_becomes_a_formula_in_a_spreadsheet() -> None:
    for row in csv.reader(io.StringIO(write_matrix_csv(hostile()))):
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)


def test_no_text_steers_the_terminal() -> None:
    text = shown(hostile())
    assert not set(text) & {"\x1b", "\u202e"}
    assert "⟨U+001B⟩" in text


def test_every_row_of_the_table_has_all_columns_and_every_check_is_in_it() -> None:
    matrix = build_matrix(
        asked(requirement("R1"), requirement("R2")),
        [run("r", case("a[1]", PASS, ["R1", "who"]), case("a[2]", FAIL, ["R1"]), case("b", Verdict.NOT_RUN))],
        (),
    )
    rows = list(csv.DictReader(io.StringIO(write_matrix_csv(matrix)), strict=True))
    assert {len(row) for row in rows} == {28}
    assert [(row["row"], row["requirement"], row["case"], row["verdict"]) for row in rows] == [
        ("requirement", "R1", "a[1]", "PASS"),
        ("requirement", "R1", "a[2]", "FAIL"),
        ("requirement", "R2", "", ""),
        ("no requirement", "", "b", ""),
        ("unknown name", "who", "", ""),
    ]
    assert [row["requirement_verdict"] for row in rows] == ["FAIL", "FAIL", "NOT TESTED", "", ""]
    assert all(None not in row and None not in row.values() for row in rows)


def test_the_check_nearest_to_its_limit_stands_for_its_kind_and_a_worse_verdict_comes_first() -> None:
    near = judged("phase_top", PASS).model_copy(update={"value": 0.75, "margin": 0.25})
    far = judged("phase_top", PASS)
    charge = judged("net_charge", PASS).model_copy(update={"margin": 0.001})
    bad = judged("net_charge", Verdict.INCONCLUSIVE).model_copy(update={"value": None, "margin": None})
    cases = [case("a[1]", PASS, ["R"], [far, charge]), case("a[2]", Verdict.INCONCLUSIVE, ["R"], [near, bad])]
    row = view_matrix(build_matrix(asked(requirement("R")), [run("r", *cases)], ()), MADE).rows[0]
    lines = {line.measurand: line for line in row.groups[0].checks}
    assert (lines["phase top"].case, lines["phase top"].number) == ("a[2]", 2)
    assert lines["net charge"].verdict.word == "INCONCLUSIVE"
    assert row.groups[0].reasons == ("a[2]: INCONCLUSIVE: it is so",)


def test_an_old_failure_is_shown_beside_the_pass_that_superseded_it() -> None:
    runs = [run("old", case("a", FAIL, ["R"]), marks=["engineering only"]), run("new", case("a", PASS, ["R"]), day=1)]
    matrix = build_matrix(asked(requirement("R")), runs, ())
    view = view_matrix(matrix, MADE)
    assert [(one.verdict.word, one.standing, one.marks) for one in view.rows[0].groups] == [
        ("PASS", "", ()),
        ("FAIL", "superseded", ("engineering only",)),
    ]
    assert "superseded: P a in old: FAIL" in shown(matrix)
    assert "1 superseded failure" in shown(matrix)
    assert "FAILED BEFORE" in render_matrix_html(view)


def test_nothing_untested_is_shown_as_passed() -> None:
    matrix = build_matrix(asked(requirement("R", hazards=("H",)), hazards=[Hazard(id="H")]), [run("r")], ())
    view = view_matrix(matrix, MADE)
    assert (view.rows[0].state.word, view.hazards[0].state.word, view.state.word) == (
        "NOT TESTED",
        "NOT TESTED",
        "GAPS",
    )
    half = asked(requirement("R", hazards=("H",)), requirement("S", hazards=("H",)), hazards=[Hazard(id="H")])
    found = view_matrix(build_matrix(half, [run("r", case("a", PASS, ["R"]))], ()), MADE)
    assert found.hazards[0].state.word == "PARTLY TESTED"
