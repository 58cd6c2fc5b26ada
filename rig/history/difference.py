"""What is otherwise in one run than in another: verdicts, values beyond their uncertainty, limits and circumstances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rig.history.results import CaseRow, JudgementRow, MeasurementRow, RunRow
    from rig.model.verdict import Verdict

__all__ = ["CaseDifference", "CheckDifference", "Circumstance", "Difference", "LimitDifference", "ValueDifference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """Something under which the runs were made that was otherwise; empty where there was none."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDifference:
    """A check whose verdict is another; None where it was not made."""

    before: JudgementRow | None
    after: JudgementRow | None

    @property
    def one(self) -> JudgementRow:
        """The check, as it was made last."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a check that was never made has no difference")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitDifference:
    """A check whose bounds are others."""

    case: CaseRow
    before: JudgementRow
    after: JudgementRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDifference:
    """A case whose verdict, or that of one of its checks, is another."""

    before: CaseRow
    after: CaseRow
    checks: tuple[CheckDifference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueDifference:
    """A value that is another by more than the expanded uncertainty of the difference.

    ``e_n`` is the difference in units of that uncertainty; None where there is no difference to be computed: a value is
    missing, its unit is another, or it is exact or its uncertainty is not known.
    """

    case: CaseRow
    before: MeasurementRow | None
    after: MeasurementRow | None
    e_n: float | None

    @property
    def one(self) -> MeasurementRow:
        """The value, as it was measured last."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a value that was never measured has no difference")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two runs compared, by the last attempt at each case.

    Attributes
    ----------
    compared : how many values could be compared
    only_before, only_after : cases that only one of the runs has
    values : the farthest first
    """

    before: RunRow
    after: RunRow
    compared: int
    only_before: tuple[CaseRow, ...]
    only_after: tuple[CaseRow, ...]
    cases: tuple[CaseDifference, ...]
    values: tuple[ValueDifference, ...]
    limits: tuple[LimitDifference, ...]
    circumstances: tuple[Circumstance, ...]

    @property
    def verdicts(self) -> tuple[Verdict, Verdict]:
        """The verdicts of the runs."""
        return self.before.verdict, self.after.verdict

    @property
    def outcome(self) -> Literal["same", "verdict changed", "values changed", "nothing compared"]:
        """What is otherwise; circumstances and limits alone are not results."""
        if self.cases or self.before.verdict is not self.after.verdict:
            return "verdict changed"
        if self.values or self.only_before or self.only_after:
            return "values changed"
        return "same" if self.compared else "nothing compared"
