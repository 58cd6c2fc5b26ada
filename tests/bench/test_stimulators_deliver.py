"""Drivers of stimulators and their virtual counterparts, written apart from each other: what is asked for flows."""

from __future__ import annotations

import math
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.catalog import driver_of
from rig.bench.opening import Opening
from rig.bench.reading import load_device
from rig.errors import CommunicationError, InstrumentError
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Paced, Stimulator
from rig.sequencer.twin_configuration import _PROTOCOLS
from rig.twin.config import TwinConfig
from rig.twin.server import serve
from rig.twin.world import World

DUTS = Path(__file__).parents[2] / "fixtures/duts"
# Half a step of a card's 16-bit output, of 20 V in all, at 10 mA/V.
_CONVERTER_STEP = 20 / 65536 / 2 * 0.01
BIPHASIC = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=3.0,
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A device file, what is asked for, what its bench says besides, and what a card's outputs drive."""

    device: str
    stimulus: Stimulus = BIPHASIC
    options: dict[str, float | str | bool] = field(default_factory=dict)
    entry: dict[str, str] = field(default_factory=dict)
    drives: dict[str, float | bool] = field(default_factory=dict)


def changed(**changes: Any) -> Stimulus:
    return Stimulus(**{**{name: getattr(BIPHASIC, name) for name in Stimulus.__slots__}, **changes})


CASES = [
    Asked(device="rehastim2"),
    Asked(device="rehastim2", stimulus=changed(amplitude=0.0631, phase_duration=412.3e-6, rate=33.3)),
    Asked(device="p24-low-level", stimulus=changed(rate=10.0)),
    Asked(device="p24-low-level", stimulus=changed(rate=1.0, train=0.5, shape=Shape.MONOPHASIC, interphase=0.0)),
    Asked(device="pulsepal2", options={"current_per_volt": 0.01}),
    Asked(
        device="pulsepal2",
        stimulus=changed(
            amplitude=0.0333, phase_duration=480e-6, interphase=0.0, polarity=Polarity.NEGATIVE, rate=37.0
        ),
        options={"current_per_volt": 0.005},
    ),
    Asked(device="motionstim8"),
    Asked(device="motionstim8", stimulus=changed(amplitude=0.0331, phase_duration=222.2e-6, rate=27.3)),
    Asked(
        device="isolator",
        stimulus=changed(shape=Shape.MONOPHASIC, interphase=0.0, amplitude=0.0123, rate=47.0),
        entry={"device": "Dev1"},
        options={"current_per_volt": 0.01},
        drives={"gain": 0.01},
    ),
    Asked(
        device="isolator",
        entry={"device": "Dev1"},
        options={"current_per_volt": 0.01, "phase_duration": 300e-6, "interphase": 100e-6, "biphasic": True},
        drives={"gain": 0.01, "phase_duration": 300e-6, "interphase": 100e-6, "biphasic": True},
    ),
    Asked(device="knobs"),
    Asked(device="knobs", stimulus=changed(amplitude=0.033, polarity=Polarity.NEGATIVE, rate=71.0, interphase=0.0)),
    Asked(device="line-stimulator"),
    Asked(device="line-stimulator", stimulus=changed(amplitude=0.03337, polarity=Polarity.NEGATIVE, rate=71.23)),
]
SUPPORTS = {
    "rehastim2": "hasomed-sciencemode2",
    "p24-low-level": "hasomed-sciencemode4-low",
    "pulsepal2": "sanworks-pulsepal2",
    "line-stimulator": "text-protocol",
    "motionstim8": "hasomed-motionstim8",
    "isolator": "analog-ttl",
    "knobs": "front-panel",
}


@dataclass
class WorldClock:
    """The time of a virtual world."""

    world: World

    def now(self) -> float:
        return self.world.now

    def sleep(self, seconds: float) -> None:
        self.world.advance(seconds)

    def utc(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)


@contextmanager
def together(asked: Asked, **device: Any) -> Iterator[tuple[Stimulator, World]]:
    """A driver as a bench file opens it, in a conversation with its virtual device, whose load is 500 ohm."""
    file = load_device(DUTS / f"{asked.device}.dut.yaml")
    driver = driver_of(file.file.protocol)
    assert driver is not None
    identity = {"firmware": "1.0", **file.file.identity.model_dump(exclude_none=True)}
    config = TwinConfig.model_validate({
        "seed": 5,
        "device": {"identity": identity, "gain_error": 0.0, "phase_mismatch": 0.0, "timebase_error": 0.0, **device},
        "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
        "instruments": {
            "stimulator": {
                "protocol": _PROTOCOLS[driver.name],
                "options": asked.options,
                "drives": asked.drives or None,
                **asked.entry,
            }
        },
    })
    with serve(config) as running:
        running.world.switch(frozenset({101}))
        entry = {
            "role": "stimulator",
            "driver": driver.name,
            "address": "twin",
            "options": asked.options,
            **asked.entry,
        }
        stimulator = pkgutil.resolve_name(driver.factory)(
            Opening(
                name="stimulator",
                entry=InstrumentEntry.model_validate(entry),
                address=running.listening[0].address,
                clock=WorldClock(running.world),
                device=file.file,
                device_path=file.path,
                dialogue=file.dialogue,
            )
        )
        try:
            yield stimulator, running.world
        finally:
            stimulator.close()


