from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from rig.cli import app
from tests.architecture.project import ROOT, tracked_files

README = ROOT / "README.md"
MARKDOWN = [path for path in tracked_files() if path.suffix == ".md"]
BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[\w:]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
# What stands for a file of the reader's own.
PLACEHOLDERS = {
    "capture.bin",
    "reports/out/RUN",
    "reports/out/OTHER",
    "your name",
    "500 ohm",
    "testplans/mine.plan.yaml",
}


def blocks(path: Path) -> Iterator[re.Match[str]]:
    return BLOCK.finditer(path.read_text(encoding="utf-8"))


def commands(path: Path) -> Iterator[list[str]]:
    """Every call of ``rig`` in shell blocks and indented lines, as its arguments."""
    text = path.read_text(encoding="utf-8")
    lines = [line for block in blocks(path) if block["language"] == "sh" for line in block["text"].splitlines()]
    lines += re.findall(r"^ {4}(rig .*)$", text, re.MULTILINE)
    for line in lines:
        for part in line.split("&&"):
            words = shlex.split(part, comments=True)
            if words and words[0].rpartition("/")[2] == "rig":
                yield words[1:]


SHOWN = [(path.relative_to(ROOT).as_posix(), words) for path in MARKDOWN for words in commands(path)]


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_commands_are_found() -> None:
    assert len([words for name, words in SHOWN if name == "README.md"]) > 8


@pytest.mark.parametrize(
    ("document", "words"), SHOWN, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_every_command_shown_is_one_that_rig_understands(document: str, words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        if command.invoke_without_command and (not rest or rest[0].startswith("-")):
            break  # a group that does something itself
        assert rest[0] in command.commands, f"{document}: rig has no command {rest[0]!r}"
        command = command.commands[rest.pop(0)]
    with command.make_context(command.name, rest, resilient_parsing=False) as context:
        assert not context.args
    for word in rest:
        if "/" in word and word not in PLACEHOLDERS:
            assert (ROOT / word).exists(), f"{document}: there is no {word}"


def test_the_readme_names_every_command() -> None:
    command: Any = typer.main.get_command(app)
    shown = {words[0] for name, words in SHOWN if name == "README.md"}
    assert shown == set(command.commands)


def installations() -> dict[str, str]:
    """The README's own commands, by their mark."""
    return {block["mark"]: block["text"].strip() for block in blocks(README) if block["mark"]}


def test_the_readme_has_one_command_to_run_and_one_to_test_and_both_name_what_exists() -> None:
    found = installations()
    assert set(found) == {"linux:run", "linux:test"}
    for text in found.values():
        assert "\n" not in text
        steps = [shlex.split(step) for step in text.split(" && ")]
        assert steps[0][:3] == ["python3", "-m", "venv"]
        environment = steps[0][3]
        assert all(step[0].startswith(f"{environment}/bin/") for step in steps[1:])
        assert "--require-hashes" in steps[1]
        assert (ROOT / steps[1][-1]).is_file()
        assert steps[2][-4:] == ["--no-deps", "--no-build-isolation", "-e", "."]


def test_the_windows_forms_do_the_same() -> None:
    windows = [block["text"] for block in blocks(README) if block["language"] == "bat"]
    assert len(windows) == 2
    for linux, other in zip(installations().values(), windows, strict=True):
        translated = (
            other.replace("\\", "/").replace("/Scripts/", "/bin/").replace("py -m venv", "python3 -m venv").strip()
        )
        assert linux.startswith(translated)


def test_continuous_integration_runs_the_readme_s_commands_and_every_check() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for expected in (
        "ruff check",
        "ruff format --check",
        "mypy",
        "lint-imports",
        "schema --check",
        "linux:$1",
        "$run",
        "$test",
    ):
        assert expected in script


def test_decisions_are_numbered_without_gaps_and_say_why() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]} ")
        for part in ("**Context.**", "**Decision.**", "**Why.**", "**Consequence.**"):
            assert part in text, f"{page.name}: {part}"
