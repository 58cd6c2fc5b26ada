"""What the schema cannot see: keys that contradict each other, pulses that do not fit, limits that mean nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rig.documents import nearest
from rig.model.stimulus import Shape
from rig.plan.case import Ranging
from rig.plan.events import ends_train, event_mistakes, occurrences
from rig.plan.measurands import MEASURANDS
from rig.plan.schema import FOREVER, CasePart, Plan, Sweep
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.model.stimulus import Stimulus

__all__ = [
    "NO_INTERPHASE",
    "Mistake",
    "case_mistakes",
    "effective_load",
    "impossible",
    "plan_mistakes",
    "ranging",
    "stimulus_mistakes",
    "sweep_mistakes",
    "takes_zero",
]

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A contradiction, and where in the case (or plan) it lies; ``at_key`` says whether its key is meant."""

    loc: Loc
    message: str
    at_key: bool = False


def plan_mistakes(plan: Plan, numbers: Sequence[int]) -> Iterator[Mistake]:
    """Yield what is wrong between the cases; ``numbers`` are the cases' indices in the file."""
    seen: dict[str, tuple[str, int]] = {}
    for number, case in zip(numbers, plan.cases, strict=True):
        first = seen.setdefault(case.id.lower(), (case.id, number))
        if first[1] != number:
            how = "is given twice" if first[0] == case.id else f"differs from {first[0]!r} only in upper and lower case"
            yield Mistake(loc=("cases", number, "id"), message=f"the case id {case.id!r} {how}")
    for pack, times in Counter(plan.limits).items():
        if times > 1:
            yield Mistake(loc=("limits",), message=f"the limit pack {pack!r} is given twice")
    if plan.limits and not any(
        check.measurand is None for case in plan.cases for check in (*case.verify, *case.series)
    ):
        message = "no case verifies these packs; add '- limits: all' where they apply"
        yield Mistake(loc=("limits",), message=message, at_key=True)


def effective_load(plan: Plan, case: CasePart) -> str | None:
    """Return the load of a case that does not sweep it: its own, the defaults', or the first that is required."""
    return case.load or plan.defaults.load or next(iter(plan.requires.load), None)


def takes_zero(plan: Plan, case: CasePart) -> bool:
    """Whether a capture with the output off is taken; always, unless the plan says never."""
    return (case.capture.zero or plan.defaults.capture.zero) != "never"


def ranging(plan: Plan, case: CasePart) -> Ranging:
    """What a case's ranges are chosen for; for what a scout shows, unless the plan says otherwise."""
    return case.capture.ranging or plan.defaults.capture.ranging or Ranging.SCOUT


