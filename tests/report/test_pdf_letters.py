"""Letters that a report's fonts lack, and words that are longer than a line."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.ft2font import FT2Font
from pypdf import PdfReader

from rig.evidence.record import RunRecord
from rig.report.pdf.letters import BREAK, breakable, fonts_folder, printable
from rig.report.pdf.render import render_pdf


@pytest.mark.parametrize("text", ["Ω µ ± − ≤ ≥ § × ÷ · ² ⁻⁶ √ Δ → ⟨⟩ – „ß“ é", "Привет, κόσμε", "שלום"])
def test_what_a_report_needs_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(("text", "shown"), [("中", "⟨U+4E2D⟩"), ("\ue000", "⟨U+E000⟩"), ("\u202e", "⟨U+202E⟩")])
def test_what_no_font_has_is_shown_as_its_code_point(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_every_letter_that_is_said_to_be_shown_can_be_set(make_run: Callable[..., RunRecord]) -> None:
    """PDF/A refuses a text of which a letter has no glyph or no meaning: none of these may be refused."""
    points = FT2Font(str(fonts_folder() / "DejaVuSans.ttf")).get_charmap()
    letters = "".join(letter for letter in map(chr, sorted(points)) if printable(letter) == letter)
    assert len(letters) > 5000
    run = make_run((), notes=tuple(letters[begin : begin + 200] for begin in range(0, len(letters), 200)))
    pages = PdfReader(BytesIO(render_pdf(run, None))).pages
    shown = "".join(page.extract_text() for page in pages)
    assert [sign for sign in "Ωµ±−≤§" if sign not in shown] == []


@settings(max_examples=50, deadline=None)
@given(st.text("ab/_-[]().:;=@ é", max_size=80))
def test_breaking_changes_no_letter(text: str) -> None:
    broken = breakable(text.replace(BREAK, ""))
    assert broken.replace(BREAK, "") == text.replace(BREAK, "")
    assert all(len(piece) <= 32 for piece in "".join(broken).replace(BREAK, " ").split())


def test_a_word_is_broken_after_its_punctuation_and_before_a_bracket() -> None:
    assert breakable("delivery[20mA-200us]").split(BREAK) == ["delivery", "[20mA-", "200us]"]
    assert breakable("fixtures/benches/virtual.bench.yaml").split(BREAK) == [
        "fixtures/", "benches/", "virtual.", "bench.", "yaml",
    ]  # fmt: skip
    assert breakable("ordinary words stay") == "ordinary words stay"
