from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import InterlockTripped, Refused
from rig.guard.messages import LONGEST_LINE, Garbled, Lines, encode, failure, raise_failure, read_intent, read_seconds
from rig.model.intent import Intent

CONTENT = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False))


@settings(max_examples=40)
@given(st.lists(CONTENT, max_size=5), st.integers(1, 50))
def test_messages_survive_however_they_are_cut(messages: list[dict[str, object]], size: int) -> None:
    sent = b"".join(map(encode, messages))
    lines, received = Lines(), []
    for begin in range(0, len(sent), size):
        lines.feed(sent[begin : begin + size])
        while (message := lines.take()) is not None:
            received.append(message)
    assert received == messages
    assert not lines


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"{\n", b"\xff\n", b"[" * 60000 + b"\n", b"x" * (LONGEST_LINE + 1)])
def test_what_is_no_message_is_garbled(line: bytes) -> None:
    lines = Lines()
    lines.feed(line)
    assert lines
    with pytest.raises(Garbled):
        lines.take()


def test_an_intent_survives_and_what_is_not_understood_is_refused() -> None:
    assert read_intent(json.loads('{"current_peak": 0.02, "voltage_peak": null}')) == Intent(current_peak=0.02)
    odd: object
    for odd in (None, [], {"current": 1}, {"current_peak": "20 mA"}, {"current_peak": True}, {"current_peak": -1}):
        with pytest.raises(Refused):
            read_intent(odd)


def test_a_time_is_a_number() -> None:
    assert read_seconds(2) == 2.0
    assert read_seconds(0.5) == 0.5
    for odd in (None, "2 s", True, 10**400, float("inf")):
        with pytest.raises(Refused):
            read_seconds(odd)


@pytest.mark.parametrize("error", [Refused("no"), InterlockTripped("tripped")])
def test_what_went_wrong_arrives_as_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        raise_failure({"re": 1, **failure(error)})


def test_an_answer_that_says_only_error_is_no_permission() -> None:
    with pytest.raises(InterlockTripped, match="odd"):
        raise_failure(failure(ValueError("odd")))
    raise_failure({"re": 1, "safe": True})
