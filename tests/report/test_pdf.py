"""The PDF as other readers see it: a tagged PDF/A whose every page says whose it is, and whose text is text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from pypdf import PdfReader

from rig.errors import EvidenceError
from rig.evidence.record import CaptureEntry, CaseRecord, RunRecord
from rig.report.drawing import drawings
from rig.report.pdf.data import report_json
from rig.report.pdf.letters import BREAK
from rig.report.pdf.render import render_pdf, typeset
from rig.report.render import render_html
from rig.report.setup_diagram import draw_setup
from rig.report.standing import Standing
from rig.report.view import view_report

Captures = Callable[[CaptureEntry], Any]
KNOWN = Standing(record_sha256="ab12" * 16, bundle_sha256="cd34" * 16, examined=True)


def squeezed(text: str) -> str:
    """Leave out all space: where lines break is not what a text says."""
    return re.sub(r"\s+", "", text.replace("\u202f", ""))


class Paper:
    """What is read back from a PDF."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.reader = PdfReader(BytesIO(content))
        self.pages = [squeezed(page.extract_text()) for page in self.reader.pages]
        self.text = "".join(self.pages)

    def elements(self, kind: str) -> Iterator[tuple[str, list[str]]]:
        """Yield the alternative text and the kinds of the children of each structure element of one kind, in order."""
        with pikepdf.open(BytesIO(self.content)) as pdf:
            waiting: list[Any] = [pdf.Root.StructTreeRoot]
            while waiting:
                one = waiting.pop()
                if isinstance(one, pikepdf.Array):
                    waiting.extend(reversed(list(one)))
                elif isinstance(one, pikepdf.Dictionary):
                    below: Any = one.get("/K", [])
                    if one.get("/S") == f"/{kind}":
                        parts = [part for part in below if isinstance(part, pikepdf.Dictionary)]
                        yield str(one.get("/Alt", "")), [str(part.get("/S", "")) for part in parts]
                    waiting.append(below)


@pytest.fixture(scope="module")
def everything() -> dict[str, Paper]:
    return {}


@pytest.fixture
def paper(everything: dict[str, Paper], record: RunRecord, captures: Captures) -> Paper:
    """Return the sample's report, set once for all tests."""
    if not everything:
        everything["sample"] = Paper(render_pdf(record, captures, KNOWN))
    return everything["sample"]


def test_it_says_that_it_is_pdf_a_and_for_everybody(paper: Paper, record: RunRecord) -> None:
    with pikepdf.open(BytesIO(paper.content)) as pdf:
        with pdf.open_metadata() as meta:
            assert (meta["pdfaid:part"], meta["pdfaid:conformance"], meta["pdfuaid:part"]) == ("2", "A", "1")
            assert record.run_id in meta["dc:title"]
            assert "dc:creator" not in meta  # nobody is named as author whom the record does not name
        assert pdf.Root.MarkInfo.Marked
        assert pdf.Root.Lang == "en-GB"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        assert "/OutputIntents" in pdf.Root
        assert len(pdf.check_pdf_syntax()) == 0
    assert paper.reader.metadata is not None
    assert paper.reader.metadata.creation_date == record.finished


def test_every_page_says_what_it_belongs_to(paper: Paper, record: RunRecord) -> None:
    words = [banner.word for banner in view_report(record, KNOWN).banners]
    assert words == ["FAILED", "ENGINEERING ONLY", "INCOMPLETE", "UNSIGNED"]
    for number, page in enumerate(paper.pages, 1):
        assert squeezed("·".join(words)) in page
        assert squeezed(f"Run {record.run_id}") in page
        assert squeezed(f"Page {number} of {len(paper.pages)}") in page
        assert KNOWN.record_sha256 in page
        assert KNOWN.bundle_sha256 in page


def test_every_figure_has_a_text_for_those_who_cannot_see_it(paper: Paper, record: RunRecord) -> None:
    drawn = sum(any(capture.purpose == "signal" for capture in case.captures) for case in record.cases)
    setup, *figures = paper.elements("Figure")
    assert setup[0].startswith("Set-up of bench bench-2")
    assert len(figures) == drawn
    assert all(alternative.startswith("One pulse from the middle") for alternative, _ in figures)


