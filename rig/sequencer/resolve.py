"""Everything that can be refused is refused here, before anything is opened or energised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rig.analysis.catalogue import CATALOGUE
from rig.analysis.in_time import IN_TIME
from rig.analysis.series import SERIES
from rig.bench.paths import signal_path
from rig.errors import DocumentInvalid, Problem
from rig.model.load import OPEN
from rig.plan.case import Power
from rig.sequencer.eventful import AFTERWARDS
from rig.sequencer.exposure import Exposure, estimate, worst
from rig.sequencer.happened import is_held
from rig.sequencer.measurability import Forecast, forecast, show_forecast, unrehearsed
from rig.sequencer.ranges import Ranges
from rig.sequencer.rehearsal import rehearse
from rig.sequencer.requires import unmet
from rig.sequencer.series import Found, measure_all, way_of
from rig.sequencer.settings import Views, plan_views, quiet_time, room_for, slowest_stop
from rig.sequencer.supply_reach import beyond_supply
from rig.units import Unit, format_quantity
from rig.verdict.packs import NotApplicable, Resolution, Situation, resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rig.bench.definition import BenchDefinition, DeviceDefinition
    from rig.model.limit import Limit
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.plan.case import Case
    from rig.plan.load import LoadedPlan
    from rig.verdict.packs import LimitPack

__all__ = ["ResolvedCase", "Resolver"]

# What happens within a train is looked for in the whole of it, which memory must hold.
_MOST_HELD = 200_000_000
# A train is written while it lasts, a gigabyte in ten minutes or so; a longer one than this is a mistake, s.
_LONGEST = 24 * 3600.0
# So much of what follows the last event is shown by the oscilloscope where the train has no end of its own, s.
_AFTER_EVENT = 0.5
# A capture with the output off is held as numbers, all at once.
_LONGEST_QUIET = 30_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedCase:
    """A case, with everything that its bench, its device and its limit packs add to it."""

    case: Case
    load: Load
    exposure: Exposure
    ranges: Ranges
    views: Views
    limits: tuple[Limit, ...]
    not_applicable: tuple[NotApplicable, ...]
    forecasts: tuple[Forecast, ...] = ()


class Resolver:
    """Resolves cases against one bench, one device and the limit packs at hand."""

    def __init__(self, definition: BenchDefinition, device: DeviceDefinition, packs: Mapping[str, LimitPack]) -> None:
        self._definition, self._packs = definition, packs
        self._device = device.file
        self._ranges = Ranges.of(definition, compliance=device.file.ratings.voltage)

    def resolve(self, cases: Sequence[Case], plans: Iterable[LoadedPlan] = ()) -> tuple[ResolvedCase, ...]:
        """Resolve cases, and hold what their plans require of a bench against this one.

        Raises
        ------
        DocumentInvalid
            with everything that this bench or device cannot do, each at its place in the plan.
        """
        problems = [problem for loaded in plans for problem in unmet(loaded, self._definition)]
        chosen = {(case.plan, case.id) for case in cases}
        problems += [_problem(case, text) for case in cases for text in self._objections(case, chosen)]
        problems += beyond_supply(cases, self._definition, self._device)
        if problems:
            raise DocumentInvalid(problems)
        resolved = tuple(self._resolved(case) for case in cases)
        undecidable = [problem for one in resolved for problem in _undecidable(one)]
        if undecidable:
            raise DocumentInvalid(undecidable)
        return resolved

    def anew(self, case: Case) -> ResolvedCase:
        """Resolve a case that has been run: nothing will be energised, so nothing is refused.

        Raises
        ------
        DocumentInvalid
            if it names a limit pack that is not at hand
        """
        names = {name for one in (case, *case.series) for name in one.packs}
        unknown = [_problem(case, f"there is no limit pack {name!r}") for name in names if name not in self._packs]
        if unknown:
            raise DocumentInvalid(unknown)
        return self._resolved(case)

    def _into(self, case: Case, load: Load) -> Exposure:
        return estimate(
            case.stimulus, load, sense_resistance=self._ranges.sense, compliance=self._device.ratings.voltage
        )

    def _exposure(self, case: Case) -> Exposure:
        """Return what a case exposes everything to, whatever load it or one of its events connects."""
        switched = [event.load for event in case.events if event.load is not None]
        # Relays open before others close: for that moment the device sees no load at all.
        names = [case.load, *switched, *([OPEN] if switched else [])]
        return worst(self._into(case, self._definition.loads[name]) for name in names)

    def _resolved(self, case: Case) -> ResolvedCase:
        load = self._definition.loads[case.load]
        exposure = self._exposure(case)
        views = self._views(case)
        resolution = self._pack_rules(case, load)
        limits = (*case.checks, *resolution.limits)
        rehearse_case = self._rehearsed_series if case.series else self._rehearsed
        rehearsed = rehearse_case(case, {limit.measurand for limit in limits if _can_be_rehearsed(limit, case)})
        forecasts = [
            forecast(limit, rehearsed, case.decision_rule) if _can_be_rehearsed(limit, case) else unrehearsed(limit)
            for limit in limits
        ]
        not_applicable = list(resolution.not_applicable)
        if case.series:
            unshown = [one for one in forecasts if one.limit in resolution.limits and not one.met]
            not_applicable += [_not_shown(one) for one in unshown]
            forecasts = [one for one in forecasts if one not in unshown]
        return ResolvedCase(
            case=case,
            load=load,
            exposure=exposure,
            ranges=self._ranges,
            views=views,
            limits=tuple(one.limit for one in forecasts),
            not_applicable=tuple(not_applicable),
            forecasts=tuple(forecasts),
        )

    def _pack_rules(self, case: Case, load: Load) -> Resolution:
        """Return what the packs say of a case; what the cases of a series judge themselves is told there."""
        if not case.apply_packs:
            return Resolution(limits=(), not_applicable=())
        situation = Situation(
            load_nominal=load.nominal,
            resistive=not load.reactive,
            stimulus=case.stimulus,
            device_class=self._device.device_class,
            electrode_area=self._device.electrodes.smallest_area,
            series=bool(case.series),
        )
        found = [resolve(self._packs[name], situation) for name in case.packs]
        judged_there = bool(case.series) and case.series[0].apply_packs
        return Resolution(
            limits=tuple(limit for one in found for limit in one.limits),
            not_applicable=tuple(
                entry for one in found for entry in one.not_applicable if not (judged_there and entry.elsewhere)
            ),
        )

    def _rehearsed(self, case: Case, wanted: Collection[str]) -> dict[str, Outcome]:
        """Return what an ideal device would be measured to give in one case."""
        load = self._definition.loads[case.load]
        exposure, views = self._into(case, load), self._views(case)
        return rehearse(
            wanted,
            case.stimulus,
            load,
            exposure,
            views,
            self._paths(views, load),
            zero=case.zero,
            electrode_area=self._device.electrodes.smallest_area,
        )

    def _views(self, case: Case) -> Views:
        """Return how the instruments look at a case: closely at an undisturbed train, or at all that happens."""
        shown = None
        if case.events:
            shown = max(event.at for event in case.events) + _AFTER_EVENT if case.endless else case.stimulus.train
        slowest = slowest_stop(case.checks)
        exposure = self._exposure(case)
        first = replace(exposure, voltage_peak=self._into(case, self._definition.loads[case.load]).voltage_peak)
        room = room_for(case.checks, exposure)
        anew = [event.at for event in case.events if event.device is not None or event.supply is Power.ON]
        asked = anew and any(one.measurand == "power_up_output" for one in case.checks)
        beyond = max(anew) + AFTERWARDS - case.stimulus.train if asked else 0.0
        return plan_views(
            case.stimulus, first, self._ranges, room=room, shown=shown, stops_within=slowest, beyond=beyond
        )

    def _paths(self, views: Views, load: Load) -> dict[str, SignalPath]:
        """Return the ways of both signals, as the instruments will be set."""
        return {
            "current": signal_path(self._definition, "current", views.signal.digitizer, load),
            "voltage": signal_path(self._definition, "voltage", views.signal.scope, load),
        }

    def _rehearsed_series(self, case: Case, wanted: Collection[str]) -> dict[str, Outcome]:
        """Return what an ideal device would be measured to give over a series."""
        used = {name for one in wanted for name in SERIES[one].uses}
        found = {one.id: Found(outcomes=self._rehearsed(one, used), way=self._way(one)) for one in case.series}
        loads = {name: load.nominal for name, load in self._definition.loads.items()}
        return measure_all(case, wanted, found, loads, selected=found)

    def _way(self, case: Case) -> str:
        """Return the name of the way that a case's current will take: cases of one way share its gain."""
        load = self._definition.loads[case.load]
        return way_of(self._paths(self._views(case), load)["current"])

    def _objections(self, case: Case, chosen: Collection[tuple[str, str]]) -> Iterator[str]:
        """Yield every reason why this case must not be attempted; of a series, what its own cases do not say."""
        if not case.series:
            yield from self._case_objections(case)
        for one in case.series:
            if (one.plan, one.id) not in chosen:
                yield from (f"{one.id}: {text}" for text in self._case_objections(one))

    def _case_objections(self, case: Case) -> Iterator[str]:
        if case.needs_supply and self._definition.supply is None:
            yield f"the bench {self._definition.id} has no supply for the device, and an event changes it"
        for name in case.packs:
            if name not in self._packs:
                yield f"there is no limit pack {name!r}; there are {', '.join(self._packs)}"
        if case.stimulus.channel > self._device.channels:
            yield f"the device has no channel {case.stimulus.channel}; it has {self._device.channels}"
        longest = _MOST_HELD / self._ranges.current.rate if is_held(case, case.checks) else _LONGEST
        if not case.stimulus.train + slowest_stop(case.checks) <= longest:
            shown = format_quantity(case.stimulus.train, Unit.SECOND)
            told = " with events, or with checks of what happens in time," if longest < _LONGEST else ""
            yield f"a train of {shown}{told} is too long to record; at most {format_quantity(longest, Unit.SECOND)}"
        if not quiet_time(case.stimulus) <= _LONGEST_QUIET / self._ranges.current.rate:
            shown = format_quantity(case.stimulus.period, Unit.SECOND, digits=4)
            yield f"a period of {shown} is too long: two of them with the output off could not be recorded"
        names = [case.load, *(event.load for event in case.events if event.load is not None)]
        unknown = [name for name in dict.fromkeys(names) if name not in self._definition.loads]
        offered = ", ".join(self._definition.loads)
        yield from (f"the bench {self._definition.id} has no load {name!r}; it has {offered}" for name in unknown)
        if not unknown:
            found = (
                text
                for load in (self._definition.loads[name] for name in names)
                for text in _over(self._into(case, load), self._ceilings(case, load))
            )
            yield from dict.fromkeys(found)

    def _ceilings(self, case: Case, load: Load) -> Iterator[tuple[str, float | None, str, Unit]]:
        """Yield everything that an exposure must not exceed: field, bound, whose bound, unit."""
        plan, ratings, ranges = case.ceiling, self._device.ratings, self._ranges
        yield "current_peak", plan.current_peak, "the plan's ceiling", Unit.AMPERE
        yield "charge_per_phase", plan.charge_per_phase, "the plan's ceiling", Unit.COULOMB
        yield "rms_current", plan.rms_current, "the plan's ceiling", Unit.AMPERE
        yield "duration", plan.exposure, "the plan's ceiling", Unit.SECOND
        yield "current_peak", ratings.current, "the device's rated maximum", Unit.AMPERE
        yield "charge_per_phase", ratings.charge_per_phase, "the device's rated maximum", Unit.COULOMB
        yield "phase_duration", ratings.phase_duration, "the device's rated maximum", Unit.SECOND
        yield "rate", ratings.rate, "the device's rated maximum", Unit.HERTZ
        yield "rms_current", ratings.rms_current, "the device's rated maximum", Unit.AMPERE
        yield "energy_per_pulse", ratings.pulse_energy, "the device's rated maximum", Unit.JOULE
        yield "voltage_peak", ranges.voltage.absolute_maximum, "the oscilloscope input's absolute maximum", Unit.VOLT
        yield "sense_voltage", ranges.current.absolute_maximum, "the digitizer input's absolute maximum", Unit.VOLT
        if (sense := self._definition.sense_resistor) is not None:
            yield "sense_dissipation", sense.power_rating, "the sense resistor's rating", Unit.WATT
        yield "voltage_peak", ranges.widest_voltage, "what the oscilloscope's channel can show", Unit.VOLT
        yield "current_peak", ranges.widest_current, "what the digitizer can show", Unit.AMPERE
        if not load.is_open:
            yield "dissipation", load.power_rating, "the load's rating", Unit.WATT


