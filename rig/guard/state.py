"""Small files that say how a bench stands: complete under their name or not there, beside a history that only grows."""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rig.errors import BenchError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["append_history", "move_state", "read_state", "remove_state", "state_file", "write_state"]

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_TRIES, _PAUSE = 50, 0.01


def state_file(folder: Path, bench: str, ending: str) -> Path:
    """Return the path of one of a bench's files; raises Refused for a bench whose name is no file's name."""
    if not _NAME.fullmatch(bench):
        raise Refused(f"{bench!r} is no name of a bench")
    return folder / f"{bench}.{ending}"


def write_state(path: Path, content: Mapping[str, Any]) -> None:
    """Write or replace a file, durably; a reader sees the old one or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        with partial.open("xb") as file:
            file.write(_octets(json.dumps(content, indent=2, ensure_ascii=False)))
            file.flush()
            os.fsync(file.fileno())
        move_state(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def read_state(path: Path) -> dict[str, Any] | None:
    """Return what a file says, None where there is none; raises BenchError for one that cannot be understood."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BenchError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise BenchError(f"{path.name} does not say how the bench stands")
    return content


def append_history(folder: Path, bench: str, entry: Mapping[str, Any]) -> None:
    """Add a line to what has happened to a bench; raises OSError."""
    with state_file(folder, bench, "history.jsonl").open("ab") as file:
        file.write(_octets(json.dumps(entry, ensure_ascii=False)))
        file.flush()
        os.fsync(file.fileno())


def move_state(old: Path, new: Path) -> None:
    """Give a file another name, in place of what has it; raises OSError."""
    _insist(lambda: old.replace(new))


def remove_state(path: Path) -> None:
    """Remove a file if it is there; raises OSError."""
    _insist(lambda: path.unlink(missing_ok=True))


def _insist(change: Callable[[], object]) -> None:
    """Change a name; Windows refuses for as long as somebody is reading the file."""
    for _ in range(_TRIES):
        with suppress(PermissionError):
            change()
            return
        threading.Event().wait(_PAUSE)
    change()


def _sync(folder: Path) -> None:
    """Make the name durable; Windows neither needs nor offers it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _octets(line: str) -> bytes:
    """Return a line for people to read; what is no character becomes the escape that JSON has for it."""
    return f"{line}\n".encode(errors="backslashreplace")
