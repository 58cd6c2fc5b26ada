"""What replays have found, as lines for a person and as an exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from rig.units import Unit, format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rig.evidence.record import JudgementEntry, MeasurementEntry
    from rig.sequencer.replay.answer import Answer
    from rig.sequencer.replay.result import CaseReplay, JudgementChange, MeasurementChange, ReplayResult

__all__ = ["replay_exit_code", "replays_json", "show_replay"]

_SAME: Final = 0
_VERDICT: Final = 1
_REFUSED: Final = 2
_VALUES: Final = 3
_NOT_ALL: Final = 4
_CODES = {"same": _SAME, "verdict changed": _VERDICT, "values changed": _VALUES, "not done again": _NOT_ALL}
_TOLD = {
    "verdict changed": "with verdicts changed",
    "values changed": "with values changed",
    "not done again": "not done again",
}


def replay_exit_code(answers: Sequence[Answer]) -> int:
    """Return the exit code of ``rig replay``.

    0 all is identical · 1 a verdict is another · 2 a bundle was refused, whatever the others gave ·
    3 no verdict is another, but something else is · 4 all that was done again is identical, but not everything was.
    """
    codes = [_REFUSED if one.result is None else _CODES[one.result.outcome] for one in answers]
    return next((code for code in (_REFUSED, _VERDICT, _VALUES, _NOT_ALL) if code in codes), _SAME)


def replays_json(answers: Sequence[Answer]) -> str:
    """Return all results as JSON, in SI units."""
    entries = [
        {
            "bundle": one.bundle,
            "refused": one.refused,
            "outcome": None if one.result is None else one.result.outcome,
            "result": None if one.result is None else one.result.model_dump(mode="json"),
        }
        for one in answers
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False)


def show_replay(answer: Answer, *, values: bool = False) -> Iterator[str]:
    """Yield what a person needs to know of one replay: every verdict that is another; with ``values`` every value."""
    result = answer.result
    if result is None:
        yield f"{answer.bundle}: refused: {answer.refused}"
        return
    yield f"{answer.bundle}: {_headline(result)}{' (known from before)' if answer.known else ''}"
    for case in result.cases:
        yield from _case(case, values=values)
    yield from _named("from the record", ((reason, case) for case in result.cases for reason in case.taken))
    yield from _named("on record", ((reason, case) for case in result.cases for reason in case.noted))


def _named(title: str, reasons: Iterable[tuple[str, CaseReplay]]) -> Iterator[str]:
    """Yield a line per reason that names every case it holds for."""
    found: dict[str, dict[str, list[str]]] = {}
    for reason, case in reasons:
        found.setdefault(reason, {}).setdefault(case.plan, []).append(_name(case))
    for reason, plans in found.items():
        named = "; ".join(f"{plan} {', '.join(names)}" for plan, names in plans.items())
        yield f"  {title}: {reason}: {named}"


def _headline(result: ReplayResult) -> str:
    cases = f"{len(result.cases)} case{'' if len(result.cases) == 1 else 's'}"
    if result.outcome == "same":
        return f"{result.after}: identical, {cases}"
    if result.outcome == "not done again":
        same = sum(case.outcome == "same" for case in result.cases)
        return f"{result.after}: {same} of {cases} identical, the others are the record's in part or as a whole"
    counted = {name: sum(case.outcome == name for case in result.cases) for name in _TOLD}
    told = ", ".join(f"{count} {words}" for name, words in _TOLD.items() if (count := counted[name]))
    verdict = result.after if result.before is result.after else f"{result.before} → {result.after}"
    return f"{verdict}: {told or 'the verdict of the run changed'}, of {cases}; recorded with {result.recorded_with}"


def _name(case: CaseReplay) -> str:
    return case.id + (f" (attempt {case.attempt})" if case.retried or case.attempt > 1 else "")


def _case(case: CaseReplay, *, values: bool) -> Iterator[str]:
    if case.outcome in {"same", "not done again"}:
        return
    verdict = case.after if case.before is case.after else f"{case.before} → {case.after}"
    yield f"  {case.plan} {_name(case)}: {verdict}"
    for change in case.judgements:
        if change.of_verdict or values:
            yield f"    {_judgement(change)}"
    if case.output_off is not None:
        before, after = ("not looked at" if one is None else f"{one.verdict}, {one.reason}" for one in case.output_off)
        yield f"    output off: {before} → {after}"
    yield from (f"    {other}" for other in case.others if values or other.startswith("error"))
    if values:
        yield from (f"    {_measurement(change)}" for change in case.measurements)
    elif case.measurements:
        yield f"    {len(case.measurements)} measured values are others"


def _judgement(change: JudgementChange) -> str:
    before, after = change.before, change.after
    one = after or before
    if one is None:
        return ""
    limit = one.limit
    place = " ".join(text for text in (limit.source, limit.clause) if text)
    shown = f"{limit.called} {limit.text} ({place}): {_verdict(before)} → {_verdict(after)}"
    if before is not None and after is not None and before.limit.text != limit.text:
        shown += f"; the limit was {before.limit.text}"
    return shown


def _verdict(entry: JudgementEntry | None) -> str:
    if entry is None:
        return "not judged"
    if entry.value is None:
        return f"{entry.verdict}"
    return f"{entry.verdict} at {_result(entry.value, entry.expanded_uncertainty, entry.limit.unit)}"


def _measurement(change: MeasurementChange) -> str:
    one = change.after or change.before
    called = "" if one is None else one.called
    before, after = _value(change.before), _value(change.after)
    if before == after and change.before is not None and change.after is not None:
        was = change.before.model_dump()
        others = [name for name, value in change.after.model_dump().items() if was[name] != value]
        return f"{called}: {after}; {', '.join(others) or 'the last bits'}"
    return f"{called}: {before} → {after}"


def _value(entry: MeasurementEntry | None) -> str:
    if entry is None:
        return "not on record"
    if entry.value is None or entry.unit is None:
        return f"not measured ({entry.reason})"
    return _result(entry.value, entry.expanded_uncertainty, entry.unit)


def _result(value: float, uncertainty: float | None, unit: Unit) -> str:
    return format_quantity(value, unit, digits=6) if not uncertainty else format_result(value, uncertainty, unit)
