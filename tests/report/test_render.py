"""The page: whole, inert, the same every time, and no text of the record taken for markup."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from rig.errors import EvidenceError
from rig.evidence.record import CaptureEntry, CaseRecord, RunRecord
from rig.model.verdict import Verdict
from rig.model.waveform import Waveform
from rig.report.render import render_html
from rig.report.standing import Standing

Captures = Callable[[CaptureEntry], Mapping[str, Waveform]]
VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """A strict reader: every element is closed, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        (self.scripts if self.open and self.open[-1] == "script" else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def having(self, attribute: str) -> list[str]:
        return [entries[attribute] or "" for _, entries in self.elements if attribute in entries]


@pytest.fixture
def page(record: RunRecord, captures: Captures) -> Page:
    return Page(render_html(record, captures))


def test_every_element_is_closed(page: Page) -> None:
    assert page.open == []


def test_it_renders_the_same_twice(record: RunRecord, captures: Captures) -> None:
    assert render_html(record, captures) == render_html(record, captures)


def test_every_case_and_every_judgement_appear_exactly_once_in_each_place(page: Page, record: RunRecord) -> None:
    sections = [entries["id"] for tag, entries in page.elements if tag == "section"]
    assert sections == [f"case-{number}" for number in range(1, len(record.cases) + 1)]
    expected = Counter(
        f"case-{number}-{check}"
        for number, case in enumerate(record.cases, 1)
        for check in range(1, len(case.judgements) + 1)
    )
    assert Counter(page.having("data-check")) == expected
    assert Counter(page.having("data-judgement")) == expected
    assert len(page.having("data-measurement")) == sum(len(case.measurements) for case in record.cases)
    assert len(page.having("data-capture")) == sum(len(case.captures) for case in record.cases)


def test_failures_come_first_and_every_link_leads_somewhere(page: Page) -> None:
    first = page.having("data-check")[0]
    assert first == "case-3-1"
    verdicts = [
        entries["data-verdict"] for tag, entries in page.elements if tag == "tbody" and "data-verdict" in entries
    ]
    severities = [Verdict(str(word).replace(" ", "_")).severity for word in verdicts]
    assert severities == sorted(severities, reverse=True)
    identifiers = page.having("id")
    assert len(identifiers) == len(set(identifiers))
    assert {link.removeprefix("#") for link in page.having("href")} <= set(identifiers)


def test_banners_say_why(page: Page) -> None:
    assert page.having("data-banner") == ["FAILED", "ENGINEERING ONLY", "INCOMPLETE", "UNSIGNED"]
    assert "daq: calibration was due on 2026-09-30" in page.text
    assert "12 cases of the plan not selected for this run." in page.text
    assert "Run aborted by the operator." in page.text


def test_what_the_evidence_is_found_to_be_is_said(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    """A record may claim a signature; what was found when the bundle was examined is what counts."""
    record = make_run((make_case(1, 0.02, "500 ohm"),), signed_by="5d41" * 16)
    whole = Standing(record_sha256="ab" * 32, bundle_sha256="cd" * 32, examined=True, signed_by="5d41" * 16)
    altered = replace(whole, problems=("captures/<b>.h5: altered",), signed_by="")
    html = render_html(record, None, altered)
    page = Page(html)
    assert page.having("data-banner") == ["NOT INTACT", "UNSIGNED"]
    assert "captures/<b>.h5: altered" in page.text
    assert "ab" * 32 in page.text
    (foot,) = re.findall(r'@bottom-center \{ content: "([^"]*)"', html)
    spelled = re.sub(r"\\([0-9a-f]+) ", lambda code: chr(int(code[1], 16)), foot)
    assert spelled == f"SHA-256 of manifest.json: {'cd' * 32}"
    cut_off = replace(whole, incomplete="manifest.json: missing", bundle_sha256="", signed_by="")
    assert Page(render_html(record, None, cut_off)).having("data-banner") == ["INCOMPLETE", "UNSIGNED"]
    assert Page(render_html(record, None, whole)).having("data-banner") == []


def test_the_banner_is_on_every_printed_page(record: RunRecord) -> None:
    html = render_html(record, None)
    assert 'class="running"' in html
    margin = re.search(r'@top-left \{ content: "([^"]*)"', html)
    assert margin
    assert "ENGINEERING\\20 ONLY" in margin[1]


def test_a_clean_run_has_no_banner(make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]) -> None:
    html = render_html(make_run((make_case(1, 0.02, "500 ohm"),), signed_by="5d41" * 16), None)
    page = Page(html)
    assert page.having("data-banner") == []
    assert 'class="running"' not in html
    assert "@top-left" not in html
    assert "Every case of this run passed." in page.text


def test_hostile_text_is_text(page: Page, record: RunRecord, captures: Captures) -> None:
    html = render_html(record, captures)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "<b>bold" not in html
    assert html.count("</style>") == 1
    assert "\u202e" not in html
    assert "\x00" not in html
    assert "<script>alert('x')</script>" in page.text
    assert not any(name.startswith("on") for _, entries in page.elements for name in entries)


@pytest.mark.parametrize("hostile", ["</style><script>alert(1)</script>", '"; } body { display: none } /*', "a\nb\\"])
def test_a_hostile_run_id_stays_within_its_string(
    make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord], hostile: str
) -> None:
    html = render_html(make_run((make_case(1, 0.02, "500 ohm"),), run_id=hostile), None)
    style = html[html.index("<style>") : html.index("</style>")]
    strings = re.findall(r'content: "Run ([^"\n]*)";', style)
    assert len(strings) == 1
    assert re.fullmatch(r"([A-Za-z0-9]|\\[0-9a-f]+ )*", strings[0])
    assert len(Page(html).scripts) == 1


