"""The verdict: what is said of a check, a case and a run, and how verdicts add up."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Verdict", "worst"]


class Verdict(StrEnum):
    """What can be said of a check, a case or a run, best first.

    CONDITIONAL_PASS and CONDITIONAL_FAIL are the guard-band zones of ILAC-G8:09/2019 §4.2.3.
    A FAIL outranks an ERROR: a device known to be outside its limit stays failed, whatever else broke.
    """

    PASS = "PASS"
    CONDITIONAL_PASS = "CONDITIONAL_PASS"
    NOT_RUN = "NOT_RUN"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    CONDITIONAL_FAIL = "CONDITIONAL_FAIL"
    FAIL = "FAIL"

    @property
    def severity(self) -> int:
        """Rank from 0 (PASS) upwards; the higher one decides."""
        return list(Verdict).index(self)

    @property
    def failed(self) -> bool:
        """Whether a value was measured to lie beyond its limit."""
        return self in {Verdict.FAIL, Verdict.CONDITIONAL_FAIL}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that decides; of nothing at all, NOT_RUN (no data is never a pass)."""
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.NOT_RUN)
