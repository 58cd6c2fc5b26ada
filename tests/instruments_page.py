"""Makes docs/instruments.md from what the tests say they show: ``python -m tests.instruments_page --write``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rig.bench.catalog import driver_names, driver_of

__all__ = ["PAGE", "WHATS", "collected", "page"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "instruments.md"
WHATS = (
    "driver",
    "twin",
    "transcript",
    "third-party client",
    "screenshot",
    "deep memory",
    "clip detection",
    "race",
)
_OF_OSCILLOSCOPES = frozenset({"screenshot", "deep memory", "clip detection", "race"})
_ROLES = {
    "oscilloscope": "Oscilloscopes",
    "digitizer": "Digitisers",
    "multimeter": "Multimeters",
    "load-switch": "Load switches",
    "supply": "Supplies",
    "interlock": "Interlocks",
    "stimulator": "Stimulators",
}
_HEAD = """\
# Which instruments, and how that is known

This page is made from the tests: `python -m tests.instruments_page --write`. An empty place says that no test shows it.
No driver has met its instrument yet: all of this was found with virtual instruments, with transcripts of exact bytes,
and with client packages of others that read the same samples from the virtual instrument.

* **driver**: it does what its role asks.
* **twin**: it was tried on the virtual instrument, which was written apart from it.
* **transcript**: the very bytes of its dialogue.
* **third-party client**: another's client was tried on the same virtual instrument.
* **screenshot**, **deep memory** (records that are read in pieces), **clip detection**, **race** (an instrument that
  still reports its old state when it has been armed): of oscilloscopes.

The name is what `driver` in a bench file says, or `protocol` in a device file.
"""

Shown = Mapping[str, Mapping[str, int]]


class _Collector:
    """Counts what is marked, by driver and by what it shows."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            for driver, what in {
                (mark.args[0], what) for mark in item.iter_markers("supports") for what in mark.args[1:]
            }:
                self.found[driver][what] += 1


def collected() -> Shown:
    """Return how many tests show what of each driver, as a process of its own collects them."""
    command = [sys.executable, "-m", "tests.instruments_page", "--count"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: Shown = json.loads(done.stdout.splitlines()[-1])
    return found


def page(found: Shown) -> str:
    """Return the page for what was found."""
    drivers = [driver for name in driver_names() if (driver := driver_of(name)) is not None]
    lines = [_HEAD]
    for role in dict.fromkeys(driver.role for driver in drivers):
        columns = [what for what in WHATS if role == "oscilloscope" or what not in _OF_OSCILLOSCOPES]
        lines += [
            f"## {_ROLES.get(role, role)}",
            "",
            f"| driver | {' | '.join(columns)} |",
            "| --- " * (len(columns) + 1) + "|",
        ]
        for driver in drivers:
            if driver.role == role:
                counts = ["✓" if found.get(driver.name, {}).get(what) else "" for what in columns]
                lines.append(f"| `{driver.name}` | {' | '.join(counts)} |")
        lines.append("")
    return "\n".join(lines)


def _count() -> Shown:
    collector = _Collector()
    arguments = ["--collect-only", "-qq", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "supports", "tests"]
    code = pytest.main(arguments, plugins=[collector])
    if code:
        sys.exit(f"the tests could not be collected: {code}")
    return collector.found


if __name__ == "__main__":
    if "--count" in sys.argv:
        sys.stdout.write(f"\n{json.dumps(_count())}\n")
    else:
        text = page(_count())
        if "--write" in sys.argv:
            PAGE.write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(text)
