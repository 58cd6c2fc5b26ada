"""The VISA session against peers that know exact bytes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.bench.transport.visa import VisaSession
from rig.errors import CommunicationError, InstrumentError, SamplesLost
from tests.bench.scripted_peer import Peer, transcript

ALL_BYTES = bytes(range(256)) * 2
BLOCK = b"#3512" + ALL_BYTES + b"\n"
# What comes is waited for however slow the machine is; SOON is for what never comes.
PATIENCE, SOON = 60.0, 0.2


def ask_block(pieces: Sequence[bytes | None]) -> bytes:
    with transcript(("CURV?", pieces)) as peer:
        session = VisaSession("scope", peer.visa, timeout=PATIENCE)
        try:
            return session.ask_block("CURV?")
        finally:
            session.close()


def test_commands_before_a_query_leave_in_order() -> None:
    with transcript(("A 1", ""), ("B 2", ""), ("C?", "3")) as peer:
        session = VisaSession("scope", peer.visa)
        assert session.ask("C?", after=["A 1", "B 2"]) == "3"
        session.close()
    assert bytes(peer.received) == b"A 1\nB 2\nC?\n"


def test_block_with_every_byte_value_is_exact_and_leaves_nothing_behind() -> None:
    with transcript(("CURV?", BLOCK), ("*IDN?", "next")) as peer:
        session = VisaSession("scope", peer.visa)
        assert session.ask_block("CURV?") == ALL_BYTES
        assert session.ask("*IDN?") == "next"
        session.close()


def test_block_larger_than_every_buffer() -> None:
    data = ALL_BYTES * 5000
    assert ask_block([b"#9%09d" % len(data) + data + b"\n"]) == data


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 6, 15, 16, 300, len(BLOCK) - 1])
def test_block_split_anywhere_is_the_same_block(cut: int) -> None:
    assert ask_block([BLOCK[:cut], BLOCK[cut:]]) == ALL_BYTES


@settings(max_examples=25)
@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 310), max_size=4))
def test_any_data_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    whole = b"#3%03d" % len(data) + data + b"\n"
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[begin:end] for begin, end in pairwise(edges) if begin < end]
    assert ask_block(pieces) == data


@pytest.mark.parametrize("came", [0, 1, 255, 511])
@pytest.mark.parametrize("closing", [False, True], ids=["silence", "closed"])
def test_cut_block_keeps_what_came(came: int, *, closing: bool) -> None:
    def end(waiting: bytes) -> tuple[int, Sequence[bytes | None]]:
        return len(waiting), [None] if closing else []

    # All that ever comes has come before the question: PyVISA-py waits out its time also for who has hung up.
    with Peer(end, greeting=BLOCK[: 5 + came]) as peer:
        session = VisaSession("scope", peer.visa, timeout=SOON)
        assert peer.greeted.wait(PATIENCE)
        with pytest.raises(SamplesLost, match=f"scope: 'CURV.': the block was cut after {came} of 512") as caught:
            session.ask_block("CURV?")
        session.close()
    assert caught.value.partial == ALL_BYTES[:came]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b"#3511" + ALL_BYTES + b"\n", "does not end where its header says"),
        (b"#0" + ALL_BYTES + b"\n", "not a block of stated length"),
        (b"+1.0E0,2,3\n", "not a block of stated length"),
        (b"#3x12" + ALL_BYTES + b"\n", "length of the block is not a number"),
    ],
)
def test_header_that_is_wrong_is_refused(reply: bytes, message: str) -> None:
    with pytest.raises(InstrumentError, match=message):
        ask_block([reply])


def test_silence_names_instrument_and_command() -> None:
    with transcript(("X?", "")) as peer:
        session = VisaSession("scope", peer.visa, timeout=SOON)
        with pytest.raises(CommunicationError, match=r"scope: 'X.': no reply in time"):
            session.ask("X?")
        session.close()


def test_late_reply_is_never_taken_for_the_next_answer() -> None:
    """After silence the session connects anew: what the old connection still says is not heard."""
    with transcript(("SLOW?", ""), ("QUICK?", "2")) as peer:
        session = VisaSession("scope", peer.visa, timeout=PATIENCE)
        with pytest.raises(CommunicationError):
            session.ask("SLOW?", timeout=SOON)
        assert session.ask("QUICK?") == "2"
        session.close()
    assert peer.connections == 2


def test_half_a_line_is_not_a_reply() -> None:
    with transcript(("X?", [b"1.2", None])) as peer:
        session = VisaSession("scope", peer.visa, timeout=PATIENCE)
        with pytest.raises(CommunicationError, match="cut"):
            session.ask("X?")
        session.close()


def test_reply_that_is_not_text_is_refused() -> None:
    with transcript(("X?", b"\xff\xfe\n")) as peer:
        session = VisaSession("scope", peer.visa, timeout=PATIENCE)
        with pytest.raises(CommunicationError, match="not text"):
            session.ask("X?")
        session.close()


@pytest.mark.parametrize("address", ["TCPIP::127.0.0.1::1::SOCKET", "NONSENSE"])
def test_unreachable_is_one_clear_error(address: str) -> None:
    with pytest.raises(CommunicationError, match=r"^scope: "):
        VisaSession("scope", address, connect_timeout=PATIENCE).ask("*IDN?")


def test_closing_twice_is_quiet() -> None:
    with transcript() as peer:
        session = VisaSession("scope", peer.visa)
        session.close()
        session.close()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A file of PNG's structure; its checksums are not looked at."""
    parts = [len(data).to_bytes(4, "big") + kind + data + b"\n\n\n\n" for kind, data in (*chunks, (b"IEND", b""))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PNG = png((b"IHDR", bytes(13)), (b"IDAT", ALL_BYTES))
BMP = b"BM" + (6 + len(ALL_BYTES)).to_bytes(4, "little") + ALL_BYTES


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b"\r\n"])
@pytest.mark.parametrize("picture", [PNG, BMP], ids=["png", "bmp"])
def test_picture_without_block_ends_where_its_format_says(picture: bytes, end: bytes) -> None:
    with transcript(("HARDCopy STARt", picture + end), ("*OPC?", "1"), ("*IDN?", "next")) as peer:
        session = VisaSession("scope", peer.visa, timeout=PATIENCE)
        assert session.ask_picture("HARDCopy STARt") == picture
        assert session.ask("*IDN?") == "next"
        session.close()


