"""The virtual bench as a child process: started for a run, gone with it, whatever happens to the parent."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from rig.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["OWN_GROUP", "Served", "virtual_bench"]

_GRACE = 5.0
# Ctrl-C reaches a whole group: in the parent's, the instruments would be gone before the output is made safe.
OWN_GROUP: dict[str, Any] = {"start_new_session": True}
if sys.platform == "win32":
    OWN_GROUP = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}


@dataclass(frozen=True, slots=True)
class Served:
    """A running virtual bench: what it said of its instruments."""

    child: subprocess.Popen[str]
    lines: tuple[str, ...]

    @property
    def addresses(self) -> Mapping[str, str]:
        """Address by instrument name; of several, the first one named."""
        named: dict[str, str] = {}
        for line in self.lines:
            name, _protocol, address = line.split(maxsplit=2)
            named.setdefault(name, address)
        return named

    def running(self) -> bool:
        """Whether it still runs."""
        return self.child.poll() is None


@contextmanager
def virtual_bench(configuration: Mapping[str, Any]) -> Iterator[Served]:
    """Start the virtual instruments and yield them; end them on leaving.

    The child ends when its standard input closes, so it also ends when this process is killed.

    Raises
    ------
    BenchError
        if the virtual bench does not come up; the message is what it said.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        child = subprocess.Popen(
            [sys.executable, "-m", "rig.twin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
            **OWN_GROUP,
        )
        with child:
            try:
                yield Served(child, _start(child, complaints, json.dumps(configuration)))
            finally:
                _end(child)


def _start(child: subprocess.Popen[str], complaints: IO[str], configuration: str) -> tuple[str, ...]:
    """Hand over the configuration and read one line per instrument until ``ready``."""
    lines: list[str] = []
    if child.stdin is not None and child.stdout is not None:
        with contextlib.suppress(BrokenPipeError):  # it ended at once; what it said follows below
            child.stdin.write(configuration + "\n")
            child.stdin.flush()
        for line in child.stdout:
            if line.strip() == "ready":
                return tuple(lines)
            lines.append(line.strip())
    child.wait(_GRACE)
    complaints.seek(0)
    spoken = complaints.read().strip() or f"exit code {child.returncode}"
    raise BenchError(f"the virtual bench did not start: {spoken.splitlines()[-1]}")


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it has ended by itself
            child.stdin.close()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