def sweep_mistakes(case: CasePart, written: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what is wrong between the sweep's keys and the case's own."""
    sweep = case.sweep
    if sweep is None:
        return
    for loc, key, values in _axes(sweep, written):
        if key in case.stimulus.model_fields_set or (key == "load" and case.load is not None):
            yield Mistake(loc=loc, message=f"{key} is given by the case and swept as well", at_key=True)
        if loc[1] == "zip" and key in sweep.model_fields_set:
            yield Mistake(loc=loc, message=f"{key} is swept twice", at_key=True)
        if loc[1] != "zip" and len(set(values)) < len(values):
            yield Mistake(loc=loc, message="the same value is given twice")
    if sweep.zip is not None:
        yield from _zip_mistakes({key: sweep.zip.axis(key) for key in written["zip"]})


def _zip_mistakes(columns: Mapping[str, Sequence[Any]]) -> Iterator[Mistake]:
    if len({len(values) for values in columns.values()}) > 1:
        lengths = ", ".join(f"{key} has {len(values)}" for key, values in columns.items())
        yield Mistake(loc=("sweep", "zip"), message=f"keys that vary together need lists of one length; {lengths}")
        return
    rows = list(zip(*columns.values(), strict=True))
    if len(set(rows)) < len(rows):
        yield Mistake(loc=("sweep", "zip"), message="the same values are given twice")


def _axes(sweep: Sweep, written: Mapping[str, Any]) -> Iterator[tuple[Loc, str, Sequence[Any]]]:
    for key in written:
        if key != "zip":
            yield ("sweep", key), key, sweep.axis(key)
        elif sweep.zip is not None:
            for zipped in written[key]:
                yield ("sweep", key, zipped), zipped, sweep.zip.axis(zipped)


def case_mistakes(plan: Plan, case: CasePart) -> Iterator[Mistake]:
    """Yield what is wrong within a case, whatever the swept values are."""
    yield from _load_mistakes(plan, case)
    yield from _event_mistakes(plan, case)
    yield from _series_mistakes(plan, case)
    happens = occurrences([event.event() for event in case.events], _first_loads(plan, case))
    for index, check in enumerate(case.verify):
        name = check.measurand
        if name is None:
            if not plan.limits:
                yield Mistake(loc=("verify", index, "limits"), message=_NO_PACKS)
            continue
        loc: Loc = ("verify", index, name)
        if MEASURANDS[name].needs_zero and not takes_zero(plan, case):
            yield Mistake(loc=loc, message=f"{name} needs a zero capture, and this case takes none", at_key=True)
        needed = MEASURANDS[name].needs_event
        if needed is not None and needed not in happens:
            yield Mistake(loc=loc, message=f"{name} needs {needed.value}", at_key=True)
        during = check.bound.during
        if during is not None and during not in _loads(plan, case):
            yield Mistake(loc=(*loc, "during"), message=f"{during!r} is never connected in this case")
        elif during is not None and MEASURANDS[name].in_time:
            message = f"{name} speaks of the whole case, not of a stretch of it"
            yield Mistake(loc=(*loc, "during"), message=message, at_key=True)


def _series_mistakes(plan: Plan, case: CasePart) -> Iterator[Mistake]:
    if case.series and case.sweep is None:
        yield Mistake(loc=("series",), message="a series speaks of a sweep, and this case has none", at_key=True)
    if case.series and case.events:
        message = "a series compares undisturbed trains, and this case has events"
        yield Mistake(loc=("series",), message=message, at_key=True)
    for index, check in enumerate(case.series):
        if check.measurand is None and not plan.limits:
            yield Mistake(loc=("series", index, "limits"), message=_NO_PACKS)


def _loads(plan: Plan, case: CasePart) -> tuple[str, ...]:
    """Return every load of a case: swept or set, and those of its events."""
    return (*_first_loads(plan, case), *(event.load for event in case.events if event.load is not None))


def _first_loads(plan: Plan, case: CasePart) -> tuple[str, ...]:
    """Return the loads that may be connected when the case begins: those that are swept, or its own."""
    return _swept_loads(case) or tuple(filter(None, [effective_load(plan, case)]))


def _swept_loads(case: CasePart) -> tuple[str, ...]:
    keys = [part for part in (case.sweep, case.sweep.zip if case.sweep else None) if part is not None]
    return tuple(load for part in keys for load in part.load or ())


def _load_mistakes(plan: Plan, case: CasePart) -> Iterator[Mistake]:
    if not _swept_loads(case) and effective_load(plan, case) is None:
        message = "no load is given: neither by the case or its sweep, nor by the defaults, nor under requires"
        yield Mistake(loc=(), message=message)
    if not plan.requires.load:
        return
    places: list[tuple[Loc, str | None]] = [(("load",), case.load)]
    if case.sweep is not None:
        places += [(("sweep", "load", index), load) for index, load in enumerate(case.sweep.load or ())]
        zipped = case.sweep.zip.load or () if case.sweep.zip is not None else ()
        places += [(("sweep", "zip", "load", index), load) for index, load in enumerate(zipped)]
    places += [(("events", index, "load"), event.load) for index, event in enumerate(case.events)]
    if case.load is None and not _swept_loads(case):
        places.append(((), plan.defaults.load))
    for loc, load in places:
        if load is not None and load not in plan.requires.load:
            message = f"the load {load!r} is not under requires.load{nearest(load, plan.requires.load)}"
            yield Mistake(loc=loc, message=message)


def _event_mistakes(plan: Plan, case: CasePart) -> Iterator[Mistake]:
    events = [event.event() for event in case.events]
    for index, key, message in event_mistakes(events, _first_loads(plan, case)):
        yield Mistake(loc=("events", index, key), message=message)
    swept = case.sweep is not None and ("train" in case.sweep.model_fields_set)
    train = None if swept else case.stimulus.train or plan.defaults.stimulus.train
    if train == FOREVER and plan.ceiling.exposure is None:
        yield Mistake(loc=("stimulus", "train"), message="forever needs an end: give ceiling.exposure")
    if train == FOREVER and not any(map(ends_train, events)):
        message = "forever needs an event that ends it: a cut line, a supply switched off, or a reset"
        yield Mistake(loc=("stimulus", "train"), message=message)


_NO_PACKS = "there are no limit packs to verify; name them under 'limits' at the top of the plan"
NO_INTERPHASE = "a monophasic pulse has no interphase interval"


def impossible(stimulus: Stimulus) -> Iterator[tuple[str, str]]:
    """Yield why no device could deliver a stimulus, each with the key that is to be changed."""
    if stimulus.pulse_width >= stimulus.period:
        width, period = (
            format_quantity(time, Unit.SECOND, digits=4) for time in (stimulus.pulse_width, stimulus.period)
        )
        yield "rate", f"a pulse of {width} does not fit into a period of {period}"
    if stimulus.train < stimulus.period:
        yield "train", "the train ends before its first period does"


def stimulus_mistakes(plan: Plan, case: CasePart, stimulus: Stimulus) -> Iterator[Mistake]:
    """Yield what is wrong with one expanded stimulus."""
    swept = case.sweep.model_fields_set if case.sweep is not None else frozenset[str]()
    if stimulus.shape is Shape.MONOPHASIC and ("interphase" in case.stimulus.model_fields_set or "interphase" in swept):
        yield Mistake(loc=_where(case, "interphase"), message=NO_INTERPHASE)
    for key, message in impossible(stimulus):
        yield Mistake(loc=_where(case, key), message=message)
    for index, event in enumerate(case.events):
        if event.at >= stimulus.train:
            yield Mistake(loc=("events", index, "at"), message="happens after the train has ended")
    yield from _ceiling_mistakes(plan, case, stimulus)


def _ceiling_mistakes(plan: Plan, case: CasePart, stimulus: Stimulus) -> Iterator[Mistake]:
    top = plan.ceiling
    charge = stimulus.amplitude * stimulus.phase_duration
    rms = stimulus.amplitude * math.sqrt(stimulus.shape.phases * stimulus.phase_duration * stimulus.rate)
    compared = (
        ("amplitude", "the amplitude", stimulus.amplitude, top.current_peak, "current_peak", Unit.AMPERE),
        ("phase_duration", "a phase's charge", charge, top.charge_per_phase, "charge_per_phase", Unit.COULOMB),
        ("rate", "the rms current", rms, top.rms_current, "rms_current", Unit.AMPERE),
        ("train", "the train", stimulus.train, top.exposure, "exposure", Unit.SECOND),
    )
    for key, what, value, highest, name, unit in compared:
        if highest is not None and value > highest:
            shown, most = format_quantity(value, unit, digits=4), format_quantity(highest, unit)
            yield Mistake(loc=_where(case, key), message=f"{what}, {shown}, is above the plan's ceiling.{name}, {most}")


def _where(case: CasePart, key: str) -> Loc:
    """Return where a case gives a stimulus key: in its sweep, in its stimulus, or by the defaults."""
    if case.sweep is not None and key in case.sweep.model_fields_set:
        return ("sweep", key)
    if case.sweep is not None and case.sweep.zip is not None and key in case.sweep.zip.model_fields_set:
        return ("sweep", "zip", key)
    return ("stimulus", key) if key in case.stimulus.model_fields_set else ()
