"""Every oscilloscope's driver reads its virtual instrument: the samples are the world's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from rig.bench.drivers.keysight_infiniivision import KeysightInfiniiVision
from rig.bench.drivers.rigol_dho import RigolDho
from rig.bench.drivers.rigol_ds1000z import RigolDs1000Z
from rig.bench.drivers.rohde_schwarz_rtb import RohdeSchwarzRtb
from rig.bench.drivers.rohde_schwarz_rto import RohdeSchwarzRto
from rig.bench.drivers.siglent_sds1000xe import SiglentSds1000Xe
from rig.bench.drivers.siglent_sdshd import SiglentSdsHd
from rig.bench.drivers.tektronix_dpo import TektronixDpo
from rig.bench.drivers.tektronix_mso import TektronixMso
from rig.errors import InstrumentError
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.model.waveform import Waveform
from rig.roles import Clock, Oscilloscope
from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices import (
    infiniivision,
    rigol_scope,
    rohde_schwarz_rtb,
    rohde_schwarz_rto,
    siglent_sds1000xe,
    siglent_sdshd,
    tektronix_dpo,
    tektronix_mso,
)
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

SETUP = ScopeSetup(
    channels={1: ScopeChannel(full_scale=40.0, probe=10.0)},
    window=0.02,
    points=10_000,
    pretrigger=0.25,
    trigger=Trigger(channel=1, level=5.0, slope=0),
)
ERRORS = {"gain_error": 0.01, "offset_error": 0.02, "timebase_ppm": 25.0}
PULSE = (
    Point(current=10e-3, duration=200e-6),
    Point(current=0.0, duration=100e-6),
    Point(current=-10e-3, duration=200e-6),
)


@dataclass(frozen=True)
class Family:
    """A driver and its virtual instrument; ``segments`` whether it has any, ``bits`` of a plain sample."""

    driver: str
    identity: str
    twin: Callable[..., Any]
    open: Callable[[str, Clock], Oscilloscope]
    bits: int = 8
    segments: bool = False
    high_resolution: bool = True
    pictures: str = "png"
    averages: int = 4
    marks: tuple[str, ...] = field(default=("twin", "race", "deep memory", "clip detection", "screenshot"))


FAMILIES = (
    Family(
        driver="keysight-infiniivision",
        identity="KEYSIGHT TECHNOLOGIES,DSO-X 3034A,MY12345678,02.50.2019022736",
        twin=infiniivision.Infiniivision,
        open=lambda address, clock: KeysightInfiniiVision("scope", address, clock=clock, timeout=30.0),
        segments=True,
    ),
    Family(
        driver="tektronix-mso",
        identity="TEKTRONIX,MSO44,C012345,CF:91.1CT FV:1.99.11.1268",
        twin=tektronix_mso.TektronixMso,
        open=lambda address, clock: TektronixMso("scope", address, clock=clock, timeout=30.0),
        bits=12,
        segments=True,
    ),
    Family(
        driver="tektronix-dpo",
        identity="TEKTRONIX,MSO2024B,C010101,CF:91.1CT FV:v1.30",
        twin=tektronix_dpo.TektronixDpo,
        open=lambda address, clock: TektronixDpo("scope", address, clock=clock, timeout=30.0),
        high_resolution=False,
    ),
    Family(
        driver="rigol-ds1000z",
        identity="RIGOL TECHNOLOGIES,DS1104Z,DS1ZA171812345,00.04.04.SP3",
        twin=rigol_scope.RigolDs1000z,
        open=lambda address, clock: RigolDs1000Z("scope", address, clock=clock, timeout=30.0, most=7000),
    ),
    Family(
        driver="rigol-dho",
        identity="RIGOL TECHNOLOGIES,DHO804,DHO8A241200001,00.01.02",
        twin=rigol_scope.RigolDho,
        open=lambda address, clock: RigolDho("scope", address, clock=clock, timeout=30.0, most=7000),
        bits=12,
        high_resolution=False,
    ),
    Family(
        driver="siglent-sds1000xe",
        identity="Siglent Technologies,SDS1104X-E,SDSMMEBX1R1234,7.6.1.25R2",
        twin=siglent_sds1000xe.SiglentSds1000xe,
        open=lambda address, clock: SiglentSds1000Xe("scope", address, clock=clock, timeout=30.0, most=7000),
        pictures="bmp",
        averages=16,
    ),
    Family(
        driver="siglent-sdshd",
        identity="Siglent Technologies,SDS2104X HD,SDS2HBAQ6R0001,3.8.12.1.1.3.8",
        twin=siglent_sdshd.SiglentSdsHd,
        open=lambda address, clock: SiglentSdsHd("scope", address, clock=clock, timeout=30.0, most=7000),
        bits=12,
        averages=16,
    ),
    Family(
        driver="rohde-schwarz-rtb",
        identity="Rohde&Schwarz,RTB2004,1333.1005k04/103202,02.202",
        twin=rohde_schwarz_rtb.RohdeSchwarzRtb,
        open=lambda address, clock: RohdeSchwarzRtb("scope", address, clock=clock, timeout=30.0),
        bits=10,
    ),
    Family(
        driver="rohde-schwarz-rto",
        identity="Rohde&Schwarz,RTO2044,1329.7002k44/100001,4.70.1.0",
        twin=rohde_schwarz_rto.RohdeSchwarzRto,
        open=lambda address, clock: RohdeSchwarzRto("scope", address, clock=clock, timeout=30.0, most=7000),
        bits=12,
    ),
)


def families(*, having: Callable[[Family], bool] = lambda _: True) -> pytest.MarkDecorator:
    chosen = [
        pytest.param(one, id=one.driver, marks=pytest.mark.supports(one.driver, *one.marks))
        for one in FAMILIES
        if having(one)
    ]
    return pytest.mark.parametrize("family", chosen)


class WorldsClock:
    """The clock of the world itself: who waits lets its time pass."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.now

    def sleep(self, seconds: float) -> None:
        self._world.advance(seconds)

    def utc(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)


