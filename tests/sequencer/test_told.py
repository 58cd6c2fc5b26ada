"""What a person says on the command line: deviations with cause and impact."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.errors import Refused
from rig.sequencer.told import Told


def test_a_deviation_has_its_cause_and_its_impact(tmp_path: Path) -> None:
    told = Told.of(
        "", ["a cable was replaced; impact: none; Cause: a plug was broken", "a pause; over night"], tmp_path
    )
    first, second = told.deviations
    assert (first.text, first.cause, first.impact) == ("a cable was replaced", "a plug was broken", "none")
    assert (second.text, second.cause, second.impact) == ("a pause; over night", "", "")


@pytest.mark.parametrize("note", ["", "; cause: none", "x; cause: a; cause: b", "x" * 5000])
def test_a_deviation_that_says_nothing_is_refused(tmp_path: Path, note: str) -> None:
    with pytest.raises(Refused, match="--note"):
        Told.of("", [note], tmp_path)
