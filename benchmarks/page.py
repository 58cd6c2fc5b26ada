"""Figures as a table on the terminal and as a section of ``docs/performance.md``."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

__all__ = ["ROOT", "machine", "milliseconds", "spread", "table", "write_section"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
_PACKAGES = ("numpy", "h5py", "pydantic", "pytest", "nidaqmx", "grpcio", "pyvisa-py")


def spread(seconds: Sequence[float]) -> tuple[float, float]:
    """Return median and 90th percentile."""
    if len(seconds) == 1:
        return seconds[0], seconds[0]
    return median(seconds), quantiles(seconds, n=10, method="inclusive")[-1]


def milliseconds(seconds: float) -> str:
    """Return a time as the tables show it."""
    return f"{1000 * seconds:.1f} ms" if seconds < 0.1 else f"{1000 * seconds:.0f} ms"


def machine() -> str:
    """Say when and on what the figures were measured, and how busy it was."""
    load = f", load average {os.getloadavg()[0]:.1f} when the measurement ended" if hasattr(os, "getloadavg") else ""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"Measured {time.strftime('%Y-%m-%d')} on {os.cpu_count()} cores ({platform.machine()}, {platform.system()})"
        f"{load}; Python {platform.python_version()}, {packages}."
    )


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up on a terminal as well."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    rule = ["-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        shown = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(shown)} |"

    return "\n".join([line(heading), line(rule), *map(line, rows)])


def write_section(name: str, text: str) -> None:
    """Replace what stands between the page's markers of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no section {name}")
    PAGE.write_text(pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page), encoding="utf-8")
