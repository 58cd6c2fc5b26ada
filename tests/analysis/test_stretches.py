"""Which load was connected when, and a signal cut accordingly."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.analysis.stretches import Stretch, cut, load_at, load_stretches
from rig.model.happening import Action, Happening
from rig.model.recording import Recording
from tests.analysis.synthetic import waveform


def switched(load: str, begun: float, ended: float) -> Happening:
    return Happening(action=Action.LOAD, begun=begun, ended=ended, detail=load)


def test_each_load_has_its_stretch_once_it_has_settled() -> None:
    events = [
        Happening(action=Action.START, begun=0.5, ended=0.6),
        switched("open", 1.0, 1.1),
        switched("500 ohm", 2.0, 2.1),
    ]
    assert load_stretches("500 ohm", events, begin=0.0, end=3.0, settling=0.25) == (
        Stretch(load="500 ohm", begin=0.0, end=1.0),
        Stretch(load="open", begin=1.35, end=2.0),
        Stretch(load="500 ohm", begin=2.35, end=3.0),
    )


def test_a_stretch_too_short_to_settle_is_none() -> None:
    events = [switched("open", 1.0, 1.1), switched("500 ohm", 1.2, 1.3)]
    assert [one.load for one in load_stretches("1 kohm", events, begin=0.0, end=3.0, settling=0.2)] == [
        "1 kohm",
        "500 ohm",
    ]
    assert load_stretches("1 kohm", events[:1], begin=0.0, end=1.05) == (Stretch(load="1 kohm", begin=0.0, end=1.0),)


@pytest.mark.parametrize(("moment", "load"), [(0.9, "1 kohm"), (1.0, "open"), (1.5, "open"), (2.5, "500 ohm")])
def test_the_load_at_a_moment(moment: float, load: str) -> None:
    assert load_at(moment, "1 kohm", [switched("500 ohm", 2.0, 2.1), switched("open", 1.0, 1.1)]) == load


@given(st.lists(st.floats(0, 10), min_size=2, max_size=2).map(sorted), st.floats(-3, 3), st.floats(0.01, 2))
def test_a_cut_holds_exactly_the_samples_of_its_time(edges: list[float], start: float, interval: float) -> None:
    signal = waveform(np.arange(12.0), interval=interval, start=start)
    begin, end = edges
    part = cut(signal, begin, end)
    times = dict(zip(signal.samples.tolist(), signal.times().tolist(), strict=True))
    slack = 2e-6 * interval
    assert all(begin - slack <= times[one] < end + slack for one in part.samples.tolist())
    kept = set(part.samples.tolist())
    assert all(one in kept for one, time in times.items() if begin + slack <= time < end - slack)
    if len(part):
        np.testing.assert_allclose(part.times(), [times[one] for one in part.samples.tolist()])


def test_a_recording_is_cut_as_a_waveform_is() -> None:
    signal = waveform(np.arange(100.0), interval=0.1, start=-2.0)
    for begin, end in itertools.combinations([-5.0, -2.0, 0.0, 3.3, 7.9, 20.0], 2):
        ours, theirs = cut(signal, begin, end), cut(Recording.of(signal), begin, end)
        np.testing.assert_array_equal(theirs.part(0, len(theirs)).samples, ours.samples)
        assert theirs.scale.start == ours.start
