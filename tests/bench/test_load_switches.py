"""Relay boards and switch mainframes as the switch of a load box: exact bytes out, exact bytes in, nothing believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.drivers import devantech_usb_rly16, keysight_34970a, lcus, numato, velleman_k8090
from rig.bench.opening import Opening
from rig.errors import BenchError, CommunicationError, InstrumentError, Refused
from rig.roles import LoadSwitch, SelfTesting
from tests.bench.scripted_peer import ManualClock, Peer, transcript

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]
FACTORIES: dict[str, Callable[[Opening], LoadSwitch]] = {
    "devantech-usb-rly16-loads": devantech_usb_rly16.opened_loads,
    "velleman-k8090-loads": velleman_k8090.opened_loads,
    "lcus": lcus.opened,
    "numato": numato.opened,
    "keysight-34970a": keysight_34970a.opened,
    "keysight-34980a": keysight_34970a.opened_34980a,
}
SCPI = ("keysight-34970a", "keysight-34980a")


def opened(
    driver: str, peer: Peer, *, uses: tuple[int, ...] = (1, 3), timeout: float = 60.0, **options: Any
) -> LoadSwitch:
    entry = InstrumentEntry(role="load-switch", driver=driver, address="twin", options=options)
    address = peer.visa if driver in SCPI else peer.url
    at = Opening(name="switch", entry=entry, address=address, clock=ManualClock(), timeout=timeout, relays=uses)
    return FACTORIES[driver](at)


# --- what every one of them does the same way -------------------------------------------------------------------------

K_VERSION, K_ASK_VERSION = bytes.fromhex("04 71 00 0a 01 80 0f"), bytes.fromhex("04 71 00 00 00 8b 0f")
K_TAIL = bytes.fromhex("04 18 00 00 00 e4 0f") + K_ASK_VERSION
K_OFF_1_AND_3, K_ON_3 = bytes.fromhex("04 12 05 00 00 e5 0f"), bytes.fromhex("04 11 04 00 00 e7 0f")


def k_status(before: int, now: int) -> bytes:
    content = bytes([0x04, 0x51, before, now, 0])
    return content + bytes([-sum(content) % 256, 0x0F])


SESSIONS: dict[str, list[Step]] = {
    # Relay 8 is closed and is none of the load box's business.
    "devantech-usb-rly16-loads": [
        (b"\x5a", bytes([9, 1])),
        (bytes([0x6F, 0x71, 0x5B, 0x5A]), bytes([0x80, 9, 1])),
        (b"\x5b\x5a", bytes([0x80, 9, 1])),
        (bytes([0x67, 0x5B, 0x5A]), [bytes([0x84]), bytes([9, 1])]),
        (b"\x5b\x5a", bytes([0x84, 9, 1])),
        (bytes([0x6F, 0x71, 0x5B, 0x5A]), bytes([0x80, 9, 1])),
        (b"\x5b\x5a", bytes([0x80, 9, 1])),
    ],
    "velleman-k8090-loads": [
        (K_ASK_VERSION, K_VERSION),
        (K_OFF_1_AND_3 + K_TAIL, k_status(0x80, 0x80) + K_VERSION),
        (K_TAIL, k_status(0x80, 0x80) + K_VERSION),
        (K_ON_3 + K_TAIL, k_status(0x80, 0x84) + k_status(0x84, 0x84) + K_VERSION),
        (K_TAIL, k_status(0x84, 0x84) + K_VERSION),
        (K_OFF_1_AND_3 + K_TAIL, k_status(0x84, 0x80) + k_status(0x80, 0x80) + K_VERSION),
        (K_TAIL, k_status(0x80, 0x80) + K_VERSION),
    ],
    "lcus": [
        (bytes.fromhex("A0 01 00 A1 A0 03 00 A3"), []),
        (bytes.fromhex("A0 03 01 A4"), []),
        (bytes.fromhex("A0 01 00 A1 A0 03 00 A3"), []),
    ],
    "numato": [
        (b"\r", b"\n\r>"),
        (b"ver\r", b"ver\n\r00000008\n\r>"),
        (b"id get\r", [b"id get\n\r000", b"00042\n\r>"]),
        (b"\r", b"\n\r>"),
        (b"relay off 0\r", b"relay off 0\n\r>"),
        (b"relay off 2\r", b"relay off 2\n\r>"),
        (b"relay read 0\r", b"relay read 0\n\roff\n\r>"),
        (b"relay read 2\r", b"relay read 2\n\roff\n\r>"),
        (b"\r", b"\n\r>"),
        (b"relay on 2\r", b"relay on 2\n\r>"),
        (b"relay read 0\r", b"relay read 0\n\roff\n\r>"),
        (b"relay read 2\r", b"relay read 2\n\ron\n\r>"),
        (b"\r", b"\n\r>"),
        (b"relay off 0\r", b"relay off 0\n\r>"),
        (b"relay off 2\r", b"relay off 2\n\r>"),
        (b"relay read 0\r", b"relay read 0\n\roff\n\r>"),
        (b"relay read 2\r", b"relay read 2\n\roff\n\r>"),
    ],
}
IDENTITIES = {
    "devantech-usb-rly16-loads": ("Devantech", "USB-RLY16", "0", "1"),
    "velleman-k8090-loads": ("Velleman", "K8090", "0", "10.1"),
    "lcus": ("LCUS", "LCUS-4", "0", "unverified: the board answers nothing"),
    "numato": ("Numato", "4 channel relay", "00000042", "00000008"),
}
ON_THIS_BENCH: dict[str, dict[str, Any]] = {"lcus": {"relays": 4}, "numato": {"relays": 4}}


def session(driver: str) -> None:
    with transcript(*SESSIONS[driver]) as peer:
        switch = opened(driver, peer, **ON_THIS_BENCH.get(driver, {}))
        assert isinstance(switch, LoadSwitch)
        found = switch.identify()
        assert (found.manufacturer, found.model, found.serial, found.firmware) == IDENTITIES[driver]
        switch.select((3,))
        switch.open_all()
        with pytest.raises(Refused, match="the load box does not use relay 2"):
            switch.select((2,))
        if driver == "lcus":
            heard = sum(len(sent) for sent, _ in SESSIONS[driver])
            peer.wait_for(heard)
        switch.close()
        switch.close()


@pytest.mark.supports("devantech-usb-rly16-loads", "driver")
@pytest.mark.supports("devantech-usb-rly16-loads", "transcript")
def test_a_usb_rly16_opens_before_it_closes_and_leaves_other_relays_alone() -> None:
    session("devantech-usb-rly16-loads")


@pytest.mark.supports("velleman-k8090-loads", "driver")
@pytest.mark.supports("velleman-k8090-loads", "transcript")
def test_a_k8090_opens_before_it_closes_and_leaves_other_relays_alone() -> None:
    session("velleman-k8090-loads")


@pytest.mark.supports("lcus", "driver")
@pytest.mark.supports("lcus", "transcript")
def test_an_lcus_board_is_told_and_says_of_itself_that_nothing_is_verified() -> None:
    session("lcus")


@pytest.mark.supports("numato", "driver")
@pytest.mark.supports("numato", "transcript")
def test_a_numato_module_repeats_answers_and_prompts() -> None:
    session("numato")


def test_the_contacts_are_given_time_to_settle_before_they_are_asked() -> None:
    clock = ManualClock()
    with transcript(*SESSIONS["devantech-usb-rly16-loads"][1:3]) as peer:
        entry = InstrumentEntry(role="load-switch", driver="devantech-usb-rly16-loads", address="twin")
        at = Opening(name="switch", entry=entry, address=peer.url, clock=clock, timeout=60.0, relays=(1, 3))
        switch = devantech_usb_rly16.opened_loads(at)
        switch.open_all()
        switch.close()
    assert clock.slept == [0.02]


@pytest.mark.parametrize("driver", ["devantech-usb-rly16-loads", "velleman-k8090-loads", "lcus", "numato"])
@pytest.mark.parametrize("relays", [(0,), (1, 300)])
def test_a_relay_that_the_board_does_not_have_is_refused_before_anything_moves(
    driver: str, relays: tuple[int, ...]
) -> None:
    with transcript() as peer, pytest.raises(Refused, match="the load box uses relay"):
        opened(driver, peer, uses=relays)


@pytest.mark.parametrize(("driver", "most"), [("lcus", 255), ("numato", 32)])
@pytest.mark.parametrize("relays", [0, 1000])
def test_a_board_of_a_size_that_cannot_be_is_refused(driver: str, most: int, relays: int) -> None:
    with transcript() as peer, pytest.raises(Refused, match=f"1 to {most} relays, not {relays}"):
        opened(driver, peer, relays=relays)


# --- what must not be believed ----------------------------------------------------------------------------------------

# For how long a driver waits for what never comes, s.
SOON = 1.0
BEGIN: Step = (b"\r", b"\n\r>")
OFF_0: Step = (b"relay off 0\r", b"relay off 0\n\r>")
RLY_OFF = bytes([0x6F, 0x5B, 0x5A])
K_OFF_1 = bytes.fromhex("04 12 01 00 00 e9 0f")


@pytest.mark.parametrize(
    ("driver", "steps", "message"),
    [
        ("numato", [(b"\r", [])], "the prompt.*no prompt in time"),
        ("numato", [BEGIN, (b"relay off 0\r", b"relay off 0\n\r")], "no prompt in time"),
        ("numato", [BEGIN, (b"relay off 0\r", b"relay off 1\n\r>")], "repeated 'relay off 1'"),
        ("numato", [BEGIN, (b"relay off 0\r", b"off\n\r>")], "repeated 'off'"),
        ("numato", [BEGIN, (b"relay off 0\r", b"x" * 300)], "no prompt in 300 bytes"),
        ("numato", [BEGIN, (b"relay off 0\r", b"relay off 0\n\rnot so\n\r>")], "answered 'not so' instead of nothing"),
        ("numato", [BEGIN, OFF_0, (b"relay read 0\r", b"relay read 0\n\r\n\r>")], "answered '' instead of on or off"),
        ("numato", [BEGIN, OFF_0, (b"relay read 0\r", b"relay read 0\n\rone\n\r>")], "'one' instead of on or off"),
        ("numato", [BEGIN, OFF_0, (b"relay read 0\r", b"relay read 0\n\ron\n\r>")], "1 is closed, against the command"),
        ("devantech-usb-rly16-loads", [(RLY_OFF, [])], "no reply in time"),
        ("devantech-usb-rly16-loads", [(RLY_OFF, b"\x00\x09")], "no reply in time"),
        ("devantech-usb-rly16-loads", [(RLY_OFF, b"\x00\x0a\x01")], "not a USB-RLY16, or out of step"),
        ("devantech-usb-rly16-loads", [(RLY_OFF, b"\x00\x09\x01\x09")], "not a USB-RLY16, or out of step"),
        (
            "devantech-usb-rly16-loads",
            [(RLY_OFF, b"\x01\x09\x01"), (b"\x5b\x5a", b"\x01\x09\x01")],
            "relay 1 is closed, against the command",
        ),
        ("velleman-k8090-loads", [(K_OFF_1 + K_TAIL, [])], "no reply in time"),
        ("velleman-k8090-loads", [(K_OFF_1 + K_TAIL, k_status(0, 0)[:5])], "no reply in time"),
        ("velleman-k8090-loads", [(K_OFF_1 + K_TAIL, b"\x04\x51\x00\x00\x00\xac\x0f")], "a damaged packet"),
        ("velleman-k8090-loads", [(K_OFF_1 + K_TAIL, K_VERSION)], "does not tell the state of its relays"),
        (
            "velleman-k8090-loads",
            [(K_OFF_1 + K_TAIL, k_status(1, 1) + K_VERSION), (K_TAIL, k_status(1, 1) + K_VERSION)],
            "relay 1 is closed, against the command",
        ),
    ],
)
def test_a_board_that_is_mute_repeats_wrongly_or_breaks_off(driver: str, steps: list[Step], message: str) -> None:
    with transcript(*steps) as peer:
        switch = opened(driver, peer, uses=(1,), timeout=SOON if "in time" in message else 60.0)
        with pytest.raises(BenchError, match=message) as caught:
            switch.open_all()
        assert isinstance(caught.value, CommunicationError | InstrumentError)
        switch.close()


def test_a_board_that_hangs_up_is_a_communication_error() -> None:
    with transcript((b"\r", [None])) as peer:
        switch = opened("numato", peer, uses=(1,))
        with pytest.raises(CommunicationError):
            switch.open_all()
        switch.close()


def test_what_is_no_identification_is_refused() -> None:
    with transcript(BEGIN, (b"ver\r", b"ver\n\r>")) as peer:
        switch = opened("numato", peer)
        with pytest.raises(InstrumentError, match="answered '' instead of one word"):
            switch.identify()
        switch.close()


# --- mainframes -------------------------------------------------------------------------------------------------------

NO_ERROR: Step = (":SYSTem:ERRor?", '+0,"No error"')


@pytest.mark.supports("keysight-34980a", "driver")
@pytest.mark.supports("keysight-34980a", "transcript")
def test_a_34980a_has_four_digits_and_asks_for_its_cards_by_slot() -> None:
    opening: list[Step] = [
        ("*CLS", ""),
        ("ROUTe:OPEN (@1001,2003)", ""),
        NO_ERROR,
        ("ROUTe:CLOSe? (@1001,2003)", "0,0"),
    ]
    with transcript(
        ("*IDN?", "AGILENT TECHNOLOGIES,34980A,MY44001234,2.42-2.43-2.07-0.05"),
        ("SYSTem:CTYPe? 1", "AGILENT TECHNOLOGIES,34938A,MY00000001,1.00"),
        ("SYSTem:CTYPe? 2", "AGILENT TECHNOLOGIES,34921A,MY00000002,1.00"),
        *opening,
        ("ROUTe:CLOSe (@2003)", ""),
        NO_ERROR,
        ("ROUTe:CLOSe? (@1001,2003)", "0,1"),
        *opening,
    ) as peer:
        switch = opened("keysight-34980a", peer, uses=(2003, 1001))
        assert switch.identify().model == "34980A"
        switch.select((2003,))
        switch.open_all()
        switch.close()


def test_what_a_mainframe_says_of_itself_is_told() -> None:
    queue: list[Step] = [(":SYSTem:ERRor?", '-113,"Undefined header"'), (":SYSTem:ERRor?", '+0,"No error"')]
    with transcript(*queue, ("*TST?", "+1"), ("*TST?", "+0")) as peer:
        switch = opened("keysight-34970a", peer, uses=(101,))
        assert isinstance(switch, SelfTesting)
        assert switch.errors() == ("-113 Undefined header",)
        assert [switch.self_test(), switch.self_test()] == ["*TST? answers +1", ""]
        switch.close()


def test_an_empty_slot_of_a_34980a() -> None:
    idn: Step = ("*IDN?", "AGILENT TECHNOLOGIES,34980A,MY44001234,2.42-2.43-2.07-0.05")
    with transcript(idn, ("SYSTem:CTYPe? 3", "AGILENT TECHNOLOGIES,0,0,0")) as peer:
        switch = opened("keysight-34980a", peer, uses=(3001,))
        with pytest.raises(InstrumentError, match="no card in slot 3"):
            switch.identify()
        switch.close()


@pytest.mark.supports("keysight-34970a", "transcript")
@pytest.mark.parametrize(
    ("idn", "card"),
    [
        ("Agilent Technologies,34972A,MY49000001,1.16-1.12-02-02", "Agilent Technologies,34903A,MY1,2.3"),
        ("Keysight Technologies,DAQ970A,MY58000001,A.03.02-01.00-02.01-00.02-03.00-02", "Keysight,DAQM903A,MY2,1.0"),
    ],
)
def test_later_mainframes_speak_as_the_34970a_does(idn: str, card: str) -> None:
    with transcript(("*IDN?", idn), ("SYSTem:CTYPe? 200", card)) as peer:
        switch = opened("keysight-34970a", peer, uses=(201, 202))
        assert switch.identify().model == idn.split(",")[1]
        switch.close()


@pytest.mark.parametrize(
    ("driver", "channel", "slots"),
    [("keysight-34970a", 1001, "100 to 300"), ("keysight-34970a", 1, "100 to 300"), ("keysight-34980a", 101, "1 to 8")],
)
def test_a_channel_that_the_mainframe_numbers_otherwise_is_refused(driver: str, channel: int, slots: str) -> None:
    with transcript() as peer, pytest.raises(Refused, match=f"there is no channel {channel}; its slots are {slots}"):
        opened(driver, peer, uses=(channel,))
