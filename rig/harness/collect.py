"""Plans as pytest sees them: a plan is a file, a case is an item."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from rig.errors import DocumentInvalid
from rig.harness.present import explain, shown
from rig.harness.session import CaseNotPassed, current_run
from rig.model.verdict import Verdict
from rig.plan.load import load_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.plan.case import Case

__all__ = ["SUFFIX", "CaseItem", "PlanFile"]

SUFFIX = ".plan.yaml"


class PlanFile(pytest.File):
    """A plan; its mistakes are collection errors, shown at their places and without a traceback."""

    def collect(self) -> Iterable[CaseItem]:
        """Load the plan and yield its cases in order."""
        try:
            self.loaded = load_plan(self.path, shown_as=shown(self.path, self.config.invocation_params.dir))
        except DocumentInvalid as error:
            raise self.CollectError(str(error)) from None
        for number, case in enumerate(self.loaded.cases):
            yield CaseItem.from_parent(self, name=case.id, case=case, number=number)


class CaseItem(pytest.Item):
    """One case of a plan."""

    def __init__(self, *, case: Case, number: int, **rest: Any) -> None:  # noqa: ANN401 - pytest passes what it likes
        super().__init__(**rest)
        self.case, self.number = case, number

    def place(self) -> tuple[str, int]:
        """Return where the case stands: its plan, and its number there."""
        return str(self.path), self.number

    def runtest(self) -> None:
        """Execute the case; anything but PASS is raised, so that pytest counts it."""
        run = current_run(self.config)
        record = run.execute(self.case)
        self.user_properties.append(("verdict", str(record.verdict)))
        if self.config.getoption("allure_report_dir", None):
            from rig.harness.allure_results import describe_case  # noqa: PLC0415 - not needed to collect

            describe_case(record, run.bundle.folder)
        if record.verdict is Verdict.NOT_RUN:
            pytest.skip(record.reason)
        if record.verdict is not Verdict.PASS:
            raise CaseNotPassed.of(record, run.evidence)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Show the plan's line and the numbers, not a Python traceback."""
        if isinstance(excinfo.value, CaseNotPassed):
            return explain(excinfo.value.record, excinfo.value.evidence)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        """Point at the case in its plan."""
        return self.path, self.case.location[1] - 1, self.name
