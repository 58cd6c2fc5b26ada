"""Which range is chosen for a peak: the narrowest calibrated one that holds it, and never another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.reading import load_bench
from rig.sequencer.ranges import HEADROOM, Ranges

ROOT = Path(__file__).parents[2]
SHIPPED = Ranges.of(load_bench(ROOT / "fixtures/benches/virtual.bench.yaml"), compliance=150.0)
STEPPED = Ranges(
    voltage=SHIPPED.voltage,
    current=SHIPPED.current,
    full_scales=(0.4, 0.8, 4.0, 40.0, 400.0),
    half_ranges=(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    sense=10.0,
    compliance=150.0,
)
PEAKS = st.floats(0.0, 1e3)


def test_the_shipped_bench_chooses_among_the_ranges_of_its_certificate() -> None:
    assert SHIPPED.half_ranges == (1.0, 2.0, 5.0, 10.0)
    assert SHIPPED.full_scales == ()
    assert SHIPPED.widest_voltage == 200.0
    assert SHIPPED.widest_current == pytest.approx(10 / 10.003)


@given(peak=PEAKS)
def test_the_narrowest_calibrated_range_that_holds_the_peak_is_chosen(peak: float) -> None:
    half = STEPPED.half_range(peak)
    assert half in STEPPED.half_ranges
    assert half >= HEADROOM * peak * 10.0 or half == 10.0
    assert all(narrower < HEADROOM * peak * 10.0 for narrower in STEPPED.half_ranges if narrower < half)
    full = STEPPED.full_scale(peak)
    assert full in STEPPED.full_scales
    assert full >= 2 * HEADROOM * peak or full == 400.0
    assert all(narrower < 2 * HEADROOM * peak for narrower in STEPPED.full_scales if narrower < full)


@given(peak=PEAKS)
def test_a_scout_is_looked_at_with_twice_the_room_and_no_more_than_the_device_could_drive(peak: float) -> None:
    room = STEPPED.scout_peak(peak)
    assert room >= peak
    assert room <= max(peak, 150.0)
    assert room == pytest.approx(2 * peak) or room in {peak, 150.0}


@pytest.mark.parametrize("ranges", [SHIPPED, STEPPED], ids=["any range", "steps"])
def test_after_a_clip_there_is_more_room_until_there_is_no_more(ranges: Ranges) -> None:
    full, half = ranges.full_scale(0.1), ranges.half_range(0.001)
    for _ in range(20):
        wider = ranges.wider_full_scale(full, last=False), ranges.wider_half_range(half, last=False)
        assert wider[0] > full or full == 400.0
        assert wider[1] > half or half == 10.0
        full, half = wider
    assert (full, half) == (400.0, 10.0)
    assert ranges.wider_full_scale(1.0, last=True) == 400.0
    assert ranges.wider_half_range(0.1, last=True) == 10.0
