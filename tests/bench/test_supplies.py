"""Drivers of direct-current supplies as transcripts: what is set is read back, and what is not so is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import pytest

from rig.bench.drivers.dc_supply import protection_above
from rig.bench.drivers.keysight_e36300 import KeysightE36300
from rig.bench.drivers.rigol_dp800 import RigolDp800
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.roles import Supply
from tests.bench.scripted_peer import Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]
NO_ERROR: Step = (":SYSTem:ERRor?", '0,"No error"')


def told(*commands: str, error: str = "") -> list[Step]:
    """Commands, then the error queue."""
    sent: list[Step] = [(command, "") for command in commands]
    return [*sent, (":SYSTem:ERRor?", error), NO_ERROR] if error else [*sent, NO_ERROR]


class Keysight:
    """What is said to an E36312A about its output 2, as in its published dialogues."""

    idn = "Keysight Technologies,E36312A,MY59001234,2.1.3-1.0.4-1.12"
    off: Step = ("OUTP? (@2)", "0")
    on: Step = ("OUTP? (@2)", "1")
    quiet: Step = ("VOLT:PROT:TRIP? (@2)", "0")
    tripped: Step = ("VOLT:PROT:TRIP? (@2)", "1")
    switch_on, switch_off = "OUTP ON,(@2)", "OUTP OFF,(@2)"

    @staticmethod
    def open(peer: Peer, timeout: float = 60.0) -> KeysightE36300:
        return KeysightE36300("psu", peer.visa, output=2, timeout=timeout)

    @staticmethod
    def protection(level: str, acts: str = "") -> list[Step]:
        del acts
        return [("VOLT:PROT? (@2)", level)]

    @staticmethod
    def protect(level: str) -> tuple[str, ...]:
        return (f"VOLT:PROT {level},(@2)",)

    @staticmethod
    def apply(voltage: str, current: str) -> tuple[str, ...]:
        return f"VOLT {voltage},(@2)", f"CURR {current},(@2)"

    @staticmethod
    def applied(voltage: float, current: float) -> list[Step]:
        return [("VOLT? (@2)", f"{voltage:+.8E}"), ("CURR? (@2)", f"{current:+.8E}")]

    @staticmethod
    def measured(voltage: float, current: float) -> list[Step]:
        return [("MEAS:VOLT? (@2)", f"{voltage:+.8E}"), ("MEAS:CURR? (@2)", f"{current:+.8E}")]


class Rigol:
    """What is said to a DP832 about its channel 1, as in its programming guide."""

    idn = "RIGOL TECHNOLOGIES,DP832,DP8C211200123,00.01.14"
    off: Step = (":OUTP? CH1", "OFF")
    on: Step = (":OUTP? CH1", "ON")
    quiet: Step = (":OUTP:OVP:QUES? CH1", "NO")
    tripped: Step = (":OUTP:OVP:QUES? CH1", "YES")
    switch_on, switch_off = ":OUTP CH1,ON", ":OUTP CH1,OFF"

    @staticmethod
    def open(peer: Peer, timeout: float = 60.0) -> RigolDp800:
        return RigolDp800("psu", peer.visa, output=1, timeout=timeout)

    @staticmethod
    def protection(level: str, acts: str = "ON") -> list[Step]:
        return [(":OUTP:OVP:VAL? CH1", level), (":OUTP:OVP? CH1", acts)]

    @staticmethod
    def protect(level: str) -> tuple[str, ...]:
        return f":OUTP:OVP:VAL CH1,{level}", ":OUTP:OVP CH1,ON"

    @staticmethod
    def apply(voltage: str, current: str) -> tuple[str, ...]:
        return (f":APPL CH1,{voltage},{current}",)

    @staticmethod
    def applied(voltage: float, current: float) -> list[Step]:
        return [(":APPL? CH1", f"CH1:30V/3A,{voltage:.3f},{current:.4f}")]

    @staticmethod
    def measured(voltage: float, current: float) -> list[Step]:
        return [(":MEAS:ALL? CH1", f"{voltage:.4f},{current:.4f},{voltage * current:.3f}")]


Family = type[Keysight] | type[Rigol]
both = pytest.mark.parametrize("family", [Keysight, Rigol])


def asked_first(protection: Sequence[Step], output: Step) -> list[Step]:
    """What every setting begins with: where the protection stands, and whether the output is on."""
    return [*told("*CLS"), *protection, output]


def set_from_off(family: Family, *, before: str = "33.000") -> list[Step]:
    """24 V and 1 A, with the output off and the protection as it was left."""
    return [
        *asked_first(family.protection(before), family.off),
        *told(*family.apply("24", "1")),
        *family.applied(24.0, 1.0),
        *told(*family.protect("26.4")),
        *family.protection("26.400"),
    ]


def switched_on(family: Family) -> list[Step]:
    return [
        family.quiet,
        family.off,
        *told(*family.protect("26.4")),
        *family.protection("26.400"),
        *told(family.switch_on),
        family.quiet,
        family.on,
    ]


def switched_off(family: Family) -> list[Step]:
    return [*told("*CLS", family.switch_off), family.off]


@pytest.mark.supports("keysight-e36300", "driver", "transcript")
@pytest.mark.supports("rigol-dp800", "driver", "transcript")
@both
def test_from_identification_to_off(family: Family) -> None:
    with transcript(
        ("*IDN?", family.idn),
        *set_from_off(family),
        *switched_on(family),
        *family.measured(23.998, 0.125),
        family.quiet,
        *switched_off(family),
        *switched_off(family),
    ) as peer:
        supply = family.open(peer)
        assert isinstance(supply, Supply)
        identity = supply.identify()
        assert (identity.manufacturer, identity.model, identity.serial) == tuple(family.idn.split(",")[:3])
        supply.set(24.0, 1.0)
        supply.switch_on()
        assert supply.measure() == (23.998, 0.125)
        supply.switch_off()
        supply.switch_off()
        supply.close()
        supply.close()


@both
def test_the_protection_is_raised_before_the_voltage(family: Family) -> None:
    with transcript(
        *asked_first(family.protection("5.500"), family.off),
        *told(*family.protect("26.4")),
        *family.protection("26.4"),
        *told(*family.apply("24", "1")),
        *family.applied(24.0, 1.0),
    ) as peer:
        supply = family.open(peer)
        supply.set(24.0, 1.0)
        supply.close()


@both
def test_the_protection_is_not_lowered_while_the_output_is_on(family: Family) -> None:
    """The device's capacitors hold the voltage for a while: a protection below it would switch the output off."""
    with transcript(
        *set_from_off(family),
        *switched_on(family),
        *asked_first(family.protection("26.400"), family.on),
        *told(*family.apply("18", "0.5")),
        *family.applied(18.0, 0.5),
    ) as peer:
        supply = family.open(peer)
        supply.set(24.0, 1.0)
        supply.switch_on()
        supply.set(18.0, 0.5)
        supply.close()


