"""A driver of another package, as docs/drivers.md shows it, found by its entry point and used on a bench."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rig.bench.catalog import driver_of
from tests.bench.scripted_peer import Peer
from tests.system.running import ENVIRONMENT, ROOT, Done, Write, ended

PAGE = (ROOT / "docs/drivers.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(POINTS,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


class RelayBox:
    """What the page says that the box does."""

    def __init__(self) -> None:
        self.closed: set[int] = set()
        self.heard: list[str] = []

    def respond(self, data: bytes) -> tuple[int, Sequence[bytes | None]] | None:
        line, end, _ = data.partition(b"\n")
        return (len(line) + 1, [self._answer(line.decode()).encode() + b"\n"]) if end else None

    def _answer(self, line: str) -> str:
        self.heard.append(line)
        match line.split():
            case ["*IDN?"]:
                return "ACME,RB-4,17,1.0"
            case ["*TST?"]:
                return "0"
            case [":SYSTem:ERRor?"]:
                return '0,"No error"'
            case ["OPEN", "ALL"]:
                self.closed.clear()
            case ["CLOSE", number]:
                self.closed.add(int(number))
            case ["STATE?"]:
                return ",".join(str(int(relay in self.closed)) for relay in range(1, 5))
            case _:
                pass
        return "OK"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder with the page's package, as pip would have installed it."""
    folder = tmp_path / "site"
    about = folder / "acme_rig-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "acme_rig.py").write_text(CODE, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rig\nVersion: 1.0\n", encoding="utf-8")
    group = POINTS.replace('[project.entry-points."', "[").replace('"]', "]").replace('"', "")
    (about / "entry_points.txt").write_text(group, encoding="utf-8")
    return folder


def rig(installed: Path | None, *arguments: str | Path) -> Done:
    path = [str(installed), os.environ.get("PYTHONPATH", "")] if installed else [os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", "rig", *map(str, arguments)],
        cwd=ROOT,
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )


@pytest.fixture
def bench(bench_file: Write) -> Write:
    """A virtual bench whose switch is the page's."""

    def write(address: str, *changes: tuple[str, str]) -> Path:
        old = "    driver: keysight-34970a\n    address: twin\n    identity: {manufacturer: HEWLETT-PACKARD, "
        old += 'model: 34970A, serial: "0", firmware: 13-2-2}\n'
        new = f"    driver: acme-rb4\n    address: {address}\n"
        new += '    identity: {manufacturer: ACME, model: RB-4, serial: "17"}\n'
        return bench_file((old, new), *changes)

    return write


def test_the_page_s_driver_is_under_60_lines() -> None:
    assert len(CODE.splitlines()) < 60


def test_a_driver_of_another_package_is_found_and_works(installed: Path, bench: Write) -> None:
    box = RelayBox()
    with Peer(box.respond) as peer:
        said = ended(rig(installed, "bench", "check", "--json", "--bench", bench(peer.visa)), 0)
    (switch,) = [one for one in json.loads(said)["instruments"] if one["role"] == "load-switch"]
    assert switch["identity"] == "ACME RB-4, serial 17"
    assert switch["self_test"] == "passed"
    assert "OPEN ALL" in box.heard


def test_what_it_was_not_made_for_is_shown_at_its_place(installed: Path, bench: Write) -> None:
    path = bench(
        "TCPIP::127.0.0.1::9::SOCKET", ("    driver: acme-rb4\n", "    driver: acme-rb4\n    options: {x: 1}\n")
    )
    said = ended(rig(installed, "bench", "check", "--bench", path), 2)
    assert "options.x: a acme-rb4 has no option 'x'" in said


def test_the_virtual_bench_says_that_it_cannot_play_it(installed: Path, bench: Write) -> None:
    said = ended(rig(installed, "bench", "check", "--bench", bench("twin")), 2)
    assert "the virtual bench cannot play a acme-rb4; give it an address of its own" in said


def test_a_package_that_is_not_installed_is_no_driver(bench: Write) -> None:
    said = ended(rig(None, "bench", "check", "--bench", bench("TCPIP::127.0.0.1::9::SOCKET")), 2)
    assert "there is no driver 'acme-rb4'" in said
    assert driver_of("acme-rb4") is None


def test_a_package_that_cannot_be_loaded_is_named(installed: Path, bench: Write) -> None:
    (installed / "acme_rig.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    said = ended(rig(installed, "bench", "check", "--bench", bench("TCPIP::127.0.0.1::9::SOCKET")), 2)
    assert "the driver 'acme-rb4' of acme_rig:DRIVER cannot be loaded" in said
