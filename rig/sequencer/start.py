"""From the files a person names to an open bench and a run; and from an ended run to sealed evidence."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rig.acquisition.delivery import BLOCK
from rig.bench.build import CLOCK, open_bench
from rig.bench.drivers.system_clock import SystemClock
from rig.bench.opening import TWIN
from rig.bench.recording import recorded_dialogues
from rig.errors import DocumentInvalid, Problem
from rig.evidence.store import Bundle, run_id
from rig.plan.load import load_plan
from rig.sequencer.attended import Noted, is_by_hand, refuse_unattended
from rig.sequencer.guarding import guarded
from rig.sequencer.highest import short_of_highest
from rig.sequencer.measurability import show_forecast
from rig.sequencer.playback import DIALOGUES, play_back, recorded
from rig.sequencer.run import Run
from rig.sequencer.seal import Header, run_record, seal_run
from rig.sequencer.setup import read_setup
from rig.sequencer.twin_configuration import twin_configuration
from rig.sequencer.uninterrupted import uninterrupted
from rig.sequencer.virtual import virtual_bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rig.bench.build import Bench
    from rig.evidence.journal import Journal
    from rig.plan.case import Case
    from rig.plan.load import LoadedPlan
    from rig.sequencer.resolve import ResolvedCase
    from rig.sequencer.seal import Renderer
    from rig.sequencer.setup import RunOptions, Setup

# Where time passes only while somebody waits, nothing is gained by looking more often than this, s.
_UNHURRIED = 0.05

__all__ = ["check_plans", "served", "start_run"]


def check_plans(paths: Sequence[Path], options: RunOptions, *, uncertainty: bool = False) -> Iterator[str]:
    """Yield a line per plan that can be run on this bench; raise every mistake of all of them."""
    setup = read_setup(options)
    resolver = setup.resolver()
    problems: list[Problem] = []
    lines: list[str] = []
    plans: list[LoadedPlan] = []
    for path in _plan_files(paths):
        try:
            loaded = load_plan(path)
            _refuse_twins([*plans, loaded])
            plans.append(loaded)
            resolved = resolver.resolve(loaded.cases, [loaded])
        except DocumentInvalid as error:
            problems.extend(error.problems)
        else:
            lines.append(f"{path}: {loaded.plan.plan}: {len(loaded.cases)} cases can be run on {setup.definition.id}")
            lines += _forecasts(resolved, whole=uncertainty)
            lines += (f"  {text}" for text in short_of_highest(loaded.cases, setup.device.file))
    if problems:
        raise DocumentInvalid(problems)
    yield from lines


def _forecasts(resolved: Sequence[ResolvedCase], *, whole: bool) -> Iterator[str]:
    """Yield what is expected of every check, or only of the one that is hardest to decide and of what is waived."""
    entries = [(one.case.id, entry) for one in resolved for entry in one.forecasts]
    known = [(case, entry) for case, entry in entries if entry.ratio is not None]
    if whole:
        yield from (f"  {case}  {show_forecast(entry)}" for case, entry in entries)
    elif known:
        case, entry = min(known, key=lambda pair: pair[1].ratio or 0.0)
        yield f"  hardest to decide: {case}  {show_forecast(entry)}"
    for case, entry in entries:
        if entry.objection and entry.limit.waiver:
            yield f"  waived: {case}  {show_forecast(entry)}; accepted because: {entry.limit.waiver}"


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


def _nothing_more(bundle: Path) -> None:
    """Do nothing with sealed evidence."""


@contextmanager
def start_run(
    plans: Mapping[Path, LoadedPlan],
    cases: Sequence[Case],
    options: RunOptions,
    *,
    render: Renderer,
    not_selected: int = 0,
    sealed: Callable[[Path], object] = _nothing_more,
) -> Iterator[Run]:
    """Resolve, begin the evidence, open the bench, and yield the run; afterwards make safe, record and seal.

    ``render`` makes the files for readers from the record; they become part of the evidence. ``sealed`` is told where
    the evidence is once it is sealed, however the run has ended.

    Raises
    ------
    Refused
        before any evidence exists, if a file has mistakes or the bench cannot do what a plan asks.
    BenchError
        if the bench cannot be opened; the evidence of the run that failed to start has then been sealed.
    """
    _refuse_twins(plans.values())
    setup = read_setup(options)
    refuse_unattended(setup.definition, options)
    resolver = setup.resolver()
    resolved = resolver.resolve(cases, plans.values())
    if options.played_from is not None:
        recorded(setup.definition, options.played_from)
    clock = SystemClock()
    started = clock.utc()
    bundle = Bundle.create(options.evidence, run_id(started, secrets.token_bytes(3)))
    journal = bundle.begin_journal(clock.utc)
    header = Header.begin(bundle, setup, plans, options, started=started, not_selected=not_selected)
    run = Run(
        resolved,
        resolver=resolver,
        device=setup.device,
        bundle=bundle,
        journal=journal,
        utc=clock.utc,
        now=clock.now,
        block=_UNHURRIED if setup.definition.virtual and not options.real_time else BLOCK,
    )
    reason = "failed_to_start"
    if is_by_hand(setup.definition):
        header.note(f"the device was set, started and stopped by hand, by {options.operator or 'the operator'}")
    journal.write("run begun", bench=setup.definition.id, plans=[loaded.plan.plan for loaded in plans.values()])
    try:
        with ExitStack() as stack:
            addresses = served(stack, setup, options)
            if options.record_io:
                stack.enter_context(recorded_dialogues(bundle.folder / DIALOGUES))
            purpose = f"run {bundle.folder.name}"
            guardian = stack.enter_context(guarded(setup, options, addresses, bundle, purpose))
            bench = open_bench(
                setup.definition,
                setup.device,
                addresses=addresses,
                today=started.date(),
                utc=clock.utc,
                attendant=_noted(options, journal),
            )
            run.begin(_marked(stack.enter_context(bench), options), guardian)
            journal.write("bench open", **_opened(run.bench))
            reason = "crash"
            begun = bundle.write_begun(run_record(run, header, reason=reason, finished=None))
            journal.write("cases begin", file=begun.file, sha256=begun.sha256)
            yield run
            reason = run.ending
    except KeyboardInterrupt:
        reason = "operator_abort"
        raise
    except Exception as error:
        # What goes wrong after the last case is no completed run either: the bench may not have been left safe.
        reason = "failed_to_start" if reason == "failed_to_start" else "crash"
        header.note(f"{reason.replace('_', ' ')}: {error}")
        journal.write("run broken", error=f"{type(error).__name__}: {error}")
        error.add_note(f"evidence: {bundle.folder}")
        raise
    finally:
        with uninterrupted():
            journal.write("run ended", reason=reason)
            seal_run(run, header, render, reason=reason, finished=clock.utc())
            sealed(bundle.folder)


def _marked(bench: Bench, options: RunOptions) -> Bench:
    """Say of a bench that is played back that what it shows is no evidence of anything today."""
    if options.played_from is not None:
        reason = f"its instruments were played back from the run {options.played_from.name}"
        bench.engineering_only = (*bench.engineering_only, reason)
    return bench


def _noted(options: RunOptions, journal: Journal) -> Noted | None:
    return None if options.attendant is None else Noted(options.attendant, journal, options.operator)


def _opened(bench: Bench) -> dict[str, object]:
    """Return who was found on the bench, and what its supply was measured to give when it was switched on."""
    fed = {} if bench.fed is None else {"fed": {"voltage": bench.fed[0], "current": bench.fed[1]}}
    return {"identities": {name: str(one) for name, one in bench.identities.items()}, **fed}


def served(stack: ExitStack, setup: Setup, options: RunOptions) -> Mapping[str, str]:
    """Start the virtual instruments where the bench is a virtual one; a real one has its addresses in its file."""
    if options.played_from is not None:
        return play_back(stack, recorded(setup.definition, options.played_from))
    if not setup.definition.virtual:
        return {}
    configuration = twin_configuration(setup.definition, setup.device, real_time=options.real_time)
    served = stack.enter_context(virtual_bench(configuration)).addresses
    # An address that a person wrote is meant: only where it says "twin" is the virtual instrument taken.
    elsewhere = {name for name, entry in setup.definition.instruments.items() if entry.address != TWIN}
    clock = setup.definition.file.clock
    elsewhere |= {CLOCK} if clock is not None and clock.address != TWIN else set()
    return {name: address for name, address in served.items() if name not in elsewhere}
