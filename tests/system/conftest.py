"""The whole rig as a person uses it: its command line in a process of its own, on the virtual bench."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.running import ENVIRONMENT, FIXTURES, PLAN, ROOT, Command, Done, Write

Rig = Command


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def rig(evidence: Path) -> Rig:
    """Run ``rig`` with arguments; for ``run`` the evidence goes to this test's own folder."""

    def call(*arguments: str | Path, timeout: float = 110.0) -> Done:
        options = ["--evidence", str(evidence)] if arguments[0] == "run" and "--evidence" not in arguments else []
        return _call("rig", *arguments, *options, timeout=timeout)

    return call


@pytest.fixture
def pytester_cli(evidence: Path) -> Command:
    """Run ``pytest`` as a person would in the project's folder; evidence goes to this test's own folder."""

    def call(*arguments: str | Path, timeout: float = 110.0) -> Done:
        cache = f"cache_dir={evidence.parent / 'cache'}"
        # The project's conftest.py registers the plugin, but is not seen from a plan in a folder of its own.
        arguments = ("-p", "rig.harness.plugin", "-p", "no:randomly", "-o", cache, *arguments)
        return _call(
            "pytest",
            f"--rootdir={ROOT}",
            f"-c{ROOT / 'pyproject.toml'}",
            "--evidence",
            evidence,
            *arguments,
            timeout=timeout,
        )

    return call


def _call(module: str, *arguments: str | Path, timeout: float) -> Done:
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=ENVIRONMENT if module == "rig" else {**ENVIRONMENT, "PYTEST_ADDOPTS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def plan_file(tmp_path: Path) -> Write:
    """Write a plan; each pair replaces a piece of it."""

    def write(*changes: tuple[str, str], text: str = PLAN, name: str = "sys.plan.yaml") -> Path:
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def bench_file(tmp_path: Path) -> Write:
    """Write a copy of the virtual bench, with faults of its instruments; each pair replaces a piece of it."""

    def write(*changes: tuple[str, str], faults: str = "") -> Path:
        text = (FIXTURES / "benches/virtual.bench.yaml").read_text(encoding="utf-8")
        text = text.replace(": ../", f": {FIXTURES.as_posix()}/")
        for old, new in (("faults: []", f"faults: [{faults}]"), *changes):
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "copy.bench.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def failed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One case on a device that leaks: the folder of its ``evidence`` and ``allure`` results, to be left as it is."""
    folder = tmp_path_factory.mktemp("failed")
    device = ROOT / "fixtures/duts/faulty/dc-leak.dut.yaml"
    options = ("-k", "300us", "--dut", device, "--allure", folder / "allure", "--evidence", folder / "evidence")
    done = _call("rig", "run", "testplans/smoke.plan.yaml", *options, timeout=110.0)
    assert done.returncode == 1, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def failed_bundle(failed_run: Path) -> Path:
    """The bundle of that run."""
    (bundle,) = (failed_run / "evidence").iterdir()
    return bundle
