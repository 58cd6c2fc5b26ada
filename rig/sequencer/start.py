"""From the files a person names to an open bench and a run; and from an ended run to sealed evidence."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rig.bench.build import open_bench
from rig.bench.definition import load_bench, load_device
from rig.bench.drivers.system_clock import SystemClock
from rig.documents import read_document, validate
from rig.errors import DocumentInvalid, Problem, Refused
from rig.evidence.store import Bundle, run_id
from rig.plan.load import load_plan
from rig.sequencer.resolve import Resolver
from rig.sequencer.run import Run
from rig.sequencer.seal import Header, seal_run
from rig.sequencer.twin_configuration import twin_configuration
from rig.sequencer.virtual import virtual_bench
from rig.verdict.packs import LimitPack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rig.bench.definition import BenchDefinition, DeviceDefinition
    from rig.plan.case import Case
    from rig.plan.load import LoadedPlan

__all__ = ["RunOptions", "Setup", "check_bench", "check_plans", "start_run"]

DEFAULT_BENCH = Path("fixtures/benches/virtual.bench.yaml")
LIMITS = Path("fixtures/limits")
EVIDENCE = Path("reports/out")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a person chose, with the defaults filled in."""

    root: Path
    bench: Path
    device: Path | None
    evidence: Path
    operator: str = ""
    real_time: bool = False

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
    ) -> RunOptions:
        """Fill in defaults below the project's root; what was given is relative to where the person stands."""
        return cls(
            root=root,
            bench=root / DEFAULT_BENCH if bench is None else directory / bench,
            device=None if device is None else directory / device,
            evidence=root / EVIDENCE if evidence is None else directory / evidence,
            operator=operator,
            real_time=real_time,
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
    return Setup(definition=definition, device=device, packs=_read_packs(options.root / LIMITS))


def _read_packs(folder: Path) -> dict[str, Pack]:
    packs: dict[str, Pack] = {}
    for path in sorted(folder.glob("*.limits.yaml")):
        document = read_document(path)
        pack = validate(document, LimitPack)
        packs[pack.id] = Pack(pack=pack, path=path, sha256=document.sha256)
    return packs


def check_plans(paths: Sequence[Path], options: RunOptions) -> Iterator[str]:
    """Yield a line per plan that can be run on this bench; raise every mistake of all of them."""
    setup = read_setup(options)
    resolver = setup.resolver()
    problems: list[Problem] = []
    lines: list[str] = []
    for path in _plan_files(paths):
        try:
            loaded = load_plan(path)
            resolver.resolve(loaded.cases)
        except DocumentInvalid as error:
            problems.extend(error.problems)
        else:
            lines.append(f"{path}: {loaded.plan.plan}: {len(loaded.cases)} cases can be run on {setup.definition.id}")
    if problems:
        raise DocumentInvalid(problems)
    yield from lines


def _plan_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.plan.yaml"))
        else:
            yield path


def _refuse_twins(plans: Iterable[LoadedPlan]) -> None:
    """Two plans with one id could not be told apart in the evidence."""
    seen: dict[str, str] = {}
    problems = []
    for loaded in plans:
        other = seen.setdefault(loaded.plan.plan, loaded.document.shown_as)
        if other != loaded.document.shown_as:
            problems.append(loaded.document.problem(("plan",), f"{loaded.plan.plan!r} is also the id of {other}"))
    if problems:
        raise DocumentInvalid(problems)


@contextmanager
def start_run(
    plans: Mapping[Path, LoadedPlan], cases: Sequence[Case], options: RunOptions, *, not_selected: int = 0
) -> Iterator[Run]:
    """Resolve, begin the evidence, open the bench, and yield the run; afterwards make safe, record and seal.

    Raises
    ------
    Refused
        before any evidence exists, if a file has mistakes or the bench cannot do what a plan asks.
    BenchError
        if the bench cannot be opened; the evidence of the run that failed to start has then been sealed.
    """
    _refuse_twins(plans.values())
    setup = read_setup(options)
    resolver = setup.resolver()
    resolved = resolver.resolve(cases)
    clock = SystemClock()
    started = clock.utc()
    bundle = Bundle.create(options.evidence, run_id(started, secrets.token_bytes(3)))
    journal = bundle.begin_journal(clock.utc)
    header = Header.begin(bundle, setup, plans, options, started=started, not_selected=not_selected)
    run = Run(resolved, resolver=resolver, device=setup.device, bundle=bundle, journal=journal, utc=clock.utc)
    reason = "failed_to_start"
    journal.write("run begun", bench=setup.definition.id, plans=[loaded.plan.plan for loaded in plans.values()])
    try:
        with ExitStack() as stack:
            addresses = _serve(stack, setup, options)
            bench = open_bench(setup.definition, setup.device, addresses=addresses, today=started.date(), utc=clock.utc)
            run.begin(stack.enter_context(bench))
            journal.write("bench open", identities={name: str(one) for name, one in run.bench.identities.items()})
            reason = "crash"
            yield run
            reason = "limit_stop" if run.latched else "completed"
    except KeyboardInterrupt:
        reason = "operator_abort"
        raise
    except Exception as error:
        header.note(f"{reason.replace('_', ' ')}: {error}")
        journal.write("run broken", error=f"{type(error).__name__}: {error}")
        raise
    finally:
        journal.write("run ended", reason=reason)
        seal_run(run, header, reason=reason, finished=clock.utc())


def _serve(stack: ExitStack, setup: Setup, options: RunOptions) -> Mapping[str, str]:
    """Start the virtual instruments where the bench is a virtual one; a real one has its addresses in its file."""
    if not setup.definition.virtual:
        return {}
    configuration = twin_configuration(setup.definition, setup.device, real_time=options.real_time)
    return stack.enter_context(virtual_bench(configuration)).addresses


def check_bench(options: RunOptions) -> Iterator[str]:
    """Open every instrument, and yield a line for each: who it is, and whether its calibration holds."""
    setup, clock = read_setup(options), SystemClock()
    with ExitStack() as stack:
        addresses = _serve(stack, setup, options)
        today = clock.utc().date()
        opening = open_bench(setup.definition, setup.device, addresses=addresses, today=today, utc=clock.utc)
        bench = stack.enter_context(opening)
        for name, identity in bench.identities.items():
            known = bench.calibrations.get(name)
            state = "no calibration on file"
            if known is not None:
                state = f"calibration {'EXPIRED' if known.expired else 'due'} {known.calibration.due}"
            yield f"{name:<12} {identity}; {state}"
        for reason in bench.engineering_only:
            yield f"ENGINEERING ONLY: {reason}"
