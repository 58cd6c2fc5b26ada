from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rig.errors import BenchError
from rig.guard.state import read_state, write_state


def test_a_reader_sees_one_whole_content_or_another(tmp_path: Path) -> None:
    path, stop, seen = tmp_path / "one.json", threading.Event(), set()
    write_state(path, {"number": 0, "padding": ""})

    def read() -> None:
        while not stop.is_set():
            content = read_state(path)
            assert content is not None
            assert len(content["padding"]) == content["number"] * 1000
            seen.add(content["number"])

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(30):
        write_state(path, {"number": number, "padding": "x" * number * 1000})
    stop.set()
    reader.join()
    assert seen
    assert [file.name for file in tmp_path.iterdir()] == ["one.json"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write_state(path, {"good": True})
    with pytest.raises(TypeError):
        write_state(path, {"bad": object()})
    assert read_state(path) == {"good": True}
    assert [file.name for file in tmp_path.iterdir()] == ["one.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\x00"])
def test_what_is_no_state_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BenchError, match=r"one\.json"):
        read_state(path)
    assert read_state(tmp_path / "missing.json") is None
