"""Whoever ends a run, and by whatever signal: the output is off, the evidence sealed, and nothing is left running."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.system.running import ENVIRONMENT, ROOT, Write, one_record_per_case, the_record

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, no signal reaches one process alone")


def twins_of(pid: int) -> list[psutil.Process]:
    """Return the virtual benches that a process has started and that still run."""
    return [child for child in psutil.Process(pid).children() if any("rig.twin" in word for word in child.cmdline())]


@pytest.mark.parametrize(
    ("number", "front_door"), [(signal.SIGINT, "rig"), (signal.SIGTERM, "rig"), (signal.SIGINT, "pytest")]
)
def test_an_interrupted_run_is_safe_and_sealed(number: signal.Signals, front_door: str, evidence: Path) -> None:
    start = ["-m", "rig", "run"] if front_door == "rig" else ["-m", "pytest", "-v"]
    command = [sys.executable, *start, "testplans/smoke.plan.yaml", "--evidence", str(evidence)]
    with subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        assert run.stdout is not None
        said = ""
        while "PASS" not in said:
            line = run.stdout.readline()
            assert line, said
            said += line
        twins = twins_of(run.pid)
        run.send_signal(number)
        said += run.stdout.read()
        code = run.wait(110)
    assert code == (4 if front_door == "rig" else 2), said
    assert "Traceback" not in said
    assert twins
    assert_gone(twins)
    record = the_record(evidence)
    assert record["end_reason"] == "operator_abort"
    cases = list(one_record_per_case(record).values())
    started = [case for case in cases if case["started"] is not None]
    assert len(cases) == 42
    assert {case["verdict"] for case in started} <= {"PASS", "ABORTED"}
    assert {case["verdict"] for case in cases if case["started"] is None} == {"NOT_RUN"}
    assert [case["id"] for case in started] == [case["id"] for case in cases[: len(started)]]
    assert started[-1]["output_off"]["verdict"] == "PASS"


NO_ROOM = """
import rig.cli, rig.errors, rig.evidence.store
def seal(*_): raise rig.errors.EvidenceError("no room is left")
rig.evidence.store.Bundle.seal = seal
rig.cli.main()
"""


def test_a_run_that_could_not_be_sealed_has_not_passed(plan_file: Write, evidence: Path) -> None:
    arguments = [sys.executable, "-c", NO_ROOM, "run", str(plan_file()), "--evidence", str(evidence)]
    done = subprocess.run(
        arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=100, check=False
    )
    assert "PASS" in done.stdout
    assert "no room is left" in done.stdout + done.stderr
    assert done.returncode == 3


def assert_gone(twins: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(twins, timeout=60)
    assert not alive
