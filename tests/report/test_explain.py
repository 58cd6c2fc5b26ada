"""``rig explain`` tells the whole budget, from the record alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.errors import Refused
from rig.evidence.reading import read_record
from rig.evidence.record import RunRecord
from rig.report.explain import explain_measurement

GOLDEN = Path(__file__).parents[2] / "reports/golden/record.json"


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return read_record(GOLDEN)


def test_value_window_and_every_component_are_shown(record: RunRecord) -> None:
    case = next(one for one in record.cases if any(entry.components for entry in one.measurements))
    entry = next(one for one in case.measurements if one.components)
    text = explain_measurement(record, case.id, entry.measurand)
    assert "value" in text
    assert "window" in text
    for component in entry.components:
        assert component.name in text
    shares = [float(line.rsplit(maxsplit=1)[1].rstrip("%")) for line in text.splitlines() if line.endswith("%")]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    assert shares == sorted(shares, reverse=True)


def test_a_wrong_name_is_refused_with_the_nearest_one(record: RunRecord) -> None:
    case = next(one for one in record.cases if one.measurements)
    name = case.measurements[0].measurand
    with pytest.raises(Refused, match=f"did you mean '{name}'"):
        explain_measurement(record, case.id, name + "x")
    with pytest.raises(Refused, match="has no case"):
        explain_measurement(record, "nothing-like-it", name)
