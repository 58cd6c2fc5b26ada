"""A world with a load in it, an oscilloscope that sees it, and a session with that over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvisa

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

WORLD = TwinConfig.model_validate({
    "seed": 7,
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {"1 kohm": {"resistance": 1000.0, "relays": [103]}},
})
PULSE = (
    Point(current=10e-3, duration=200e-6),
    Point(current=0.0, duration=100e-6),
    Point(current=-10e-3, duration=200e-6),
)
TRAIN = Train(points=PULSE, period=20e-3, count=40)
ERRORS = {"gain_error": 0.01, "offset_error": 0.02, "timebase_ppm": 25.0}


class Bench:
    """An oscilloscope whose input 1 is at the voltage across the load."""

    def __init__(self, world: World, scope: Any, session: Any) -> None:
        self.world, self.scope, self.session = world, scope, session

    def ask(self, message: str) -> str:
        return str(self.session.query(message))

    def tell(self, *messages: str) -> None:
        """Send commands, and return when they have been carried out; ``*ESE?`` waits for nothing else."""
        for message in messages:
            self.session.write(message)
        self.ask("*ESE?")

    def block(self, query: str) -> bytes:
        return bytes(self.session.query_binary_values(query, datatype="B", container=bytes))

    def pulses(self) -> None:
        self.world.begin(TRAIN)

    def truth(self, times: npt.NDArray[Any], channel: int = 1) -> npt.NDArray[np.float64]:
        """What an input should have seen at these times from the record's trigger, its true errors included."""
        record, end = self.scope._acquisition.record, self.scope._inputs._ends[channel]
        moments = record.trigger + times * end.timebase
        signal = self.world.signal("voltage", float(moments[0]) - 1e-3, float(moments[-1]) + 1e-3)
        return np.asarray(signal.sample(moments) * end.gain + end.offset(0.0))


@contextmanager
def bench(kind: Any, model: str, *faults: dict[str, Any], **config: Any) -> Iterator[Bench]:
    world = World(WORLD)
    world.switch(frozenset({103}))
    identity = dict(zip(("manufacturer", "model", "serial", "firmware"), model.split(","), strict=True))
    section = InstrumentConfig.model_validate({
        "protocol": "x", "identity": identity, "inputs": {"1": "voltage"}, "faults": faults, **config,
    })  # fmt: skip
    scope = kind(name="scope", config=section, world=world, seed=7)
    address = scope.start()[0]
    manager = pyvisa.ResourceManager("@py")
    session: Any = manager.open_resource(address, read_termination="\n", write_termination="\n", timeout=30000)
    try:
        yield Bench(world, scope, session)
    finally:
        session.close()
        manager.close()
        scope.stop()
