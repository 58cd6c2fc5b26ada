"""Whether what a bench file says fits together: drivers, roles, signals, the guard's patience, the twin's faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.bench_file import AUTO
from rig.bench.catalog import driver_names, driver_of, drivers_for
from rig.bench.needs import what_the_driver_misses
from rig.bench.opening import TWIN
from rig.documents import nearest
from rig.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rig.bench.bench_file import BenchFile, InstrumentEntry
    from rig.bench.catalog import Driver
    from rig.documents import Document
    from rig.errors import Problem

__all__ = ["bench_problems", "with_drivers"]

_LONGEST_WAITS = {"heartbeat": 1.0, "answer": 0.5}

# Faults that not every instrument can have, and the roles that can.
_FAULTS_OF: dict[str, tuple[str, ...]] = {
    "stuck_closed": ("interlock", "load-switch"),
    "stuck_open": ("load-switch",),
    "wrong_relay": ("load-switch",),
    "mute": ("interlock", "load-switch"),
}


def bench_problems(document: Document, bench: BenchFile) -> list[Problem]:
    """Tell everything that is wrong within a bench file, each at its place."""

    def problem(*loc: str, say: str) -> Problem:
        return document.problem(loc, say)

    problems = []
    roles: dict[str, str] = {}
    for name, entry in bench.instruments.items():
        at = ("instruments", name)
        problems += [problem(*at, *key, say=say) for key, say in _driver_problems(entry)]
        if entry.role in roles:
            problems.append(problem(*at, "role", say=f"{roles[entry.role]!r} is the {entry.role} already"))
        roles.setdefault(entry.role, name)
        if entry.identity is None and entry.role != "stimulator":
            problems.append(problem(*at, say="'identity' is missing: who must the instrument be?"))
        if entry.address == TWIN and bench.twin is None:
            problems.append(problem(*at, "address", say="'twin' is an address of a virtual bench only"))
    problems += _twin_problems(problem, bench)
    problems += _guard_problems(problem, bench, roles)
    problems += _signal_problems(problem, bench)
    problems += [
        problem("instruments", say=f"no instrument has the role {role}")
        for role in ("load-switch", "stimulator")
        if role not in roles
    ]
    return problems


def with_drivers(bench: BenchFile) -> BenchFile:
    """Name the driver of every instrument that is recognised by who it must be."""
    found = {
        name: entry.model_copy(update={"driver": known[0].name})
        for name, entry in bench.instruments.items()
        if entry.driver == AUTO and len(known := _recognising(entry)) == 1
    }
    return bench.model_copy(update={"instruments": {**bench.instruments, **found}}) if found else bench


def _recognising(entry: InstrumentEntry) -> list[Driver]:
    who = entry.identity
    known = () if who is None else drivers_for(f"{who.manufacturer},{who.model}")
    return [driver for driver in known if driver.role == entry.role]


def _driver_problems(entry: InstrumentEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    """Tell what is wrong about the driver, or about what is said to it, each with the key to blame."""
    if entry.driver == AUTO:
        names = ", ".join(driver.name for driver in _recognising(entry))
        say = f"name one of: {names}" if names else f"no driver for a {entry.role} recognises it by its 'identity'"
        yield (), f"'driver' is missing: {say}"
        return
    try:
        driver = driver_of(entry.driver)
    except Refused as error:
        yield ("driver",), str(error)
        return
    if driver is None:
        yield ("driver",), f"there is no driver {entry.driver!r}{nearest(entry.driver, driver_names())}"
        return
    if entry.role != driver.role:
        yield ("driver",), f"a {entry.driver} is a {driver.role}, not a {entry.role}"
    yield from what_the_driver_misses(driver, entry)


def _twin_problems(problem: Callable[..., Problem], bench: BenchFile) -> list[Problem]:
    problems = []
    if bench.twin is not None and bench.clock is None:
        problems.append(problem("twin", say="a virtual bench needs a 'clock'"))
    if bench.twin is None and bench.clock is not None:
        problems.append(problem("clock", say="a real bench goes by the computer's own clock; remove this"))
    for fault in bench.twin.faults if bench.twin else ():
        able = _FAULTS_OF.get(fault.kind)
        if fault.instrument not in bench.instruments:
            names = ", ".join(bench.instruments)
            problems.append(problem("twin", "faults", say=f"no instrument {fault.instrument!r}; there are: {names}"))
        elif able is not None and bench.instruments[fault.instrument].role not in able:
            say = f"{fault.kind} is a fault of {_one_of(able)}; {fault.instrument!r} is not one"
            problems.append(problem("twin", "faults", say=say))
    return problems


def _one_of(roles: Iterable[str]) -> str:
    return " or ".join(f"{'an' if role[0] in 'aeio' else 'a'} {role}" for role in roles)


def _guard_problems(problem: Callable[..., Problem], bench: BenchFile, roles: Mapping[str, str]) -> list[Problem]:
    """Hold the guard's patience against the bench: only where nobody is hurt may a slow machine be waited for."""
    problems = []
    if "interlock" not in roles and bench.guard.model_fields_set:
        problems.append(problem("guard", say="only a bench with an interlock has a guard"))
    for key, longest in _LONGEST_WAITS.items() if bench.twin is None else ():
        if getattr(bench.guard, key) > longest:
            say = f"on a real bench {longest:g} s at most: for so long current may flow that nobody watches"
            problems.append(problem("guard", key, say=say))
    return problems


def _signal_problems(problem: Callable[..., Problem], bench: BenchFile) -> list[Problem]:
    problems = []
    for signal, role in (("voltage", "oscilloscope"), ("current", "digitizer")):
        entry = getattr(bench.signals, signal)
        if entry is None:
            continue
        at = ("signals", signal, "instrument")
        instrument = bench.instruments.get(entry.instrument)
        if instrument is None:
            names = ", ".join(bench.instruments)
            problems.append(problem(*at, say=f"no instrument {entry.instrument!r}; there are: {names}"))
        elif instrument.role != role:
            problems.append(problem(*at, say=f"{signal} is read by the {role}; {entry.instrument!r} is not one"))
        elif instrument.calibration is None:
            say = f"{entry.instrument!r} measures, so it needs a 'calibration'"
            problems.append(problem("instruments", entry.instrument, say=say))
    if bench.signals.voltage is None and bench.signals.current is None:
        problems.append(problem("signals", say="a bench needs at least one of 'voltage' and 'current'"))
    return problems