@both
def test_a_setting_that_stands_otherwise_than_asked_is_told(family: Family) -> None:
    steps = [
        *asked_first(family.protection("26.400"), family.off),
        *told(*family.apply("24", "2")),
        *family.applied(24.0, 1.0),
    ]
    with transcript(*steps) as peer:
        supply = family.open(peer)
        with pytest.raises(InstrumentError, match=r"^psu: .*set to 24 V and 1 A instead of 24 V and 2 A"):
            supply.set(24.0, 2.0)
        with pytest.raises(Refused, match="psu: the output has not been set"):
            supply.switch_on()
        supply.close()


@both
def test_a_setting_out_of_range_is_the_instrument_s_own_error(family: Family) -> None:
    commands = family.apply("24", "1")
    steps = [
        *asked_first(family.protection("26.400"), family.off),
        *told(*commands, error='-222,"Data out of range"'),
    ]
    with transcript(*steps) as peer:
        supply = family.open(peer)
        with pytest.raises(InstrumentError) as caught:
            supply.set(24.0, 1.0)
        supply.close()
    assert str(caught.value) == f"psu: {'; '.join(commands)!r}: -222 Data out of range"


@both
def test_a_protection_that_stands_otherwise_keeps_the_output_off(family: Family) -> None:
    steps = [
        *set_from_off(family, before="26.400")[: -len(family.protection("")) - len(told(*family.protect("")))],
        family.quiet,
        family.off,
        *told(*family.protect("26.4")),
        *family.protection("33.000"),
    ]
    with transcript(*steps) as peer:
        supply = family.open(peer)
        supply.set(24.0, 1.0)
        with pytest.raises(InstrumentError, match=r"protection is at 33 V instead of at 26\.4 V"):
            supply.switch_on()
        supply.close()


