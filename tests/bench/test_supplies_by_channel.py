"""Drivers of the HMP and SPD supplies as transcripts: exact lines out, exact lines in, nothing left over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from rig.bench.drivers.rohde_schwarz_hmp import RohdeSchwarzHmp
from rig.bench.drivers.siglent_spd import SiglentSpd
from rig.bench.ratings import Rating
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.roles import Clock, Supply
from tests.bench.scripted_peer import ManualClock, Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]


class Hmp:
    """What is said to an HMP4040 about its channel 2: every line behind a selection of it."""

    select: Step = ("INST:NSEL 2", "")
    no_error: Step = (":SYSTem:ERRor?", '0,"No error"')

    @staticmethod
    def open(peer: Peer, timeout: float = 60.0, *, protection_switch: bool = False) -> RohdeSchwarzHmp:
        rating = Rating(voltage=32.05, current=10.0)
        return RohdeSchwarzHmp(
            "psu", peer.visa, output=2, rating=rating, timeout=timeout, protection_switch=protection_switch
        )

    @classmethod
    def told(cls, *commands: str) -> list[Step]:
        return [*((command, "") for command in commands), cls.no_error]

    @classmethod
    def asked(cls, *pairs: tuple[str, str]) -> list[Step]:
        return [step for query, reply in pairs for step in (cls.select, (query, reply))]

    @classmethod
    def set(cls) -> list[Step]:
        """24 V and 1 A from off, with a protection at 33 V left by somebody."""
        return [
            *cls.told("*CLS"),
            *cls.asked(("VOLT:PROT?", "33.000"), ("OUTP:SEL?", "0")),
            *cls.told("INST:NSEL 2", "VOLT 24", "CURR 1"),
            *cls.asked(("VOLT?", "24.000"), ("CURR?", "1.0000")),
            *cls.told("INST:NSEL 2", "VOLT:PROT 26.4"),
            *cls.asked(("VOLT:PROT?", "26.400")),
        ]

    @classmethod
    def on(cls, tripped: str = "0", active: str = "1") -> list[Step]:
        return [
            *cls.asked(("VOLT:PROT:TRIP?", "0"), ("OUTP:SEL?", "1"), ("OUTP:GEN?", "0")),
            *cls.told("INST:NSEL 2", "VOLT:PROT 26.4"),
            *cls.asked(("VOLT:PROT?", "26.400")),
            *cls.told("INST:NSEL 2", "OUTP:SEL 1", "OUTP:GEN 1"),
            *cls.asked(("VOLT:PROT:TRIP?", tripped)),
            *([] if tripped == "1" else cls.asked(("OUTP:SEL?", "1"), ("OUTP:GEN?", active))),
        ]

    @classmethod
    def off(cls, active: str = "0") -> list[Step]:
        shown = (("OUTP:SEL?", active), ("OUTP:GEN?", "1")) if active == "1" else (("OUTP:SEL?", active),)
        return [*cls.told("*CLS", "INST:NSEL 2", "OUTP:SEL 0"), *cls.asked(*shown)]


class Spd:
    """What is said to an SPD3303X about its channel 2, which has neither ``*CLS`` nor a protection to be set."""

    no_error: Step = ("SYST:ERR?", "0  No Error")

    @staticmethod
    def open(peer: Peer, timeout: float = 60.0, *, protection: bool = False, clock: Clock | None = None) -> SiglentSpd:
        rating = Rating(voltage=32.0, current=3.2)
        clock = clock or ManualClock()
        return SiglentSpd(
            "psu", peer.visa, output=2, clock=clock, rating=rating, timeout=timeout, protection=protection
        )

    @classmethod
    def told(cls, *commands: str) -> list[Step]:
        return [*((command, "") for command in commands), cls.no_error]

    @classmethod
    def set(cls) -> list[Step]:
        return [
            cls.no_error,
            ("SYST:STAT?", "0x0014"),  # channel 1 is on, ours is not
            *cls.told("CH2:VOLT 24", "CH2:CURR 1"),
            ("CH2:VOLT?", "24.000"),
            ("CH2:CURR?", "1.000"),
        ]

    @classmethod
    def on(cls, status: str = "0x34") -> list[Step]:
        return [("SYST:STAT?", "0x14"), *cls.told("OUTP CH2,ON"), ("SYST:STAT?", status)]

    @classmethod
    def off(cls, status: str = "0x14") -> list[Step]:
        return [*cls.told("OUTP CH2,OFF"), ("SYST:STAT?", status)]


Family = type[Hmp] | type[Spd]
each = pytest.mark.parametrize(
    "family",
    [
        pytest.param(Hmp, marks=pytest.mark.supports("rohde-schwarz-hmp", "transcript")),
        pytest.param(Spd, marks=pytest.mark.supports("siglent-spd", "transcript")),
    ],
)


@pytest.mark.supports("rohde-schwarz-hmp", "driver")
@pytest.mark.supports("rohde-schwarz-hmp", "transcript")
def test_an_hmp_from_identification_to_off() -> None:
    measured = Hmp.asked(("MEAS:VOLT?", "23.998"), ("MEAS:CURR?", "0.1250"), ("VOLT:PROT:TRIP?", "0"))
    idn = ("*IDN?", "ROHDE&SCHWARZ,HMP4040,103217,HW50020001/SW2.51")
    with transcript(idn, *Hmp.set(), *Hmp.on(), *measured, *Hmp.off(), *Hmp.off()) as peer:
        supply = Hmp.open(peer)
        assert isinstance(supply, Supply)
        assert supply.identify().serial == "103217"
        supply.set(24.0, 1.0)
        supply.switch_on()
        assert supply.measure() == (23.998, 0.125)
        supply.switch_off()
        supply.switch_off()
        supply.close()
        supply.close()


@pytest.mark.supports("siglent-spd", "driver")
@pytest.mark.supports("siglent-spd", "transcript")
def test_an_spd_from_identification_to_off() -> None:
    idn = ("*IDN?", "Siglent Technologies,SPD3303X,SPD3XIDD4R5542,1.01.01.02.07R2,V3.0")
    measured = [("MEAS:VOLT? CH2", "23.998"), ("MEAS:CURR? CH2", "0.125")]
    with transcript(idn, *Spd.set(), *Spd.on(), *measured, *Spd.off(), *Spd.off()) as peer:
        supply = Spd.open(peer)
        assert isinstance(supply, Supply)
        identity = supply.identify()
        assert (identity.model, identity.firmware) == ("SPD3303X", "1.01.01.02.07R2,V3.0")
        supply.set(24.0, 1.0)
        supply.switch_on()
        assert supply.measure() == (23.998, 0.125)
        supply.switch_off()
        supply.switch_off()
        supply.close()


def test_an_hmc804x_has_a_switch_for_its_protection() -> None:
    steps = [
        *Hmp.told("*CLS"),
        *Hmp.asked(("VOLT:PROT?", "26.400"), ("VOLT:PROT:STAT?", "0"), ("OUTP:SEL?", "0")),
        *Hmp.told("INST:NSEL 2", "VOLT:PROT 26.4", "VOLT:PROT:STAT ON"),
        *Hmp.asked(("VOLT:PROT?", "26.400"), ("VOLT:PROT:STAT?", "1")),
        *Hmp.told("INST:NSEL 2", "VOLT 24", "CURR 1"),
        *Hmp.asked(("VOLT?", "24.000"), ("CURR?", "1.0000")),
    ]
    with transcript(*steps) as peer:
        supply = Hmp.open(peer, protection_switch=True)
        supply.set(24.0, 1.0)
        supply.close()


def test_an_spd_with_a_protection_is_protected() -> None:
    steps = [
        Spd.no_error,
        ("OUTP:OVP:VAL? CH2", "5.500"),
        ("OUTP:OVP? CH2", "OFF"),
        ("SYST:STAT?", "0x4"),
        *Spd.told("OUTP:OVP:VAL CH2,26.4", "OUTP:OVP CH2,ON"),
        ("OUTP:OVP:VAL? CH2", "26.400"),
        ("OUTP:OVP? CH2", "ON"),
        *Spd.told("CH2:VOLT 24", "CH2:CURR 1"),
        ("CH2:VOLT?", "24.000"),
        ("CH2:CURR?", "1.000"),
        ("OUTP:OVP:QUES? CH2", "YES"),
    ]
    with transcript(*steps) as peer:
        supply = Spd.open(peer, protection=True)
        supply.set(24.0, 1.0)
        with pytest.raises(InstrumentError, match="over-voltage protection has tripped; remove the cause"):
            supply.switch_on()
        supply.close()


def test_an_hmp_whose_protection_trips_as_it_is_switched_on() -> None:
    with transcript(*Hmp.set(), *Hmp.on(tripped="1")) as peer:
        supply = Hmp.open(peer)
        supply.set(24.0, 1.0)
        with pytest.raises(InstrumentError, match="over-voltage protection has tripped") as caught:
            supply.switch_on()
        assert caught.value.command == "INST:NSEL 2; OUTP:SEL 1; OUTP:GEN 1"
        supply.close()


@each
def test_an_output_that_does_not_follow_its_switch(family: Family) -> None:
    on = Hmp.on(active="0") if family is Hmp else Spd.on(status="0x14")
    off = Hmp.off(active="1") if family is Hmp else Spd.off(status="0x34")
    with transcript(*family.set(), *on, *off) as peer:
        supply = family.open(peer)
        supply.set(24.0, 1.0)
        with pytest.raises(InstrumentError, match="the output is reported off, against the command"):
            supply.switch_on()
        with pytest.raises(InstrumentError, match="the output is reported on, against the command"):
            supply.switch_off()
        supply.close()


@each
def test_what_the_output_is_known_not_to_give_is_refused_before_anything_is_said(family: Family) -> None:
    with transcript() as peer:
        supply = family.open(peer)
        with pytest.raises(Refused, match=r"^psu: cannot give 33 V with a limit of 1 A; it gives 32(\.05)? V and"):
            supply.set(33.0, 1.0)
        with pytest.raises(Refused, match="cannot give 24 V with a limit of 11 A"):
            supply.set(24.0, 11.0)
        with pytest.raises(Refused, match="gives direct current, not 50 Hz"):
            supply.set(24.0, 1.0, 50.0)
        with pytest.raises(Refused, match="the output has not been set"):
            supply.switch_on()
        supply.close()


def test_a_current_that_an_spd_rounds_is_told() -> None:
    steps = [
        Spd.no_error,
        ("SYST:STAT?", "0x4"),
        *Spd.told("CH2:VOLT 24", "CH2:CURR 1.004"),
        ("CH2:VOLT?", "24.000"),
        ("CH2:CURR?", "1.000"),
    ]
    with transcript(*steps) as peer:
        supply = Spd.open(peer)
        with pytest.raises(InstrumentError, match=r"set to 24 V and 1 A instead of 24 V and 1\.004 A"):
            supply.set(24.0, 1.004)
        supply.close()


def test_an_error_of_an_spd_is_told_and_an_old_one_does_not_keep_it_on() -> None:
    steps: list[Step] = [
        Spd.no_error,
        ("SYST:STAT?", "0x4"),
        ("CH2:VOLT 24", ""),
        ("CH2:CURR 1", ""),
        ("SYST:ERR?", "5  Data out of range"),
        Spd.no_error,
        ("OUTP CH2,OFF", ""),
        ("SYST:ERR?", "2  Command keywords were misspelled"),
        Spd.no_error,
        ("SYST:STAT?", "0x4"),
    ]
    with transcript(*steps) as peer:
        supply = Spd.open(peer)
        with pytest.raises(InstrumentError, match="5 Data out of range"):
            supply.set(24.0, 1.0)
        supply.switch_off()
        supply.close()


@each
@pytest.mark.parametrize(
    "act", [lambda one: one.set(24.0, 1.0), lambda one: one.switch_off(), lambda one: one.measure()]
)
def test_a_silent_instrument_is_an_error_soon(family: Family, act: Callable[[Supply], object]) -> None:
    with Peer(lambda waiting: (len(waiting), [])) as peer:
        supply = family.open(peer, timeout=0.3)
        with pytest.raises(CommunicationError, match=r"^psu: .*no reply in time"):
            act(supply)
        supply.close()


def test_an_spd_is_given_time_after_every_line() -> None:
    """It loses lines, or stops altogether, when they follow each other at once."""
    clock = ManualClock()
    with transcript(*Spd.off()) as peer:
        supply = Spd.open(peer, clock=clock)
        supply.switch_off()
        supply.close()
    assert clock.slept == [0.05] * 3


@each
def test_a_reply_that_is_cut_is_not_believed(family: Family) -> None:
    query = ":SYSTem:ERRor?" if family is Hmp else "SYST:ERR?"
    sent = "*CLS\nINST:NSEL 2\nOUTP:SEL 0\n" if family is Hmp else "OUTP CH2,OFF\n"
    with transcript((f"{sent}{query}\n".encode(), [b"0,", None])) as peer:
        supply = family.open(peer)
        with pytest.raises(CommunicationError, match=r"^psu: "):
            supply.switch_off()
        supply.close()


@pytest.mark.parametrize("reply", ["20", "0x", "0xZZ", "ON"])
def test_a_status_that_is_none_is_not_believed(reply: str) -> None:
    with transcript(*Spd.told("OUTP CH2,OFF"), ("SYST:STAT?", reply)) as peer:
        supply = Spd.open(peer)
        with pytest.raises(InstrumentError, match="instead of a status"):
            supply.switch_off()
        supply.close()


def test_an_answer_to_another_question_is_not_taken_for_the_error_queue() -> None:
    with transcript(("OUTP CH2,OFF", ""), ("SYST:ERR?", "0x34")) as peer:
        supply = Spd.open(peer)
        with pytest.raises(CommunicationError, match="answered '0x34'"):
            supply.switch_off()
        supply.close()


def test_a_flag_of_an_hmp_that_is_neither_yes_nor_no_is_not_believed() -> None:
    with transcript(*Hmp.told("*CLS", "INST:NSEL 2", "OUTP:SEL 0"), Hmp.select, ("OUTP:SEL?", "24.000")) as peer:
        supply = Hmp.open(peer)
        with pytest.raises(InstrumentError, match=r"answered '24\.000' instead of 0 or 1"):
            supply.switch_off()
        supply.close()
