"""The pytest plugin: one session is one run on one bench."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rig.errors import RigError
from rig.harness.collect import SUFFIX, CaseItem, PlanFile
from rig.harness.fixtures import bench, capture, judge, load, rig_case, rig_run, stimulator
from rig.harness.interruption import Interruption, ending_as_by_ctrl_c
from rig.harness.keeping import Keeper
from rig.harness.options import add_options
from rig.harness.script import SCRIPT
from rig.harness.session import KEEPER, RUN
from rig.harness.terminal import Terminal
from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from rig.sequencer.run import Run

__all__ = ["bench", "capture", "judge", "load", "rig_case", "rig_run", "stimulator"]  # importable fixtures


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the rig's options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker by which a test in Python says what it covers, as a plan does with ``traces``."""
    config.addinivalue_line("markers", "requirement(id): a requirement, hazard or clause that this test covers")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PlanFile | None:
    """Collect ``*.plan.yaml``."""
    return PlanFile.from_parent(parent, path=file_path) if file_path.name.endswith(SUFFIX) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the cases of a plan in the plan's order: shuffling is for unit tests, not for a bench."""
    if config.getoption("failedfirst", default=False):  # asked for in so many words
        return
    ordered = iter(sorted((item for item in items if isinstance(item, CaseItem)), key=CaseItem.place))
    items[:] = [next(ordered) if isinstance(item, CaseItem) else item for item in items]


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Resolve everything, open the bench, run the items, and leave the bench safe and the evidence complete."""
    needs_bench = [item for item in session.items if _needs_bench(item)]
    if not needs_bench or session.config.option.collectonly or session.testsfailed:
        return (yield)
    if hasattr(session.config, "workerinput"):
        raise pytest.UsageError("one bench serves one process: run without -n")
    stopped: Exception | None = None
    result: object = None
    try:
        with ExitStack() as stack:
            session.config.stash[_INTERRUPTION] = stack.enter_context(ending_as_by_ctrl_c())
            session.config.stash[RUN] = stack.enter_context(_start(session.config, needs_bench))
            try:
                result = yield
            except session.Failed as error:  # -x or --maxfail: the session is at its end, the run itself in order
                stopped = error
    except RigError as error:
        # Its notes say what else was found, and where the evidence is.
        notes = [*getattr(error, "__notes__", ()), *_untold(session.config)]
        raise pytest.UsageError("\n".join([str(error), *notes])) from None
    if stopped is not None:
        raise stopped
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Begin nothing new once the run was asked to end, even if the exception that said so was lost."""
    interruption = item.config.stash.get(_INTERRUPTION, None)
    if interruption is not None:
        interruption.check()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Let a Python test that is part of the run fail for what was judged, not only for what it asserts."""
    script = item.stash.get(SCRIPT, None)
    try:
        yield
    except BaseException as error:
        if script is not None:
            script.broken, script.told = error, True
            item.user_properties.append(("verdict", str(Verdict.ERROR)))
        raise
    if script is not None:
        item.user_properties.append(("verdict", str(script.verdict)))
        if complaint := script.complaint():
            script.told = True
            pytest.fail(complaint, pytrace=False)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the cases that a person chose not to run; the record says how many."""
    for item in items:
        if isinstance(item, CaseItem):
            item.config.stash[_DESELECTED] = item.config.stash.get(_DESELECTED, 0) + 1


_DESELECTED: pytest.StashKey[int] = pytest.StashKey()
_INTERRUPTION: pytest.StashKey[Interruption] = pytest.StashKey()


def _needs_bench(item: pytest.Item) -> bool:
    return isinstance(item, CaseItem) or "rig_run" in getattr(item, "fixturenames", ())


def _start(config: pytest.Config, items: Sequence[pytest.Item]) -> Any:  # noqa: ANN401 - a context manager over Run
    from rig.harness.keys import chosen_signer  # noqa: PLC0415 - as below
    from rig.harness.rendering import render_all  # noqa: PLC0415 - none of it is needed to collect or to show help
    from rig.sequencer.setup import RunOptions  # noqa: PLC0415
    from rig.sequencer.start import start_run  # noqa: PLC0415
    from rig.sequencer.told import Told  # noqa: PLC0415

    files = dict.fromkeys(item.parent for item in items if isinstance(item, CaseItem))
    options = RunOptions.of(
        root=config.rootpath,
        directory=config.invocation_params.dir,
        bench=config.getoption("--bench"),
        device=config.getoption("--dut"),
        evidence=config.getoption("--evidence"),
        operator=config.getoption("--operator"),
        real_time=config.getoption("--real-time"),
        record_io=config.getoption("--record-io"),
        played_from=config.getoption("--play-back"),
        attendant=_attendant(config),
        signer=chosen_signer(config.getoption("--key"), config.invocation_params.dir),
        told=Told.of(config.getoption("--environment"), config.getoption("--note"), config.invocation_params.dir),
    )
    keeper = config.stash[KEEPER] = Keeper(config.getoption("--history"), options.evidence)
    return start_run(
        {file.path: file.loaded for file in files if isinstance(file, PlanFile)},
        [item.case for item in items if isinstance(item, CaseItem)],
        options,
        render=render_all,
        not_selected=config.stash.get(_DESELECTED, 0),
        sealed=keeper.keep,
    )


def _untold(config: pytest.Config) -> list[str]:
    """Return what is said of a run that failed to start, beside why."""
    keeper = config.stash.get(KEEPER, None)
    return [keeper.trouble] if keeper is not None and keeper.trouble else []


def _attendant(config: pytest.Config) -> Terminal | None:
    """Return who sits at the terminal, if anybody does; a progress bar stands aside while somebody is spoken to."""
    from rig.harness.progress import Progress  # noqa: PLC0415 - not needed to collect

    @contextmanager
    def aside() -> Iterator[None]:
        with ExitStack() as stack:
            for plugin in config.pluginmanager.get_plugins():
                if isinstance(plugin, Progress):
                    stack.enter_context(plugin.paused())
            yield

    terminal = Terminal(aside)
    return terminal if terminal.attended else None


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    """Show the verdict's own word instead of FAILED."""
    if report.when != "call" or not report.failed:
        return None
    verdict = dict(getattr(report, "user_properties", ())).get("verdict")
    if verdict is None or Verdict(str(verdict)).failed:
        return None
    return "failed", str(verdict)[0], str(verdict)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401 - pytest's own type is private
    """Say where the report is, last."""
    run: Run | None = config.stash.get(RUN, None)
    if run is not None and run.report is not None:
        terminalreporter.write_sep("-", f"verdict {run.record.verdict if run.record else 'unknown'}")
        if trouble := config.stash[KEEPER].trouble:
            terminalreporter.write_line(trouble)
        terminalreporter.write_line(f"report: {run.report}")