def test_every_table_has_a_head(paper: Paper) -> None:
    tables = list(paper.elements("Table"))
    assert len(tables) > 30
    assert all("/THead" in parts for _, parts in tables)
    assert sum(1 for _ in paper.elements("TH")) > 100


def test_the_bookmarks_lead_to_every_section_and_case(paper: Paper, record: RunRecord) -> None:
    def titles(outline: list[Any]) -> Iterator[str]:
        for one in outline:
            if isinstance(one, list):
                yield from titles(one)
            else:
                yield squeezed(one.title.replace(BREAK, ""))

    found = list(titles(paper.reader.outline))
    view = view_report(record, KNOWN)
    assert found[0] == "1Summary"
    assert all(any(one.startswith(squeezed(case.number + case.name)) for one in found) for case in view.cases)


def test_every_number_of_the_page_is_on_paper(paper: Paper, record: RunRecord) -> None:
    """Both come from one view: whatever was measured, demanded or found stands in both."""
    page = squeezed(html.unescape(render_html(record, None, KNOWN)))
    view = view_report(record, KNOWN)
    stated = [
        text
        for case in view.cases
        for text in (
            case.name, case.settings, case.load, case.started, case.output_off, case.reason, case.error,
            *(part for check in case.checks for part in (check.value, check.limit, check.margin, check.clause)),
            *(part for check in case.checks for part in (check.probability, check.limit_text, check.verdict.word)),
            *(part for one in case.measurements for part in (one.value, one.minimum, one.maximum, one.std, one.single)),
            *(line.value for one in case.measurements for line in one.budget if not line.minor),
            *(part for one in case.captures for part in (one.id, one.file, one.sha256, *one.defects)),
        )
    ]  # fmt: skip
    stated += [text for row in (*view.instruments, *view.loads, *view.files, *view.software) for text in row]
    stated += [text for one in view.anomalies for text in (one.where, one.kind, one.text)]
    stated += [text for one in view.tests for texts in (one.sample, one.method, one.criteria) for text in texts]
    assert len(stated) > 500
    for text in map(squeezed, stated):
        assert text.replace("\x00", "") in page or "⟨" in text or "\u202e" in text or "\x00" in text
        assert text in paper.text
    for case in view.cases:
        assert squeezed(f"{case.location}; decision rule {case.decision_rule}") in paper.text


def test_it_is_the_same_every_time(record: RunRecord, captures: Captures, paper: Paper) -> None:
    assert render_pdf(record, captures, KNOWN) == paper.content


LONG = "x" * 5000
HOSTILE = (
    '#panic("no") $x^2$ \\ *bold* _it_ `code` @ref <label> [#link("http://x")] // /* = ; <script>alert(1)</script>',
    "\u202egnp.exe\u2066 \x00\x07\x1b[31m \u200bzero\ufeff soft\xadhyphen \ue000 \udc80",
    "中文 עברית العربية 🫀 e\u0301 \U0001f1e9 \ufffe",
    LONG,
)


@pytest.mark.parametrize("hostile", HOSTILE, ids=["markup", "hidden", "scripts", "long"])
def test_text_of_a_record_is_shown_and_nothing_else(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], hostile: str, record: RunRecord
) -> None:
    assert record.device
    case = make_case(
        1, 0.02, "500 ohm", title=hostile, reason=hostile, traces=(hostile,), plan=hostile, location=hostile,
        id=f"{hostile}[1]",
    )  # fmt: skip
    plans = tuple(plan.model_copy(update={"title": hostile}) for plan in record.plans)
    device = record.device.model_copy(update={"model": hostile})
    said: dict[str, Any] = {"plans": plans, "device": device, "operator": hostile, "run_id": f"r{hostile[:80]}"}
    made = Paper(render_pdf(make_run((case,), **said), None))
    shown = "".join(letter for letter in made.text if letter.isprintable())
    if hostile is LONG:
        assert shown.count("x") > 6 * 5000, "no letter is cut off"
    elif hostile is HOSTILE[0]:
        assert shown.count(squeezed(hostile)) >= 5
    elif hostile is HOSTILE[1]:
        assert "⟨U+202E⟩gnp.exe⟨U+2066⟩⟨U+0000⟩⟨U+0007⟩⟨U+001B⟩[31m" in shown
        assert "⟨U+200B⟩zero⟨U+FEFF⟩soft⟨U+00AD⟩hyphen⟨U+E000⟩" in shown
    else:
        assert "⟨U+4E2D⟩⟨U+6587⟩" in shown
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", made.text)


