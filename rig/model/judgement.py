"""What was decided about one measured value against one limit, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.model.limit import Limit
    from rig.model.verdict import Verdict

__all__ = ["DecisionRule", "Judgement"]


class DecisionRule(StrEnum):
    """ILAC-G8:09/2019 §4.2: simple acceptance, binary with guard band w = U, non-binary with guard band w = U."""

    SIMPLE = "simple"
    GUARDED = "guarded"
    NON_BINARY = "non-binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One check, decided.

    Attributes
    ----------
    value : the value that was compared, None where there is none
    expanded_uncertainty : U of that value, for 95 %
    margin : distance from the value to the nearest tolerance limit, positive inside, in the limit's unit
    probability_conforming : of the true value lying within the limit (JCGM 106, normal model), None without a value
    reason : one sentence; for anything but PASS it says what is wrong
    capture : whose value was judged, where a test in Python judged one; empty where that was the test's own
    """

    limit: Limit
    rule: DecisionRule
    verdict: Verdict
    reason: str
    value: float | None = None
    expanded_uncertainty: float | None = None
    margin: float | None = None
    probability_conforming: float | None = None
    capture: str = ""
