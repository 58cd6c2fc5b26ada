"""What people tell of a run, as entries of its record: purpose, item, laboratory, surroundings, deviations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.bench.surroundings import read_surroundings
from rig.errors import Refused
from rig.evidence.about import (
    AboutEntry,
    DeviationEntry,
    EnvironmentEntry,
    LaboratoryEntry,
    PhotographEntry,
    ReadingEntry,
    SampleEntry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rig.bench.definition import BenchDefinition, SourceFile
    from rig.bench.device_file import DeviceFile
    from rig.bench.surroundings import Reading, Surroundings
    from rig.evidence.store import Bundle
    from rig.plan.about import AboutPart

__all__ = ["Told", "about_entry", "laboratory_entry", "photograph_entries", "sample_entry"]

_LONGEST = 4000
_PARTS = re.compile(r";\s*(cause|impact)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was said on the command line: the surroundings, with the file they stand in, and deviations."""

    surroundings: Surroundings | None = None
    source: SourceFile | None = None
    deviations: tuple[DeviationEntry, ...] = ()

    @classmethod
    def of(cls, environment: str, notes: Sequence[str], directory: Path) -> Told:
        """Read what was said.

        Raises
        ------
        Refused
            for what is not understood
        """
        deviations = tuple(map(_deviation, notes))
        if not environment:
            return cls(deviations=deviations)
        surroundings, source = read_surroundings(environment, directory)
        return cls(surroundings=surroundings, source=source, deviations=deviations)

    def environment(self, bundle: Bundle) -> EnvironmentEntry | None:
        """Record the surroundings; a file that says them is kept."""
        said, source = self.surroundings, self.source
        if said is None:
            return None
        kept = None
        if source is not None:
            kept = bundle.copy_source(source.path, "environment", shown_as=source.shown_as, sha256=source.sha256)
        return EnvironmentEntry(
            temperature=_reading(said.temperature),
            humidity=_reading(said.humidity),
            instrument=said.instrument or "",
            certificate=said.certificate or "",
            due=said.due,
            source=kept,
        )


def _reading(reading: Reading | None) -> ReadingEntry | None:
    if reading is None:
        return None
    return ReadingEntry(value=reading.value, expanded_uncertainty=reading.expanded_uncertainty)


def _deviation(note: str) -> DeviationEntry:
    """Read ``what was done otherwise; cause: why; impact: what it means``."""
    text, *rest = _PARTS.split(note)
    parts = {key.lower(): said.strip() for key, said in zip(rest[::2], rest[1::2], strict=True)}
    if not text.strip() or len(note) > _LONGEST:
        raise Refused(f"--note: expected at most {_LONGEST} letters that begin with what was done otherwise")
    if len(parts) != len(rest) // 2:
        raise Refused("--note: cause and impact may be said once each")
    return DeviationEntry(text=text.strip(), **parts)


def about_entry(about: AboutPart | None) -> AboutEntry | None:
    """Record what a plan says of itself."""
    return None if about is None else AboutEntry.model_validate(about.model_dump(exclude_none=True))


def laboratory_entry(definition: BenchDefinition) -> LaboratoryEntry | None:
    """Record whose bench it is, and where it stands."""
    said = definition.file.laboratory
    return None if said is None else LaboratoryEntry.model_validate(said.model_dump(exclude_none=True))


def photograph_entries(bundle: Bundle, definition: BenchDefinition) -> Iterator[PhotographEntry]:
    """Keep the photographs of the set-up."""
    for said, path in zip(definition.file.photographs, definition.photographs, strict=True):
        yield PhotographEntry(caption=said.caption, source=bundle.copy_source(path, "photographs"))


def sample_entry(device: DeviceFile) -> SampleEntry | None:
    """Record what the device file says of the item itself."""
    return None if device.sample is None else SampleEntry.model_validate(device.sample.model_dump(exclude_none=True))
