"""Drivers of AC sources as transcripts: exact lines out, exact lines in, nothing left over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from rig.bench.drivers.ac_source import AcSource
from rig.bench.drivers.chroma_61600 import Chroma61600
from rig.bench.drivers.keysight_ac6800 import KeysightAc6800
from rig.bench.ratings import Rating
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.roles import Supply
from tests.bench.scripted_peer import Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]
NO_ERROR: Step = (":SYSTem:ERRor?", '0,"No error"')


def told(*commands: str, error: str = "") -> list[Step]:
    sent: list[Step] = [(command, "") for command in commands]
    return [*sent, (":SYSTem:ERRor?", error), NO_ERROR] if error else [*sent, NO_ERROR]


class Keysight:
    """What is said to an AC6803B."""

    idn = "Keysight Technologies,AC6803B,MY59001234,A.01.02"
    low, high = "+1.55000E+02", "+3.10000E+02"
    choose_low, choose_high = ("OUTP:COUP AC", "VOLT:RANG 155"), ("OUTP:COUP AC", "VOLT:RANG 310")
    volt, limit, top = "VOLT", "CURR", "310"
    on, off = ("OUTP?", "1"), ("OUTP?", "0")
    measure = ("MEAS:VOLT:AC?", "MEAS:CURR:AC?")
    tripped = "2"

    @staticmethod
    def open(peer: Peer, timeout: float = 60.0) -> AcSource:
        return KeysightAc6800("mains", peer.visa, rating=Rating(voltage=310.0), timeout=timeout)


class Chroma:
    """What is said to a 61603."""

    idn = "Chroma ATE 61603,616030000123,1.00,1.01,1.02"
    low, high = "LOW", "HIGH"
    choose_low, choose_high = ("VOLT:RANG LOW",), ("VOLT:RANG HIGH",)
    volt, limit, top = "VOLT:AC", "CURR:LIM", "300"
    on, off = ("OUTP?", "ON"), ("OUTP?", "OFF")
    measure = ("MEAS:VOLT:ACDC?", "MEAS:CURR:AC?")
    tripped = "8"

    @staticmethod
    def open(peer: Peer, timeout: float = 60.0) -> AcSource:
        return Chroma61600("mains", peer.visa, rating=Rating(voltage=300.0), timeout=timeout)


Family = type[Keysight] | type[Chroma]
both = pytest.mark.parametrize(
    "family",
    [
        pytest.param(Keysight, marks=pytest.mark.supports("keysight-ac6800", "transcript")),
        pytest.param(Chroma, marks=pytest.mark.supports("chroma-61600", "transcript")),
    ],
)


def applied(family: Family, volts: str, hertz: str = "50.00", amps: str = "1.00") -> list[Step]:
    return [(f"{family.volt}?", volts), ("FREQ?", hertz), (f"{family.limit}?", amps)]


def set_from_off(family: Family) -> list[Step]:
    """230 V, 50 Hz and 1 A from off, with the low range left by somebody: it is raised before the voltage."""
    return [
        *told("*CLS"),
        ("VOLT:RANG?", family.low),
        family.off,
        *told(*family.choose_high, f"{family.volt} 230", "FREQ 50", f"{family.limit} 1"),
        *applied(family, "230.0"),
    ]


def quiet(value: str = "0") -> Step:
    return "STAT:QUES:COND?", value


def switched_on(family: Family) -> list[Step]:
    return [quiet(), *told("OUTP ON"), quiet(), family.on]


def changed(family: Family, volts: str) -> list[Step]:
    return [
        *told("*CLS"),
        ("VOLT:RANG?", family.high),
        family.on,
        *told(f"{family.volt} {volts}", "FREQ 50", f"{family.limit} 1"),
        *applied(family, volts),
    ]


@pytest.mark.supports("keysight-ac6800", "driver")
@pytest.mark.supports("chroma-61600", "driver")
@both
def test_the_mains_and_ten_percent_more_and_less(family: Family) -> None:
    volts, amps = family.measure
    with transcript(
        ("*IDN?", family.idn),
        *set_from_off(family),
        *switched_on(family),
        (volts, "229.94"),
        (amps, "0.125"),
        quiet(),
        *changed(family, "207"),
        *changed(family, "253"),
        *told("*CLS", "OUTP OFF"),
        family.off,
        *told("*CLS", "OUTP OFF"),
        family.off,
    ) as peer:
        source = family.open(peer)
        assert isinstance(source, Supply)
        identity = source.identify()
        assert identity.model in {"AC6803B", "61603"}
        source.set(230.0, 1.0, 50.0)
        source.switch_on()
        assert source.measure() == (229.94, 0.125)
        source.set(207.0, 1.0, 50.0)
        source.set(253.0, 1.0, 50.0)
        source.switch_off()
        source.switch_off()
        source.close()
        source.close()


@pytest.mark.parametrize(
    ("idn", "model", "serial", "firmware"),
    [
        ("Chroma ATE 61600,123456,1.00,1.01,1.02", "61600", "123456", "1.00,1.01,1.02"),
        ("CHROMA ATE,61503,615030001234,2.10", "61503", "615030001234", "2.10"),
        ("Chroma,61604,616040000456,1.23,1.10", "61604", "616040000456", "1.23,1.10"),
    ],
)
def test_a_chroma_says_who_it_is_in_several_ways(idn: str, model: str, serial: str, firmware: str) -> None:
    with transcript(("*IDN?", idn)) as peer:
        source = Chroma.open(peer)
        identity = source.identify()
        source.close()
    assert (identity.model, identity.serial, identity.firmware) == (model, serial, firmware)
    assert identity.manufacturer.upper().startswith("CHROMA")


def test_another_maker_is_no_chroma() -> None:
    with transcript(("*IDN?", "Keysight Technologies,AC6803B,MY59001234,A.01.02")) as peer:
        source = Chroma.open(peer)
        with pytest.raises(InstrumentError, match="instead of Chroma, model"):
            source.identify()
        source.close()


@both
def test_the_voltage_is_lowered_before_the_range(family: Family) -> None:
    with transcript(
        *told("*CLS"),
        ("VOLT:RANG?", family.high),
        family.off,
        *told(f"{family.volt} 115", *family.choose_low, "FREQ 60", f"{family.limit} 1"),
        *applied(family, "115.0", "60.00"),
    ) as peer:
        source = family.open(peer)
        source.set(115.0, 1.0, 60.0)
        source.close()


@both
def test_a_voltage_that_leaves_no_room_in_the_low_range_takes_the_high_one(family: Family) -> None:
    """A range cannot be changed while the device is fed: 140 V and 10 % more are beyond the low one."""
    with transcript(
        *told("*CLS"),
        ("VOLT:RANG?", family.low),
        family.off,
        *told(*family.choose_high, f"{family.volt} 140", "FREQ 60", f"{family.limit} 1"),
        *applied(family, "140.0", "60.00"),
    ) as peer:
        source = family.open(peer)
        source.set(140.0, 1.0, 60.0)
        source.close()


@both
def test_what_is_beyond_the_range_is_refused_while_the_output_is_on(family: Family) -> None:
    with transcript(*told("*CLS"), ("VOLT:RANG?", family.low), family.on) as peer:
        source = family.open(peer)
        told_so = r"160 V is beyond its range, which ends at 15[05] V, and is not changed while the output is on"
        with pytest.raises(Refused, match=told_so):
            source.set(160.0, 1.0, 60.0)
        source.close()


@both
def test_what_it_is_known_not_to_give_is_refused_before_anything_is_said(family: Family) -> None:
    with transcript() as peer:
        source = family.open(peer)
        with pytest.raises(Refused, match=rf"cannot give 330 V, 50 Hz .*; it gives {family.top} V at most"):
            source.set(330.0, 1.0, 50.0)
        for wrong in ((230.0, 1.0, 0.0), (-1.0, 1.0, 50.0), (230.0, 0.0, 50.0), (230.0, 1.0, float("nan"))):
            with pytest.raises(Refused, match="an AC source needs a frequency"):
                source.set(*wrong)
        with pytest.raises(Refused, match="the output has not been set"):
            source.switch_on()
        source.close()


@both
def test_what_stands_otherwise_than_asked_is_told(family: Family) -> None:
    steps = [*set_from_off(family)[:-3], *applied(family, "230.0", "60.00")]
    with transcript(*steps) as peer:
        source = family.open(peer)
        wanted = r"set to 230 V, 60 Hz and 1 A instead of 230 V, 50 Hz and 1 A"
        with pytest.raises(InstrumentError, match=wanted):
            source.set(230.0, 1.0, 50.0)
        source.close()


@both
def test_the_instrument_s_own_error_is_told(family: Family) -> None:
    commands = (*family.choose_high, f"{family.volt} 230", "FREQ 50", f"{family.limit} 1")
    steps = [*told("*CLS"), ("VOLT:RANG?", family.low), family.off, *told(*commands, error='-222,"Data out of range"')]
    with transcript(*steps) as peer:
        source = family.open(peer)
        with pytest.raises(InstrumentError, match="-222 Data out of range"):
            source.set(230.0, 1.0, 50.0)
        source.close()


@both
def test_a_protection_that_has_tripped_is_never_cleared(family: Family) -> None:
    volts, amps = family.measure
    steps = [
        *set_from_off(family),
        quiet(family.tripped),
        quiet(),
        *told("OUTP ON"),
        quiet(family.tripped),
        (volts, "0.02"),
        (amps, "0.000"),
        quiet(family.tripped),
    ]
    with transcript(*steps) as peer:
        source = family.open(peer)
        source.set(230.0, 1.0, 50.0)
        for act in (source.switch_on, source.switch_on, source.measure):
            with pytest.raises(InstrumentError, match="a protection has tripped; remove the cause and clear it"):
                act()
        source.close()


@both
def test_an_output_that_does_not_follow_its_switch(family: Family) -> None:
    steps = [
        *set_from_off(family),
        quiet(),
        *told("OUTP ON"),
        quiet(),
        family.off,
        *told("*CLS", "OUTP OFF"),
        family.on,
    ]
    with transcript(*steps) as peer:
        source = family.open(peer)
        source.set(230.0, 1.0, 50.0)
        with pytest.raises(InstrumentError, match="the output is reported off, against the command"):
            source.switch_on()
        with pytest.raises(InstrumentError, match="the output is reported on, against the command"):
            source.switch_off()
        source.close()


@both
@pytest.mark.parametrize(
    "act", [lambda one: one.set(230.0, 1.0, 50.0), lambda one: one.switch_off(), lambda one: one.measure()]
)
def test_a_silent_instrument_is_an_error_soon(family: Family, act: Callable[[Supply], object]) -> None:
    with Peer(lambda waiting: (len(waiting), [])) as peer:
        source = family.open(peer, timeout=0.3)
        with pytest.raises(CommunicationError, match=r"^mains: .*no reply in time"):
            act(source)
        source.close()


@both
def test_a_reply_that_is_cut_is_not_believed(family: Family) -> None:
    with transcript((b"*CLS\nOUTP OFF\n:SYSTem:ERRor?\n", [b'0,"No', None])) as peer:
        source = family.open(peer)
        with pytest.raises(CommunicationError, match=r"^mains: "):
            source.switch_off()
        source.close()


@both
@pytest.mark.parametrize("reply", ["MAYBE", "230.0", '0,"No error"'])
def test_an_answer_to_another_question_is_not_believed(family: Family, reply: str) -> None:
    with transcript(*told("*CLS", "OUTP OFF"), ("OUTP?", reply)) as peer:
        source = family.open(peer)
        with pytest.raises(InstrumentError, match="answered"):
            source.switch_off()
        source.close()


@both
def test_a_range_that_is_not_known_is_not_believed(family: Family) -> None:
    with transcript(*told("*CLS"), ("VOLT:RANG?", "500")) as peer:
        source = family.open(peer)
        with pytest.raises(InstrumentError, match="500"):
            source.set(230.0, 1.0, 50.0)
        source.close()


def test_a_chroma_s_range_may_be_reported_as_a_number() -> None:
    with transcript(
        *told("*CLS"),
        ("VOLT:RANG?", "300"),
        Chroma.off,
        *told("VOLT:RANG HIGH", "VOLT:AC 230", "FREQ 50", "CURR:LIM 1"),
        *applied(Chroma, "230.0"),
    ) as peer:
        source = Chroma.open(peer)
        source.set(230.0, 1.0, 50.0)
        source.close()


def test_a_chroma_on_a_serial_line_is_told_to_listen() -> None:
    with transcript(*told("SYST:REM")) as peer:
        Chroma61600("mains", peer.visa, timeout=60.0, remote=True).close()
