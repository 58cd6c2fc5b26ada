"""Requirements as files: YAML and CSV say the same, and every mistake is told at its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rig.errors import DocumentInvalid, RigError
from rig.evidence.trace.requirement import Requirements
from rig.sequencer.trace.csv_file import COLUMNS
from rig.sequencer.trace.reading import read_requirements

FOLDER = Path(__file__).parents[2] / "fixtures" / "requirements"


def content(read: Requirements) -> Requirements:
    return replace(read, file="", sha256="", title="", revision="", notes=())


def written(tmp_path: Path, text: str | bytes, name: str = "r.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(DocumentInvalid) as told:
        read_requirements(path)
    return [str(problem).removeprefix(f"{path}:") for problem in told.value.problems]


def test_the_example_is_the_same_as_yaml_and_as_csv() -> None:
    yaml = read_requirements(FOLDER / "p24.requirements.yaml")
    assert content(yaml) == content(read_requirements(FOLDER / "p24.requirements.csv"))
    assert yaml.requirements[0].revised == date(2026, 3, 2)
    assert yaml.requirements[0].hazards == ("HAZ-001", "HAZ-005")


@pytest.mark.parametrize(
    "text",
    [
        "id,hazard,revised\nH,,\n",
        "sep=;\r\nID;Hazards;Revised\r\nH;;\r\n",
        "\ufeffid;hazard;revised\n\nH;;\n",
        "id\thazard\trevised\nH\t\t\n",
        '"id","hazard","revised"\n"H","",""\n',
    ],
)
def test_the_separator_and_a_byte_order_mark_do_not_matter(tmp_path: Path, text: str) -> None:
    assert [one.id for one in read_requirements(written(tmp_path, text)).requirements] == ["H"]


def test_a_cell_may_hold_several_names_and_lines(tmp_path: Path) -> None:
    text = 'kind;id;text;clauses\nrequirement;R;"two\nlines";"FDA 3, 12; ISO 1\nISO 2"\n'
    found = read_requirements(written(tmp_path, text)).requirements[0]
    assert found.text == "two\nlines"
    assert found.clauses == ("FDA 3, 12", "ISO 1", "ISO 2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", [f"1:1: has no header; the columns are {', '.join(COLUMNS)}"]),
        ("id,titel\nR,x\n", ["1:1: titel: unknown column 'titel'; did you mean 'title'?"]),
        ("title\nx\n", ["1:1: the required column 'id' is missing"]),
        ("id,title\nR\n", ["2:1: has 1 cells, and the header has 2"]),
        ("id,revised\nR,\nS,1.3.2026\n", ["3:1: revised: expected a date such as 2027-01-31, found '1.3.2026'"]),
        ('id,text\nR,"a\nb"\nR,c\n', ["4:1: id: 'R' is given twice; first as requirements[0]"]),
        ("id,hazard\nR,HAZ-9\n", ["2:1: hazard: there is no hazard 'HAZ-9' in this file"]),
        ("id,kind\nR,risc\n", ["2:1: kind: expected requirement, hazard or risk_control, found 'risc'"]),
        ("id,kind,title\nH,hazard,x\n", ["2:1: title: a hazard has no title"]),
        ("id\n", ["1:1: holds no requirement"]),
        ("id,title\n,x\n", ["2:1: id: is missing"]),
        ('id,text\nR,"x\n', ["2:1: is not CSV: unexpected end of data"]),
        (b"id\nR\xff\n", ["2:1: is not UTF-8 text: byte 0xff"]),
        ("id\nR\x00\n", ["2:1: holds a NUL, which no text does"]),
    ],
)  # fmt: skip
def test_mistakes_in_a_table_are_told_at_their_line(tmp_path: Path, text: str | bytes, told: list[str]) -> None:
    assert mistakes(written(tmp_path, text)) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("requirements: [{id: R, revised: 1.3.2026}]", "1:33: requirements[0].revised: "),
        ("requirements: [{id: R, hazards: [H]}]", "1:34: requirements[0].hazards[0]: there is no hazard 'H' in this"),
        ("requirements: [{id: R}, {id: R}]", "1:30: requirements[1].id: 'R' is given twice"),
        ("requirements: [{id: R, txt: x}]", "1:24: requirements[0].txt: unknown key 'txt'; did you mean 'text'?"),
        ("requirements: []", "1:15: requirements: expected at least 1 value"),
        ("hazards: [{id: H}]", "1:1: requirements: the required key 'requirements' is missing"),
        ('requirements: [{id: "a\\u202eb"}]', "1:21: requirements[0].id: the invisible character U+202E"),
    ],
)
def test_mistakes_in_yaml_are_told_at_line_and_column(tmp_path: Path, text: str, told: str) -> None:
    assert [one[: len(told)] for one in mistakes(written(tmp_path, text, "r.yaml"))] == [told]


@pytest.mark.parametrize("name", ["r.docx", "r", "missing.csv", "missing.yaml"])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if not name.startswith("missing"):
        path.write_text("x")
    with pytest.raises(RigError, match=name):
        read_requirements(path)
