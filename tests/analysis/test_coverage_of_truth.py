"""Do the intervals hold the truth of the virtual bench? The short version of ``python -m benchmarks.coverage``."""

from __future__ import annotations

import math

import pytest

from benchmarks.coverage import COUNTED, rows

BENCHES = 60
# Of 60 benches 60·0.9545 = 57.3 are covered on average; fewer than 52 of them by chance in one of 200 such tests.
LEAST = 52 / 60
# Known to state more than twice what the errors are, and why, in docs/uncertainty.md.
WIDE = frozenset({"period_jitter", "period_jitter_peak_to_peak", "idle_current", "droop"})


@pytest.mark.parametrize("shape", ["monophasic", "biphasic", "imbalanced", "droop", "bursts", "jitter", "voltage"])
def test_intervals_hold_the_truth_and_are_no_wider_than_errors_are(shape: str) -> None:
    found = rows(shape, BENCHES)
    assert len(found) >= 14
    for row in found:
        if row.measurand in COUNTED:
            assert row.coverage == 1.0, row
            continue
        assert row.n >= 25, row
        assert row.coverage >= LEAST, row
        assert abs(row.bias) <= 0.5 or row.measurand in WIDE, row
        # Of 60 errors the central 95 % are known to about a fifth.
        assert 0.4 <= row.width <= (math.inf if row.measurand in WIDE else 2.4), row


def test_the_same_seed_gives_the_same_table() -> None:
    assert rows("biphasic", 3, seed=5) == rows("biphasic", 3, seed=5)
    assert rows("biphasic", 3, seed=5) != rows("biphasic", 3, seed=6)
