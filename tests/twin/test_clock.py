"""Virtual time passes when somebody waits; real time by itself."""

from __future__ import annotations

import threading
import time

import pytest

from rig.twin.clock import RealTime, VirtualTime
from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.virtual_clock import VirtualClock
from rig.twin.world import World

IDENTITY = {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}


def _clock(*, real_time: bool = False) -> VirtualClock:
    world = World(TwinConfig.model_validate({"real_time": real_time, "device": {"identity": IDENTITY}}))
    return VirtualClock(name="clock", config=InstrumentConfig(protocol="virtual-clock"), world=world, seed=0)


def test_virtual_time_never_goes_back() -> None:
    clock = VirtualTime()
    clock.wait_until(2.0)
    clock.wait_until(1.0)
    assert clock.now() == 2.0


def test_real_time_passes_and_waiting_waits() -> None:
    begin = time.monotonic()
    clock = RealTime()
    clock.wait_until(0.05)
    assert time.monotonic() - begin >= 0.05
    assert 0.05 <= clock.now() < 10


def test_closing_lets_who_waits_go() -> None:
    clock = RealTime()
    waiting = threading.Thread(target=clock.wait_until, args=(3600.0,))
    waiting.start()
    clock.close()
    waiting.join(5)
    assert not waiting.is_alive()


def test_the_clock_as_an_instrument() -> None:
    clock = _clock()
    assert clock.execute("SYST:TIME?") == [b"0.0"]
    assert clock.execute("SYST:TIME:ADV 0.25;*OPC?") == [b"1"]
    assert clock.execute(":SYSTem:TIME:ADVance 0.1;:SYSTem:TIME?") == [b"0.35"]


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "1e9", "soon"])
def test_an_impossible_step_is_refused(seconds: str) -> None:
    clock = _clock()
    clock.execute(f"SYST:TIME:ADV {seconds}")
    assert clock.execute("SYST:TIME?") == [b"0.0"]
    assert clock.execute("SYST:ERR?")[0].startswith(b"-")


def test_in_real_time_an_advance_waits() -> None:
    clock, begin = _clock(real_time=True), time.monotonic()
    assert clock.execute("SYST:TIME:ADV 0.05;*OPC?") == [b"1"]
    assert time.monotonic() - begin >= 0.05
