"""A virtual bench, served and opened, with what flows on it: what tests of its instruments share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from rig.bench.build import Bench, open_bench
from rig.bench.definition import BenchDefinition
from rig.bench.drivers.system_clock import SystemClock
from rig.bench.reading import load_device
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.server import VirtualBench, serve

STIMULUS = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=3e-4,
    interphase=1e-4,
    rate=50.0,
    train=1.0,
    polarity=Polarity.POSITIVE,
)


@dataclass(kw_only=True)
class OpenTable:
    """What is on the table, and the session to it."""

    twin: VirtualBench
    bench: Bench
    addresses: Mapping[str, str]

    def peak(self, seconds: float) -> float:
        """Let time pass; return the greatest current in it, A."""
        begin = self.twin.world.now
        self.bench.clock.sleep(seconds)
        low, high = self.twin.world.signal("current", begin, self.twin.world.now).extremes(begin, self.twin.world.now)
        return max(-low, high)


@contextmanager
def open_table(definition: BenchDefinition) -> Iterator[OpenTable]:
    """Serve the virtual instruments of a bench, and open it."""
    device = load_device(definition.device_path)
    with serve(TwinConfig.model_validate(twin_configuration(definition, device))) as twin:
        addresses = {one.name: one.address for one in reversed(twin.listening)}
        opening = open_bench(definition, device, addresses=addresses, today=date(2026, 11, 22), utc=SystemClock().utc)
        with opening as bench:
            yield OpenTable(twin=twin, bench=bench, addresses=addresses)
