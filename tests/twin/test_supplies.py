"""The virtual DC supplies: a client written by others where there is one, and the manuals' own dialogues."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import BenchError
from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.keysight_e36300 import KeysightE36300
from rig.twin.devices.rigol_dp800 import RigolDp800
from rig.twin.server import serve
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

IDENTITY = {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"}
KEYSIGHT = {"manufacturer": "Keysight Technologies", "model": "E36313A", "serial": "MY61001234", "firmware": "1.0.4"}
RIGOL = {"manufacturer": "RIGOL TECHNOLOGIES", "model": "DP832A", "serial": "DP8B123456789", "firmware": "00.01.16"}
TRAIN = Train(points=(Point(duration=1e-3, current=50e-3),), period=20e-3)
Maker = type[KeysightE36300] | type[RigolDp800]


def bench(powers: int | None = 2, *, seed: int = 3, idle: float = 0.1, real: bool = True, **more: Any) -> TwinConfig:
    instrument = {"protocol": "keysight-e36300", "powers": powers, "identity": KEYSIGHT, **more}
    return TwinConfig.model_validate({
        "seed": seed,
        "device": {"identity": IDENTITY, "supply": {"voltage": 24.0, "minimum": 20.0, "idle_current": idle}},
        "instruments": {"supply": instrument} if real else {},
    })


def made(kind: Maker, config: TwinConfig) -> tuple[World, KeysightE36300 | RigolDp800]:
    world = World(config)
    return world, kind(name="supply", config=config.instruments["supply"], world=world, seed=config.seed)


def keysight(powers: int | None = 2, **more: Any) -> tuple[World, KeysightE36300 | RigolDp800]:
    return made(KeysightE36300, bench(powers, **more))


def rigol(powers: int | None = 1, **more: Any) -> tuple[World, KeysightE36300 | RigolDp800]:
    return made(RigolDp800, bench(powers, identity=RIGOL, **more))


def said(twin: KeysightE36300 | RigolDp800, message: str) -> str:
    return b";".join(twin.execute(message)).decode()


def awake(world: World) -> bool:
    return world.awake


# --- Keysight ---------------------------------------------------------------------------------------------------------


@pytest.mark.supports("keysight-e36300", "third-party client")
def test_pymeasure_powers_the_device_with_a_keysight() -> None:
    from pymeasure.instruments.keysight import KeysightE36312A  # noqa: PLC0415 - its adapters are slow to load

    with serve(bench(identity={**KEYSIGHT, "model": "E36312A"})) as virtual:
        supply = KeysightE36312A(
            virtual.listening[0].address, visa_library="@py", read_termination="\n", write_termination="\n"
        )

        def on() -> bool:
            """Ask; what it was told before has been done when it has answered."""
            return bool(supply.ch_2.output_enabled)

        try:
            world = virtual.world
            assert supply.id == "Keysight Technologies,E36312A,MY61001234,1.0.4"
            supply.ch_2.voltage_setpoint, supply.ch_2.current_limit = 24, 0.5
            assert (supply.ch_2.voltage_setpoint, supply.ch_2.current_limit) == (24.0, 0.5)
            assert not on()
            assert abs(supply.ch_2.voltage) < 0.02
            supply.ch_2.output_enabled = True
            assert on()
            assert not awake(world)
            world.advance(0.51)
            assert awake(world)
            assert supply.ch_2.voltage == pytest.approx(24.0, abs=0.03)
            assert supply.ch_2.current == pytest.approx(0.1, abs=0.005)
            world.begin(TRAIN)
            assert supply.ch_2.current == pytest.approx(0.1 + 150 * 50e-3 / 20 / 24, abs=0.005)
            assert supply.ch_1.output_enabled is False
            supply.ch_2.output_enabled = False
            assert not on()
            assert not awake(world)
            supply.ch_2.output_enabled = True
            assert on()
            world.advance(0.51)
            assert awake(world)
            supply.reset()
            assert not on()
            assert not awake(world)
            assert supply.check_errors() == []
        finally:
            supply.adapter.close()
            supply.adapter.manager.close()


def test_keysights_lists_forms_and_limits() -> None:
    _, twin = keysight()
    assert said(twin, "VOLT 3.7, (@1);CURR 0.5, (@1);:VOLT? (@1)") == "+3.70000000E+00"
    assert said(twin, "SOUR:VOLT:LEV:IMM:AMPL 12,(@2,3);:VOLT? (@1:3)") == (
        "+3.70000000E+00,+1.20000000E+01,+1.20000000E+01"
    )
    assert said(twin, "VOLT? MAX,(@1,2);CURR? MAX,(@1,2)") == (
        "+6.18000000E+00,+2.57500000E+01;+1.03000000E+01,+2.06000000E+00"
    )
    assert said(twin, "INST:NSEL 3;:VOLT 5;:VOLT?;:INST:NSEL?") == "+5.00000000E+00;3"
    assert said(twin, "OUTP ON,(@1,3);:OUTP? (@1,2,3);*OPC?;:SYST:ERR?") == '1,0,1;1;+0,"No error"'


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("VOLT 7,(@1)", -222),
        ("VOLT -1,(@1)", -222),
        ("CURR 2.1,(@2)", -222),
        ("VOLT 1,(@4)", 112),
        ("VOLT 1,(@x)", -102),
        ("VOLT (@1)", -104),
        ("INST:NSEL 4", -222),
        ("OUTP:FOO 1", -113),
    ],
)
def test_keysights_mistakes_go_to_the_error_queue_and_change_nothing(message: str, code: int) -> None:
    _, twin = keysight()
    before = said(twin, "VOLT? (@1:3);CURR? (@1:3);:OUTP? (@1:3)")
    twin.execute(message)
    assert int(said(twin, "SYST:ERR?").partition(",")[0]) == code
    assert said(twin, "VOLT? (@1:3);CURR? (@1:3);:OUTP? (@1:3)") == before


def test_keysights_overvoltage_protection_latches_until_it_is_cleared() -> None:
    world, twin = keysight()
    twin.execute("VOLT 24,(@2);VOLT:PROT 25,(@2);:OUTP 1,(@2)")
    world.advance(1.0)
    assert awake(world)
    twin.execute("VOLT 25.5,(@2)")
    assert said(twin, "OUTP? (@2);:VOLT:PROT:TRIP? (@2);:VOLT:PROT:TRIP? (@1)") == "0;1;0"
    assert not awake(world)
    twin.execute("VOLT 24,(@2);:OUTP 1,(@2)")
    assert said(twin, "OUTP? (@2);:SYST:ERR?") == '0;-221,"Settings conflict"'
    assert said(twin, "OUTP:PROT:CLE (@2);:VOLT:PROT:TRIP? (@2);:OUTP 1,(@2);:OUTP? (@2)") == "0;1"


def test_keysights_overcurrent_protection_trips_where_the_limit_would_hold() -> None:
    world, twin = keysight(idle=0.4)
    twin.execute("VOLT 24,(@2);CURR 0.3,(@2);:OUTP 1,(@2)")
    assert float(said(twin, "MEAS:VOLT? (@2)")) == pytest.approx(18.0, abs=0.1)
    assert float(said(twin, "MEAS:CURR? (@2)")) == pytest.approx(0.3, abs=0.01)
    world.advance(1.0)
    assert not awake(world)
    assert said(twin, "CURR:PROT:STAT ON,(@2);:CURR:PROT:TRIP? (@2);:OUTP? (@2)") == "1;0"
    assert said(twin, "CURR 0.5,(@2);:CURR:PROT:CLE (@2);:OUTP 1,(@2);:OUTP? (@2)") == "1"
    world.advance(1.0)
    assert awake(world)


# --- Rigol ------------------------------------------------------------------------------------------------------------


def test_dialogues_of_rigols_manual() -> None:
    _, twin = rigol(powers=None)
    dialogue = [
        (":APPL CH1,5,1", ""),
        (":APPL? CH1", "CH1:30V/3A,5.000,1.0000"),
        (":APPL? CH1,CURR", "1.0000"),
        (":OUTP? CH1", "OFF"),
        (":OUTP:MODE? CH1", "UR"),
        (":MEAS:ALL? CH1", "0.0000,0.0000,0.000"),
        (":OUTP CH1,ON", ""),
        (":OUTP? CH1", "ON"),
        (":OUTP:MODE? CH1", "CV"),
        (":OUTP:OVP:VAL CH1,8.8", ""),
        (":OUTP:OVP:VAL? CH1", "8.800"),
        (":OUTP:OVP CH1,ON", ""),
        (":OUTP:OVP? CH1", "ON"),
        (":OUTP:OVP:QUES? CH1", "NO"),
        (":OUTP:OCP:VAL CH1,2.5", ""),
        (":OUTP:OCP:VAL? CH1", "2.5000"),
        (":OUTP:OCP? CH1", "OFF"),
        (":INST:NSEL 2", ""),
        (":SOUR:VOLT:LEV:IMM:AMPL 12", ""),
        (":SOUR2:VOLT?", "12.000"),
        (":INST?", "CH2"),
        (":SYST:ERR?", '0,"No error"'),
    ]
    assert [said(twin, message) for message, _ in dialogue] == [reply for _, reply in dialogue]
    assert float(said(twin, ":MEAS:VOLT? CH1")) == pytest.approx(5.0, abs=0.03)
    assert said(twin, "*IDN?") == "RIGOL TECHNOLOGIES,DP832A,DP8B123456789,00.01.16"


@pytest.mark.parametrize(
    ("message", "code"),
    [(":APPL CH1,33,1", -222), (":APPL CH4,1,1", -222), (":APPL CHX,1", -222), (":OUTP CH1,PERHAPS", -104)],
)
def test_rigols_mistakes_go_to_the_error_queue(message: str, code: int) -> None:
    _, twin = rigol()
    twin.execute(message)
    assert int(said(twin, ":SYST:ERR?").partition(",")[0]) == code
    assert said(twin, ":APPL? CH1;:OUTP? CH1") == "CH1:30V/3A,0.000,3.0000;OFF"


def test_rigol_powers_the_device_and_its_protections_take_that_away() -> None:
    world, twin = rigol()
    twin.execute(":APPL CH1,24,1;:OUTP CH1,ON")
    world.advance(1.0)
    assert awake(world)
    volts, amps, watts = (float(text) for text in said(twin, ":MEAS:ALL? CH1").split(","))
    assert (volts, amps, watts) == pytest.approx((24.0, 0.1, 2.4), rel=0.06)
    twin.execute(":OUTP:OVP:VAL CH1,23;:OUTP:OVP CH1,ON")
    assert said(twin, ":OUTP? CH1;:OUTP:OVP:QUES? CH1;:OUTP:OCP:QUES? CH1") == "OFF;YES;NO"
    assert not awake(world)
    assert said(twin, ":OUTP:OVP:CLEAR CH1;:OUTP:OVP:QUES? CH1") == "NO"
    twin.execute(":OUTP:OVP CH1,OFF;:OUTP CH1,ON;:OUTP:OCP:VAL CH1,0.05;:OUTP:OCP CH1,ON")
    assert said(twin, ":OUTP? CH1;:OUTP:OCP:QUES? CH1") == "OFF;YES"
    twin.execute(":OUTP:OCP CH1,OFF;:APPL CH1,24,0.05;:OUTP CH1,ON")
    assert said(twin, ":OUTP:MODE? CH1") == "CC"
    assert float(said(twin, ":MEAS:VOLT? CH1")) == pytest.approx(12.0, abs=0.1)


# --- both -------------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 1000), volts=st.floats(20.5, 25.0))
def test_true_voltage_and_reading_lie_within_what_is_specified(seed: int, volts: float) -> None:
    for (_, twin), commands, ask, half in (
        (keysight(seed=seed), f"VOLT {volts:.3f},(@2);:OUTP 1,(@2)", "MEAS:VOLT? (@2)", 0.3e-3 * volts + 5e-3),
        (rigol(powers=2, seed=seed), f":APPL CH2,{volts:.3f},1;:OUTP CH2,ON", ":MEAS:VOLT? CH2", 0.5e-3 * volts + 0.01),
    ):
        twin.execute(commands)
        true = twin.outputs[1].true_volts
        assert abs(true - volts) <= half + 1e-3
        readings = [float(said(twin, ask)) for _ in range(5)]
        assert max(abs(reading - true) for reading in readings) <= half + 1e-3


STEPS = st.lists(
    st.one_of(
        st.sampled_from([
            *(
                ":OUTP CH1,ON",
                ":OUTP CH1,OFF",
                ":OUTP CH2,ON",
                ":OUTP CH2,OFF",
                ":OUTP:OVP CH2,OFF",
                ":OUTP:OVP CH2,ON",
            ),
            *(
                ":OUTP:OCP CH2,ON",
                ":OUTP:OCP CH2,OFF",
                ":OUTP:OCP:VAL CH2,0.05",
                ":OUTP:OVP:VAL CH2,22",
                "*RST",
                "OUTP",
            ),
        ]),
        st.builds(":APPL CH2,{:.3f},{:.3f}".format, st.floats(0, 40), st.floats(0, 3)),
        st.floats(0.0, 0.4),
    ),
    max_size=12,
)


@given(STEPS)
def test_a_device_has_what_its_output_gives_and_is_awake_once_that_was_enough_for_long_enough(
    steps: list[str | float],
) -> None:
    world, twin = rigol(powers=2)
    enough_since: float | None = None
    for step in steps:
        if isinstance(step, float):
            world.advance(step)
        else:
            twin.execute(step)
        assert world.supply_voltage == twin.outputs[1].true_volts
        if world.supply_voltage < 20.0:
            enough_since = None
        elif enough_since is None:
            enough_since = world.now
        assert world.awake == (enough_since is not None and world.now >= enough_since + 0.5)


def test_the_same_seed_makes_the_same_supply_and_another_another() -> None:
    def readings(seed: int) -> list[str]:
        _, twin = keysight(seed=seed)
        twin.execute("VOLT 24,(@2);:OUTP 1,(@2)")
        return [said(twin, "MEAS:VOLT? (@2)") for _ in range(3)]

    assert readings(3) == readings(3)
    assert len(set(readings(3))) == 3
    assert readings(3) != readings(4)


@pytest.mark.parametrize("kind", [KeysightE36300, RigolDp800])
def test_an_output_that_feeds_nothing_touches_nothing(kind: Maker) -> None:
    world, twin = made(kind, bench(powers=None))
    assert awake(world)
    twin.execute("*RST")
    for output in twin.outputs:
        output.volts, output.on = 1.0, True
        output.settle()
    assert awake(world)
    assert world.boots == 0


def test_a_supply_cannot_power_with_an_output_that_it_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BenchError, match="supply: output 4 cannot power the device: there are 3"), serve(bench(4)):
        pass
    assert capsys.readouterr().out == ""


@contextmanager
def connected(config: TwinConfig) -> Iterator[socket.socket]:
    with serve(config) as virtual:
        host, port = virtual.listening[0].address.removeprefix("TCPIP::").removesuffix("::SOCKET").split("::")
        with socket.create_connection((host, int(port)), 30) as line:
            yield line


def test_faults_of_an_instrument_strike_a_supply_too() -> None:
    with connected(bench(faults=[{"kind": "wrong_identity"}, {"kind": "dropped_connection", "after": 1}])) as line:
        line.sendall(b"*IDN?\n")
        assert b"MY61001234-OTHER" in line.recv(200)
        line.sendall(b"*IDN?\n")
        assert line.recv(200) == b""


def test_a_supply_can_be_configured_without_identity() -> None:
    config = InstrumentConfig(protocol="rigol-dp800")
    twin = RigolDp800(name="supply", config=config, world=World(bench(real=False)), seed=0)
    assert said(twin, "*IDN?") == "nmes-rig,rigol-dp800,0,1"
    assert len(twin.outputs) == 3
