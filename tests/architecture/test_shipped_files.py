from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import jsonschema
import pytest

from rig.bench.calibration_file import CalibrationFile
from rig.bench.dialogue.reading import read_dialogue
from rig.bench.load_files import LoadBoxFile, ResistorFile
from rig.bench.reading import load_bench, load_device
from rig.documents import read_document, validate
from rig.plan.load import load_plan
from rig.sequencer import schemas
from rig.sequencer.setup import RunOptions
from rig.sequencer.start import check_plans
from rig.sequencer.trace.reading import read_requirements
from rig.verdict.packs import LimitPack
from tests.architecture.project import ROOT

MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
SCHEMAS = ROOT / "docs" / "schemas"

# By the last two parts of a file's name: which schema it keeps to, and what reads it.
KINDS: Mapping[str, tuple[str, Callable[[Path], object]]] = MappingProxyType({
    "plan.yaml": ("plan", load_plan),
    "bench.yaml": ("bench", load_bench),
    "dut.yaml": ("device", load_device),
    "dialogue.yaml": ("dialogue", read_dialogue),
    "loadbox.yaml": ("loadbox", lambda path: validate(read_document(path), LoadBoxFile)),
    "resistor.yaml": ("resistor", lambda path: validate(read_document(path), ResistorFile)),
    "calibration.yaml": ("calibration", lambda path: validate(read_document(path), CalibrationFile)),
    "limits.yaml": ("limits", lambda path: validate(read_document(path), LimitPack)),
    "requirements.yaml": ("requirements", read_requirements),
})

FILES = sorted(path for folder in ("testplans", "fixtures") for path in (ROOT / folder).rglob("*.yaml"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def kind(path: Path) -> tuple[str, Callable[[Path], object]]:
    return KINDS[".".join(path.name.split(".")[-2:])]


def test_there_is_one_of_every_kind() -> None:
    assert {kind(path)[0] for path in FILES} == {name for name, _ in KINDS.values()}


@every_file
def test_every_shipped_file_is_read_without_a_mistake(path: Path) -> None:
    kind(path)[1](path)


@every_file
def test_every_shipped_file_names_the_schema_of_its_kind_and_keeps_to_it(path: Path) -> None:
    modeline = MODELINE.match(path.read_text(encoding="utf-8"))
    assert modeline, "the first line names the schema, so that editors help"
    named = (path.parent / modeline[1]).resolve()
    assert named == SCHEMAS / f"{kind(path)[0]}.schema.json"
    jsonschema.validate(read_document(path).data, read_document(named).data)


def test_the_exported_schemas_are_current() -> None:
    assert list(schemas.stale(SCHEMAS)) == []


def test_the_default_bench_can_run_every_shipped_plan() -> None:
    plans = sorted((ROOT / "testplans").glob("*.plan.yaml"))
    lines = list(check_plans([ROOT / "testplans"], RunOptions.of(root=ROOT, directory=ROOT)))
    assert plans
    for plan in plans:
        assert any(line.startswith(f"{plan}: ") and line.endswith("cases can be run on virtual") for line in lines)


def test_ids_are_unique_among_files_of_one_kind() -> None:
    seen: dict[tuple[str, str], str] = {}
    for path in FILES:
        document = read_document(path).data
        name = str(next(iter(document.values())))
        other = seen.setdefault((kind(path)[0], name), path.name)
        assert other == path.name, f"{path.name} and {other} are both {name!r}"