class Bench:
    """A world with a load, a virtual oscilloscope at it, and the driver that speaks to that."""

    def __init__(self, world: World, twin: Any, driver: Oscilloscope) -> None:
        self.world, self.twin, self.driver = world, twin, driver

    def pulses(self, count: int = 40) -> None:
        self.world.begin(Train(points=PULSE, period=20e-3, count=count))

    def capture(self, setup: ScopeSetup, *, count: int = 40) -> ScopeSetup:
        """Configure, arm, stimulate, and wait until the instrument is done."""
        as_set = self.driver.configure(setup)
        self.driver.arm()
        assert not self.driver.done()
        self.world.advance(5e-3)
        self.pulses(count)
        for _ in range(200):
            if self.driver.done():
                return as_set
            self.world.advance(5e-3)
        pytest.fail("the acquisition did not complete")

    def truth(self, waveform: Waveform, *, trigger: float | None = None) -> Any:
        """What the input should have seen at the samples' instants, its true errors included, V."""
        record, end = self.twin._acquisition.record, self.twin._inputs._ends[1]
        moments = (record.trigger if trigger is None else trigger) + waveform.times() * end.timebase
        signal = self.world.signal("voltage", float(moments[0]) - 1e-3, float(moments[-1]) + 1e-3)
        return signal.sample(moments) * end.gain + end.offset(0.0)


@contextmanager
def bench(family: Family, *faults: dict[str, Any], **config: Any) -> Iterator[Bench]:
    world = World(
        TwinConfig.model_validate({
            "seed": 7,
            "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
            "loads": {"1 kohm": {"resistance": 1000.0, "relays": [103]}},
        })
    )
    world.switch(frozenset({103}))
    identity = dict(zip(("manufacturer", "model", "serial", "firmware"), family.identity.split(","), strict=True))
    section = InstrumentConfig.model_validate({
        "protocol": "x", "identity": identity, "inputs": {"1": "voltage"}, "faults": faults, **config,
    })  # fmt: skip
    twin = family.twin(name="scope", config=section, world=world, seed=7)
    driver = family.open(twin.start()[0], WorldsClock(world))
    try:
        yield Bench(world, twin, driver)
    finally:
        driver.close()
        twin.stop()
        world.close()


def agree(waveform: Waveform, truth: Any, *, within: float) -> None:
    """All samples but those next to an edge, where half a sample of time is many volts, are what they should be."""
    steep = np.abs(np.gradient(truth)) > within
    near = np.convolve(steep, np.ones(5), mode="same") > 0
    assert near.mean() < 0.1
    assert np.abs(waveform.values() - truth)[~near].max() <= within


@families()
def test_samples_are_what_the_input_saw(family: Family) -> None:
    with bench(family, **ERRORS) as b:
        as_set = b.capture(SETUP)
        waveform = b.driver.fetch(1)
        lsb = as_set.channels[1].full_scale * 1.3 / 2**family.bits
        agree(waveform, b.truth(waveform), within=0.51 * lsb)
        assert b.driver.fetch(1).samples.tobytes() == waveform.samples.tobytes()
    assert as_set.window >= SETUP.window * (1 - 1e-6)
    assert len(waveform) == as_set.points >= SETUP.points
    assert waveform.duration == pytest.approx(as_set.window)
    assert -waveform.start == pytest.approx(as_set.pretrigger * as_set.window, abs=1.01 * waveform.interval)
    assert waveform.values().max() == pytest.approx(10.0, abs=0.6)
    assert waveform.values().min() == pytest.approx(-10.0, abs=0.6)
    low, high = waveform.rails or (0, 0)
    assert low < waveform.samples.min() <= waveform.samples.max() < high


