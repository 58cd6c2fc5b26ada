"""Steps of an analysis on the disk: what is recalled is what was kept, of this analysis alone, or nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.sequencer import resumable
from rig.sequencer.resumable import KeptSteps

ABOUT: dict[str, Any] = {"source": {"sha256": "ab", "notes": ["signal current"]}, "zero": None, "load": 500.0}
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(found=st.dictionaries(st.text(), PLAIN, max_size=4))
def test_what_is_recalled_is_what_was_kept(tmp_path_factory: pytest.TempPathFactory, found: dict[str, Any]) -> None:
    root = tmp_path_factory.mktemp("steps")
    KeptSteps(root, ABOUT).keep("stretch-0001", found)
    again = KeptSteps(root, ABOUT)
    assert again.known == 1
    assert repr(again.recall("stretch-0001")) == repr(found)
    assert again.recall("stretch-0002") is None


@pytest.mark.parametrize(
    "other",
    [
        {"load": 500.0000001},
        {"source": {"sha256": "ac", "notes": ["signal current"]}},
        {"source": {"sha256": "ab", "notes": ["signal voltage"]}},
        {"zero": {"sha256": "cd"}},
    ],
)
def test_another_analysis_knows_nothing_of_it(tmp_path: Path, other: dict[str, Any]) -> None:
    KeptSteps(tmp_path, ABOUT).keep("whole", {"a": 1})
    assert KeptSteps(tmp_path, ABOUT | other).recall("whole") is None
    assert KeptSteps(tmp_path, dict(reversed(ABOUT.items()))).recall("whole") == {"a": 1}


def test_other_code_knows_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KeptSteps(tmp_path, ABOUT).keep("whole", {"a": 1})
    monkeypatch.setattr(resumable, "_CODE", ("model", "units", "analysis"))
    assert KeptSteps(tmp_path, ABOUT).recall("whole") is None


def test_a_file_that_is_not_whole_is_not_believed(tmp_path: Path) -> None:
    steps = KeptSteps(tmp_path, ABOUT)
    steps.keep("whole", {"value": 1.5, "more": math.inf})
    path = steps.folder / "whole.json"
    content = path.read_bytes()
    assert b"1.5" in content
    for damaged in (content.replace(b"1.5", b"1.6"), content[:-9], b"", b"[]", b'{"found": 3}'):
        path.write_bytes(damaged)
        assert steps.recall("whole") is None
    steps.keep("whole", {"value": 2})
    assert steps.recall("whole") == {"value": 2}
    assert [one.name for one in steps.folder.iterdir()] == ["whole.json"]


def test_where_nothing_can_be_kept_the_analysis_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    steps = KeptSteps(tmp_path / "file", ABOUT)
    steps.keep("whole", {"a": 1})
    assert steps.recall("whole") is None
    steps.forget()


def test_an_analysis_that_has_ended_leaves_nothing(tmp_path: Path) -> None:
    steps = KeptSteps(tmp_path, ABOUT)
    steps.keep("whole", {"a": 1})
    steps.forget()
    assert list(tmp_path.iterdir()) == []
