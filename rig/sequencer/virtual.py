"""The virtual bench as a child process: started for a run, gone with it, whatever happens to the parent."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rig.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["virtual_bench"]

_GRACE = 5.0


@contextmanager
def virtual_bench(configuration: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """Start the virtual instruments and yield their addresses by name; end them on leaving.

    The child ends when its standard input closes, so it also ends when this process is killed.

    Raises
    ------
    BenchError
        if the virtual bench does not come up; the message is what it said.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "rig.twin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with child:
        try:
            yield _addresses(child, json.dumps(configuration))
        finally:
            _end(child)


def _addresses(child: subprocess.Popen[str], configuration: str) -> Mapping[str, str]:
    """Hand over the configuration and read one line per instrument until ``ready``."""
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise BenchError("the virtual bench has no pipes")
    try:
        child.stdin.write(configuration + "\n")
        child.stdin.flush()
    except BrokenPipeError as error:
        raise BenchError(f"the virtual bench did not start: {_last_words(child)}") from error
    addresses: dict[str, str] = {}
    for line in child.stdout:
        if line.strip() == "ready":
            return addresses
        name, _protocol, address = line.split(maxsplit=2)
        addresses.setdefault(name, address.strip())  # the first address of an instrument is the one to use
    raise BenchError(f"the virtual bench did not start: {_last_words(child)}")


def _last_words(child: subprocess.Popen[str]) -> str:
    spoken = (child.stderr.read() if child.stderr else "").strip()
    return spoken.splitlines()[-1] if spoken else f"exit code {child.wait(_GRACE)}"


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin is not None and not child.stdin.closed:
        try:
            child.stdin.close()
        except BrokenPipeError:
            pass  # it ended by itself
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(_GRACE)