@pytest.mark.parametrize("bare", [{"bench": None, "device": None}, {"plans": (), "packs": ()}, {}])
def test_a_run_that_never_started_is_a_report_too(make_run: Callable[..., RunRecord], bare: dict[str, Any]) -> None:
    made = Paper(render_pdf(make_run((), end_reason="failed_to_start", finished=None, **bare), None))
    assert squeezed("Run failed to start; nothing was tested.") in made.text
    assert squeezed("The record holds no case.") in made.text
    assert all("INCOMPLETE·UNSIGNED" in page for page in made.pages)


@pytest.mark.parametrize(
    "moment", ["2026-11-22T09:30:12.345678", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
)
def test_any_moment_is_a_date(make_run: Callable[..., RunRecord], moment: str) -> None:
    run = make_run((), started=moment, finished=moment)
    assert render_pdf(run, None) == render_pdf(run, None)


def test_a_bundle_that_is_not_as_it_was_sealed_says_so_on_every_page(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    run = make_run((make_case(1, 0.02, "500 ohm"),), signed_by="5d41" * 16)
    problems = ("captures/1.h5: altered",)
    altered = Standing(record_sha256="ab" * 32, examined=True, problems=problems, signed_by="5d41" * 16)
    made = Paper(render_pdf(run, None, altered))
    assert all("NOTINTACT" in page for page in made.pages)
    assert "captures/1.h5:altered" in made.text
    assert "UNSIGNED" not in made.text


def test_a_capture_that_cannot_be_read_costs_its_figure_and_nothing_else(record: RunRecord) -> None:
    def broken(capture: CaptureEntry) -> Any:
        msg = f"{capture.source.file} cannot be read as a capture: #panic()"
        raise EvidenceError(msg)

    made = Paper(render_pdf(record, broken))
    assert "cannotbereadasacapture:#panic()" in made.text
    assert len(list(made.elements("Figure"))) == 1  # the set-up


def test_of_very_many_checks_those_of_cases_that_passed_stand_with_their_case_alone(record: RunRecord) -> None:
    passed = next(case for case in record.cases if case.verdict == "PASS" and case.judgements)
    failed = next(case for case in record.cases if case.verdict == "FAIL")
    run = record.model_copy(update={"cases": (passed, failed)})
    view = replace(view_report(run, KNOWN), check_total=1001)
    data = report_json(
        view, drawings(run, None), dated=[2026, 11, 22, 0, 0, 0], setup=draw_setup(run), output_traces=[]
    )
    text = Paper(typeset("report.typ", data, "a long run")).text
    verdicts, cases = text.split("8Cases")[-2:]
    verdicts = verdicts.rpartition("Verdicts")[2]
    assert squeezed(f"{len(passed.judgements)} checks") in verdicts
    once, twice = ({squeezed(check.value) for check in case.checks} for case in view.cases)
    assert once - twice
    assert not any(value in verdicts for value in once - twice)
    assert all(value in verdicts for value in twice)
    assert all(value in cases for value in once | twice)


def test_the_title_of_a_file_says_what_marks_its_pages(make_run: Callable[..., RunRecord], record: RunRecord) -> None:
    first = record.cases[0]
    run = make_run((first,), engineering_only=("the calibration of the card has expired",), not_selected=3)
    marked = f"{run.verdict.value} (ENGINEERING ONLY, INCOMPLETE, UNSIGNED) · {run.run_id}"
    with pikepdf.open(BytesIO(render_pdf(run, None))) as pdf:
        assert str(pdf.docinfo["/Title"]).startswith(marked)
    assert f"<title>{marked}" in render_html(run, None)
    plain = replace(KNOWN, signed_by="ab12")
    with pikepdf.open(BytesIO(render_pdf(make_run((first,)), None, plain))) as pdf:
        assert str(pdf.docinfo["/Title"]).startswith(f"{first.verdict.value} · ")
