"""A test in Python on the bench: as a case, and with all on record that it takes to do its deliveries again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rig.evidence import mapping
from rig.evidence.record import DeliveryEntry
from rig.model.judgement import DecisionRule
from rig.model.stimulus import Shape, Stimulus
from rig.plan.case import Case, Ceiling
from rig.sequencer.case_record import error_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.evidence.record import ErrorEntry
    from rig.model.judgement import Judgement
    from rig.model.limit import Limit
    from rig.model.measurement import Outcome
    from rig.sequencer.resolve import ResolvedCase
    from rig.sequencer.work import CaseWork

__all__ = ["OWN_CODE", "Scripted", "scripted_case"]

OWN_CODE: Final = "running the test's own code"
"""The stage of a test in Python in which nothing is asked of the rig."""

# What stands in the record until the test says otherwise.
_NOTHING = Stimulus(
    channel=1, shape=Shape.MONOPHASIC, amplitude=0.0, phase_duration=100e-6, interphase=0.0, rate=10.0, train=0.1
)


def scripted_case(
    *,
    name: str,
    plan: str,
    title: str,
    load: str,
    traces: tuple[str, ...],
    location: tuple[str, int, int],
    stimulus: Stimulus = _NOTHING,
) -> Case:
    """Return a test in Python as a case: nothing is declared, and what is judged the test says itself."""
    return Case(
        id=name,
        plan=plan,
        title=title,
        stimulus=stimulus,
        load=load,
        checks=(),
        apply_packs=False,
        packs=(),
        traces=traces,
        zero=True,
        events=(),
        decision_rule=DecisionRule.GUARDED,
        ceiling=Ceiling(),
        location=location,
    )


class Scripted:
    """What one test in Python has done on the bench, delivery by delivery and judgement by judgement."""

    def __init__(self, work: CaseWork) -> None:
        self._work = work
        # By identity: a value that a test has changed, or made, is another object, and its own.
        self._given: dict[int, tuple[Outcome, str]] = {}
        work.stage = OWN_CODE

    def deliver(self, resolved: ResolvedCase, *, electrode_area: float | None) -> Mapping[str, Outcome]:
        """Deliver a stimulus, return what was measured of it, and put on record what was asked."""
        work, before = self._work, len(self._work.captures)
        broken: ErrorEntry | None = None
        try:
            found = work.stimulate(resolved, electrode_area=electrode_area)
        except BaseException as problem:
            broken = error_entry(problem, work.stage)
            raise
        finally:
            taken = tuple(one.id for one in work.captures[before:])
            entry = DeliveryEntry(
                stimulus=mapping.stimulus_entry(resolved.case.stimulus),
                load=resolved.case.load,
                ranges=work.ranges,
                captures=taken,
                error=broken,
            )
            work.deliveries.append(entry)
        for outcome in found.values():
            self._given.setdefault(id(outcome), (outcome, taken[-1]))
        work.stage = OWN_CODE
        return found

    def judge(self, outcome: Outcome, limit: Limit) -> Judgement:
        """Judge an outcome, and put on record which capture it is from, unless the test made it itself."""
        _, capture = self._given.get(id(outcome), (None, ""))
        return self._work.judge_outcome(outcome, limit, capture=capture)