def test_nothing_is_fetched_and_only_our_own_script_may_run(page: Page, record: RunRecord, captures: Captures) -> None:
    html = render_html(record, captures)
    assert not page.having("src")
    assert "url(" not in html
    assert "@import" not in html
    assert {link[0] for link in page.having("href")} == {"#"}
    assert set(re.findall(r"https?://[^\s\"'<]*", html)) == {"http://www.w3.org/2000/svg"}
    (script,) = page.scripts
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [entries["content"] for _, entries in page.elements if "http-equiv" in entries]
    assert policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_figures_have_a_text_for_those_who_cannot_see_them(page: Page, record: RunRecord) -> None:
    setup, *drawn = (entries for tag, entries in page.elements if tag == "svg" and entries.get("role") == "img")
    assert str(setup["aria-label"]).startswith("Set-up of bench bench-2")
    assert len(drawn) == sum(any(capture.purpose == "signal" for capture in case.captures) for case in record.cases)
    assert all(str(entry["aria-label"]).startswith("One pulse from the middle") for entry in drawn)


def test_every_table_says_what_its_columns_are(page: Page) -> None:
    heads = [entries.get("scope") for tag, entries in page.elements if tag == "th"]
    assert heads.count(None) <= len(page.having("data-verdict"))  # the verdict cell of a group of rows
    assert "col" in heads


@pytest.mark.parametrize(
    "sentence",
    [
        "2026-11-22 09:30:12 UTC",
        "M. Weber",
        "P24-000123",
        "MY58100012",
        "C-2026-0001",
        "2026-09-30 EXPIRED",
        "verify against the purchased standard",
        "iec60601-2-10:2012, 201.12.1.102",
        "2012 (edition 2)",
        "Non-binary with guard band w = U",
        "Risk:",
        "rounded to two significant digits",
        "P(conforms) is the probability that what was measured conforms",
        "A verdict holds for the item, the settings and the load of its case.",
        "relate only to the items tested",
        "Output energy per pulse at most 300 mJ",
        "This is attempt 2.",
        "block of 125000 bytes ended after 61440",
        "There is no zero capture in this case.",
        "Room temperature 22.4 °C",
        "4f1c2d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
        "largest current after the stimulation 21 ± 14 µA; counts as off below 100 µA",
        "End of report 20261122T093012Z-7f3a",
    ],
)
def test_what_a_reader_must_find(page: Page, sentence: str) -> None:
    assert sentence in page.text.replace("\u202f", " ")


def test_every_hash_of_the_record_is_there(page: Page, record: RunRecord) -> None:
    assert record.device
    assert record.bench
    sources = [record.device.source, record.bench.source]
    sources += [plan.source for plan in record.plans] + [pack.source for pack in record.packs]
    sources += [capture.source for case in record.cases for capture in case.captures]
    assert all(source.sha256 in page.text for source in sources)


def test_a_virtual_bench_is_never_taken_for_a_real_one(
    record: RunRecord, make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]
) -> None:
    assert record.bench
    virtual = record.bench.model_copy(update={"virtual": True})
    page = Page(render_html(make_run((make_case(1, 0.02, "500 ohm"),), bench=virtual), None))
    assert page.having("data-banner") == ["UNSIGNED", "VIRTUAL BENCH"]


def test_a_run_that_never_started_is_a_report_too(make_run: Callable[..., RunRecord]) -> None:
    record = make_run((), end_reason="failed_to_start", finished=None, bench=None, device=None, plans=(), packs=())
    page = Page(render_html(record, None))
    assert page.having("data-banner") == ["INCOMPLETE", "UNSIGNED"]
    assert "Run failed to start; nothing was tested." in page.text
    assert "Every case of this run passed." not in page.text


def test_a_capture_that_cannot_be_read_costs_its_figure_and_nothing_else(record: RunRecord) -> None:
    def broken(capture: CaptureEntry) -> Mapping[str, Waveform]:
        msg = f"{capture.source.file} cannot be read as a capture: <nothing there>"
        raise EvidenceError(msg)

    page = Page(render_html(record, broken))
    assert "cannot be read as a capture: <nothing there>" in page.text
    assert [entries["class"] for tag, entries in page.elements if tag == "figure"] == ["setup"]
    assert len([tag for tag, _ in page.elements if tag == "section"]) == len(record.cases)


def test_the_report_repeats_verdicts_and_makes_none(record: RunRecord, make_run: Callable[..., RunRecord]) -> None:
    """A record that contradicts itself is shown as it is: checks that failed under a case that says PASS."""
    failed = record.cases[2].model_copy(update={"verdict": Verdict.PASS})
    page = Page(render_html(make_run((failed,), verdict=Verdict.PASS), None))
    sections: list[Any] = [entries["data-verdict"] for tag, entries in page.elements if tag == "section"]
    assert sections == ["PASS"]
    assert "FAIL" in page.text
