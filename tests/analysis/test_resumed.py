"""An analysis that is cut off at any moment, any number of times, gives what one that was left alone gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.analysis.analysed import Analysis
from rig.analysis.catalogue import CATALOGUE
from rig.analysis.progress import NOTHING_KEPT, Progress, analysis_of, plain
from rig.analysis.stream import look, measured, segmented
from rig.analysis.stream.measured import measure_recording
from rig.model.recording import Recording
from tests.analysis.synthetic import Train
from tests.analysis.test_long_recordings import NOISE, REST, bits, known, waveform, zero_of

TRAIN = Train(pulses=120, period=2e-3, tail=5e-3, delay=4e-3, skip=(31, 77))
SIGNAL = waveform(TRAIN.sampled(noise=NOISE, offset=REST))
KNOWN = known(zero=zero_of(REST + 2e-6), expected=TRAIN.stimulus())


class Killed(Exception):
    """Somebody has ended the process."""


class Kept:
    """Steps as a disk keeps them, and an end that comes after so many samples were read."""

    def __init__(self) -> None:
        self.steps: dict[str, str] = {}
        self.left = -1

    def recall(self, step: str) -> Mapping[str, Any] | None:
        found = self.steps.get(step)
        return None if found is None else json.loads(found)

    def keep(self, step: str, found: Mapping[str, Any]) -> None:
        assert step not in self.steps
        self.steps[step] = json.dumps(found)

    def read(self, begin: int, stop: int) -> Any:
        if self.left == 0:
            raise Killed
        self.left -= 1
        return SIGNAL.samples[begin:stop]


def analysed(progress: Progress, read: Any = None, *, part: int = 1 << 14, most: int = 80) -> Analysis:
    recording = Recording.of(SIGNAL)
    if read is not None:
        recording = Recording(scale=recording.scale, length=recording.length, read=read)
    small = {"MOST_PHASES": most + 50, "_PARTED": most, "_LAST": 20, "_PART": part}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in small.items():
            patch.setattr(segmented, name, value)
        patch.setattr(measured, "_ABOUT", 0.05)
        patch.setattr(look, "_CLOSER", 1 << 14)
        return measure_recording(recording, KNOWN, tuple(CATALOGUE), progress)


@pytest.fixture(scope="module")
def undisturbed() -> str:
    return bits(analysed(NOTHING_KEPT))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 120), max_size=6))
def test_any_interruptions_give_the_same_result(undisturbed: str, ends: list[int]) -> None:
    kept = Kept()
    for reads in ends:
        kept.left = reads
        try:
            analysed(kept, kept.read)
        except Killed:
            continue
        break
    kept.left = -1
    assert bits(analysed(kept, kept.read)) == undisturbed


def test_what_is_known_is_not_measured_again(undisturbed: str) -> None:
    kept = Kept()
    assert bits(analysed(kept, kept.read)) == undisturbed
    assert list(kept.steps) == ["whole", *(f"stretch-000{number}" for number in (1, 2, 3, 4))]
    before = -kept.left
    del kept.steps["stretch-0004"]
    kept.left = -1
    assert bits(analysed(kept, kept.read)) == undisturbed
    assert -kept.left < before / 2


def test_where_it_is_parted_does_not_depend_on_how_much_is_read_at_a_time(undisturbed: str) -> None:
    for part in (999, 1 << 15, 1 << 20):
        assert bits(analysed(NOTHING_KEPT, part=part)) == undisturbed


def test_a_recording_measured_in_one_piece_is_kept_as_well() -> None:
    kept = Kept()
    first = analysed(kept, kept.read, most=10_000)
    assert list(kept.steps) == ["whole"]
    kept.left = 0
    assert bits(analysed(kept, kept.read, most=10_000)) == bits(first)
    assert bits(first) == bits(analysed(NOTHING_KEPT, most=10_000))


@pytest.mark.parametrize("more", [{}, {"zero": zero_of(REST)}, {"electrode_area": None, "load_resistance": None}])
def test_an_analysis_survives_being_plain(more: dict[str, Any]) -> None:
    found = measure_recording(Recording.of(SIGNAL), known(**more), tuple(CATALOGUE))
    assert bits(analysis_of(json.loads(json.dumps(plain(found))))) == bits(found)
    assert analysis_of(plain(found)) == found
