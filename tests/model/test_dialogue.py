from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import UnreadableFile
from rig.model.dialogue import Exchange, Said, exchange_of, line_of

exchanges = st.builds(
    Exchange,
    said=st.sampled_from(Said),
    data=st.binary(max_size=2000),
    seconds=st.integers(0, 10**9).map(lambda micro: round(micro * 1e-6, 6)),
    name=st.text(max_size=20),
    details=st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=3).map(tuple),
)


@given(exchanges)
def test_every_byte_comes_back_from_one_line_of_plain_text(exchange: Exchange) -> None:
    line = line_of(exchange)
    assert line.isascii()
    assert "\n" not in line
    assert exchange_of(line) == exchange


@pytest.mark.parametrize(
    "line",
    [
        "",
        "out",
        "[]",
        "{}",
        '{"t":0}',
        '{"out":"x"}',
        '{"t":0,"out":"x","in":"y"}',
        '{"t":0,"out":7}',
        '{"t":"soon","out":"x"}',
        '{"t":0,"out":"Ω"}',
        '{"t":0,"in":"","z64":"AAAA"}',
        '{"t":0,"in":"","z64":"not base64!"}',
        '{"t":0,"in":"","details":[1]}',
    ],
)
def test_what_is_no_exchange_is_named(line: str) -> None:
    with pytest.raises(UnreadableFile, match="no line of a recorded dialogue"):
        exchange_of(line)