@pytest.mark.parametrize("came", [3, 20, 60, len(PNG) - 1])
def test_cut_picture_keeps_what_came(came: int) -> None:
    with transcript(("HARDCopy STARt", [PNG[:came], None])) as peer:
        session = VisaSession("scope", peer.visa, timeout=2.0)
        with pytest.raises(SamplesLost, match="the picture was cut") as caught:
            session.ask_picture("HARDCopy STARt")
        session.close()
    assert caught.value.partial == PNG[:came]


@pytest.mark.parametrize("reply", [b"#3512", b"\x89PNX\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(reply: bytes) -> None:
    with transcript(("HARDCopy STARt", reply)) as peer:
        session = VisaSession("scope", peer.visa)
        with pytest.raises(InstrumentError, match="no picture"):
            session.ask_picture("HARDCopy STARt")
        session.close()


def test_something_else_behind_a_picture_is_refused() -> None:
    with transcript(("HARDCopy STARt", PNG), ("*OPC?", "0\n1")) as peer:
        session = VisaSession("scope", peer.visa)
        with pytest.raises(InstrumentError, match="does not end where it says"):
            session.ask_picture("HARDCopy STARt")
        session.close()


def test_block_that_ends_in_two_line_ends_leaves_nothing_behind() -> None:
    with transcript(("A", ""), ("DATA?", BLOCK + b"\n"), ("*IDN?", "next")) as peer:
        session = VisaSession("scope", peer.visa)
        assert session.ask_block("DATA?", after=["A"], ends=b"\n\n") == ALL_BYTES
        assert session.ask("*IDN?") == "next"
        session.close()
