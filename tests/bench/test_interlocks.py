"""Interlocks: exact bytes out, exact bytes in; what must not be believed; and what opening one must not cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.interlocks import open_interlock
from rig.errors import BenchError, CommunicationError, IdentityMismatch, InstrumentError, Refused
from rig.roles import Interlock
from tests.bench.scripted_peer import ManualClock, Peer, transcript

K8090 = {"manufacturer": "Velleman", "model": "K8090", "serial": "0"}
RLY16 = {"manufacturer": "Devantech", "model": "USB-RLY16", "serial": "0"}
SWITCH = {"manufacturer": "HEWLETT-PACKARD", "model": "34970A", "serial": "0"}

Step = tuple[bytes | str, bytes | str | Sequence[bytes | None]]


# For how long a driver waits for what never comes, s; for what does come it waits however slow the machine is.
SOON = 2.0


def opened(driver: str, peer: Peer, clock: ManualClock | None = None, answer: float = 60.0, **more: Any) -> Interlock:
    entry = InstrumentEntry.model_validate({"role": "interlock", "driver": driver, "address": "twin", **more})
    address = peer.visa if driver == "scpi-switch" else peer.url
    return open_interlock("interlock", entry, address, clock=clock or ManualClock(), answer=answer)


# --- Velleman K8090 ---------------------------------------------------------------------------------------------------

ASK_VERSION = bytes.fromhex("04 71 00 00 00 8b 0f")
VERSION = bytes.fromhex("04 71 00 0a 01 80 0f")
ASK_STATUS = bytes.fromhex("04 18 00 00 00 e4 0f")
ON, OFF = bytes.fromhex("04 11 01 00 00 ea 0f"), bytes.fromhex("04 12 01 00 00 e9 0f")
TIMER_1_S = bytes.fromhex("04 41 01 00 01 b9 0f")


def status(before: int, now: int, timers: int = 0) -> bytes:
    content = bytes([0x04, 0x51, before, now, timers])
    return content + bytes([-sum(content) % 256, 0x0F])


def test_status_packets_of_these_tests_are_as_in_the_manual() -> None:
    assert status(0, 1) == bytes.fromhex("04 51 00 01 00 aa 0f")


K8090_SESSION: list[Step] = [
    (ASK_VERSION, VERSION),
    (ON + ASK_STATUS + ASK_VERSION, status(0, 1) + status(1, 1) + VERSION),
    (ASK_STATUS + ASK_VERSION, status(1, 1) + VERSION),
    (OFF + ASK_STATUS + ASK_VERSION, [(status(1, 0) + status(0, 0))[:9], (status(1, 0) + status(0, 0))[9:] + VERSION]),
    (OFF + ASK_STATUS + ASK_VERSION, status(0, 0) + VERSION),
    (ASK_STATUS + ASK_VERSION, status(0, 0b1110) + VERSION),
]


@pytest.mark.supports("velleman-k8090", "driver", "transcript")
def test_a_k8090_is_switched_and_asked() -> None:
    with transcript(*K8090_SESSION) as peer:
        board = opened("velleman-k8090", peer, channel=1, identity=K8090)
        assert board.hold_time is None
        board.enable()
        assert board.enabled()
        board.disable()
        board.disable()
        assert not board.enabled()  # the other relays are none of its business
        board.close()
        board.close()


DEADMAN_SESSION: list[Step] = [
    (ASK_VERSION, VERSION),
    (TIMER_1_S + ASK_STATUS + ASK_VERSION, status(0, 1, 1) + status(1, 1, 1) + VERSION),
    (TIMER_1_S + ASK_STATUS + ASK_VERSION, status(1, 1, 1) + VERSION),
    (ASK_STATUS + ASK_VERSION, status(0, 0) + VERSION),
    (OFF + ASK_STATUS + ASK_VERSION, status(0, 0) + VERSION),
]


@pytest.mark.supports("deadman-relay", "driver", "transcript")
def test_a_deadman_relay_is_refreshed_by_its_timer_and_reports_that_it_has_opened() -> None:
    with transcript(*DEADMAN_SESSION) as peer:
        relay = opened("deadman-relay", peer, channel=1, hold_time="1 s", identity={**K8090, "firmware": "10.1"})
        assert relay.hold_time == 1.0
        relay.enable()
        relay.enable()
        assert not relay.enabled()
        relay.close()


def test_a_long_hold_time_goes_out_high_byte_first() -> None:
    start = bytes.fromhex("04 41 80 01 2c 0e 0f")
    steps: list[Step] = [
        (start + ASK_STATUS + ASK_VERSION, status(0, 0x80, 0x80) + VERSION),
        (bytes.fromhex("04 12 80 00 00 6a 0f") + ASK_STATUS + ASK_VERSION, status(0x80, 0) + VERSION),
    ]
    with transcript(*steps) as peer:
        relay = opened("deadman-relay", peer, channel=8, hold_time="300 s")
        relay.enable()
        relay.close()


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (status(0, 0) + VERSION, "the relay is reported open, against the command"),
        (status(0, 1) + VERSION, "the relay is closed, but its timer is not reported to run"),
        (VERSION, "does not tell the state of its relays"),
    ],
)
def test_a_deadman_relay_that_does_not_do_what_it_is_told_is_an_error(reply: bytes, message: str) -> None:
    opening: Step = (TIMER_1_S + ASK_STATUS + ASK_VERSION, reply)
    closing: Step = (OFF + ASK_STATUS + ASK_VERSION, status(0, 0) + VERSION)
    with transcript(opening, closing) as peer:
        relay = opened("deadman-relay", peer, channel=1, hold_time="1 s")
        with pytest.raises(InstrumentError, match=message):
            relay.enable()
        relay.close()


def test_a_k8090_that_stays_closed_is_an_error_and_is_told_again_in_the_end() -> None:
    stuck: Step = (OFF + ASK_STATUS + ASK_VERSION, status(1, 1) + VERSION)
    with transcript((ON + ASK_STATUS + ASK_VERSION, status(0, 1) + VERSION), stuck, stuck) as peer:
        board = opened("velleman-k8090", peer, channel=1)
        board.enable()
        with pytest.raises(InstrumentError, match="reported closed, against the command"):
            board.disable()
        board.close()


DAMAGED = [
    (b"", "no reply in time"),
    (VERSION[:5], "no reply in time"),
    (VERSION[:5] + b"\x00\x0f", "a damaged packet came"),
    (b"\x0f" + VERSION, "a damaged packet came"),
    (status(0, 0) * 20, "no reply among what the board tells"),
]


@pytest.mark.parametrize(("reply", "message"), DAMAGED)
def test_what_is_not_a_k8090s_answer_is_a_broken_dialogue(reply: bytes, message: str) -> None:
    with transcript((ASK_STATUS + ASK_VERSION, reply)) as peer:
        board = opened("velleman-k8090", peer, channel=1, answer=SOON)
        with pytest.raises(CommunicationError, match=message):
            board.enabled()
        board.close()


# --- Devantech USB-RLY16 ----------------------------------------------------------------------------------------------

RLY16_SESSION: list[Step] = [
    (b"\x5a", b"\x09\x02"),
    (b"\x67\x5b\x5a", b"\x04\x09\x02"),
    (b"\x67\x5b\x5a", b"\x04\x09\x02"),
    (b"\x5b\x5a", [b"\x07", b"\x09", b"\x02"]),
    (b"\x71\x5b\x5a", b"\x03\x09\x02"),
    (b"\x71\x5b\x5a", b"\x03\x09\x02"),
    (b"\x5b\x5a", b"\x03\x09\x02"),
]


@pytest.mark.supports("devantech-usb-rly16", "driver", "transcript")
def test_a_usb_rly16_is_switched_and_asked() -> None:
    with transcript(*RLY16_SESSION) as peer:
        board = opened("devantech-usb-rly16", peer, channel=3, identity={**RLY16, "firmware": "2"})
        assert board.hold_time is None
        board.enable()
        board.enable()
        assert board.enabled()
        board.disable()
        board.disable()
        assert not board.enabled()
        board.close()


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (b"", CommunicationError, "no reply in time"),
        (b"\x04\x09", CommunicationError, "no reply in time"),
        (b"\x04\x08\x02", CommunicationError, "not a USB-RLY16, or out of step"),
        (b"\x04\x04\x09\x02", CommunicationError, "out of step"),
        (b"\xfb\x09\x02", InstrumentError, "reported open, against the command"),
    ],
)
def test_what_a_usb_rly16_must_not_answer(reply: bytes, error: type[Exception], message: str) -> None:
    with transcript((b"\x67\x5b\x5a", reply), (b"\x71\x5b\x5a", b"\x00\x09\x02")) as peer:
        board = opened("devantech-usb-rly16", peer, channel=3, answer=SOON)
        with pytest.raises(error, match=message):
            board.enable()
        board.close()  # it may have closed in spite of its answer


# --- a 34970A's channel -----------------------------------------------------------------------------------------------

NO_ERROR = '+0,"No error"'
CLOSE, OPEN, ASK = "ROUTe:CLOSe (@112)", "ROUTe:OPEN (@112)", "ROUTe:CLOSe? (@112)"
SWITCH_SESSION: list[Step] = [
    ("*IDN?", "HEWLETT-PACKARD,34970A,0,13-2-2"),
    (f"*CLS\n{CLOSE}\n:SYSTem:ERRor?", NO_ERROR),
    (ASK, "1"),
    (ASK, "1"),
    (f"*CLS\n{OPEN}\n:SYSTem:ERRor?", NO_ERROR),
    (ASK, "0"),
]


@pytest.mark.supports("scpi-switch", "driver", "transcript")
def test_a_switchs_channel_is_closed_and_opened_without_touching_others() -> None:
    clock = ManualClock()
    with transcript(*SWITCH_SESSION) as peer:
        switch = opened("scpi-switch", peer, clock, channel=112, identity=SWITCH)
        assert switch.hold_time is None
        switch.enable()
        assert switch.enabled()
        switch.disable()
        switch.close()
        switch.close()
    assert clock.slept == [0.02, 0.02]


def test_a_switch_that_refuses_or_does_not_open_is_an_error() -> None:
    refused: list[Step] = [
        (f"*CLS\n{CLOSE}\n:SYSTem:ERRor?", '+112,"Channel list: channel number out of range"'),
        (":SYSTem:ERRor?", NO_ERROR),
    ]
    stuck: list[Step] = [(f"*CLS\n{OPEN}\n:SYSTem:ERRor?", NO_ERROR), (ASK, "1")]
    with transcript(*refused, *stuck, *stuck) as peer:
        switch = opened("scpi-switch", peer, channel=112)
        with pytest.raises(InstrumentError, match="channel number out of range"):
            switch.enable()
        with pytest.raises(InstrumentError, match="reported closed, against the command"):
            switch.disable()
        switch.close()


# --- opening one ------------------------------------------------------------------------------------------------------


def test_another_board_than_named_is_refused_and_left_alone() -> None:
    with (
        transcript((ASK_VERSION, VERSION)) as peer,
        pytest.raises(IdentityMismatch, match=r"'10\.1' instead of '11\.4'"),
    ):
        opened("velleman-k8090", peer, channel=1, identity={**K8090, "firmware": "11.4"})


@pytest.mark.parametrize(
    ("driver", "more"),
    [
        ("velleman-k8090", {"channel": 1}),
        ("deadman-relay", {"channel": 1, "hold_time": "1 s"}),
        ("devantech-usb-rly16", {"channel": 1}),
        ("scpi-switch", {"channel": 101}),
    ],
)
def test_nobody_there_is_a_communication_error(driver: str, more: dict[str, Any]) -> None:
    with transcript() as peer:
        pass
    with pytest.raises(CommunicationError, match=r"cannot be reached"):
        opened(driver, peer, **more).enabled()


def test_without_its_virtual_bench_there_is_no_address() -> None:
    entry = InstrumentEntry(role="interlock", driver="velleman-k8090", address="twin", channel=1)
    with pytest.raises(CommunicationError, match="is it running"):
        open_interlock("interlock", entry, "twin", clock=ManualClock())


def test_other_instruments_are_no_interlocks() -> None:
    entry = InstrumentEntry(role="oscilloscope", driver="keysight-infiniivision", address="COM1")
    with pytest.raises(Refused, match="no interlock"):
        open_interlock("scope", entry, "COM1", clock=ManualClock())


@pytest.mark.parametrize("act", [lambda one: one.enable(), lambda one: one.disable(), lambda one: one.enabled()])
@pytest.mark.parametrize("driver", ["velleman-k8090", "devantech-usb-rly16", "scpi-switch"])
def test_a_lost_line_is_one_of_the_rigs_own_errors(driver: str, act: Callable[[Interlock], object]) -> None:
    def silent(waiting: bytes) -> tuple[int, Sequence[bytes | None]]:
        return len(waiting), [None]

    with Peer(silent) as peer:
        interlock = opened(driver, peer, channel=101 if driver == "scpi-switch" else 1, answer=0.2)
        for _ in range(2):
            with pytest.raises(BenchError):
                act(interlock)
        interlock.close()
        interlock.close()


def test_who_watches_over_a_bench_loads_no_vendors_library_before_it_needs_one() -> None:
    program = (
        "import sys; import rig.bench.interlocks; "
        "heavy = {'pyvisa', 'serial', 'nidaqmx', 'grpc', 'numpy', 'rig.bench.build'} & set(sys.modules); "
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
