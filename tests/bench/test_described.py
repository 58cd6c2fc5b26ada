"""Laboratory, photographs, the item tested and its surroundings: read strictly, with every mistake at its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rig.bench.reading import load_bench, load_device
from rig.bench.surroundings import read_surroundings
from rig.errors import DocumentInvalid, Refused

FIXTURES = Path(__file__).parents[2] / "fixtures"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    for folder in ("benches", "loads", "calibration", "duts"):
        shutil.copytree(FIXTURES / folder, tmp_path / folder)
    return tmp_path / "benches" / "virtual.bench.yaml"


def add(path: Path, text: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")


def test_a_bench_names_its_laboratory_and_its_photographs(bench: Path) -> None:
    (bench.parent / "front.png").write_bytes(PNG)
    add(bench, "laboratory: {name: L, address: A street}\nphotographs: [{file: front.png, caption: From the front}]")
    found = load_bench(bench)
    assert found.file.laboratory
    assert (found.file.laboratory.name, found.file.laboratory.location) == ("L", None)
    assert found.photographs == (bench.parent / "front.png",)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.png", None, "cannot be read"),
        ("text.png", b"no picture", "neither a PNG nor a JPEG"),
        ("wrong.jpg", PNG, "called otherwise than it is"),
    ],
)
def test_what_is_no_photograph_is_refused_at_its_line(bench: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (bench.parent / name).write_bytes(content)
    add(bench, f"photographs: [{{file: {name}, caption: c}}]")
    lines = bench.read_text(encoding="utf-8").count("\n")
    with pytest.raises(DocumentInvalid, match=rf":{lines}:\d+: photographs\[0\]\.file: .*{said}"):
        load_bench(bench)


def test_an_item_that_is_not_finished_must_be_justified(bench: Path) -> None:
    device = bench.parents[1] / "duts" / "p24-low-level.dut.yaml"
    whole = device.read_text(encoding="utf-8")
    add(device, "sample: {finished: false, received: 2026-11-02}")
    with pytest.raises(DocumentInvalid, match="needs a 'justification'"):
        load_device(device)
    device.write_text(whole, encoding="utf-8")
    add(device, "sample: {finished: false, justification: the housing differs only, received: 2026-11-02}")
    sample = load_device(device).file.sample
    assert sample
    assert sample.received
    assert sample.received.isoformat() == "2026-11-02"


@pytest.mark.parametrize(
    ("said", "temperature", "humidity"),
    [
        ("23.1 degC, 41 %", (23.1, None), (0.41, None)),
        ("41 +- 3 %, 23.1 ± 0.5 °C", (23.1, 0.5), (0.41, 0.03)),
        ("-5 degC", (-5.0, None), None),
    ],
)
def test_surroundings_are_read_from_what_is_said(
    tmp_path: Path, said: str, temperature: tuple[float, float | None], humidity: tuple[float, float | None] | None
) -> None:
    found, source = read_surroundings(said, tmp_path)
    assert source is None
    for reading, expected in ((found.temperature, temperature), (found.humidity, humidity)):
        assert (None if reading is None else (reading.value, reading.expanded_uncertainty)) == (
            None if expected is None else pytest.approx(expected)
        )


@pytest.mark.parametrize(
    "said", ["warm", "23.1", "23 K", "23 degC, 24 degC", "140 %", "900 degC", "23 degC 41 %", "23 degC,"]
)
def test_what_is_not_understood_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(Refused, match="--environment: "):
        read_surroundings(said, tmp_path)


def test_surroundings_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "room.yaml"
    file.write_text("temperature: 23.1 +- 0.5 degC\ninstrument: a thermometer\ndue: 2027-03-14\n", encoding="utf-8")
    found, source = read_surroundings("room.yaml", tmp_path)
    assert found.temperature
    assert found.temperature.expanded_uncertainty == 0.5
    assert found.humidity is None
    assert source
    assert source.path == file
    file.write_text("temperature: hot\nhumidty: 3 %\n", encoding="utf-8")
    with pytest.raises(DocumentInvalid) as caught:
        read_surroundings("room.yaml", tmp_path)
    assert "room.yaml:1:14" in str(caught.value)
    assert "did you mean 'humidity'" in str(caught.value)


def test_a_copy_in_the_evidence_needs_no_photograph_to_be_read(bench: Path) -> None:
    add(bench, "photographs: [{file: none.png, caption: c}]")
    assert load_bench(bench, find=lambda naming, named: naming.parent / named).photographs
