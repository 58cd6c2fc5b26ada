"""What a run was based on, read from the copies in its evidence: plans, bench, device, calibrations, limit packs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from rig.bench.reading import load_bench, load_device
from rig.documents import read_document, validate
from rig.errors import EvidenceError, Refused
from rig.evidence.kept_capture import kept_file
from rig.evidence.naming import safe_name
from rig.plan.load import load_plan
from rig.sequencer.resolve import Resolver
from rig.verdict.packs import LimitPack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rig.bench.definition import BenchDefinition
    from rig.bench.device_file import Ratings
    from rig.evidence.record import RunRecord
    from rig.plan.case import Case

__all__ = ["PACKS", "Sources", "pack_files", "read_packs", "read_sources"]

PACKS = "*.limits.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The bench, the cases by plan and id, what resolves them, the smallest electrode's area in m², and the ratings."""

    definition: BenchDefinition
    cases: Mapping[tuple[str, str], Case]
    resolver: Resolver
    electrode_area: float
    ratings: Ratings


def read_sources(folder: Path, record: RunRecord, packs: Mapping[str, LimitPack]) -> Sources:
    """Read a bundle's copies; ``packs`` are applied in place of the run's own of the same id.

    Raises
    ------
    RigError
        if a copy is missing, or cannot be read by today's code
    """
    if record.bench is None or record.device is None:
        raise Refused(f"{record.run_id}: the record names no bench or no device: there is nothing to replay")
    definition = load_bench(kept_file(folder, record.bench.source), find=_copy)
    device = load_device(kept_file(folder, record.device.source), find=_copy)
    own = read_packs([kept_file(folder, entry.source) for entry in record.packs])
    cases = {
        (case.plan, case.id): case
        for plan in record.plans
        for case in load_plan(kept_file(folder, plan.source), shown_as=plan.source.origin).cases
    }
    return Sources(
        definition=definition,
        cases=cases,
        resolver=Resolver(definition, device, {**own, **packs}),
        electrode_area=device.file.electrodes.smallest_area,
        ratings=device.file.ratings,
    )


def pack_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files of limit packs that a person named, folders searched; each was seen to be one.

    Raises
    ------
    Refused
        if there is none where one was named, or two have one id
    DocumentInvalid
        with the mistakes of one
    """
    found: list[Path] = []
    for path in paths:
        files = sorted(path.glob(PACKS)) if path.is_dir() else [path]
        if not files or not files[0].is_file():
            raise Refused(f"--limits: there is no limit pack at {path}")
        found += files
    read_packs(found)
    return tuple(found)


def read_packs(files: Sequence[Path]) -> dict[str, LimitPack]:
    """Read limit packs, by id.

    Raises
    ------
    Refused
        if two of them have one id
    """
    packs: dict[str, LimitPack] = {}
    for path in files:
        pack = validate(read_document(path), LimitPack)
        if pack.id in packs:
            raise Refused(f"{path}: there is another limit pack {pack.id!r}")
        packs[pack.id] = pack
    return packs


def _copy(naming: Path, named: str) -> Path:
    """Return the copy of a file that another one names: copies stand side by side, as the evidence named them."""
    original = PurePath(named.replace("\\", "/"))
    name = f"{safe_name(original.stem)}{original.suffix}"
    found = [path for path in (naming.parent / name, *sorted(naming.parent.glob(f"*/{name}"))) if path.is_file()]
    if len(found) > 1:
        raise EvidenceError(f"there are {len(found)} files {name} in the evidence, and it does not say which is meant")
    return found[0] if found else naming.parent / name
