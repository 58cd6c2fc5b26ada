"""The JSON Schemas of every file a person writes and of the record, for editors and for other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rig.bench.bench_file import bench_json_schema
from rig.bench.calibration_file import calibration_json_schema
from rig.bench.device_file import device_json_schema
from rig.bench.dialogue.reading import dialogue_json_schema
from rig.bench.load_files import loadbox_json_schema, resistor_json_schema
from rig.bench.surroundings import environment_json_schema
from rig.errors import Refused
from rig.evidence.reading import record_json_schema
from rig.evidence.sealed import refuse_in_evidence
from rig.plan.schema import plan_json_schema
from rig.sequencer.trace.written import requirements_json_schema
from rig.verdict.packs import limit_pack_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["export", "stale", "write_all"]


def _schemas() -> Mapping[str, dict[str, Any]]:
    return {
        "plan": plan_json_schema(),
        "limits": limit_pack_json_schema(),
        "record": record_json_schema(),
        "bench": bench_json_schema(),
        "device": device_json_schema(),
        "dialogue": dialogue_json_schema(),
        "calibration": calibration_json_schema(),
        "loadbox": loadbox_json_schema(),
        "resistor": resistor_json_schema(),
        "environment": environment_json_schema(),
        "requirements": requirements_json_schema(),
    }


def export(name: str) -> str:
    """Return one schema as JSON text; raise Refused for a name that there is not."""
    schemas = _schemas()
    if name not in schemas:
        raise Refused(f"there is no schema {name!r}; there are {', '.join(schemas)}")
    return _text(schemas[name])


def write_all(folder: Path) -> None:
    """Write every schema as ``NAME.schema.json``; raise Refused for a folder in a run's evidence."""
    refuse_in_evidence(folder / "any.schema.json")
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in _schemas().items():
        (folder / f"{name}.schema.json").write_text(_text(schema), encoding="utf-8", newline="\n")


def stale(folder: Path) -> Iterator[str]:
    """Yield the names of the files that are missing or differ from what would be written now."""
    for name, schema in _schemas().items():
        path = folder / f"{name}.schema.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != _text(schema):
            yield str(path)


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
