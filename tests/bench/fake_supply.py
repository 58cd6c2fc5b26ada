"""A supply behind a socket, as far as its driver asks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rig.bench.bench_file import InstrumentEntry

Respond = Callable[[bytes], tuple[int, Sequence[bytes | None]] | None]
IDENTITY = "Keysight Technologies,E36312A,MY59001234,2.1.3-1.0.4-1.12"
ENTRY = InstrumentEntry.model_validate({
    "role": "supply",
    "driver": "keysight-e36300",
    "address": "twin",
    "output": 2,
    "identity": dict(zip(("manufacturer", "model", "serial", "firmware"), IDENTITY.split(","), strict=True)),
})


@dataclass
class FakeSupply:
    """An E36312A's output 2; ``gives`` is which part of its voltage arrives.

    An output that is ``stuck`` stays on, a ``mute`` supply says nothing.
    """

    lines: list[str] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=lambda: {"VOLT": 0.0, "CURR": 1.0, "VOLT:PROT": 27.5})
    on: bool = False
    gives: float = 1.0
    stuck: bool = False
    mute: bool = False
    switched: Callable[[bool], object] = lambda on: on

    def __call__(self, waiting: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        line, end, _ = waiting.partition(b"\n")
        if not end:
            return None
        text = line.decode("ascii")
        self.lines.append(text)
        reply = self._answer(text)
        return len(line) + 1, [] if reply is None or self.mute else [f"{reply}\n".encode()]

    def _answer(self, text: str) -> str | None:
        if found := re.fullmatch(r"(VOLT|CURR|VOLT:PROT) (\S+),\(@2\)", text):
            self.values[found[1]] = float(found[2])
        if found := re.fullmatch(r"OUTP (ON|OFF),\(@2\)", text):
            self.on = found[1] == "ON" or self.stuck
            self.switched(self.on)
        now = self.values["VOLT"] * self.gives * self.on
        replies = {
            "*IDN?": IDENTITY,
            ":SYSTem:ERRor?": '+0,"No error"',
            "OUTP? (@2)": str(int(self.on)),
            "VOLT:PROT:TRIP? (@2)": "0",
            "MEAS:VOLT? (@2)": f"{now:+.6E}",
            "MEAS:CURR? (@2)": f"{0.1 * self.on:+.6E}",
            **{f"{name}? (@2)": f"{value:+.6E}" for name, value in self.values.items()},
        }
        return replies.get(text)
