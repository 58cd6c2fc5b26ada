"""The virtual device with knobs alone: what turning them shows, and lets flow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import serial

from rig.twin.config import TwinConfig
from rig.twin.devices.front_panel import FrontPanel
from rig.twin.server import VirtualBench, serve

pytestmark = pytest.mark.supports("front-panel", "twin")


@contextmanager
def bench(**device: Any) -> Iterator[tuple[VirtualBench, FrontPanel]]:
    config = TwinConfig.model_validate({
        "seed": 3,
        "device": {
            "identity": {"manufacturer": "Example", "model": "FP", "serial": "1", "firmware": "1"},
            "gain_error": 0.0,
            "phase_mismatch": 0.0,
            "timebase_error": 0.0,
            **device,
        },
        "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
        "instruments": {"stimulator": {"protocol": "front-panel"}},
    })
    with serve(config) as running:
        running.world.switch(frozenset({101}))
        panel = running.instruments["stimulator"]
        assert isinstance(panel, FrontPanel)
        yield running, panel


def turn(panel: FrontPanel, *lines: str) -> list[str]:
    return [panel.turn(line) for line in lines]


def test_knobs_are_turned_over_a_line_and_a_button_starts() -> None:
    with bench() as (running, _):
        port = serial.serial_for_url(running.listening[0].address, timeout=20.0)
        for line in ("amplitude 20 mA", "width 300 us", "gap 100 us", "rate 50 Hz", "start"):
            port.write(f"{line}\n".encode())
            assert port.read_until() == b"ok\n"
        running.world.advance(1.0)
        port.write(b"show\r\nstop\nshow\n")
        shown = "amplitude 20 mA; width 300 us; gap 100 us; rate 50 Hz; shape biphasic; polarity positive; channel 1"
        assert port.read_until().decode() == f"{shown}; timer off; running\n"
        assert port.read_until() == b"ok\n"
        assert port.read_until().decode() == f"{shown}; timer off; stopped\n"
        port.close()
        running.world.advance(1.0)
        world = running.world
        assert len(world.pulses(0.0, world.now)) == 50
        assert world.signal("current", 0.0, world.now).extremes(0.0, world.now) == pytest.approx((-20e-3, 20e-3))


def test_a_knob_that_is_turned_while_it_runs_is_followed() -> None:
    with bench() as (running, panel):
        turn(panel, "amplitude 10 mA", "shape monophasic", "start")
        running.world.advance(0.5)
        assert turn(panel, "amplitude 30 mA", "polarity negative") == ["ok", "ok"]
        running.world.advance(0.5)
        world = running.world
        assert world.signal("current", 0.0, 0.49).extremes(0.0, 0.49) == pytest.approx((0.0, 10e-3))
        assert world.signal("current", 0.51, 1.0).extremes(0.51, 1.0) == pytest.approx((-30e-3, 0.0))


def test_its_timer_ends_a_train() -> None:
    with bench() as (running, panel):
        assert turn(panel, "amplitude 10 mA", "rate 10 Hz", "timer 1 s", "start") == ["ok"] * 4
        running.world.advance(3.0)
        assert panel.turn("show").endswith("timer 1 s; stopped")
        assert len(running.world.pulses(0.0, 3.0)) == 10
        assert turn(panel, "timer off", "start") == ["ok"] * 2
        running.world.advance(3.0)
        assert panel.turn("show").endswith("timer off; running")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("amplitude 101 mA", "it goes from 0 A to 100 mA"),
        ("amplitude 20", "has no unit"),
        ("amplitude 20 ms", "no: "),
        ("width", "is not a quantity"),
        ("shape square", "it can be biphasic, monophasic"),
        ("channel 9", "it can be 1"),
        ("volume 11", "there is no 'volume'"),
        ("timer soon", "is not a quantity"),
        ("", "there is no ''"),
    ],
)
def test_what_cannot_be_turned(line: str, why: str) -> None:
    with bench() as (_, panel):
        before = panel.turn("show")
        assert panel.turn(line).startswith("no: ")
        assert why in panel.turn(line)
        assert panel.turn("show") == before


def test_pulses_that_do_not_fit_and_channels_that_are_not_wired() -> None:
    with bench() as (running, panel):
        assert (
            turn(panel, "amplitude 10 mA", "width 1 ms", "rate 500 Hz", "start")[-1]
            == "no: the pulses do not fit the rate"
        )
        assert turn(panel, "rate 20 Hz", "channel 2", "start")[-1] == "ok"
        assert not running.world.stimulating


def test_a_defect_of_the_device_shows() -> None:
    with bench(faults=[{"kind": "amplitude_gain", "value": 1.25}]) as (running, panel):
        turn(panel, "amplitude 10 mA", "start")
        running.world.advance(0.2)
        assert running.world.signal("current", 0.0, 0.2).extremes(0.0, 0.2)[1] == pytest.approx(12.5e-3)
