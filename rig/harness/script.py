"""A Python test as a case: the same refusals, captures, judgements and record as a plan's case."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rig.errors import Refused
from rig.harness.present import explain, shown
from rig.harness.session import ScriptStopped
from rig.model.verdict import Verdict, worst
from rig.plan.single import single_limit, single_stimulus
from rig.sequencer.scripted import OWN_CODE, Scripted, scripted_case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.model.judgement import Judgement
    from rig.model.measurement import Outcome
    from rig.sequencer.run import Run
    from rig.sequencer.work import CaseWork

__all__ = ["SCRIPT", "Script"]


class Script:
    """What the fixtures of one test share; once it has the bench (:meth:`begin`), it can be asked for things."""

    work: CaseWork
    _scripted: Scripted

    def __init__(self, run: Run, item: pytest.Item) -> None:
        _, line, _ = item.reportinfo()
        self.run = run
        self.broken: BaseException | None = None
        self.told = False
        self._load = ""
        self.case = scripted_case(
            name=item.name,
            plan=item.path.stem,
            title=item.name.removeprefix("test_").replace("_", " "),
            load=next(iter(run.bench.loads)),
            traces=tuple(str(mark.args[0]) for mark in item.iter_markers("requirement") if mark.args),
            location=(shown(item.path, item.config.invocation_params.dir), (line or 0) + 1, 1),
        )
        self.resolved = run.resolve(self.case)

    def begin(self, work: CaseWork) -> None:
        """Take the bench."""
        self.work, self._scripted = work, Scripted(work)

    def connect(self, load: str) -> None:
        """Take the zero capture if there is none yet, then connect a load."""
        resolved = self.run.resolve(replace(self.case, load=load))
        if self.work.zero is None:
            self.work.take_zero(resolved.views)
        self.work.connect(resolved.load)
        self._load, self.work.stage = load, OWN_CODE

    def capture(self, **settings: str | int) -> Mapping[str, Outcome]:
        """Deliver one stimulus into the connected load and return everything that was measured of it."""
        if not self._load:
            raise Refused(f'{self.case.id}: connect a load first: load("500 ohm")')
        self.case = replace(self.case, stimulus=single_stimulus({"channel": 1, **settings}), load=self._load)
        self.resolved = self.run.resolve(self.case)
        return self._scripted.deliver(self.resolved, electrode_area=self.run.electrode_area)

    def judge(self, outcome: Outcome, **form: str) -> Judgement:
        """Judge one outcome against ``within``, ``at_most``, ``at_least`` or ``between``, as a plan writes them."""
        source = ":".join(map(str, self.case.location))
        limit = single_limit(outcome.measurand, form, stimulus=self.case.stimulus, load=self.case.load, source=source)
        return self._scripted.judge(outcome, limit)

    def raise_what_broke_it(self) -> None:
        """Hand what ended the test to the run: Ctrl-C as it is, all else as an error of the test."""
        if isinstance(self.broken, (pytest.fail.Exception, pytest.skip.Exception)):
            raise ScriptStopped(str(self.broken)) from None
        if self.broken is not None:
            raise self.broken

    def conclude(self) -> None:
        """Fail the test for what was found only after it: an output that stayed on, a load that was never verified."""
        record = self.run.recorded(self.case)
        if record.verdict is not Verdict.PASS and not self.told:
            pytest.fail(explain(record, self.run.evidence), pytrace=False)

    @property
    def verdict(self) -> Verdict:
        """The worst of what was judged so far; of nothing, INCONCLUSIVE."""
        return worst([one.verdict for one in self.work.judgements] or [Verdict.INCONCLUSIVE])

    def complaint(self) -> str:
        """What kept this test from passing; empty if everything judged passed."""
        judgements = self.work.judgements
        if not judgements:
            return "nothing was judged: no data is never a pass"
        if self.verdict is Verdict.PASS:
            return ""
        failures = [f"{one.verdict}  {one.reason}" for one in judgements if one.verdict is not Verdict.PASS]
        return "\n".join([*failures, f"evidence  {self.run.evidence}"])


SCRIPT: pytest.StashKey[Script] = pytest.StashKey()
