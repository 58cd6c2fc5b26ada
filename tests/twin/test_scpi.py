"""SCPI's grammar, IEEE 488.2's obligations, and the defects that a SCPI instrument may be given."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.scpi import Handler, ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError, block, header_pattern, message_units, split_outside
from rig.twin.world import World

WORLD = TwinConfig.model_validate({
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}}
})
IDENTITY = {"manufacturer": "RIG", "model": "M1", "serial": "S1", "firmware": "1.0"}
BLOCK = b"\n;\r\x00#0" * 20


class _Meter(ScpiDevice):
    @override
    def commands(self) -> Mapping[str, Handler]:
        self.scale: dict[int, float] = {}
        self.waits = 0
        return {
            ":CHANnel<n>:SCALe": self._set_scale,
            ":CHANnel<n>:SCALe?": lambda c: f"{self.scale.get(c.suffixes[0], 1.0):+.6E}",
            ":CHANnel<n>:COUPling": lambda c: c.choice("AC", "DC") and None,
            "[:SENSe]:DATA[:VALue]?": lambda _: block(BLOCK),
            ":ROUTe:CLOSe?": lambda c: c.arguments[0],
            ":DISPlay": lambda c: c.boolean() and None,
        }

    def _set_scale(self, command: Command) -> None:
        if command.number() <= 0:
            raise ScpiError(-222, "Data out of range")
        self.scale[command.suffixes[0]] = command.number()

    @override
    def reset(self) -> None:
        self.scale.clear()

    @override
    def wait_complete(self) -> None:
        self.waits += 1


def _meter(*faults: dict[str, Any]) -> _Meter:
    config = InstrumentConfig.model_validate({"protocol": "meter", "identity": IDENTITY, "faults": faults})
    return _Meter(name="meter", config=config, world=World(WORLD), seed=0)


@contextmanager
def _connected(meter: _Meter) -> Iterator[socket.socket]:
    (address,) = meter.start()
    _, host, port, kind = address.split("::")
    assert (address.split("::")[0], kind) == ("TCPIP", "SOCKET")
    try:
        with socket.create_connection((host, int(port)), 5) as line:
            line.settimeout(5)
            yield line
    finally:
        meter.stop()


@pytest.mark.parametrize(
    ("pattern", "header", "suffixes"),
    [
        (":CHANnel<n>:SCALe?", ":CHAN2:SCAL?", ("2",)),
        (":CHANnel<n>:SCALe?", ":CHANNEL:SCALE?", ("",)),
        (":SYSTem:ERRor[:NEXT]?", ":SYST:ERR?", ()),
        (":SYSTem:ERRor[:NEXT]?", ":SYSTEM:ERROR:NEXT?", ()),
        ("[:SOURce]:VOLTage", ":VOLT", ()),
        ("[:SOURce]:VOLTage", ":SOUR:VOLTAGE", ()),
        ("*IDN?", "*IDN?", ()),
    ],
)
def test_headers_match_in_short_and_long_form(pattern: str, header: str, suffixes: tuple[str, ...]) -> None:
    match = header_pattern(pattern).fullmatch(header)
    assert match is not None
    assert match.groups() == suffixes


@pytest.mark.parametrize("header", [":CHANN2:SCAL?", ":CHAN2:SCAL", ":CHAN2:SC?", ":CHAN2", ":XCHAN2:SCAL?"])
def test_neither_short_nor_long_is_no_match(header: str) -> None:
    assert header_pattern(":CHANnel<n>:SCALe?").fullmatch(header) is None


def test_the_header_path_goes_on_within_a_message() -> None:
    units = list(message_units(":wav:sour chan1;form WORD;*OPC?;poin:mode RAW;cnt 3;:TIM:SCAL 1E-3"))
    assert [unit.header for unit in units] == [
        "WAV:SOUR",
        "WAV:FORM",
        "*OPC?",
        "WAV:POIN:MODE",
        "WAV:POIN:CNT",
        "TIM:SCAL",
    ]


def test_separators_in_quotes_and_channel_lists_do_not_separate() -> None:
    assert split_outside("(@101,103:105),'a,b;c',2", ",") == ["(@101,103:105)", "'a,b;c'", "2"]
    (unit,) = message_units(":DISP:TEXT 'one;two'")
    assert unit.argument() == "one;two"


def test_replies_are_joined_and_settings_kept() -> None:
    meter = _meter()
    assert meter.execute(":CHAN2:SCAL 0.5;SCAL?;:CHANnel1:SCALe?") == [b"+5.000000E-01", b"+1.000000E+00"]
    assert meter.execute("*RST;:CHAN2:SCAL?") == [b"+1.000000E+00"]
    assert meter.execute(":ROUT:CLOS? (@101,102)") == [b"(@101,102)"]
    assert meter.execute("*OPC?;*WAI;*OPC;*ESR?;*ESR?") == [b"1", b"1", b"0"]
    assert meter.waits == 3
    assert meter.execute("*IDN?") == [b"RIG,M1,S1,1.0"]


@pytest.mark.parametrize(
    ("message", "error", "status"),
    [
        (":NONSENSE", b'-113,"Undefined header"', b"32"),
        (":CHAN1:SCAL", b'-109,"Missing parameter"', b"32"),
        (":CHAN1:SCAL volts", b'-104,"Data type error"', b"32"),
        (":CHAN1:SCAL -1", b'-222,"Data out of range"', b"16"),
        (":CHAN1:SCAL inf", b'-222,"Data out of range"', b"16"),
        (":DISP NAN", b'-222,"Data out of range"', b"16"),
        (":CHAN1:COUP GND", b'-224,"Illegal parameter value"', b"16"),
    ],
)
def test_errors_queue_and_show_in_the_event_status(message: str, error: bytes, status: bytes) -> None:
    meter = _meter()
    assert meter.execute(f"{message};:CHAN1:SCAL?") == ([] if status == b"32" else [b"+1.000000E+00"])
    assert meter.execute("*ESE 48;*STB?") == [b"36"]
    assert meter.execute("*ESR?;:SYST:ERR?;ERR?") == [status, error, b'+0,"No error"']


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=60) | st.from_regex(r"[:*A-Za-z0-9?;,@()'. -]{0,60}"))
def test_no_message_breaks_the_instrument(message: str) -> None:
    meter = _meter()
    meter.execute(message)
    meter.execute(f":CHAN{message[:9]}:SCAL?;:CHAN1:SCAL {message};:DISP {message};*ESE {message};*SRE {message}")
    assert meter.execute("*IDN?") == [b"RIG,M1,S1,1.0"]


@pytest.mark.parametrize("header", [f":CHAN{'9' * 5000}:SCAL?", ":CHAN1:SCAL 9E99999", ":CHAN0:SCAL?"])
def test_absurd_numbers_are_survived(header: str) -> None:
    assert _meter().execute(f"{header};*IDN?")[-1:] in ([], [b"RIG,M1,S1,1.0"])


def test_an_overflowing_queue_says_so_and_clears() -> None:
    meter = _meter()
    for _ in range(40):
        meter.execute(":NONSENSE")
    queue = [meter.execute(":SYST:ERR?")[0] for _ in range(31)]
    assert queue[29] == b'-350,"Queue overflow"'
    assert queue[30] == b'+0,"No error"'
    meter.execute(":NONSENSE;*CLS")
    assert meter.execute(":NONSENSE") == []
    meter.execute("*CLS")
    assert meter.execute("SYST:ERR?;*ESR?") == [b'+0,"No error"', b"0"]


def test_over_a_socket_in_any_pieces_with_binary_blocks() -> None:
    with _connected(_meter()) as line:
        for piece in (b"*ID", b"N?\r", b"\n:DATA?", b"\n"):
            line.sendall(piece)
        expected = b"RIG,M1,S1,1.0\n#800000120" + BLOCK + b"\n"
        received = b""
        while len(received) < len(expected):
            received += line.recv(1000)
        assert received == expected


def test_a_connection_may_come_again_and_several_may_live() -> None:
    meter = _meter()
    with _connected(meter) as first:
        with socket.create_connection(first.getpeername(), 5) as second:
            second.sendall(b"*IDN?\n")
            assert second.recv(100) == b"RIG,M1,S1,1.0\n"
        first.sendall(b"*IDN?\n")
        assert first.recv(100) == b"RIG,M1,S1,1.0\n"


def test_a_timeout_is_silence_and_then_life_again() -> None:
    with _connected(_meter({"kind": "timeout", "after": 1, "times": 1})) as line:
        line.sendall(b"*OPC?\n")
        assert line.recv(100) == b"1\n"
        line.sendall(b"*IDN?\n")
        line.settimeout(0.1)
        with pytest.raises(TimeoutError):
            line.recv(100)
        line.settimeout(5)
        line.sendall(b"*OPC?\n")
        assert line.recv(100) == b"1\n"


def test_a_truncated_block_ends_early() -> None:
    with _connected(_meter({"kind": "truncated_block"})) as line:
        line.sendall(b"*OPC?\n")
        assert line.recv(100) == b"1\n"
        line.sendall(b":DATA?\n")
        assert 10 < len(line.recv(1000)) < 140
        line.settimeout(0.1)
        with pytest.raises(TimeoutError):
            line.recv(100)


def test_a_dropped_connection_ends_without_a_word() -> None:
    with _connected(_meter({"kind": "dropped_connection"})) as line:
        line.sendall(b"*IDN?\n")
        assert line.recv(100) == b""


def test_a_wrong_identity_has_another_serial_number() -> None:
    assert _meter({"kind": "wrong_identity"}).execute("*IDN?") == [b"RIG,M1,S1-OTHER,1.0"]


def test_an_endless_line_is_refused_without_filling_memory() -> None:
    with _connected(_meter()) as line:
        for _ in range(20):
            line.sendall(b"x" * 65536)
        line.sendall(b"\n:SYST:ERR?\n")
        assert line.recv(100).startswith((b"-363", b"-113"))