def test_a_protection_that_does_not_act_keeps_the_output_off() -> None:
    steps = [
        *asked_first(Rigol.protection("26.400", "OFF"), Rigol.off),
        *told(*Rigol.protect("26.4")),
        *Rigol.protection("26.400", "OFF"),
    ]
    with transcript(*steps) as peer:
        supply = Rigol.open(peer)
        with pytest.raises(InstrumentError, match=r"protection is switched off instead of at 26\.4 V"):
            supply.set(24.0, 1.0)
        supply.close()


@both
def test_a_protection_that_has_tripped_is_never_cleared(family: Family) -> None:
    steps = [*set_from_off(family), family.tripped]
    with transcript(*steps) as peer:
        supply = family.open(peer)
        supply.set(24.0, 1.0)
        with pytest.raises(InstrumentError, match=r"^psu: .*over-voltage protection has tripped; remove the cause"):
            supply.switch_on()
        supply.close()


@both
def test_a_protection_that_trips_as_the_output_is_switched_on(family: Family) -> None:
    steps = [*set_from_off(family), *switched_on(family)[:-2], family.tripped]
    with transcript(*steps) as peer:
        supply = family.open(peer)
        supply.set(24.0, 1.0)
        with pytest.raises(InstrumentError, match="has tripped") as caught:
            supply.switch_on()
        assert caught.value.command == family.switch_on
        supply.close()


@both
def test_a_protection_that_trips_later_shows_when_the_output_is_measured(family: Family) -> None:
    with transcript(*family.measured(0.01, 0.0), family.tripped) as peer:
        supply = family.open(peer)
        with pytest.raises(InstrumentError, match="has tripped"):
            supply.measure()
        supply.close()


@both
def test_an_output_that_does_not_follow_its_switch(family: Family) -> None:
    steps = [*set_from_off(family), *switched_on(family)[:-1], family.off, *told("*CLS", family.switch_off), family.on]
    with transcript(*steps) as peer:
        supply = family.open(peer)
        supply.set(24.0, 1.0)
        with pytest.raises(InstrumentError, match="the output is reported off, against the command"):
            supply.switch_on()
        with pytest.raises(InstrumentError, match="the output is reported on, against the command"):
            supply.switch_off()
        supply.close()


@both
@pytest.mark.parametrize(
    "act", [lambda one: one.set(24.0, 1.0), lambda one: one.switch_off(), lambda one: one.measure()]
)
def test_a_silent_instrument_is_an_error_soon(family: Family, act: Callable[[Supply], object]) -> None:
    with Peer(lambda waiting: (len(waiting), [])) as peer:
        supply = family.open(peer, timeout=0.3)
        with pytest.raises(CommunicationError, match=r"^psu: .*no reply in time"):
            act(supply)
        supply.close()


@both
def test_a_reply_that_is_neither_yes_nor_no_is_not_believed(family: Family) -> None:
    query = family.off[0]
    with transcript(*told("*CLS", family.switch_off), (query, "MAYBE")) as peer:
        supply = family.open(peer)
        with pytest.raises(InstrumentError, match="answered 'MAYBE'"):
            supply.switch_off()
        supply.close()


def test_a_channel_that_was_not_asked_for_is_not_believed() -> None:
    steps = list(chain(told("*CLS"), Rigol.protection("26.4"), [Rigol.off], told(*Rigol.apply("24", "1"))))
    with transcript(*steps, (":APPL? CH1", "CH2:30V/3A,24.000,1.0000")) as peer:
        supply = Rigol.open(peer)
        with pytest.raises(InstrumentError, match="instead of CH1 with voltage and current"):
            supply.set(24.0, 1.0)
        supply.close()


@both
@pytest.mark.parametrize(("voltage", "limit"), [(-1.0, 1.0), (float("nan"), 1.0), (24.0, 0.0), (24.0, float("inf"))])
def test_what_no_supply_gives_is_refused_before_anything_is_said(family: Family, voltage: float, limit: float) -> None:
    with transcript() as peer:
        supply = family.open(peer)
        with pytest.raises(Refused, match=r"^psu: cannot give"):
            supply.set(voltage, limit)
        supply.close()


@pytest.mark.parametrize(("voltage", "level"), [(0.0, 0.5), (3.0, 3.5), (5.0, 5.5), (24.0, 26.4), (25.0, 27.5)])
def test_the_protection_stands_above_what_is_asked(voltage: float, level: float) -> None:
    assert protection_above(voltage) == pytest.approx(level)
