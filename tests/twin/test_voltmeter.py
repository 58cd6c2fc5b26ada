"""Virtual multimeters: what they read is the mean over their aperture, within what they are specified for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pyvisa
from pymeasure.instruments.hp import HP34401A

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.keysight_34461a import Keysight34461A
from rig.twin.devices.switch_34970a import Switch34970A
from rig.twin.scpi import ScpiDevice
from rig.twin.stimulator import Point, Train
from rig.twin.truth import mean
from rig.twin.world import World

DEVICE = {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}
TRAIN = Train(
    points=(
        Point(duration=300e-6, current=20e-3),
        Point(duration=100e-6, current=0.0),
        Point(duration=300e-6, current=-20e-3),
    ),
    period=20e-3,
)
# Of the range of 1 V, which holds the pulses of 0.2 V: of reading, and of range.
GAIN, OFFSET = 40e-6, 7e-6


def world_with(*faults: dict[str, Any], seed: int = 1) -> World:
    """500 ohm, and a train that has been running for a second."""
    world = World(
        TwinConfig.model_validate({
            "seed": seed,
            "device": {"identity": DEVICE, "faults": faults},
            "loads": {"500 ohm": {"resistance": 500.0, "relays": [101]}},
        })
    )
    world.switch(frozenset({101}))
    world.begin(TRAIN)
    world.advance(1.0)
    return world


@contextmanager
def meter(
    world: World, kind: type[ScpiDevice] = Keysight34461A, seed: int = 1, **more: Any
) -> Iterator[tuple[ScpiDevice, Any]]:
    config = InstrumentConfig.model_validate({"protocol": "meter", **more})
    twin = kind(name="dmm", config=config, world=world, seed=seed)
    (address,) = twin.start()
    manager = pyvisa.ResourceManager("@py")
    session = manager.open_resource(address, read_termination="\n", write_termination="\n", timeout=30000)
    try:
        yield twin, session
    finally:
        session.close()
        manager.close()
        twin.stop()


@pytest.mark.supports("keysight-34461a", "twin")
@pytest.mark.parametrize("seed", range(5))
def test_a_reading_is_the_mean_over_its_aperture_within_its_accuracy(seed: int) -> None:
    world = world_with({"kind": "dc_leak", "value": 1e-3}, seed=seed)
    with meter(world, seed=seed) as (_, session):
        session.write("CONF:VOLT:DC 1")
        session.write("VOLT:DC:NPLC 10")
        begun = world.now
        read = float(session.query("READ?"))
        assert world.now == pytest.approx(begun + 0.4)  # ten cycles of 50 Hz, and as long for autozero
        truth = mean(world.signal("current_sense", begun, begun + 0.2), begun, begun + 0.2)
        assert truth == pytest.approx(0.01, rel=0.2)
        assert read != truth
        assert abs(read - truth) <= GAIN * abs(truth) + OFFSET + 5 * 0.1e-6


def test_errors_come_from_the_seed_and_stay_while_noise_does_not() -> None:
    readings = {}
    for seed in (1, 2):
        world = world_with()
        world.end()
        world.advance(1.0)
        with meter(world, seed=seed) as (_, session):
            session.write("CONF:VOLT:DC 1;:SAMP:COUN 3")
            readings[seed] = [float(one) for one in session.query("READ?").split(",")]
    assert len(set(readings[1])) == 3
    spread = max(readings[1]) - min(readings[1])
    assert spread < 1e-6 < abs(readings[1][0] - readings[2][0]) < 2 * OFFSET + 1e-6


def test_stated_errors_take_the_place_of_the_data_sheet_s() -> None:
    world = world_with()
    world.end()
    world.advance(1.0)
    with meter(world, offset_error=0.1) as (_, session):
        assert 1e-3 < abs(float(session.query("MEAS:VOLT:DC? 1"))) < 0.1 + 1e-5


def test_pulses_beyond_the_range_overload_it_and_autorange_finds_one_that_holds_them() -> None:
    with meter(world_with()) as (_, session):
        assert float(session.query("MEAS:VOLT:DC? 0.1")) == 9.9e37  # 0.2 V
        assert abs(float(session.query("MEAS:VOLT:DC?"))) < 1e-3
        assert session.query("VOLT:RANG:AUTO?") == "1"


def test_a_short_aperture_sees_a_part_of_the_period_only() -> None:
    world = world_with({"kind": "dc_leak", "value": 1e-3})
    with meter(world) as (_, session):
        session.write("CONF:VOLT:DC 10,MAX;:VOLT:NPLC 0.02;:VOLT:ZERO:AUTO OFF;:SAMP:COUN 50")
        readings = [float(one) for one in session.query("READ?").split(",")]
        assert max(readings) > 0.1
        assert sorted(readings)[len(readings) // 2] == pytest.approx(0.01, abs=1e-3)


def test_what_was_not_initiated_since_the_last_change_is_stale() -> None:
    with meter(world_with()) as (_, session):
        session.write("FETC?")
        assert session.query("SYST:ERR?").startswith("-230")
        session.write("INIT")
        first = session.query("FETC?")
        assert session.query("FETC?") == first
        session.write("VOLT:NPLC 1")
        session.write("FETC?")
        assert session.query("SYST:ERR?").startswith("-230")


def test_a_bus_trigger_says_when() -> None:
    world = world_with()
    with meter(world) as (_, session):
        session.write("TRIG:SOUR BUS")
        session.write("READ?")
        assert session.query("SYST:ERR?").startswith("-214")
        session.write("*TRG")
        assert session.query("SYST:ERR?").startswith("-211")
        session.write("INIT;*TRG")
        assert session.query("DATA:POIN?") == "+1.00000000E+00"


@pytest.mark.parametrize(
    ("said", "code"),
    [("VOLT:NPLC 101", "-222"), ("CONF:VOLT 1001", "-222"), ("CONF:VOLT 1,1e-9", "-222"), ("FUNC 'RES'", "-224")],
)
def test_what_it_cannot_do_is_an_error(said: str, code: str) -> None:
    with meter(world_with()) as (_, session):
        session.write(said)
        assert session.query("SYST:ERR?").startswith(code)


def test_settings_can_be_read_back() -> None:
    with meter(world_with()) as (_, session):
        session.write("CONF:VOLT:DC 10,1e-5")
        assert session.query("CONF?") == '"VOLT +1.00000000E+01,+1.00000000E-05"'
        assert session.query("VOLT:DC:NPLC?") == "+2.00000000E-01"
        session.write("SENS:VOLT:DC:NPLC 5")  # there is no such choice
        assert float(session.query("SENS:VOLT:DC:NPLC?")) == 10.0
        session.write("VOLT:RANG 3")
        assert float(session.query("VOLT:RANG?")) == 10.0


@pytest.mark.supports("keysight-34461a", "third-party client")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_pymeasure_reads_the_mean() -> None:
    world = world_with({"kind": "dc_leak", "value": 1e-3})
    config = InstrumentConfig.model_validate({"protocol": "keysight-34461a"})
    twin = Keysight34461A(name="dmm", config=config, world=world, seed=1)
    (address,) = twin.start()
    client = HP34401A(address, visa_library="@py", read_termination="\n", write_termination="\n", timeout=30000)
    try:
        client.function_ = "DCV"
        assert client.function_ == "DCV"
        client.autorange = False
        client.range_ = 1
        client.nplc = 100
        client.autozero_enabled = False
        assert (client.range_, client.nplc, client.autozero_enabled) == (1.0, 100.0, False)
        begun = world.now
        reading = client.reading
        truth = mean(world.signal("current_sense", begun, begun + 2.0), begun, begun + 2.0)
        assert reading == pytest.approx(truth, abs=GAIN * abs(truth) + OFFSET + 1e-6)
        assert world.now == pytest.approx(begun + 2.0)
    finally:
        client.adapter.close()
        client.adapter.manager.close()
        twin.stop()


# --- the measuring function of a 34970A -------------------------------------------------------------------------------

INPUTS: dict[str, Any] = {"inputs": {"201": "current_sense", "203": "voltage"}}


@pytest.mark.supports("keysight-34970a", "twin")
def test_a_34970a_scans_the_channels_that_are_wired() -> None:
    world = world_with({"kind": "dc_leak", "value": 1e-3})
    with meter(world, Switch34970A, **INPUTS) as (_, session):
        assert session.query("SYST:CTYP? 200") == "HEWLETT-PACKARD,34901A,0,1.0"
        session.write("CONF:VOLT:DC 100,(@201,203)")
        session.write("VOLT:DC:NPLC 10,(@201,203)")
        assert session.query("ROUT:SCAN?") == "#210(@201,203)"
        sensed, across = (float(one) for one in session.query("READ?").split(","))
        assert sensed == pytest.approx(0.01, abs=2e-3)
        assert across == pytest.approx(0.5, rel=0.2)
        assert session.query("SYST:ERR?").startswith("+0")


def test_a_34970a_measures_one_channel_as_it_is() -> None:
    world = world_with({"kind": "dc_leak", "value": 1e-3})
    with meter(world, Switch34970A, **INPUTS) as (_, session):
        begun = world.now + 2e-3
        read = float(session.query("MEAS:VOLT:DC? AUTO,DEF,(@201)"))
        truth = mean(world.signal("current_sense", begun, begun + 0.02), begun, begun + 0.02)
        assert read == pytest.approx(truth, abs=GAIN * abs(truth) + OFFSET + 5e-6)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("MEAS:VOLT:DC? (@202)", "112"),
        ("MEAS:VOLT:DC? 10", "-109"),
        ("FETC?", "-230"),
        ("READ?", "-221"),
        ("CONF:VOLT:DC 301,(@201)", "-222"),
    ],
)
def test_what_a_34970a_cannot_measure_is_an_error(said: str, code: str) -> None:
    with meter(world_with(), Switch34970A, **INPUTS) as (_, session):
        session.write(said)
        assert session.query("SYST:ERR?").startswith(code)


def test_a_34970a_without_inputs_measures_nothing() -> None:
    with meter(world_with(), Switch34970A) as (_, session):
        assert session.query("SYST:CTYP? 200") == "HEWLETT-PACKARD,0,0,0"
        session.write("MEAS:VOLT:DC? (@201)")
        assert session.query("SYST:ERR?").startswith("-113")


# --- triggers, and the range that was chosen --------------------------------------------------------------------------


def at_rest() -> World:
    world = world_with()
    world.end()
    world.advance(1.0)
    return world


@pytest.mark.parametrize(("kind", "at", "more"), [(Keysight34461A, "", {}), (Switch34970A, " (@201)", INPUTS)])
def test_after_an_autoranged_reading_it_is_in_the_range_that_it_chose(
    kind: type[ScpiDevice], at: str, more: dict[str, Any]
) -> None:
    with meter(at_rest(), kind, **more) as (_, session):
        session.write(f"CONF:VOLT:DC AUTO{at.replace(' ', ',')}")
        assert abs(float(session.query("READ?"))) < 1e-4
        assert float(session.query(f"VOLT:DC:RANG?{at}")) == 0.1
        session.write(f"VOLT:DC:RANG:AUTO 0{at.replace(' ', ',')}")
        assert float(session.query(f"VOLT:DC:RANG?{at}")) == 0.1


@pytest.mark.parametrize(("kind", "at", "more"), [(Keysight34461A, "", {}), (Switch34970A, ",(@201)", INPUTS)])
def test_triggers_are_counted(kind: type[ScpiDevice], at: str, more: dict[str, Any]) -> None:
    with meter(at_rest(), kind, **more) as (_, session):
        session.write(f"CONF:VOLT:DC 1{at}")
        assert session.query("TRIG:SOUR?;:TRIG:COUN?") == "IMM;+1.00000000E+00"
        session.write("TRIG:COUN 3")
        assert len(session.query("READ?").split(",")) == 3
        session.write("TRIG:SOUR BUS")
        session.write("INIT")
        session.write("*TRG")
        assert len(session.query("FETC?").split(",")) == 1
        session.write("*TRG")
        assert len(session.query("FETC?").split(",")) == 2
        session.write("READ?")
        assert session.query("SYST:ERR?").startswith("-214")
        session.write("TRIG:COUN 0")
        assert session.query("SYST:ERR?").startswith("-222")
        session.write("TRIG:SOUR EXT")
        assert session.query("TRIG:SOUR?") == "EXT"
        session.write("INIT")
        session.write("*TRG")
        assert session.query("SYST:ERR?").startswith("-211")


def test_a_timer_spaces_the_scans_of_a_34970a() -> None:
    world = at_rest()
    with meter(world, Switch34970A, **INPUTS) as (_, session):
        session.write("CONF:VOLT:DC 1,(@201)")
        session.write("TRIG:SOUR TIM;:TRIG:COUN 3;:TRIG:TIM 2")
        begun = world.now
        assert len(session.query("READ?").split(",")) == 3
        assert world.now == pytest.approx(begun + 4.0 + 2e-3 + 0.04)


@pytest.mark.parametrize(("kind", "at", "more"), [(Keysight34461A, "", {}), (Switch34970A, ",(@201)", INPUTS)])
def test_who_begins_a_reading_need_not_wait_for_it(kind: type[ScpiDevice], at: str, more: dict[str, Any]) -> None:
    world = world_with({"kind": "dc_leak", "value": 1e-3})
    with meter(world, kind, **more) as (_, session):
        session.write(f"CONF:VOLT:DC 1{at}")
        session.write(f"VOLT:DC:NPLC 10{at}")
        begun = world.now
        session.write("INIT")
        assert session.query("SYST:ERR?").startswith("+0")
        assert world.now == begun
        world.advance(0.3)
        world.end()  # what comes after its aperture is not in the reading
        read = float(session.query("FETC?"))
        truth = mean(world.signal("current_sense", begun, begun + 0.2), begun, begun + 0.2)
        assert read == pytest.approx(truth, abs=GAIN * abs(truth) + OFFSET + 1e-4)
        assert truth == pytest.approx(0.01, rel=0.2)
