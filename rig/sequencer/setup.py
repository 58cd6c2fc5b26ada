"""What a person named on the command line, read and checked: bench, device and limit packs; nothing is opened here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rig.bench.feeding import agree_on_supply
from rig.bench.reading import agree_on_protocol, load_bench, load_device
from rig.documents import read_document, validate
from rig.errors import Refused
from rig.sequencer.resolve import Resolver
from rig.sequencer.told import Told
from rig.verdict.packs import LimitPack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.bench.definition import BenchDefinition, DeviceDefinition
    from rig.evidence.signing import Signer
    from rig.roles import Attendant

__all__ = ["Pack", "RunOptions", "Setup", "read_setup"]

DEFAULT_BENCH = Path("fixtures/benches/virtual.bench.yaml")
LIMITS = Path("fixtures/limits")
EVIDENCE = Path("reports/out")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a person chose, with the defaults filled in.

    ``record_io`` writes every dialogue with an instrument into the evidence; ``played_from`` is the evidence of a run
    whose dialogues answer in place of the instruments. ``attendant`` is the person at the terminal, if there is one.
    ``signer`` signs the evidence. ``told`` is what the person said of surroundings and deviations.
    """

    root: Path
    bench: Path
    device: Path | None
    evidence: Path
    operator: str = ""
    real_time: bool = False
    record_io: bool = False
    played_from: Path | None = None
    attendant: Attendant | None = None
    signer: Signer | None = None
    told: Told = field(default_factory=Told)

    @classmethod
    def of(
        cls,
        *,
        root: Path,
        directory: Path,
        bench: str | Path | None = None,
        device: str | Path | None = None,
        evidence: str | Path | None = None,
        operator: str = "",
        real_time: bool = False,
        record_io: bool = False,
        played_from: str | Path | None = None,
        attendant: Attendant | None = None,
        signer: Signer | None = None,
        told: Told | None = None,
    ) -> RunOptions:
        """Fill in defaults below the project's root; what was given is relative to where the person stands.

        Who stands in a project means that project, wherever a plan is taken from.
        """
        if (directory / DEFAULT_BENCH).is_file():
            root = directory
        return cls(
            root=root,
            bench=root / DEFAULT_BENCH if bench is None else directory / bench,
            device=None if device is None else directory / device,
            evidence=root / EVIDENCE if evidence is None else directory / evidence,
            operator=operator,
            real_time=real_time,
            record_io=record_io,
            played_from=None if played_from is None else directory / played_from,
            attendant=attendant,
            signer=signer,
            told=told or Told(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A limit pack and the file it was read from."""

    pack: LimitPack
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything read from files and checked, nothing opened."""

    definition: BenchDefinition
    device: DeviceDefinition
    packs: Mapping[str, Pack]

    def resolver(self) -> Resolver:
        """What resolves cases against all of this."""
        return Resolver(self.definition, self.device, {name: one.pack for name, one in self.packs.items()})


def read_setup(options: RunOptions) -> Setup:
    """Read bench, device and limit packs; every mistake in any of them is raised at its place."""
    definition = load_bench(options.bench)
    device = load_device(options.device or definition.device_path)
    if device.file.faults and not definition.virtual:
        raise Refused(f"{device.path}: a device with faults exists on the virtual bench only")
    agree_on_protocol(definition, device)
    agree_on_supply(definition, device)
    return Setup(definition=definition, device=device, packs=_read_packs(options.root / LIMITS))


def _read_packs(folder: Path) -> dict[str, Pack]:
    packs: dict[str, Pack] = {}
    for path in sorted(folder.glob("*.limits.yaml")):
        document = read_document(path)
        pack = validate(document, LimitPack)
        packs[pack.id] = Pack(pack=pack, path=path, sha256=document.sha256)
    return packs
