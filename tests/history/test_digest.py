"""The page of the morning says what changed since the last green night, and nothing that did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy.engine import URL

from rig.history.digest import Digest, digest_of
from rig.history.flatten import flatten
from rig.history.results import Results
from rig.history.spool import results_of
from rig.history.store import History
from rig.model.verdict import Verdict
from rig.report.digest_page import digest_paper
from rig.report.paper import html_paper, markdown_paper, show_paper
from tests.history.nights import NIGHTS, night, nights
from tests.report.conftest import HOSTILE, bench, case

TODAY = date(2026, 11, 26)
Of = Callable[[str], Digest]


@pytest.fixture
def of(url: URL, tmp_path: Path) -> Of:
    """The digest of a night, from a database that holds all four."""
    found = {one.name: results_of(one) for one in nights(tmp_path)}

    def digest(name: str) -> Digest:
        with History(url) as history:
            for results in found.values():
                history.add(results)
            return digest_of(found[name], history, TODAY)

    return digest


def test_it_is_held_against_the_last_green_night(of: Of) -> None:
    digest = of("tonight")
    assert digest.green is not None
    assert (digest.green.run_id, digest.between) == ("green", 2)
    assert digest.before is not None
    assert digest.before.run_id == "second-failure"
    assert digest.counts == {Verdict.PASS: 2, Verdict.FAIL: 1}


def test_what_fails_is_told_since_when_and_what_is_new_comes_first(of: Of) -> None:
    tonight = of("tonight")
    assert [(one.case.id, one.since.run_id, one.runs) for one in tonight.failing] == [
        ("amplitude-accuracy[50mA-500ohm]", "first-failure", 3)
    ]
    assert [one.id for one in tonight.fixed] == ["amplitude-accuracy[20mA-500ohm]"]
    before = of("second-failure")
    assert [(one.case.id, one.new) for one in before.failing] == [
        ("amplitude-accuracy[20mA-500ohm]", True),
        ("amplitude-accuracy[50mA-500ohm]", False),
    ]
    assert before.fixed == ()


def test_what_moved_shrank_and_was_changed(of: Of) -> None:
    digest = of("tonight")
    assert digest.difference is not None
    moved = {(one.case.amplitude, one.one.measurand) for one in digest.difference.values}
    assert {(0.005, "phase_top"), (0.05, "phase_top")} <= moved
    assert all(amplitude != 0.02 for amplitude, _ in moved)
    assert [(one.case.amplitude, one.after.measurand) for one in digest.shrunk[:2]] == [
        (0.05, "phase_top"),
        (0.005, "phase_top"),
    ]
    assert digest.shrunk[1].share == pytest.approx(0.65)
    assert [one.what for one in digest.difference.circumstances] == ["instrument scope"]


def test_without_a_green_night_it_says_so(of: Of) -> None:
    first = of("green")
    assert (first.green, first.difference, first.before, first.fixed) == (None, None, None, ())
    text = "\n".join(show_paper(digest_paper(first, TODAY)))
    assert "there is nothing to compare" in text
    assert "none so far" in text


def rows(number: int, name: str, changes: Mapping[str, object] = MappingProxyType({}), *, gain: float = 1.0) -> Results:
    record = night(number, (case(1, 0.02, "500 ohm", gain=gain),), run_id=name, **changes)
    return flatten(record, manifest_sha256=f"{number:064}", bundle="x")


def test_only_runs_alike_are_compared(url: URL) -> None:
    others: tuple[dict[str, object], ...] = (
        {"bench": bench().model_copy(update={"id": "bench-3"})},
        {"not_selected": 3},
        {"device": None},
        {"plans": ()},
    )
    last = rows(9, "last")
    with History(url) as history:
        for number, changes in enumerate(others):
            history.add(rows(number, f"other-{number}", changes))
        history.add(rows(10, "later"))
        assert digest_of(last, history, TODAY).green is None
        history.add(rows(7, "alike"))
        found = digest_of(last, history, TODAY)
    assert found.green is not None
    assert (found.green.run_id, found.between) == ("alike", 0)


@pytest.mark.parametrize(("days", "told"), [(31, False), (30, True), (0, True), (-1, True)])
def test_calibrations_are_told_a_month_before_they_are_due(of: Of, url: URL, days: int, told: bool) -> None:
    due = date(2027, 3, 14)
    of("green")
    today = due - timedelta(days=days)
    with History(url) as history:
        digest = digest_of(history.results("green"), history, today)
    assert bool(digest.due) is told
    text = "\n".join(show_paper(digest_paper(digest, today)))
    assert ("none within 30 days" in text) is not told
    if told:
        assert {name for one in digest.due for name in one.names} >= {"scope", "daq", "switch", "load 500 ohm"}
        assert ("expired" in text) is (days < 0)


def test_a_drift_to_a_limit_is_a_warning(url: URL) -> None:
    """A device that creeps by 0.2 % a day, of a tolerance of 10 %, will meet it within weeks."""
    with History(url) as history:
        for day in range(24):
            history.add(rows(day, f"night-{day:02}", gain=1 + 0.002 * day + 0.0002 * (day % 3)))
        digest = digest_of(history.results("night-23"), history, TODAY)
        earlier = digest_of(history.results("night-01"), history, TODAY)
    assert {measurand for measurand, _ in digest.drifting} == {"phase_top", "rms_current", "net_charge"}
    assert earlier.drifting == ()
    assert "DRIFTS TO ITS LIMIT" in markdown_paper(digest_paper(digest, TODAY)) or "OUT OF CONTROL" in markdown_paper(
        digest_paper(digest, TODAY)
    )


def test_no_text_of_a_record_is_markup(url: URL) -> None:
    hostile = case(1, 0.02, "500 ohm", gain=1.25, title=HOSTILE, reason=f"{HOSTILE} | [x](javascript:alert(1)) \n# big")
    with History(url) as history:
        history.add(rows(0, "green"))
        record = night(1, (hostile,), run_id="bad", engineering_only=(HOSTILE,), operator=HOSTILE)
        digest = digest_of(flatten(record, manifest_sha256="1" * 64, bundle="x"), history, TODAY)
    paper = digest_paper(digest, TODAY, ["../out dir/a'b\"<c>/report.html"])
    page, markdown = html_paper(paper), markdown_paper(paper)
    for text in (page, markdown, "\n".join(show_paper(paper))):
        assert not {"\x00", "\u202e"} & {*text}
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="./../out%20dir/a%27b%22%3Cc%3E/report.html"' in page
    assert "<" not in markdown.replace("&lt;", "")
    assert "[x](javascript" not in markdown
    assert "\n# big" not in markdown


def test_every_form_says_the_same(of: Of) -> None:
    paper = digest_paper(of("tonight"), TODAY, ["night/report.html"])
    for text in (html_paper(paper), markdown_paper(paper), "\n".join(show_paper(paper))):
        assert "1 case still does not pass; 1 case is fixed" in text
        assert "report.html" in text
        assert NIGHTS[0] in text


def test_a_case_that_is_gone_and_a_limit_that_is_wider_are_told(url: URL) -> None:
    both = (case(1, 0.02, "500 ohm"), case(2, 0.05, "500 ohm"))
    first = both[0]
    check = first.judgements[0]
    assert check.limit.upper is not None
    wider = check.model_copy(update={"limit": check.limit.model_copy(update={"upper": 2 * check.limit.upper})})
    tonight = first.model_copy(update={"judgements": (wider, *first.judgements[1:])})
    with History(url) as history:
        history.add(flatten(night(0, both, run_id="green"), manifest_sha256="0" * 64, bundle="x"))
        results = flatten(night(1, (tonight,), run_id="tonight"), manifest_sha256="1" * 64, bundle="x")
        digest = digest_of(results, history, TODAY)
        nothing = digest_of(flatten(night(2, (), run_id="none"), manifest_sha256="2" * 64, bundle="x"), history, TODAY)
    text = markdown_paper(digest_paper(digest, TODAY))
    assert "1 limit is another; 1 case was not in this run since the last green night" in text
    assert "Nothing moved" not in text
    assert "50mA" in text
    assert "too few runs so far to tell" in text
    assert "no warning" not in text
    assert "every case passes" not in markdown_paper(digest_paper(nothing, TODAY))
