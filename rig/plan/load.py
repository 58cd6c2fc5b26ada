"""A plan file read, checked as a whole and expanded into its cases; all of its mistakes at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rig.documents import Document, read_document, validate
from rig.errors import DocumentInvalid, Problem, UnitError
from rig.plan.case import Case, Ceiling
from rig.plan.coherence import (
    Mistake,
    case_mistakes,
    effective_load,
    plan_mistakes,
    ranging,
    stimulus_mistakes,
    sweep_mistakes,
    takes_zero,
)
from rig.plan.expand import axes_of, combinations, count, merged_stimulus, missing_keys, stimulus_of
from rig.plan.limits import resolve_limit, resolve_series_limit
from rig.plan.schema import FOREVER, CasePart, Plan
from rig.plan.series import unsuited
from rig.plan.terms import load_resistance

if TYPE_CHECKING:
    from pathlib import Path

    from rig.model.limit import Limit
    from rig.model.stimulus import Stimulus
    from rig.plan.expand import Combination

__all__ = ["MAX_CASES", "LoadedPlan", "expand_plan", "load_plan"]

MAX_CASES = 10_000

_CASE_KEY = re.compile(r"cases\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedPlan:
    """A plan as written, the file it came from, and its cases in order."""

    plan: Plan
    document: Document
    cases: tuple[Case, ...]


def load_plan(path: Path, *, shown_as: str | None = None) -> LoadedPlan:
    """Read a plan file.

    Raises
    ------
    DocumentInvalid
        with every mistake that could be found, each at its line and column
    """
    return expand_plan(read_document(path, shown_as=shown_as, defer=True))


def expand_plan(document: Document) -> LoadedPlan:
    """Check and expand a plan that has been read; see :func:`load_plan`."""
    problems: list[Problem] = []
    plan: Plan | None = None
    try:
        plan = validate(document, Plan)
    except DocumentInvalid as error:
        problems += error.problems
    empty = list(_empty_values(document, {problem.key for problem in problems}))
    problems += empty
    numbers: Sequence[int] | None = None
    if problems:
        plan, numbers = _readable_part(document, problems, empty)
    cases: tuple[Case, ...] = ()
    if plan is not None:
        expansion = _Expansion(plan, document, numbers)
        cases = expansion.cases()
        problems += expansion.problems
    if problems or plan is None:
        raise DocumentInvalid(problems)
    return LoadedPlan(plan=plan, document=document, cases=cases)


def _readable_part(
    document: Document, problems: Sequence[Problem], empty: Sequence[Problem]
) -> tuple[Plan | None, Sequence[int] | None]:
    """Return the plan without its faulty cases and unknown keys, so that the rest is checked as well."""
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("cases"), list):
        return None, None
    if not all(_CASE_KEY.match(problem.key) for problem in empty):
        return None, None
    faulty = {int(match[1]) for problem in problems if (match := _CASE_KEY.match(problem.key))}
    numbers = [number for number in range(len(data["cases"])) if number not in faulty]
    known = {key: value for key, value in data.items() if key in Plan.model_fields}
    known["cases"] = [data["cases"][number] for number in numbers]
    try:
        return Plan.model_validate_json(json.dumps(known)), numbers
    except ValidationError:
        return None, None


def _empty_values(document: Document, told: set[str]) -> Iterator[Problem]:
    """Yield the keys that were given no value: a forgotten value must not become a default."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), document.data)]
    while pending:
        loc, value = pending.pop()
        if isinstance(value, dict):
            pending += [((*loc, key), below) for key, below in value.items()]
        elif isinstance(value, list):
            pending += [((*loc, index), below) for index, below in enumerate(value)]
        elif value is None and (problem := document.problem(loc, "has no value")).key not in told:
            yield problem


