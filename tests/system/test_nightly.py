"""What is copied to continuous integration is well formed, and the night's script keeps what it promises."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from rig.cli import app
from tests.system.running import ENVIRONMENT, FIXTURES, PLAN, ROOT, Write

NIGHTLY = ROOT / "docs" / "nightly"
SCRIPT = NIGHTLY / "night.sh"
COPIES = ("github-actions.yml", "gitlab-ci.yml", "Jenkinsfile")
needs_linux = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "flock", "timeout"))), reason="night.sh needs bash, flock and timeout"
)


def read(name: str) -> Any:
    return yaml.safe_load((NIGHTLY / name).read_text(encoding="utf-8"))


def test_the_workflow_of_github_has_the_form_of_one() -> None:
    workflow = read("github-actions.yml")
    assert workflow.keys() == {"name", True, "concurrency", "permissions", "jobs"}  # YAML 1.1 takes "on" for true
    assert workflow[True].keys() == {"schedule", "workflow_dispatch"}
    assert workflow["concurrency"] == {"group": "rig-bench-1", "cancel-in-progress": False}
    (job,) = workflow["jobs"].values()
    assert job.keys() == {"runs-on", "timeout-minutes", "env", "steps"}
    assert "self-hosted" in job["runs-on"]
    assert job["timeout-minutes"] == 240
    assert job["env"]["LIMIT"] == "3h"
    for step in job["steps"]:
        assert step.keys() <= {"name", "uses", "with", "run", "if"}
        assert ("uses" in step) != ("run" in step)
    ran, *after = [step for step in job["steps"] if step.get("name") not in {None, "Install"}]
    assert ran["run"] == "docs/nightly/night.sh"
    assert all(step["if"] == "always()" for step in after)
    assert "continue-on-error" not in str(workflow)


def test_the_job_of_gitlab_has_the_form_of_one() -> None:
    (job,) = read("gitlab-ci.yml").values()
    assert job.keys() == {
        "tags", "rules", "resource_group", "interruptible", "timeout", "variables", "script", "artifacts"
    }  # fmt: skip
    assert job["script"][-1].endswith("docs/nightly/night.sh")  # the job's exit code is that of its last command
    assert (job["timeout"], job["variables"]["LIMIT"], job["resource_group"]) == ("4h", "3h", "rig-bench-1")
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["paths"] == ["night/"]
    assert "allow_failure" not in job


def test_the_pipeline_of_jenkins_is_balanced_locks_keeps_and_fails() -> None:
    text = (NIGHTLY / "Jenkinsfile").read_text(encoding="utf-8")
    for opening, closing in ("{}", "()", "[]"):
        assert text.count(opening) == text.count(closing)
    places = [
        text.index(part) for part in ("node(", "lock(", "timeout(", "try {", "night.sh", "finally", "archive", "error(")
    ]
    assert places == sorted(places)
    assert "returnStatus: true" in text


@pytest.mark.parametrize("name", COPIES)
def test_what_is_set_is_what_the_script_knows(name: str) -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    text = (NIGHTLY / name).read_text(encoding="utf-8")
    for setting in ("BENCH", "PLANS", "EVIDENCE", "LIMIT", "OPERATOR"):
        assert setting in text
        assert f"${{{setting}:-" in script
    assert (ROOT / "fixtures/benches/virtual.bench.yaml").is_file()
    assert "fixtures/benches/virtual.bench.yaml" in text


def test_every_command_of_the_script_is_one_that_rig_understands() -> None:
    text = SCRIPT.read_text(encoding="utf-8").replace("\\\n", " ").replace('"${plans[@]}"', "testplans")
    calls = [part.split('"$rig" ')[1] for line in text.splitlines() for part in line.split("&&") if '"$rig" ' in part]
    assert {call.split()[0] for call in calls} == {"run", "recover", "history", "digest"}
    for call in calls:
        words = [word.strip('"').replace("$", "") for word in call.split() if word != '"${more[@]}"']
        command: Any = typer.main.get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        with command.make_context(command.name, words):
            pass


def night(folder: Path, plan: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a job would, with this installation as ``rig``."""
    program = folder / "rig"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rig "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "RIG_HISTORY"}
    environment |= {
        "RIG": str(program),
        "PLANS": str(plan),
        "EVIDENCE": str(folder / "out"),
        "NIGHT": str(folder / "night"),
    }
    return subprocess.run(
        [str(shutil.which("bash")), str(SCRIPT)],
        cwd=ROOT,
        env=environment | settings,
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )


@needs_linux
def test_a_night_keeps_exit_code_evidence_and_digest(tmp_path: Path, plan_file: Write) -> None:
    done = night(tmp_path, plan_file(text=PLAN), OPTIONS=f"--dut {FIXTURES}/duts/faulty/amplitude-gain.dut.yaml")
    assert done.returncode == 1, done.stdout + done.stderr
    (bundle,) = [one for one in (tmp_path / "out").iterdir() if one.is_dir()]
    kept = tmp_path / "night"
    assert {one.name for one in kept.iterdir()} == {bundle.name, "allure", "digest.md", "digest.html"}
    assert (kept / bundle.name / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    digest = (kept / "digest.md").read_text(encoding="utf-8")
    assert digest.startswith("# SYS\n\n**FAIL** · 1 FAIL. No run of these plans on this bench and device has passed")
    assert f"(./{bundle.name}/report.html)" in digest


@needs_linux
def test_a_night_that_is_refused_says_so_and_keeps_its_exit_code(tmp_path: Path) -> None:
    done = night(tmp_path, tmp_path / "missing.plan.yaml")
    assert done.returncode == 2
    assert (tmp_path / "night/digest.md").read_text(encoding="utf-8") == "No run has begun: exit code 2.\n"


@needs_linux
def test_two_nights_do_not_share_a_folder_of_evidence(tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415 - there is none on Windows

    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".night.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = night(tmp_path, tmp_path / "missing.plan.yaml")
    assert done.returncode == 2
    assert "another night is using" in done.stderr
    assert not (tmp_path / "night").exists()
