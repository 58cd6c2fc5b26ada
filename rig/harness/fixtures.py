"""Fixtures for the rare test that a plan cannot say; what they do goes on record like a plan's case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rig.harness.script import SCRIPT, Script
from rig.harness.session import current_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rig.bench.build import Bench
    from rig.model.judgement import Judgement
    from rig.model.measurement import Outcome
    from rig.roles import Stimulator
    from rig.sequencer.run import Run

__all__ = ["bench", "capture", "judge", "load", "rig_case", "rig_run", "stimulator"]


@pytest.fixture(scope="session")
def rig_run(pytestconfig: pytest.Config) -> Run:
    """The session's run; asking for it makes the test part of the run."""
    return current_run(pytestconfig)


@pytest.fixture
def rig_case(rig_run: Run, request: pytest.FixtureRequest) -> Iterator[Script]:
    """The test as a case of the run: afterwards the output is measured to be off, and there is one record."""
    script = Script(rig_run, request.node)
    if rig_run.latched:
        pytest.skip(rig_run.decline(script.resolved).reason)
    request.node.stash[SCRIPT] = script
    with rig_run.attempt(script.resolved) as work:
        script.begin(work)
        yield script
        script.raise_what_broke_it()
    script.conclude()


@pytest.fixture
def bench(rig_case: Script) -> Bench:
    """The open bench."""
    return rig_case.run.bench


@pytest.fixture
def stimulator(rig_case: Script) -> Stimulator:
    """The device under test."""
    return rig_case.run.bench.stimulator


@pytest.fixture
def load(rig_case: Script) -> Callable[[str], None]:
    """``load("500 ohm")`` connects a load, after the zero capture of this test was taken."""
    return rig_case.connect


@pytest.fixture
def capture(rig_case: Script) -> Callable[..., Mapping[str, Outcome]]:
    """``capture(amplitude="20 mA", phase_duration="300 us", …)`` delivers a stimulus and returns what was measured."""
    return rig_case.capture


@pytest.fixture
def judge(rig_case: Script) -> Callable[..., Judgement]:
    """``judge(outcome, within="10 % of 20 mA")`` judges a measured outcome; anything but PASS fails the test."""
    return rig_case.judge
