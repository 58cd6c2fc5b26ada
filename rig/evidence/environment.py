"""What computed the results: the rig's version and commit, Python, the platform and the packages."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from rig import __version__
from rig.evidence.record import SoftwareEntry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["PACKAGES", "describe_software"]

PACKAGES = (
    "allure-pytest",
    "grpcio",
    "h5py",
    "jinja2",
    "matplotlib",
    "nidaqmx",
    "numba",
    "numpy",
    "pint",
    "pydantic",
    "pyserial",
    "pytest",
    "pyvisa",
    "pyvisa-py",
    "pyyaml",
)
"""Distributions whose versions may change a result or how it is shown."""

_PATIENCE = 5.0  # s, for git


def describe_software(package: Path, packages: Iterable[str] = PACKAGES) -> SoftwareEntry:
    """Describe what is running; ``package`` is the folder of the rig's own code.

    The commit is empty where there is no git, or where the code is not under version control (an installed copy that
    merely lies inside somebody's repository is not).
    """
    commit = _git(package, "rev-parse", "HEAD") if _git(package, "ls-files", "--", ".") else ""
    return SoftwareEntry(
        version=__version__,
        commit=commit,
        modified=bool(commit) and _git(package, "status", "--porcelain", "--", ".") != "",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        packages={name: found for name in sorted(packages) if (found := _version(name))},
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _git(folder: Path, *arguments: str) -> str:
    """Return what git prints, or nothing where it is missing, fails or does not answer."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(
            [git, "-C", str(folder), *arguments],
            capture_output=True,
            check=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
