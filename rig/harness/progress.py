"""What ``rig run`` shows while it runs: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rich.console import Console

    from rig.sequencer.run import Run

__all__ = ["Progress"]

_STYLES = {"PASS": "green", "FAIL": "bold red", "CONDITIONAL_FAIL": "red", "ERROR": "magenta", "ABORTED": "magenta"}


class Progress:
    """A pytest plugin that takes the place of pytest's own terminal reporter."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.mistakes = 0
        self._total = self._done = 0
        self._bar: Bar | None = None
        self._explanations: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Silence pytest's reporter: one voice at a time."""
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Show the mistakes of a plan as they are found."""
        if report.failed:
            self.mistakes += 1
            self.say(str(report.longrepr))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what is to come."""
        self._total = len(session.items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Keep the bar on screen while cases run."""
        if not self.console.is_terminal or not self._total:
            return (yield)
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        with Bar(*columns, console=self.console, transient=True) as self._bar:
            self._bar.add_task("opening the bench", total=self._total)
            return (yield)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the bar off the screen while somebody else speaks there."""
        bar = self._bar
        if bar is not None:
            bar.stop()
        try:
            yield
        finally:
            if bar is not None:
                bar.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Name the case that runs now."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=nodeid.rpartition("::")[2])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say how a case ended, and if it did not pass, why."""
        if report.when != "call" and report.passed:
            return
        if report.when == "call" or report.failed or report.skipped:
            self._line(report)
            if report.failed:
                self._explanations.append(str(report.longrepr))

    def _line(self, report: pytest.TestReport) -> None:
        verdict = str(dict(report.user_properties).get("verdict", "PASS" if report.passed else "ERROR"))
        self._done += 1
        name = report.nodeid.rpartition("::")[2]
        count = f"[{self._done:>{len(str(self._total))}}/{self._total}]"
        self.console.print(
            Text.assemble(
                count, " ", (f"{verdict:<12}", _STYLES.get(verdict, "yellow")), f" {name}  {report.duration:.2f} s"
            )
        )
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])

    @pytest.hookimpl(trylast=True)
    def pytest_internalerror(self, excrepr: object) -> None:
        """Never hide a defect of the rig itself."""
        self.say(f"internal error: {str(excrepr).strip().splitlines()[-1]}")

    def close(self, run: Run, remark: str = "") -> None:
        """Explain what did not pass, count the verdicts, and name the report last."""
        record = run.record
        if record is None:
            return
        for explanation in self._explanations:
            self.say("\n" + explanation)
        counts = {verdict: sum(case.verdict is verdict for case in record.decisive) for verdict in Verdict}
        shown = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count) or "no case"
        if again := len(record.cases) - len(record.decisive):
            shown += f"; {again} tried again"
        self.say(f"\n{record.verdict}: {shown}")
        for reason in record.engineering_only:
            self.say(f"ENGINEERING ONLY: {reason}")
        for trouble in filter(None, (run.trouble, remark)):
            self.say(trouble)
        self.say(f"report: {run.report}" if run.report else f"evidence: {run.evidence}")

    def say(self, text: str) -> None:
        """Print as it is: nothing in a plan's text is markup."""
        self.console.print(Text(text))
