from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.evidence.naming import safe_name

HOSTILE = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\system32",
    "a/b",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a\x1b[31mb",
    "<script>alert(1)</script>",
    "CON",
    "con",
    "nul.txt",
    "com1.plan.yaml",
    "LPT9",
    "trailing.",
    "trailing ",
    "-rf",
    ".hidden",
    "a:b",
    "a|b*c?",
    "\ud800",
    "ä",
    "a\u0308",
    "x" * 5000,
    "20mA",
    "20MA",
    "manifest.json~0123456789ab",
]


def check(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_+=,()\[\]][A-Za-z0-9._+=,()\[\]~-]*", name)
    assert len(name) <= 100
    assert not name.endswith((".", " "))
    assert name.split(".", maxsplit=1)[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_becomes_a_harmless_name(text: str) -> None:
    check(safe_name(text))


def test_no_two_hostile_texts_share_a_name_even_where_case_is_ignored() -> None:
    assert len({safe_name(text).lower() for text in HOSTILE}) == len(HOSTILE)


@pytest.mark.parametrize("text", ["smoke", "charge-balance[100us]", "a.b_c", "(1,2)=3+4"])
def test_a_plain_name_is_kept(text: str) -> None:
    assert safe_name(text) == text


TEXTS = st.one_of(st.text(), st.text("aAbB./\\~_ ", max_size=6))


@given(TEXTS, TEXTS)
def test_different_texts_have_different_names(one: str, other: str) -> None:
    check(safe_name(one))
    assert (safe_name(one).lower() == safe_name(other).lower()) == (one == other)


@given(TEXTS)
def test_no_text_imitates_the_name_of_another(text: str) -> None:
    assert safe_name(safe_name(text)) != safe_name(text) or safe_name(text) == text