class _Expansion:
    """The cases of one plan, and the mistakes found on the way; each mistake is told once per place."""

    def __init__(self, plan: Plan, document: Document, numbers: Sequence[int] | None) -> None:
        self._plan = plan
        self._document = document
        self._numbers = range(len(plan.cases)) if numbers is None else numbers
        self._told: dict[tuple[str | int, ...], Problem] = {}
        self._left = MAX_CASES

    @property
    def problems(self) -> list[Problem]:
        """Everything found wrong."""
        return list(self._told.values())

    def cases(self) -> tuple[Case, ...]:
        """Return all cases in order."""
        self._tell(plan_mistakes(self._plan, self._numbers), ())
        return tuple(
            case
            for number, part in zip(self._numbers, self._plan.cases, strict=True)
            for case in self._cases_of(number, part)
        )

    def _tell(self, mistakes: Iterator[Mistake], base: tuple[str | int, ...], told: str = "") -> bool:
        """Keep mistakes; return whether there were any."""
        found = False
        for mistake in mistakes:
            found = True
            loc = (*base, *mistake.loc)
            message = f"{mistake.message}{told}"
            self._told.setdefault(loc, self._document.problem(loc, message, at_key=mistake.at_key))
        return found

    def _cases_of(self, number: int, part: CasePart) -> Iterator[Case]:
        base = ("cases", number)
        written = _written_sweep(self._document, number)
        wrong = self._tell(sweep_mistakes(part, written), base)
        wrong |= self._tell(case_mistakes(self._plan, part), base)
        if wrong:
            return
        axes = axes_of(part.sweep, written) if part.sweep is not None else []
        self._left -= count(axes)
        if self._left < 0:
            self._tell(iter([Mistake(loc=(), message=f"the plan expands to more than {MAX_CASES} cases")]), base)
            return
        family = [case for combination in combinations(axes) if (case := self._case(number, part, combination))]
        yield from family
        if part.series and len(family) == count(axes):
            yield self._series(number, part, tuple(family))

    def _case(self, number: int, part: CasePart, combination: Combination) -> Case | None:
        plan, base = self._plan, ("cases", number)
        merged = merged_stimulus(plan.defaults.stimulus, part.stimulus, swept=combination.values)
        if missing := missing_keys(merged):
            message = (
                f"the stimulus lacks {', '.join(missing)}: given neither by the case, nor swept, nor by the defaults"
            )
            self._tell(iter([Mistake(loc=(), message=message)]), base)
            return None
        stimulus = stimulus_of(merged, plan.ceiling.exposure)
        load = str(combination.values.get("load") or effective_load(plan, part))
        case_id = f"{part.id}[{combination.label}]" if combination.label else part.id
        told = f" (in {case_id})" if combination.label else ""
        wrong = self._tell(stimulus_mistakes(plan, part, stimulus), base, told)
        checks = self._checks(number, part, stimulus, load, told)
        if wrong or self._told:
            return None
        return Case(
            attempts=plan.attempts,
            endless=merged["train"] == FOREVER,
            id=case_id,
            plan=plan.plan,
            title=part.title or part.id,
            mode=part.mode or plan.defaults.mode or "",
            stimulus=stimulus,
            load=load,
            checks=checks,
            apply_packs=any(check.measurand is None for check in part.verify),
            packs=plan.limits,
            traces=_all_traces(part.traces, checks),
            zero=takes_zero(plan, part),
            ranging=ranging(plan, part),
            events=tuple(
                event.event(self._document.locate((*base, "events", index, event.what)))
                for index, event in enumerate(part.events)
            ),
            decision_rule=plan.decision_rule,
            ceiling=Ceiling(**dict(plan.ceiling)),
            location=(self._document.shown_as, *self._document.locate(base)),
        )

    def _series(self, number: int, part: CasePart, family: tuple[Case, ...]) -> Case:
        """Return the case that is judged from all others of its family."""
        limits: list[Limit] = []
        for index, check in enumerate(part.series):
            name = check.measurand
            if name is None:
                continue
            loc = ("cases", number, "series", index, name)
            if reason := unsuited(name, family):
                self._tell(iter([Mistake(loc=(), message=reason, at_key=True)]), loc)
                continue
            line, column = self._document.locate_key(loc)
            source = f"{self._document.shown_as}:{line}:{column}"
            try:
                limits.append(_own_traces(resolve_series_limit(name, check.series_bound, source=source), part))
            except UnitError as error:
                self._tell(iter([Mistake(loc=(check.series_bound.form,), message=str(error))]), loc)
        return replace(
            family[-1],
            id=f"{part.id}[series]",
            load=family[0].load,
            checks=tuple(limits),
            apply_packs=any(check.measurand is None for check in part.series),
            traces=_all_traces(part.traces, limits),
            series=family,
        )

    def _checks(self, number: int, part: CasePart, stimulus: Stimulus, load: str, told: str) -> tuple[Limit, ...]:
        """Return the limits of one case, as far as they can be resolved; tell of the others."""
        ohms = load_resistance(load)
        limits: list[Limit] = []
        for index, check in enumerate(part.verify):
            name = check.measurand
            if name is None:
                continue
            loc = ("cases", number, "verify", index, name)
            line, column = self._document.locate_key(loc)
            source = f"{self._document.shown_as}:{line}:{column}"
            try:
                limit = resolve_limit(name, check.bound, stimulus=stimulus, load=ohms, source=source)
                limits.append(_own_traces(limit, part))
            except UnitError as error:
                mistake = Mistake(loc=(check.bound.form.rstrip("_"),), message=str(error))
                self._tell(iter([mistake]), loc, told)
        return tuple(limits)


def _own_traces(limit: Limit, part: CasePart) -> Limit:
    """Return a limit with the traces that are its own: what the case traces to, the case covers as a whole."""
    return replace(limit, traces=tuple(name for name in limit.traces if name not in part.traces))


def _all_traces(of_case: tuple[str, ...], limits: Sequence[Limit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*of_case, *(name for limit in limits for name in limit.traces))))


def _written_sweep(document: Document, number: int) -> Mapping[str, Any]:
    """Return the sweep as written, for the order of its keys."""
    sweep: Mapping[str, Any] = document.data["cases"][number].get("sweep") or {}
    return sweep