def deliver(stimulator: Stimulator, world: World, stimulus: Stimulus) -> float:
    """Deliver a train as the rig does, with a word in time; return when it began."""
    began = world.now
    stimulator.start()
    interval = stimulator.keep_alive_interval
    share = 1.0 if isinstance(stimulator, Paced) else 0.7
    words = 0 if interval is None else int(stimulus.train / (share * interval) - 1e-9)
    for k in range(1, words + 1):
        world.advance_to(began + k * share * (interval or 0.0))
        stimulator.keep_alive()
    world.advance_to(began + stimulus.train)
    stimulator.stop()
    return began


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(one, marks=pytest.mark.supports(SUPPORTS[one.device], "driver"), id=f"{one.device}-{k}")
        for k, one in enumerate(CASES)
    ],
)
def test_what_flows_is_what_was_asked_for(asked: Asked) -> None:
    with together(asked) as (stimulator, world):
        identity = stimulator.identify()
        expected = load_device(DUTS / f"{asked.device}.dut.yaml").file.identity
        assert (identity.manufacturer, identity.model, identity.serial) == (
            expected.manufacturer,
            expected.model,
            expected.serial,
        )
        # Long enough for whoever watches over it to have given up.
        world.advance(5.0)
        realised = stimulator.prepare(asked.stimulus)
        assert not world.stimulating
        began = deliver(stimulator, world, realised)
        world.advance(1.0)
        pulses = world.pulses(0.0, world.now)
        # Every period that begins within the train has a pulse; the first comes up to 10 ms after the start.
        assert len(pulses) in {math.ceil(realised.rate * t - 1e-9) for t in (realised.train, realised.train - 0.01)}
        gaps = {round((b.start - a.start) * 1e6) for a, b in pairwise(pulses)}
        assert gaps <= {round(realised.period * 1e6)}
        sign = realised.polarity.sign
        phases = [(0.0, realised.phase_duration, sign)]
        if realised.shape is Shape.BIPHASIC_SYMMETRIC:
            second = realised.phase_duration + realised.interphase
            phases.append((second, second + realised.phase_duration, -sign))
        for pulse in pulses:
            assert [one[2] for one in pulse.phases] == [one[2] for one in phases]
            for delivered, wanted in zip(pulse.phases, phases, strict=True):
                assert delivered[:2] == pytest.approx(wanted[:2], abs=1e-9)
        current = world.signal("current", began, world.now)
        first = pulses[0].start + realised.phase_duration / 2
        assert current.at(first) == pytest.approx(sign * realised.amplitude, rel=1e-4, abs=_CONVERTER_STEP)
        assert current.at(world.now - 0.5) == 0.0
        if realised.shape is Shape.BIPHASIC_SYMMETRIC:
            assert current.at(first + phases[1][0]) == pytest.approx(
                -sign * realised.amplitude, rel=1e-4, abs=_CONVERTER_STEP
            )


@pytest.mark.parametrize("asked", CASES[::2], ids=lambda asked: asked.device)
def test_a_second_train_follows_the_first_and_a_stop_may_come_at_any_time(asked: Asked) -> None:
    with together(asked) as (stimulator, world):
        stimulator.stop()
        for _ in range(2):
            deliver(stimulator, world, stimulator.prepare(asked.stimulus))
            stimulator.stop()
            world.advance(5.0)
        assert not world.stimulating
        wanted = 2 * asked.stimulus.train * asked.stimulus.rate
        assert len(world.pulses(0.0, world.now)) == pytest.approx(wanted, abs=1.01)


@pytest.mark.parametrize("asked", [CASES[0], CASES[2], CASES[-1]], ids=lambda asked: asked.device)
def test_a_device_that_reboots_mid_run_is_found_out_and_delivers_nothing(asked: Asked) -> None:
    with together(asked, supply={"voltage": 12.0, "minimum": 9.0}, boot_time=0.2) as (stimulator, world):
        stimulator.prepare(asked.stimulus)
        stimulator.start()
        world.advance(0.1)
        world.supply(0.0)
        world.advance(0.1)
        world.supply(12.0)
        world.advance(0.3)
        assert not world.stimulating
        with pytest.raises((InstrumentError, CommunicationError), match="stimulator: '"):
            stimulator.keep_alive()
        stimulator.stop()
        world.advance(5.0)
        assert not world.stimulating


@pytest.mark.parametrize("asked", [CASES[0], CASES[-1]], ids=lambda asked: asked.device)
def test_a_device_that_nobody_speaks_to_stops_by_itself_and_says_so(asked: Asked) -> None:
    with together(asked) as (stimulator, world):
        stimulator.prepare(asked.stimulus)
        stimulator.start()
        interval = stimulator.keep_alive_interval
        assert interval is not None
        seen = []
        for wait in (0.95 * interval, 2.0):
            world.advance(wait)
            seen.append(world.stimulating)
        assert seen == [True, False]
        with pytest.raises(InstrumentError):
            stimulator.keep_alive()