def _can_be_rehearsed(limit: Limit, case: Case) -> bool:
    """Whether an ideal device's train shows it: what follows an event, or holds between two, is the device's own."""
    if limit.measurand in IN_TIME:
        return False
    return not case.events or (limit.measurand in CATALOGUE and limit.during in {"", case.load})


def _not_shown(entry: Forecast) -> NotApplicable:
    """Say of a pack's rule that these settings cannot show it: not even an ideal device would meet it with them."""
    limit = entry.limit
    reason = entry.objection
    if not reason and entry.expected is not None:
        given = format_quantity(entry.expected, limit.unit, digits=4)
        reason = f"these settings cannot show it, with them an ideal device gives {given}"
    return NotApplicable(
        pack=limit.source,
        clause=limit.clause,
        title=limit.text.rpartition(": ")[0],  # behind the title stands what it allows
        reason=f"not evaluated: {limit.measurand}: {reason}",
    )


def _undecidable(resolved: ResolvedCase) -> Iterator[Problem]:
    """Yield what this bench could not decide and nobody has waived, at the plan's line that asserts it."""
    for one in resolved.forecasts:
        if one.objection and not one.limit.waiver:
            problem = _problem(resolved.case, f"{show_forecast(one)}{f'; {one.remedy}' if one.remedy else ''}")
            yield replace(problem, **_place(one.limit.source))


def _place(source: str) -> dict[str, Any]:
    """Return where a plan's own limit stands; nothing for a pack's, which stands where its case does."""
    file, _, rest = source.rpartition(":")
    file, _, line = file.rpartition(":")
    return {"file": file, "line": int(line), "column": int(rest)} if line.isdigit() and rest.isdigit() else {}


def _problem(case: Case, message: str) -> Problem:
    file, line, column = case.location
    return Problem(file=file, line=line, column=column, key=case.id, message=message)


def _over(exposure: Exposure, ceilings: Iterable[tuple[str, float | None, str, Unit]]) -> Iterator[str]:
    for field, bound, whose, unit in ceilings:
        value = getattr(exposure, field)
        if bound is not None and value > bound:
            shown = f"{format_quantity(value, unit, digits=4)} is above {whose}, {format_quantity(bound, unit)}"
            yield f"{field.replace('_', ' ')} {shown}"
