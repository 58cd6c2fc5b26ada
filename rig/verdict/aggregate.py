"""From judgements to a case's verdict, from cases to a run's, and from that to an exit code."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from rig.errors import AnalysisError
from rig.model.verdict import Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.model.judgement import Judgement
    from rig.model.limit import Limit

__all__ = ["case_verdict", "exit_code", "not_evaluated", "run_verdict"]

# How a run ended, and what that alone says of it: an interrupted run has not passed, whatever its cases say.
_ENDINGS = MappingProxyType({
    "completed": None,
    "limit_stop": Verdict.ABORTED,
    "operator_abort": Verdict.ABORTED,
    "estop": Verdict.ABORTED,
    "guard_trip": Verdict.ERROR,
    "lease_lost": Verdict.ERROR,
    "comms_error": Verdict.ERROR,
    "crash": Verdict.ERROR,
    "failed_to_start": Verdict.ERROR,
})


def not_evaluated(declared: Iterable[Limit], judgements: Iterable[Judgement]) -> tuple[Limit, ...]:
    """Return the declared limits that no judgement speaks of, as often as they are missing."""
    missing = Counter(declared)
    missing.subtract(Counter(judgement.limit for judgement in judgements))
    return tuple(missing.elements())


def case_verdict(
    judgements: Iterable[Judgement], *, declared: Iterable[Limit] = (), others: Iterable[Verdict] = ()
) -> Verdict:
    """Return the worst judgement of a case; a declared limit without a judgement makes it INCONCLUSIVE at best.

    ``others`` are verdicts that the case owes to something else than a limit (the output measured off, an error).
    Of nothing at all the verdict is NOT_RUN; ``others`` alone never make a PASS.
    """
    judged = tuple(judgements)
    verdicts = [judgement.verdict for judgement in judged] or [Verdict.NOT_RUN]
    verdicts += [Verdict.INCONCLUSIVE for _ in not_evaluated(declared, judged)]
    return worst((*verdicts, *others))


def run_verdict(cases: Iterable[Verdict], *, end: str = "completed") -> Verdict:
    """Return the worst case of a run, and not PASS if the run ended otherwise than ``completed``.

    Raises
    ------
    AnalysisError
        if ``end`` is not one of the ways a run can end.
    """
    if end not in _ENDINGS:
        msg = f"a run cannot end by {end!r}; known are {', '.join(_ENDINGS)}"
        raise AnalysisError(msg)
    ending = _ENDINGS[end]
    verdicts = tuple(cases) or (Verdict.NOT_RUN,)
    return worst(verdicts if ending is None else (*verdicts, ending))


def exit_code(verdicts: Iterable[Verdict], *, end: str = "completed") -> int:
    """Return the exit code of ``rig run``; 2, refused, is given where nothing was run.

    0 all passed · 1 a FAIL or CONDITIONAL_FAIL, also where the run was aborted afterwards · 4 aborted ·
    3 everything else, a CONDITIONAL_PASS included: what is not unconditionally passed is not reported as such.
    """
    verdict = run_verdict(verdicts, end=end)
    if verdict.failed:
        return 1
    if verdict is Verdict.ABORTED:
        return 4
    return 0 if verdict is Verdict.PASS else 3
