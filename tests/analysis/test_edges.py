"""What sampling and a pole add to edges that go on beyond their base, held against edges drawn and filtered."""

from __future__ import annotations

import numpy as np
import pytest

from rig.analysis.edges import added_by_pole, added_by_sampling, resolved_transition


@pytest.mark.parametrize("transition", [1.0, 1.6, 3.0, 7.0])
@pytest.mark.parametrize("beyond", [0.1, 0.4, 1.0])
def test_sampling_adds_what_it_does_to_a_falling_edge(transition: float, beyond: float) -> None:
    seen = []
    for shift in (np.arange(400) + 0.5) / 400:
        places = np.arange(-20.0, 40.0) + shift
        level = np.interp(places, [0.0, transition * (1 + beyond)], [1.0, -beyond])
        crossings = []
        for part in (0.9, 0.1):
            after = int(np.argmax(level < part))
            crossings.append(after - 1 + (level[after - 1] - part) / (level[after - 1] - level[after]))
        seen.append(crossings[1] - crossings[0])
    mean = float(np.mean(seen))
    assert mean - 0.8 * transition == pytest.approx(added_by_sampling(transition, beyond), abs=5e-3)
    assert resolved_transition(mean, beyond=beyond) == pytest.approx(transition, abs=0.05)


@pytest.mark.parametrize("transition", [0.2, 1.0, 4.0, 15.0])
@pytest.mark.parametrize("beyond", [0.1, 0.5, 1.0])
def test_a_pole_adds_what_it_does_to_an_edge_that_goes_on(transition: float, beyond: float) -> None:
    step = 1e-3
    times = np.arange(0.0, transition * (1 + beyond) + 25.0, step)
    ramp = np.minimum(times / transition, 1 + beyond)
    behind = np.zeros(len(times))
    for k in range(1, len(times)):
        behind[k] = behind[k - 1] + step * (0.5 * (ramp[k] + ramp[k - 1]) - behind[k - 1])
    early, late = (float(np.interp(part, behind, times)) for part in (0.1, 0.9))
    assert late - early - 0.8 * transition == pytest.approx(added_by_pole(transition, 1.0, beyond), abs=3e-3)