@families()
def test_offset_and_bandwidth_limit_and_another_probe(family: Family) -> None:
    channel = ScopeChannel(full_scale=40.0, probe=10.0, offset=6.0, bandwidth_limit=True)
    with bench(family) as b:
        as_set = b.capture(replace(SETUP, channels={1: channel}))
        waveform = b.driver.fetch(1)
        agree(waveform, b.truth(waveform), within=0.51 * 40.0 * 1.3 / 2**family.bits)
        assert as_set.channels[1].offset == pytest.approx(6.0)
        assert as_set.channels[1].bandwidth_limit
        # A probe that is not the one the instrument is told of shows another voltage.
        wrong = ScopeChannel(full_scale=4.0, probe=1.0)
        level = Trigger(channel=1, level=0.5, slope=1)
        as_set = b.capture(replace(SETUP, channels={1: wrong}, trigger=level))
        assert as_set.channels[1].probe == 1.0
        assert b.driver.fetch(1).values().max() == pytest.approx(1.0, abs=0.05)


@families()
def test_alternating_coupling_takes_away_what_is_constant(family: Family) -> None:
    channel = ScopeChannel(full_scale=40.0, probe=10.0, coupling=Coupling.AC)
    with bench(family) as b:
        b.capture(replace(SETUP, channels={1: channel}))
        waveform = b.driver.fetch(1)
    assert waveform.values().max() == pytest.approx(10.0, abs=1.0)


@families()
def test_clipped_samples_are_at_the_rails(family: Family) -> None:
    channel = ScopeChannel(full_scale=7.0, probe=10.0)
    with bench(family) as b:
        b.capture(replace(SETUP, channels={1: channel}, trigger=Trigger(channel=1, level=3.0, slope=1)))
        waveform = b.driver.fetch(1)
    low, high = waveform.rails or (0, 0)
    clipped = (waveform.samples <= low) | (waveform.samples >= high)
    assert clipped.sum() * waveform.interval >= 350e-6
    assert np.abs(waveform.values()[~clipped]).max() < 9.0


@families()
def test_stimulus_right_after_arming_is_never_missed(family: Family) -> None:
    """However long the old state is told, and however much there is to fill before the trigger."""
    with bench(family, noise=0.05) as b:
        for latency in (0.0, 0.02, 0.3):
            b.twin.arming_latency = latency
            b.driver.configure(SETUP)
            b.driver.arm()
            b.pulses(1)
            b.world.advance(0.1)
            assert b.driver.done()
            assert b.driver.fetch(1).values().max() == pytest.approx(10.0, abs=0.6)


@families()
def test_forced_capture_shows_quiet(family: Family) -> None:
    with bench(family) as b:
        as_set = b.driver.configure(replace(SETUP, trigger=None))
        b.driver.arm()
        assert as_set.trigger is None
        assert b.driver.done()
        assert np.abs(b.driver.fetch(1).values()).max() < 0.2


@families()
def test_trigger_that_does_not_come_leaves_it_armed_and_halt_ends_it(family: Family) -> None:
    with bench(family, {"kind": "no_trigger"}) as b:
        b.driver.configure(SETUP)
        b.driver.arm()
        b.pulses()
        b.world.advance(0.5)
        assert not b.driver.done()
        with pytest.raises(InstrumentError, match="not complete"):
            b.driver.fetch(1)
        b.driver.halt()


@families()
def test_mean_of_several_records(family: Family) -> None:
    with bench(family, noise=0.3) as b:
        b.capture(SETUP)
        plain = b.driver.fetch(1)
        as_set = b.capture(replace(SETUP, reduction=Reduction.AVERAGE, averages=family.averages), count=80)
        mean = b.driver.fetch(1)
    assert as_set.averages == family.averages
    assert spread(mean) < 0.8 * spread(plain)


@families(having=lambda one: one.high_resolution)
def test_high_resolution(family: Family) -> None:
    with bench(family) as b:
        as_set = b.capture(replace(SETUP, reduction=Reduction.HIGH_RESOLUTION))
        waveform = b.driver.fetch(1)
        agree(waveform, b.truth(waveform), within=0.51 * 40.0 * 1.3 / 2**family.bits)
    assert as_set.reduction is Reduction.HIGH_RESOLUTION


@families(having=lambda one: one.segments)
def test_every_segment_has_its_pulse_at_its_time(family: Family) -> None:
    with bench(family) as b:
        short = replace(SETUP, window=2e-3, points=1000, segments=3, trigger=Trigger(channel=1, level=5.0, slope=1))
        as_set = b.capture(short)
        assert as_set.segments == 3
        for segment in (1, 2, 3):
            waveform = b.driver.fetch(1, segment)
            agree(waveform, b.truth(waveform), within=0.51 * 40.0 * 1.3 / 2**family.bits)
            assert waveform.start + 0.25 * as_set.window == pytest.approx((segment - 1) * 20e-3, abs=2e-5)
        with pytest.raises(InstrumentError, match="no segment 4"):
            b.driver.fetch(1, 4)


@families()
def test_screenshot_is_a_picture(family: Family) -> None:
    with bench(family) as b:
        b.capture(SETUP)
        assert b.driver.screenshot().format == family.pictures
        assert b.driver.done()


def spread(waveform: Waveform) -> float:
    """How far samples of a quiet stretch scatter, V."""
    return float(np.std(waveform.values()[: len(waveform) // 5]))
