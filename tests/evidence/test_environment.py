from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import rig
from rig.evidence.environment import describe_software

GIT = shutil.which("git")


def git(folder: Path, *arguments: str) -> str:
    if GIT is None:
        pytest.skip("there is no git on this machine")
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    command = [GIT, "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=quiet).stdout.strip()


def test_commit_and_modification_are_those_of_the_package(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    git(tmp_path, "init", "-q")
    (package / "a.py").write_text("x = 1\n", encoding="utf-8")
    assert describe_software(package).commit == ""
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    found = describe_software(package)
    assert (found.commit, found.modified) == (git(tmp_path, "rev-parse", "HEAD"), False)
    (package / "a.py").write_text("x = 2\n", encoding="utf-8")
    assert describe_software(package).modified


def test_a_copy_that_merely_lies_in_a_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Begin")
    installed = tmp_path / "site-packages" / "rig"
    installed.mkdir(parents=True)
    found = describe_software(installed)
    assert (found.commit, found.modified) == ("", False)


def test_without_git_the_rest_is_still_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = describe_software(tmp_path, packages=["numpy", "no-such-distribution"])
    assert (found.commit, found.modified, found.version) == ("", False, rig.__version__)
    assert list(found.packages) == ["numpy"]
    assert found.python
    assert found.platform
