"""The virtual load switch, driven by real pyvisa."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pyvisa
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.switch_34970a import RELAYS, SETTLING, Switch34970A, channels
from rig.twin.scpi_syntax import Command, ScpiError
from rig.twin.world import World

IDENTITY = {"manufacturer": "HEWLETT-PACKARD", "model": "34970A", "serial": "0", "firmware": "13-2-2"}
WORLD = TwinConfig.model_validate({
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {
        "500 ohm": {"resistance": 500.0, "relays": [101]},
        "1 kohm": {"resistance": 1000.0, "relays": [103, 104]},
    },
})


@contextmanager
def switch(*faults: dict[str, Any]) -> Iterator[tuple[World, Any]]:
    world = World(WORLD)
    config = InstrumentConfig.model_validate({"protocol": "34970a", "identity": IDENTITY, "faults": faults})
    twin = Switch34970A(name="switch", config=config, world=world, seed=5)
    (address,) = twin.start()
    manager = pyvisa.ResourceManager("@py")
    session = manager.open_resource(address, read_termination="\n", write_termination="\n", timeout=30000)
    try:
        yield world, session
    finally:
        session.close()
        manager.close()
        twin.stop()


def test_identity_and_cards() -> None:
    with switch() as (_, session):
        assert session.query("*IDN?") == "HEWLETT-PACKARD,34970A,0,13-2-2"
        assert session.query("SYSTem:CTYPe? 100") == "HEWLETT-PACKARD,34903A,0,1.0"
        assert session.query("SYST:CTYP? 200") == "HEWLETT-PACKARD,0,0,0"
        session.write("SYST:CTYP? 400")
        assert session.query("SYST:ERR?").endswith('111,"Channel list: slot number out of range"')


def test_closing_connects_a_load_and_reset_opens_everything() -> None:
    with switch() as (world, session):
        session.write("ROUTe:CLOSe (@103)")
        assert session.query("ROUTe:CLOSe? (@101,103:105)") == "0,1,0,0"
        assert world.load(world.now) is None  # this position needs both of its relays
        session.write("ROUT:CLOS (@104)")
        assert session.query("ROUT:OPEN? (@103,104,105)") == "0,0,1"
        assert world.load(world.now) == world.loads["1 kohm"]
        session.write("ROUTe:OPEN (@103)")
        assert session.query("ROUT:CLOS? (@103)") == "0"
        assert world.load(world.now) is None
        session.write("*RST")
        assert session.query("ROUT:CLOS? (@101:120)") == ",".join("0" * 20)
        assert session.query("SYST:ERR?") == '+0,"No error"'


def test_exclusive_breaks_before_it_makes() -> None:
    with switch() as (world, session):
        session.write("ROUTe:CLOSe (@103,104)")
        session.query("*OPC?")
        begin = world.now
        session.write("ROUTe:CLOSe:EXCLusive (@101)")
        assert session.query("*OPC?") == "1"
        assert world.relays_closed == {101}
        assert world.load(begin + SETTLING / 2) is None
        assert world.load(world.now) == world.loads["500 ohm"]
        assert world.now == pytest.approx(begin + 2 * SETTLING)


def test_relays_take_their_time_to_settle() -> None:
    with switch() as (world, session):
        session.write("ROUT:CLOS (@101)")
        begin = world.now
        polls: list[str] = []
        while not polls or polls[-1] == "0":
            polls.append(session.query("ROUTe:DONE?"))
        assert polls[:-1] == ["0"] * (len(polls) - 1)
        assert len(polls) > 1
        assert world.now - begin == pytest.approx(SETTLING, abs=1.1e-3)


def test_only_closing_wears_a_relay() -> None:
    with switch() as (_, session):
        before = [int(n) for n in session.query("DIAGnostic:RELay:CYCLes? (@101:103)").split(",")]
        session.write("ROUT:CLOS (@101,102);:ROUT:CLOS (@101);:ROUT:OPEN (@101);:ROUT:CLOS (@101)")
        after = [int(n) for n in session.query("DIAG:REL:CYCL? (@101:103)").split(",")]
        session.write("DIAG:REL:CYCL:CLE (@101)")
        assert session.query("DIAG:REL:CYCL? (@101)") == "+0"
    assert [a - b for a, b in zip(after, before, strict=True)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("(@121)", 112),
        ("(@100)", 112),
        ("(@105:103)", 112),
        ("(@101:99999999999)", 112),
        ("101", -102),
        ("(@101:)", -102),
        ("(@,)", -102),
        ("(@1O1)", -102),
        ("", -109),
    ],
)
def test_a_wrong_channel_list_changes_nothing(arguments: str, code: int) -> None:
    with switch() as (world, session):
        session.write("ROUT:CLOS (@101)")
        session.write(f"ROUT:CLOS {arguments}")
        assert int(session.query("SYST:ERR?").partition(",")[0]) == code
        assert world.relays_closed == {101}


def test_a_dead_instrument_does_not_answer() -> None:
    with switch({"kind": "timeout"}) as (_, session):
        session.timeout = 200
        with pytest.raises(pyvisa.VisaIOError):
            session.query("ROUT:CLOS? (@101)")


@given(st.lists(st.tuples(st.sampled_from(RELAYS), st.integers(0, 3)), min_size=1, max_size=6))
def test_a_channel_list_is_its_ranges_in_order(ranges: list[tuple[int, int]]) -> None:
    ends = [(first, min(first + more, RELAYS[-1])) for first, more in ranges]
    text = ",".join(f"{first}:{last}" if last > first else str(first) for first, last in ends)
    expected = tuple(number for first, last in ends for number in range(first, last + 1))
    assert channels(Command(header="ROUT:CLOS", arguments=(f"(@{text})",))) == expected


@given(st.text(max_size=30))
def test_any_other_text_is_refused_or_names_relays(text: str) -> None:
    try:
        numbers = channels(Command(header="ROUT:CLOS", arguments=(text,)))
    except ScpiError:
        return
    assert set(numbers) <= set(RELAYS)
