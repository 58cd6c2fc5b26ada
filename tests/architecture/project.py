"""The project as files: where it is, and what belongs to it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_GENERATED = {"out", "build", "dist", "__pycache__"}


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file of the project that is on disk; in an unpacked archive, where git knows nothing, every plain file."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8")
        names = filter(None, listed.stdout.split("\0"))
        return tuple(path for name in names if (path := ROOT / name).is_file())
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_file():
            yield path
        elif path.is_dir() and not path.name.startswith(".") and path.name not in _GENERATED:
            yield from _walk(path)


def texts() -> Iterator[tuple[str, str]]:
    """Every tracked text with its name, the lists of hashes apart."""
    for path in tracked_files():
        if path.name.startswith("constraints"):
            continue
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
