"""What must be seen before an output mode's table is read: whether it is the worst case, and what did not pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.verdict import Verdict
from rig.report import wording
from rig.report.declared import settings_in_words
from rig.report.output_rows import at_load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rig.report.declared import Declared
    from rig.report.output_modes import Mode

__all__ = ["Mark", "marks_of"]

_OF_THE_RUN = "What is called maximum here is the greatest of this run; the device may exceed it."
_MOST = 12  # cases that are named; of more the number is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A word that must be seen above a table, and what it means."""

    word: str
    style: str
    texts: tuple[str, ...]


def marks_of(mode: Mode, declared: Declared, loads: Iterable[float]) -> Iterator[Mark]:
    """Yield what a reader of a mode's table has to know first; ``loads`` are those that it is about, ohm."""
    yield _worst_case(declared, tuple(loads))
    failed = [
        f"{one.number} {one.case.id}: {wording.words(one.case.verdict.value)}"
        for one in mode.cases
        if one.case.verdict is not Verdict.PASS and not one.unusable
    ]
    if failed:
        yield Mark(word="VALUES OF CASES THAT DID NOT PASS", style="bad", texts=tuple(_first(failed)))
    unusable = [f"{one.number}: {one.unusable}" for one in mode.cases if one.unusable]
    if unusable:
        yield Mark(word="CASES WITHOUT VALUES", style="warn", texts=tuple(_first(unusable)))


def _first(texts: list[str]) -> Iterator[str]:
    yield from texts[:_MOST]
    if len(texts) > _MOST:
        yield f"and {len(texts) - _MOST} more"


def _worst_case(declared: Declared, loads: tuple[float, ...]) -> Mark:
    if not declared.highest:
        text = f"The device file declares no highest settings of this mode. {_OF_THE_RUN}"
        return Mark(word="WORST CASE NOT DECLARED", style="warn", texts=(text,))
    run, lacking = [], []
    for settings in declared.highest:
        found = {ohms: declared.run_at(settings, ohms) for ohms in loads}
        run += [f"into {at_load(ohms)} in {one.number} {one.case.id}" for ohms, one in found.items() if one]
        if missing := [at_load(ohms) for ohms, one in found.items() if one is None]:
            lacking.append(f"{settings_in_words(settings)} into {', '.join(missing)}")
    told = "; ".join(settings_in_words(one) for one in declared.highest)
    if lacking:
        text = f"The highest settings declared of this mode are {told}. No usable case has {'; '.join(lacking)}."
        return Mark(word="NOT THE WORST CASE", style="warn", texts=(f"{text} {_OF_THE_RUN}",))
    text = f"The highest settings declared of this mode, {told}, were run {', '.join(run)}."
    return Mark(word="HIGHEST SETTINGS", style="note", texts=(text,))
