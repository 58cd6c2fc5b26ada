from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.dialogue.pattern import LONGEST_PATTERN, Pattern, PatternError

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "1", r"\w", "[0-9.]"])
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,3}", "{1,}", "*?", "+?", "??"])


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeated = st.tuples(parts, QUANTIFIERS).map("".join)
    sequence = st.lists(repeated, max_size=3).map("".join)
    alternatives = st.lists(sequence, min_size=1, max_size=2).map("|".join)
    return alternatives.map("(?:{})".format)


BODIES = st.recursive(ATOMS, joined, max_leaves=6)


@given(
    bodies=st.lists(BODIES, min_size=1, max_size=3),
    line=st.text(alphabet="ab1.x", max_size=8),
)
def test_it_matches_what_regular_expressions_match_and_holds_the_same_groups(bodies: list[str], line: str) -> None:
    text = "".join(f"(?P<g{k}>{body})" for k, body in enumerate(bodies))
    expected = re.fullmatch(text, line)
    found = Pattern(text).match(line)
    assert (found is None) is (expected is None)
    if expected is not None and not re.search(r"[*+}]\)*[*+}?]|[?*][*+}]", text.replace("(?:", "(")):
        assert found == {name: value for name, value in expected.groupdict().items() if value is not None}


def test_the_first_of_two_possibilities_is_taken_as_ordinary_matchers_do() -> None:
    for text in ("(?P<x>a|ab)(?P<y>b?c?)", "(?P<x>a*)(?P<y>a*)", "(?P<x>a*?)(?P<y>a*)", "(?P<x>a{1,2})(?P<y>.*)"):
        for line in ("a", "ab", "abc", "aaa"):
            expected = re.fullmatch(text, line)
            assert Pattern(text).match(line) == (None if expected is None else expected.groupdict())


@pytest.mark.parametrize("text", ["(a+)+b", "(a|a)*b", "(?:a?){50}a{50}", "(.*)(.*)(.*)(.*)(.*)b", "(?:(?:a*)*)*b"])
def test_patterns_that_stop_ordinary_matchers_are_matched_at_once(text: str) -> None:
    assert Pattern(text).match("a" * 400 + "!") is None


def test_ends_may_be_marked_and_a_dollar_may_be_meant() -> None:
    assert Pattern("^OK$").match("OK") == {}
    assert Pattern(r"5 \$").match("5 $") == {}
    assert Pattern(r"5 \\$").match("5 \\") == {}
    assert Pattern("OK").match("NOT OK") is None
    assert Pattern("").match("") == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(a", "a '(' without its ')'"),
        ("a)", "a ')' without its '('"),
        ("[a", "a '[' without its ']'"),
        ("[^]", "a '[' without its ']'|a set without a character"),
        ("*a", "'*' repeats nothing"),
        ("a**", "'*' repeats what is repeated already"),
        ("a{3,2}", "repeats at most less often than at least"),
        ("a{1000}", "at most 100"),
        ("a{,3}", "a number of repetitions is written"),
        ("(?:[a-z]{100}){100}", "too many repetitions"),
        ("a^b", "may stand at the pattern's ends only"),
        (r"(a)\1", r"'\\1' means nothing here"),
        (r"\bOK", r"'\\b' means nothing here"),
        ("(?=a)", "cannot be used here"),
        ("(?i)ok", "cannot be used here"),
        ("(?P<a b>x)", "a group's name is letters"),
        ("(?P<a>x)(?P<a>y)", "two groups have the name 'a'"),
        ("(?P<a>x)+", "a group with a name may not be repeated"),
        ("[z-a]", "from one character to a later one"),
        ("a}", "for the letter '}'"),
        ("a" * (LONGEST_PATTERN + 1), "more than 200 characters"),
    ],
)
def test_everything_else_is_refused_in_so_many_words(text: str, says: str) -> None:
    with pytest.raises(PatternError) as caught:
        Pattern(text)
    assert any(part in str(caught.value).replace("\\", "\\\\") for part in says.split("|"))


@given(text=st.text(max_size=60), line=st.text(max_size=20))
def test_whatever_is_written_either_is_a_pattern_or_is_refused(text: str, line: str) -> None:
    try:
        pattern = Pattern(text)
    except PatternError:
        return
    pattern.match(line)
